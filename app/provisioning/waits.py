"""Waits of a target's people and groups that a pause has made meaningless: they are forgotten when it is resumed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, bindparam, null, or_, select, update

from app.provisioning.tables import group_link_table, link_table


def _forgetting(table: Any, key: str) -> Any:
    """Of rows that nobody is changing at this moment: so nobody waits for another one's lock."""
    failed = table.alias("failed").c
    rows = (
        select(failed[key])
        .where(
            failed.tenant_id == bindparam("b_tenant"),
            failed.target_id == bindparam("b_target"),
            failed.due_at.is_not(None),
            or_(failed.first_failed_at.is_not(None), failed.next_attempt_at.is_not(None)),
        )
        .with_for_update(skip_locked=True)
    )
    at_target = (table.c.tenant_id == bindparam("b_tenant"), table.c.target_id == bindparam("b_target"))
    values = {"tries": 0, "first_failed_at": null(), "next_attempt_at": null()}
    return update(table).where(*at_target, table.c[key].in_(rows)).values(values)


_FORGET = (_forgetting(link_table, "employee_id"), _forgetting(group_link_table, "key"))


def forget(connection: Connection, tenant_id: int, target_id: int) -> None:
    """Have all that is due at a target tried at once, as if for the first time.

    A time in which nothing was tried is not one of failures, and nobody waits out a back-off from before it.
    """
    for statement in _FORGET:
        connection.execute(statement, {"b_tenant": tenant_id, "b_target": target_id})
