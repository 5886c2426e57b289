"""What searches, sorts and lists are tried on: people in nested groups, groups, and devices of a loaded type.

Each is created in the database, and described once more as a client sees it: that is what the referees in ``scim``
look at.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

from app import directory
from app.access.tenants import Tenant
from app.database import writing
from app.directory import membership
from app.directory.scopes import Scope
from app.directory.shelves import Shelf, shelf_of
from scim.membership import MemberChange
from scim.resources import ENTERPRISE, HR, group_type, standard_schema_set, user_type
from scim.schema import ResourceType, SchemaSet

BASE = "http://localhost/scim/v2"
CLIENT = 1
ACTOR = directory.Actor("client", "1")
DEVICE = "urn:example:params:scim:schemas:core:2.0:Device"
LEASE = "urn:example:params:scim:schemas:extension:lease:2.0:Device"

Document = dict[str, Any]

WORDS = [
    *("Ada", "ada", "ADA", "Ida", "Straße", "STRASSE", "İda", "a", "é", "e\u0301"),
    *("x%y", "x_y", "\\", "'", '"', "Ü", "𝒜"),
]
Draw = Callable[[random.Random], Any]


def scope(tenant: Tenant) -> Scope:
    """Return the view of the client who wrote the external ids."""
    return Scope(tenant.id, CLIENT, BASE)


def one_of(*values: Any) -> Draw:
    """Return what draws one of the values."""
    return lambda chance: chance.choice(values)


def some(draw: Draw, most: int) -> Draw:
    """Return what draws a list of different values, one at least."""

    def drawn(chance: random.Random) -> list[Any]:
        values: list[Any] = []
        for _ in range(chance.randint(1, most)):
            value = draw(chance)
            if value not in values:
                values.append(value)
        return values

    return drawn


def fields(*needed: str, **draws: Draw) -> Draw:
    """Return what draws an object with the needed members and each other one half of the time; never an empty one."""

    def drawn(chance: random.Random) -> Document:
        names = [name for name in draws if name in needed or chance.random() < 0.5]
        return {name: draws[name](chance) for name in names or [chance.choice(list(draws))]}

    return drawn


words = one_of(*WORDS)
truth = one_of(True, False)

# ------------------------------------------------------------------------------------------- people and groups

_kinds = one_of("work", "home", "Work", "other")
_email = fields(
    value=lambda chance: f"{words(chance)}@example.com".replace('"', "q"),
    type=_kinds,
    primary=truth,
    display=words,
)
_person = fields(
    "active",
    active=truth,
    displayName=words,
    title=words,
    name=fields(givenName=words, familyName=words),
    emails=some(_email, 3),
    addresses=some(fields("locality", locality=words, type=_kinds, country=words), 2),
    **{
        ENTERPRISE: fields(
            department=words,
            employeeNumber=words,
            manager=fields("value", value=words, **{"$ref": one_of("https://elsewhere.example/Users/7")}),
        ),
        HR: fields(
            startDate=one_of("2026-01-01", "2026-06-30"),
            fte=one_of("0.1", "0.5", "1"),
            tags=some(words, 2),
            dateOfBirth=one_of("1990-02-03"),
        ),
    },
)
_group = fields("displayName", displayName=words)

# ------------------------------------------------------------------------------------------- devices


def _attribute(name: str, type_: str = "string", **characteristics: Any) -> Document:
    return {"name": name, "type": type_, **characteristics}


DEVICE_SCHEMAS: list[Document] = [
    {
        "id": DEVICE,
        "attributes": [
            _attribute("displayName", caseExact=True),
            _attribute("weight", "decimal"),
            _attribute("slots", "integer"),
            _attribute("bought", "dateTime"),
            _attribute("isNew", "boolean"),
            _attribute("seal", "binary"),
            _attribute("manual", "reference"),
            _attribute("labels", multiValued=True),
            _attribute("codes", "integer", multiValued=True),
            _attribute("case", "complex", subAttributes=[_attribute("colours", multiValued=True)]),
            _attribute(
                "parts",
                "complex",
                multiValued=True,
                subAttributes=[
                    _attribute("value"),
                    _attribute("primary", "boolean"),
                    _attribute("weight", "decimal"),
                    _attribute("sizes", "integer", multiValued=True),
                ],
            ),
        ],
    },
    {"id": LEASE, "attributes": [_attribute("ends", "dateTime"), _attribute("owner", caseExact=True)]},
]
DEVICE_TYPE: Document = {
    "name": "Device",
    "endpoint": "/Devices",
    "schema": DEVICE,
    "schemaExtensions": [{"schema": LEASE, "required": False}],
}
NUMBERS = [-1, 0, 2, 10, 2.5, 0.1, 1e3]
INSTANTS = ["2026-01-01T00:00:00Z", "2026-01-01T01:00:00+02:00", "2025-12-31T23:00:00.5Z"]
SEALS = ["AAEC", "aaec", "/w=="]
_instants, _decimals = one_of(*INSTANTS), one_of(*NUMBERS)
_integers = one_of(*(number for number in NUMBERS if isinstance(number, int)))
_device = fields(
    displayName=words,
    weight=_decimals,
    slots=_integers,
    bought=_instants,
    isNew=truth,
    seal=one_of(*SEALS),
    manual=one_of("https://a.example/M", "https://a.example/m"),
    labels=some(words, 3),
    codes=some(_integers, 3),
    case=fields(colours=some(words, 3)),
    parts=some(fields(value=words, primary=truth, weight=_decimals, sizes=some(_integers, 2)), 3),
    **{LEASE: fields(ends=_instants, owner=words)},
)


@cache
def device_type() -> ResourceType:
    """Return the resource type of devices; the same object every time."""
    found = SchemaSet.from_documents(DEVICE_SCHEMAS, [DEVICE_TYPE], base=standard_schema_set())
    return found.resource_types["device"]


# ------------------------------------------------------------------------------------------- in the database


class Population(NamedTuple):
    """What was created: resource type name → id → the resource as a client sees it."""

    people: dict[str, Document]
    groups: dict[str, Document]
    devices: dict[str, Document]

    def of(self, shelf: Shelf) -> dict[str, Document]:
        """Return the resources of a shelf."""
        return {"User": self.people, "Group": self.groups, "Device": self.devices}[shelf.name]


SHELVES = {
    "people": shelf_of(user_type()),
    "groups": shelf_of(group_type()),
    "devices": shelf_of(device_type()),
}


def populate(tenant: Tenant, seed: int = 0) -> Population:
    """Create a drawn population, the same for the same seed: groups are in each other as it comes, in circles too."""
    chance = random.Random(seed)
    people, groups, devices = 25, 9, 25
    members = [frozenset(chance.sample(range(people + groups), chance.randint(0, 4))) for _ in range(groups)]
    return created(
        tenant,
        [_person(chance) for _ in range(people)],
        [_group(chance) for _ in range(groups)],
        members,
        [_device(chance) for _ in range(devices)],
    )


def created(
    tenant: Tenant,
    people: list[Document] = [],  # noqa: B006 - read only
    groups: list[Document] = [],  # noqa: B006
    members: list[frozenset[int]] = [],  # noqa: B006
    devices: list[Document] = [],  # noqa: B006
) -> Population:
    """Create these; ``members`` has for each group the numbers of people and, counted on from them, of groups."""
    persons = [
        {"userName": f"{WORDS[number % 7]}{number}", **document} for number, document in enumerate(people)
    ]
    population = Population(
        _created(tenant, user_type(), persons),
        _created(tenant, group_type(), groups),
        _created(tenant, device_type(), devices),
    )
    ids = [*population.people, *population.groups]
    direct = {
        group: [ids[number] for number in sorted(some) if number < len(ids)]
        for group, some in zip(population.groups, members, strict=False)
    }
    with writing() as connection:
        kind = membership.group_type(tenant.id)
        for group_id, member_ids in direct.items():
            held = directory.read_for_change(connection, tenant.id, group_id, resource_type=kind)
            joining = MemberChange(False, tuple(member_ids), frozenset())
            written = directory.change(connection, held, ACTOR, held.resource.document, members=joining)
            population.groups[group_id]["meta"] = _meta(written.resource, "/Groups/")
    _describe_memberships(population, direct)
    return population


def _created(tenant: Tenant, resource_type: ResourceType, documents: list[Document]) -> dict[str, Document]:
    seen = {}
    with writing() as connection:
        for number, given_document in enumerate(documents):
            urns = sorted(name for name in given_document if name.startswith("urn:"))
            document = {"schemas": [resource_type.schema.id, *urns], **given_document}
            external = f"x{number}" if number % 2 else None
            resource = directory.create(
                connection,
                tenant.id,
                ACTOR,
                document,
                resource_type=resource_type,
                external_id=external,
                client_id=CLIENT,
            )
            meta = _meta(resource, f"{resource_type.endpoint}/")
            seen[resource.id] = _as_seen(document) | {"id": resource.id, "meta": meta}
            if external:
                seen[resource.id]["externalId"] = external
    return seen


def _meta(resource: directory.Resource, place: str) -> Document:
    return {
        "resourceType": resource.resource_type.name,
        "created": resource.created_at,
        "lastModified": resource.last_modified,
        "location": f"{BASE}{place}{resource.id}",
        "version": f'W/"{resource.version}"',
    }


def _as_seen(document: Document) -> Document:
    manager = document.get(ENTERPRISE, {}).get("manager")
    if not manager:
        return document
    named = {"$ref": f"{BASE}/Users/{manager['value']}", **manager}
    return {**document, ENTERPRISE: {**document[ENTERPRISE], "manager": named}}


def _describe_memberships(population: Population, direct: Mapping[str, list[str]]) -> None:
    for group_id, member_ids in direct.items():
        if member_ids:
            population.groups[group_id]["members"] = [_member(population, one) for one in member_ids]
    for person_id, person in population.people.items():
        groups = []
        for group_id, group in population.groups.items():
            kind = "direct" if person_id in direct.get(group_id, ()) else "indirect"
            if person_id in _everybody_in(group_id, direct):
                display = {"display": group["displayName"]}
                reference = {"$ref": f"{BASE}/Groups/{group_id}"}
                groups.append({"value": group_id, **reference, **display, "type": kind})
        if groups:
            person["groups"] = groups


def _member(population: Population, member_id: str) -> Document:
    person = population.people.get(member_id)
    if person:
        display, place, kind = person.get("displayName", person["userName"]), "/Users/", "User"
    else:
        display, place, kind = population.groups[member_id]["displayName"], "/Groups/", "Group"
    return {"value": member_id, "$ref": f"{BASE}{place}{member_id}", "type": kind, "display": display}


def _everybody_in(group_id: str, direct: Mapping[str, list[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [group_id]
    while waiting:
        fresh = set(direct.get(waiting.pop(), ())) - found
        found |= fresh
        waiting.extend(fresh)
    return found
