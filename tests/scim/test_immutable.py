"""Immutable values stay once they are set (RFC 7643 §7)."""

from __future__ import annotations

from typing import Any

import pytest

from scim.errors import Mutability
from scim.immutable import check_immutable
from scim.resources import group_type, standard_schema_set
from scim.schema import ResourceType, SchemaSet

CAR, LEASE = "urn:example:2.0:Car", "urn:example:lease:2.0:Car"
SUBS = [{"name": "code", "type": "string", "mutability": "immutable"}, {"name": "year", "type": "integer"}]
SCHEMAS = [
    {
        "id": CAR,
        "attributes": [
            {"name": "chassis", "type": "string", "mutability": "immutable"},
            {"name": "colors", "type": "string", "multiValued": True, "mutability": "immutable"},
            {"name": "engine", "type": "complex", "subAttributes": SUBS},
            {"name": "wheels", "type": "complex", "multiValued": True, "subAttributes": SUBS},
        ],
    },
    {"id": LEASE, "attributes": [{"name": "number", "type": "integer", "mutability": "immutable"}]},
]
CARS = [{"name": "Car", "endpoint": "/Cars", "schema": CAR, "schemaExtensions": [{"schema": LEASE}]}]
FULL: dict[str, Any] = {
    "chassis": "c",
    "colors": ["red"],
    "engine": {"code": "e", "year": 1},
    "wheels": [{"code": "w"}],
    LEASE: {"number": 1},
}


@pytest.fixture(scope="module")
def car() -> ResourceType:
    """Give the resource type Car."""
    return SchemaSet.from_documents(SCHEMAS, CARS, base=standard_schema_set()).resource_types["car"]


@pytest.mark.parametrize(
    "after",
    [
        {},
        {"engine": {"code": "e", "year": 2}},
        {"engine": None},
        {"wheels": [{"code": "x"}]},
    ],
)
def test_what_is_not_immutable_changes_freely(car: ResourceType, after: dict[str, Any]) -> None:
    kept = {name: value for name, value in {**FULL, **after}.items() if value is not None}
    check_immutable(FULL, kept, car)


@pytest.mark.parametrize(
    ("after", "path"),
    [
        ({"chassis": "d"}, "chassis"),
        ({"chassis": None}, "chassis"),
        ({"colors": ["red", "blue"]}, "colors"),
        ({"engine": {"code": "f"}}, "engine.code"),
        ({"engine": {"year": 1}}, "engine.code"),
        ({LEASE: {"number": 2}}, f"{LEASE}:number"),
        ({LEASE: None}, f"{LEASE}:number"),
    ],
)
def test_an_immutable_value_neither_changes_nor_goes(
    car: ResourceType, after: dict[str, Any], path: str
) -> None:
    with pytest.raises(Mutability, match=f"^{path} is immutable"):
        check_immutable(FULL, {**FULL, **after}, car)


def test_an_immutable_value_may_be_set_once(car: ResourceType) -> None:
    check_immutable({}, FULL, car)


def test_the_members_of_a_group_come_and_go() -> None:
    check_immutable({"members": [{"value": "1"}]}, {"members": [{"value": "2"}]}, group_type())
