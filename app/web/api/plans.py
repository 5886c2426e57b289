"""``/plans``: what syncs did, would do, or wait for somebody to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import fields, validate
from sqlalchemy import Connection, select

from app.database import reading, writing
from app.provisioning import approvals, explain, plans, targets
from app.provisioning.counts import NAMES
from app.provisioning.tables import operation_table, plan_table
from app.web.api.access import by, tenant_id
from app.web.api.blueprint import blueprint
from app.web.api.fields import UUID, Body, Number, PageQuery, QueryNumber, Shown, instant, listed, text
from app.web.api.paging import page_of
from app.web.converters import MOST, TargetName

SUBJECT = "plans"
_AT = "/plans/<number:number>"
_plan, _operation = plan_table.c, operation_table.c


class PlanShown(Shown):
    """A plan with its counters; its lines are under ``/plans/{number}/operations``."""

    plan = fields.Integer(required=True)
    target = fields.String(required=True, allow_none=True)
    kind = fields.String(required=True)
    state = fields.String(required=True)
    reason = fields.String(required=True, allow_none=True)
    created_at = instant(required=True)
    decided_at = instant(required=True, allow_none=True)
    decided_by = fields.String(required=True, allow_none=True)
    counts = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)


class PlansQuery(PageQuery):
    """Which plans are listed."""

    target = text(
        TargetName.described["pattern"], 100, 1, metadata={"description": "Only those of this target."}
    )
    state = text("^[a-z]+$", 20)


class OperationsQuery(Body):
    """Which lines are shown."""

    limit = QueryNumber(1, 200, load_default=50, metadata={"description": "How many at most."})
    after = QueryNumber(0, MOST, metadata={"description": "Only those with a greater number."})


class Operation(Shown):
    """A line of a plan: whom, what, before and after, why, the requests byte for byte, and what became of it."""

    number = fields.Integer(required=True)
    employee_id = fields.String(required=True)
    label = fields.String(required=True)
    kind = fields.String(required=True)
    state = fields.String(required=True)
    reason = fields.String(required=True, allow_none=True)
    before = fields.Dict(keys=fields.String(), required=True)
    after = fields.Dict(keys=fields.String(), required=True)
    requests = fields.List(fields.Dict(keys=fields.String()), required=True)
    remote_id = fields.String(required=True, allow_none=True)
    irreversible = fields.String(required=True, allow_none=True)
    refusal = fields.String(required=True, allow_none=True)


class Decision(Body):
    """Whom a decision is about; everybody, unless some are named."""

    employees = fields.List(
        text(UUID, None),
        validate=validate.Length(1, 1000),
        metadata={"description": "Only the lines of these employees."},
    )
    upto = Number(
        0,
        MOST,
        metadata={
            "description": "Only lines up to this number: what was added since you looked is left waiting."
        },
    )


class Decided(PlanShown):
    """The plan as it is now, and how many of its lines were decided about."""

    operations = fields.Integer(required=True)


@blueprint.reads("/plans", SUBJECT)
@blueprint.arguments(PlansQuery, location="query")
@blueprint.response(200, listed("plans", PlanShown, is_paged=True))
def list_plans(query: dict[str, Any]) -> dict[str, Any]:
    """List plans, the newest first."""
    with reading() as connection:
        names = {target.id: target.name for target in targets.listed(connection, tenant_id())}
        shown, following = page_of(_found(connection, query), query, "before", lambda row: row.id)
    return {"plans": [plan_shown(row, names.get(row.target_id)) for row in shown], "next": following}


@blueprint.reads(_AT, SUBJECT)
@blueprint.response(200, PlanShown)
def show_plan(number: int) -> dict[str, Any]:
    """Show one plan."""
    with reading() as connection:
        return _shown(connection, number)


@blueprint.reads(f"{_AT}/operations", SUBJECT)
@blueprint.arguments(OperationsQuery, location="query")
@blueprint.response(200, listed("operations", Operation, is_paged=True))
def list_operations(query: dict[str, Any], number: int) -> dict[str, Any]:
    """List the lines of a plan."""
    where = [_operation.tenant_id == tenant_id(), _operation.plan_id == number]
    if "after" in query:
        where.append(_operation.number > query["after"])
    statement = select(operation_table).where(*where).order_by(_operation.number)
    with reading() as connection:
        plans.with_id(connection, tenant_id(), number)
        rows = connection.execute(statement.limit(query["limit"] + 1)).all()
    shown, following = page_of(rows, query, "after", lambda row: row.number, number=number)
    return {"operations": shown, "next": following}


@blueprint.acts(f"{_AT}/approve", SUBJECT)
@blueprint.arguments(Decision, required=False)
@blueprint.response(200, Decided)
def approve_plan(body: dict[str, Any], number: int) -> dict[str, Any]:
    """Have a plan applied exactly as it was shown; who changed since is refused by name."""
    return _decided(approvals.approve, body, number)


@blueprint.acts(f"{_AT}/discard", SUBJECT)
@blueprint.arguments(Decision, required=False)
@blueprint.response(200, Decided)
def discard_plan(body: dict[str, Any], number: int) -> dict[str, Any]:
    """Put a plan away; nothing of it is sent."""
    return _decided(approvals.discard, body, number)


def _decided(decide: Any, body: Mapping[str, Any], number: int) -> dict[str, Any]:
    with writing() as connection:
        chosen = {"employees": body.get("employees"), "upto": body.get("upto")}
        lines = decide(connection, tenant_id(), number, by(), **chosen)
        return _shown(connection, number) | {"operations": lines}


def _found(connection: Connection, query: Mapping[str, Any]) -> list[Any]:
    where = [_plan.tenant_id == tenant_id()]
    if "target" in query:
        where.append(_plan.target_id == targets.named(connection, tenant_id(), query["target"]).id)
    if "state" in query:
        where.append(_plan.state == query["state"])
    if "before" in query:
        where.append(_plan.id < query["before"])
    statement = select(plan_table).where(*where).order_by(_plan.id.desc())
    return list(connection.execute(statement.limit(query["limit"] + 1)))


def _shown(connection: Connection, number: int) -> dict[str, Any]:
    row = plans.with_id(connection, tenant_id(), number)
    target = targets.with_id(connection, tenant_id(), row.target_id)
    return plan_shown(row, target.name if target else None)


def plan_shown(row: Any, target_name: str | None) -> dict[str, Any]:
    """Return what :class:`PlanShown` shows of a plan's row."""
    report = explain.plan_report(row)
    counts = {name: report[name] for name in NAMES}
    return {**report, "plan": report["id"], "target": target_name, "counts": counts}
