"""How long the record of provisioning is kept: attempts and the plans of scheduled ticks for 30 days.

Removed in small transactions, so that nothing waits for it. Full syncs, dry runs, held and undone plans stay: they are
what an admin decided about or may want to undo.
"""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, delete, select

from app import clock
from app.provisioning import plans
from app.provisioning.tables import attempt_table, link_table, operation_table, plan_table

KEPT_SECONDS = 30 * 86_400.0
BATCH = 500

_attempt, _plan, _operation, _link = attempt_table, plan_table, operation_table, link_table
_undo = plan_table.alias("undo")

_OLD_ATTEMPTS = (
    select(_attempt.c.id)
    .where(_attempt.c.tenant_id == bindparam("b_tenant"), _attempt.c.at < bindparam("b_before"))
    .order_by(_attempt.c.at)
    .limit(bindparam("b_limit"))
)
_OLD_PLANS = (
    select(_plan.c.id)
    .where(
        _plan.c.tenant_id == bindparam("b_tenant"),
        _plan.c.kind == plans.TICK,
        _plan.c.state.in_(("applied", "discarded")),
        _plan.c.created_at < bindparam("b_before"),
        ~select(_undo.c.id)
        .where(_undo.c.tenant_id == bindparam("b_tenant"), _undo.c.undoes == _plan.c.id)
        .exists(),
    )
    .order_by(_plan.c.id)
    .limit(1)
)
_LINES = (
    select(_operation.c.employee_id)
    .where(_operation.c.tenant_id == bindparam("b_tenant"), _operation.c.plan_id == bindparam("b_plan"))
    .limit(bindparam("b_limit"))
)


def forget_some(connection: Connection, tenant_id: int, now: str) -> int:
    """Remove up to `BATCH` attempts, and as many lines of one plan, that are too old; return how many rows."""
    key = {"b_tenant": tenant_id, "b_before": clock.after(-KEPT_SECONDS, since=now)}
    return _forget_attempts(connection, tenant_id, key) + _forget_lines(connection, tenant_id, key)


def _forget_attempts(connection: Connection, tenant_id: int, key: dict[str, object]) -> int:
    ids = list(connection.scalars(_OLD_ATTEMPTS, key | {"b_limit": BATCH}))
    if ids:
        where = (_attempt.c.tenant_id == tenant_id, _attempt.c.id.in_(ids))
        connection.execute(delete(_attempt).where(*where))
    return len(ids)


def _forget_lines(connection: Connection, tenant_id: int, key: dict[str, object]) -> int:
    """Remove lines of the oldest plan that may go, and the plan with its last line."""
    plan_id = connection.scalar(_OLD_PLANS, key)
    if plan_id is None:
        return 0
    of_plan = {"b_tenant": tenant_id, "b_plan": plan_id, "b_limit": BATCH}
    employees = list(connection.scalars(_LINES, of_plan))
    of_lines = (_operation.c.tenant_id == tenant_id, _operation.c.plan_id == plan_id)
    connection.execute(delete(_operation).where(*of_lines, _operation.c.employee_id.in_(employees)))
    if len(employees) < BATCH:
        connection.execute(delete(_plan).where(_plan.c.tenant_id == tenant_id, _plan.c.id == plan_id))
    return len(employees) + 1
