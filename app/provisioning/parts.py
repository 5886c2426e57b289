"""What of a plan's lines was delivered, so that an undo finds what stood there before: no line is written over another.

A suspend leaves before the other fields of its person: where those do not follow, the line is cut to the suspend, and
the rest becomes a line of another plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select, update

from app.database import one_of
from app.provisioning.adapter import Request
from app.provisioning.operations import Operation
from app.provisioning.plans import APPLIED, request_json
from app.provisioning.tables import operation_table

_c = operation_table.c
_IN_PLAN = (_c.tenant_id == bindparam("b_tenant"), _c.plan_id == bindparam("b_plan"))
_CUT = (
    update(operation_table)
    .where(*_IN_PLAN, _c.employee_id == bindparam("b_employee"))
    .values(
        kind="suspend",
        before=bindparam("b_before", type_=_c.before.type),
        after={"active": False},
        requests=bindparam("b_requests", type_=_c.requests.type),
        state=APPLIED,
        refusal=bindparam("b_refusal"),
    )
)
_ANY_APPLIED = (
    select(_c.employee_id)
    .where(*_IN_PLAN, one_of(_c.employee_id, "b_employees"), _c.state == APPLIED)
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class Part:
    """The suspend of a line's operation, delivered and read back while the rest was not; `why` is what that met."""

    plan_id: int
    operation: Operation
    request: Request
    why: str


def cut(connection: Connection, tenant_id: int, parts: Sequence[Part]) -> None:
    """Have lines say no more than the suspend that was delivered."""
    rows = [
        {
            "b_tenant": tenant_id,
            "b_plan": part.plan_id,
            "b_employee": part.operation.employee_id,
            "b_before": {"active": part.operation.before.get("active")},
            "b_requests": [request_json(part.request)],
            "b_refusal": f"only the suspend was delivered: {part.why}",
        }
        for part in parts
    ]
    if rows:
        connection.execute(_CUT, rows)


def has_applied(connection: Connection, tenant_id: int, plan_id: int, employee_ids: Sequence[str]) -> bool:
    """Whether a plan has an applied line of one of these employees: a second one would be written over it."""
    key = {"b_tenant": tenant_id, "b_plan": plan_id, "b_employees": list(employee_ids)}
    return connection.execute(_ANY_APPLIED, key).first() is not None
