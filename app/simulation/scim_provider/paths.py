"""Attribute paths and filters, as much of them as simple service providers understand: ``eq``, ``pr`` and ``and``.

Written apart from Rollcall's own ``scim`` package, so that a misreading there is not repeated here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.simulation.scim_provider.errors import ScimRefusal

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
CASE_EXACT = frozenset({"id", "externalid"})

_STRING = r'"(?:\\.|[^"\\])*"'
_URN = re.compile(r"^(urn:.*:\d+\.\d+:[A-Za-z]+)(?::(.*))?$", re.IGNORECASE | re.DOTALL)
_PATH = re.compile(rf"^([\w$-]+)(?:\[((?:{_STRING}|[^\]\"])*)\])?(?:\.([\w$-]+))?$")
_CLAUSE = re.compile(
    rf"\s*((?:[^\s\[\"]+)(?:\[(?:{_STRING}|[^\]\"])*\](?:\.[\w$-]+)?)?)\s+(?:(pr)|(eq)\s+({_STRING}|true|false|null|-?\d+(?:\.\d+)?))\s*",
    re.IGNORECASE,
)
_AND = re.compile(r"and\s+", re.IGNORECASE)


@dataclass(frozen=True)
class Clause:
    """``path eq value``; a ``value`` of ``PRESENT`` stands for ``pr``."""

    path: Path
    value: Any


@dataclass(frozen=True)
class Path:
    """``urn:attribute[condition].sub``; ``attribute`` empty: the whole extension."""

    urn: str | None
    attribute: str
    condition: tuple[Clause, ...] | None = None
    sub: str | None = None


PRESENT = object()


def parse_path(text: str) -> Path:
    """Return the path of ``text``; raises ScimRefusal (400 invalidPath)."""
    matched = _URN.match(text.strip())
    urn, rest = (matched.group(1), matched.group(2) or "") if matched else (None, text.strip())
    if urn is not None and urn.lower() in (CORE.lower(), GROUP.lower()):
        urn = None
    if urn is not None and not rest:
        return Path(urn, "")
    parts = _PATH.match(rest)
    if parts is None:
        raise ScimRefusal(400, f"path {text[:100]!r} is not understood", "invalidPath")
    attribute, condition, sub = parts.groups()
    return Path(urn, attribute, None if condition is None else parse_filter(condition), sub)


def parse_filter(text: str) -> tuple[Clause, ...]:
    """Return the clauses, all of which must hold; raises ScimRefusal (400 invalidFilter)."""
    clauses: list[Clause] = []
    position = 0
    while True:
        matched = _CLAUSE.match(text, position)
        if matched is None:
            raise ScimRefusal(
                400, f"filter {text[:100]!r}: only eq, pr and `and` are supported", "invalidFilter"
            )
        path, present, _, value = matched.groups()
        clauses.append(
            Clause(
                parse_path(path),
                PRESENT if present else json.loads(value.lower() if value[0] != '"' else value),
            )
        )
        position = matched.end()
        if position == len(text):
            return tuple(clauses)
        joint = _AND.match(text, position)
        if joint is None:
            raise ScimRefusal(
                400, f"filter {text[:100]!r}: only eq, pr and `and` are supported", "invalidFilter"
            )
        position = joint.end()


def holds(
    clauses: tuple[Clause, ...], document: Mapping[str, Any], case_exact: frozenset[str] = CASE_EXACT
) -> bool:
    """Tell whether a resource, or an entry of a multi-valued attribute, fulfils all clauses.

    ``case_exact`` are the attributes, in lower case, whose values are compared with regard to case.
    """
    return all(_clause_holds(clause, document, case_exact) for clause in clauses)


def _clause_holds(clause: Clause, document: Mapping[str, Any], case_exact: frozenset[str]) -> bool:
    values = list(values_at(document, clause.path))
    if clause.value is PRESENT:
        return any(value not in (None, "", [], {}) for value in values)
    exact = (clause.path.sub or clause.path.attribute).lower() in case_exact
    return any(_equal(value, clause.value, exact) for value in values)


def _equal(held: Any, wanted: Any, exact: bool) -> bool:
    if isinstance(held, str) and isinstance(wanted, str) and not exact:
        return held.lower() == wanted.lower()
    return type(held) is type(wanted) and bool(held == wanted)


def values_at(document: Mapping[str, Any], path: Path) -> Iterator[Any]:
    """Yield the simple values at a path; a multi-valued complex attribute stands for its ``value``."""
    home: Any = document if path.urn is None else document.get(key_of(document, path.urn), {})
    held = home.get(key_of(home, path.attribute)) if path.attribute else home
    for entry in held if isinstance(held, list) else [held]:
        if path.condition is not None and not (isinstance(entry, dict) and holds(path.condition, entry)):
            continue
        if isinstance(entry, dict) and path.attribute:
            yield entry.get(key_of(entry, path.sub or "value"))
        else:
            yield entry


def key_of(mapping: Mapping[str, Any], name: str) -> str:
    """Return the key under which ``mapping`` holds ``name``, whatever its case; ``name`` itself when absent."""
    if name in mapping:
        return name
    lowered = name.lower()
    return next((key for key in mapping if key.lower() == lowered), name)
