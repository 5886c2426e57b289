"""Users and groups as clients send them, and what is left of them after some slips."""

from __future__ import annotations

import copy
from random import Random
from typing import Any

from scim.resources import ENTERPRISE, GROUP, HR, USER
from tests.security.fuzz import values
from tests.security.fuzz.known import Known

Document = dict[str, Any]

#: Values that go in and may come out of no door: neither in an answer that grants nor in one that refuses.
CANARIES = {"password": "Canary-Passw0rd-4711", "salary": "871234.56", "national id": "078-05-1120"}
#: Paths of attributes that hold them and nothing else that is shown.
SECRET_PATHS = (
    "password",
    f"{HR}:salary",
    f"{HR}:salary.amount",
    f"{HR}:nationalId",
    f"{HR}:nationalId.value",
    HR,
)
_KINDS = ("work", "home", "other", "Work", "x")


def user(chance: Random, known: Known) -> Document:
    """Return a User that follows the schemas, its userName mostly new."""
    name = known.fresh("user") if chance.random() < 0.85 else f"pool{chance.randrange(20)}@example.com"
    document: Document = {"schemas": [USER], "userName": name}
    for attribute, make in _USER.items():
        if chance.random() < 0.3:
            document[attribute] = make(chance, known)
    for urn in (ENTERPRISE, HR):
        if urn in document:
            document["schemas"].append(urn)
    return document


def group(chance: Random, known: Known) -> Document:
    """Return a Group with users, groups and strangers as members."""
    document: Document = {"schemas": [GROUP], "displayName": known.fresh("group")}
    if chance.random() < 0.7:
        document["members"] = members(chance, known)
    if chance.random() < 0.3:
        document["externalId"] = f"g{chance.randrange(100)}"
    return document


def members(chance: Random, known: Known) -> list[Document]:
    """Return members: people who are there, groups (cycles arise), people who are not, some twice."""
    ids = [known.any_id(chance) for _ in range(chance.randint(0, 6))]
    return [{"value": each, **chance.choice(_MEMBER_EXTRAS)} for each in ids + ids[:1]]


def slipped(chance: Random, document: Document) -> Document:
    """Return the document with one to three slips: a value of another kind, a name spelt otherwise or there twice."""
    changed = copy.deepcopy(document)
    for _ in range(chance.choice((1, 1, 2, 3))):
        places = list(_places(changed))
        if places:
            container, key = chance.choice(places)
            chance.choice(_SLIPS)(chance, container, key)
    return changed


def secret(chance: Random) -> Any:
    """Return what may be meant as the value of a secret attribute, in some shape."""
    hr = _hr(chance, Known(""))
    said = chance.choice(
        (CANARIES["password"], float(CANARIES["salary"]), hr, hr["salary"], hr["nationalId"])
    )
    return chance.choice((said, [said], [said, said], {"value": said}, [[said]], {"amount": [said]}))


def without_canaries(document: Document) -> Document:
    """Return the document without the attributes that hold secrets."""
    return {name: value for name, value in document.items() if name not in ("password", HR)}


def _places(tree: Any) -> Any:
    """Yield (container, key) for everything in a tree, containers that a slip has made too deep left alone."""
    waiting = [(tree, 0)]
    while waiting:
        container, depth = waiting.pop()
        pairs = container.items() if isinstance(container, dict) else enumerate(container)
        for key, child in pairs:
            yield container, key
            if isinstance(child, (dict, list)) and depth < 6:
                waiting.append((child, depth + 1))


def _emails(chance: Random, known: Known) -> list[Document]:
    kinds = chance.sample(_KINDS, chance.randint(1, 3))
    entries: list[Document] = [{"value": f"{known.fresh('mail')}", "type": kind} for kind in kinds]
    entries[0]["primary"] = True
    return entries


def _entries(chance: Random, _known: Known) -> list[Document]:
    return [{"value": f"v{chance.randrange(9)}", "type": chance.choice(_KINDS)} for _ in range(2)]


def _enterprise(chance: Random, known: Known) -> Document:
    manager = chance.choice((known.any_id(chance), {"value": known.any_id(chance)}, "", {"value": ""}))
    return {"employeeNumber": str(chance.randrange(999)), "department": "R", "manager": manager}


def _hr(_chance: Random, _known: Known) -> Document:
    return {
        "salary": {"amount": float(CANARIES["salary"]), "currency": "EUR"},
        "nationalId": {"value": CANARIES["national id"]},
        "dateOfBirth": "1971-03-17",
        "startDate": "2026-04-01",
        "fte": "0.8",
    }


_MEMBER_EXTRAS: tuple[Document, ...] = (
    {},
    {"type": "User"},
    {"type": "Group"},
    {"display": "x"},
    {"$ref": "../x"},
)
_USER: dict[str, Any] = {
    "externalId": lambda chance, _: f"e{chance.randrange(50)}",
    "name": lambda chance, _: {"familyName": chance.choice(("Lovelace", "Öz", "李")), "givenName": "Ada"},
    "displayName": lambda chance, _: f"Ada {chance.randrange(9)}",
    "active": lambda chance, _: chance.choice((True, False, "False", "true")),
    "title": lambda chance, _: chance.choice(("Engineer", "engineer", "Ingénieure")),
    "password": lambda _chance, _known: CANARIES["password"],
    "locale": lambda _chance, _known: "en-GB",
    "timezone": lambda _chance, _known: "Europe/Vienna",
    "profileUrl": lambda _chance, _known: "https://example.com/ada",
    "emails": _emails,
    "phoneNumbers": _entries,
    "roles": _entries,
    "x509Certificates": lambda _chance, _known: [{"value": "MIIDQzCCAqyg"}],
    "id": lambda chance, known: known.any_id(chance),
    "meta": lambda _chance, _known: {"resourceType": "Group", "version": 'W/"99"'},
    "groups": lambda chance, known: [{"value": known.any_id(chance)}],
    ENTERPRISE: _enterprise,
    HR: _hr,
}


def _replace(chance: Random, container: Any, key: Any) -> None:
    container[key] = values.value(chance)


def _remove(_chance: Random, container: Any, key: Any) -> None:
    del container[key]


def _wrap(chance: Random, container: Any, key: Any) -> None:
    inside = container[key]
    container[key] = chance.choice(([inside], {"value": inside}, [[inside]], [inside, inside]))


def _respell(chance: Random, container: Any, key: Any) -> None:
    """Write a name otherwise, or put a stranger beside it."""
    if not isinstance(container, dict):
        container.append(values.value(chance))
        return
    spelt = chance.choice(
        (key.upper(), key.lower(), f"{USER}:{key}", f" {key}", f"{key}\u200b", f"{key}.value")
    )
    container[spelt] = container.pop(key)


def _double(chance: Random, container: Any, key: Any) -> None:
    """Have a name twice in its object, or an element a hundred times in its list."""
    if isinstance(container, dict):
        container[values.twice(str(key))] = values.text(chance)
    else:
        container.extend([container[key]] * 100)


def _add(chance: Random, container: Any, _key: Any) -> None:
    if isinstance(container, dict):
        container[values.text(chance)] = values.value(chance)
    else:
        container.insert(0, values.value(chance))


_SLIPS = (_replace, _replace, _replace, _remove, _wrap, _respell, _double, _add)
