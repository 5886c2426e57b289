"""How the groups of a target stand, for people: `rollcall target groups`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from app.provisioning.groups import wanted
from app.provisioning.tables import group_link_member_table, group_link_table
from app.provisioning.targets import Target

_c, _m = group_link_table.c, group_link_member_table.c
_SHOWN = (
    *("name", "state", "reason_code", "reason", "remote_id", "due_at", "next_attempt_at"),
    *("attempt_started_at", "delivered_at"),
)
_LINKS = (
    select(_c.key, *(_c[name] for name in _SHOWN))
    .where(_c.tenant_id == bindparam("b_tenant"), _c.target_id == bindparam("b_target"))
    .order_by(_c.key)
)
_COUNTS = (
    select(_m.key, func.count().label("number"))
    .where(_m.tenant_id == bindparam("b_tenant"), _m.target_id == bindparam("b_target"))
    .group_by(_m.key)
)


def groups_of(connection: Connection, target: Target) -> list[dict[str, Any]]:
    """A JSON object for each group of the target, by name.

    `people` should be in, `members` are in because of Rollcall; they differ while the group is due or held.
    """
    key = {"b_tenant": target.tenant_id, "b_target": target.id}
    counts = {row.key: row.number for row in connection.execute(_COUNTS, key).all()}
    people = wanted.load(connection, target)
    return [
        {
            "group": row.name,
            "state": row.state,
            "people": len(people[row.key].members) if row.key in people else 0,
            "members": counts.get(row.key, 0),
            **{name: getattr(row, name) for name in _SHOWN[2:]},
        }
        for row in connection.execute(_LINKS, key).all()
    ]
