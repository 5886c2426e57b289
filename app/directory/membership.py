"""Writes of memberships: what a change adds and removes, without loading the members that stay."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select

from app.database import one_of
from app.directory.schemas import schema_set
from app.directory.tables import EmployeeRow, Membership, ResourceRow
from app.prepared import Prepared
from scim.errors import InvalidValue, echo
from scim.keys import comparison_key
from scim.membership import MemberChange
from scim.resources import GROUP
from scim.schema import ResourceType

_membership, _employee, _resource = Membership.__table__, EmployeeRow.__table__, ResourceRow.__table__

_OF_GROUP = (_membership.c.tenant_id == bindparam("b_tenant"), _membership.c.group_id == bindparam("b_group"))
_ALL = Prepared(select(_membership.c.member_id).where(*_OF_GROUP))
_PRESENT = select(_membership.c.member_id).where(*_OF_GROUP, one_of(_membership.c.member_id, "b_ids"))
_REMOVE = delete(_membership).where(*_OF_GROUP, one_of(_membership.c.member_id, "b_ids"))
_REMOVE_ALL = Prepared(delete(_membership).where(*_OF_GROUP))
#: Locked, so that nobody is deleted while becoming a member.
_PEOPLE = (
    select(_employee.c.id)
    .where(_employee.c.tenant_id == bindparam("b_tenant"), one_of(_employee.c.id, "b_ids"))
    .with_for_update(key_share=True, read=True)
)
_GROUPS = (
    select(_resource.c.id)
    .where(
        _resource.c.tenant_id == bindparam("b_tenant"),
        _resource.c.type == bindparam("b_type"),
        one_of(_resource.c.id, "b_ids"),
    )
    .with_for_update(key_share=True, read=True)
)
_GROUPS_WITH = Prepared(
    select(_membership.c.group_id)
    .where(_membership.c.tenant_id == bindparam("b_tenant"), _membership.c.member_id == bindparam("b_member"))
    .order_by(_membership.c.group_id)
)


def group_type(tenant_id: int, connection: Connection | None = None) -> ResourceType:
    """Return the tenant's Group resource type."""
    types = schema_set(tenant_id, connection).resource_types.values()
    return next(resource_type for resource_type in types if resource_type.schema.id == GROUP)


def changed(
    connection: Connection,
    tenant_id: int,
    group_id: str,
    change: MemberChange,
    promised: Mapping[str, str] | None = None,
) -> dict[str, list[Any]]:
    """Change a group's members; return ``{"members": [ids removed, ids added]}``, empty when nothing changed.

    A member that is there already is not added again, one that is not there is not removed.

    :param promised: id → resource type of what the same bulk request creates later.
    :raises InvalidValue: something to be added does not exist in this tenant.
    """
    added = list(dict.fromkeys(change.added))
    if change.clears:
        present = {row[0] for row in _ALL.rows(connection, _key(tenant_id, group_id))}
        removed = present.difference(added)
    else:
        present = set(_those(connection, _PRESENT, tenant_id, group_id, (*added, *change.removed)))
        removed = present & change.removed
    fresh = [member_id for member_id in added if member_id not in present]
    _add(connection, tenant_id, group_id, fresh, promised or {}, change.displays)
    if removed:
        connection.execute(_REMOVE, {**_key(tenant_id, group_id), "b_ids": sorted(removed)})
    return {"members": [sorted(removed) or None, fresh or None]} if removed or fresh else {}


def dissolved(connection: Connection, tenant_id: int, group_id: str) -> dict[str, list[Any]]:
    """Remove every member of a group that is being deleted; return as :func:`changed`."""
    gone = [row[0] for row in _ALL.rows(connection, _key(tenant_id, group_id))]
    _REMOVE_ALL.run(connection, _key(tenant_id, group_id))
    return {"members": [sorted(gone), None]} if gone else {}


def groups_with(connection: Connection, tenant_id: int, member_id: str) -> list[str]:
    """Return the ids of the groups that have this direct member."""
    found = _GROUPS_WITH.rows(connection, {"b_tenant": tenant_id, "b_member": member_id})
    return [row[0] for row in found]


def types_of(
    connection: Connection, tenant_id: int, ids: Iterable[str], promised: Mapping[str, str]
) -> dict[str, str]:
    """Return id → ``User`` or ``Group`` of those ids that exist or are promised; who exists is locked."""
    kinds = {member_id: promised[member_id] for member_id in ids if member_id in promised}
    rest = [member_id for member_id in ids if member_id not in kinds]
    kinds |= dict.fromkeys(_those(connection, _PEOPLE, tenant_id, "", rest), "User")
    rest = [member_id for member_id in rest if member_id not in kinds]
    return kinds | dict.fromkeys(_those(connection, _GROUPS, tenant_id, "", rest), "Group")


def _add(
    connection: Connection,
    tenant_id: int,
    group_id: str,
    ids: Collection[str],
    promised: Mapping[str, str],
    displays: Mapping[str, str],
) -> None:
    if not ids:
        return
    kinds = types_of(connection, tenant_id, ids, promised)
    for member_id in ids:
        if member_id not in kinds:
            raise InvalidValue(f"members: there is no User or Group {echo(member_id, 64)} in this tenant.")
    rows = [
        {
            "tenant_id": tenant_id,
            "group_id": group_id,
            "member_id": member_id,
            "type": kinds[member_id],
            "display": displays.get(member_id),
            "display_key": comparison_key(displays[member_id]) if member_id in displays else None,
        }
        for member_id in ids
    ]
    connection.execute(insert(_membership), rows)


def _those(
    connection: Connection, statement: Any, tenant_id: int, group_id: str, ids: Collection[str]
) -> Iterable[str]:
    """Return those of ``ids`` that a statement finds."""
    if not ids:
        return ()
    parameters = _key(tenant_id, group_id) | {"b_type": "Group", "b_ids": list(ids)}
    return connection.scalars(statement, parameters)


def _key(tenant_id: int, group_id: str) -> dict[str, Any]:
    return {"b_tenant": tenant_id, "b_group": group_id}
