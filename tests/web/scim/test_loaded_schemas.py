"""Resource types and extensions that a tenant loaded, over HTTP: everything that the built-in ones can do."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from app.access.tenants import Tenant
from app.database import writing
from app.directory import schema_loading
from app.directory.listeners import Actor
from scim.resources import ENTERPRISE, GROUP, HR, USER
from tests.device_schemas import (
    BADGE,
    BUDGET,
    DEVICE,
    PLACE,
    badge_schema,
    device_schema,
    everything,
    user_type,
)
from tests.web.scim.conftest import ScimCaller

PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"

ROUTER: dict[str, Any] = {
    "serialNumber": "R-1",
    "displayName": "Router",
    "assetTag": "Tag-1",
    "model": "Laptop",
    "isManaged": True,
    "weight": 1.25,
    "ports": 8,
    "purchasedAt": "2026-03-01T10:00:00+02:00",
    "certificate": "aGVsbG8=",
    "owner": "https://example.com/Users/1",
    "manufacturer": "Acme",
    "unlockCode": "0000",
    "notes": "behind the door",
    "tags": ["Lab", "lab"],
    "support": {"plan": "gold", "until": "2027-01-01T00:00:00Z", "phone": "+1 555", "contract": "C-1"},
    "interfaces": [
        {"value": "eth0", "type": "Ethernet", "speed": 1000, "primary": True},
        {"value": "wlan0", "type": "wifi", "speed": 300, "password": "hush"},
    ],
    PLACE: {"building": "B", "floor": 2, "key": "K-9"},
}


@pytest.fixture
def scim(scim: ScimCaller, tenant: Tenant) -> ScimCaller:
    """Give a caller of a tenant that has loaded Device, and extensions of User and Group."""
    with writing() as connection:
        schema_loading.load(connection, tenant.id, Actor("admin", "1"), everything())
    return scim


def _made(scim: ScimCaller, endpoint: str = "/Devices", **body: Any) -> dict[str, Any]:
    answer = scim("POST", endpoint, body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json or {})


def _router(scim: ScimCaller, **more: Any) -> dict[str, Any]:
    return _made(scim, **{**ROUTER, **more})


def _patched(scim: ScimCaller, device: dict[str, Any], *operations: dict[str, Any]) -> Any:
    return scim("PATCH", f"/Devices/{device['id']}", {"schemas": [PATCH_OP], "Operations": list(operations)})


def _error(answer: Any, status: int, scim_type: str | None, *words: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.json["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    assert answer.json.get("scimType") == scim_type
    for word in words:
        assert word in answer.json["detail"]


# -------------------------------------------------------------------------------------------------------- discovery


def test_a_loaded_type_is_discovered_with_its_schemas(scim: ScimCaller) -> None:
    listed = {found["name"]: found for found in scim("GET", "/ResourceTypes").json["Resources"]}
    assert list(listed) == ["User", "Group", "Device"]
    device = scim("GET", "/ResourceTypes/Device").json
    assert device == listed["Device"]
    assert (device["endpoint"], device["schema"]) == ("/Devices", DEVICE)
    assert device["schemaExtensions"] == [{"schema": PLACE, "required": False}]
    extensions = [extension["schema"] for extension in listed["User"]["schemaExtensions"]]
    assert extensions == [ENTERPRISE, HR, BADGE]
    urns = {found["id"] for found in scim("GET", "/Schemas").json["Resources"]}
    assert {USER, GROUP, DEVICE, PLACE, BADGE, BUDGET} <= urns
    assert scim("GET", f"/Schemas/{DEVICE}").json["attributes"] == device_schema()["attributes"]


def test_another_tenant_has_none_of_it(scim: ScimCaller, stranger: ScimCaller) -> None:
    device = _router(scim)
    for path in ("/Devices", f"/Devices/{device['id']}", "/ResourceTypes/Device", f"/Schemas/{BADGE}"):
        _error(stranger("GET", path), 404, None)
    _error(stranger("POST", "/Devices", ROUTER), 404, None)
    user = _made(stranger, "/Users", userName="ada", **{BADGE: {"number": "7"}})
    assert user["schemas"] == [USER]
    assert BADGE not in user


# -------------------------------------------------------------------------------------------- create, read, replace


def test_a_created_resource_is_answered_and_read_in_full(scim: ScimCaller) -> None:
    answer = scim("POST", "/Devices", {"externalId": "x1", **ROUTER})
    device = answer.json
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == device["meta"]["location"]
    assert device["meta"]["location"] == f"http://localhost/scim/v2/Devices/{device['id']}"
    assert (device["meta"]["resourceType"], device["meta"]["version"]) == ("Device", 'W/"1"')
    assert device["schemas"] == [DEVICE, PLACE]
    assert device["externalId"] == "x1"
    assert (device["model"], device["interfaces"][0]["type"]) == ("laptop", "ethernet")
    shown = {name: value for name, value in ROUTER.items() if name not in ("unlockCode", "notes", "model")}
    shown[PLACE] = {"building": "B", "floor": 2}
    shown["support"] = {"plan": "gold", "until": "2027-01-01T00:00:00Z", "phone": "+1 555"}
    shown["interfaces"] = [
        {"value": "eth0", "type": "ethernet", "speed": 1000, "primary": True},
        {"value": "wlan0", "type": "wifi", "speed": 300},
    ]
    assert {name: device[name] for name in shown} == shown
    assert scim("GET", f"/Devices/{device['id']}").json == device


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"serialNumber": None}, "serialNumber"),
        ({"isManaged": "perhaps"}, "isManaged"),
        ({"weight": "heavy"}, "weight"),
        ({"ports": 1.5}, "ports"),
        ({"purchasedAt": "yesterday"}, "purchasedAt"),
        ({"certificate": "?"}, "certificate"),
        ({"owner": "not a uri"}, "owner"),
        ({"tags": "Lab"}, "tags"),
        ({"tags": ["Lab", 5]}, "tags[1]"),
        ({"support": "gold"}, "support"),
        ({"support": {"until": "never"}}, "support.until"),
        ({"interfaces": [{"type": "wifi", "speed": 1}]}, "interfaces[0].value"),
        ({"interfaces": [{"value": "a", "primary": True}, {"value": "b", "primary": True}]}, "interfaces"),
        ({PLACE: {"floor": 1}}, f"{PLACE}:building"),
        ({PLACE: {"building": "B", "floor": "top"}}, f"{PLACE}:floor"),
        ({"schemas": [USER]}, "schemas"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_the_name_of_its_attribute(
    scim: ScimCaller, body: dict[str, Any], place: str
) -> None:
    _error(scim("POST", "/Devices", {**ROUTER, **body}), 400, "invalidValue", place)


def test_what_is_never_returned_cannot_be_seen_asked_for_or_probed(scim: ScimCaller) -> None:
    device = _router(scim)
    for query in ("", "?attributes=unlockCode", f"?attributes={DEVICE}:unlockCode"):
        assert "unlockCode" not in scim("GET", f"/Devices/{device['id']}{query}").json
    _error(
        scim("GET", "/Devices?filter=" + quote('unlockCode eq "0000"')), 400, "invalidFilter", "unlockCode"
    )
    _error(scim("GET", "/Devices?sortBy=unlockCode"), 400, "invalidFilter", "unlockCode")
    again = _patched(scim, device, {"op": "replace", "path": "unlockCode", "value": "1111"})
    assert "1111" not in again.text
    assert again.json["meta"]["version"] == 'W/"2"'


def test_what_is_returned_on_request_comes_only_when_asked_for(scim: ScimCaller) -> None:
    device = _router(scim)
    path = f"/Devices/{device['id']}"
    assert "notes" not in device
    assert scim("GET", f"{path}?attributes=notes").json["notes"] == ROUTER["notes"]
    assert scim("GET", f"{path}?attributes={PLACE}:key").json[PLACE] == {"key": "K-9"}
    assert scim("GET", f"{path}?attributes={PLACE}").json[PLACE] == {"building": "B", "floor": 2}
    part = scim("GET", f"{path}?attributes=support.contract,interfaces.password").json
    assert part["support"] == {"contract": "C-1", "phone": "+1 555"}
    assert part["interfaces"] == [{"password": "hush"}]
    assert "contract" not in scim("GET", f"{path}?excludedAttributes=ports").json["support"]
    assert "contract" not in scim("GET", f"{path}?attributes=support").json["support"]
    listed = scim("GET", "/Devices?attributes=notes,displayName").json["Resources"][0]
    assert (listed["notes"], listed["displayName"]) == (ROUTER["notes"], "Router")
    assert listed["serialNumber"] == "R-1", "returned always"


def test_a_write_answers_what_its_request_asks_for(scim: ScimCaller) -> None:
    device = scim("POST", "/Devices?attributes=notes", ROUTER).json
    assert device["notes"] == ROUTER["notes"]
    assert "displayName" not in device
    put = scim("PUT", f"/Devices/{device['id']}?attributes=notes", {**ROUTER, "notes": "in the cellar"})
    assert put.json["notes"] == "in the cellar"


def test_what_is_always_returned_is_not_excluded(scim: ScimCaller) -> None:
    device = _router(scim)
    path = f"/Devices/{device['id']}"
    assert scim("GET", f"{path}?excludedAttributes=serialNumber,ports").json["serialNumber"] == "R-1"
    assert "ports" not in scim("GET", f"{path}?excludedAttributes=serialNumber,ports").json
    assert scim("GET", f"{path}?attributes=support.plan").json["support"] == {
        "plan": "gold",
        "phone": "+1 555",
    }


def test_a_replaced_resource_holds_what_the_request_says(scim: ScimCaller) -> None:
    device = _router(scim)
    path = f"/Devices/{device['id']}"
    answer = scim("PUT", path, {"serialNumber": "R-2", "manufacturer": "Acme", "tags": ["x"]})
    assert answer.status_code == 200, answer.text
    said = {name for name in answer.json if name not in ("id", "meta", "schemas")}
    assert said == {"serialNumber", "manufacturer", "tags"}
    assert scim("GET", f"{path}?attributes=notes").json["notes"] == ROUTER["notes"], "a PUT cannot know it"
    _error(scim("PUT", path, {"displayName": "x"}), 400, "invalidValue", "serialNumber")


def test_a_deleted_resource_is_gone_and_its_unique_values_are_free(scim: ScimCaller) -> None:
    device = _router(scim)
    assert scim("DELETE", f"/Devices/{device['id']}").status_code == 204
    _error(scim("GET", f"/Devices/{device['id']}"), 404, None, "Device")
    assert _router(scim)["id"] != device["id"]


def test_a_resource_of_one_type_is_not_found_under_another(scim: ScimCaller) -> None:
    device = _router(scim)
    for endpoint in ("Users", "Groups", "devices"):
        _error(scim("GET", f"/{endpoint}/{device['id']}"), 404, None)


# ---------------------------------------------------------------------------------------- uniqueness and mutability


def test_a_unique_value_is_taken_once(scim: ScimCaller) -> None:
    device = _router(scim)
    other = _made(scim, serialNumber="r-1", assetTag="Tag-2")
    conflict = {"serialNumber": "R-9", "assetTag": "TAG-1"}
    _error(scim("POST", "/Devices", conflict), 409, "uniqueness", "assetTag")
    _error(scim("POST", "/Devices", {"serialNumber": "R-1"}), 409, "uniqueness", "serialNumber")
    _error(scim("PUT", f"/Devices/{other['id']}", conflict), 409, "uniqueness", "assetTag")
    _error(_patched(scim, other, {"op": "replace", "path": "assetTag", "value": "tag-1"}), 409, "uniqueness")
    assert _patched(scim, device, {"op": "remove", "path": "assetTag"}).status_code == 200
    assert _patched(scim, other, {"op": "replace", "path": "assetTag", "value": "tag-1"}).status_code == 200


def test_a_unique_value_of_an_extension_is_taken_once(scim: ScimCaller) -> None:
    _made(scim, "/Users", userName="ada", **{BADGE: {"number": "A7"}})
    second = {"userName": "grace", BADGE: {"number": "a7"}}
    _error(scim("POST", "/Users", second), 409, "uniqueness", f"{BADGE}:number")


@pytest.mark.parametrize("value", ["Other", None])
def test_an_immutable_value_stays_as_it_was_first_set(scim: ScimCaller, value: str | None) -> None:
    device = _router(scim)
    path = f"/Devices/{device['id']}"
    operation = {"op": "replace", "path": "manufacturer", "value": "Other"}
    _error(_patched(scim, device, operation), 400, "mutability", "manufacturer")
    _error(scim("PUT", path, {**ROUTER, "manufacturer": value}), 400, "mutability", "manufacturer")
    assert scim("GET", path).json["manufacturer"] == "Acme"


def test_an_immutable_sub_attribute_stays_while_its_attribute_does(scim: ScimCaller) -> None:
    device = _router(scim)
    added = _patched(scim, device, {"op": "add", "path": "support.vendor", "value": "Acme"})
    assert added.json["support"]["vendor"] == "Acme"
    operation = {"op": "replace", "path": "support.vendor", "value": "Other"}
    _error(_patched(scim, device, operation), 400, "mutability", "support.vendor")
    changed = {**ROUTER, "support": {"plan": "gold", "vendor": "Other"}}
    _error(scim("PUT", f"/Devices/{device['id']}", changed), 400, "mutability", "support.vendor")
    assert _patched(scim, device, {"op": "remove", "path": "support"}).status_code == 200


def test_an_immutable_value_may_be_set_later_and_left_out_of_a_put(scim: ScimCaller) -> None:
    device = _made(scim, serialNumber="R-1")
    added = _patched(scim, device, {"op": "add", "path": "manufacturer", "value": "Acme"})
    assert added.json["manufacturer"] == "Acme"
    answer = scim("PUT", f"/Devices/{device['id']}", {"serialNumber": "R-1"})
    assert answer.json["manufacturer"] == "Acme"


def test_a_read_only_value_is_ignored_in_a_body_and_refused_as_a_path(scim: ScimCaller) -> None:
    device = _router(scim, firmware="1.0")
    assert "firmware" not in device
    _error(
        _patched(scim, device, {"op": "add", "path": "firmware", "value": "2"}), 400, "mutability", "firmware"
    )
    _error(
        _patched(scim, device, {"op": "remove", "path": "serialNumber"}), 400, "mutability", "serialNumber"
    )


# ------------------------------------------------------------------------------------------------------------ PATCH


def test_patch_changes_values_of_every_kind(scim: ScimCaller) -> None:
    device = _router(scim)
    answer = _patched(
        scim,
        device,
        {"op": "Replace", "path": "PORTS", "value": 16},
        {"op": "add", "path": "tags", "value": ["Lab", "Desk"]},
        {"op": "replace", "path": "support.plan", "value": "silver"},
        {"op": "replace", "path": 'interfaces[type eq "wifi"].speed', "value": 866},
        {"op": "add", "path": 'interfaces[value eq "wlan0"].primary', "value": True},
        {"op": "remove", "path": "purchasedAt"},
        {"op": "add", "value": {"isManaged": "False", f"{PLACE}:floor": 3, "weight": 2}},
    )
    assert answer.status_code == 200, answer.text
    changed = answer.json
    assert (changed["ports"], changed["isManaged"], changed["weight"]) == (16, False, 2)
    assert changed["tags"] == ["Lab", "lab", "Desk"]
    assert changed["support"] == {"plan": "silver", "until": "2027-01-01T00:00:00Z", "phone": "+1 555"}
    first, second = changed["interfaces"]
    assert (first.get("primary", False), second["primary"], second["speed"]) == (False, True, 866)
    assert "purchasedAt" not in changed
    assert changed[PLACE] == {"building": "B", "floor": 3}
    path = f"/Devices/{device['id']}"
    assert scim("GET", path).json == changed
    assert scim("GET", f"{path}?attributes=support.contract").json["support"]["contract"] == "C-1"


def test_patch_refuses_what_the_schema_does_not_know(scim: ScimCaller) -> None:
    device = _router(scim)
    for path in ("userName", "support.nope", f"{BADGE}:number"):
        _error(_patched(scim, device, {"op": "add", "path": path, "value": "x"}), 400, "invalidPath")
    _error(_patched(scim, device, {"op": "add", "path": "ports", "value": "x"}), 400, "invalidValue", "ports")
    assert _patched(scim, device, {"op": "add", "path": "ports", "value": 8}).json["meta"] == device["meta"]


# --------------------------------------------------------------------------------------------------- filter and sort


@pytest.mark.parametrize(
    ("text", "serials"),
    [
        ('serialNumber eq "R-1"', ["R-1"]),
        ('serialNumber eq "r-1"', []),
        ('displayName eq "ROUTER"', ["R-1"]),
        ('assetTag sw "TAG"', ["R-1", "S-1"]),
        ("isManaged eq true", ["R-1"]),
        ("isManaged ne true", ["S-1", "T-1"]),
        ("weight gt 1.2", ["R-1"]),
        ("ports ge 24 or ports lt 9", ["R-1", "S-1"]),
        ('purchasedAt eq "2026-03-01T08:00:00Z"', ["R-1"]),
        ('certificate eq "aGVsbG8="', ["R-1"]),
        ('owner co "/Users/"', ["R-1"]),
        ('tags eq "lab"', ["R-1"]),
        ('tags eq "LAB"', []),
        ("notes pr", ["R-1"]),
        ('support.plan eq "Gold"', ["R-1"]),
        ('interfaces[type eq "WIFI" and speed gt 100]', ["R-1"]),
        ('interfaces.value eq "eth0"', ["R-1", "S-1"]),
        ('interfaces.value eq "ETH0"', []),
        (f'{PLACE}:building eq "b" and {PLACE}:floor le 2', ["R-1"]),
        (f"not ({PLACE}:building pr)", ["S-1", "T-1"]),
        ('meta.resourceType eq "Device"', ["R-1", "S-1", "T-1"]),
        (f'schemas eq "{PLACE}"', ["R-1"]),
    ],
)
def test_a_filter_lists_what_it_fits(scim: ScimCaller, text: str, serials: list[str]) -> None:
    _router(scim)
    _made(
        scim, serialNumber="S-1", assetTag="tag-2", ports=24, isManaged=False, interfaces=[{"value": "eth0"}]
    )
    _made(scim, serialNumber="T-1")
    answer = scim("GET", "/Devices?filter=" + quote(text))
    assert answer.status_code == 200, answer.text
    assert [device["serialNumber"] for device in answer.json["Resources"]] == serials
    assert answer.json["totalResults"] == len(serials)


def test_a_filter_on_what_the_schema_does_not_know_is_refused(scim: ScimCaller) -> None:
    _error(scim("GET", "/Devices?filter=" + quote('userName eq "x"')), 400, "invalidFilter", "userName")


@pytest.mark.parametrize(
    ("sort_by", "serials"),
    [
        ("serialNumber", ["A", "a", "b"]),
        ("displayName", ["b", "A", "a"]),
        ("ports", ["a", "b", "A"]),
        ("interfaces.value", ["b", "a", "A"]),
        (f"{PLACE}:building", ["A", "b", "a"]),
    ],
)
def test_a_list_is_sorted_by_any_attribute(scim: ScimCaller, sort_by: str, serials: list[str]) -> None:
    _made(scim, serialNumber="b", displayName="alpha", ports=9, interfaces=[{"value": "eth0"}],
          **{PLACE: {"building": "Z"}})  # fmt: skip
    _made(scim, serialNumber="A", displayName="Beta", ports=10, **{PLACE: {"building": "y"}})
    _made(scim, serialNumber="a", displayName="gamma", ports=-1,
          interfaces=[{"value": "aaa"}, {"value": "eth1", "primary": True}])  # fmt: skip
    for order in ("ascending", "descending"):
        answer = scim("GET", f"/Devices?sortBy={sort_by}&sortOrder={order}")
        assert answer.status_code == 200, answer.text
        found = [device["serialNumber"] for device in answer.json["Resources"]]
        assert found == (serials if order == "ascending" else serials[::-1])


def test_a_list_is_paged_by_index_and_by_cursor(scim: ScimCaller) -> None:
    made = [_made(scim, serialNumber=str(number))["id"] for number in range(5)]
    pages = [scim("GET", f"/Devices?startIndex={start}&count=2").json for start in (1, 3, 5)]
    assert [page["totalResults"] for page in pages] == [5, 5, 5]
    assert [device["id"] for page in pages for device in page["Resources"]] == made
    cursor, found = "", []
    while cursor is not None:
        page = scim("GET", f"/Devices?cursor={quote(cursor)}&count=2").json
        found += [device["id"] for device in page["Resources"]]
        cursor = page.get("nextCursor")
    assert found == made


def test_a_search_by_post_finds_loaded_types_at_their_endpoint_and_at_the_root(scim: ScimCaller) -> None:
    device = _router(scim)
    user = _made(scim, "/Users", userName="router", displayName="Router")
    request = {"schemas": [SEARCH], "filter": 'displayName eq "router"', "attributes": ["displayName"]}
    at_endpoint = scim("POST", "/Devices/.search", request).json
    assert [found["id"] for found in at_endpoint["Resources"]] == [device["id"]]
    everywhere = scim("POST", "/.search", request).json
    assert {found["id"] for found in everywhere["Resources"]} == {device["id"], user["id"]}
    only = scim("POST", "/.search", {"schemas": [SEARCH], "filter": 'serialNumber eq "R-1"'}).json
    assert [found["id"] for found in only["Resources"]] == [device["id"]]


def test_names_that_mean_something_in_a_user_mean_nothing_in_another_type(
    scim: ScimCaller, tenant: Tenant
) -> None:
    attributes = [
        {"name": "active", "type": "boolean"},
        {"name": "userName", "type": "integer"},
        {"name": "displayName", "type": "string", "caseExact": True},
        {"name": "emails", "type": "string"},
        {"name": "members", "type": "string", "multiValued": True},
        {"name": "groups", "type": "complex", "subAttributes": [{"name": "value", "type": "integer"}]},
        {"name": "password", "type": "string", "mutability": "writeOnly", "returned": "never"},
    ]
    files = {
        "schema": {"id": "urn:example:2.0:Robot", "attributes": attributes},
        "type": {"name": "Robot", "endpoint": "/Robots", "schema": "urn:example:2.0:Robot"},
    }
    with writing() as connection:
        schema_loading.load(connection, tenant.id, Actor("admin", "1"), files)
    body = {"userName": 5, "displayName": "Rob", "emails": "none", "members": ["a"], "groups": {"value": 3}}
    robot = _made(scim, "/Robots", active=False, password="beep", **body)
    path = f"/Robots/{robot['id']}"
    assert {name: robot[name] for name in body} == body
    for text, number in (
        ('displayName eq "Rob"', 1),
        ('displayName eq "rob"', 0),
        ("userName gt 4", 1),
        ('emails sw "NO"', 1),
        ('members eq "A"', 1),
        ("groups.value eq 3 and active eq false", 1),
    ):
        found = scim("GET", "/Robots?filter=" + quote(text)).json
        assert (text, found["totalResults"]) == (text, number)
    for name in body:
        assert scim("GET", f"/Robots?sortBy={name}").status_code == 200, name
    assert "active" not in scim("PUT", path, body).json, "a PUT says all there is"
    versions = [
        scim("PUT", path, {**body, "password": password}).json["meta"]["version"]
        for password in ("boop", "boop", None)
    ]
    assert versions == ['W/"3"', 'W/"3"', 'W/"4"']


# ---------------------------------------------------------------------------------------- extensions of User and Group


def test_an_extension_of_user_is_kept_beside_the_standard_ones(scim: ScimCaller) -> None:
    extensions = {ENTERPRISE: {"department": "R"}, BADGE: {"number": "7", "doors": ["A", "a"], "pin": "1"}}
    user = _made(scim, "/Users", userName="ada", **extensions)
    assert user["schemas"] == [USER, ENTERPRISE, BADGE]
    assert user[BADGE] == {"number": "7", "doors": ["A"]}
    operations = [{"op": "add", "path": f"{BADGE}:doors", "value": ["B"]}]
    answer = scim("PATCH", f"/Users/{user['id']}", {"schemas": [PATCH_OP], "Operations": operations})
    assert answer.json[BADGE]["doors"] == ["A", "B"]
    found = scim("GET", "/Users?filter=" + quote(f'{BADGE}:doors eq "b"')).json
    assert [each["id"] for each in found["Resources"]] == [user["id"]]


def test_an_extension_of_group_leaves_its_members_alone(scim: ScimCaller) -> None:
    user = _made(scim, "/Users", userName="ada")
    budget = {"costCenter": "C-1", "amount": 10.5}
    group = _made(scim, "/Groups", displayName="Lab", members=[{"value": user["id"]}], **{BUDGET: budget})
    assert (group["schemas"], group[BUDGET]) == ([GROUP, BUDGET], budget)
    operations = [{"op": "replace", "path": f"{BUDGET}:amount", "value": 11}]
    answer = scim("PATCH", f"/Groups/{group['id']}", {"schemas": [PATCH_OP], "Operations": operations})
    assert answer.json[BUDGET] == {"costCenter": "C-1", "amount": 11}
    assert [member["value"] for member in answer.json["members"]] == [user["id"]]
    found = scim("GET", "/Groups?filter=" + quote(f"{BUDGET}:amount gt 10.9")).json
    assert [each["id"] for each in found["Resources"]] == [group["id"]]


def test_a_required_extension_binds_new_users_and_not_the_patches_of_old_ones(
    scim: ScimCaller, tenant: Tenant
) -> None:
    old = _made(scim, "/Users", userName="old")
    with writing() as connection:
        files = {"x.json": [badge_schema(), user_type(required=True)]}
        schema_loading.load(connection, tenant.id, Actor("admin", "1"), files)
    _error(scim("POST", "/Users", {"userName": "new"}), 400, "invalidValue", BADGE)
    _made(scim, "/Users", userName="new", **{BADGE: {"number": "1"}})
    operations = [{"op": "replace", "path": "active", "value": False}]
    answer = scim("PATCH", f"/Users/{old['id']}", {"schemas": [PATCH_OP], "Operations": operations})
    assert (answer.status_code, answer.json["active"]) == (200, False)
