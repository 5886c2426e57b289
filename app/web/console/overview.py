"""What the start page reads: people, sources, targets, links. Every query names the tenant.

Tables are read with keysets (the rows before or after one), so that the last page of a hundred thousand people
costs what the first does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Select, func, select, tuple_

from app.directory.documents import loaded
from app.directory.tables import EmployeeRow
from app.directory.values import work_email
from app.provisioning.tables import LinkRow, PlanRow, TargetRow
from app.sources.tables import SourceRow

PAGE = 25

_employee, _link, _plan = EmployeeRow.__table__, LinkRow.__table__, PlanRow.__table__
_source, _target = SourceRow.__table__, TargetRow.__table__
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a list somebody is: the rows older or newer than a key, or with neither the newest ones."""

    older_than: tuple[Any, ...] | None = None
    newer_than: tuple[Any, ...] | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows of a list, newest first, and the places of the rows beyond them where there are any."""

    rows: Sequence[Row] = ()
    older: Place | None = None
    newer: Place | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """A line of the people's table."""

    id: str
    name: str
    user_name: str
    work_email: str | None
    active: bool
    last_modified: str


@dataclass(frozen=True, slots=True)
class LinkLine:
    """A line of the links' table: who, at which target, and why it stands as it does."""

    employee_id: str
    target_id: int
    name: str
    target_name: str
    state: str
    reason_code: str | None
    reason: str | None
    next_attempt_at: str | None


@dataclass(frozen=True, slots=True)
class TargetCard:
    """A target, its schedule, how many links are in which state, and the plans that wait for an approval."""

    id: int
    name: str
    kind: str
    state: str
    pause_reason: str | None
    interval_seconds: int
    last_tick_at: str | None
    next_tick_at: str
    retry_at: str | None
    links: Mapping[str, int]
    waiting_plans: Sequence[int]


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A source and when it is imported next."""

    id: int
    name: str
    kind: str
    state: str
    schedule: str
    next_run_at: str | None


def people_by_activity(connection: Connection, tenant_id: int) -> dict[bool, int]:
    """Return how many people are active (True) and inactive (False)."""
    query = select(_employee.c.active, func.count()).where(_employee.c.tenant_id == tenant_id)
    found = connection.execute(query.group_by(_employee.c.active))
    return {True: 0, False: 0} | {bool(active): number for active, number in found}


def people(connection: Connection, tenant_id: int, active: bool | None, place: Place) -> Page[Person]:
    """Return a page of people; ``active`` None means all. The key of a place is (employee id,)."""
    columns = (_employee.c[name] for name in ("id", "active", "wire", "last_modified"))
    query = select(*columns).where(_employee.c.tenant_id == tenant_id)
    if active is not None:
        query = query.where(_employee.c.active == active)
    return _page(connection, query, (_employee.c.id,), place, _person)


def _person(row: Any) -> Person:
    document = loaded(row.wire)
    user_name = document.get("userName", "")
    return Person(row.id, name_of(document), user_name, work_email(document), row.active, row.last_modified)


def name_of(document: Mapping[str, Any]) -> str:
    """Return what a person is called: display name, formatted name, given to family name, else the userName.

    >>> name_of({"userName": "maya", "name": {"givenName": "Maya", "familyName": "Okafor"}})
    'Maya Okafor'
    """
    name = document.get("name") or {}
    parts = (name.get("givenName"), name.get("middleName"), name.get("familyName"))
    full = name.get("formatted") or " ".join(part for part in parts if part)
    return str(document.get("displayName") or full or document.get("userName") or "")


_LINK = ("employee_id", "target_id", "state", "reason_code", "reason", "next_attempt_at", "label")
_LINKS = (
    select(
        *(_link.c[name] for name in _LINK),
        _target.c.name.label("target_name"),
        _employee.c.wire,
    )
    .join(_target, (_target.c.tenant_id == _link.c.tenant_id) & (_target.c.id == _link.c.target_id))
    .outerjoin(
        _employee, (_employee.c.tenant_id == _link.c.tenant_id) & (_employee.c.id == _link.c.employee_id)
    )
)


def links(
    connection: Connection, tenant_id: int, states: Sequence[str], target_id: int | None, place: Place
) -> Page[LinkLine]:
    """Return a page of the links in one of ``states``. The key of a place is (employee id, target id)."""
    query = _LINKS.where(_link.c.tenant_id == tenant_id, _link.c.state.in_(states))
    if target_id is not None:
        query = query.where(_link.c.target_id == target_id)
    return _page(connection, query, (_link.c.employee_id, _link.c.target_id), place, _link_line)


def _link_line(row: Any) -> LinkLine:
    name = name_of(loaded(row.wire)) if row.wire else row.label or row.employee_id
    return LinkLine(
        row.employee_id,
        row.target_id,
        name,
        row.target_name,
        row.state,
        row.reason_code,
        row.reason,
        row.next_attempt_at,
    )


_SOURCE = ("id", "name", "kind", "state", "schedule", "next_run_at")


def sources(connection: Connection, tenant_id: int) -> dict[int, SourceLine]:
    """Return the tenant's sources by number, in the order of their names."""
    query = (
        select(*(_source.c[name] for name in _SOURCE))
        .where(_source.c.tenant_id == tenant_id)
        .order_by(_source.c.name)
    )
    return {row.id: SourceLine(**row._mapping) for row in connection.execute(query)}


_SCHEDULE = ("interval_seconds", "last_tick_at", "next_tick_at", "retry_at")
_CARD = ("id", "name", "kind", "state", "pause_reason", *_SCHEDULE)


def targets(connection: Connection, tenant_id: int) -> list[TargetCard]:
    """Return the tenant's targets by name."""
    counts: dict[int, dict[str, int]] = {}
    by_state = select(_link.c.target_id, _link.c.state, func.count()).where(_link.c.tenant_id == tenant_id)
    for target_id, state, number in connection.execute(by_state.group_by(_link.c.target_id, _link.c.state)):
        counts.setdefault(target_id, {})[state] = number
    plans: dict[int, list[int]] = {}
    waiting = select(_plan.c.target_id, _plan.c.id).where(_plan.c.tenant_id == tenant_id)
    for target_id, plan_id in connection.execute(
        waiting.where(_plan.c.state == "waiting").order_by(_plan.c.id)
    ):
        plans.setdefault(target_id, []).append(plan_id)
    query = select(*(_target.c[name] for name in _CARD)).where(_target.c.tenant_id == tenant_id)
    return [
        TargetCard(**row._mapping, links=counts.get(row.id, {}), waiting_plans=plans.get(row.id, ()))
        for row in connection.execute(query.order_by(_target.c.name))
    ]


def _page(
    connection: Connection, query: Select[Any], key: Sequence[Any], place: Place, line: Callable[[Any], Row]
) -> Page[Row]:
    """Return the rows next to a place, newest first, or the newest ones when nothing is there.

    The columns of ``key`` stand in the query under their own names.
    """
    position, unplaced = tuple_(*key), query
    backwards = place.newer_than is not None
    if place.newer_than is not None:
        query = query.where(position > place.newer_than).order_by(*key)
    else:
        if place.older_than is not None:
            query = query.where(position < place.older_than)
        query = query.order_by(*(column.desc() for column in key))
    found = list(connection.execute(query.limit(PAGE + 1)))
    if not found and place != Place():
        return _page(connection, unplaced, key, Place(), line)
    goes_on, shown = len(found) > PAGE, found[:PAGE]
    if backwards:
        shown.reverse()
    if not shown:
        return Page()
    first, last = (tuple(getattr(row, column.name) for column in key) for row in (shown[0], shown[-1]))
    return Page(
        [line(row) for row in shown],
        older=Place(older_than=last) if goes_on or backwards else None,
        newer=Place(newer_than=first) if place.older_than is not None or (backwards and goes_on) else None,
    )
