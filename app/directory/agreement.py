"""Whether what is stored of a tenant's directory agrees: revisions, documents, and the tables that are searched.

Nothing is written. What is read is read in batches, so that a large tenant needs little memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, bindparam, select

from app.database import one_of
from app.directory import documents, roster, uniqueness
from app.directory.reading import stored_totals, total
from app.directory.schemas import user_type
from app.directory.shelves import Shelf, shelf_of
from app.directory.tables import (
    EmployeeEmail,
    EmployeeRow,
    ExternalId,
    Membership,
    ResourceRow,
    Revision,
    RosterLine,
    UniqueValue,
)
from app.directory.values import Document, flatten
from scim.errors import ScimError, Uniqueness

BATCH = 500
#: Findings of one check that are kept in full; the rest is counted.
MOST = 20
_BACKUP = "restore the newest backup beside this installation and compare, or have the next write mend it"
_TOUCH = "write the employee once, unchanged values do not count: change and change back a value"
_employee, _resource, _revision = EmployeeRow.__table__, ResourceRow.__table__, Revision.__table__
_email, _external, _unique = EmployeeEmail.__table__, ExternalId.__table__, UniqueValue.__table__
_membership, _roster = Membership.__table__, RosterLine.__table__

Advance = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not agree: a short stable code, whom or what it concerns, a sentence, and the way out."""

    code: str
    subject: str
    says: str
    way_out: str


@dataclass(slots=True)
class Check:
    """One thing that was verified: what was counted, how much of it is wrong, and the first findings."""

    name: str
    figures: dict[str, int] = field(default_factory=dict)
    wrong: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def is_well(self) -> bool:
        """Whether nothing was found."""
        return self.wrong == 0

    def count(self, name: str, number: int = 1) -> None:
        """Add to a figure."""
        self.figures[name] = self.figures.get(name, 0) + number

    def find(self, code: str, subject: str, says: str, way_out: str = _BACKUP) -> None:
        """Note something that is wrong."""
        self.wrong += 1
        if len(self.findings) < MOST:
            self.findings.append(Finding(code, subject, says, way_out))


def checked(connection: Connection, tenant_id: int, advance: Advance) -> list[Check]:
    """Counters, revisions and look-up tables of a tenant; `advance` is told of each batch of resources."""
    revisions, look_ups = Check("revisions"), Check("look-up tables")
    shelf = shelf_of(user_type(tenant_id, connection))
    for ids, rows in _batches(connection, tenant_id):
        histories = _histories(connection, tenant_id, ids)
        emails, lines = _emails(connection, tenant_id, ids), _lines(connection, tenant_id, ids)
        for id_ in ids:
            row, history = rows.get(id_), histories.get(id_, [])
            document = None if row is None else documents.joined(row.wire, row.on_request)
            _check_history(revisions, id_, row, document, history)
            if row is not None and document is not None and "user_name_key" in row._mapping:
                _check_columns(look_ups, shelf, row, document, emails.get(id_, []))
                _check_unique(connection, look_ups, shelf, tenant_id, id_, document)
                _check_line(look_ups, id_, document, lines.get(id_))
        advance(len(ids))
    _check_hanging(connection, look_ups, tenant_id)
    return [_counters(connection, tenant_id), revisions, look_ups]


def _counters(connection: Connection, tenant_id: int) -> Check:
    check = Check("counters")
    for name, stored in stored_totals(connection, tenant_id).items():
        counted = total(connection, tenant_id, name)
        check.count(name, stored)
        if counted != stored:
            says = f"{counted} are counted and {stored} are stored: totalResults of unfiltered lists is wrong"
            check.find("counter_differs", name, says, "add the difference to a row of the table counter")
    return check


# --- what is read ------------------------------------------------------------------------------------------------

_AFTER: Any = bindparam("b_after")


def _next_ids(column: Any, tenant: Any) -> Any:
    return (
        select(column)
        .where(tenant == bindparam("b_tenant"), column > _AFTER)
        .distinct()
        .order_by(column)
        .limit(BATCH)
    )


_NEXT = (
    _next_ids(_employee.c.id, _employee.c.tenant_id),
    _next_ids(_resource.c.id, _resource.c.tenant_id),
    _next_ids(_revision.c.resource_id, _revision.c.tenant_id),
)
_DOCUMENT = ("id", "version", "wire", "on_request", "owners")
_PEOPLE = select(
    *(_employee.c[name] for name in _DOCUMENT),
    *(_employee.c[n] for n in ("active", "user_name_key", "display_name_key", "employee_number_key")),
).where(_employee.c.tenant_id == bindparam("b_tenant"), one_of(_employee.c.id, "b_ids"))
_OTHERS = select(*(_resource.c[name] for name in _DOCUMENT)).where(
    _resource.c.tenant_id == bindparam("b_tenant"), one_of(_resource.c.id, "b_ids")
)
_REVISIONS = (
    select(_revision.c.resource_id, _revision.c.number, _revision.c.kind, _revision.c.changes)
    .where(_revision.c.tenant_id == bindparam("b_tenant"), one_of(_revision.c.resource_id, "b_ids"))
    .order_by(_revision.c.resource_id, _revision.c.number)
)
_EMAILS = (
    select(_email.c.employee_id, _email.c.type, _email.c.key)
    .where(_email.c.tenant_id == bindparam("b_tenant"), one_of(_email.c.employee_id, "b_ids"))
    .order_by(_email.c.employee_id, _email.c.position)
)
_LINES = select(_roster).where(
    _roster.c.tenant_id == bindparam("b_tenant"), one_of(_roster.c.employee_id, "b_ids")
)


def _batches(connection: Connection, tenant_id: int) -> Iterator[tuple[list[str], dict[str, Any]]]:
    """Every id that a resource has or had, in order, with the rows of those that exist."""
    last = ""
    while True:
        key = {"b_tenant": tenant_id, "b_after": last}
        found = {id_ for query in _NEXT for id_ in connection.scalars(query, key)}
        ids = sorted(found)[:BATCH]
        if not ids:
            return
        key = {"b_tenant": tenant_id, "b_ids": ids}
        yield ids, {row.id: row for query in (_OTHERS, _PEOPLE) for row in connection.execute(query, key)}
        last = ids[-1]


def _histories(connection: Connection, tenant_id: int, ids: Sequence[str]) -> dict[str, list[Any]]:
    rows = connection.execute(_REVISIONS, {"b_tenant": tenant_id, "b_ids": list(ids)})
    return {id_: list(some) for id_, some in groupby(rows, lambda row: str(row.resource_id))}


def _emails(connection: Connection, tenant_id: int, ids: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
    rows = connection.execute(_EMAILS, {"b_tenant": tenant_id, "b_ids": list(ids)})
    grouped = groupby(rows, lambda row: str(row.employee_id))
    return {id_: [(row.type, row.key) for row in some] for id_, some in grouped}


def _lines(connection: Connection, tenant_id: int, ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    rows = connection.execute(_LINES, {"b_tenant": tenant_id, "b_ids": list(ids)})
    return {row.employee_id: dict(row._mapping) for row in rows}


# --- revisions ---------------------------------------------------------------------------------------------------


def _check_history(
    check: Check, id_: str, row: Any, document: Document | None, history: Sequence[Any]
) -> None:
    check.count("resources" if row is not None else "deleted")
    check.count("revisions", len(history))
    numbers = [revision.number for revision in history]
    if not history:
        check.find("no_revision", id_, "it is stored and has no revision at all")
        return
    if numbers != list(range(1, numbers[-1] + 1)):
        missing = sorted(set(range(1, numbers[-1] + 1)) - set(numbers))
        check.find("revision_missing", id_, f"revision {_some(missing)} of {numbers[-1]} is missing")
        return
    if row is None or document is None:
        if history[-1].kind != "deleted":
            says = f"its last revision, {numbers[-1]}, does not delete it, yet it is not stored"
            check.find("resource_missing", id_, says)
        return
    if row.version != numbers[-1] or history[-1].kind == "deleted":
        says = f"it is at version {row.version}; its last revision, {numbers[-1]}, is {history[-1].kind}"
        check.find("version_differs", id_, says)
        return
    _check_chain(check, id_, document, history)


def _check_chain(check: Check, id_: str, document: Document, history: Sequence[Any]) -> None:
    """What the revisions say one after the other must lead to the document."""
    known: dict[str, Any] = {}
    for revision in history:
        for path, (before, after) in documents.loaded(revision.changes).items():
            if path in _BESIDE:
                continue
            if not _is_concealed(before) and not _is_concealed(known.get(path)) and known.get(path) != before:
                says = f"revision {revision.number} found another {path} than revision {revision.number - 1} left"
                check.find("revision_changed", id_, says)
                return
            if after is None:
                known.pop(path, None)
            else:
                known[path] = after
    held = flatten(document)
    differing = [path for path, value in held.items() if not _agrees(known.get(path), value)]
    differing += [path for path, value in known.items() if path not in held and not _is_concealed(value)]
    if differing:
        says = f"its document is not what its revisions lead to: {_some(sorted(differing))}"
        check.find("document_changed", id_, says)


#: What a change names although no document holds it: it is kept per client, or as rows of its own.
_BESIDE = frozenset({"externalId", "members"})


def _is_concealed(value: Any) -> bool:
    """Whether a side of a change only says that there was a value."""
    return isinstance(value, dict) and value.keys() <= {"changed", "erased"}


def _agrees(known: Any, value: Any) -> bool:
    return _is_concealed(known) or bool(known == value)


# --- what is searched --------------------------------------------------------------------------------------------


def _check_columns(
    check: Check, shelf: Shelf, row: Any, document: Document, emails: Sequence[tuple[str, str]]
) -> None:
    check.count("employees")
    check.count("e-mails", len(emails))
    try:
        wanted: Mapping[str, Any] = shelf.keys(document) | {"emails": documents.emails(document)}
    except (ScimError, KeyError) as error:
        check.find("document_unusable", row.id, f"its document cannot be searched: {error}")
        return
    stored = {name: getattr(row, name, None) for name in wanted} | {"emails": list(emails)}
    differing = sorted(name for name, value in wanted.items() if stored[name] != value)
    if differing:
        says = f"it is searched by other values than its document has: {', '.join(differing)}"
        check.find("look_up_differs", row.id, says, _TOUCH)
    if documents.loaded(row.owners).keys() != flatten(document).keys():
        says = "the owners of its values are not those of the values that it has"
        check.find("owners_differ", row.id, says, _TOUCH)


def _check_line(check: Check, id_: str, document: Document, line: Mapping[str, Any] | None) -> None:
    """The line by which lists of people find and sort somebody must say what the document says."""
    if line is None:
        way_out = "add their row to the table roster, or restore the newest backup"
        check.find("roster_missing", id_, "the list of people does not have them", way_out)
        return
    differing = sorted(name for name, value in roster.line_of(document).items() if line[name] != value)
    if differing:
        says = f"the list of people has other values than the document: {', '.join(differing)}"
        check.find("roster_differs", id_, says, "change their display name, and change it back")


def _check_unique(
    connection: Connection, check: Check, shelf: Shelf, tenant_id: int, id_: str, document: Document
) -> None:
    """What a loaded schema calls unique must be claimed by whoever has the value."""
    if not shelf.forms.unique_attributes:
        return
    try:
        claims = uniqueness.claimed(connection, tenant_id, shelf, id_, document)
    except Uniqueness as error:
        check.find("unique_value_taken", id_, str(error), "change one of the two values")
        return
    wanted = {(claim.row["path"], claim.row["key"]) for claim in claims}
    query = select(_unique.c.path, _unique.c.key).where(
        _unique.c.tenant_id == tenant_id, _unique.c.resource_id == id_
    )
    if wanted != {(row.path, row.key) for row in connection.execute(query)}:
        check.find("unique_value_differs", id_, "its unique values are not those that are claimed for it")


def _without(table: Any, column: str, *others: Any) -> Any:
    """A query for the ids in a column of a table that no row of the other tables has."""
    query = select(table.c[column]).where(table.c.tenant_id == bindparam("b_tenant"))
    for other in others:
        here = select(other.c.id).where(other.c.tenant_id == table.c.tenant_id, other.c.id == table.c[column])
        query = query.where(~here.exists())
    return query.distinct().limit(MOST)


#: Table → (what its row is called, the ids in it that belong to nobody).
_HANGING = (
    ("unique value", _without(_unique, "resource_id", _employee, _resource)),
    ("external id", _without(_external, "resource_id", _employee, _resource)),
    ("membership", _without(_membership, "group_id", _resource)),
    ("membership", _without(_membership, "member_id", _employee, _resource)),
)


def _check_hanging(connection: Connection, check: Check, tenant_id: int) -> None:
    for name, query in _HANGING:
        for id_ in connection.scalars(query, {"b_tenant": tenant_id}):
            check.find("left_over", id_, f"a {name} names it, and it does not exist", "delete that row")


def _some(names: Sequence[object]) -> str:
    shown = ", ".join(map(str, names[:5]))
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"
