"""Clients and their tokens."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select, text

from app import clock
from app.access import tenants, tokens
from app.access.tables import Token
from app.access.tenants import Tenant
from app.access.tokens import Authenticator
from app.database import reading, writing
from app.errors import NotFoundError, WrongUse


def _issued(tenant: Tenant, name: str = "idp", **choices: object) -> tokens.IssuedToken:
    with writing() as connection:
        return tokens.create(connection, tenant, name, **choices)  # type: ignore[arg-type]


def test_a_token_carries_its_tenant_and_256_random_bits(tenant: Tenant) -> None:
    issued = _issued(tenant)
    prefix, tenant_key, random_part = issued.text.split("_", 2)
    assert (prefix, tenant_key) == ("rc", tenant.token_key)
    assert len(random_part) == 43


def test_only_the_digest_of_a_token_is_stored(tenant: Tenant) -> None:
    issued = _issued(tenant)
    with reading() as connection:
        rows = connection.execute(select(Token.__table__)).all()
        audited = connection.execute(text('SELECT "values" FROM audit')).scalars().all()
    assert issued.text not in str(rows)
    assert issued.text not in str(audited)


def test_a_token_names_its_client_and_scopes(tenant: Tenant) -> None:
    principal = Authenticator().principal(_issued(tenant, scopes=("scim:read",)).text)
    assert principal is not None
    assert (principal.tenant_slug, principal.client_name) == ("acme", "idp")
    assert principal.may("scim:read")
    assert not principal.may("scim:write")


def test_write_includes_read_and_nothing_includes_sensitive(tenant: Tenant) -> None:
    principal = Authenticator().principal(_issued(tenant, scopes=("scim:write",)).text)
    assert principal is not None
    assert principal.may("scim:read")
    assert not principal.may("scim:sensitive")


@pytest.mark.parametrize(
    "change", [lambda t: t + "x", lambda t: t[:-1], lambda t: t[3:], lambda t: "rc_" + t, str.upper]
)
def test_a_changed_token_is_nobody(tenant: Tenant, change: object) -> None:
    assert Authenticator().principal(change(_issued(tenant).text)) is None  # type: ignore[operator]


def test_a_token_of_another_tenants_word_is_nobody(tenant: Tenant) -> None:
    with writing() as connection:
        other = tenants.create(connection, "other")
    stolen = _issued(tenant).text.replace(tenant.token_key, other.token_key)
    assert Authenticator().principal(stolen) is None


def test_a_revoked_token_is_refused_within_a_second_by_a_process_that_knew_it(tenant: Tenant) -> None:
    issued, authenticator = _issued(tenant), Authenticator()
    assert authenticator.principal(issued.text)
    with writing() as connection:
        tokens.revoke(connection, tenant.id, issued.id)
    import time

    real = time.monotonic
    authenticator_clock = real() + tokens.CACHE_SECONDS
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tokens.time, "monotonic", lambda: authenticator_clock)
        assert authenticator.principal(issued.text) is None


def test_an_expired_token_is_nobody(tenant: Tenant) -> None:
    issued = _issued(tenant, life_days=1)
    with time_machine.travel(clock.utcnow() + timedelta(days=1, seconds=1), tick=False):
        assert Authenticator().principal(issued.text) is None


def test_a_rotated_token_overlaps_with_its_successor_and_then_ends(tenant: Tenant) -> None:
    issued = _issued(tenant)
    with writing() as connection:
        fresh = tokens.rotate(connection, tenant, issued.id, overlap_hours=2)
    assert Authenticator().principal(issued.text)
    assert Authenticator().principal(fresh.text)
    with time_machine.travel(clock.utcnow() + timedelta(hours=2, seconds=1), tick=False):
        assert Authenticator().principal(issued.text) is None
        assert Authenticator().principal(fresh.text)


def test_use_is_noted_at_most_once_a_minute(tenant: Tenant) -> None:
    issued = _issued(tenant)
    assert Authenticator().principal(issued.text)
    with reading() as connection:
        first = tokens.listed(connection, tenant.id)[0].last_used_at
    assert Authenticator().principal(issued.text)
    with reading() as connection:
        assert tokens.listed(connection, tenant.id)[0].last_used_at == first is not None


def test_wrong_use_is_refused_by_name(tenant: Tenant, app: Flask) -> None:
    with pytest.raises(WrongUse, match="'admin' is not a scope"):
        _issued(tenant, scopes=("admin",))
    with pytest.raises(WrongUse, match="1 to 3650 days"):
        _issued(tenant, life_days=0)
    with pytest.raises(WrongUse, match="needs a name"):
        _issued(tenant, " ")
    with writing() as connection, pytest.raises(NotFoundError, match="Token 99"):
        tokens.revoke(connection, tenant.id, 99)


def test_a_token_may_be_bound_to_an_employee_and_so_is_its_successor(tenant: Tenant) -> None:
    issued = _issued(tenant, employee_id="0198a5b2-0f00-7abc-8def-0123456789ab")
    with writing() as connection:
        fresh = tokens.rotate(connection, tenant, issued.id)
    for text_ in (issued.text, fresh.text):
        principal = Authenticator().principal(text_)
        assert principal is not None
        assert principal.employee_id == "0198a5b2-0f00-7abc-8def-0123456789ab"


def test_a_successor_has_the_scopes_of_the_old_one_and_a_life_of_its_own(tenant: Tenant) -> None:
    issued = _issued(tenant, scopes=("scim:read", "scim:sensitive"), life_days=3)
    with writing() as connection:
        fresh = tokens.rotate(connection, tenant, issued.id, life_days=9)
    assert fresh.expires_at > clock.after(8 * tokens.DAY)
    principal = Authenticator().principal(fresh.text)
    assert principal is not None
    assert principal.scopes == {"scim:read", "scim:sensitive"}


def test_rotating_never_prolongs_the_old_one(tenant: Tenant) -> None:
    issued = _issued(tenant, life_days=1)
    with writing() as connection:
        tokens.rotate(connection, tenant, issued.id, overlap_hours=720)
    with time_machine.travel(clock.utcnow() + timedelta(days=1, seconds=1), tick=False):
        assert Authenticator().principal(issued.text) is None


def test_a_revoked_token_is_not_rotated_and_an_access_token_neither(tenant: Tenant) -> None:
    issued = _issued(tenant)
    with writing() as connection:
        tokens.revoke(connection, tenant.id, issued.id)
        with pytest.raises(NotFoundError, match="is revoked"):
            tokens.rotate(connection, tenant, issued.id)
        bought = tokens.issue(connection, tenant, 1, ("scim:read",), 3600, secret_id=1)
        with pytest.raises(WrongUse, match="is an access token"):
            tokens.rotate(connection, tenant, bought.id)


def test_access_tokens_are_listed_only_when_they_are_asked_for(tenant: Tenant) -> None:
    made = _issued(tenant)
    with writing() as connection:
        bought = tokens.issue(connection, tenant, 1, ("scim:read",), 3600, secret_id=1)
        assert [row.id for row in tokens.listed(connection, tenant.id)] == [made.id]
        all_of_them = tokens.listed(connection, tenant.id, with_access_tokens=True)
    assert [row.id for row in all_of_them] == [bought.id, made.id]


def test_the_use_of_a_client_counts_its_living_tokens(tenant: Tenant) -> None:
    first, second, _expired = _issued(tenant), _issued(tenant), _issued(tenant, life_days=1)
    assert Authenticator().principal(first.text)
    with writing() as connection:
        tokens.revoke(connection, tenant.id, second.id)
    with time_machine.travel(clock.utcnow() + timedelta(days=2), tick=False), reading() as connection:
        use = tokens.use_by_client(connection, tenant.id)
    assert {number: use[number].living for number in use} == {1: 1}
    assert use[1].last_used_at is not None


@pytest.mark.parametrize("text_", ["", "rc", "rc_", "rc__x", "rc_a\x00b_x", "rc_ä_x", "Rc_a_x", "rc_a_"])
def test_what_has_not_the_form_of_a_token_is_nobody_without_a_question_to_the_database(text_: str) -> None:
    assert tokens.key_of_tenant(text_) is None
