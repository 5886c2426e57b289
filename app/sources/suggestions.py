"""Suggestions: a new record that may be an employee who is known already. A person decides; nobody is ever guessed.

Who has the same personal e-mail address and the same name is probably the same person, and is not surely: families
share addresses, and names. So the record is errored (``confirm_match``) until somebody says which it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, exists, select, update

from app import clock
from app.access import audit
from app.database import one_of, require_writing, upsert
from app.directory.tables import RosterLine
from app.directory.values import work_email
from app.errors import NotFoundError, WrongUse
from app.sources import catalog
from app.sources.catalog import Source
from app.sources.errors import RowRefused
from app.sources.fragments import Document
from app.sources.records import RowProblem
from app.sources.tables import match_suggestion
from scim.keys import comparison_key
from scim.resources import ENTERPRISE, HR

if TYPE_CHECKING:
    from app.sources.people import People

_columns, _line = match_suggestion.c, RosterLine.__table__.c
_OF_RECORDS = select(match_suggestion).where(
    _columns.tenant_id == bindparam("b_tenant"),
    _columns.source_id == bindparam("b_source"),
    one_of(_columns.record_id, "b_ids"),
)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A record that may be an employee. ``state`` is ``waiting``, ``same`` or ``other``.

    ``facts`` are those of :func:`facts_of` that the record said when it was last read; none when it is decided.
    """

    record_id: str
    employee_id: str
    state: str
    at: str
    decided_by: str | None = None
    decided_at: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict)


def is_waiting() -> ColumnElement[bool]:
    """The condition of a suggestion that waits for somebody: undecided, and its employee is still there."""
    there = exists().where(_line.tenant_id == _columns.tenant_id, _line.employee_id == _columns.employee_id)
    return and_(_columns.state == "waiting", there)


class Unconfirmed(RowRefused):
    """A row waits for a person to say whether it is one of these employees; ``facts`` are what it says."""

    def __init__(self, employee_ids: Sequence[str], facts: Mapping[str, str]) -> None:
        self.employee_ids, self.facts = tuple(employee_ids), dict(facts)
        whom = (
            f"employee {employee_ids[0]} has"
            if len(employee_ids) == 1
            else f"the employees {', '.join(employee_ids[:3])} have"
        )
        reason = (
            f"{whom} the same personal e-mail and the same name: say whether it is the same person with "
            "`rollcall source confirm`, then import again"
        )
        super().__init__(RowProblem("confirm_match", reason))


def look_alikes(document: Document, people: People) -> list[str]:
    """Return the employees who may be the person of a row: same personal e-mail and same name.

    Work addresses do not count, nor does who is another record of the same source already.
    """
    names = _names(document)
    if names is None:
        return []
    addresses = _personal(document)
    ids = {found for address in addresses for found in people.by_personal_email(address)}
    return [found for found in sorted(ids) if _is_alike(people, found, addresses, names)]


def facts_of(document: Document) -> dict[str, str]:
    """Return what tells two people of one name and address apart: field → text, without what is not there."""
    enterprise, hr = document.get(ENTERPRISE) or {}, document.get(HR) or {}
    found = {
        "work_email": work_email(document),
        "employee_number": enterprise.get("employeeNumber"),
        "title": document.get("title"),
        "department": enterprise.get("department"),
        "start_date": hr.get("startDate"),
        "state": "inactive" if document.get("active") is False else "active",
    }
    return {name: str(value) for name, value in found.items() if value}


def _is_alike(people: People, employee_id: str, addresses: frozenset[str], names: tuple[str, ...]) -> bool:
    theirs = people.document(employee_id) or {}
    return (
        not addresses.isdisjoint(_personal(theirs))
        and _names(theirs, with_parts=len(names) > 1) == names
        and people.record_of(employee_id) is None
    )


def _personal(document: Document) -> frozenset[str]:
    entries = (
        entry for entry in document.get("emails", ()) if comparison_key(entry.get("type", "")) != "work"
    )
    return frozenset(comparison_key(entry["value"]) for entry in entries if entry.get("value"))


def _names(document: Document, *, with_parts: bool | None = None) -> tuple[str, ...] | None:
    """Return the comparison keys of given and family name; of the display name where a part is missing."""
    name = document.get("name") or {}
    parts = tuple(comparison_key(name.get(part) or "") for part in ("givenName", "familyName"))
    if with_parts is not False and all(parts):
        return parts
    known = [text for part in ("givenName", "familyName") if (text := name.get(part))]
    shown = comparison_key(document.get("displayName") or name.get("formatted") or " ".join(known))
    return (shown,) if shown and with_parts is not True else None


def of_records(
    connection: Connection, tenant_id: int, source_id: int, ids: Sequence[str]
) -> dict[str, Suggestion]:
    """Return record id → suggestion, for those of ``ids`` that have one."""
    rows = connection.execute(_OF_RECORDS, {"b_tenant": tenant_id, "b_source": source_id, "b_ids": list(ids)})
    return {row.record_id: _made(row) for row in rows}


def listed(connection: Connection, known: Source, *, with_decided: bool = False) -> list[Suggestion]:
    """Return the suggestions of a source that wait for a decision, or all of them; the oldest first."""
    where = [_columns.tenant_id == known.tenant_id, _columns.source_id == known.id]
    if not with_decided:
        where.append(_columns.state == "waiting")
    query = select(match_suggestion).where(*where).order_by(_columns.at, _columns.record_id)
    return [_made(row) for row in connection.execute(query)]


def suggest(
    connection: Connection,
    tenant_id: int,
    source_id: int,
    record_id: str,
    employee_id: str,
    facts: Mapping[str, str],
) -> None:
    """Note that somebody must decide about a record; one that waits already is only brought up to date."""
    key = {"tenant_id": tenant_id, "source_id": source_id, "record_id": record_id}
    said: dict[str, Any] = {"employee_id": employee_id, "state": "waiting", "facts": dict(facts)}
    said |= {"decided_by": None, "decided_at": None}
    statement = upsert(connection, match_suggestion).values(key | said | {"at": clock.now()})
    connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=said))


def confirm(
    connection: Connection,
    known: Source,
    record_id: str,
    *,
    is_same: bool,
    by: str,
    employee_id: str | None = None,
) -> Suggestion:
    """Store what somebody has decided about a record; its next import goes by it.

    :param employee_id: with ``is_same``, another employee than the one that was suggested first.
    :raises NotFoundError: nothing was suggested for this record.
    :raises WrongUse: an employee was named for somebody who is nobody known.
    """
    require_writing(connection)
    found = of_records(connection, known.tenant_id, known.id, [record_id]).get(record_id)
    if found is None:
        raise NotFoundError(
            f"Nothing waits to be confirmed about record {record_id[:80]!r} of {known.name!r}; "
            f"`rollcall source suggestions {known.name}` lists what does."
        )
    if employee_id is not None and not is_same:
        raise WrongUse("An employee can be named with --same only.")
    state, moment = ("same" if is_same else "other"), clock.now()
    where = (_columns.tenant_id == known.tenant_id, _columns.source_id == known.id)
    values: dict[str, Any] = {"state": state, "facts": None, "decided_by": by, "decided_at": moment}
    values["employee_id"] = employee_id or found.employee_id
    connection.execute(update(match_suggestion).where(*where, _columns.record_id == record_id).values(values))
    # The record was errored, so a source that is asked for changes only would not say it again.
    catalog.read_whole_next(connection, known)
    said = {"record": record_id, "employee": values["employee_id"], "state": state}
    audit.record(connection, known.tenant_id, by, "match.confirmed", f"source:{known.name}", said)
    return of_records(connection, known.tenant_id, known.id, [record_id])[record_id]


def settle(connection: Connection, tenant_id: int, source_id: int, record_id: str) -> None:
    """Forget a suggestion that waits about a record whose person is known by now."""
    where = (_columns.tenant_id == tenant_id, _columns.source_id == source_id)
    mine = (_columns.record_id == record_id, _columns.state == "waiting")
    connection.execute(delete(match_suggestion).where(*where, *mine))


def forget(connection: Connection, tenant_id: int, employee_ids: Iterable[str]) -> None:
    """Remove the suggestions that name employees who are no longer there."""
    where = (_columns.tenant_id == tenant_id, one_of(_columns.employee_id, list(employee_ids)))
    connection.execute(delete(match_suggestion).where(*where))


def _made(row: Any) -> Suggestion:
    kept: Mapping[str, Any] = row._mapping
    names = ("record_id", "employee_id", "state", "at", "decided_by", "decided_at")
    return Suggestion(**{name: kept[name] for name in names}, facts=kept["facts"] or {})
