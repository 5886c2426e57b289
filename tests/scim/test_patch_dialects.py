"""PATCH as Entra ID and Okta send it (scim.md §1)."""

from __future__ import annotations

from typing import Any

import pytest

from scim.codec import codec_of
from scim.patch import PATCH_SCHEMA, apply_patch, parse_patch
from scim.resources import ENTERPRISE, HR, USER, group_type
from tests.scim.patching import ADA, HOME, M1, M2, MANAGER, REFERRING, WORK, after, codec, op, run, unchanged
from tests.scim.resource_types import EXTRA, extended_user_type

# --- the Entra ID dialect ---


@pytest.mark.parametrize("verb", ["Add", "ADD", "Replace", "rePLACE"])
def test_entra_verbs_come_in_any_case(verb: str) -> None:
    assert after(op(verb, "nickName", "A"))["nickName"] == "A"


def test_entra_remove_comes_capitalised() -> None:
    assert "title" not in after(op("Remove", "title"))


@pytest.mark.parametrize("value", ["False", "false", "FALSE", False])
def test_entra_sends_booleans_as_strings(value: Any) -> None:
    assert after(op("Replace", "active", value))["active"] is False
    assert after(op("Replace", None, {"active": value}))["active"] is False
    assert after(op("Replace", 'emails[type eq "work"].primary', value))["emails"][0]["primary"] is False


def test_entra_keys_of_a_path_less_value_hold_dots_urns_and_filters() -> None:
    patched = after(
        op(
            "Replace",
            None,
            {
                "name.givenName": "Augusta",
                "NAME.FAMILYNAME": "King",
                f"{USER}:title": "Analyst",
                f"{ENTERPRISE}:department": "Poetry",
                f"{ENTERPRISE}:manager.value": "m-2",
                'emails[type eq "work"].value': "augusta@example.com",
                'addresses[type eq "home"].locality': "Kirkby",
                HR: {"startDate": "2026-02-01", "fte": 0.50},
                EXTRA: {"labels": ["red"]},
            },
        )
    )
    assert patched["name"] == {"givenName": "Augusta", "familyName": "King"}
    assert patched["title"] == "Analyst"
    assert patched[ENTERPRISE] == {"department": "Poetry", "manager": {"value": "m-2"}}
    assert patched["emails"][0] == {**WORK, "value": "augusta@example.com"}
    assert patched["addresses"][1] == {"type": "home", "locality": "Kirkby"}
    assert patched[HR] == {"startDate": "2026-02-01", "fte": "0.5"}
    assert patched[EXTRA] == {"labels": ["red"], "share": 0.5}


@pytest.mark.parametrize("verb", ["Add", "Replace"])
def test_entra_add_or_replace_on_a_typed_value_without_a_match_creates_the_entry(verb: str) -> None:
    patched = after(op(verb, 'phoneNumbers[type eq "mobile"].value', "+44 1"))
    assert patched["phoneNumbers"] == [{"type": "mobile", "value": "+44 1"}]


def test_a_created_entry_keeps_the_spelling_of_the_filter() -> None:
    patched = after(op("Add", 'ims[type eq "HomeOffice"].value', "ada"))
    assert patched["ims"] == [{"type": "HomeOffice", "value": "ada"}]


def test_entra_primary_filter_creates_a_primary_entry() -> None:
    patched = after(op("Add", 'phoneNumbers[primary eq "True"].value', "1"))
    assert patched["phoneNumbers"] == [{"primary": True, "value": "1"}]


def test_entra_builds_up_a_typed_address_in_several_operations() -> None:
    patched = after(
        op("Add", 'addresses[type eq "home"].streetAddress', "2 Lane"),
        op("Add", 'addresses[type eq "home"].country', "GB"),
    )
    assert patched["addresses"][1] == {"type": "home", "streetAddress": "2 Lane", "country": "GB"}


@pytest.mark.parametrize("value", ["", None, []])
def test_an_empty_value_on_a_typed_value_removes_it_and_creates_none(value: Any) -> None:
    assert after(op("Replace", 'emails[type eq "work"].value', value))["emails"] == [HOME]
    assert unchanged(op("Replace", 'emails[type eq "other"].value', value))


def test_entra_remove_with_a_value_list_removes_only_those() -> None:
    people = {
        "schemas": [USER],
        "userName": "a",
        "emails": [{"value": f"{n}@x", "type": "other"} for n in range(4)],
    }
    patched = after(
        op("Remove", "emails", [{"value": "1@X"}, {"value": "3@x", "display": "old"}, {"value": "9@x"}]),
        document=people,
    )
    assert [email["value"] for email in patched["emails"]] == ["0@x", "2@x"]
    assert unchanged(op("Remove", "emails", []), document=people)
    assert unchanged(op("Remove", "emails", [{"value": "1@x", "type": "work"}]), document=people)
    assert unchanged(
        op("Remove", "emails", [{"nothing": "1@x"}, {"value": 7}, {"value": {}}, {}]), document=people
    )


def test_remove_with_a_value_list_of_plain_values_removes_only_those() -> None:
    assert after(op("remove", f"{EXTRA}:labels", ["Blue", "red"]))[EXTRA]["labels"] == ["green"]
    assert after(op("remove", f"{EXTRA}:labels", "Blue"))[EXTRA]["labels"] == ["green"]


def test_members_are_added_once_and_removed_by_value_list_or_filter() -> None:
    group = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "G"}
    steps = [
        op("Add", "members", [{"value": "1"}, {"value": "2"}]),
        op("Add", "members", [{"value": "2"}, {"value": "3"}]),
        op("Remove", "members", [{"value": "1"}]),
        op("remove", 'members[value eq "3"]'),
        op("remove", 'members[value eq "absent"]'),
    ]
    patch = parse_patch({"Operations": steps}, group_type())
    patched = apply_patch(group, patch, codec_of(group_type()))
    assert [member["value"] for member in patched.document["members"]] == ["2"]


@pytest.mark.parametrize("verb", ["Add", "Replace"])
@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("m-2", {"value": "m-2"}),
        ({"value": "m-2"}, {"value": "m-2"}),
        ({"value": "m-2", "$ref": M2, "displayName": "B"}, {"value": "m-2", "$ref": M2}),
        ([{"value": "m-2"}], {"value": "m-2"}),
        ({"$ref": M2}, {"value": "m-2", "$ref": M2}),
    ],
)
@pytest.mark.parametrize("document", [ADA, REFERRING])
def test_entra_manager_comes_as_a_bare_string_or_an_object(
    verb: str, value: Any, kept: dict[str, str], document: dict[str, Any]
) -> None:
    for operation in (op(verb, MANAGER, value), op(verb, None, {ENTERPRISE: {"manager": value}})):
        assert after(operation, document=document)[ENTERPRISE]["manager"] == kept


@pytest.mark.parametrize("value", ["", None, [], {"value": ""}, {"value": None}])
@pytest.mark.parametrize("document", [ADA, REFERRING])
def test_entra_manager_empty_removes_it(value: Any, document: dict[str, Any]) -> None:
    assert "manager" not in after(op("Replace", MANAGER, value), document=document).get(ENTERPRISE, {})


@pytest.mark.parametrize(
    "operation",
    [
        op("replace", MANAGER, {"value": "m-2"}),
        op("add", MANAGER, "m-2"),
        op("replace", f"{MANAGER}.value", "m-2"),
        op("replace", None, {f"{MANAGER}.value": "m-2"}),
    ],
)
def test_another_manager_takes_the_reference_of_the_one_before_away(operation: dict[str, Any]) -> None:
    assert after(operation, document=REFERRING)[ENTERPRISE]["manager"] == {"value": "m-2"}


@pytest.mark.parametrize(
    "operation",
    [
        op("replace", MANAGER, {"value": "m-1"}),
        op("add", MANAGER, "m-1"),
        op("replace", f"{MANAGER}.value", "m-1"),
        op("replace", MANAGER, {"displayName": "B"}),
    ],
)
def test_the_same_manager_keeps_the_reference(operation: dict[str, Any]) -> None:
    assert unchanged(operation, document=REFERRING)


def test_the_reference_of_a_manager_is_set_and_removed_by_itself() -> None:
    assert after(op("add", f"{MANAGER}.$ref", M1))[ENTERPRISE]["manager"] == {"value": "m-1", "$ref": M1}
    for operation in (
        op("remove", f"{MANAGER}.$ref"),
        op("replace", f"{MANAGER}.$ref", ""),
        op("replace", MANAGER, {"$ref": ""}),
        op("replace", MANAGER, {"$ref": None}),
    ):
        patched = run(operation, document=REFERRING)
        assert patched.document[ENTERPRISE] == {"manager": {"value": "m-1"}}
        assert patched.cleared == {f"{MANAGER}.$ref"}


def test_a_manager_goes_with_the_id_that_makes_it_one() -> None:
    assert ENTERPRISE not in after(op("remove", f"{MANAGER}.value"), document=REFERRING)


@pytest.mark.parametrize("schemas", [None, [], [PATCH_SCHEMA.upper()], PATCH_SCHEMA])
def test_schemas_of_the_body_may_be_absent_or_in_any_case(schemas: Any) -> None:
    body = {
        "operations": [op("replace", "title", "x")],
        **({"schemas": schemas} if schemas is not None else {}),
    }
    assert apply_patch(ADA, parse_patch(body, extended_user_type()), codec()).document["title"] == "x"


# --- the Okta dialect ---


def test_okta_deactivates_without_a_path() -> None:
    assert after(op("replace", None, {"active": False}))["active"] is False


def test_okta_path_less_id_is_ignored() -> None:
    patched = run(
        op(
            "replace",
            None,
            {
                "id": "x",
                "meta": {"version": "1"},
                "groups": [{"value": "g"}],
                "schemas": [USER],
                "displayName": "A",
            },
        )
    )
    assert patched.document == {**ADA, "displayName": "A"}
    assert patched.dropped == ()
