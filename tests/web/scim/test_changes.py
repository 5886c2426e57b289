"""What POST, PUT and PATCH do with what clients say: ids, values, what is unknown, and what others wrote."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app import directory
from app.access import clients, inbound
from app.access.tenants import Tenant
from app.database import reading, writing
from scim.resources import ENTERPRISE, GROUP, HR, USER
from tests.web.scim.conftest import ScimCaller
from tests.web.scim.exchanges import created, patched, read, refused


def test_an_id_or_a_numeric_external_id_of_the_client_never_becomes_an_id(scim: ScimCaller) -> None:
    first = created(scim, "first", externalId="1", id="1")
    second = created(scim, "second", externalId=first["id"], id=first["id"])
    assert len({first["id"], second["id"], "1"}) == 3
    refused(scim("GET", "/Users/1"), 404)
    refused(scim("DELETE", "/Users/1"), 404)
    body = {"schemas": [USER], "id": first["id"], "userName": "second", "externalId": first["id"]}
    assert scim("PUT", f"/Users/{second['id']}", body).json["id"] == second["id"]  # type: ignore[index]
    assert read(scim, f"/Users/{first['id']}")["userName"] == "first"
    value = {"id": first["id"], "title": "x"}
    assert patched(scim, second, {"op": "replace", "value": value}).json["id"] == second["id"]
    assert "title" not in read(scim, f"/Users/{first['id']}")


def test_an_identical_type_and_value_is_stored_once(scim: ScimCaller) -> None:
    work = {"type": "work", "value": "ada@example.com"}
    user = created(
        scim, emails=[work, {**work, "type": "WORK"}, {"type": "home", "value": "ada@example.com"}]
    )
    assert [(each["type"], each["value"]) for each in user["emails"]] == [
        ("work", "ada@example.com"),
        ("home", "ada@example.com"),
    ]
    again = patched(scim, user, {"op": "add", "path": "emails", "value": [work]}).json
    assert (again["emails"], again["meta"]["version"]) == (user["emails"], user["meta"]["version"])


def test_a_new_primary_demotes_the_old_one_and_two_in_one_body_are_refused(scim: ScimCaller) -> None:
    old, new = {"value": "old@example.com", "primary": True}, {"value": "new@example.com", "primary": True}
    user = created(scim, emails=[old])
    emails = patched(scim, user, {"op": "add", "path": "emails", "value": [new]}).json["emails"]
    assert [each["value"] for each in emails if each.get("primary")] == ["new@example.com"]
    for method, path in (("POST", "/Users"), ("PUT", f"/Users/{user['id']}")):
        detail = refused(scim(method, path, {"userName": "b", "emails": [old, new]}), 400, "invalidValue")
        assert "primary" in detail


@pytest.mark.parametrize("nothing", ["", None, []])
def test_nothing_unassigns_whatever_its_form(scim: ScimCaller, nothing: Any) -> None:
    values = {"title": "x", "emails": [{"value": "a@b.c"}], ENTERPRISE: {"department": "R"}}
    user = created(scim, **values)
    said = patched(
        scim,
        user,
        {"op": "replace", "path": "title", "value": nothing},
        {"op": "replace", "value": {"emails": nothing, f"{ENTERPRISE}:department": nothing}},
    ).json
    assert set(said) == {"schemas", "userName", "active", "id", "meta"}
    user = created(scim, "b", **values)
    body = {
        "userName": "b",
        "title": nothing,
        "emails": nothing,
        ENTERPRISE: nothing if nothing != "" else None,
    }
    assert "title" not in scim("PUT", f"/Users/{user['id']}", body).json  # type: ignore[operator]
    assert not {"title", "emails"} & set(created(scim, "c", title=nothing, emails=nothing))


def test_user_names_are_compared_composed_and_lower_and_never_folded(scim: ScimCaller) -> None:
    created(scim, "jos\u00e9")
    refused(scim("POST", "/Users", {"userName": "JOSE\u0301"}), 409, "uniqueness")
    created(scim, "stra\u00dfe")
    created(scim, "strasse")
    assert read(scim, "/Users")["totalResults"] == 3


@pytest.mark.parametrize(
    "address", ["x@corp.local", "a@localhost", "MiXed.Case+tag@Example.COM", "\u00fc@\u00fc.example"]
)
def test_e_mail_values_of_any_domain_are_kept_as_written(scim: ScimCaller, address: str) -> None:
    user = created(scim, address, emails=[{"type": "work", "value": address}])
    assert (user["userName"], user["emails"][0]["value"]) == (address, address)
    assert read(scim, f"/Users/{user['id']}")["emails"][0]["value"] == address


def test_a_group_needs_a_name_and_its_schema_is_named(scim: ScimCaller) -> None:
    assert "displayName" in refused(scim("POST", "/Groups", {"schemas": [GROUP]}), 400, "invalidValue")


def _log_of(app: Flask, tenant: Tenant, client: str) -> list[dict[str, Any]]:
    app.extensions["rollcall.inbound"].flush()
    with reading() as connection:
        return inbound.listed(connection, tenant.id, clients.named(connection, tenant.id, client).id)


def test_what_is_unknown_is_dropped_and_listed_in_the_clients_log(
    app: Flask, tenant: Tenant, scim: ScimCaller
) -> None:
    user = created(scim, shoeSize=43, name={"givenName": "Ada", "nick": "A"}, **{"urn:x:Unknown": {"a": 1}})
    assert set(user) == {"schemas", "userName", "name", "active", "id", "meta"}
    assert user["name"] == {"givenName": "Ada"}
    assert patched(scim, user, {"op": "add", "value": {"hatSize": 7, "title": "x"}}).json["title"] == "x"
    dropped = {name for row in _log_of(app, tenant, "idp") for name in row["dropped"]}
    assert {"shoeSize", "name.nick", "urn:x:Unknown", "hatSize"} <= dropped


def test_a_strict_client_is_refused_what_is_unknown(
    app: Flask, tenant: Tenant, caller: Callable[..., ScimCaller]
) -> None:
    with writing() as connection:
        clients.create(connection, tenant.id, "careful", {"strict": "true"})
    strict = caller("careful")
    user = created(strict)
    for unknown in ({"shoeSize": 43}, {"urn:x:Unknown": {"a": 1}}, {"name": {"nick": "A"}}):
        name = next(iter(unknown))
        assert name in refused(strict("POST", "/Users", {"userName": "b", **unknown}), 400, "invalidValue")
    for unknown in ({"shoeSize": 43}, {"urn:x:Unknown": {"a": 1}}):
        refused(patched(strict, user, {"op": "add", "value": unknown}), 400, "invalidValue")
    assert read(strict, "/Users")["totalResults"] == 1
    assert [row["status"] for row in _log_of(app, tenant, "careful")] == [400] * 5


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "add", "path": "name", "value": {"givenName": "Ada", "nick": "A"}},
        {"op": "add", "value": {"name": {"givenName": "Ada", "nick": "A"}}},
        {"op": "add", "path": "emails", "value": [{"value": "a@b.c", "nick": "A"}]},
    ],
)
def test_an_unknown_sub_attribute_of_a_patch_is_logged_and_refused_to_the_strict(
    app: Flask, tenant: Tenant, scim: ScimCaller, caller: Callable[..., ScimCaller], operation: dict[str, Any]
) -> None:
    user = created(scim)
    with writing() as connection:
        clients.create(connection, tenant.id, "careful", {"strict": "true"})
    detail = refused(patched(caller("careful"), user, operation), 400, "invalidValue")
    assert "nick" in detail
    assert read(scim, f"/Users/{user['id']}") == user
    assert patched(scim, user, operation).status_code == 200
    (row,) = _log_of(app, tenant, "idp")
    assert [name.rpartition(".")[2] for name in row["dropped"]] == ["nick"]


def test_an_unknown_patch_path_is_refused_whoever_asks(scim: ScimCaller) -> None:
    user = created(scim)
    for path in ("shoeSize", "name.nick", "urn:x:Unknown:a", f"{ENTERPRISE}:shoeSize"):
        refused(patched(scim, user, {"op": "replace", "path": path, "value": 1}), 400, "invalidPath")


def test_a_password_is_accepted_and_discarded(app: Flask, tenant: Tenant, scim: ScimCaller) -> None:
    user = created(scim, password="Hunter2!")
    version = user["meta"]["version"]
    assert (
        patched(scim, user, {"op": "replace", "path": "password", "value": "Other3!"}).json["meta"]["version"]
        == version
    )
    assert read(scim, "/ServiceProviderConfig")["changePassword"] == {"supported": False}
    assert _log_of(app, tenant, "idp") == []
    with reading() as connection:
        kept = str(directory.revisions(connection, tenant.id, user["id"]))
        document = str(directory.get(connection, tenant.id, user["id"]))
    assert "assword" not in kept + document
    assert "Hunter2!" not in kept + document


def test_sources_are_shown_as_a_read_only_list(tenant: Tenant, scim: ScimCaller) -> None:
    record = {"system": "jazzhr", "recordId": "r1"}
    person = {"schemas": [USER, HR], "userName": "ada", "active": True, HR: {"sources": [record]}}
    with writing() as connection:
        held = directory.create(connection, tenant.id, directory.Actor("source", "1"), person)
    shown = read(scim, f"/Users/{held.id}")
    assert shown[HR] == {"sources": [record]}
    assert "externalId" not in shown
    refused(patched(scim, shown, {"op": "remove", "path": f"{HR}:sources"}), 400, "mutability")
    body = {"userName": "ada", HR: {"sources": [{"system": "mine", "recordId": "x"}]}}
    assert scim("PUT", f"/Users/{held.id}", body).json[HR] == {"sources": [record]}  # type: ignore[index]


def test_put_leaves_a_sources_value_unless_it_says_null(tenant: Tenant, scim: ScimCaller) -> None:
    person = {"schemas": [USER], "userName": "ada", "active": True, "title": "Analyst", "nickName": "A"}
    with writing() as connection:
        held = directory.create(connection, tenant.id, directory.Actor("source", "1"), person)
    path = f"/Users/{held.id}"
    assert scim("PUT", path, {"userName": "ada", "locale": "en"}).json["title"] == "Analyst"  # type: ignore[index]
    cleared = scim("PUT", path, {"userName": "ada", "title": None}).json
    assert "title" not in cleared  # type: ignore[operator]
    assert "locale" not in cleared  # type: ignore[operator]
    assert cleared["nickName"] == "A"  # type: ignore[index]
