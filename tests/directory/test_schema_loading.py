"""Loading a tenant's own schemas: what is new, what is refused and why, and what stays."""

from __future__ import annotations

import copy
import json
import threading
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app import directory
from app.access.tables import AuditRow
from app.access.tenants import Tenant
from app.access.tenants import create as create_tenant
from app.database import reading, writing
from app.directory import schema_loading, schemas
from app.directory.listeners import Actor
from app.directory.schema_loading import Loaded
from app.directory.tables import LoadedSchemas
from app.errors import NotFoundError, WrongUse
from scim.errors import Uniqueness
from scim.resources import ENTERPRISE, GROUP, HR, USER, standard_schema_set
from scim.schema import ResourceType
from tests.device_schemas import (
    BADGE,
    BUDGET,
    DEVICE,
    PLACE,
    badge_schema,
    budget_schema,
    device_schema,
    device_type,
    everything,
    group_type,
    place_schema,
    user_type,
)

ADMIN = Actor("admin", "1")


def _load(tenant: Tenant, files: dict[str, Any]) -> Loaded:
    with writing() as connection:
        return schema_loading.load(connection, tenant.id, ADMIN, files)


def _refused(tenant: Tenant, files: dict[str, Any], *words: str) -> None:
    before = schemas.schema_set(tenant.id)
    with pytest.raises(WrongUse) as caught, writing() as connection:
        schema_loading.load(connection, tenant.id, ADMIN, files)
    for word in words:
        assert word in str(caught.value)
    schemas.tenant_schemas().forget(tenant.id)
    assert schemas.schema_set(tenant.id).resource_types.keys() == before.resource_types.keys()


def _type(tenant: Tenant, name: str) -> ResourceType:
    found = schemas.schema_set(tenant.id).resource_type(name)
    assert found is not None
    return found


def _make(tenant: Tenant, name: str, document: dict[str, Any], **more: Any) -> str:
    with writing() as connection:
        made = directory.create(
            connection, tenant.id, ADMIN, document, resource_type=_type(tenant, name), **more
        )
    return made.id


def _device(**more: Any) -> dict[str, Any]:
    return {"schemas": [DEVICE], "serialNumber": "S-1", **more}


def _changed(document: dict[str, Any], attribute: str, **characteristics: Any) -> dict[str, Any]:
    changed = copy.deepcopy(document)
    for found in changed["attributes"]:
        if found["name"] == attribute:
            found.update(characteristics)
    return changed


def _without(document: dict[str, Any], attribute: str) -> dict[str, Any]:
    kept = [found for found in document["attributes"] if found["name"] != attribute]
    return {**document, "attributes": kept}


# ------------------------------------------------------------------------------------------------ what is new


def test_documents_alone_in_a_list_and_in_a_list_response_are_loaded(tenant: Tenant) -> None:
    loaded = _load(tenant, everything())
    assert loaded == Loaded((DEVICE, PLACE, BADGE, BUDGET), ("Device", "User", "Group"), (), 1)
    assert schemas.resource_type_at(tenant.id, "/Devices").schema_of(PLACE) is not None


def test_loading_the_same_again_writes_nothing(tenant: Tenant) -> None:
    _load(tenant, everything())
    compiled = schemas.schema_set(tenant.id)
    again = _load(tenant, everything())
    assert (again.schemas, again.resource_types, again.version) == ((), (), 1)
    assert set(again.unchanged) == {DEVICE, PLACE, BADGE, BUDGET, "Device", "User", "Group"}
    assert schemas.schema_set(tenant.id) is compiled


def test_a_later_load_adds_to_the_one_before(tenant: Tenant) -> None:
    _load(tenant, {"people": [badge_schema(), user_type()]})
    loaded = _load(tenant, {"groups": [budget_schema(), group_type()]})
    assert loaded == Loaded((BUDGET,), ("Group",), (), 2)
    assert _type(tenant, "User").schema_of(BADGE) is not None
    assert _type(tenant, "Group").schema_of(BUDGET) is not None


def test_a_document_of_the_same_urn_replaces_the_one_before(tenant: Tenant) -> None:
    _load(tenant, everything())
    grown = device_schema()
    grown["attributes"].append({"name": "color", "type": "string"})
    assert _load(tenant, {"device.json": grown}) == Loaded((DEVICE,), (), (), 2)
    assert _type(tenant, "Device").resolve("color") is not None


def test_the_extensions_that_a_type_is_built_with_stay_when_a_document_leaves_them_out(
    tenant: Tenant,
) -> None:
    _load(tenant, everything())
    extensions = [schema.id for schema, _ in _type(tenant, "User").extensions]
    assert extensions == [ENTERPRISE, HR, BADGE]
    assert _type(tenant, "User").resolve(f"{HR}:salary.amount") is standard_schema_set().resource_types[
        "user"
    ].resolve(f"{HR}:salary.amount")


def test_other_tenants_keep_the_standard_schemas(tenant: Tenant) -> None:
    with writing() as connection:
        other = create_tenant(connection, "other")
    _load(tenant, everything())
    assert schemas.schema_set(other.id) is standard_schema_set()


def test_a_rehearsal_says_the_same_and_writes_nothing(tenant: Tenant) -> None:
    with reading() as connection:
        rehearsed = schema_loading.rehearse(connection, tenant.id, everything())
        assert schema_loading.listed(connection, tenant.id) == []
    assert _load(tenant, everything()) == rehearsed


def test_a_load_counts_the_version_up_and_is_audited(tenant: Tenant) -> None:
    _load(tenant, {"people": [badge_schema(), user_type()]})
    query = select(AuditRow.actor, AuditRow.subject, AuditRow.values).where(
        AuditRow.tenant_id == tenant.id, AuditRow.action == "schema.loaded"
    )
    with reading() as connection:
        rows = connection.execute(query).all()
        version = connection.scalar(select(LoadedSchemas.version).where(LoadedSchemas.tenant_id == tenant.id))
    assert [(row.actor, row.subject, json.loads(row.values or "")) for row in rows] == [
        ("admin:1", "schemas:1", {"version": 1, "schemas": [BADGE], "resource_types": ["User"]})
    ]
    assert version == 1


def test_what_is_loaded_is_listed_and_shown(tenant: Tenant) -> None:
    _load(tenant, everything())
    _make(tenant, "Device", _device())
    with reading() as connection:
        listed = schema_loading.listed(connection, tenant.id)
        assert schema_loading.shown(connection, tenant.id, BADGE.upper()) == badge_schema()
        assert schema_loading.shown(connection, tenant.id, "device") == device_type()
        assert schema_loading.shown(connection, tenant.id, ENTERPRISE)["id"] == ENTERPRISE
        with pytest.raises(NotFoundError, match="Printer"):
            schema_loading.shown(connection, tenant.id, "Printer")
    assert [(found.kind, found.name) for found in listed] == [
        *(("schema", urn) for urn in (DEVICE, BADGE, BUDGET, PLACE)),
        *(("resource type", name) for name in ("Device", "Group", "User")),
    ]
    device = next(found for found in listed if found.name == "Device")
    assert (device.endpoint, device.resources) == ("/Devices", 1)


def test_loads_at_once_follow_each_other_and_none_is_lost(app: Flask, tenant: Tenant) -> None:
    barrier = threading.Barrier(2)

    def load(*documents: dict[str, Any]) -> None:
        with app.app_context():
            barrier.wait()
            _load(tenant, {"x.json": list(documents)})

    people = threading.Thread(target=load, args=(badge_schema(), user_type()))
    groups = threading.Thread(target=load, args=(budget_schema(), group_type()))
    for thread in (people, groups):
        thread.start()
    for thread in (people, groups):
        thread.join()
    with reading() as connection:
        listed = [found.name for found in schema_loading.listed(connection, tenant.id)]
        version = connection.scalar(select(LoadedSchemas.version).where(LoadedSchemas.tenant_id == tenant.id))
    assert (listed, version) == ([BADGE, BUDGET, "Group", "User"], 2)


# ------------------------------------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, ("Nothing to load",)),
        ({"x.json": {"name": "Device"}}, ("x.json", "neither")),
        ({"x.json": 5}, ("x.json", "neither")),
        ({"x.json": [place_schema(), {**device_schema(), "id": "Device"}]}, ("x.json[1]", "URN")),
        ({"x.json": {**device_schema(), "id": "urn:example:a,b"}}, ("x.json", "URN")),
        ({"x.json": {**device_schema(), "id": 'urn:example:a"b'}}, ("x.json", "URN")),
        ({"x.json": {"Resources": [_changed(device_schema(), "ports", type="number")]}},
         ("x.json: Resources[0]", DEVICE, "ports", "decimal")),
        ({"x.json": _changed(device_schema(), "unlockCode", returned="default")}, ("unlockCode", "writeOnly")),
        ({"x.json": _changed(device_schema(), "unlockCode", uniqueness="server")}, ("unlockCode", "unique")),
        ({"x.json": _changed(device_schema(), "support", uniqueness="server")}, ("support", "uniqueness")),
        ({"x.json": _changed(device_schema(), "notes", description="a\0b")}, ("x.json", "NUL")),
        ({"a.json": device_schema(), "b.json": [device_schema()]}, ("b.json[0]", "twice", "a.json")),
        ({"x.json": {**device_schema(), "id": USER}}, ("x.json", USER, "standard")),
        ({"x.json": {**device_schema(), "id": ENTERPRISE.upper()}}, ("standard",)),
        ({"x.json": {**device_schema(), "id": "urn:ietf:params:scim:schemas:core:2.0:Schema"}}, ("standard",)),
        ({"x.json": {**device_schema(), "id": "urn:ietf:params:scim:api:messages:2.0:PatchOp"}}, ("standard",)),
        ({"x.json": device_type()}, ("Device", DEVICE, "Load its schema document")),
        *(
            ({"s.json": [device_schema(), place_schema()], "t.json": {**device_type(), "endpoint": endpoint}},
             (endpoint,))
            for endpoint in ("/Users", "/groups", "/Me", "/Bulk", "/Schemas", "/ResourceTypes",
                             "/serviceProviderConfig", "/.search", "/Devices/small")
        ),
        ({"x.json": [device_schema(), place_schema(), {**device_type(), "name": "Schema"}]}, ("Schema", "discovery")),
        ({"x.json": [device_schema(), place_schema(), {**device_type(), "name": "D" * 41}]}, ("40",)),
        ({"x.json": {**device_type(), "name": "Contractor", "schema": USER, "schemaExtensions": []}},
         ("Contractor", USER, "built-in")),
        ({"x.json": [badge_schema(), {**user_type(), "endpoint": "/People"}]}, ("User", "built in", "/Users")),
        ({"x.json": [badge_schema(), device_schema(), place_schema(), {**user_type(), "schema": DEVICE}]},
         ("User", "built in")),
        ({"x.json": [badge_schema(), {**user_type(), "schemaExtensions": [{"schema": BADGE}] * 2}]}, ("twice",)),
        ({"x.json": [{**device_schema(), "attributes": [{"name": "ID", "type": "string"}]}, place_schema(),
                     device_type()]}, ("ID", "3.1")),
        ({"x.json": [{**badge_schema(), "id": BADGE + "x" * 200}, {**user_type(), "schemaExtensions": [
            {"schema": BADGE + "x" * 200}]}]}, ("200 characters",)),
    ],
)  # fmt: skip
def test_a_document_that_cannot_be_kept_is_refused_with_its_place(
    tenant: Tenant, files: dict[str, Any], words: tuple[str, ...]
) -> None:
    _refused(tenant, files, *words)


def test_one_bad_document_keeps_all_of_them_out(tenant: Tenant) -> None:
    _refused(tenant, {**everything(), "bad.json": {"id": "urn:x:y", "attributes": []}}, "bad.json")
    with reading() as connection:
        assert schema_loading.listed(connection, tenant.id) == []


# ---------------------------------------------------------------------------------------- what is stored is safe

CHANGES = [
    ("ports", {"type": "decimal"}, "type of ports would change from integer to decimal"),
    ("tags", {"multiValued": False}, "multiValued of tags would change from true to false"),
    ("displayName", {"caseExact": True}, "caseExact of displayName would change from false to true"),
    ("displayName", {"returned": "request"}, "returned of displayName would change from default to request"),
    ("displayName", {"uniqueness": "server"}, "uniqueness of displayName would change from none to server"),
    ("displayName", {"mutability": "readOnly"}, "mutability of displayName would change"),
    ("displayName", {"name": "displayname"}, "name of displayName would change"),
    ("unlockCode", {"returned": "default", "mutability": "readWrite"}, "of unlockCode would change"),
    ("support", {"subAttributes": [{"name": "plan", "type": "string"}]}, "support.until would be removed"),
]
FULL: dict[str, Any] = {
    "displayName": "Router",
    "ports": 4,
    "tags": ["a"],
    "support": {"plan": "gold"},
    PLACE: {"building": "B"},
}


@pytest.mark.parametrize(("attribute", "characteristics", "change"), CHANGES)
def test_a_change_that_stored_values_do_not_survive_is_refused(
    tenant: Tenant, attribute: str, characteristics: dict[str, Any], change: str
) -> None:
    _load(tenant, everything())
    _make(tenant, "Device", _device(**FULL), secrets={"unlockCode": "0000"})
    _refused(tenant, {"x.json": _changed(device_schema(), attribute, **characteristics)}, "Device", change)


@pytest.mark.parametrize(("attribute", "characteristics", "change"), CHANGES)
def test_the_same_change_is_free_where_no_resource_has_a_value(
    tenant: Tenant, attribute: str, characteristics: dict[str, Any], change: str
) -> None:
    _load(tenant, everything())
    _make(tenant, "Device", _device())
    assert _load(tenant, {"x.json": _changed(device_schema(), attribute, **characteristics)}).version == 2


@pytest.mark.parametrize(
    "changed",
    [
        _changed(device_schema(), "displayName", description="Its name.", returned="always"),
        _changed(device_schema(), "displayName", mutability="immutable", required=True),
        _changed(device_schema(), "serialNumber", uniqueness="none", required=False),
        _changed(device_schema(), "model", canonicalValues=["tablet"]),
        {
            **device_schema(),
            "attributes": [*device_schema()["attributes"], {"name": "color", "type": "string"}],
        },
    ],
)
def test_what_stored_values_survive_may_change(tenant: Tenant, changed: dict[str, Any]) -> None:
    _load(tenant, everything())
    _make(tenant, "Device", _device(**FULL))
    assert _load(tenant, {"x.json": changed}).version == 2


@pytest.mark.parametrize("attribute", ["displayName", "ports", "tags", "support", "unlockCode"])
def test_an_attribute_with_values_is_not_removed(tenant: Tenant, attribute: str) -> None:
    _load(tenant, everything())
    _make(tenant, "Device", _device(**FULL), secrets={"unlockCode": "0000"})
    _refused(
        tenant, {"x.json": _without(device_schema(), attribute)}, f"{attribute} would be removed", "values"
    )


def test_an_extension_with_values_is_not_taken_from_its_type(tenant: Tenant) -> None:
    _load(tenant, everything())
    device = _make(tenant, "Device", _device(**FULL))
    bare = {**device_type(), "schemaExtensions": []}
    _refused(tenant, {"x.json": bare}, f"{PLACE}:building would be removed")
    with writing() as connection:
        directory.delete(connection, tenant.id, device, ADMIN, resource_type=_type(tenant, "Device"))
    assert _load(tenant, {"x.json": bare}).version == 2


@pytest.mark.parametrize("change", [{"endpoint": "/Things"}, {"name": "device"}])
def test_a_type_with_resources_keeps_its_place(tenant: Tenant, change: dict[str, str]) -> None:
    _load(tenant, everything())
    _make(tenant, "Device", _device())
    _refused(tenant, {"x.json": {**device_type(), **change}}, "would change from", "Delete them first")


def test_resources_of_another_tenant_or_type_stand_against_nothing(tenant: Tenant) -> None:
    with writing() as connection:
        other = create_tenant(connection, "other")
    for each in (tenant, other):
        _load(each, everything())
    _make(other, "Device", _device(**FULL))
    _make(tenant, "Group", {"schemas": [GROUP], "displayName": "Router"})
    assert _load(tenant, {"x.json": _without(device_schema(), "displayName")}).version == 2


# ----------------------------------------------------------------------------------------------------- taking away


def _remove(tenant: Tenant, name: str) -> int:
    with writing() as connection:
        return schema_loading.remove(connection, tenant.id, ADMIN, name)


def test_a_type_and_then_its_schemas_are_removed(tenant: Tenant) -> None:
    _load(tenant, {"x.json": [device_schema(), place_schema(), device_type()]})
    with pytest.raises(WrongUse, match="Remove Device first"):
        _remove(tenant, PLACE)
    assert [_remove(tenant, name) for name in ("device", DEVICE, PLACE.upper())] == [2, 3, 4]
    assert schemas.schema_set(tenant.id).resource_types.keys() == {"user", "group"}
    assert schemas.user_type(tenant.id) is standard_schema_set().resource_types["user"]
    with pytest.raises(NotFoundError, match="Device"):
        _remove(tenant, "Device")


def test_a_type_with_resources_is_not_removed(tenant: Tenant) -> None:
    _load(tenant, everything())
    device = _make(tenant, "Device", _device())
    with pytest.raises(WrongUse, match="resources of it exist"):
        _remove(tenant, "Device")
    with writing() as connection:
        directory.delete(connection, tenant.id, device, ADMIN, resource_type=_type(tenant, "Device"))
    assert _remove(tenant, "Device") == 2


def test_an_extension_of_user_goes_when_nobody_has_values_in_it(tenant: Tenant) -> None:
    _load(tenant, everything())
    ada = _make(tenant, "User", {"schemas": [USER], "userName": "ada", BADGE: {"number": "7"}})
    with pytest.raises(WrongUse, match=f"{BADGE}:number would be removed"):
        _remove(tenant, "User")
    with writing() as connection:
        directory.replace(connection, tenant.id, ada, ADMIN, {"schemas": [USER], "userName": "ada"})
    assert _remove(tenant, "User") == 2
    assert schemas.user_type(tenant.id) is standard_schema_set().resource_types["user"]


def test_standard_schemas_are_not_removed(tenant: Tenant) -> None:
    for name in ("User", USER, ENTERPRISE):
        with pytest.raises(NotFoundError, match="loaded no schema"):
            _remove(tenant, name)


# ------------------------------------------------------------------------------------------------ in the directory


def test_values_of_a_loaded_extension_are_unique_per_type(tenant: Tenant) -> None:
    _load(tenant, everything())
    _make(tenant, "Device", _device(assetTag="Tag-1"))
    with pytest.raises(Uniqueness, match="assetTag"):
        _make(tenant, "Device", {**_device(assetTag="TAG-1"), "serialNumber": "S-2"})
    with pytest.raises(Uniqueness, match="serialNumber"):
        _make(tenant, "Device", _device())
    _make(tenant, "Device", {**_device(), "serialNumber": "s-1"})


def test_sources_may_make_people_without_an_extension_that_clients_must_send(tenant: Tenant) -> None:
    _load(tenant, {"x.json": [badge_schema(), user_type(required=True)]})
    ada = _make(tenant, "User", {"schemas": [USER], "userName": "ada"})
    with writing() as connection:
        written = directory.merge(connection, tenant.id, ada, Actor("source", "1"), {"title": "Countess"})
    assert written.resource.document["title"] == "Countess"


def test_a_process_that_knows_an_old_version_compiles_the_new_one(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schemas, "BELIEF_SECONDS", 0.0)
    other = schemas.TenantSchemas()
    _load(tenant, {"x.json": [badge_schema(), user_type()]})
    first = other.of(tenant.id)
    assert other.of(tenant.id) is first
    _load(tenant, {"y.json": [budget_schema(), group_type()]})
    assert other.of(tenant.id).schema(BUDGET) is not None
