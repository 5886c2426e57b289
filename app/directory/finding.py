"""Finding people by what a list is asked for: words, state, department, first and last day; counted, and page by page.

All of it reads the roster (``app.directory.roster``). What the rooms above know of a person (targets, sources) comes in
as further conditions on :data:`EMPLOYEE_ID`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, func, select, true, tuple_

from app.directory import json_sql
from app.directory.roster import asked_words
from app.directory.tables import EmployeeRow, RosterLine

_line, _employee = RosterLine.__table__.c, EmployeeRow.__table__.c
_OF_THE_LINE = and_(_employee.tenant_id == _line.tenant_id, _employee.id == _line.employee_id)
#: What further conditions speak of.
EMPLOYEE_ID: ColumnElement[str] = _line.employee_id
TENANT_ID: ColumnElement[int] = _line.tenant_id
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
#: Moments of an employment that a list can be asked for.
STARTING, STARTING_WITH_EMAIL, LEAVING = "starting", "starting_with_email", "leaving"

Condition = ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who is looked for; what is None or empty is not asked for. ``today`` is a date as text."""

    text: str = ""
    active: bool | None = None
    department: str | None = None
    moment: str = ""
    today: str = ""
    #: Conditions on :data:`EMPLOYEE_ID` from the rooms above.
    further: tuple[Condition, ...] = ()

    @property
    def narrows(self) -> bool:
        """Whether anything is asked for at all."""
        is_asked = self.active is not None or self.department is not None
        return bool(is_asked or self.text.strip() or self.moment or self.further)


@dataclass(slots=True)
class Counted:
    """How many people fit, and how many of them are what."""

    total: int = 0
    by_activity: dict[bool, int] = field(default_factory=lambda: {True: 0, False: 0})
    by_department: dict[str, int] = field(default_factory=dict)
    by_moment: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """Some people of a list by id, each with the key by which the list is ordered."""

    rows: Sequence[tuple[str, str]] = ()
    has_before: bool = False
    has_after: bool = False


def moments(today: str) -> dict[str, Condition]:
    """Return moment → condition on a line."""
    starts = _line.starts_on > today
    return {
        STARTING: starts,
        STARTING_WITH_EMAIL: and_(starts, _line.has_work_email),
        LEAVING: and_(_line.ends_on >= today, _line.active),
    }


def conditions(connection: Connection, tenant_id: int, wanted: Wanted) -> list[Condition]:
    """Return what a line must fit."""
    found: list[Condition] = [_line.tenant_id == tenant_id, *wanted.further]
    if _ID.fullmatch(wanted.text.strip().lower()):
        found.append(_line.employee_id == wanted.text.strip().lower())
    else:
        json = json_sql.of(connection.dialect.name)
        found += [json.position(_line.words, f" {word}") > 0 for word in asked_words(wanted.text)]
    if wanted.active is not None:
        found.append(_line.active == wanted.active)
    if wanted.department is not None:
        found.append(_line.department == wanted.department)
    if wanted.moment:
        found.append(moments(wanted.today)[wanted.moment])
    return found


def counted(connection: Connection, tenant_id: int, wanted: Wanted) -> Counted:
    """Return how many people fit, by state, department and moment, in one look through the lines."""
    kinds = moments(wanted.today)
    numbers = [func.sum(case((condition, 1), else_=0)).label(name) for name, condition in kinds.items()]
    query = (
        select(_line.active, _line.department, func.count().label("people"), *numbers)
        .where(*conditions(connection, tenant_id, wanted))
        .group_by(_line.active, _line.department)
    )
    counts = Counted(by_moment=dict.fromkeys(kinds, 0))
    for row in connection.execute(query):
        counts.total += row.people
        counts.by_activity[bool(row.active)] += row.people
        if row.department is not None:
            counts.by_department[row.department] = counts.by_department.get(row.department, 0) + row.people
        for name in kinds:
            counts.by_moment[name] += getattr(row, name) or 0
    return counts


def ids_of(connection: Connection, tenant_id: int, wanted: Wanted, limit: int) -> list[str]:
    """Return the ids of up to ``limit`` people who fit, in no order."""
    query = select(_line.employee_id).where(*conditions(connection, tenant_id, wanted)).limit(limit)
    return list(connection.scalars(query))


# --- pages --------------------------------------------------------------------------------------------------------

#: Where in a list somebody stands: the key of its order, and the id.
Place = tuple[str, str]


def by_name(
    connection: Connection,
    tenant_id: int,
    wanted: Wanted,
    limit: int,
    *,
    after: Place | None = None,
    before: Place | None = None,
) -> Found:
    """Return people in the order of their names, behind or before a place."""
    key: Any = _line.name_key
    # Few lines hold the words: they are looked for first and sorted then, instead of walking along all the names.
    ordered = json_sql.of(connection.dialect.name).apart(key) if wanted.text.strip() else key
    query = select(_line.employee_id, key).where(*conditions(connection, tenant_id, wanted))
    position = tuple_(key, _line.employee_id)
    if before is not None:
        query = query.where(position < before).order_by(ordered.desc(), _line.employee_id.desc())
    else:
        query = query.where(position > after if after else true()).order_by(ordered, _line.employee_id)
    return _found(connection, query, limit, after, before)


def by_change(
    connection: Connection,
    tenant_id: int,
    wanted: Wanted,
    limit: int,
    *,
    after: Place | None = None,
    before: Place | None = None,
) -> Found:
    """Return people by their last change, the newest first, behind or before a place."""
    key: Any = _employee.last_modified
    query = (
        select(_employee.id, key)
        .join(RosterLine.__table__, _OF_THE_LINE)
        .where(_employee.tenant_id == tenant_id, *conditions(connection, tenant_id, wanted))
    )
    position = tuple_(key, _employee.id)
    if before is not None:
        query = query.where(position > before).order_by(key, _employee.id)
    else:
        beyond = position < after if after else true()
        query = query.where(beyond).order_by(key.desc(), _employee.id.desc())
    return _found(connection, query, limit, after, before)


def _found(
    connection: Connection, query: Any, limit: int, after: Place | None, before: Place | None
) -> Found:
    rows = [(row[0], row[1]) for row in connection.execute(query.limit(limit + 1))]
    goes_on, shown = len(rows) > limit, rows[:limit]
    if before is not None:
        return Found(shown[::-1], has_before=goes_on, has_after=bool(shown))
    return Found(shown, has_before=after is not None, has_after=goes_on)


def name_key(connection: Connection, tenant_id: int, employee_id: str) -> str | None:
    """Return by what somebody is ordered in a list by name, None when there is no such person."""
    query = select(_line.name_key).where(_line.tenant_id == tenant_id, _line.employee_id == employee_id)
    return connection.scalar(query)


def every(connection: Connection, tenant_id: int, wanted: Wanted, batch: int) -> Iterator[list[str]]:
    """Yield the ids of all who fit by name, some at a time."""
    last: Place | None = None
    while True:
        found = by_name(connection, tenant_id, wanted, batch, after=last)
        if found.rows:
            yield [employee_id for employee_id, _ in found.rows]
            last = (found.rows[-1][1], found.rows[-1][0])
        if not found.has_after:
            return


def among(ids: Iterable[str]) -> Condition:
    """Return the condition that a line is one of these people's."""
    return _line.employee_id.in_(list(ids))
