"""The deeds on a target's pages: resync, save as it is, pause, go on, take over a profile, forget an orphan."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from werkzeug.wrappers import Response

from app.access.roles import ADMIN, HR
from app.database import writing
from app.errors import WrongUse
from app.provisioning import orphans, resync, targets
from app.provisioning.targets import Target
from app.web.console.blueprint import blueprint
from app.web.console.sessions import own_path
from app.web.console.targets.asking import actor, complaint, is_draft, known, target_of, to
from app.web.console.targets.saving import SAVED, keep, save


def _back(target: Target, message: str, look: str = "success") -> Response:
    flash(message, look)
    page = url_for("console.target", target_id=target.id)
    return redirect(own_path(request.form.get("next"), page), 303)


@blueprint.does("/targets/<number:target_id>/resync", HR)
def resync_target(target_id: int) -> Response:
    """Have everybody compared with the target, and every difference written."""
    with writing() as connection:
        target = target_of(connection, target_id)
        if target.is_active:
            plan_id = resync.request_full(connection, target, "full resync")
    if not target.is_active:
        return _back(target, f"{target.name} is paused: nothing is sent before it goes on.", "warning")
    return _back(target, f"A full resync of {target.name} has begun; its plan is number {plan_id}.")


@blueprint.does("/targets/<number:target_id>/save", ADMIN)
def save_target(target_id: int) -> Response:
    """Save the settings as they are, which starts a full resync as every saving does."""
    target = known(target_id)
    if is_draft(target):
        return _back(target, f"{target.name} is still being set up: nothing was sent.", "warning")
    save(target, {})
    return _back(target, SAVED)


@blueprint.does("/targets/<number:target_id>/pause", ADMIN)
def pause_target(target_id: int) -> Response:
    """Send nothing more; what changes is remembered."""
    reason = request.form.get("reason", "").strip()[:500] or "paused by an admin"
    with writing() as connection:
        target = target_of(connection, target_id)
        targets.pause(connection, target, actor(), reason)
    return _back(target, f"{target.name} is paused. What changes is remembered and sent later.")


@blueprint.does("/targets/<number:target_id>/resume", ADMIN)
def resume_target(target_id: int) -> Response:
    """Let it go on, at once; what is still being set up begins in its own last step."""
    with writing() as connection:
        target = target_of(connection, target_id)
        if is_draft(target):
            return to("start_target", target)
        if not target.is_active or target.retry_at:
            targets.resume(connection, target, actor())
    return _back(target, f"{target.name} goes on: what waited is sent now.")


@blueprint.does("/targets/<number:target_id>/suit", ADMIN)
def suit_target(target_id: int) -> Response:
    """Take over the settings that the checks propose."""
    target = known(target_id)
    pairs = (text.partition("=") for text in request.form.getlist("set")[:20])
    options = {name: value for name, _, value in pairs}
    try:
        (keep if is_draft(target) else save)(target, options)
    except WrongUse as error:
        return to("check_target", target, complaint(error), "danger")
    return to("check_target", target, "Taken over.")


@blueprint.does("/targets/<number:target_id>/orphans/clear", ADMIN)
def clear_orphan(target_id: int) -> Response:
    """Forget the account of somebody who was deleted; the account stays as it is."""
    target = known(target_id)
    try:
        with writing() as connection:
            label = orphans.clear(connection, target, actor(), request.form.get("employee", ""))
    except WrongUse as error:
        return _back(target, complaint(error), "warning")
    return _back(target, f"Forgotten: {label}. The account at {target.name} stays as it is.")
