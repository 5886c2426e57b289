"""The way through the wizard: in order, only for those who may, and one may leave and come back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from app.access import tenants
from app.access.tables import AuditRow
from app.access.tenants import Tenant
from app.database import reading, writing
from app.sources import catalog, consent, drafts, life, vendors
from app.sources.catalog import Source
from tests.web.console.browser import Browser
from tests.web.console.connecting.conftest import KEY
from tests.web.console.connecting.person import Person

STEPS = ("need", "consent", "credentials", "choices", "mapping", "review", "publish")


@pytest.fixture
def draft(admin: Person, the_source: Callable[[], Source]) -> Source:
    """Give a draft of JazzHR that nobody has consented to."""
    admin.follow("Connect JazzHR").press("Continue")
    return the_source()


def test_no_step_is_reached_before_what_it_needs(admin: Person, draft: Source) -> None:
    for step in STEPS[2:]:
        admin.go(f"/sources/{draft.id}/connect/{step}")
        assert admin.path == f"/sources/{draft.id}/connect/consent", step
    admin.tick("agreed").press("Agree and continue")
    for step in STEPS[3:]:
        admin.go(f"/sources/{draft.id}/connect/{step}")
        assert admin.path == f"/sources/{draft.id}/connect/credentials", step
        assert "First comes this: Credentials." in admin.text


def test_a_deed_of_a_later_step_does_nothing_before_its_time(
    admin: Person, draft: Source, the_source: Callable[[], Source]
) -> None:
    token = admin.form_with("agreed").fields["csrf_token"]
    for step in STEPS[2:]:
        answer = admin.browser.post(
            f"/sources/{draft.id}/connect/{step}", {"csrf_token": token, "then": "import"}
        )
        assert answer.headers["Location"] == f"/sources/{draft.id}/connect/consent"
    assert the_source() == draft


def test_beginning_enables_the_vendor_and_says_so(admin: Person, tenant: Tenant) -> None:
    admin.follow("Connect JazzHR")
    assert "JazzHR is not enabled for this tenant yet" in admin.text
    admin.press("Continue").go("/sources/connect/jazzhr")
    assert "not enabled" not in admin.text
    with reading() as connection:
        assert list(vendors.enabled(connection, tenant.id)) == ["jazzhr"]


def test_each_kind_says_where_its_key_is_and_which_rights_it_needs(admin: Person) -> None:
    for kind in ("bamboohr", "icims", "intellihr", "jazzhr", "smartrecruiters"):
        admin.go(f"/sources/connect/{kind}")
        assert len(admin.page.rows("permissions")) >= 3, kind
        assert all(len(cells) == 4 and all(cells) for cells in admin.page.rows("permissions")), kind


def test_a_second_connection_of_a_kind_is_proposed_another_name(admin: Person, draft: Source) -> None:
    assert admin.go("/sources/connect/jazzhr").form_with("name").fields["name"] == "jazzhr-2"


def test_a_wrong_or_taken_name_stays_typed_and_is_said(admin: Person, draft: Source) -> None:
    for name, words in (
        ("no spaces", "cannot be a source's name"),
        ("jazzhr", "There is a source"),
        ("", "Give it a name"),
    ):
        admin.go("/sources/connect/jazzhr").fill(name=name).press("Continue")
        assert (admin.status, words in admin.text) == (422, True), name
        assert admin.form_with("name").fields["name"] == name
        assert "rollcall " not in admin.text


def test_consent_is_stored_with_who_and_when_and_is_shown(admin: Person, draft: Source) -> None:
    admin.press("Agree and continue")
    assert (admin.status, "Tick the box" in admin.text) == (422, True)
    admin.tick("agreed").press("Agree and continue").go(f"/sources/{draft.id}/connect/consent")
    with reading() as connection:
        given = consent.given(connection, draft.tenant_id, draft.id)
    assert given is not None
    assert given.text_hash in admin.text
    assert "admin@acme.example agreed" in admin.text
    assert [told["datetime"] for tag, told in admin.page.elements if tag == "time"] == [given.at[:19] + "Z"]


def test_a_policy_that_has_changed_is_not_agreed_to(admin: Person, draft: Source) -> None:
    admin.form_with("agreed").fields["text_hash"] = "0" * 64
    admin.tick("agreed").press("Agree and continue")
    assert (admin.status, "has changed since you saw it" in admin.text) == (422, True)
    with reading() as connection:
        assert consent.given(connection, draft.tenant_id, draft.id) is None


def test_a_draft_keeps_what_was_said_in_another_browser_too(
    jazz_draft: Callable[..., Person], as_role: Callable[[str], Browser]
) -> None:
    jazz_draft().follow("Continue").fill(rule="template", work_email="{given}.{family}@acme.example").press(
        "Continue"
    )
    owner = Person(as_role("owner"), "/sources").follow("Continue connecting jazzhr")
    assert owner.path.endswith("/connect/choices")
    assert owner.form_with("work_email").fields["work_email"] == "{given}.{family}@acme.example"


def test_what_is_published_leaves_the_last_step_behind(
    jazz_draft: Callable[..., Person], the_source: Callable[[], Source]
) -> None:
    admin = jazz_draft().press("Use the presets and review").follow("Continue").press("Publish only")
    known = the_source()
    assert (known.state, admin.path) == ("active", f"/sources/{known.id}")
    assert admin.go(f"/sources/{known.id}/connect/publish").path == f"/sources/{known.id}"
    admin.go(f"/sources/{known.id}/connect/choices").fill(how="1h").press("Store")
    assert (admin.path, str(the_source().schedule)) == (f"/sources/{known.id}", "1h")


def test_a_disconnected_source_is_linked_again_with_a_new_consent_and_new_credentials(
    jazz_draft: Callable[..., Person], the_source: Callable[[], Source]
) -> None:
    admin = jazz_draft().press("Use the presets and review").follow("Continue").press("Publish only")
    with writing() as connection:
        life.disconnect(connection, the_source(), "system:test")
    admin.go("/sources").follow("Link it again")
    assert admin.path.endswith("/connect/consent")
    admin.tick("agreed").press("Agree and continue").fill(secret_api_key=KEY).press("Connect")
    assert (the_source().state, "In the way" in admin.text) == ("draft", False)
    admin.press("Use the presets and review").follow("Continue").press("Publish only")
    assert the_source().state == "active"


def test_publishing_looks_at_the_vendor_once_more(
    jazz_draft: Callable[..., Person], the_source: Callable[[], Source]
) -> None:
    admin = jazz_draft().press("Use the presets and review").follow("Continue")
    with writing() as connection:
        catalog.keep_secrets(connection, the_source(), {"api_key": "another"})
    admin.press("Publish and import now")
    assert (admin.status, the_source().state) == (422, "draft")
    assert "JazzHR refused the credentials" in admin.text
    assert "rollcall " not in admin.text


def test_everything_is_in_the_audit_under_the_admins_name(jazz_draft: Callable[..., Person]) -> None:
    jazz_draft().press("Use the presets and review").follow("Continue").press("Publish only")
    events = AuditRow.__table__
    with reading() as connection:
        rows = connection.execute(select(events.c.actor, events.c.action)).all()
    mine = {row.action for row in rows if row.actor == "admin:admin@acme.example"}
    assert mine >= {
        *("vendor.enabled", "source.added", "source.consented", "source.changed", "import.started"),
        "source.published",
    }
    assert KEY not in str(rows)


@pytest.mark.parametrize("role", ["viewer", "hr"])
def test_only_admins_connect(as_role: Callable[[str], Browser], draft: Source, role: str) -> None:
    other = as_role(role)
    for path in ("/sources/connect/jazzhr", "/sources/connect/csv", f"/sources/{draft.id}/connect/file"):
        assert other.get(path).status_code == 403, path
    for step in STEPS:
        assert other.get(f"/sources/{draft.id}/connect/{step}").status_code == 403, step


def test_another_tenants_draft_is_no_page(admin: Person, tmp_path: object) -> None:
    with writing() as connection:
        other = tenants.create(connection, "other")
        vendors.enable(connection, other.id, "jazzhr", "system:test")
        theirs = catalog.add(connection, other.id, drafts.drafted("jazzhr", "jazz", {}, {}), "system:test")
    for step in (*STEPS, "file", "nonsense"):
        assert admin.go(f"/sources/{theirs.id}/connect/{step}").status == 404, step


def test_unknown_kinds_and_steps_are_no_pages(admin: Person, draft: Source) -> None:
    for path in (
        "/sources/connect/nonsense",
        f"/sources/{draft.id}/connect/file",
        "/sources/99/connect/need",
    ):
        assert admin.go(path).status == 404, path
