"""/Groups and the groups of people, as clients use them (scim.md §1)."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from app.access.tenants import Tenant
from app.database import db
from scim.resources import GROUP, USER
from tests.web.scim.conftest import ScimCaller

PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


def _user(scim: ScimCaller, name: str, **more: Any) -> str:
    answer = scim("POST", "/Users", {"schemas": [USER], "userName": name, **more})
    assert answer.status_code == 201, answer.text
    return str(answer.json["id"])  # type: ignore[index]


def _group(scim: ScimCaller, name: str, *members: str, **more: Any) -> str:
    body = {"schemas": [GROUP], "displayName": name, "members": [{"value": each} for each in members], **more}
    answer = scim("POST", "/Groups", body)
    assert answer.status_code == 201, answer.text
    return str(answer.json["id"])  # type: ignore[index]


def _read(scim: ScimCaller, path: str) -> dict[str, Any]:
    answer = scim("GET", path)
    assert answer.status_code == 200, answer.text
    return dict(answer.json or {})


def _patch(scim: ScimCaller, group: str, *operations: dict[str, Any], query: str = "", **headers: str) -> Any:
    body = {"schemas": [PATCH_OP], "Operations": list(operations)}
    return scim("PATCH", f"/Groups/{group}{query}", body, **headers)


def _members(scim: ScimCaller, group: str) -> set[str]:
    return {each["value"] for each in _read(scim, f"/Groups/{group}").get("members", [])}


def _groups(scim: ScimCaller, user: str) -> dict[str, str]:
    return {each["display"]: each["type"] for each in _read(scim, f"/Users/{user}").get("groups", [])}


def test_members_carry_ref_type_and_display(scim: ScimCaller) -> None:
    ada, ida = _user(scim, "ada", displayName="Ada Lovelace"), _user(scim, "ida")
    inner = _group(scim, "Inner")
    group = _read(scim, f"/Groups/{_group(scim, 'Outer', ada, ida, inner)}")
    base = "http://localhost/scim/v2"
    assert sorted(group["members"], key=lambda each: each["display"]) == [
        {"value": ada, "$ref": f"{base}/Users/{ada}", "type": "User", "display": "Ada Lovelace"},
        {"value": inner, "$ref": f"{base}/Groups/{inner}", "type": "Group", "display": "Inner"},
        {"value": ida, "$ref": f"{base}/Users/{ida}", "type": "User", "display": "ida"},
    ]
    assert group["meta"]["resourceType"] == "Group"
    assert group["meta"]["location"] == f"{base}/Groups/{group['id']}"


def test_the_groups_of_a_user_are_derived_direct_and_indirect(scim: ScimCaller) -> None:
    ada = _user(scim, "ada")
    inner = _group(scim, "Inner", ada)
    outer = _group(scim, "Outer", inner)
    user = _read(scim, f"/Users/{ada}")
    base = "http://localhost/scim/v2"
    assert sorted(user["groups"], key=lambda each: each["display"]) == [
        {"value": inner, "$ref": f"{base}/Groups/{inner}", "type": "direct", "display": "Inner"},
        {"value": outer, "$ref": f"{base}/Groups/{outer}", "type": "indirect", "display": "Outer"},
    ]


def test_a_group_that_holds_somebody_both_ways_holds_them_directly(scim: ScimCaller) -> None:
    ada = _user(scim, "ada")
    inner = _group(scim, "Inner", ada)
    _group(scim, "Outer", inner, ada)
    assert _groups(scim, ada) == {"Inner": "direct", "Outer": "direct"}


def test_a_circle_of_groups_does_not_loop(scim: ScimCaller) -> None:
    ada = _user(scim, "ada")
    one = _group(scim, "One", ada)
    two = _group(scim, "Two", one)
    assert _patch(scim, one, {"op": "add", "path": "members", "value": [{"value": two}]}).status_code == 200
    assert _groups(scim, ada) == {"One": "direct", "Two": "indirect"}
    assert _patch(scim, one, {"op": "add", "path": "members", "value": [{"value": one}]}).status_code == 200
    assert _groups(scim, ada) == {"One": "direct", "Two": "indirect"}


def test_groups_of_a_user_are_read_only(scim: ScimCaller) -> None:
    group = _group(scim, "Admins")
    ada = _user(scim, "ada", groups=[{"value": group}])
    assert _groups(scim, ada) == {}
    operation = {"op": "add", "path": "groups", "value": [{"value": group}]}
    answer = scim("PATCH", f"/Users/{ada}", {"schemas": [PATCH_OP], "Operations": [operation]})
    assert (answer.status_code, answer.json["scimType"]) == (400, "mutability")  # type: ignore[index]
    assert _members(scim, group) == set()


def test_a_deleted_user_leaves_every_group_and_the_groups_change(scim: ScimCaller) -> None:
    ada, ida = _user(scim, "ada"), _user(scim, "ida")
    group = _group(scim, "All", ada, ida)
    before = _read(scim, f"/Groups/{group}")["meta"]
    assert scim("DELETE", f"/Users/{ada}").status_code == 204
    after = _read(scim, f"/Groups/{group}")["meta"]
    assert _members(scim, group) == {ida}
    assert after["version"] == 'W/"2"' != before["version"]
    assert after["lastModified"] > before["lastModified"]


def test_a_deleted_group_leaves_its_parents_and_its_members(scim: ScimCaller) -> None:
    ada = _user(scim, "ada")
    inner = _group(scim, "Inner", ada)
    outer = _group(scim, "Outer", inner)
    assert scim("DELETE", f"/Groups/{inner}").status_code == 204
    assert scim("GET", f"/Groups/{inner}").status_code == 404
    assert _members(scim, outer) == set()
    assert _groups(scim, ada) == {}


def test_adding_twice_is_one_member_and_changes_nothing(scim: ScimCaller) -> None:
    ada = _user(scim, "ada")
    group = _group(scim, "All", ada, ada)
    version = _read(scim, f"/Groups/{group}")["meta"]
    operation = {"op": "add", "path": "members", "value": [{"value": ada}, {"value": ada}]}
    assert _patch(scim, group, operation).status_code == 200
    after = _read(scim, f"/Groups/{group}")
    assert [each["value"] for each in after["members"]] == [ada]
    assert after["meta"] == version


def test_removing_an_absent_member_succeeds_and_changes_nothing(scim: ScimCaller) -> None:
    ada, ida = _user(scim, "ada"), _user(scim, "ida")
    group = _group(scim, "All", ada)
    before = _read(scim, f"/Groups/{group}")
    for operation in (
        {"op": "remove", "path": f'members[value eq "{ida}"]'},
        {"op": "Remove", "path": "members", "value": [{"value": ida}]},
    ):
        assert _patch(scim, group, operation).status_code == 200
    assert _read(scim, f"/Groups/{group}") == before


def test_entra_removes_members_with_a_value_list_and_only_those(scim: ScimCaller) -> None:
    ids = [_user(scim, name) for name in ("ada", "ida", "eva")]
    group = _group(scim, "All", *ids)
    operation = {"op": "Remove", "path": "members", "value": [{"value": ids[0]}, {"value": ids[2]}]}
    assert _patch(scim, group, operation).status_code == 200
    assert _members(scim, group) == {ids[1]}


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "remove", "path": "members"},
        {"op": "replace", "path": "members", "value": []},
        {"op": "replace", "value": {"members": []}},
        {"op": "replace", "path": "members", "value": None},
    ],
)
def test_all_members_can_be_removed_at_once(scim: ScimCaller, operation: dict[str, Any]) -> None:
    group = _group(scim, "All", _user(scim, "ada"), _user(scim, "ida"))
    assert _patch(scim, group, operation).status_code == 200
    assert _members(scim, group) == set()


def test_members_are_replaced_as_a_whole(scim: ScimCaller) -> None:
    ada, ida = _user(scim, "ada"), _user(scim, "ida")
    group = _group(scim, "All", ada)
    assert (
        _patch(scim, group, {"op": "replace", "path": "members", "value": [{"value": ida}]}).status_code
        == 200
    )
    assert _members(scim, group) == {ida}
    body = {"schemas": [GROUP], "displayName": "All", "members": [{"value": ada}]}
    assert scim("PUT", f"/Groups/{group}", body).status_code == 200
    assert _members(scim, group) == {ada}
    assert scim("PUT", f"/Groups/{group}", {"schemas": [GROUP], "displayName": "All"}).status_code == 200
    assert _members(scim, group) == set()


def test_members_can_be_removed_by_any_filter(scim: ScimCaller) -> None:
    ada, inner = _user(scim, "ada"), _group(scim, "Inner")
    group = _group(scim, "Outer", ada, inner)
    assert _patch(scim, group, {"op": "remove", "path": 'members[type eq "User"]'}).status_code == 200
    assert _members(scim, group) == {inner}


def test_a_member_that_does_not_exist_is_named_and_nothing_is_half_written(scim: ScimCaller) -> None:
    ada = _user(scim, "ada")
    group = _group(scim, "All")
    before = _read(scim, f"/Groups/{group}")
    body = {"schemas": [GROUP], "displayName": "New", "members": [{"value": ada}, {"value": "nobody"}]}
    for answer in (scim("POST", "/Groups", body), scim("PUT", f"/Groups/{group}", body)):
        error: Any = answer.json
        assert (answer.status_code, error["scimType"]) == (400, "invalidValue")
        assert "members" in error["detail"]
        assert "nobody" in error["detail"]
    assert _read(scim, f"/Groups/{group}") == before
    assert _read(scim, '/Groups?filter=displayName eq "New"')["totalResults"] == 0


def test_a_group_push_goes_on_without_a_member_that_left_unless_the_client_is_strict(
    app: Flask, tenant: Tenant, scim: ScimCaller
) -> None:
    ada = _user(scim, "ada")
    group = _group(scim, "All")
    operation = {"op": "add", "path": "members", "value": [{"value": "nobody"}, {"value": ada}]}
    assert _patch(scim, group, operation).status_code == 200
    assert _members(scim, group) == {ada}


def test_okta_renames_a_group_with_a_path_less_value_that_has_its_id(scim: ScimCaller) -> None:
    ada = _user(scim, "ada")
    group = _group(scim, "All", ada)
    value = {"id": group, "displayName": "Everybody"}
    assert _patch(scim, group, {"op": "replace", "value": value}).status_code == 200
    assert _read(scim, f"/Groups/{group}")["displayName"] == "Everybody"
    assert _members(scim, group) == {ada}


def test_group_patch_honours_excluded_attributes_and_prefer(scim: ScimCaller) -> None:
    ada = _user(scim, "ada")
    group = _group(scim, "All")
    operation = {"op": "add", "path": "members", "value": [{"value": ada}]}
    answer = _patch(scim, group, operation, query="?excludedAttributes=members")
    assert answer.status_code == 200
    assert "members" not in answer.json
    assert answer.json["displayName"] == "All"
    answer = _patch(scim, group, {"op": "remove", "path": "members"}, Prefer="return=minimal")
    assert (answer.status_code, answer.data) == (204, b"")


def _statements(action: Any) -> list[str]:
    said: list[str] = []

    def listen(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        said.append(statement)

    event.listen(db.engine, "before_cursor_execute", listen)
    try:
        action()
    finally:
        event.remove(db.engine, "before_cursor_execute", listen)
    return said


def test_excluded_members_are_never_touched(app: Flask, scim: ScimCaller) -> None:
    group = _group(scim, "All", _user(scim, "ada"))
    with app.app_context():
        for query in ("?excludedAttributes=members", "?attributes=displayName"):
            said = _statements(lambda query=query: _read(scim, f"/Groups/{group}{query}"))
            assert not any("membership" in statement for statement in said), said


def test_one_member_of_a_large_group_is_changed_without_loading_the_others(
    app: Flask, tenant: Tenant, scim: ScimCaller
) -> None:
    ids = [_user(scim, f"user{number}") for number in range(30)]
    group = _group(scim, "All", *ids[:-1])
    operation = {"op": "add", "path": "members", "value": [{"value": ids[-1]}]}
    with app.app_context():
        said = _statements(
            lambda: _patch(scim, group, operation, query="?excludedAttributes=members").status_code
        )
    touching = [statement for statement in said if "membership" in statement]
    assert touching
    for statement in touching:
        assert statement.startswith("INSERT") or re.search(r"member_id (IN|= ANY) \(", statement), statement


def test_a_large_group_is_answered_without_a_body_unless_asked(
    scim: ScimCaller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.web.scim.resources.LARGE_GROUP", 2)
    ids = [_user(scim, f"user{number}") for number in range(3)]
    group = _group(scim, "All", *ids[:2])
    assert _patch(scim, group, {"op": "replace", "path": "displayName", "value": "A"}).status_code == 200
    answer = _patch(scim, group, {"op": "add", "path": "members", "value": [{"value": ids[2]}]})
    assert (answer.status_code, answer.data) == (204, b"")
    assert answer.headers["ETag"] == 'W/"3"'
    answer = _patch(
        scim, group, {"op": "remove", "path": f'members[value eq "{ids[2]}"]'}, query="?attributes=id"
    )
    assert answer.status_code == 200
    assert _members(scim, group) == set(ids[:2])


def test_external_ids_of_groups_belong_to_their_client(scim: ScimCaller, caller: Any) -> None:
    group = _group(scim, "All", externalId="okta-1")
    other = caller("entra")
    assert _read(scim, f"/Groups/{group}")["externalId"] == "okta-1"
    assert "externalId" not in _read(other, f"/Groups/{group}")
    assert _read(scim, '/Groups?filter=externalId eq "okta-1"')["totalResults"] == 1
    assert _read(other, '/Groups?filter=externalId eq "okta-1"')["totalResults"] == 0


def test_groups_are_found_by_name_and_by_member(scim: ScimCaller) -> None:
    ada = _user(scim, "ada")
    group = _group(scim, "Engineering", ada)
    _group(scim, "Sales")
    for text in (
        'displayName eq "ENGINEERING"',
        f'members eq "{ada}"',
        f'members.value eq "{ada}"',
        f'members[value eq "{ada}" and type eq "User"]',
        f'id eq "{group}" and members.value eq "{ada}"',
    ):
        found = _read(scim, f"/Groups?filter={text}&excludedAttributes=members")
        assert [each["id"] for each in found["Resources"]] == [group], text
        assert "members" not in found["Resources"][0]


def test_people_are_found_by_their_groups(scim: ScimCaller) -> None:
    ada = _user(scim, "ada")
    _user(scim, "ida")
    inner = _group(scim, "Inner", ada)
    outer = _group(scim, "Outer", inner)
    for text in (
        f'groups.value eq "{outer}"',
        f'groups eq "{inner}"',
        'groups.display eq "outer"',
        'groups[type eq "indirect"]',
        "groups pr",
    ):
        found = _read(scim, f"/Users?filter={text}")
        assert [each["id"] for each in found["Resources"]] == [ada], text


def test_another_tenants_group_is_not_there(scim: ScimCaller, stranger: ScimCaller) -> None:
    ada = _user(scim, "ada")
    group = _group(scim, "All", ada)
    assert stranger("GET", f"/Groups/{group}").status_code == 404
    assert stranger("DELETE", f"/Groups/{group}").status_code == 404
    answer = stranger(
        "POST", "/Groups", {"schemas": [GROUP], "displayName": "Mine", "members": [{"value": ada}]}
    )
    assert (answer.status_code, answer.json["scimType"]) == (400, "invalidValue")  # type: ignore[index]


def test_the_revision_of_a_group_names_who_came_and_went(
    app: Flask, tenant: Tenant, scim: ScimCaller
) -> None:
    from app import directory
    from app.database import reading

    ada, ida = _user(scim, "ada"), _user(scim, "ida")
    group = _group(scim, "All", ada)
    assert (
        _patch(scim, group, {"op": "replace", "path": "members", "value": [{"value": ida}]}).status_code
        == 200
    )
    with app.app_context(), reading() as connection:
        newest, first = directory.revisions(connection, tenant.id, group)
    assert newest["changes"] == {"members": [[ada], [ida]]}
    assert first["changes"]["members"] == [None, [ada]]
