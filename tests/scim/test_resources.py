"""The resource types of every tenant: vendors.md §8 with the changes of scim.md §2."""

from __future__ import annotations

import pytest

from scim.attributes import Attribute
from scim.resources import ENTERPRISE, HR, SERVED, group_type, standard_schema_set, user_type
from scim.schema import Hint


def hr(name: str) -> Attribute:
    found = user_type().resolve(f"{HR}:{name}")
    assert found is not None, name
    return found


# name: type, mutability, returned
VENDORS_8 = {
    "startDate": ("string", "readWrite", "default"),
    "terminationDate": ("string", "readWrite", "default"),
    "dateOfBirth": ("string", "readWrite", "request"),
    "nationalId": ("complex", "writeOnly", "never"),
    "salary": ("complex", "writeOnly", "never"),
    "employmentStatus": ("string", "readWrite", "default"),
    "employmentType": ("string", "readWrite", "default"),
    "positionCode": ("string", "readWrite", "default"),
    "positionTitle": ("string", "readWrite", "default"),
    "departmentCode": ("string", "readWrite", "default"),
    "locationCode": ("string", "readWrite", "default"),
    "locationName": ("string", "readWrite", "default"),
    "managerEmail": ("string", "readWrite", "default"),
    "managerSourceId": ("string", "readWrite", "default"),
    "fte": ("string", "readWrite", "default"),
    "gender": ("string", "readWrite", "request"),
    "onboardingStatus": ("string", "readWrite", "default"),
    "applicationStatus": ("string", "readWrite", "default"),
    "tags": ("string", "readOnly", "default"),
    "sources": ("complex", "readOnly", "default"),
}


def test_the_hr_extension_has_the_attributes_of_vendors_8_and_no_other() -> None:
    extension = user_type().schema_of(HR)
    assert extension is not None
    assert {a.name: (a.type, a.mutability, a.returned) for a in extension.attributes.values()} == VENDORS_8


@pytest.mark.parametrize(
    ("name", "sub_names"),
    [
        ("nationalId", {"value", "type", "country"}),
        ("salary", {"amount", "currency", "period"}),
        ("sources", {"system", "tenant", "recordId", "eventId", "channel", "lastModified"}),
    ],
)
def test_complex_hr_attributes_have_their_sub_attributes(name: str, sub_names: set[str]) -> None:
    assert {sub.name for sub in hr(name).sub_attributes.values()} == sub_names


def test_sources_and_tags_are_lists() -> None:
    assert hr("sources").multi_valued and hr("tags").multi_valued


def test_fte_alone_is_a_decimal_kept_as_text() -> None:
    assert [a.path for a in user_type().walk() if Hint.decimal in a.hints] == [f"{HR}:fte"]
    assert hr("salary").sub_attributes["amount"].type == "decimal"


def test_every_secret_or_on_request_attribute_is_sensitive_and_no_other() -> None:
    for attribute in user_type().walk():
        is_password = attribute.path == "password"
        assert attribute.is_sensitive == (attribute.returned in ("never", "request") and not is_password)


def test_a_manager_needs_a_value_only_and_the_name_alone_is_read_only() -> None:
    manager = user_type().resolve(f"{ENTERPRISE}:manager")
    assert manager is not None
    assert {s.name: (s.required, s.mutability) for s in manager.sub_attributes.values()} == {
        "value": (True, "readWrite"),
        "$ref": (False, "readWrite"),
        "displayName": (False, "readOnly"),
    }


def test_the_standard_set_is_compiled_once() -> None:
    assert standard_schema_set() is standard_schema_set()


def test_group_is_defined_and_served_only_when_listed() -> None:
    assert group_type().schema.attributes.keys() == {"displayname", "members"}
    assert group_type().served == ("Group" in SERVED)
    assert user_type().served
