"""What a change of schemas would break."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scim.codec import Codec
from scim.filter_tree import stored_key
from scim.resources import standard_schema_set
from scim.schema import SchemaSet
from scim.schema_changes import breaks
from tests.device_schemas import BADGE, DEVICE, PLACE, device_schema, device_type, everything, place_schema
from tests.strategies import documents


def _set(*documents: dict[str, Any]) -> SchemaSet:
    schemas = [document for document in documents if "attributes" in document]
    types = [document for document in documents if "endpoint" in document]
    return SchemaSet.from_documents(schemas, types, base=standard_schema_set())


def _changes(before: SchemaSet, after: SchemaSet) -> list[tuple[str, str | None, str]]:
    return [
        (found.resource_type.name, found.attribute.path if found.attribute else None, found.change)
        for found in breaks(before, after)
    ]


BEFORE = _set(device_schema(), place_schema(), device_type())


def test_the_same_documents_break_nothing() -> None:
    assert _changes(BEFORE, _set(device_schema(), place_schema(), device_type())) == []


def test_what_is_new_breaks_nothing() -> None:
    files = everything()["people.json"]
    assert _changes(BEFORE, _set(device_schema(), place_schema(), device_type(), *files)) == []


def test_a_type_that_goes_breaks_every_resource_of_it() -> None:
    assert _changes(BEFORE, standard_schema_set()) == [("Device", None, "it would be removed")]


def test_an_extension_that_goes_breaks_its_values() -> None:
    people = [found for found in everything()["people.json"] if found.get("name") in ("Badge", "User")]
    found = _changes(_set(*people), standard_schema_set())
    assert [(name, path) for name, path, _ in found] == [
        ("User", f"{BADGE}:{name}") for name in ("number", "doors", "pin")
    ]


@pytest.mark.parametrize("urn", [DEVICE.upper(), DEVICE + "s"])
def test_a_core_schema_of_another_spelling_is_another_one(urn: str) -> None:
    changed = _set({**device_schema(), "id": urn}, place_schema(), {**device_type(), "schema": urn})
    assert _changes(BEFORE, changed)[0] == (
        "Device",
        None,
        f"its schema would change from {DEVICE} to {urn}",
    )


def test_values_of_an_extension_stand_under_its_urn_as_it_was_spelled() -> None:
    urn = PLACE.upper()
    moved = {**device_type(), "schemaExtensions": [{"schema": urn}]}
    found = _changes(BEFORE, _set(device_schema(), {**place_schema(), "id": urn}, moved))
    assert [(path, change) for _, path, change in found] == [
        (f"{PLACE}:{name}", f"{PLACE}:{name} would be removed") for name in ("building", "floor", "key")
    ]


CHARACTERISTICS = st.fixed_dictionaries(
    {
        "type": st.sampled_from(
            ["string", "boolean", "decimal", "integer", "dateTime", "reference", "binary"]
        ),
        "multiValued": st.booleans(),
        "caseExact": st.booleans(),
        "mutability": st.sampled_from(["readWrite", "immutable", "readOnly"]),
        "returned": st.sampled_from(["default", "always", "request"]),
        "uniqueness": st.sampled_from(["none", "server"]),
    }
)


def _thing(characteristics: dict[str, Any]) -> SchemaSet:
    schema = {"id": "urn:example:2.0:Thing", "attributes": [{"name": "x", **characteristics}]}
    return _set(schema, {"name": "Thing", "endpoint": "/Things", "schema": "urn:example:2.0:Thing"})


@settings(max_examples=100, deadline=None)
@given(CHARACTERISTICS, CHARACTERISTICS, st.data())
def test_what_breaks_nothing_leaves_every_stored_value_as_it_was(
    old: dict[str, Any], changes: dict[str, Any], data: st.DataObject
) -> None:
    changed = data.draw(st.sets(st.sampled_from(sorted(changes)), max_size=2))
    before, after = _thing(old), _thing({**old, **{name: changes[name] for name in changed}})
    if _changes(before, after):
        return
    was, becomes = before.resource_types["thing"], after.resource_types["thing"]
    document = data.draw(documents(was))
    assert Codec(becomes).check(document, partial=True).document == document
    value = document.get("x")
    for each in value if isinstance(value, list) else [] if value is None else [value]:
        assert stored_key(was.attributes["x"], each) == stored_key(becomes.attributes["x"], each)
    assert (was.attributes["x"].returned == "request") == (becomes.attributes["x"].returned == "request")
