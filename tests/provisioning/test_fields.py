"""The field table of the seed, row by row (provisioning.md §3, vendors.md §7.2), and what a change of each row does."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from app.provisioning.effects import Effect, effect_of, fields_fed_by
from app.provisioning.fields import (
    CREATE_ONLY,
    FIELDS,
    Selection,
    difference,
    outgoing_values,
    same_value,
)
from app.provisioning.readers import split_phone
from scim.resources import ENTERPRISE, HR, USER

ALL = Selection.of()
DOCUMENT: dict[str, Any] = {
    "schemas": [USER, ENTERPRISE, HR],
    "userName": "okafor-m",
    "name": {"givenName": "Maya", "familyName": "Okafor", "middleName": "A"},
    "nickName": "May",
    "displayName": "somebody else's idea",
    "title": "Field Engineer",
    "active": True,
    "emails": [
        {"value": "maya@home.example", "type": "home", "primary": True},
        {"value": "Maya.Okafor@example.com", "type": "work"},
    ],
    "phoneNumbers": [
        {"value": "tel:+1-555-0100;ext=12", "type": "work"},
        {"value": "555-0103", "type": "home"},
        {"value": "tel:+1-555-0102", "type": "mobile"},
        {"value": "555-0199", "type": "fax"},
    ],
    "addresses": [
        {
            "type": "work",
            "streetAddress": "1 Main St\nSuite 2",
            "locality": "Dayton",
            "region": "Ohio",
            "postalCode": "45402",
            "country": "US",
        },
        {
            "type": "home",
            "streetAddress": "12 Larch Road\nApt 3",
            "locality": "Springfield",
            "region": "Ohio",
            "postalCode": "45501",
            "country": "US",
        },
    ],
    ENTERPRISE: {"employeeNumber": "1001", "division": "North", "department": "Operations"},
    HR: {"locationName": "Dayton Plant", "startDate": "2026-04-01"},
}

# field, value of DOCUMENT, does a change trigger (vendors.md §7.2, in its order)
TABLE = [
    ("givenName", "Maya", True),
    ("familyName", "Okafor", True),
    ("active", True, True),
    ("workEmail", "Maya.Okafor@example.com", True),
    ("userName", "Maya.Okafor", True),
    ("displayName", "May Okafor", True),
    ("middleName", "A", True),
    ("employeeNumber", "1001", True),
    ("title", "Field Engineer", True),
    ("division", "North", True),
    ("department", "Operations", True),
    ("location", "Dayton Plant", True),
    ("workCountry", "US", False),
    ("workStreet", "1 Main St\nSuite 2", False),
    ("workCity", "Dayton", False),
    ("workState", "Ohio", False),
    ("workPostalCode", "45402", False),
    ("workPhone", "+1-555-0100", True),
    ("workPhoneExtension", "12", False),
    ("homePhone", "555-0103", True),
    ("mobilePhone", "+1-555-0102", True),
    ("homeStreet", "12 Larch Road\nApt 3", True),
    ("homeCity", "Springfield", True),
    ("homeState", "Ohio", True),
    ("homePostalCode", "45501", True),
    ("homeCountry", "US", True),
]


#: Of targets that ask for it (the manager), or that keep employment themselves; the seed excludes the hire date.
BESIDE_THE_SEED = ["startDate", "terminationDate", "manager"]


def test_the_table_has_the_rows_of_the_seed_and_few_beside_them() -> None:
    assert {name for name, _, _ in TABLE} == set(FIELDS) - set(BESIDE_THE_SEED)


@pytest.mark.parametrize(("name", "value", "triggers"), TABLE, ids=[row[0] for row in TABLE])
def test_a_row_is_read_and_has_its_trigger(name: str, value: object, triggers: bool) -> None:
    assert outgoing_values(DOCUMENT, ALL)[name] == value
    assert FIELDS[name].triggers is triggers


def test_everything_of_the_document_is_sent_and_nothing_else() -> None:
    assert outgoing_values(DOCUMENT, ALL) == {name: value for name, value, _ in TABLE}


def test_what_stands_beside_the_seed_is_not_selected_at_first() -> None:
    document = {ENTERPRISE: {"manager": {"value": "e-2"}}}

    assert outgoing_values(document, ALL) == {"active": True}
    assert outgoing_values(document, Selection.of(["manager"])) == {"active": True, "manager": "e-2"}
    assert [name for name, row in FIELDS.items() if not row.selected_by_default] == BESIDE_THE_SEED


def test_only_the_user_name_is_create_only() -> None:
    assert {"userName"} == CREATE_ONLY


# --- reading -----------------------------------------------------------------------------------------------


def test_a_document_without_anything_is_an_active_person_without_values() -> None:
    assert outgoing_values({"schemas": [USER], "userName": "x"}, ALL) == {"active": True}


def test_an_empty_string_is_no_value() -> None:
    assert "title" not in outgoing_values({"title": "  "}, ALL)


def test_inactive_is_sent_as_false() -> None:
    assert outgoing_values({"active": False}, ALL) == {"active": False}


@pytest.mark.parametrize(
    ("name", "nick", "shown"),
    [
        ({"givenName": "Maya", "familyName": "Okafor"}, "May", "May Okafor"),
        ({"givenName": "Maya", "familyName": "Okafor"}, None, "Maya Okafor"),
        ({"familyName": "Okafor"}, None, "Okafor"),
        ({"givenName": "Maya"}, None, "Maya"),
        ({}, None, None),
    ],
)
def test_the_display_name_is_preferred_or_first_and_last(
    name: dict[str, str], nick: str | None, shown: str | None
) -> None:
    assert outgoing_values({"name": name, "nickName": nick}, ALL).get("displayName") == shown


def test_the_user_name_is_what_stands_before_the_at_sign() -> None:
    values = outgoing_values({"emails": [{"type": "Work", "value": "maya.o@example.com"}]}, ALL)
    assert (values["workEmail"], values["userName"]) == ("maya.o@example.com", "maya.o")


def test_a_home_address_is_no_work_email() -> None:
    values = outgoing_values({"emails": [{"type": "home", "value": "m@example.org", "primary": True}]}, ALL)
    assert values == {"active": True}


def test_the_primary_entry_of_a_type_is_taken() -> None:
    entries = [{"type": "home", "value": "1"}, {"type": "home", "value": "2", "primary": True}]
    assert outgoing_values({"phoneNumbers": entries}, ALL)["homePhone"] == "2"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("tel:+1-555-0100;ext=12", ("+1-555-0100", "12")),
        ("TEL:+1-555-0100;phone-context=x;EXT=7", ("+1-555-0100", "7")),
        ("tel:+1-555-0100", ("+1-555-0100", None)),
        ("555-0100 x12", ("555-0100", "12")),
        ("555-0100x12", ("555-0100", "12")),
        ("(555) 0100 Ext. 44", ("(555) 0100", "44")),
        ("+1 555 0100, extension 44", ("+1 555 0100", "44")),
        ("555 0100 #9", ("555 0100", "9")),
        ("555-0100;ext=12", ("555-0100", "12")),
        ("555-0100", ("555-0100", None)),
        ("x12", ("x12", None)),
    ],
)
def test_a_work_phone_is_split_into_number_and_extension(text: str, parts: tuple[str, str | None]) -> None:
    assert split_phone(text) == parts


def test_splitting_a_phone_takes_linear_time() -> None:
    for text in ("1 " * 50_000 + "y", "1" + " " * 100_000 + "x", "x1" * 50_000):
        assert split_phone(text)[0] == text


# --- selection ---------------------------------------------------------------------------------------------


def test_a_field_that_is_not_selected_is_not_sent() -> None:
    values = outgoing_values(DOCUMENT, Selection.of({"givenName"}))
    assert values == {
        "givenName": "Maya",
        "active": True,
        "workEmail": "Maya.Okafor@example.com",
        "userName": "Maya.Okafor",
    }


def test_without_location_no_location_address_is_sent() -> None:
    values = outgoing_values(DOCUMENT, Selection.of(set(FIELDS) - {"location"}))
    assert not [
        name for name in values if name.startswith("work") and FIELDS[name].group == "location address"
    ]
    assert values["homeCity"] == "Springfield"
    assert values["workPhone"] == "+1-555-0100"


def test_without_the_work_phone_no_extension_is_sent() -> None:
    assert "workPhoneExtension" not in outgoing_values(DOCUMENT, Selection.of(set(FIELDS) - {"workPhone"}))


def test_what_the_target_does_not_support_is_not_sent() -> None:
    assert "title" not in outgoing_values(DOCUMENT, Selection.of(supported={"givenName"}))


def test_an_unknown_field_is_named() -> None:
    with pytest.raises(ValueError, match="shoeSize"):
        Selection.of({"shoeSize"})


# --- triggers ----------------------------------------------------------------------------------------------


def changed(**changes: Any) -> dict[str, Any]:
    document = copy.deepcopy(DOCUMENT)
    for place, value in changes.items():
        holder: Any = document
        *steps, last = place.split("__")
        for step in steps:
            holder = holder[{"ent": ENTERPRISE, "hr": HR}.get(step, int(step) if step.isdigit() else step)]
        holder[last] = value
    return document


@pytest.mark.parametrize(
    ("changes", "effect"),
    [
        ({"name__givenName": "Mya"}, Effect.TRIGGERS),
        ({"name__familyName": "Ito"}, Effect.TRIGGERS),
        ({"active": False}, Effect.TRIGGERS),
        ({"emails__1__value": "m.ito@example.com"}, Effect.TRIGGERS),
        ({"nickName": "M"}, Effect.RIDES_ALONG),
        ({"nickName": "M", "name__givenName": "Mya"}, Effect.TRIGGERS),
        ({"ent__division": "South"}, Effect.TRIGGERS),
        ({"hr__locationName": "Akron"}, Effect.TRIGGERS),
        ({"addresses__0__locality": "Akron"}, Effect.RIDES_ALONG),
        ({"addresses__1__locality": "Akron"}, Effect.TRIGGERS),
        ({"phoneNumbers__0__value": "tel:+1-555-0100;ext=99"}, Effect.RIDES_ALONG),
        ({"phoneNumbers__0__value": "tel:+1-555-0100"}, Effect.RIDES_ALONG),
        ({"phoneNumbers__0__value": "tel:+1-555-0111;ext=12"}, Effect.TRIGGERS),
        ({"phoneNumbers__3__value": "1"}, Effect.NOTHING),
        ({"hr__startDate": "2027-01-01"}, Effect.NOTHING),
        ({"userName": "other"}, Effect.NOTHING),
        ({"emails__0__value": "private@example.org"}, Effect.NOTHING),
    ],
    ids=str,
)
def test_a_change_triggers_rides_along_or_means_nothing(changes: dict[str, Any], effect: Effect) -> None:
    assert effect_of(DOCUMENT, changed(**changes), ALL) is effect


def test_a_new_person_triggers() -> None:
    assert effect_of(None, DOCUMENT, ALL) is Effect.TRIGGERS


def test_a_change_of_a_field_that_is_not_selected_means_nothing() -> None:
    assert effect_of(DOCUMENT, changed(title="CEO"), Selection.of({"givenName"})) is Effect.NOTHING


def test_triggers_are_switches_of_the_target() -> None:
    eager = Selection.of(triggering={"workCity"})
    assert effect_of(DOCUMENT, changed(addresses__0__locality="Akron"), eager) is Effect.TRIGGERS
    assert effect_of(DOCUMENT, changed(title="CEO"), eager) is Effect.RIDES_ALONG
    assert effect_of(DOCUMENT, changed(active=False), eager) is Effect.TRIGGERS


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("name.givenName", {"givenName", "displayName"}),
        ("nickName", {"displayName"}),
        ("emails[work].value", {"workEmail", "userName"}),
        ("emails[work#2].value", {"workEmail", "userName"}),
        ("emails[home].value", set()),
        ("phoneNumbers[work].value", {"workPhone", "workPhoneExtension"}),
        ("addresses[home].locality", {"homeCity"}),
        (f"{ENTERPRISE}:department", {"department"}),
        (f"{HR}:locationName", {"location"}),
        (f"{HR}:startDate", {"startDate"}),
        (f"{HR}:fte", set()),
        ("name", {"givenName", "familyName", "middleName", "displayName"}),
        ("emails", {"workEmail", "userName"}),
    ],
)
def test_a_directory_path_feeds_these_fields(path: str, names: set[str]) -> None:
    assert set(fields_fed_by(path)) == names


def test_paths_that_feed_nothing_dismiss_a_change_unread() -> None:
    assert effect_of(DOCUMENT, changed(title="CEO"), ALL, [f"{HR}:startDate"]) is Effect.NOTHING
    assert effect_of(DOCUMENT, changed(title="CEO"), ALL, ["title"]) is Effect.TRIGGERS


# --- differences -------------------------------------------------------------------------------------------


def test_the_user_name_is_never_part_of_a_difference() -> None:
    assert difference({"userName": "a", "title": "T"}, {"userName": "b"}, ["userName"]) == {"title": "T"}


def test_only_what_was_sent_is_cleared_and_the_key_never() -> None:
    held = {"title": "T", "middleName": "A", "workEmail": "a@example.com"}
    assert difference({}, held, ["title", "workEmail"]) == {"title": None}


def test_what_is_gone_already_is_not_cleared_again() -> None:
    assert difference({}, {}, ["title"]) == {}


@pytest.mark.parametrize(
    ("name", "one", "other", "same"),
    [
        ("workEmail", "Maya@Example.com", "maya@example.com", True),
        ("workEmail", "straße@example.com", "strasse@example.com", False),
        ("homePhone", "555-0103", "(555) 0103", True),
        ("homePhone", "555-0103", "555-0104", False),
        ("homeStreet", "12 Larch Road\nApt 3", "12 Larch Road Apt 3", True),
        ("title", "Engineer", "engineer", False),
        ("title", "Ingénieur", "Inge\u0301nieur", True),
        ("active", True, True, True),
        ("active", True, False, False),
        ("title", "T", None, False),
    ],
)
def test_values_are_the_same_however_a_target_stores_them(
    name: str, one: Any, other: Any, same: bool
) -> None:
    assert same_value(name, one, other) is same
