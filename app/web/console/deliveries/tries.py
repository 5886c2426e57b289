"""Which try a call was: try 2 of 3 of one operation.

Calls about one person that send the same request for the same version of that person are tries of one operation, up to
the one that worked: what is sent once more after that is another operation. Look-ups are no tries.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import Connection, Select, and_, case, func, select

from app.provisioning.tables import attempt_table

_a = attempt_table.c
_WRITES = ("POST", "PUT", "PATCH", "DELETE")
_SAME = (_a.target_id, _a.employee_id, _a.employee_version, _a.method, _a.path, _a.request_body)
_ORDER = (_a.at, _a.id)
_WORKED = case((and_(_a.status.between(200, 299), _a.error.is_(None)), 1), else_=0)


class Call(Protocol):
    """What is asked about."""

    @property
    def target_id(self) -> int:
        """The target's number."""

    @property
    def employee_id(self) -> str | None:
        """The person, None for a group."""


@dataclass(frozen=True, slots=True)
class Try:
    """Try ``number`` of ``total`` so far."""

    number: int
    total: int


def of(connection: Connection, tenant_id: int, calls: Iterable[Call]) -> dict[str, Try]:
    """Return call id → which try it was, for the writing calls of the people of these calls."""
    pairs = {(call.target_id, call.employee_id) for call in calls if call.employee_id}
    if not pairs:
        return {}
    counted = _counted(tenant_id, pairs).subquery()
    return {row.id: Try(row.number, row.total) for row in connection.execute(select(counted))}


def siblings(connection: Connection, tenant_id: int, call: Any) -> Sequence[Any]:
    """Return the tries of the operation that a call belongs to, in their order, the call among them."""
    if not call.employee_id or call.method not in _WRITES:
        return ()
    counted = _counted(tenant_id, [(call.target_id, call.employee_id)]).subquery()
    mine = select(counted.c.first_id).where(counted.c.id == call.id).scalar_subquery()
    return connection.execute(
        select(counted).where(counted.c.first_id == mine).order_by(counted.c.number)
    ).all()


def _counted(tenant_id: int, pairs: Collection[tuple[int, str]]) -> Select[Any]:
    """Writing calls of some people with the number in their operation, how many it has, and the id of its first."""
    earlier = func.sum(_WORKED).over(partition_by=_SAME, order_by=_ORDER, rows=(None, -1))
    chained = (
        select(*_a, func.coalesce(earlier, 0).label("chain"))
        .where(
            _a.tenant_id == tenant_id,
            _a.method.in_(_WRITES),
            # Two lists, not a list of pairs: SQLite looks pairs up in no index. Who is more than asked does no harm.
            _a.target_id.in_(sorted({target for target, _ in pairs})),
            _a.employee_id.in_(sorted({employee for _, employee in pairs})),
        )
        .subquery()
    )
    c = chained.c
    operation = (*(c[column.name] for column in _SAME), c.chain)
    order = (c.at, c.id)
    return select(
        *(c[name] for name in ("id", "at", "status", "error", "duration_ms")),
        func.row_number().over(partition_by=operation, order_by=order).label("number"),
        func.count().over(partition_by=operation).label("total"),
        func.first_value(c.id).over(partition_by=operation, order_by=order).label("first_id"),
    )
