"""Tokens and secrets that end soon: told once, 14 days before."""

from __future__ import annotations

from app.access import clients, oauth, tokens
from app.database import writing
from app.jobs import upkeep
from tests.notices.desk import Desk


def _token(desk: Desk, name: str, days: int) -> None:
    with writing() as connection:
        tokens.create(connection, desk.tenant, name, life_days=days)


def test_a_token_that_ends_within_14_days_is_told_once(desk: Desk) -> None:
    _token(desk, "soon", 13)
    _token(desk, "later", 15)
    for _ in range(3):
        upkeep.watch()
    notice = desk.notices()[0]
    assert (len(desk.notices()), notice.kind, notice.details["client"]) == (1, "token.expiring", "soon")


def test_a_token_whose_client_has_a_later_one_is_not_told(desk: Desk) -> None:
    _token(desk, "entra", 3)
    with writing() as connection:
        tokens.rotate(connection, desk.tenant, 1)
    upkeep.watch()
    assert desk.notices() == []


def test_revoked_tokens_and_access_tokens_are_not_told(desk: Desk) -> None:
    _token(desk, "revoked", 3)
    with writing() as connection:
        tokens.revoke(connection, desk.tenant.id, 1)
        client = clients.named_or_made(connection, desk.tenant.id, "by-oauth")
        secret = oauth.make_secret(connection, desk.tenant, client)
        caller = oauth.caller_with(connection, secret.client_id, secret.text)
        assert caller is not None
        oauth.issue(connection, caller, ("scim:read",), 60)
    upkeep.watch()
    assert desk.notices() == []


def test_an_oauth_secret_that_ends_soon_is_told(desk: Desk) -> None:
    with writing() as connection:
        client = clients.named_or_made(connection, desk.tenant.id, "by-oauth")
        oauth.make_secret(connection, desk.tenant, client, life_days=5)
    upkeep.watch()
    assert [notice.kind for notice in desk.notices()] == ["secret.expiring"]
