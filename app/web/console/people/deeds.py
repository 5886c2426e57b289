"""What is done about one person: resync, hold, let go on."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from sqlalchemy import Connection
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from app.access import audit
from app.access.roles import HR
from app.database import writing
from app.directory.roster import shown_name
from app.errors import RollcallError, WrongUse
from app.provisioning import holding, resync, targets
from app.provisioning.targets import Target
from app.web.console.blueprint import blueprint
from app.web.console.people.someone import employee
from app.web.console.sessions import current_admin, own_path


@blueprint.does("/people/<employee:employee_id>/push", HR)
def push_person(employee_id: str) -> Response:
    """Have a person compared with one target, or with all that are active, and what differs sent."""
    chosen = request.form.get("target", "")
    with writing() as connection:
        name = shown_name(employee(connection, employee_id).document)
        asked = [_target(connection, chosen)] if chosen else _active(connection)
        pushed, refused = _push(connection, asked, employee_id)
    if pushed:
        flash(
            f"{name} is compared with {_listed(pushed)} with the next tick; what differs is sent.", "success"
        )
    for why in refused:
        flash(why, "danger" if not pushed else "warning")
    if not asked:
        flash(
            "No target is active, so nothing can be sent. Connect one, or let a paused one go on.", "danger"
        )
    return _back(employee_id)


def _push(connection: Connection, asked: list[Target], employee_id: str) -> tuple[list[str], list[str]]:
    """Ask for the resyncs; return the names of the targets, and why others were left out."""
    pushed, refused, by = [], [], _by()
    for target in asked:
        if not target.is_active:
            refused.append(
                f"{target.name} is paused, so nothing is sent there. An admin lets it go on: Targets."
            )
        elif not target.first_synced:
            refused.append(
                f"The first sync of {target.name} has not begun; it covers everybody, with the next tick."
            )
        else:
            plan_id = resync.request_due(connection, target, [employee_id])
            values = {"target": target.name, "plan": plan_id}
            subject = f"employee:{employee_id}"
            audit.record(connection, target.tenant_id, by, "employee.resync_asked", subject, values)
            pushed.append(target.name)
    return pushed, refused


@blueprint.does("/people/<employee:employee_id>/hold", HR)
def hold_person(employee_id: str) -> Response:
    """Send nothing about a person to a target until somebody lets go."""
    note = " ".join(request.form.get("note", "").split())
    try:
        with writing() as connection:
            employee(connection, employee_id)
            target = _target(connection, request.form.get("target", ""))
            if len(note) > 500:
                raise WrongUse("The reason has more than 500 characters; say it shorter.")
            holding.hold(connection, target, employee_id, _by(), note)
        flash(f"Held at {target.name}: nothing is sent there until somebody lets go.", "success")
    except WrongUse as refusal:
        flash(str(refusal), "danger")
    return _back(employee_id)


@blueprint.does("/people/<employee:employee_id>/let-go", HR)
def let_go_person(employee_id: str) -> Response:
    """Send again what the directory says of a person."""
    try:
        with writing() as connection:
            employee(connection, employee_id)
            target = _target(connection, request.form.get("target", ""))
            holding.let_go(connection, target, employee_id, _by())
        flash(f"It goes on at {target.name} with the next tick.", "success")
    except RollcallError as refusal:
        flash(str(refusal), "danger")
    return _back(employee_id)


def _target(connection: Connection, number: str) -> Target:
    """Return the target with this number; raises ``NotFound`` (404)."""
    found = [t for t in targets.listed(connection, current_admin().tenant_id) if str(t.id) == number]
    if not found:
        raise NotFound
    return found[0]


def _active(connection: Connection) -> list[Target]:
    return [t for t in targets.listed(connection, current_admin().tenant_id) if t.is_active]


def _by() -> str:
    return f"admin:{current_admin().email}"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _back(employee_id: str) -> Response:
    own = url_for("console.person", employee_id=employee_id)
    return redirect(own_path(request.form.get("next"), own), 303)
