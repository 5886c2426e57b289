"""Clients and what is set for each."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from app.access import clients, tenants, tokens
from app.access.clients import ClientSettings
from app.access.tenants import Tenant
from app.access.tokens import Authenticator
from app.database import reading, writing
from app.errors import NotFoundError, WrongUse


def _created(tenant: Tenant, name: str = "idp", **pairs: str) -> clients.Client:
    with writing() as connection:
        return clients.create(connection, tenant.id, name, pairs)


def test_a_client_for_which_nothing_is_set_drops_unknown_attributes_and_has_the_common_rate(
    tenant: Tenant,
) -> None:
    assert _created(tenant).settings == ClientSettings(False, None, None, ("scim:write",))


def test_what_is_set_is_read_back(tenant: Tenant) -> None:
    _created(tenant, strict="true", rate="50", burst="7", oauth_scopes="scim:read,scim:sensitive")
    with reading() as connection:
        found = clients.named(connection, tenant.id, "idp")
    assert found.settings == ClientSettings(True, 50, 7, ("scim:read", "scim:sensitive"))


def test_a_change_touches_only_what_is_named_and_an_empty_value_takes_back(tenant: Tenant) -> None:
    _created(tenant, strict="yes", rate="0")
    with writing() as connection:
        changed = clients.change(connection, tenant.id, "idp", {"burst": "9", "rate": ""})
    assert changed.settings == ClientSettings(True, None, 9)
    with reading() as connection:
        assert clients.named(connection, tenant.id, "idp") == changed


def test_a_change_is_audited_with_both_sides(tenant: Tenant) -> None:
    _created(tenant)
    with writing() as connection:
        clients.change(connection, tenant.id, "idp", {"rate": "9"})
        query = text("SELECT \"values\" FROM audit WHERE action = 'client.changed'")
        assert connection.execute(query).scalars().all() == ['{"rate":[null,9]}']


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        ({"colour": "blue"}, "'colour' is no setting of a client; use strict, rate, burst"),
        ({"strict": "perhaps"}, "use true or false"),
        ({"rate": "-1"}, "whole number from 0"),
        ({"rate": "１"}, "whole number from 0"),
        ({"rate": "9" * 5000}, "cannot be used"),
        ({"burst": "0"}, "whole number from 1"),
        ({"oauth_scopes": "scim:admin"}, "use scim:read, scim:write, scim:sensitive"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(pair: dict[str, str], words: str) -> None:
    with pytest.raises(WrongUse, match=words):
        ClientSettings().changed(pair)


def test_settings_of_a_later_version_are_passed_over() -> None:
    assert ClientSettings.stored({"rate": 5, "colour": "blue"}) == ClientSettings(rate=5)


@pytest.mark.parametrize("name", ["", " ", "x" * 201, "a\x00b", "a\nb"])
def test_a_client_needs_a_name_that_can_be_read(tenant: Tenant, name: str) -> None:
    with pytest.raises(WrongUse, match="needs a name"):
        _created(tenant, name)


def test_a_name_is_taken_once_in_each_tenant(tenant: Tenant) -> None:
    _created(tenant)
    with pytest.raises(WrongUse, match="exists already"):
        _created(tenant)
    with writing() as connection:
        other = tenants.create(connection, "other")
    assert _created(other).name == "idp"
    with reading() as connection, pytest.raises(NotFoundError, match="known: idp"):
        clients.named(connection, other.id, "hr")


def test_a_token_makes_its_client_and_carries_its_settings(tenant: Tenant) -> None:
    with writing() as connection:
        issued = tokens.create(connection, tenant, "hr")
        clients.change(connection, tenant.id, "hr", {"strict": "true"})
    principal = Authenticator().principal(issued.text)
    assert principal is not None
    assert principal.settings == ClientSettings(strict=True)
