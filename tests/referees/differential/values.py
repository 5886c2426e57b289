"""What the random requests say: users and groups from small pools, so that values meet again, and slips."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scim.resources import ENTERPRISE, GROUP, USER
from tests.referees.differential.chance import Chance, Make, made, one_of

Document = dict[str, Any]

#: Names of resources; some are never created.
USERS = ("u1", "u2", "u3")
GROUPS = ("g1", "g2")

user_names = one_of("bjensen", "BJensen", "j.smith@example.com", "ann", "Zoë", "zoë")
words = one_of("Ann", "ann", "Barbara", "Jensen", "Sales", "sales & more", "Zürich", "Ω", "a b", "0")
addresses = one_of("ann@example.com", "Ann@example.com", "b@work.example.org", "c@home.example.org")
types = one_of("work", "home", "other")
booleans = one_of(True, False)
external_ids = one_of("e1", "E1", "42")
#: Values of a wrong kind, whatever the attribute.
wrong = one_of(5, 1.5, ["x"], {"value": [1]}, [[1]], [5])


def _entry_of(value: str, required: Make, **optional: Make) -> Make:
    return lambda chance: {value: required(chance), **made(chance, optional, 0, len(optional))}


def _list_of(entry: Make) -> Make:
    """Return what makes up to three entries: a pair of (type, value) once, one of them primary at most."""

    def make(chance: Chance) -> list[Document]:
        entries = [entry(chance) for _ in range(chance.randint(1, 3))]
        unlike = {
            str([str(each.get(name)).lower() for name in ("type", "value", "locality")]): each
            for each in entries
        }
        primaries = [each for each in unlike.values() if each.get("primary")]
        for each in primaries[1:]:
            del each["primary"]
        return list(unlike.values())

    return make


email = _entry_of("value", addresses, type=types, primary=booleans, display=words)
role = _entry_of("value", words, type=words, primary=booleans)
_phone = _entry_of("value", one_of("tel:+1-201-555-0123", "+49 30 1234", "555"), type=types)
_address = _entry_of("locality", words, type=types, country=one_of("DE", "US"), region=words)
_name_parts: dict[str, Make] = dict.fromkeys(("givenName", "familyName", "formatted", "middleName"), words)


def managers(chance: Chance) -> Document:
    """Return a manager; the ``$ref`` is what scim2-models requires of clients, and scim.md §2 does not."""
    name = chance.choice(USERS)
    return {"value": f"{{{name}}}", "$ref": f"{{base}}/Users/{{{name}}}"}


_enterprise_parts: dict[str, Make] = {
    "employeeNumber": words,
    "department": words,
    "division": words,
    "manager": managers,
}


def enterprises(chance: Chance) -> Document:
    """Return an object of the enterprise extension."""
    return made(chance, _enterprise_parts, 1, 4)


def members(chance: Chance) -> list[Document]:
    """Return members of a group, none twice."""
    return [{"value": f"{{{name}}}"} for name in chance.some((*USERS, GROUPS[0]), 0, 3)]


#: Attributes of a User and what makes their values.
USER_VALUES: dict[str, Make] = {
    "name": lambda chance: made(chance, _name_parts, 1, 4),
    "displayName": words,
    "nickName": words,
    "title": words,
    "userType": words,
    "active": booleans,
    "locale": one_of("en-US", "de-DE"),
    "preferredLanguage": one_of("en-US", "de"),
    "timezone": one_of("Europe/Berlin", "America/New_York"),
    "profileUrl": one_of("https://example.com/ann", "https://example.com/bob"),
    "externalId": external_ids,
    "emails": _list_of(email),
    "phoneNumbers": _list_of(_phone),
    "roles": _list_of(role),
    "addresses": _list_of(_address),
    "password": one_of("correct horse"),
    ENTERPRISE: enterprises,
}


def users(chance: Chance) -> Document:
    """Return the body of a POST or PUT of a User; one in four has a slip."""
    body = {"userName": user_names(chance), "active": booleans(chance), **made(chance, USER_VALUES, 0, 5)}
    if chance.one_in(2):
        body["emails"] = USER_VALUES["emails"](chance)  # what most of the paths and filters are about
    body = {"schemas": [USER, *([ENTERPRISE] if ENTERPRISE in body else [])], **body}
    if chance.one_in(4):
        chance.choice([*_SLIPS, *_SLIPS_WITH_USERS])(body, chance)
    return body


def groups(chance: Chance) -> Document:
    """Return the body of a POST or PUT of a Group; one in four has a slip."""
    body: Document = {"schemas": [GROUP], "displayName": words(chance)}
    if not chance.one_in(3):
        body["members"] = members(chance)
    if chance.one_in(4):
        body["externalId"] = external_ids(chance)
    if chance.one_in(4):
        chance.choice(_SLIPS)(body, chance)
    return body


# ------------------------------------------------------------------------------------------- slips


def _any_name(body: Document, chance: Chance) -> str:
    return chance.choice([name for name in body if name != "schemas"])


def _mistype(body: Document, chance: Chance) -> None:
    body[_any_name(body, chance)] = wrong(chance)


def _mistype_within(body: Document, chance: Chance) -> None:
    inner: Any = body[_any_name(body, chance)]
    inner = inner[0] if isinstance(inner, list) and inner else inner
    if isinstance(inner, dict):
        inner[chance.choice(list(inner))] = wrong(chance)


def _forget(body: Document, chance: Chance) -> None:
    del body[_any_name(body, chance)]


def _unassign(body: Document, chance: Chance) -> None:
    body[_any_name(body, chance)] = None


def _unassign_list(body: Document, chance: Chance) -> None:
    body["members" if body["schemas"] == [GROUP] else "emails"] = []


def _change_case(body: Document, chance: Chance) -> None:
    name = chance.choice([name for name in body if not name.startswith("urn:")])
    body[name.upper()] = body.pop(name)


def _send_unknown(body: Document, chance: Chance) -> None:
    body["shoeSize"] = wrong(chance)


def _send_read_only(body: Document, chance: Chance) -> None:
    body |= {"id": "mine", **({} if body["schemas"] == [GROUP] else {"groups": [{"value": "{g1}"}]})}


def _send_meta(body: Document, chance: Chance) -> None:
    body["meta"] = {"resourceType": "Group", "version": 'W/"7"'}


def _claim_another(body: Document, chance: Chance) -> None:
    body["schemas"] = [USER if body["schemas"] == [GROUP] else GROUP]


def _leave_schemas_out(body: Document, chance: Chance) -> None:
    del body["schemas"]


def _send_boolean_as_text(body: Document, chance: Chance) -> None:
    body["active"] = chance.choice(["True", "False", "true", "false"])


def _send_two_primaries(body: Document, chance: Chance) -> None:
    body["emails"] = [{"value": f"p{number}@example.com", "primary": True} for number in range(2)]


def _send_twice(body: Document, chance: Chance) -> None:
    body["emails"] = [
        {"value": address, "type": "work"} for address in ("ann@example.com", "ANN@example.com")
    ]


_SLIPS: list[Callable[[Document, Chance], None]] = [
    _mistype,
    _mistype_within,
    _forget,
    _unassign,
    _unassign_list,
    _change_case,
    _send_unknown,
    _send_read_only,
    _send_meta,
    _claim_another,
    _leave_schemas_out,
]
_SLIPS_WITH_USERS = [_send_boolean_as_text, _send_two_primaries, _send_twice]
