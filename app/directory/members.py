"""Reads of memberships: the members of groups, and the groups that somebody is in, nested ones included."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    Text,
    and_,
    bindparam,
    case,
    func,
    literal,
    select,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.types import NullType

from app.directory.documents import loaded
from app.directory.tables import EmployeeRow, Membership, ResourceRow
from app.prepared import Prepared

_membership, _employee, _resource = Membership.__table__, EmployeeRow.__table__, ResourceRow.__table__
_CHUNK = 500


class Member(NamedTuple):
    """A member of a group as ``members`` shows it (RFC 7643 §4.2)."""

    id: str
    type: str
    display: str | None


class Belonging(NamedTuple):
    """A group that somebody is in as ``User.groups`` shows it (RFC 7643 §4.1.2); ``type`` is direct or indirect."""

    id: str
    type: str
    display: str | None


def is_member(table: Table) -> ColumnElement[Any]:
    """Return the SQL expression that is true where the row of ``table`` is a member of some group.

    It comes out as the driver has it, 1 or True: turning it into a ``bool`` took a quarter of a list's time.
    """
    mine = and_(_membership.c.tenant_id == table.c.tenant_id, _membership.c.member_id == table.c.id)
    found = select(literal(1)).select_from(_membership).where(mine).correlate(table).exists()
    return type_coerce(found, NullType())


def _text_of(wire: Any, name: str, dialect: str) -> Any:
    """Return the SQL expression of a top-level text in stored wire text."""
    if dialect == "sqlite":
        return func.json_extract(wire, f"$.{name}", type_=Text())
    return func.json_extract_path_text(type_coerce(wire, Text()).cast(JSON), name, type_=Text())


def _display_of(dialect: str) -> Any:
    """Return the SQL expression of what a member, joined as employee or resource, is called.

    What the client that added it said comes first: in the schema ``display`` is the client's to write.
    """
    person = func.coalesce(
        _text_of(_employee.c.wire, "displayName", dialect), _text_of(_employee.c.wire, "userName", dialect)
    )
    group = _text_of(_resource.c.wire, "displayName", dialect)
    return func.coalesce(_membership.c.display, case((_membership.c.type == "User", person), else_=group))


def _with_names(source: Any) -> Any:
    """Return memberships joined to the employees and groups that are the members."""
    of_tenant = _membership.c.tenant_id
    person = and_(_employee.c.tenant_id == of_tenant, _employee.c.id == _membership.c.member_id)
    group = and_(
        _resource.c.tenant_id == of_tenant,
        _resource.c.type == "Group",
        _resource.c.id == _membership.c.member_id,
    )
    return source.outerjoin(_employee, person).outerjoin(_resource, group)


def _members(dialect: str) -> Any:
    return (
        select(_membership.c.member_id, _membership.c.type, _display_of(dialect))
        .select_from(_with_names(_membership))
        .where(
            _membership.c.tenant_id == bindparam("tenant_id"), _membership.c.group_id == bindparam("group_id")
        )
        .order_by(_membership.c.member_id)
    )


_MEMBERS = Prepared(_members)
_IDS = Prepared(
    select(_membership.c.member_id)
    .where(_membership.c.tenant_id == bindparam("tenant_id"), _membership.c.group_id == bindparam("group_id"))
    .limit(bindparam("most"))
)


def members_of(connection: Connection, tenant_id: int, group_id: str) -> list[Member]:
    """Return a group's members in the order of their ids."""
    found = _MEMBERS.rows(connection, {"tenant_id": tenant_id, "group_id": group_id})
    return [Member._make(row) for row in found]


def has_more_members_than(connection: Connection, tenant_id: int, group_id: str, number: int) -> bool:
    """True when a group has more than ``number`` members; no more than that are looked at."""
    parameters = {"tenant_id": tenant_id, "group_id": group_id, "most": number + 1}
    return len(_IDS.rows(connection, parameters)) > number


def belongings(
    connection: Connection, tenant_id: int, member_ids: Sequence[str]
) -> dict[str, list[Belonging]]:
    """Return member id → the groups it is in, directly or through nested groups, by group id.

    Somebody who is in a group both ways is in it directly. A circle of groups is walked once.
    """
    found: dict[str, list[Belonging]] = {}
    for start in range(0, len(member_ids), _CHUNK):
        some = member_ids[start : start + _CHUNK]
        parameters: dict[str, Any] = {"tenant_id": tenant_id}
        parameters |= {f"member_{number}": member_id for number, member_id in enumerate(some)}
        for member_id, group_id, kind, wire in _belongings(len(some)).rows(connection, parameters):
            display = loaded(wire).get("displayName")
            found.setdefault(member_id, []).append(Belonging(group_id, kind, display))
    return found


@lru_cache(maxsize=_CHUNK)
def _belongings(number: int) -> Prepared:
    """Return the statement that climbs from ``number`` members to the groups above them."""
    ids = [bindparam(f"member_{n}", type_=_membership.c.member_id.type) for n in range(number)]
    of_tenant = _membership.c.tenant_id == bindparam("tenant_id")
    above = (
        select(_membership.c.member_id, _membership.c.group_id, literal("direct", Text()).label("kind"))
        .where(of_tenant, _membership.c.member_id.in_(ids))
        .cte("above", recursive=True)
    )
    parent = _membership.alias("parent")
    above = above.union(
        select(above.c.member_id, parent.c.group_id, literal("indirect", Text())).where(
            parent.c.tenant_id == bindparam("tenant_id"), parent.c.member_id == above.c.group_id
        )
    )
    return Prepared(
        select(above.c.member_id, above.c.group_id, func.min(above.c.kind), func.min(_resource.c.wire))
        .join(
            _resource,
            and_(
                _resource.c.tenant_id == bindparam("tenant_id"),
                _resource.c.type == "Group",
                _resource.c.id == above.c.group_id,
            ),
        )
        .group_by(above.c.member_id, above.c.group_id)
        .order_by(above.c.member_id, above.c.group_id)
    )
