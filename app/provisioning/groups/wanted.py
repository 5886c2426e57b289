"""Who should be in which group: the one law, read off the links.

A link says what its target was last brought to. So a group follows its people: a change that waits, is held or was
refused does not move anybody, and a mapping of the field counts because its value is what was sent.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pydantic_core import from_json
from sqlalchemy import Connection, Text, bindparam, select, type_coerce

from app.database import one_of
from app.prepared import Prepared
from app.provisioning.tables import group_link_member_table, link_table
from app.provisioning.targets import Target
from scim.keys import comparison_key

_c, _member = link_table.c, group_link_member_table.c
#: States of links whose account is at the target and this person's. Held and waiting people stay where they are.
MEMBER_STATES = frozenset({"linked", "held", "waiting"})


@dataclass(frozen=True, slots=True)
class Department:
    """What a group stands for. `key` is that of the group link, `name` a spelling of the department."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who should be in a group, and the spelling of the department that most of them have."""

    name: str
    members: frozenset[str]


def takes_part(target: Target) -> bool:
    """Whether the target gets department groups: switched on, taken there, and `department` is a field that it gets."""
    policy = target.policy
    return (
        policy.groups == "departments"
        and policy.selection.sends("department")
        and bool(target.adapter.takes_groups)
    )


@lru_cache(maxsize=4096)
def _department_called(value: str) -> Department | None:
    name = " ".join(value.split())
    return Department(f"department:{comparison_key(name)}", name) if name else None


def department_of(value: object) -> Department | None:
    """The department of a value of the field; spellings that differ in case or white space are one.

    >>> department_of("Field  Sales "), department_of("field sales").key == department_of("Field Sales").key
    (Department(key='department:field sales', name='Field Sales'), True)
    """
    return _department_called(value) if isinstance(value, str) else None


def place_of(
    state: str, remote_id: str | None, active_there: bool | None, sent: Mapping[str, Any] | None
) -> Department | None:
    """The department in whose group the account of a link belongs, None for nowhere."""
    if remote_id is None or state not in MEMBER_STATES or active_there is False:
        return None
    return department_of((sent or {}).get("department"))


_PEOPLE = Prepared(
    select(_c.remote_id, _c.state, _c.active_there, type_coerce(_c.sent, Text)).where(
        _c.tenant_id == bindparam("b_tenant"),
        _c.target_id == bindparam("b_target"),
        _c.remote_id.is_not(None),
        _c.sent.is_not(None),
    )
)


def load(connection: Connection, target: Target, keys: Collection[str] | None = None) -> dict[str, Wanted]:
    """Key → who should be in the group, of these groups (None: of all); one pass over the target's links.

    A group in which nobody should be is left out.
    """
    members: dict[str, set[str]] = defaultdict(set)
    names: dict[str, Counter[str]] = defaultdict(Counter)
    parameters = {"b_tenant": target.tenant_id, "b_target": target.id}
    for remote_id, state, active_there, sent in _PEOPLE.rows(connection, parameters):
        place = place_of(state, remote_id, active_there, from_json(sent))
        if place is not None and (keys is None or place.key in keys):
            members[place.key].add(remote_id)
            names[place.key][place.name] += 1
    return {key: Wanted(_usual(names[key]), frozenset(ids)) for key, ids in members.items()}


def _usual(spellings: Counter[str]) -> str:
    """The spelling that most have; of several the first in order, so that it does not change by chance."""
    return min(spellings, key=lambda name: (-spellings[name], name))


_OURS = select(_member.key, _member.remote_id).where(
    _member.tenant_id == bindparam("b_tenant"),
    _member.target_id == bindparam("b_target"),
    one_of(_member.key, "b_keys"),
)


def last_sent(connection: Connection, target: Target, keys: Collection[str]) -> dict[str, frozenset[str]]:
    """Key → the members that were last sent to each of these groups, or confirmed there."""
    found: dict[str, set[str]] = {key: set() for key in keys}
    parameters = {"b_tenant": target.tenant_id, "b_target": target.id, "b_keys": sorted(keys)}
    for row in connection.execute(_OURS, parameters):
        found[row.key].add(row.remote_id)
    return {key: frozenset(ids) for key, ids in found.items()}
