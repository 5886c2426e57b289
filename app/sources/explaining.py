"""What each source says of the values of an employee, and why it stands or does not: for ``employee show --explain``.

Sources' values are kept as digests only, so it can be told that a source says the same, another value or nothing.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from app.directory import Document, flatten
from app.sources import catalog, pins, precedence
from app.sources.catalog import Source
from app.sources.fields import user_fields
from app.sources.known_records import Printer
from app.sources.pins import Pin
from app.sources.precedence import EVERY_FIELD, Precedence, fields_by_path, value_paths
from app.sources.tables import source_record

#: Code → sentence. Documented in docs/identity.md.
WORDS = {
    "stands": "wrote the value that stands",
    "same": "says the same",
    "silent": "says that it is empty",
    "once": "was asked when the person was added, and is not asked again",
    "pinned": "says another value, which the pin keeps out",
    "weaker": "says another value; {owner} stands before it",
    "waits": "says active; who set the person inactive is in no list, so it counts when the source says it anew",
    "to_come": "says another value, which its next import writes",
    "overwritten": "said another value before {owner} wrote this one",
    "emptied": "said a value before it was emptied",
}


@dataclass(frozen=True, slots=True)
class Word:
    """What one record says of a field. `rule` is that of the mapping, as it is written there; `code` one of `WORDS`."""

    source: str
    record: str
    rule: str | None
    code: str
    says: str


@dataclass(frozen=True, slots=True)
class Told:
    """What there is to say of one value beside who wrote it; `writers` is the list that counts for it, if one does."""

    field: str
    pin: Pin | None
    writers: tuple[str, ...]
    words: tuple[Word, ...]


def told_of(
    connection: Connection, tenant_id: int, employee_id: str, document: Document, owners: Mapping[str, str]
) -> dict[str, Told]:
    """Return value path → what is to be said of it, for all that a source speaks of or that is pinned."""
    scene = _Scene(
        flatten(document),
        owners,
        pins.of_employees(connection, tenant_id, [employee_id]).get(employee_id, {}),
        precedence.of_tenant(connection, tenant_id),
    )
    lists = precedence.listed(connection, tenant_id)
    words: dict[str, list[Word]] = {}
    record = source_record.c
    where = (record.tenant_id == tenant_id, record.employee_id == employee_id, record.gone_at.is_(None))
    query = select(record.source_id, record.record_id, record.prints).where(*where)
    for row in connection.execute(query.order_by(record.source_id, record.record_id)).all():
        known = catalog.with_id(connection, tenant_id, row.source_id)
        if known is not None:
            for path, word in _words(scene, known, row.record_id, row.prints):
                words.setdefault(path, []).append(word)
    return {
        path: Told(
            name := fields_by_path()[path],
            scene.pins.get(path),
            tuple(lists.get(name) or lists.get(EVERY_FIELD) or ()),
            tuple(words.get(path, ())),
        )
        for path in sorted({*words, *scene.pins} & fields_by_path().keys())
    }


@dataclass(frozen=True, slots=True)
class _Scene:
    values: Mapping[str, Any]
    owners: Mapping[str, str]
    pins: Mapping[str, Pin]
    lists: Precedence | None


def _words(scene: _Scene, known: Source, record_id: str, prints: Mapping[str, str]) -> list[tuple[str, Word]]:
    rules, printer, found = _rules(known.mapping), Printer(known.print_key), []
    for name, digest in prints.items():
        path = value_paths().get(name)
        if path is None:
            continue
        code = _code(scene, f"source:{known.name}", name, path, digest, printer)
        rule, is_once = rules.get(name, (None, False))
        if code not in ("stands", "same") and (is_once or name == "userName"):
            code = "once"
        says = WORDS[code].format(owner=scene.owners.get(path))
        found.append((path, Word(known.name, record_id, rule, code, says)))
    return found


def _code(scene: _Scene, writer: str, name: str, path: str, digest: str, printer: Printer) -> str:
    value, owner = scene.values.get(path), scene.owners.get(path)
    if digest == printer.of(None):
        return "silent"
    if value is not None and digest == printer.of(value):
        return "stands" if owner == writer else "same"
    if path in scene.pins:
        return "pinned"
    lists = scene.lists
    if lists is None or lists.places_for(name) is None:
        return "emptied" if owner is None else "overwritten"
    if owner is None:
        return "to_come"
    if lists.place(name, writer) < lists.place(name, owner):
        return "waits" if lists.revives(name, owner, value is False) else "to_come"
    return "weaker" if lists.place(name, owner) < lists.place(name, writer) else "overwritten"


def _rules(text: str) -> dict[str, tuple[str, bool]]:
    """Return field → (its rule as it is written, whether it counts once) of a mapping."""
    found = {}
    for spelling, rule in tomllib.loads(text).get("fields", {}).items():
        target = user_fields().find(spelling)
        if target is not None:
            is_once = isinstance(rule, dict) and rule.get("once") is True
            found[target.name] = (json.dumps(rule, ensure_ascii=False, default=str), is_once)
    return found
