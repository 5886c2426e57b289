"""The steps of the wizard, and where somebody goes on who left it: a target that was added paused is its draft."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from app.provisioning import plans
from app.provisioning.tables import plan_table
from app.provisioning.targets import Target
from app.web.console.blueprint import blueprint

#: (endpoint, words), in their order; the first one has no target yet.
STEPS = (
    ("connect_target", "What you need"),
    ("change_address", "Address and key"),
    ("change_fields", "Fields"),
    ("change_rules", "Rules"),
    ("change_schedule", "Schedule"),
    ("review_target", "Preview"),
    ("start_target", "Start"),
)
_p = plan_table.c


def newest_preview(connection: Connection, target: Target) -> int | None:
    """Return the number of the newest dry run that still stands, or None."""
    where = (_p.tenant_id == target.tenant_id, _p.target_id == target.id)
    query = select(func.max(_p.id)).where(*where, _p.kind == plans.DRY_RUN, _p.state == "draft")
    found: int | None = connection.scalar(query)
    return found


def goes_on_at(connection: Connection, target: Target) -> str:
    """Return the endpoint of the first step of a draft that nobody has gone through yet."""
    if "fields" not in target.settings:
        return "check_target"
    if "adopt" not in target.settings:
        return "change_rules"
    return "review_target" if newest_preview(connection, target) is None else "start_target"


@blueprint.app_context_processor
def steps() -> dict[str, object]:
    """Give templates the steps of the wizard."""
    return {"wizard_steps": STEPS}
