"""Orphans: links of deleted employees whose accounts live on, listed until someone clears them (rule 7)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, or_, select

from app.access import audit
from app.database import has_text
from app.errors import NotFoundError, WrongUse
from app.provisioning.tables import gate_table, link_table
from app.provisioning.targets import Target

_c = link_table.c


def listed(connection: Connection, target: Target) -> list[dict[str, Any]]:
    """The orphans of a target: employee, label, the account, whether it is active there, what is still owed."""
    columns = (_c.employee_id, _c.label, _c.remote_id, _c.active_there, _c.due_at, _c.delivered_at)
    return [
        {
            "employee": row.employee_id,
            "label": row.label,
            "remote_id": row.remote_id,
            "active_there": row.active_there,
            "owes": row.due_at is not None,
            "delivered_at": row.delivered_at,
        }
        for row in connection.execute(select(*columns).where(*_orphans(target)).order_by(_c.label, _c.employee_id))
    ]  # fmt: skip


def _orphans(target: Target) -> tuple[Any, ...]:
    return (_c.tenant_id == target.tenant_id, _c.target_id == target.id, _c.state == "orphan")


def clear(connection: Connection, target: Target, actor: str, who: str) -> str:
    """Forget the orphan link of `who` (employee id, remote id or e-mail) and return its label; nothing is sent.

    Raises `NotFoundError`; `WrongUse` when several match, or while the link still owes something or is worked on.
    """
    is_meant = or_(
        _c.employee_id == who,
        _c.remote_id == who,
        has_text(_c.label, f"({who})"),
    )
    columns = (_c.employee_id, _c.label, _c.remote_id, _c.due_at, _c.attempt_started_at)
    rows = connection.execute(select(*columns).where(*_orphans(target), is_meant).with_for_update()).all()
    if not rows:
        raise NotFoundError(
            f"There is no orphan {who[:200]!r} at {target.name!r}; `rollcall target orphans {target.name}` lists them."
        )
    if len(rows) > 1:
        ids = ", ".join(row.employee_id for row in rows[:5])
        raise WrongUse(f"{len(rows)} orphans match {who[:200]!r}: give one of the employee ids {ids}.")
    row = rows[0]
    label = row.label or f"employee {row.employee_id}"
    if row.due_at is not None or row.attempt_started_at is not None:
        raise WrongUse(
            f"{label} cannot be cleared yet: what the link owed before the delete is not delivered; "
            f"`rollcall target sync {target.name} --wait` delivers it."
        )
    for table in (gate_table, link_table):
        connection.execute(
            delete(table).where(
                table.c.tenant_id == target.tenant_id,
                table.c.target_id == target.id,
                table.c.employee_id == row.employee_id,
            )
        )
    values = {"employee": row.employee_id, "remote_id": row.remote_id}
    audit.record(
        connection, target.tenant_id, actor, "target.orphan_cleared", f"target:{target.name}", values
    )
    return label
