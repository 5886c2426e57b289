"""PATCH of immutable and required attributes of loaded schemas (RFC 7643 §7)."""

from __future__ import annotations

from typing import Any

import pytest

from scim.codec import codec_of
from scim.errors import (
    InvalidValue,
    Mutability,
)
from scim.patch import apply_patch, parse_patch
from scim.schema import ResourceType, SchemaSet
from tests.scim.patching import op


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
