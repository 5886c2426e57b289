"""Addresses and secrets of webhooks: who is called, and which secrets are good."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from app import clock
from app.access.tables import AuditRow
from app.access.tenants import Tenant
from app.database import reading, writing
from app.errors import WrongUse
from app.sources import catalog, drafts, hooks, life
from app.sources.catalog import Source
from app.sources.errors import WrongSource

Add = Callable[..., Source]


def jazz(add_source: Add, name: str = "jazz", **secrets: str) -> Source:
    return add_source(
        name, "jazzhr", None, base_url="http://127.0.0.1:9/v1", secrets={"api_key": "k", **secrets}
    )


def generated(known: Source) -> tuple[str, Source]:
    with writing() as connection:
        made = hooks.generate(connection, known, "test")
    with reading() as connection:
        return made, catalog.named(connection, known.tenant_id, known.name)


def names(tenant: Tenant, kind: str = "jazzhr", key: str | None = None) -> list[tuple[str, bool]]:
    with reading() as connection:
        found = hooks.called(connection, tenant.id, kind, key).asked
    return [(each.known.name, each.is_keyed) for each in found]


def test_a_secret_that_is_made_is_long_and_the_one_before_it_is_good_for_another_day(add_source: Add) -> None:
    first, known = generated(jazz(add_source))
    assert len(bytes.fromhex(first)) == 32
    assert hooks.receiving(known).secrets == {"api_key": "k", "webhook_secret": first}
    second, known = generated(known)
    assert first != second
    assert hooks.receiving(known).secrets["webhook_secret_previous"] == first
    end = hooks.ends_at(known)
    assert end is not None
    assert clock.after(hooks.OVERLAP_SECONDS - 60) < end <= clock.after(hooks.OVERLAP_SECONDS)
    assert "webhook_secret_previous" not in hooks.live(known.secrets, end)


def test_making_a_secret_is_recorded_without_the_secret(add_source: Add, tenant: Tenant) -> None:
    made, _ = generated(jazz(add_source))
    table = AuditRow.__table__
    with reading() as connection:
        rows = [str(tuple(row)) for row in connection.execute(select(table))]
    assert any("source.webhook_secret_generated" in row for row in rows)
    assert not any(made in row for row in rows)


def test_a_file_gets_no_secret(add_source: Add, write: Callable[..., object]) -> None:
    write("1,Ada,L,ada@example.com,,Active")
    with pytest.raises(WrongSource, match="gets no webhook secret"):
        generated(add_source())


def test_a_disconnected_source_gets_no_secret(add_source: Add) -> None:
    known = jazz(add_source)
    with writing() as connection:
        gone = life.disconnect(connection, known, "test")
    with pytest.raises(WrongSource, match="disconnected"):
        generated(gone)


def test_changing_a_setting_keeps_the_end_of_the_old_secret(add_source: Add) -> None:
    _, known = generated(jazz(add_source))
    _, known = generated(known)
    draft = drafts.redrafted(known, {"calls_per_minute": "7"}, {})
    with writing() as connection:
        changed = catalog.change(connection, known.tenant_id, draft, "test")
    assert hooks.ends_at(changed) == hooks.ends_at(known)


def test_only_published_sources_with_a_secret_are_called(add_source: Add, tenant: Tenant) -> None:
    assert names(tenant) == []
    jazz(add_source, "without")
    known = jazz(add_source, "with", webhook_secret="s")
    assert names(tenant) == [("with", False)]
    with writing() as connection:
        life.pause(connection, known, "test")
    assert names(tenant) == [("with", False)]
    with writing() as connection:
        life.disconnect(connection, known, "test")
    assert names(tenant) == []


def test_a_key_in_the_address_picks_its_connection_and_no_other(add_source: Add, tenant: Tenant) -> None:
    one, other = (jazz(add_source, name, webhook_secret="s") for name in ("one", "other"))
    assert names(tenant) == [("one", False), ("other", False)]
    assert names(tenant, key=other.hook_key) == [("other", True)]
    assert names(tenant, key=one.hook_key[:-1]) == []
    assert names(tenant, "icims", one.hook_key) == []


def test_a_vendor_without_an_api_for_it_cannot_be_subscribed_to(add_source: Add) -> None:
    known = jazz(add_source)
    with pytest.raises(WrongUse, match="by hand"):
        hooks.subscribe(known, known.context(), "https://rollcall.example.com/x", "test")


_SECRETS = st.dictionaries(
    st.sampled_from(["api_key", "webhook_secret", "webhook_secret_previous", "signing_key_previous"]),
    st.text(min_size=1, max_size=40),
)


@given(_SECRETS)
def test_what_is_kept_with_an_end_is_good_until_then(secrets: Mapping[str, str]) -> None:
    kept = hooks.dated(secrets)
    assert hooks.live(kept, clock.now()) == secrets
    lasting = {name: value for name, value in secrets.items() if not name.endswith("_previous")}
    assert hooks.live(kept, clock.after(hooks.OVERLAP_SECONDS + 1)) == lasting
