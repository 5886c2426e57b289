"""Deciding about a plan: as a whole, or person by person."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import abort, flash, redirect, request, url_for
from werkzeug.wrappers import Response

from app.access.roles import ADMIN
from app.database import reading as reading_database
from app.database import writing
from app.errors import RollcallError, WrongUse
from app.provisioning import approvals, plans
from app.provisioning.approvals import ChangedSince
from app.web.console.approvals import reading
from app.web.console.approvals.wording import plan_word
from app.web.console.blueprint import blueprint
from app.web.console.sessions import current_admin, own_path
from app.web.console.wording import when

Decide = Callable[..., int]


@blueprint.does("/approvals/plans/<number:plan_id>/approve", ADMIN)
def approve_plan(plan_id: int) -> Response:
    """Have a plan, or the chosen lines of it, applied as they were shown."""
    return _decide(plan_id, approvals.approve, _approved)


@blueprint.does("/approvals/plans/<number:plan_id>/reject", ADMIN)
def reject_plan(plan_id: int) -> Response:
    """Put a plan, or the chosen lines of it, away."""
    return _decide(plan_id, approvals.discard, _rejected)


def _decide(plan_id: int, decide: Decide, says: Callable[[int, str, bool], str]) -> Response:
    admin, chosen = current_admin(), request.form.getlist("employee")
    plan, upto = _plan(admin.tenant_id, plan_id), _upto()
    if request.form.get("which") != "all" and not chosen:
        flash("Choose at least one person, or decide about all of them. Nothing was changed.", "warning")
        return _back(plan_id)
    employees = None if request.form.get("which") == "all" else chosen
    try:
        with writing() as connection:
            by = f"admin:{admin.email}"
            number = decide(connection, admin.tenant_id, plan_id, by, employees=employees, upto=upto)
            later = reading.number_after(connection, admin.tenant_id, plan_id, upto)
    except ChangedSince as error:
        flash(str(error), "warning")
        return _back(plan_id)
    except WrongUse as error:
        flash(_told(admin.tenant_id, plan_id) or str(error), "warning")
        return _back(plan_id)
    except RollcallError as error:
        flash(str(error), "danger")
        return _back(plan_id)
    flash(says(number, plan.target_name, plan.target_state == "active"), "success")
    if later:
        look = "waits: look at it" if later == 1 else "wait: look at them"
        flash(f"{later:,} more came meanwhile and still {look}.", "warning")
    return _back(plan_id)


def _upto() -> int:
    """The highest number of a line when the page was made: what came later was not seen, and is not decided."""
    text = request.form.get("upto", "")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        abort(400)
    return int(text)


def _plan(tenant_id: int, plan_id: int) -> Any:
    with reading_database() as connection:
        found = reading.with_id(connection, tenant_id, plan_id)
    if found is None:
        abort(404)
    return found


def _told(tenant_id: int, plan_id: int) -> str | None:
    """Return who was quicker: who decided about the plan, or about a part of it; None when nobody did."""
    with reading_database() as connection:
        plan = reading.with_id(connection, tenant_id, plan_id)
        made = reading.decisions(connection, plan)
    if not made:
        return None
    last = made[0]
    word = {"plan.approved": "approved", "plan.discarded": "rejected"}[last.action]
    who = last.actor.removeprefix("admin:")
    what = "it" if plan.state not in plans.UNDECIDED else "a part of it, with some of the people you chose"
    state = plan_word(plan.state).label.lower()
    return f"{who} was quicker and {word} {what} on {_moment(last.at)}. The plan is now: {state}. You changed nothing."


def _moment(at: str) -> str:
    return when(at).striptags()


def _approved(number: int, target: str, is_active: bool) -> str:
    people = f"{number:,} change{'s' if number != 1 else ''}"
    if not is_active:
        return f"Approved: {people}. {target} is paused, so they are sent once it is resumed."
    return f"Approved: {people}, sent to {target} with its next tick. Who changed meanwhile is left out, by name."


def _rejected(number: int, target: str, is_active: bool) -> str:
    people = f"{number:,} change{'s' if number != 1 else ''}"
    return f"Rejected: {people}. Nothing of it is sent to {target} before the directory changes the same thing again."


def _back(plan_id: int) -> Response:
    return redirect(own_path(request.form.get("next"), url_for("console.plan", plan_id=plan_id)), 303)
