"""Holding one person at one target by hand: nothing is sent for them until somebody lets go.

A hold is a gate (gates.py) that no breaker and no change of the directory opens. Who leaves is suspended all the same
(rule 1): a hold must not keep a door open.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, select

from app import directory
from app.access import audit
from app.database import require_writing, upsert
from app.errors import NotFoundError, WrongUse
from app.provisioning import marking
from app.provisioning.links import HOLD
from app.provisioning.tables import gate_table
from app.provisioning.targets import Target

_gate = gate_table.c


def hold(connection: Connection, target: Target, employee_id: str, actor: str, note: str = "") -> None:
    """Hold a person at a target; requests that are on their way already arrive.

    :raises NotFoundError: no such employee. :raises WrongUse: the person is held there already.
    """
    require_writing(connection)
    if directory.get(connection, target.tenant_id, employee_id) is None:
        raise NotFoundError(f"There is no employee {employee_id} in this tenant.")
    if target.id in held_at(connection, target.tenant_id, employee_id):
        raise WrongUse(f"This person is held at {target.name} already.")
    row = {"tenant_id": target.tenant_id, "target_id": target.id, "employee_id": employee_id}
    row |= {"change": HOLD, "plan_id": None}
    # Who holds at the same moment has done the same.
    connection.execute(upsert(connection, gate_table).values(row).on_conflict_do_nothing())
    _told(connection, target, employee_id, actor, "link.held", {"note": note} if note else {})


def let_go(connection: Connection, target: Target, employee_id: str, actor: str) -> None:
    """Send again what the directory says of a person; raises ``WrongUse`` when nobody holds them there."""
    require_writing(connection)
    if not connection.execute(delete(gate_table).where(*_hold_of(target, employee_id))).rowcount:
        raise WrongUse(f"Nobody holds this person at {target.name}.")
    _told(connection, target, employee_id, actor, "link.let_go", {})


def held_at(connection: Connection, tenant_id: int, employee_id: str) -> set[int]:
    """Return the targets at which a person is held by hand."""
    query = select(_gate.target_id).where(
        _gate.tenant_id == tenant_id, _gate.employee_id == employee_id, _gate.change == HOLD
    )
    return set(connection.scalars(query))


def _hold_of(target: Target, employee_id: str) -> tuple[Any, ...]:
    of_link = (_gate.tenant_id == target.tenant_id, _gate.target_id == target.id)
    return (*of_link, _gate.employee_id == employee_id, _gate.change == HOLD)


def _told(
    connection: Connection, target: Target, employee_id: str, actor: str, action: str, values: dict[str, Any]
) -> None:
    """Have the link decided anew, and write the deed down."""
    marking.mark(connection, target.tenant_id, target.id, [employee_id])
    values = {"target": target.name} | values
    audit.record(connection, target.tenant_id, actor, action, f"employee:{employee_id}", values)
