"""Secrets of clients and the access tokens that they buy."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import Connection, func, select, text

from app import clock
from app.access import clients, oauth, tenants, tokens
from app.access.oauth import Caller, IssuedSecret
from app.access.tables import ClientSecret, Token
from app.access.tenants import Tenant
from app.access.tokens import Authenticator, IssuedToken
from app.database import reading, writing
from app.errors import WrongUse

HOUR = 3600


def _secret(tenant: Tenant, name: str = "idp", **choices: int) -> IssuedSecret:
    with writing() as connection:
        client = clients.named_or_made(connection, tenant.id, name)
        return oauth.make_secret(connection, tenant, client, **choices)


def _caller(secret: IssuedSecret) -> Caller | None:
    with reading() as connection:
        return oauth.caller_with(connection, secret.client_id, secret.text)


def _issued(secret: IssuedSecret, *scopes: str) -> IssuedToken:
    caller = _caller(secret)
    assert caller is not None
    with writing() as connection:
        issued = oauth.issue(connection, caller, scopes or ("scim:write",), HOUR)
    assert issued is not None
    return issued


def _audited(connection: Connection, action: str) -> int:
    query = text("SELECT count(*) FROM audit WHERE action = :action")
    return int(connection.scalar(query, {"action": action}) or 0)


def test_a_client_id_carries_the_tenant_and_a_secret_256_random_bits(tenant: Tenant) -> None:
    secret = _secret(tenant)
    assert secret.client_id == f"rcc_{tenant.token_key}_1"
    assert secret.text.startswith("rcs_")
    assert len(secret.text) == 4 + 43


def test_only_the_digest_of_a_secret_is_stored(tenant: Tenant) -> None:
    secret = _secret(tenant)
    with reading() as connection:
        stored = str(connection.execute(select(ClientSecret.__table__)).all())
        stored += str(connection.execute(text('SELECT "values" FROM audit')).all())
    assert secret.text not in stored + repr(secret)


def test_the_right_secret_is_its_client(tenant: Tenant) -> None:
    caller = _caller(_secret(tenant))
    assert caller is not None
    assert (caller.tenant, caller.client.name, caller.name) == (tenant, "idp", "client:1")


@pytest.mark.parametrize(
    ("client_id", "secret"),
    [
        ("", ""),
        ("rcc_{key}_1", ""),
        ("rcc_{key}_1", "{secret}x"),
        ("rcc_{key}_2", "{secret}"),
        ("rcc_{key}_99999999999", "{secret}"),
        ("rcc_zzzzzzzz_1", "{secret}"),
        ("rcc_{key}_1\x00", "{secret}"),
        ("rcc_{key}_١", "{secret}"),
    ],
)
def test_anything_else_is_nobody(tenant: Tenant, client_id: str, secret: str) -> None:
    made, _of_another = _secret(tenant), _secret(tenant, "other")
    with reading() as connection:
        shown = (client_id.format(key=tenant.token_key), secret.format(secret=made.text))
        assert oauth.caller_with(connection, *shown) is None


def test_a_secret_is_no_secret_in_another_tenant(tenant: Tenant) -> None:
    with writing() as connection:
        other = tenants.create(connection, "other")
    _secret(other)
    with reading() as connection:
        assert oauth.caller_with(connection, f"rcc_{other.token_key}_1", _secret(tenant).text) is None


def test_a_secret_ends_when_it_expires(tenant: Tenant) -> None:
    secret = _secret(tenant, life_days=1)
    with time_machine.travel(clock.utcnow() + timedelta(days=1, seconds=1), tick=False):
        assert _caller(secret) is None
    with pytest.raises(WrongUse, match="1 to 3650 days"):
        _secret(tenant, life_days=0)


def test_secrets_overlap_and_then_the_old_one_ends(tenant: Tenant) -> None:
    old, fresh = _secret(tenant), _secret(tenant, overlap_hours=2)
    assert _caller(old)
    assert _caller(fresh)
    with time_machine.travel(clock.utcnow() + timedelta(hours=2, seconds=1), tick=False):
        assert _caller(old) is None
        assert _caller(fresh)


def test_a_fresh_secret_never_prolongs_an_old_one(tenant: Tenant) -> None:
    old = _secret(tenant)
    _secret(tenant, overlap_hours=1)
    _secret(tenant, overlap_hours=100)
    with time_machine.travel(clock.utcnow() + timedelta(hours=2), tick=False):
        assert _caller(old) is None


def test_without_overlap_secrets_and_access_tokens_end_at_once_and_made_tokens_stay(tenant: Tenant) -> None:
    old, other = _secret(tenant), _issued(_secret(tenant, "other"))
    bought = _issued(old)
    with writing() as connection:
        made = tokens.create(connection, tenant, "idp")
    _secret(tenant, overlap_hours=0)
    assert _caller(old) is None
    assert Authenticator().principal(bought.text) is None
    assert Authenticator().principal(made.text)
    assert Authenticator().principal(other.text)


def test_an_access_token_is_a_token_of_its_client_with_the_scopes_asked_for(tenant: Tenant) -> None:
    issued = _issued(_secret(tenant), "scim:read")
    principal = Authenticator().principal(issued.text)
    assert principal is not None
    assert (principal.tenant_slug, principal.client_name, principal.scopes) == ("acme", "idp", {"scim:read"})


def test_an_access_token_ends_after_its_life(tenant: Tenant) -> None:
    issued = _issued(_secret(tenant))
    with time_machine.travel(clock.utcnow() + timedelta(seconds=HOUR - 5), tick=False):
        assert Authenticator().principal(issued.text)
    with time_machine.travel(clock.utcnow() + timedelta(seconds=HOUR + 1), tick=False):
        assert Authenticator().principal(issued.text) is None


def test_more_access_tokens_give_no_more_room(tenant: Tenant) -> None:
    secret, authenticator = _secret(tenant), Authenticator()
    first, second = (authenticator.principal(_issued(secret).text) for _ in range(2))
    with writing() as connection:
        by_hand = tokens.create(connection, tenant, "idp")
    made = authenticator.principal(by_hand.text)
    assert first is not None and second is not None and made is not None
    assert first.rate_key == second.rate_key != made.rate_key == made.token_id


@pytest.mark.parametrize(
    ("allowed", "asked", "granted"),
    [
        ("scim:write", None, ("scim:write",)),
        ("scim:write", "scim:read", ("scim:read",)),
        ("scim:write", "scim:read scim:write scim:read", ("scim:read", "scim:write")),
        ("scim:read,scim:sensitive", "", ("scim:read", "scim:sensitive")),
        ("scim:write", "scim:sensitive", None),
        ("scim:read", "scim:write", None),
        ("scim:write", "scim:write admin", None),
    ],
)
def test_granted_is_what_is_asked_for_within_what_the_client_may(
    tenant: Tenant, allowed: str, asked: str | None, granted: tuple[str, ...] | None
) -> None:
    secret = _secret(tenant)
    with writing() as connection:
        clients.change(connection, tenant.id, "idp", {"oauth_scopes": allowed})
    caller = _caller(secret)
    assert caller is not None
    assert oauth.granted_scopes(caller, asked) == granted


def test_a_secret_that_ended_since_it_was_shown_buys_nothing(tenant: Tenant) -> None:
    caller = _caller(_secret(tenant))
    assert caller is not None
    _secret(tenant, overlap_hours=0)
    with writing() as connection:
        assert oauth.issue(connection, caller, ("scim:read",), HOUR) is None


def test_long_ended_access_tokens_are_swept_and_no_number_comes_twice(tenant: Tenant) -> None:
    secret = _secret(tenant)
    with writing() as connection:
        made = tokens.create(connection, tenant, "idp", life_days=1)
    numbers = [_issued(secret).id for _ in range(3)]
    with time_machine.travel(clock.utcnow() + timedelta(days=2), tick=False):
        numbers += [_issued(secret).id]
        with reading() as connection:
            kept = set(connection.scalars(select(Token.__table__.c.id)))
        numbers += [_issued(secret).id]
    assert kept == {made.id, numbers[3]}
    assert len(set(numbers)) == 5


def test_ended_access_tokens_are_kept_for_a_day(tenant: Tenant) -> None:
    secret = _secret(tenant)
    _issued(secret)
    with time_machine.travel(
        clock.utcnow() + timedelta(seconds=HOUR + oauth.KEEP_ENDED_SECONDS - 60), tick=False
    ):
        _issued(secret)
    with reading() as connection:
        assert connection.scalar(select(func.count()).select_from(Token.__table__)) == 2


def test_the_audit_chain_has_the_first_token_of_a_day(tenant: Tenant) -> None:
    secret = _secret(tenant)
    with time_machine.travel("2027-03-01T10:00:00Z", tick=False):
        _issued(secret)
        _issued(secret)
        with reading() as connection:
            assert _audited(connection, "token.issued") == 1
    with time_machine.travel("2027-03-02T00:00:01Z", tick=False):
        _issued(secret)
        with reading() as connection:
            assert _audited(connection, "token.issued") == 2


def test_a_client_ends_its_own_tokens_and_is_named_in_the_audit_chain(tenant: Tenant) -> None:
    secret = _secret(tenant)
    issued, caller = _issued(secret), _caller(secret)
    assert caller is not None
    with writing() as connection:
        held = oauth.token_of(connection, caller, issued.text)
        assert held is not None and held.is_active
        oauth.revoke(connection, caller, held)
        oauth.revoke(connection, caller, held)
        query = text("SELECT actor, subject FROM audit WHERE action = 'token.revoked'")
        assert connection.execute(query).all() == [("client:1", f"token:{issued.id}")]
    assert Authenticator().principal(issued.text) is None


def test_a_client_knows_no_token_but_its_own(tenant: Tenant) -> None:
    with writing() as connection:
        other = tenants.create(connection, "other")
        own = tokens.create(connection, tenant, "idp")
        anothers = tokens.create(connection, tenant, "hr")
        elsewhere = tokens.create(connection, other, "idp")
    caller = _caller(_secret(tenant))
    assert caller is not None
    with reading() as connection:
        assert oauth.token_of(connection, caller, own.text)
        for text_ in (anothers.text, elsewhere.text, "", "rc_x", own.text + "x"):
            assert oauth.token_of(connection, caller, text_) is None
