"""BambooHR's members as plain text or nothing."""

from __future__ import annotations

import pytest

from app.sources.mapping_text import compile_mapping
from app.vendors.bamboohr import records
from app.vendors.bamboohr.locations import Locations, by_name
from app.vendors.bamboohr.source import BambooHRSource

DAYTON = {
    "name": "Dayton",
    "addressLine1": "1 Main St",
    "addressLine2": "",
    "city": "Dayton",
    "zipcode": "45402",
}


@pytest.mark.parametrize("empty", ["", "0000-00-00", None])
def test_every_form_of_an_empty_date_is_nothing(empty):
    assert records.values_of({"hireDate": empty}) == {"hireDate": None}


def test_what_bamboohr_leaves_out_is_unknown_and_not_empty():
    values = records.values_of({"id": "1", "workEmail": None, "middleName": ""})
    assert values == {"id": "1", "workEmail": None, "middleName": None}


def test_members_that_nobody_asked_for_are_dropped():
    values = records.values_of({"id": "1", "ssn": "900-55-0001", "payRate": "9.00 USD", "customTeam": "Blue"})
    assert values == {"id": "1"}


def test_numbers_and_strange_members_do_not_break_a_record():
    values = records.values_of(
        {"id": 7, "firstName": {"a": 1}, "lastName": True, "city": ["x"], "zipcode": 45402}
    )
    assert values == {"id": "7", "firstName": None, "lastName": None, "city": None, "zipcode": "45402"}


def test_further_fields_are_read_as_they_are():
    members = {"id": "1", "customTeam": " Blue ", "grade": None}
    values = records.values_of(members, ("customTeam", "grade", "absent"))
    assert values == {"id": "1", "customTeam": "Blue", "grade": None}
    assert [field.name for field in records.record_fields(("customTeam", "city"))].count("city") == 1


@pytest.mark.parametrize(
    "state", ["Ohio", {"name": "Ohio"}, {"id": 1, "abbreviation": "Ohio"}, {"label": "Ohio"}]
)
def test_states_and_countries_come_as_text_or_as_objects(state):
    assert records.address_of({"state": state})["location_state"] == "Ohio"


def test_an_address_says_all_of_its_parts():
    assert records.address_of(DAYTON) == {
        "location_address1": "1 Main St",
        "location_address2": None,
        "location_city": "Dayton",
        "location_state": None,
        "location_zipcode": "45402",
        "location_country": None,
    }


def test_locations_are_joined_by_name_without_regard_to_case_and_spaces():
    locations = Locations(
        by_name([("Dayton", DAYTON), ("dayton ", {"city": "Elsewhere"}), ("", {"city": "Nowhere"})])
    )
    assert locations.of({"location": " DAYTON"})["location_city"] == "Dayton"


def test_a_place_without_an_address_empties_the_work_address():
    locations = Locations(by_name([("Dayton", DAYTON)]))
    assert set(locations.of({"location": "Remote"}).values()) == {None}
    assert set(locations.of({"location": None}).values()) == {None}


def test_unknown_addresses_and_unknown_locations_clear_nothing():
    assert Locations().of({"location": "Dayton"}) == {}
    assert Locations(by_name([("Dayton", DAYTON)])).of({"id": "1"}) == {}


def test_every_field_has_a_label_and_a_sensitivity():
    fields = {field.name: field for field in records.record_fields()}
    assert all(field.label for field in fields.values())
    assert {fields[name].sensitivity for name in ("homePhone", "address1", "gender", "dateOfBirth")} == {
        "personal"
    }
    assert fields["hireDate"].type == "date"
    assert not {"ssn", "payRate"} & fields.keys()


def test_the_bundled_mapping_fits_the_fields():
    compile_mapping(BambooHRSource().default_mapping(), [field.name for field in records.record_fields()])
