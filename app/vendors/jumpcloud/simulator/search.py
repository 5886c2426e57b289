"""Finding systemusers: the ``filter`` of GET, the body of POST /search/systemusers, sorting and field lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from app.vendors.jumpcloud.simulator.errors import Refusal
from app.vendors.jumpcloud.simulator.systemusers import UNIQUE, SystemUsers

Record = dict[str, Any]
SEARCHED = ("username", "email", "firstname", "lastname", "displayname")
OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "$eq": lambda held, wanted: held == wanted,
    "$ne": lambda held, wanted: held != wanted,
    "$in": lambda held, wanted: held in wanted.split("|"),
    "$sw": lambda held, wanted: held.startswith(wanted),
    "$ew": lambda held, wanted: held.endswith(wanted),
    "$gt": lambda held, wanted: held > wanted,
    "$gte": lambda held, wanted: held >= wanted,
    "$lt": lambda held, wanted: held < wanted,
    "$lte": lambda held, wanted: held <= wanted,
}
Condition = tuple[str, str, str]


def by_query(users: SystemUsers, filters: Iterable[str], term: str | None) -> list[Record]:
    """Return the records that fulfil all ``member:$op:value`` filters and hold ``term`` somewhere.

    Raises Refusal (400).
    """
    found = _matching(users, [_condition(text) for text in filters])
    return found if not term else [record for record in found if _holds_term(record, [term], SEARCHED)]


def by_body(users: SystemUsers, body: Mapping[str, Any]) -> list[Record]:
    """Return the records that fulfil the ``filter`` and ``searchFilter`` of a search body; raises Refusal (400)."""
    found = _by_tree(users, body.get("filter") or {})
    search = body.get("searchFilter") or {}
    terms = search.get("searchTerm") or []
    terms = [terms] if isinstance(terms, str) else terms
    fields = search.get("fields") or SEARCHED
    return found if not terms else [record for record in found if _holds_term(record, terms, fields)]


def arranged(records: list[Record], sort: str | None) -> list[Record]:
    """Return the records in the order of ``sort``: names separated by blanks, ``-`` for descending."""
    ordered = list(records)
    for name in reversed((sort or "").replace(",", " ").split()):
        ordered.sort(
            key=lambda record: _text(record.get(name.lstrip("-"))).lower(), reverse=name.startswith("-")
        )
    return ordered


def selected(record: Record, fields: str | None) -> Record:
    """Return the named members and ``_id``; everything without ``fields``."""
    names = (fields or "").replace(",", " ").split()
    return record if not names else {name: record[name] for name in ("_id", *names) if name in record}


def _condition(text: str) -> Condition:
    parts = text.split(":", 2)
    if len(parts) != 3 or parts[1] not in OPERATORS:
        raise Refusal(400, f"Bad Request: filter {text[:100]} is not member:$operator:value")
    return parts[0], parts[1], parts[2]


def _by_tree(users: SystemUsers, tree: Mapping[str, Any]) -> list[Record]:
    branches = tree.get("or") or tree.get("$or")
    if branches:
        hits = {
            record["_id"]: record for branch in branches for record in _matching(users, _conditions(branch))
        }
        return [hits[user_id] for user_id in sorted(hits)]
    together = tree.get("and") or tree.get("$and") or ([tree] if tree else [])
    return _matching(users, [condition for branch in together for condition in _conditions(branch)])


def _conditions(branch: Any) -> list[Condition]:
    if isinstance(branch, str):
        return [_condition(branch)]
    if not isinstance(branch, dict):
        raise Refusal(400, "Bad Request: filter must hold objects")
    found: list[Condition] = []
    for member, wanted in branch.items():
        for operator, value in wanted.items() if isinstance(wanted, dict) else [("$eq", wanted)]:
            found.append(_condition(f"{member}:{operator}:{_text(value)}"))
    return found


def _matching(users: SystemUsers, conditions: list[Condition]) -> list[Record]:
    return [
        record
        for record in _candidates(users, conditions)
        if all(_fulfils(record, *each) for each in conditions)
    ]


def _candidates(users: SystemUsers, conditions: list[Condition]) -> list[Record]:
    for member, operator, value in conditions:
        if operator == "$eq" and member in UNIQUE and value:
            return users.holders(member, value)
    return users.everyone()


def _fulfils(record: Record, member: str, operator: str, wanted: str) -> bool:
    return OPERATORS[operator](_text(record.get(member)).lower(), wanted.lower())


def _holds_term(record: Record, terms: Iterable[str], fields: Iterable[str]) -> bool:
    return any(term.lower() in _text(record.get(name)).lower() for term in terms for name in fields)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)
