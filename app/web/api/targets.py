"""``/targets``: the systems that people are pushed to: listed, looked at, synced, paused and resumed."""

from __future__ import annotations

from typing import Any

from flask import url_for
from marshmallow import fields

from app import directory
from app.database import reading, writing
from app.errors import NotFoundError, WrongUse
from app.provisioning import explain, plans, resync, targets
from app.provisioning.targets import Target
from app.web.api.access import by, tenant_id
from app.web.api.answers import LOCATION
from app.web.api.blueprint import blueprint
from app.web.api.fields import Body, Flag, Shown, instant, listed, text
from app.web.api.plans import PlanShown, plan_shown

SUBJECT = "targets"
_AT = "/targets/<target:name>"


class TargetShown(Shown):
    """A target; its token is never shown."""

    name = fields.String(required=True)
    kind = fields.String(required=True)
    url = fields.String(required=True)
    state = fields.String(required=True)
    pause_reason = fields.String(required=True, allow_none=True)
    interval = fields.Integer(required=True, metadata={"description": "Seconds between two ticks."})
    next_tick_at = instant(required=True)


class Attempt(Shown):
    """One request that was sent to a target; secrets are masked."""

    at = instant(required=True)
    method = fields.String(required=True)
    path = fields.String(required=True)
    status = fields.Integer(required=True, allow_none=True)
    duration_ms = fields.Float(required=True, allow_none=True)
    error = fields.String(required=True, allow_none=True)
    request_body = fields.String(required=True, allow_none=True)
    response_body = fields.String(required=True, allow_none=True)


class TargetStatus(TargetShown):
    """How a target stands: links by state, what is due, the last attempt, plans that wait for somebody."""

    last_tick_at = instant(required=True, allow_none=True)
    retry_at = instant(required=True, allow_none=True)
    links = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    due = fields.Integer(required=True)
    oldest_due_at = instant(required=True, allow_none=True)
    rides_along = fields.Integer(required=True)
    last_attempt = fields.Nested(Attempt, required=True, allow_none=True)
    plans_waiting = fields.List(fields.Integer(), required=True)


class WantedSync(Body):
    """Which sync is wanted; without a word what is due now."""

    full = Flag(load_default=False, metadata={"description": "Compare everybody with the target."})
    email = text(
        r"^[^\x00-\x20\x7f]+$",
        320,
        metadata={"description": "Only the person with this work e-mail, changed or not."},
    )


class Pause(Body):
    """Why a target is paused."""

    reason = text(most=500, load_default="paused by an admin")


@blueprint.reads("/targets", SUBJECT)
@blueprint.response(200, listed("targets", TargetShown))
def list_targets() -> dict[str, Any]:
    """List the targets of the tenant."""
    with reading() as connection:
        return {"targets": [explain.overview(known) for known in targets.listed(connection, tenant_id())]}


@blueprint.reads(_AT, SUBJECT)
@blueprint.response(200, TargetShown)
def show_target(name: str) -> dict[str, Any]:
    """Show a target."""
    with reading() as connection:
        return explain.overview(targets.named(connection, tenant_id(), name))


@blueprint.reads(f"{_AT}/status", SUBJECT)
@blueprint.response(200, TargetStatus)
def show_target_status(name: str) -> dict[str, Any]:
    """Show how a target stands: links by state, what is due, the last attempt."""
    with reading() as connection:
        return explain.status(connection, targets.named(connection, tenant_id(), name))


@blueprint.acts(f"{_AT}/sync", SUBJECT)
@blueprint.arguments(WantedSync, required=False)
@blueprint.response(
    202, PlanShown, description="The next tick does it; the plan counts it.", headers=LOCATION
)
def sync_target(body: dict[str, Any], name: str) -> Any:
    """Have what is due pushed now, or one person, or everybody compared with the target."""
    if body["full"] and "email" in body:
        raise WrongUse("full and email contradict each other: give one of them.")
    with writing() as connection:
        target = targets.named(connection, tenant_id(), name)
        if not target.is_active:
            raise WrongUse(f"Target {name!r} is paused ({target.pause_reason}); resume it first.")
        people = None
        if "email" in body:
            people = directory.ids_by_work_email(connection, tenant_id(), body["email"])
            if not people:
                raise NotFoundError("Nobody in this tenant has this work e-mail.")
        if body["full"] or not target.first_synced:
            reason = "full resync" if body["full"] else "first sync"
            plan_id = resync.request_full(connection, target, reason)
        else:
            plan_id = resync.request_due(connection, target, people)
        shown = plan_shown(plans.with_id(connection, tenant_id(), plan_id), name)
    return shown, 202, {"Location": url_for("api.show_plan", number=plan_id)}


@blueprint.acts(f"{_AT}/pause", SUBJECT)
@blueprint.arguments(Pause, required=False)
@blueprint.response(200, TargetShown)
def pause_target(body: dict[str, Any], name: str) -> dict[str, Any]:
    """Send nothing more; changes are kept and delivered once it is resumed."""
    with writing() as connection:
        target = targets.named(connection, tenant_id(), name)
        targets.pause(connection, target, by(), body["reason"])
        return _again(connection, target)


@blueprint.acts(f"{_AT}/resume", SUBJECT)
@blueprint.response(200, TargetShown)
def resume_target(name: str) -> dict[str, Any]:
    """Deliver again, at once."""
    with writing() as connection:
        target = targets.named(connection, tenant_id(), name)
        if not target.is_active:
            targets.resume(connection, target, by())
        return _again(connection, target)


def _again(connection: Any, target: Target) -> dict[str, Any]:
    return explain.overview(targets.named(connection, target.tenant_id, target.name))
