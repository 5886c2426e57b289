"""Taking a target away, after its consequences were read."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for

from app.access.roles import ADMIN
from app.database import reading, writing
from app.provisioning import targets
from app.web.console.blueprint import blueprint
from app.web.console.targets import reading as found
from app.web.console.targets.asking import Answer, actor, target_of


@blueprint.fills_in("/targets/<number:target_id>/remove", ADMIN)
def remove_target(target_id: int) -> Answer:
    """Show what taking it away means; sent with its name, do it."""
    with reading() as connection:
        target = target_of(connection, target_id)
        links = found.links_by_state(connection, target)
        due = found.due(connection, target)
    typed, problem = request.form.get("name", ""), ""
    if request.method == "POST":
        if typed.strip() == target.name:
            with writing() as connection:
                targets.remove(connection, target_of(connection, target_id), actor())
            flash(f"{target.name} was taken away. The accounts there stay as they are.", "success")
            return redirect(url_for("console.targets"), 303)
        problem = f"Type its name, {target.name}, exactly."
    page = render_template(
        "console/targets/remove.html", target=target, links=links, due=due, typed=typed, problem=problem
    )
    return page, (422 if problem else 200)
