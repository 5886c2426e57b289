"""A source's mapping as a table: our field, where its value comes from, what is done with it, and an example."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from app import directory
from app.directory.documents import loaded
from app.directory.tables import EmployeeRow
from app.sources.catalog import Source
from app.sources.fields import user_fields
from app.sources.mapping import Mapping as FieldMapping
from app.sources.precedence import value_paths
from app.sources.previewing import HIDDEN
from app.sources.tables import source_record
from app.web.console.field_words import field_words
from app.web.console.naming import name_of
from app.web.console.runs.changes import shown
from app.web.console.sources.rule_phrases import as_rule, columns_of, phrases, value_words

_employee, _record = EmployeeRow.__table__, source_record.c
#: Without one of these a person has no name, or no account.
REQUIRED = frozenset(
    {"name.givenName", "name.familyName", "displayName", "name.formatted", "emails[work].value"}
)


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One rule; ``example`` is what it made for somebody who is known from the source, "" where nothing is known."""

    field: str
    name: str
    columns: Sequence[str]
    said: Sequence[str]
    example: str
    is_key: bool


@dataclass(frozen=True, slots=True)
class Example:
    """Somebody who is known from a source, and the values that the source wrote, by field of a mapping."""

    employee_id: str
    name: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Told:
    """A mapping in words: its rules, what identifies a record, which rows count, and what is not used."""

    lines: Sequence[RuleLine]
    key: Sequence[str]
    rows: Sequence[str]
    unused: Sequence[str]


def told_of(known: Source, compiled: FieldMapping, example: Example | None) -> Told:
    """Return the mapping of a source in words."""
    labels = {each.name: each.label or each.name for each in known.adapter().record_fields(known.context())}
    written = _written(known.mapping)
    lines = [_line(name, compiled, written, labels, example) for name in compiled.fields]
    used = {column for line in written.values() for column in columns_of(line)} | set(compiled.key)
    values = tomllib.loads(known.mapping).get("values", {})
    used |= {column for rule in values.values() for column in columns_of(as_rule(rule))}
    used = {compiled.columns.find(column) or column for column in used}
    return Told(
        sorted(lines, key=lambda line: (not line.is_key, line.field.casefold())),
        [labels.get(column, column) for column in compiled.key],
        [*_row_words("Left out are", compiled.skip_rows), *_row_words("Only", compiled.only_rows)],
        [
            label
            for name, label in labels.items()
            if name not in used and not _is_in_text(name, known.mapping)
        ],
    )


def _line(
    name: str,
    compiled: FieldMapping,
    written: Mapping[str, Mapping[str, Any]],
    labels: Mapping[str, str],
    example: Example | None,
) -> RuleLine:
    rule = written.get(name, {})
    columns = [compiled.columns.find(column) or column for column in columns_of(rule)]
    value = example.values.get(name, "") if example is not None else ""
    return RuleLine(
        field_words(name),
        name,
        [labels.get(column, column) for column in columns],
        phrases(rule),
        value if compiled.targets[name].quotable else HIDDEN,
        name in REQUIRED,
    )


def _written(text: str) -> dict[str, Mapping[str, Any]]:
    """Return field → its rule as it is written."""
    found: dict[str, Mapping[str, Any]] = {}
    _gather(found, "", tomllib.loads(text.lstrip("\ufeff")).get("fields", {}))
    return found


def _gather(found: dict[str, Mapping[str, Any]], prefix: str, written: Mapping[str, Any]) -> None:
    for name, rule in written.items():
        field = user_fields().find(prefix + name)
        if field is not None:
            found[field.name] = as_rule(rule)
        elif isinstance(rule, dict):
            _gather(found, f"{prefix}{name}.", rule)


def _is_in_text(column: str, text: str) -> bool:
    """Whether a template, or something else of the mapping's text, names a column."""
    return f"{{{column}" in text


def _row_words(lead: str, filters: Sequence[Any]) -> list[str]:
    return [
        f"{lead} rows whose {each.column} is {' or '.join(value_words(word) for word in each.words)}."
        for each in filters
    ]


def example_of(connection: Connection, known: Source) -> Example | None:
    """Return somebody who came from a source, with the values that stand by its word; None when nobody did."""
    of_person = (_employee.c.tenant_id == _record.tenant_id) & (_employee.c.id == _record.employee_id)
    query = select(_employee.c.id, _employee.c.wire, _employee.c.owners).select_from(
        source_record.join(_employee, of_person)
    )
    mine = (_record.tenant_id == known.tenant_id, _record.source_id == known.id, _record.gone_at.is_(None))
    row = connection.execute(query.where(*mine).order_by(_record.record_id).limit(1)).first()
    if row is None:
        return None
    document, owners = loaded(row.wire), loaded(row.owners)
    flat, owner = directory.flatten(document), f"source:{known.name}"
    values = {
        field: shown(flat[path])
        for field, path in value_paths().items()
        if path in flat and owners.get(path) == owner
    }
    return Example(row.id, name_of(document), values)
