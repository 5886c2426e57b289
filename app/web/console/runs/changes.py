"""Whom a run added, changed, or found gone at the source: read from the revisions that it wrote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from app import clock
from app.directory import finding
from app.directory.documents import loaded
from app.directory.finding import Wanted
from app.directory.tables import EmployeeRow, Revision
from app.sources.runs import Run
from app.sources.tables import source_record
from app.web.console.field_words import field_words
from app.web.console.naming import name_of
from app.web.console.runs.rising import Key, Rising, rising_page

_employee, _revision, _record = EmployeeRow.__table__, Revision.__table__, source_record.c


@dataclass(frozen=True, slots=True)
class Value:
    """A field of a person that changed, in words, before and after; "" where there was or is nothing."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Changed:
    """One change of one person; ``name`` is None when they are no longer in the directory."""

    employee_id: str | None
    name: str | None
    at: str
    values: Sequence[Value] = field(default_factory=tuple)
    record_id: str = ""


def people(
    connection: Connection,
    run: Run,
    result: str,
    text: str = "",
    *,
    after: Key | None = None,
    before: Key | None = None,
) -> Rising[Changed]:
    """Return a page of those whom a run ``added``, ``updated`` or ``deleted``, the oldest people first.

    The key is (employee, revision); of ``deleted`` ones (record,).
    """
    query, line = (_gone(run), _gone_line) if result == "deleted" else (_written(run, result), _written_line)
    key = (_record.record_id,) if result == "deleted" else (_revision.c.resource_id, _revision.c.number)
    if text.strip():
        whom = _record.employee_id if result == "deleted" else _revision.c.resource_id
        wanted = finding.conditions(connection, run.tenant_id, Wanted(text=text))
        query = query.where(whom.in_(select(finding.EMPLOYEE_ID).where(*wanted)))
    return rising_page(connection, query, key, line, after=after, before=before)


def _written(run: Run, result: str) -> Any:
    of_person = (_employee.c.tenant_id == _revision.c.tenant_id) & (_employee.c.id == _revision.c.resource_id)
    columns = (_revision.c[name] for name in ("resource_id", "number", "at", "changes"))
    query = select(*columns, _employee.c.wire).select_from(_revision.outerjoin(_employee, of_person))
    is_new = _revision.c.kind == "created"
    mine = (_revision.c.tenant_id == run.tenant_id, _revision.c.run_id == run.id)
    return query.where(*mine, is_new if result == "added" else ~is_new)


def _gone(run: Run) -> Any:
    of_person = (_employee.c.tenant_id == _record.tenant_id) & (_employee.c.id == _record.employee_id)
    columns = (_record[name] for name in ("record_id", "employee_id", "gone_at"))
    query = select(*columns, _employee.c.wire).select_from(source_record.outerjoin(_employee, of_person))
    mine = (_record.tenant_id == run.tenant_id, _record.source_id == run.source_id)
    # One run of a source at a time: what went while this one was under way went by it.
    return query.where(*mine, _record.gone_at.between(run.started_at, run.finished_at or clock.now()))


def _written_line(row: Any) -> Changed:
    name = name_of(loaded(row.wire)) if row.wire else None
    return Changed(row.resource_id if row.wire else None, name, row.at, tuple(_values(loaded(row.changes))))


def _gone_line(row: Any) -> Changed:
    name = name_of(loaded(row.wire)) if row.wire else None
    known = row.employee_id if row.wire else None
    return Changed(known, name, row.gone_at, record_id=row.record_id)


def _values(changes: Mapping[str, Sequence[Any]]) -> list[Value]:
    values = [
        Value(field_words(path), shown(before), shown(after))
        for path, (before, after) in changes.items()
        if before != after and not path.endswith(_KIND)
    ]
    return sorted(values, key=_weight)


#: The kind of an address stands in its words already.
_KIND = "].type"
#: What tells people apart stands before the rest.
_FIRST = ("Active", "Work e-mail", "Job title", "Department", "Employee number", "First day")


def _weight(value: Value) -> tuple[int, str]:
    return (_FIRST.index(value.field) if value.field in _FIRST else len(_FIRST), value.field)


def shown(value: Any) -> str:
    """Return a value of a revision as people read it; a sealed one is not shown.

    >>> shown(True), shown(["a", "b"]), shown({"changed": "9f…"}), shown(None)
    ('yes', 'a, b', '•••', '')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return "•••" if "changed" in value else ", ".join(f"{k}: {shown(v)}" for k, v in value.items())
    if isinstance(value, list):
        return ", ".join(shown(entry) for entry in value)
    return str(value)
