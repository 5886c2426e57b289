"""PATCH: RFC 7644 §3.5.2, and the dialects of scim.md §1 and §2."""

from __future__ import annotations

import copy
import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scim.codec import Codec, codec_of
from scim.errors import (
    InvalidFilter,
    InvalidPath,
    InvalidSyntax,
    InvalidValue,
    Mutability,
    NoTarget,
    PayloadTooLarge,
    ScimError,
)
from scim.patch import PATCH_SCHEMA, Patched, apply_patch, parse_patch
from scim.resources import ENTERPRISE, HR, USER, group_type
from scim.schema import ResourceType, SchemaSet
from tests.scim.resource_types import EXTRA, extended_user_type

WORK = {"value": "ada@example.com", "type": "work", "primary": True}
HOME = {"value": "ada@home.org", "type": "home"}
ADA: dict[str, Any] = {
    "schemas": [USER, ENTERPRISE, HR, EXTRA],
    "userName": "ada",
    "name": {"givenName": "Ada", "familyName": "Lovelace"},
    "title": "Countess",
    "active": True,
    "emails": [WORK, HOME],
    "addresses": [{"type": "work", "locality": "London", "streetAddress": "1 Square"}],
    ENTERPRISE: {"department": "Engines", "manager": {"value": "m-1"}},
    HR: {"startDate": "2026-01-05"},
    EXTRA: {"labels": ["blue", "green"], "share": 0.5},
}
MANAGER = f"{ENTERPRISE}:manager"
M1, M2 = "https://x/v2/Users/m-1", "https://x/v2/Users/m-2"
REFERRING = {**ADA, ENTERPRISE: {"manager": {"value": "m-1", "$ref": M1}}}


def codec() -> Codec:
    return codec_of(extended_user_type())


def run(*operations: dict[str, Any], document: dict[str, Any] = ADA, most: int = 100) -> Patched:
    """Apply operations as they come in a body; the document stays as it was and comes out canonical."""
    before = copy.deepcopy(document)
    patch = parse_patch(
        {"schemas": [PATCH_SCHEMA], "Operations": list(operations)}, extended_user_type(), most=most
    )
    patched = apply_patch(document, patch, codec())
    assert document == before
    assert codec().check(patched.document).document == patched.document
    assert patched.changed is (patched.document != before)
    return patched


def after(*operations: dict[str, Any], document: dict[str, Any] = ADA) -> dict[str, Any]:
    return run(*operations, document=document).document


def op(verb: str, path: str | None = None, *value: Any) -> dict[str, Any]:
    return {
        "op": verb,
        **({"path": path} if path is not None else {}),
        **({"value": value[0]} if value else {}),
    }


def unchanged(*operations: dict[str, Any], document: dict[str, Any] = ADA) -> bool:
    return not run(*operations, document=document).changed


# --- §3.5.2.1 add ---


def test_add_without_a_path_adds_a_set_of_attributes() -> None:
    patched = after(op("add", None, {"emails": [{"value": "a@x", "type": "other"}], "nickname": "Babs"}))
    assert patched["emails"] == [WORK, HOME, {"value": "a@x", "type": "other"}]
    assert patched["nickName"] == "Babs"


def test_add_of_an_attribute_that_does_not_exist_adds_it() -> None:
    assert after(op("add", "displayName", "Ada L"))["displayName"] == "Ada L"


def test_add_of_a_single_valued_attribute_replaces_its_value() -> None:
    assert after(op("add", "title", "Analyst"))["title"] == "Analyst"


def test_add_of_a_complex_attribute_keeps_the_sub_attributes_that_are_not_named() -> None:
    patched = after(op("add", "name", {"MIDDLENAME": "King", "familyName": "Byron"}))
    assert patched["name"] == {"givenName": "Ada", "middleName": "King", "familyName": "Byron"}


def test_add_of_a_value_that_is_there_changes_nothing() -> None:
    assert unchanged(
        op("add", "emails", [HOME]), op("add", "title", "Countess"), op("add", f"{EXTRA}:labels", "blue")
    )


def test_adding_with_an_extension_urn_adds_it_to_schemas() -> None:
    patched = after(
        op("add", f"{ENTERPRISE}:employeeNumber", "7"), document={"schemas": [USER], "userName": "ada"}
    )
    assert patched == {"schemas": [USER, ENTERPRISE], "userName": "ada", ENTERPRISE: {"employeeNumber": "7"}}


# --- §3.5.2.2 remove ---


def test_remove_without_a_path_is_no_target() -> None:
    with pytest.raises(NoTarget):
        run(op("remove"))


def test_remove_of_a_single_value_unassigns_it() -> None:
    patched = run(op("remove", "title"), op("remove", "name.givenName"))
    assert "title" not in patched.document
    assert patched.document["name"] == {"familyName": "Lovelace"}
    assert patched.cleared == {"title", "name.givenName"}


def test_remove_of_the_last_sub_attribute_unassigns_the_parent_and_its_extension() -> None:
    patched = after(op("remove", f"{EXTRA}:labels"), op("remove", f"{EXTRA}:share"))
    assert EXTRA not in patched
    assert patched["schemas"] == [USER, ENTERPRISE, HR]


def test_remove_of_a_multi_valued_attribute_removes_all_values() -> None:
    assert "emails" not in after(op("remove", "emails"))


def test_remove_with_a_filter_removes_the_values_it_selects() -> None:
    patched = after(op("remove", 'emails[type eq "work" and value ew "example.com"]'))
    assert patched["emails"] == [HOME]


def test_remove_of_the_last_value_unassigns_the_attribute() -> None:
    patched = run(op("remove", "emails[value pr]"))
    assert "emails" not in patched.document
    assert patched.cleared == {"emails"}


def test_remove_of_a_sub_attribute_of_selected_values_keeps_the_values() -> None:
    patched = after(op("remove", 'addresses[type eq "work"].locality'))
    assert patched["addresses"] == [{"type": "work", "streetAddress": "1 Square"}]


def test_remove_of_what_makes_a_value_removes_it_whole() -> None:
    assert after(op("remove", 'emails[type eq "work"].value'))["emails"] == [HOME]
    both = (op("remove", "addresses.locality"), op("remove", "addresses.streetAddress"))
    assert "addresses" not in after(*both)


def test_remove_of_what_is_not_there_succeeds_and_changes_nothing() -> None:
    assert unchanged(
        op("remove", "nickName"),
        op("remove", "name.middleName"),
        op("remove", "phoneNumbers"),
        op("remove", 'emails[type eq "other"]'),
        op("remove", 'emails[type eq "other"].value'),
        op("remove", f"{HR}:positionCode"),
    )


@pytest.mark.parametrize(
    "operation",
    [op("remove", "userName"), op("replace", "userName", ""), op("add", None, {"userName": None})],
)
def test_a_required_attribute_cannot_be_unassigned(operation: dict[str, Any]) -> None:
    with pytest.raises(Mutability, match="userName is required"):
        run(operation)


# --- §3.5.2.3 replace ---


def test_replace_without_a_path_replaces_the_attributes_named_and_no_others() -> None:
    patched = after(op("replace", None, {"emails": [{"value": "b@x", "type": "work"}], "nickname": "Babs"}))
    assert patched["emails"] == [{"value": "b@x", "type": "work"}]
    assert (patched["nickName"], patched["title"]) == ("Babs", "Countess")


def test_replace_of_an_attribute_that_does_not_exist_adds_it() -> None:
    assert after(op("replace", "nickName", "A"))["nickName"] == "A"
    assert after(op("replace", "phoneNumbers", [{"value": "1"}]))["phoneNumbers"] == [{"value": "1"}]


def test_replace_of_a_complex_attribute_keeps_the_sub_attributes_that_are_not_named() -> None:
    assert after(op("replace", "name", {"givenName": "Augusta"}))["name"] == {
        "givenName": "Augusta",
        "familyName": "Lovelace",
    }


def test_replacing_a_filtered_value_leaves_its_siblings() -> None:
    patched = after(op("replace", 'emails[type eq "home"]', {"value": "new@home.org"}))
    assert patched["emails"] == [WORK, {"value": "new@home.org", "type": "home"}]


def test_replacing_the_whole_work_address_as_in_the_rfc() -> None:
    address = {
        "type": "work",
        "streetAddress": "911 Universal City Plaza",
        "locality": "Hollywood",
        "region": "CA",
        "postalCode": "91608",
        "country": "US",
        "primary": True,
    }
    assert after(op("replace", 'addresses[type eq "work"]', address))["addresses"] == [address]


def test_replacing_a_sub_attribute_replaces_it_in_all_matching_values() -> None:
    patched = after(op("replace", "emails[value pr].display", "Ada"))
    assert [email["display"] for email in patched["emails"]] == ["Ada", "Ada"]


@pytest.mark.parametrize(
    "operation",
    [
        op("replace", 'emails[type eq "other"]', {"value": "x@y"}),
        op("replace", 'emails[value eq "gone@x"].type', "home"),
        op("replace", 'emails[type sw "oth"].value', "x@y"),
        op("replace", "emails[not (type pr)].value", "x@y"),
        op("replace", 'emails[type eq "other" or type eq "fax"].value', "x@y"),
        op("replace", 'emails[type ne "work" and type ne "home"].value', "x@y"),
        op("replace", 'emails[type eq "other" and type eq "fax"].value', "x@y"),
        op("add", 'emails[value eq "gone@x"].display', "x"),
        op("add", 'emails[type eq "other"]', {"value": "x@y", "type": "fax"}),
        op("replace", f'{EXTRA}:labels[value eq "red"]', "pink"),
        op("add", 'emails[type eq "other"].display', "a value without value"),
        op("add", "phoneNumbers.display", "a value without value"),
    ],
)
def test_a_filter_that_selects_nothing_and_describes_no_value_is_no_target(operation: dict[str, Any]) -> None:
    with pytest.raises(NoTarget):
        run(operation)


def test_plain_values_are_replaced_and_removed_by_filter() -> None:
    assert after(op("replace", f'{EXTRA}:labels[value eq "BLUE"]', "red"))[EXTRA]["labels"] == [
        "red",
        "green",
    ]
    assert after(op("remove", f'{EXTRA}:labels[value sw "g"]'))[EXTRA]["labels"] == ["blue"]


# --- sequence, atomicity, immutability of the input ---


def test_each_operation_sees_what_the_one_before_did() -> None:
    patched = after(
        op("add", "emails", [{"value": "a@x", "type": "other"}]),
        op("replace", 'emails[type eq "other"].value', "b@x"),
        op("remove", 'emails[value eq "b@x"]'),
        op("remove", "title"),
        op("add", "title", "Analyst"),
    )
    assert patched["emails"] == [WORK, HOME]
    assert patched["title"] == "Analyst"


def test_what_is_set_again_is_not_cleared() -> None:
    patched = run(
        op("remove", "title"), op("add", "title", "x"), op("remove", "emails"), op("add", "emails", [HOME])
    )
    assert patched.cleared == frozenset()


def test_operations_that_cancel_out_change_nothing() -> None:
    assert unchanged(op("replace", "title", "x"), op("replace", "title", "Countess"))


@pytest.mark.parametrize(
    "operation",
    [
        op("replace", "title", "Countess"),
        op("replace", None, {"name": {"givenName": "Ada"}, "active": True}),
        op("replace", "emails", [HOME, WORK]),
        op("replace", 'emails[type eq "work"].value', "ada@example.com"),
        op("replace", f"{ENTERPRISE}:manager", {"value": "m-1"}),
        op("replace", f"{EXTRA}:labels", ["green", "blue"]),
    ],
)
def test_replacing_with_what_is_there_changes_nothing(operation: dict[str, Any]) -> None:
    assert unchanged(operation)


# --- primary (§3.5.2), pairs ---


@pytest.mark.parametrize(
    "operation",
    [
        op("add", "emails", [{"value": "n@x", "type": "other", "primary": True}]),
        op("replace", 'emails[type eq "home"].primary', True),
        op("replace", 'emails[type eq "home"]', {"primary": True}),
        op("add", 'emails[type eq "other" and primary eq true].value', "n@x"),
        op("add", "emails", [{"value": "ADA@home.org", "type": "home", "primary": True}]),
    ],
)
def test_a_new_primary_demotes_the_old_one(operation: dict[str, Any]) -> None:
    emails = after(operation)["emails"]
    assert emails[0] == {**WORK, "primary": False}
    assert [email.get("primary", False) for email in emails].count(True) == 1


def test_two_primaries_in_one_value_are_refused() -> None:
    two = [{"value": "a@x", "primary": True}, {"value": "b@x", "primary": True}]
    for operation in (
        op("add", "emails", two),
        op("replace", "emails", two),
        op("replace", "emails.primary", True),
    ):
        with pytest.raises(InvalidValue):
            run(operation)


def test_an_identical_type_and_value_is_stored_once() -> None:
    same = {"value": "ADA@home.org", "type": "Home", "display": "Ada"}
    emails = after(op("add", "emails", [same, same]))["emails"]
    assert emails == [WORK, {"value": "ADA@home.org", "type": "home", "display": "Ada"}]


def test_values_that_become_identical_become_one() -> None:
    document = {
        **ADA,
        "emails": [{"value": "a@x", "type": "work", "display": "A"}, {"value": "a@x", "type": "home"}],
    }
    patched = after(op("replace", 'emails[type eq "home"].type', "work"), document=document)
    assert patched["emails"] == [{"value": "a@x", "type": "work", "display": "A"}]


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


# --- decisions of scim.md §2 ---


@pytest.mark.parametrize("value", ["", None, []])
def test_empty_values_unassign(value: Any) -> None:
    patched = run(
        op("replace", "title", value), op("replace", None, {"name": {"givenName": value}, "emails": value})
    )
    assert "title" not in patched.document
    assert patched.document["name"] == {"familyName": "Lovelace"}
    assert "emails" not in patched.document
    assert patched.cleared == {"title", "name.givenName", "emails"}


@pytest.mark.parametrize("value", ["", None, []])
def test_adding_nothing_to_many_values_changes_nothing(value: Any) -> None:
    assert unchanged(op("add", "emails", value))


def test_unknown_names_in_a_path_less_value_are_dropped_and_listed() -> None:
    patched = run(
        op("add", None, {"shoeSize": 43, "urn:x:unknown": {"a": 1}, "name": {"nothing": 1}, "title": "x"})
    )
    assert patched.document == {**ADA, "title": "x"}
    assert patched.dropped == ("shoeSize", "urn:x:unknown", "name.nothing")


@pytest.mark.parametrize(
    "path", ["shoeSize", "name.nothing", "urn:x:unknown:a", 'emails[type eq "work"].nothing', ""]
)
def test_an_unknown_path_is_an_invalid_path(path: str) -> None:
    for verb in ("add", "remove", "replace"):
        with pytest.raises(InvalidPath):
            run(op(verb, path, "x"))


def test_a_wrong_filter_in_a_path_is_an_invalid_filter() -> None:
    with pytest.raises(InvalidFilter):
        run(op("replace", "emails[type gt].value", "x"))
    with pytest.raises(InvalidFilter):
        run(op("replace", None, {"emails[type gt].value": "x"}))


@pytest.mark.parametrize(
    "path",
    [
        "id",
        "meta",
        "meta.created",
        "groups",
        'groups[value eq "x"]',
        f"{HR}:sources",
        f"{HR}:tags",
        f'{HR}:tags[value eq "x"]',
        f"{ENTERPRISE}:manager.displayName",
    ],
)
@pytest.mark.parametrize("verb", ["add", "remove", "replace"])
def test_a_read_only_path_is_refused(verb: str, path: str) -> None:
    with pytest.raises(Mutability):
        run(op(verb, path, "x"))


def test_the_tags_of_a_source_survive_a_path_less_value() -> None:
    tagged = {**ADA, HR: {**ADA[HR], "tags": ["new hire"]}}
    patch = parse_patch(
        {"Operations": [op("replace", None, {HR: {"tags": ["x"], "startDate": "2026-02-01"}})]},
        extended_user_type(),
    )
    patched = apply_patch(tagged, patch, codec())
    assert patched.document[HR] == {"tags": ["new hire"], "startDate": "2026-02-01"}
    assert patched.dropped == ()


@pytest.mark.parametrize(("value", "kept"), [(0.8, "0.8"), ("0.80", "0.8"), (1, "1"), (0, "0")])
def test_a_decimal_text_takes_numbers_and_text(value: Any, kept: str) -> None:
    assert after(op("add", f"{HR}:fte", value))[HR]["fte"] == kept
    assert after(op("replace", None, {HR: {"fte": value}}))[HR]["fte"] == kept


def test_external_id_is_kept_beside_the_document() -> None:
    patched = run(op("replace", "externalId", "okta-1"))
    assert (patched.external_id, patched.document, patched.changed) == ("okta-1", ADA, False)
    assert run(op("add", None, {"EXTERNALID": "okta-2"})).external_id == "okta-2"
    removed = run(op("add", "externalId", "x"), op("remove", "externalId"))
    assert (removed.external_id, removed.cleared) == (None, {"externalId"})
    with pytest.raises(InvalidValue):
        run(op("replace", "externalId", {"a": 1}))


def test_never_returned_values_go_to_secrets_and_not_into_the_document() -> None:
    salary = {"amount": 5000, "currency": "EUR"}
    patched = run(
        op("replace", f"{HR}:salary", salary), op("add", None, {HR: {"nationalId": {"value": "123"}}})
    )
    assert patched.document == ADA
    assert patched.secrets == {f"{HR}:salary": salary, f"{HR}:nationalId": {"value": "123"}}


def test_one_part_of_a_secret_has_a_path_of_its_own() -> None:
    patched = run(op("replace", f"{HR}:salary.amount", 7.5))
    assert patched.secrets == {f"{HR}:salary.amount": 7.5}
    whole = run(op("add", f"{HR}:salary", {"currency": "EUR"}), op("add", f"{HR}:salary.amount", 1))
    assert whole.secrets == {f"{HR}:salary": {"currency": "EUR", "amount": 1}}
    less = run(
        op("add", f"{HR}:salary", {"currency": "EUR", "amount": 1}), op("remove", f"{HR}:salary.amount")
    )
    assert less.secrets == {f"{HR}:salary": {"currency": "EUR"}}


def test_a_removed_secret_is_cleared() -> None:
    patched = run(
        op("add", f"{HR}:salary.amount", 1),
        op("remove", f"{HR}:salary"),
        op("replace", f"{HR}:nationalId", None),
    )
    assert patched.secrets == {}
    assert patched.cleared == {f"{HR}:salary", f"{HR}:nationalId"}


@pytest.mark.parametrize(
    "operation",
    [
        op("replace", "password", "hunter2"),
        op("add", None, {"password": "hunter2"}),
        op("remove", "password"),
        op("replace", "password", ""),
    ],
)
def test_a_password_is_accepted_and_discarded(operation: dict[str, Any]) -> None:
    patched = run(operation)
    assert (patched.document, patched.secrets, patched.cleared) == (ADA, {}, frozenset())
    assert "hunter2" not in repr(patched)


def test_sensitive_values_on_request_are_part_of_the_document() -> None:
    assert after(op("add", f"{HR}:dateOfBirth", "1815-12-10"))[HR]["dateOfBirth"] == "1815-12-10"


def test_a_whole_extension_is_removed_by_its_urn() -> None:
    for operation in (
        op("remove", ENTERPRISE),
        op("replace", ENTERPRISE, None),
        op("replace", None, {ENTERPRISE: None}),
    ):
        patched = run(operation)
        assert ENTERPRISE not in patched.document
        assert patched.document["schemas"] == [USER, HR, EXTRA]
        assert patched.cleared == {ENTERPRISE}


def test_a_value_for_an_extension_urn_keeps_what_it_does_not_name() -> None:
    patched = after(op("replace", ENTERPRISE, {"costCenter": "c"}))
    assert patched[ENTERPRISE] == {**ADA[ENTERPRISE], "costCenter": "c"}


def test_values_removed_with_their_extension_stay_removed() -> None:
    patched = after(
        op("add", f"{EXTRA}:labels", "red"), op("remove", EXTRA), op("add", f"{EXTRA}:labels", "new")
    )
    assert patched[EXTRA] == {"labels": ["new"]}


# --- values that do not fit ---


@pytest.mark.parametrize(
    "operation",
    [
        op("replace", "title", 7),
        op("replace", "active", "perhaps"),
        op("replace", "name", "Ada Lovelace"),
        op("replace", "name", ["Ada"]),
        op("replace", "name.givenName", {"a": 1}),
        op("add", "emails", {"value": "no address"}),
        op("add", "emails", 7),
        op("replace", 'emails[type eq "work"].value', "no address"),
        op("replace", 'emails[type eq "work"]', 7),
        op("replace", 'emails[type eq "work"].primary', "perhaps"),
        op("add", f"{HR}:startDate", "2026-02-30"),
        op("add", f"{EXTRA}:labels", [1]),
        op("add", f"{EXTRA}:share", "0.8"),
        op("add", f"{HR}:fte", "half"),
        op("replace", f"{HR}:fte", True),
        op("replace", MANAGER, {"value": "m-1", "$ref": "has blank"}),
        op("replace", f"{HR}:salary", "much"),
        op("replace", f"{HR}:salary.amount", "much"),
        op("add", None, "text"),
        op("add", None, [{"title": "x"}]),
        op("add", ENTERPRISE, "text"),
        op("add", "title"),
        op("replace", "title"),
        op("add", "emails", [{"value": f"{n}@x"} for n in range(2001)]),
    ],
)
def test_a_value_that_does_not_fit_is_an_invalid_value(operation: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue):
        run(operation)


def test_more_values_than_are_kept_are_refused() -> None:
    full = {"schemas": [USER], "userName": "a", "emails": [{"value": f"{n}@x"} for n in range(2000)]}
    with pytest.raises(InvalidValue):
        run(op("add", "emails", [{"value": "more@x"}]), document=full)


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "text",
        {},
        {"Operations": None},
        {"Operations": []},
        {"Operations": {}},
        {"Operations": ["x"]},
        {"Operations": [None]},
        {"Operations": [{"path": "title", "value": "x"}]},
        {"Operations": [{"op": "move", "path": "title", "value": "x"}]},
        {"Operations": [{"op": 7, "path": "title", "value": "x"}]},
        {"schemas": [USER], "Operations": [{"op": "add", "path": "title", "value": "x"}]},
        {"schemas": 7, "Operations": [{"op": "add", "path": "title", "value": "x"}]},
    ],
)
def test_a_body_that_is_no_patch_is_invalid_syntax(body: Any) -> None:
    with pytest.raises(InvalidSyntax):
        parse_patch(body, extended_user_type())


def test_a_path_that_is_no_string_is_an_invalid_path() -> None:
    with pytest.raises(InvalidPath):
        run({"op": "add", "path": 7, "value": 1})


def test_a_hundred_operations_pass_and_one_more_is_too_large() -> None:
    run(*[op("replace", "title", "x")] * 100)
    with pytest.raises(PayloadTooLarge):
        run(*[op("replace", "title", "x")] * 101)


# --- custom schemas: immutable and required sub-attributes ---


def badge_type() -> ResourceType:
    """A resource type from JSON documents: immutable attributes, complex ones with required parts."""
    parts = [
        {
            "name": "value",
            "type": "string",
            "multiValued": False,
            "required": True,
            "mutability": "immutable",
        },
        {"name": "note", "type": "string", "multiValued": False},
    ]
    attributes = [
        {"name": "number", "type": "string", "multiValued": False, "mutability": "immutable"},
        {
            "name": "shape",
            "type": "complex",
            "multiValued": False,
            "subAttributes": [{**parts[0], "mutability": "readWrite"}, parts[1]],
        },
        {"name": "doors", "type": "complex", "multiValued": True, "subAttributes": parts},
        {"name": "floors", "type": "integer", "multiValued": True, "mutability": "immutable"},
    ]
    schema = {"id": "urn:test:Badge", "name": "Badge", "attributes": attributes}
    owner = {"id": "urn:test:Owner", "attributes": [{"name": "name", "type": "string"}]}
    resource_type = {
        "name": "Badge",
        "endpoint": "/Badges",
        "schema": "urn:test:Badge",
        "schemaExtensions": [{"schema": "urn:test:Owner", "required": True}],
    }
    found = SchemaSet.from_documents([schema, owner], [resource_type]).resource_type("Badge")
    assert found is not None
    return found


BADGE = badge_type()


def badge(document: dict[str, Any], *operations: dict[str, Any]) -> dict[str, Any]:
    whole = {"schemas": ["urn:test:Badge"], **document}
    return apply_patch(whole, parse_patch({"Operations": list(operations)}, BADGE), codec_of(BADGE)).document


def test_an_immutable_attribute_is_set_once() -> None:
    assert badge({}, op("add", "number", "1"))["number"] == "1"
    assert badge({"number": "1"}, op("replace", "number", "1"))["number"] == "1"
    for operation in (op("replace", "number", "2"), op("remove", "number")):
        with pytest.raises(Mutability):
            badge({"number": "1"}, operation)


def test_immutable_values_are_set_once() -> None:
    assert badge({}, op("add", "floors", [1, 2]))["floors"] == [1, 2]
    assert badge({"floors": [1]}, op("add", "floors", 1))["floors"] == [1]
    for operation in (op("add", "floors", 2), op("replace", "floors", [2]), op("remove", "floors", [1])):
        with pytest.raises(Mutability):
            badge({"floors": [1]}, operation)


def test_an_immutable_sub_attribute_is_changed_by_removing_its_value() -> None:
    doors = {"doors": [{"value": "north"}]}
    with pytest.raises(Mutability):
        badge(doors, op("replace", 'doors[value eq "north"].value', "south"))
    assert badge(doors, op("remove", 'doors[value eq "north"]'), op("add", "doors", "south"))["doors"] == [
        {"value": "south"}
    ]
    assert badge(doors, op("add", 'doors[value eq "north"].note', "open"))["doors"] == [
        {"value": "north", "note": "open"}
    ]


def test_part_of_a_complex_value_changes_without_its_required_part() -> None:
    shape = {"shape": {"value": "round", "note": "x"}}
    assert badge(shape, op("replace", "shape", {"note": "y"}))["shape"] == {"value": "round", "note": "y"}
    assert badge(shape, op("replace", "shape.note", "y"))["shape"] == {"value": "round", "note": "y"}
    with pytest.raises(Mutability):
        badge(shape, op("remove", "shape.value"))
    with pytest.raises(InvalidValue):
        badge({}, op("add", "shape.note", "x"))


def test_a_required_extension_cannot_be_removed() -> None:
    with pytest.raises(Mutability):
        badge({"urn:test:Owner": {"name": "Ada"}}, op("remove", "urn:test:Owner"))


# --- speed ---


def test_the_cost_is_linear_in_operations_and_values() -> None:
    emails = [{"value": f"user{n}@example.com", "type": "other"} for n in range(2000)]
    document = {"schemas": [USER], "userName": "a", "emails": emails}
    filters = (
        'emails[value eq "user{n}@example.com"].display',
        'emails[type eq "other" and value eq "user{n}@example.com"].display',
    )
    for template in filters:
        operations = [op("replace", template.replace("{n}", str(n)), f"d{n}") for n in range(200)]
        patch = parse_patch({"Operations": operations}, extended_user_type(), most=200)
        started = time.process_time()
        patched = apply_patch(document, patch, codec())
        assert time.process_time() - started < 1
        assert [email.get("display") for email in patched.document["emails"][:200]] == [
            f"d{n}" for n in range(200)
        ]


# --- properties ---

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.sampled_from(["", "a", "A", "a@x", "b@x", "work", "home", "True", "2026-01-01"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["value", "VALUE", "type", "primary", "display", "givenName", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=6,
)
good_emails = st.fixed_dictionaries(
    {"value": st.sampled_from(["a@x", "A@x", "b@x", "c@x"])},
    optional={
        "type": st.sampled_from(["work", "home", "Work", "x"]),
        "primary": st.booleans(),
        "display": st.sampled_from(["p", "q"]),
    },
)
paths = st.sampled_from(
    [
        "title",
        "active",
        "userName",
        "name",
        "name.givenName",
        "emails",
        "emails.value",
        "emails.type",
        'emails[type eq "work"]',
        'emails[type eq "work"].value',
        'emails[type eq "home"].primary',
        "emails[primary eq true].display",
        'emails[value sw "a"].type',
        "emails[not (type pr)]",
        'emails[value eq "b@x"].value',
        'addresses[type eq "work"].locality',
        "addresses",
        f"{EXTRA}:labels",
        f'{EXTRA}:labels[value eq "a"]',
        f"{EXTRA}:share",
        f"{HR}:fte",
        f"{ENTERPRISE}:manager",
        f"{ENTERPRISE}:manager.value",
        f"{ENTERPRISE}:manager.$ref",
        f"{HR}:salary",
        f"{HR}:salary.currency",
        ENTERPRISE,
        "externalId",
        "password",
    ]
)
verbs = st.sampled_from(["add", "replace", "remove", "Add"])
targeted = st.builds(
    lambda verb, path, value: op(verb, path, value),
    verbs,
    paths,
    values | good_emails | st.lists(good_emails, max_size=3),
)
keyed = st.builds(
    lambda verb, value: op(verb, None, value),
    st.sampled_from(["add", "replace"]),
    st.dictionaries(paths, values | good_emails, max_size=3),
)
operation_lists = st.lists(targeted | keyed, min_size=1, max_size=8)


@settings(max_examples=600, deadline=None)
@given(operation_lists)
def test_every_patch_leaves_a_canonical_document_or_none(operations: list[dict[str, Any]]) -> None:
    try:
        patched = run(*operations)
    except ScimError as error:
        assert error.status == 400
        return
    json.dumps(patched.document)
    # What was applied can be applied as a whole again.
    replaced = after(
        *[op("replace", None, {k: v for k, v in patched.document.items() if k != "schemas"})],
        document=patched.document,
    )
    assert replaced == patched.document


@settings(max_examples=300, deadline=None)
@given(operation_lists)
def test_operations_one_by_one_and_together_come_to_the_same(operations: list[dict[str, Any]]) -> None:
    document = ADA
    try:
        for operation in operations:
            document = after(operation, document=document)
    except ScimError:
        with pytest.raises(ScimError):
            run(*operations)
        return
    assert after(*operations) == document


@settings(max_examples=200, deadline=None)
@given(st.lists(good_emails, min_size=1, max_size=4), st.sampled_from(["add", "replace"]))
def test_the_same_operation_twice_changes_nothing_more(emails: list[dict[str, Any]], verb: str) -> None:
    try:
        once = after(op(verb, "emails", emails))
    except InvalidValue:
        return
    assert after(op(verb, "emails", emails), document=once) == once
