"""What the approvals' pages read of plans. Every query names the tenant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from app import clock
from app.access.tables import AuditRow
from app.database import has_text
from app.provisioning.tables import operation_table, plan_table, target_table
from app.web.console.approvals.lines import Choice

_p, _o, _t = plan_table.c, operation_table.c, target_table.c
_audit = AuditRow.__table__.c
#: People who are named beside a plan in the list.
NAMED = 5
LATELY = 10
PAGE = 50


@dataclass(frozen=True, slots=True)
class PlanLine:
    """A plan in a list: what it is, since when, for whom; ``lines`` counts those that are not decided."""

    id: int
    target_id: int
    target_name: str
    kind: str
    state: str
    reason: str | None
    run_id: int | None
    undoes: int | None
    created_at: str
    decided_at: str | None
    decided_by: str | None
    lines: int = 0
    line_reason: str | None = None
    names: tuple[str, ...] = ()


_COLUMNS = (
    "id",
    "target_id",
    "kind",
    "state",
    "reason",
    "run_id",
    "undoes",
    "created_at",
    "decided_at",
    "decided_by",
)
_PLANS = select(*(_p[name] for name in _COLUMNS), _t.name.label("target_name")).join(
    target_table, (_t.tenant_id == _p.tenant_id) & (_t.id == _p.target_id)
)


def waiting(connection: Connection, tenant_id: int) -> list[PlanLine]:
    """Return the plans that wait for an admin, the oldest first."""
    query = _PLANS.where(_p.tenant_id == tenant_id, _p.state == "waiting").order_by(_p.id)
    return _with_people(connection, tenant_id, connection.execute(query).all())


def drafts(connection: Connection, tenant_id: int) -> list[PlanLine]:
    """Return the newest dry runs and undo plans that nobody has decided about; nothing waits for them."""
    query = _PLANS.where(_p.tenant_id == tenant_id, _p.state == "draft").order_by(_p.id.desc()).limit(LATELY)
    return _with_people(connection, tenant_id, connection.execute(query).all())


def decided(connection: Connection, tenant_id: int) -> list[PlanLine]:
    """Return the plans that were decided last, the newest decision first."""
    query = _PLANS.where(_p.tenant_id == tenant_id, _p.decided_at.is_not(None))
    rows = connection.execute(query.order_by(_p.decided_at.desc(), _p.id.desc()).limit(LATELY))
    return [PlanLine(**row._mapping) for row in rows]


def with_id(connection: Connection, tenant_id: int, plan_id: int) -> Any:
    """Return a plan's row with ``target_name``, or None."""
    query = select(plan_table, _t.name.label("target_name"), _t.state.label("target_state")).join(
        target_table, (_t.tenant_id == _p.tenant_id) & (_t.id == _p.target_id)
    )
    return connection.execute(query.where(_p.tenant_id == tenant_id, _p.id == plan_id)).first()


def _with_people(connection: Connection, tenant_id: int, rows: Sequence[Any]) -> list[PlanLine]:
    return [PlanLine(**row._mapping, **_people(connection, tenant_id, row.id)) for row in rows]


def _people(connection: Connection, tenant_id: int, plan_id: int) -> dict[str, Any]:
    """How many lines are not decided, the reason of the first, and the first names."""
    where = (_o.tenant_id == tenant_id, _o.plan_id == plan_id, _o.state == "planned")
    first = connection.execute(
        select(_o.label, _o.reason).where(*where).order_by(_o.number).limit(NAMED)
    ).all()
    return {
        "lines": connection.scalar(select(func.count()).select_from(operation_table).where(*where)) or 0,
        "line_reason": first[0].reason if first else None,
        "names": tuple(row.label for row in first),
    }


# --- one plan ----------------------------------------------------------------------------------------------------


def numbers(connection: Connection, tenant_id: int, plan_id: int) -> dict[tuple[str, str], int]:
    """Return (kind, state) → how many lines."""
    query = select(_o.kind, _o.state, func.count()).where(_o.tenant_id == tenant_id, _o.plan_id == plan_id)
    return {(row[0], row[1]): row[2] for row in connection.execute(query.group_by(_o.kind, _o.state))}


def lines(
    connection: Connection, tenant_id: int, plan_id: int, choice: Choice
) -> tuple[list[Mapping[str, Any]], int | None]:
    """Return a page of a plan's lines in their order, and the number after which the next page begins."""
    where = [_o.tenant_id == tenant_id, _o.plan_id == plan_id, _o.number > choice.after]
    if choice.kind:
        where.append(_o.kind == choice.kind)
    if choice.state:
        where.append(_o.state == choice.state)
    if choice.name:
        where.append(has_text(_o.label, choice.name))
    query = select(operation_table).where(*where).order_by(_o.number).limit(PAGE + 1)
    rows: list[Mapping[str, Any]] = [dict(row._mapping) for row in connection.execute(query)]
    return rows[:PAGE], rows[PAGE - 1]["number"] if len(rows) > PAGE else None


def last_number(connection: Connection, tenant_id: int, plan_id: int) -> int:
    """Return the highest number of a plan's lines; 0 when it has none."""
    query = select(func.max(_o.number)).where(_o.tenant_id == tenant_id, _o.plan_id == plan_id)
    return connection.scalar(query) or 0


def number_after(connection: Connection, tenant_id: int, plan_id: int, number: int) -> int:
    """Return how many lines behind one of this number are not decided."""
    where = (_o.tenant_id == tenant_id, _o.plan_id == plan_id, _o.state == "planned", _o.number > number)
    return connection.scalar(select(func.count()).select_from(operation_table).where(*where)) or 0


def not_given_back(connection: Connection, tenant_id: int, plan_id: int) -> dict[str, int]:
    """Return what an undo of a plan could not give back: sentence → how many people."""
    where = (
        _o.tenant_id == tenant_id,
        _o.plan_id == plan_id,
        _o.state == "applied",
        _o.irreversible.is_not(None),
    )
    query = select(_o.irreversible, func.count()).where(*where).group_by(_o.irreversible)
    return {row[0]: row[1] for row in connection.execute(query)}


def undone_by(connection: Connection, tenant_id: int, plan_id: int) -> list[Any]:
    """Return the plans (id, state) that undo a plan, the newest first."""
    query = select(_p.id, _p.state).where(_p.tenant_id == tenant_id, _p.undoes == plan_id)
    return list(connection.execute(query.order_by(_p.id.desc())))


def decisions(connection: Connection, plan: Any) -> list[Any]:
    """Return who decided about a plan, or a part of it: at, actor, action; the newest first.

    Ids of audit rows rise with time: only what is younger than the plan is looked through.
    """
    first = f"{int(clock.parse_instant(plan.created_at).timestamp() * 1000):012x}"
    query = select(_audit.at, _audit.actor, _audit.action).where(
        _audit.tenant_id == plan.tenant_id,
        _audit.id >= f"{first[:8]}-{first[8:12]}-0",
        _audit.subject == f"plan:{plan.id}",
        _audit.action.in_(("plan.approved", "plan.discarded")),
    )
    return list(connection.execute(query.order_by(_audit.id.desc()).limit(LATELY)))
