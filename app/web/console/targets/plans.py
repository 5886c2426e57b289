"""The plans of a target: what syncs did or would do, and undoing one."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from app.access.roles import ADMIN
from app.database import reading
from app.errors import NotFoundError, RollcallError
from app.provisioning import plans, undo
from app.web.console.blueprint import blueprint
from app.web.console.paging import Place
from app.web.console.sessions import current_admin
from app.web.console.targets import reading as found
from app.web.console.targets.asking import complaint, known, target_of, to

#: Kinds of plans that can be undone, once something of them was written.
UNDOABLE = (plans.FULL, plans.TICK, plans.DRY_RUN, plans.HELD, plans.APPROVAL)


@blueprint.shows("/targets/<number:target_id>/plans")
def target_plans(target_id: int) -> str:
    """List the plans of a target, the newest first."""
    with reading() as connection:
        target = target_of(connection, target_id)
        page = found.plans_of(connection, target, _place())
    return render_template(
        "console/targets/plans.html", target=target, page=page, here="plans", undoable=UNDOABLE
    )


def _place() -> Place:
    older, newer = (_key(request.args.get(name, "")) for name in ("older", "newer"))
    return Place(older, None if older else newer)


def _key(text: str) -> tuple[int] | None:
    return (int(text),) if text.isdecimal() and len(text) < 10 else None


@blueprint.does("/targets/<number:target_id>/plans/<number:plan_id>/undo", ADMIN)
def undo_plan(target_id: int, plan_id: int) -> Response:
    """Work out the plan that gives back what this one changed; nothing is sent before it is approved."""
    target = known(target_id)
    with reading() as connection:
        try:
            plan = plans.with_id(connection, current_admin().tenant_id, plan_id)
        except NotFoundError:
            raise NotFound from None
    if plan.target_id != target_id:
        raise NotFound
    try:
        inverse = undo.plan_inverse(target, plan_id)
    except RollcallError as error:
        return to("target_plans", target, complaint(error), "danger")
    return redirect(url_for("console.plan", plan_id=inverse), 303)
