"""The last step of a set-up: go, or stay paused."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for

from app.access.roles import ADMIN
from app.database import reading, writing
from app.provisioning import targets
from app.web.console.blueprint import blueprint
from app.web.console.targets import reading as found
from app.web.console.targets.asking import Answer, actor, is_draft, target_of, to
from app.web.console.targets.rule_table import answers, groups_for
from app.web.console.targets.steps import newest_preview


@blueprint.fills_in("/targets/<number:target_id>/start", ADMIN)
def start_target(target_id: int) -> Answer:
    """Show once more what will happen; sent, the first sync begins with the next tick."""
    with reading() as connection:
        target = target_of(connection, target_id)
        preview = newest_preview(connection, target)
        waiting = found.waiting_plans(connection, target)
    if not is_draft(target):
        return redirect(url_for("console.target", target_id=target_id), 303)
    if request.method == "POST":
        if request.form.get("how") == "wait":
            return to("target", target, "It stays paused. Come back here when you want it to begin.", "info")
        with writing() as connection:
            now = target_of(connection, target_id)
            if is_draft(now):
                targets.resume(connection, now, actor())
        return to("target", target, "It begins: everybody is compared with the target now.")
    groups = groups_for(target, (), ())
    return render_template(
        "console/targets/start.html",
        target=target,
        preview=preview,
        waiting=waiting,
        answers=answers(target, groups),
    )
