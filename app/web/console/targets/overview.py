"""A target's own page: how it stands, what is wrong, and how far a resync is."""

from __future__ import annotations

from flask import render_template
from sqlalchemy import Connection

from app import clock
from app.access.roles import VIEWER
from app.database import reading
from app.provisioning.groups import report
from app.provisioning.groups.wanted import takes_part
from app.provisioning.targets import Target
from app.web.console.blueprint import blueprint
from app.web.console.proving import has_proved
from app.web.console.targets import reading as found
from app.web.console.targets.asking import is_draft, target_of
from app.web.console.targets.kinds import kind_named
from app.web.console.targets.token import TokenForm
from app.web.console.targets.wording import pause_of, state_of
from app.web.console.wording import LINK_STATES


@blueprint.shows("/targets/<number:target_id>", VIEWER)
def target(target_id: int) -> str:
    """Show how a target stands; every number leads to the people behind it."""
    with reading() as connection:
        known = target_of(connection, target_id)
        facts = {
            "links": found.links_by_state(connection, known),
            "causes": found.causes(connection, known),
            "due": found.due(connection, known),
            "last": found.last_attempt(connection, known),
            "waiting": found.waiting_plans(connection, known),
            "progress": found.progress(connection, known),
            "ended": found.last_sync(connection, known),
            "groups": _groups(connection, known),
        }
    now = clock.now()
    return render_template(
        "console/targets/target.html",
        target=known,
        kind=kind_named(known.kind),
        word=state_of(known, now),
        pause=pause_of(known),
        is_draft=is_draft(known),
        is_resting=known.is_active and (known.retry_at or "") > now,
        states=LINK_STATES,
        policy=known.policy,
        token_form=TokenForm.of(known) if has_proved() else None,
        here="overview",
        **facts,
    )


def _groups(connection: Connection, known: Target) -> list[dict[str, object]] | None:
    return report.groups_of(connection, known) if takes_part(known) else None


@blueprint.shows("/targets/<number:target_id>/progress", VIEWER)
def target_progress(target_id: int) -> str:
    """Show how far a resync is, and nothing else: the part of the page that is fetched again."""
    with reading() as connection:
        known = target_of(connection, target_id)
        progress, ended = found.progress(connection, known), found.last_sync(connection, known)
    return render_template("console/targets/_progress.html", target=known, progress=progress, ended=ended)
