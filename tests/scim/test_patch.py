"""PATCH: the verbs of RFC 7644 §3.5.2, one after another, and what they do to many values."""

from __future__ import annotations

from typing import Any

import pytest

from scim.errors import (
    InvalidValue,
    Mutability,
    NoTarget,
)
from scim.resources import ENTERPRISE, HR, USER
from tests.scim.patching import ADA, HOME, WORK, after, op, run, unchanged
from tests.scim.resource_types import EXTRA

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
