"""What the deliveries' pages read. Every query names the tenant.

A million calls are kept at times: the list is walked along (tenant, instant, id), failures along an index of their own,
one person's calls along the index of their links.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, select

from app.directory.documents import loaded
from app.directory.tables import EmployeeRow
from app.provisioning.tables import FAILED_CALL, attempt_table, link_table, target_table
from app.web.console.deliveries import tries
from app.web.console.deliveries.filters import Filters
from app.web.console.deliveries.wording import Fate, fate_of
from app.web.console.naming import name_of
from app.web.console.paging import Page, page_of

_a, _l, _t = attempt_table.c, link_table.c, target_table.c
_employee = EmployeeRow.__table__.c
_LINE = (
    "id",
    "at",
    "target_id",
    "employee_id",
    "plan_id",
    "method",
    "path",
    "status",
    "duration_ms",
    "error",
)
PAGE = 50
_NOBODY_HAS = 1_000_000


@dataclass(frozen=True, slots=True)
class Delivery:
    """A line of the list: one call, and which try of its operation it was (None for a look-up)."""

    id: str
    at: str
    target_id: int
    employee_id: str | None
    plan_id: int | None
    method: str
    path: str
    status: int | None
    duration_ms: float
    error: str | None

    @property
    def fate(self) -> Fate:
        """What became of it."""
        return fate_of(self.status, self.error)


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of deliveries with what their lines name."""

    page: Page[Delivery]
    people: Mapping[str, str]
    tries: Mapping[str, tries.Try]


def _delivery(row: Any) -> Delivery:
    return Delivery(**{name: getattr(row, name) for name in _LINE})


def listed(
    connection: Connection,
    tenant_id: int,
    filters: Filters,
    employees: Sequence[str] | None,
    targets: Iterable[int],
) -> Listed:
    """Return a page of the calls that fit the filters; ``employees``: of these only. The key of a place is (at, id)."""
    query = select(*(_a[name] for name in _LINE)).where(_a.tenant_id == tenant_id)
    query = _narrowed(query, filters)
    key: tuple[Any, Any] = (_a.at, _a.id)
    if employees is not None:
        # The index of a person's calls begins with the target. The limit, which nobody reaches, keeps SQLite from
        # walking along everybody's calls by time instead.
        query = query.where(_a.target_id.in_(sorted(targets)), _a.employee_id.in_(list(employees)))
        mine = query.limit(_NOBODY_HAS).subquery()
        query, key = select(mine), (mine.c.at, mine.c.id)
    page = page_of(connection, query, key, filters.place, _delivery, PAGE)
    return Listed(page, names(connection, tenant_id, page.rows), tries.of(connection, tenant_id, page.rows))


_CLASSES = {f"{hundred}xx": (hundred * 100, hundred * 100 + 99) for hundred in (2, 3, 4, 5)}


def _narrowed(query: Select[Any], filters: Filters) -> Select[Any]:
    if filters.target:
        query = query.where(_a.target_id == int(filters.target))
    if filters.method:
        query = query.where(_a.method == filters.method)
    if filters.since:
        query = query.where(_a.at >= filters.since)
    if filters.before:
        query = query.where(_a.at < filters.before)
    if filters.path:
        query = query.where(_a.path.contains(filters.path, autoescape=True))
    if filters.outcome == "done":
        query = query.where(_a.status.between(*_CLASSES["2xx"]), _a.error.is_(None))
    return _of_status(query, filters)


def _of_status(query: Select[Any], filters: Filters) -> Select[Any]:
    status = filters.status
    if filters.outcome == "failed" or (status and status[0] != "2"):
        query = query.where(FAILED_CALL)
    if status == "none":
        return query.where(_a.status.is_(None))
    if status in _CLASSES:
        return query.where(_a.status.between(*_CLASSES[status]))
    return query.where(_a.status == int(status)) if status else query


def names(connection: Connection, tenant_id: int, rows: Iterable[Delivery]) -> dict[str, str]:
    """Return employee id → what they are called; who was deleted is called as the link remembers."""
    ids = sorted({row.employee_id for row in rows if row.employee_id})
    query = select(_employee.id, _employee.wire).where(
        _employee.tenant_id == tenant_id, _employee.id.in_(ids)
    )
    found = {row.id: name_of(loaded(row.wire)) for row in connection.execute(query)} if ids else {}
    gone = [id_ for id_ in ids if id_ not in found]
    if gone:
        where = (_l.tenant_id == tenant_id, _l.employee_id.in_(gone), _l.label.is_not(None))
        labels = connection.execute(select(_l.employee_id, _l.label).where(*where))
        found |= {row.employee_id: row.label for row in labels}
    return found


def with_id(connection: Connection, tenant_id: int, delivery_id: str) -> Any:
    """Return the row of a call with its bodies, or None."""
    query = select(attempt_table).where(_a.tenant_id == tenant_id, _a.id == delivery_id)
    return connection.execute(query).first()


def target_names(connection: Connection, tenant_id: int) -> dict[int, str]:
    """Return the tenant's targets: number → name, by name."""
    query = select(_t.id, _t.name).where(_t.tenant_id == tenant_id).order_by(_t.name)
    return {row.id: row.name for row in connection.execute(query)}


def link_of(connection: Connection, tenant_id: int, target_id: int, employee_id: str) -> Any:
    """Return how a person stands at a target now (state, reason_code, reason, next_attempt_at), or None."""
    columns = (_l.state, _l.reason_code, _l.reason, _l.next_attempt_at, _l.due_at, _l.label)
    where = (_l.tenant_id == tenant_id, _l.target_id == target_id, _l.employee_id == employee_id)
    return connection.execute(select(*columns).where(*where)).first()
