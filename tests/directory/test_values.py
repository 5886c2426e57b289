"""Documents taken apart and merged."""

from __future__ import annotations

from app.directory import differences, flatten, merged, work_email
from scim.resources import ENTERPRISE, USER

ADA = {
    "schemas": [USER, ENTERPRISE],
    "userName": "ada",
    "name": {"givenName": "Ada", "familyName": "Lovelace"},
    "emails": [
        {"type": "work", "value": "ada@example.com", "primary": True},
        {"type": "home", "value": "ada@home.example"},
        {"type": "home", "value": "ada2@home.example"},
    ],
    "active": True,
    ENTERPRISE: {"department": "Engines", "manager": {"value": "m1"}},
}


def test_every_value_has_a_path() -> None:
    assert flatten(ADA) == {
        "userName": "ada",
        "name.givenName": "Ada",
        "name.familyName": "Lovelace",
        "emails[work].type": "work",
        "emails[work].value": "ada@example.com",
        "emails[work].primary": True,
        "emails[home].type": "home",
        "emails[home].value": "ada@home.example",
        "emails[home#2].type": "home",
        "emails[home#2].value": "ada2@home.example",
        "active": True,
        f"{ENTERPRISE}:department": "Engines",
        f"{ENTERPRISE}:manager.value": "m1",
    }


def test_differences_show_both_sides() -> None:
    assert differences({"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4}) == {"b": [2, 3], "c": [None, 4]}
    assert differences({"a": 1}, {}) == {"a": [1, None]}


def test_a_fragment_changes_what_it_names_and_nothing_else() -> None:
    result = merged(
        ADA, {"name": {"givenName": "Augusta"}, ENTERPRISE: {"department": None, "costCenter": "C1"}}
    )
    assert result["name"] == {"givenName": "Augusta", "familyName": "Lovelace"}
    assert result[ENTERPRISE] == {"manager": {"value": "m1"}, "costCenter": "C1"}
    assert result["emails"] == ADA["emails"]


def test_entries_of_the_same_type_are_replaced_member_by_member() -> None:
    result = merged(ADA, {"emails": [{"type": "work", "value": "countess@example.com"}]})
    assert result["emails"][0] == {"type": "work", "value": "countess@example.com", "primary": True}
    assert result["emails"][1:] == ADA["emails"][1:]


def test_an_entry_without_members_is_removed_and_a_new_type_added() -> None:
    result = merged(
        ADA, {"emails": [{"type": "work", "value": None}, {"type": "other", "value": "o@x.example"}]}
    )
    assert [entry["type"] for entry in result["emails"]] == ["home", "home", "other"]


def test_a_new_primary_demotes_the_old_one() -> None:
    result = merged(ADA, {"emails": [{"type": "home", "value": "ada@home.example", "primary": True}]})
    assert [entry["value"] for entry in result["emails"] if entry.get("primary")] == ["ada@home.example"]


def test_an_emptied_extension_leaves_the_schemas_too() -> None:
    result = merged(ADA, {ENTERPRISE: {"department": None, "manager": None}})
    assert ENTERPRISE not in result
    assert result["schemas"] == [USER]


def test_merging_changes_neither_argument() -> None:
    before = repr(ADA)
    fragment = {"emails": [{"type": "work", "value": None}], "name": {"givenName": None}}
    merged(ADA, fragment)
    assert repr(ADA) == before
    assert fragment == {"emails": [{"type": "work", "value": None}], "name": {"givenName": None}}


def test_the_work_address_is_the_primary_one_of_its_type() -> None:
    entries = [{"type": "home", "value": "h", "primary": True}, {"type": "Work", "value": "a"}]
    assert work_email({"emails": entries}) == "a"
    assert work_email({"emails": [*entries, {"type": "work", "value": "b", "primary": True}]}) == "b"
    assert work_email({"emails": [{"value": "x"}]}) is None
