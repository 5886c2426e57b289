"""The life of a connection: enabled, drafted, consented to, checked, published, paused, disconnected, linked again."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.access.tables import AuditRow
from app.database import reading, writing
from app.errors import WrongUse
from app.sources import catalog, consent, drafts, life, runner, runs, vendors
from app.sources.errors import WrongSource
from app.sources.records import Check
from tests.sources import ledger as ledgers

BY = "admin:hr@example.com"


@pytest.fixture(autouse=True)
def ledger(monkeypatch):
    yield ledgers.install(monkeypatch)
    from app import registry

    registry.adapter_class.cache_clear()


@pytest.fixture
def draft(tenant):
    """Give a function that adds a ledger as a draft."""

    def add(*, enabled=True, secrets=None, **given):
        checked = drafts.drafted("ledger", "books", given, {"key": "k"} if secrets is None else secrets)
        with writing() as connection:
            if enabled:
                vendors.enable(connection, tenant.id, "ledger", BY)
            return catalog.add(connection, tenant.id, checked, BY)

    return add


def step(deed, known, *more):
    with writing() as connection:
        return deed(connection, known, *more, BY)


def importing(known, **choice):
    with reading() as connection:
        known = catalog.named(connection, known.tenant_id, known.name)
    return runner.import_now(known, requested_by=BY, **{"dry_run": False, **choice})


def actions(tenant):
    with reading() as connection:
        return list(connection.scalars(select(AuditRow.action).where(AuditRow.tenant_id == tenant.id)))


def test_a_vendor_that_is_not_enabled_cannot_be_added(draft):
    with pytest.raises(WrongSource, match="rollcall vendor enable ledger"):
        draft(enabled=False)


def test_a_disabled_vendor_cannot_be_added_again_and_what_is_connected_stays(draft, tenant):
    known = draft()
    with writing() as connection:
        vendors.disable(connection, tenant.id, "ledger", BY)
        assert vendors.enabled(connection, tenant.id) == {}
        assert life.give_consent(connection, known, BY).by == BY
    with pytest.raises(WrongSource, match="not enabled"):
        draft(enabled=False)


def test_nothing_of_a_vendor_is_called_before_consent(draft, ledger):
    known = draft()
    assert known.state == "draft"
    for deed in (
        lambda: runner.context_of(known),
        lambda: importing(known),
        lambda: importing(known, dry_run=True),
    ):
        with pytest.raises(WrongSource, match="Nobody has consented"):
            deed()
    with pytest.raises(WrongSource, match="Nobody has consented"):
        step(life.publish, known, ())
    assert ledger.reads == []


def test_a_consent_says_to_which_text_who_and_when(draft):
    known = draft()
    given = step(life.give_consent, known)
    text = consent.policy_text(known.adapter())
    assert "Ledger" in text
    assert "Email" in text
    assert (given.version, given.text_hash, given.by) == (consent.VERSION, consent.text_hash(text), BY)
    with reading() as connection:
        assert consent.given(connection, known.tenant_id, known.id) == given


def test_credentials_may_come_after_the_consent_and_are_asked_for(draft):
    known = draft(secrets={})
    step(life.give_consent, known)
    with pytest.raises(WrongSource, match="--secret key"):
        runner.context_of(known)


def test_a_draft_can_be_tried_and_is_not_imported(draft, ledger, person):
    ledger.hire(1, 2)
    known = draft()
    step(life.give_consent, known)
    assert importing(known, dry_run=True).counts.added == 2
    with pytest.raises(WrongSource, match="rollcall source publish books"):
        importing(known)
    assert person("person1@example.com") is None


def test_a_needed_check_that_fails_keeps_a_source_from_being_published(draft, ledger):
    known = draft()
    step(life.give_consent, known)
    ledger.refuses_key = True
    checks = known.adapter().check(runner.context_of(known))
    with pytest.raises(WrongSource, match="sign in: the ledger refuses the key"):
        step(life.publish, known, checks)
    step(
        life.publish, known, [Check("sign in", True, ""), Check("permission titles", False, "", needed=False)]
    )


def test_a_published_source_is_imported_and_due_by_its_schedule(draft, ledger, person):
    ledger.hire(1)
    known = draft(schedule="15m")
    assert known.next_run_at is None
    step(life.give_consent, known)
    published = step(life.publish, known, ())
    assert published.next_run_at is not None
    assert importing(published).counts.added == 1
    assert person("person1@example.com")["title"] == "Clerk"


def test_a_paused_source_is_imported_on_request_only(draft, ledger):
    ledger.hire(1)
    known = draft(schedule="15m")
    step(life.give_consent, known)
    paused = step(life.pause, step(life.publish, known, ()))
    assert (paused.state, paused.next_run_at) == ("paused", None)
    assert importing(paused).counts.added == 1
    assert step(life.resume, paused).next_run_at is not None


def test_a_draft_cannot_be_paused(draft):
    with pytest.raises(WrongUse, match="is a draft"):
        step(life.pause, draft())


def test_disconnecting_forgets_credentials_and_consent_and_keeps_people(draft, ledger, person):
    ledger.hire(1)
    known = draft()
    step(life.give_consent, known)
    published = step(life.publish, known, ())
    importing(published)
    gone = step(life.disconnect, published)
    assert (gone.state, gone.secrets, gone.next_run_at) == ("disconnected", {}, None)
    assert person("person1@example.com") is not None
    with pytest.raises(WrongSource, match="disconnected"):
        importing(gone)
    with reading() as connection:
        assert consent.given(connection, known.tenant_id, known.id) is None


def test_linking_again_asks_for_consent_anew_and_knows_the_people(draft, ledger):
    ledger.hire(1)
    known = draft()
    step(life.give_consent, known)
    importing(step(life.publish, known, ()))
    gone = step(life.disconnect, known)
    with writing() as connection:
        again = catalog.change(connection, known.tenant_id, drafts.redrafted(gone, {}, {"key": "new"}), BY)
        again = life.link_again(connection, again, BY)
    assert again.state == "draft"
    with pytest.raises(WrongSource, match="Nobody has consented"):
        importing(again)
    step(life.give_consent, again)
    assert importing(step(life.publish, again, ())).counts.as_dict() == {
        **dict.fromkeys(("added", "updated", "deleted", "errored"), 0), "skipped": 1, "total": 1,
    }  # fmt: skip


def test_disconnecting_cancels_what_is_under_way(draft):
    known = draft()
    step(life.give_consent, known)
    published = step(life.publish, known, ())
    with writing() as connection:
        run = runs.start(connection, published, dry_run=False, requested_by=BY).run
    step(life.disconnect, published)
    with reading() as connection:
        assert runs.get(connection, known.tenant_id, run.id).state == "cancelled"


def test_each_step_is_in_the_audit_trail(draft, tenant):
    known = draft()
    step(life.give_consent, known)
    step(life.disconnect, step(life.pause, step(life.publish, known, ())))
    wanted = ["vendor.enabled", "source.added", "source.consented", "source.published", "source.paused"]
    assert {*wanted, "source.disconnected"} <= set(actions(tenant))
