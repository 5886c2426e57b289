"""What waits for somebody's decision, counted for the number beside "Approvals"."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from app.provisioning.tables import PlanRow
from app.sources import suggestions
from app.sources.tables import import_run, match_suggestion

_plan = PlanRow.__table__


def waiting_approvals(connection: Connection, tenant_id: int) -> int:
    """Return how many plans, import runs and look-alikes wait for an admin."""
    waiting = (
        (_plan, _plan.c.state == "waiting"),
        (import_run, import_run.c.state == "held"),
        (match_suggestion, suggestions.is_waiting()),
    )
    return sum(
        connection.scalar(
            select(func.count()).select_from(table).where(table.c.tenant_id == tenant_id, condition)
        )
        or 0
        for table, condition in waiting
    )
