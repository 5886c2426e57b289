"""Random parameters of reads and searches: filters, sorting, pages, projections (RFC 7644 §3.4.2)."""

from __future__ import annotations

import json

from scim.resources import ENTERPRISE
from tests.referees.differential import values as v
from tests.referees.differential.chance import Chance, Make, one_of

Query = tuple[tuple[str, str], ...]

_TEXTS = ("eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le")
_EQUALITY = ("eq", "ne")
_ORDER = ("gt", "lt", "ge", "le")
_user_ids, _group_ids = one_of("{u1}", "{u2}"), one_of("{g1}", "{g2}")

#: Paths that a filter may compare → operators and operands.
_COMPARED: dict[str, tuple[tuple[str, ...], Make]] = {
    "userName": (_TEXTS, v.user_names),
    "username": (_TEXTS, v.user_names),
    "displayName": (_TEXTS, v.words),
    "title": (_TEXTS, v.words),
    "name.familyName": (_TEXTS, v.words),
    "name.givenName": (_TEXTS, v.words),
    "active": (_EQUALITY, v.booleans),
    "externalId": (_TEXTS, v.external_ids),
    "id": (_EQUALITY, _user_ids),
    "emails": (_TEXTS, v.addresses),
    "emails.value": (_TEXTS, v.addresses),
    "emails.type": (_TEXTS, v.types),
    "emails.primary": (_EQUALITY, v.booleans),
    "roles.value": (_TEXTS, v.words),
    "addresses.locality": (_TEXTS, v.words),
    "groups.value": (_EQUALITY, _group_ids),
    "groups.display": (_TEXTS, v.words),
    "groups.type": (_EQUALITY, one_of("direct", "indirect")),
    f"{ENTERPRISE}:department": (_TEXTS, v.words),
    f"{ENTERPRISE}:employeeNumber": (_TEXTS, v.words),
    f"{ENTERPRISE}:manager.value": (_EQUALITY, _user_ids),
    "meta.resourceType": (_EQUALITY, one_of("User", "Group", "user")),
    "meta.created": (_ORDER, one_of("2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z")),
    "urn:ietf:params:scim:schemas:core:2.0:User:userName": (_TEXTS, v.user_names),
}
_COMPARED_OF_GROUPS: dict[str, tuple[tuple[str, ...], Make]] = {
    "displayName": (_TEXTS, v.words),
    "externalId": (_TEXTS, v.external_ids),
    "members.value": (_EQUALITY, _user_ids),
    "members.type": (_EQUALITY, one_of("User", "Group")),
    "members.display": (_TEXTS, v.words),
    "members": (_EQUALITY, one_of("{u1}", "{g1}")),
    "id": (_EQUALITY, _group_ids),
}
#: Attributes with entries, and what stands in their brackets.
_IN_BRACKETS: dict[str, dict[str, Make]] = {
    "emails": {"value": v.addresses, "type": v.types, "display": v.words},
    "roles": {"value": v.words, "type": v.words},
    "addresses": {"locality": v.words, "type": v.types, "region": v.words},
}
_PRESENT = ["title", "emails", "emails.type", "name", "name.givenName", "active", "externalId", "meta.lastModified",
            "roles.primary", "groups", ENTERPRISE + ":manager"]  # fmt: skip
_BAD_FILTERS = [
    "",
    "userName",
    "userName eq",
    'userName xx "ann"',
    'shoeSize eq "1"',
    "userName eq ann",
    'userName eq "ann',
    '(userName eq "ann"',
    'userName eq "ann")',
    "active gt true",
    "active eq 5",
    "userName eq 5",
    'emails[type eq "work"',
    'emails[shoeSize eq "x"]',
    'name eq "x"',
    'meta.created gt "yesterday"',
    'password eq "correct horse"',
    "password pr",
    'userName eq "a" or',
    'not userName eq "a"',
    "title eq null",
    "title ne null",
]


def _comparison(chance: Chance, compared: dict[str, tuple[tuple[str, ...], Make]]) -> str:
    path = chance.choice(list(compared))
    operators, operand = compared[path]
    return f"{path} {chance.choice(operators)} {json.dumps(operand(chance), ensure_ascii=False)}"


def _brackets(chance: Chance) -> str:
    path = chance.choice(list(_IN_BRACKETS))
    inner = {name: (_TEXTS, make) for name, make in _IN_BRACKETS[path].items()}
    terms = [_comparison(chance, inner) for _ in range(chance.randint(1, 2))]
    return f"{path}[{chance.choice([' and ', ' or ']).join(terms)}]"


def _term(chance: Chance, of_users: bool) -> str:
    compared = _COMPARED if of_users else _COMPARED_OF_GROUPS
    if of_users and chance.one_in(5):
        return _brackets(chance)
    if chance.one_in(5):
        return f"{chance.choice(_PRESENT if of_users else ['members', 'externalId'])} pr"
    term = _comparison(chance, compared)
    return f"not ({term})" if chance.one_in(4) else term


def _filter(chance: Chance, of_users: bool) -> str:
    """Return a filter of one to three terms."""
    joined = _term(chance, of_users)
    for _ in range(chance.choice([0, 0, 1, 2])):
        left = f"({joined})" if chance.one_in(2) else joined
        joined = f"{left} {chance.choice(['and', 'or', 'AND'])} {_term(chance, of_users)}"
    return joined


_ATTRIBUTES = ["userName", "name", "name.givenName", "emails", "emails.value", "id", "meta", "active", "shoeSize",
               "displayName", "USERNAME", "members", "members.value", "externalId", "schemas", "password", "groups",
               "roles.type", "meta.created", ENTERPRISE, ENTERPRISE + ":department", ENTERPRISE + ":manager.value"
]  # fmt: skip


def projections(chance: Chance) -> Query:
    """Return ``attributes`` or ``excludedAttributes``."""
    return ((chance.choice(["attributes", "excludedAttributes"]), ",".join(chance.some(_ATTRIBUTES, 1, 3))),)


_SORTS = ["userName", "displayName", "name.familyName", "emails", "emails.value", "title", "active", "externalId",
          "id", "meta.created", ENTERPRISE + ":employeeNumber"]  # fmt: skip
_SORTS_OF_GROUPS = ["displayName", "externalId", "id", "meta.created"]
#: One fault at a time: which of two is told first is nobody's rule.
_FAULTS: list[tuple[str, str]] = [
    *(("filter", text) for text in _BAD_FILTERS),
    *(("sortBy", text) for text in ("shoeSize", "name", "password")),
    ("startIndex", "x"),
    ("count", "1.5"),
    ("sortOrder", "up"),
]


def searches(chance: Chance, *, of_users: bool) -> Query:
    """Return the parameters of a list: any of a filter, a sort, a page and a projection; one in eight has a fault."""
    query: dict[str, str] = {}
    if not chance.one_in(4):
        query["filter"] = _filter(chance, of_users)
    if chance.one_in(4):
        query["sortBy"] = chance.choice(_SORTS if of_users else _SORTS_OF_GROUPS)
        if chance.one_in(2):
            query["sortOrder"] = chance.choice(["ascending", "descending", "Descending"])
    if chance.one_in(4):
        query["startIndex"] = chance.choice(["1", "2", "3", "0", "-1", "100"])
    if chance.one_in(4):
        query["count"] = chance.choice(["0", "1", "2", "10", "-1", "5000"])
    if chance.one_in(8):
        query |= [chance.choice(_FAULTS)]
    return (*query.items(), *(projections(chance) if chance.one_in(4) else ()))
