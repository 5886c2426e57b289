"""Echo (rule 17): what the system behind a target wrote into the directory itself is not pushed back to it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from app import clock
from app.access import clients
from app.directory import Change
from app.provisioning import managers
from app.provisioning.effects import changed_fields
from app.provisioning.fields import outgoing_values
from app.provisioning.policies import Policy
from app.provisioning.tables import link_table

_c = link_table.c
_WHERE = (
    _c.tenant_id == bindparam("b_tenant"),
    _c.target_id == bindparam("b_target"),
    _c.employee_id == bindparam("b_employee"),
)
_NAMES = ("remote_id", "state", "attempt_kind", "lease_until", "sent", "normalised", "active_there")
_LOCK = select(*(_c[name] for name in _NAMES)).where(*_WHERE).with_for_update()
_MERGE = (
    update(link_table)
    .where(*_WHERE)
    .values(
        sent=bindparam("b_sent", type_=_c.sent.type),
        normalised=bindparam("b_normalised", type_=_c.normalised.type),
        active_there=bindparam("b_active"),
    )
)


def is_echo(connection: Connection, change: Change, policy: Policy) -> bool:
    """Whether the change was written by the client or the source that the target is paired with."""
    actor = change.actor
    if actor.kind == "source":
        return actor.id == policy.paired_source
    if actor.kind != "client" or policy.paired_client is None:
        return False
    client = clients.with_id(connection, change.tenant_id, int(actor.id))
    return client is not None and client.name == policy.paired_client


def merge(connection: Connection, target_id: int, change: Change, policy: Policy) -> bool:
    """Take what a change wrote as what the account holds already; False where an ordinary mark is needed all the same.

    That is so for people without an account, while somebody works on the link (its result would not know of this),
    and where a group may have to follow.
    """
    before, after = change.before, change.after or {}
    key = {"b_tenant": change.tenant_id, "b_target": target_id, "b_employee": change.resource_id}
    link = None if before is None else connection.execute(_LOCK, key).first()
    if before is None or link is None or link.remote_id is None or link.state in ("orphan", "vanished"):
        return False
    if link.attempt_kind is not None or (link.lease_until or "") > clock.now():
        return False
    changed = changed_fields(before, after, policy.selection) - policy.selection.create_only
    failures: dict[str, str] = {}
    values: dict[str, Any] = dict(outgoing_values(after, policy.selection, failures))
    if managers.FIELD in changed or changed & failures.keys():
        return False
    sent = dict(link.sent or {}) | {name: values.get(name) for name in changed}
    kept = {name: value for name, value in (link.normalised or {}).items() if name not in changed}
    active = values.get("active") if "active" in changed else link.active_there
    connection.execute(_MERGE, key | {"b_sent": sent, "b_normalised": kept or None, "b_active": active})
    return not (policy.groups != "off" and changed & {"department", "active"})
