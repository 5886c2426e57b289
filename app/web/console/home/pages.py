"""The first page: people, what is wrong, what waits, the sources and the targets, the last two weeks."""

from __future__ import annotations

from typing import Any

from flask import render_template
from sqlalchemy import Connection

from app import clock
from app.database import reading
from app.directory import finding
from app.directory.finding import LEAVING, STARTING, Wanted
from app.web.console.approvals import held_runs
from app.web.console.approvals import reading as plans
from app.web.console.approvals.wording import class_sentence
from app.web.console.blueprint import blueprint
from app.web.console.home import cards, problems, strip
from app.web.console.runs import wording as run_words
from app.web.console.sessions import current_admin
from app.web.console.targets.asking import is_draft
from app.web.console.waiting import waiting_approvals


@blueprint.shows("/")
def start() -> str:
    """Show how everything stands."""
    with reading() as connection:
        facts = _facts(connection, current_admin().tenant_id)
    return render_template(
        "console/home/home.html",
        sentence=class_sentence,
        run_words=run_words,
        is_draft=is_draft,
        **facts,
    )


def _facts(connection: Connection, tenant_id: int) -> dict[str, Any]:
    people = finding.counted(connection, tenant_id, Wanted(today=clock.now()[:10]))
    sources, targets = cards.sources(connection, tenant_id), cards.targets(connection, tenant_id)
    number = waiting_approvals(connection, tenant_id)
    return {
        "people": people,
        "starting": people.by_moment.get(STARTING, 0),
        "leaving": people.by_moment.get(LEAVING, 0),
        "sources": sources,
        "targets": targets,
        "problems": problems.found(connection, tenant_id, sources, targets),
        "number_waiting": number,
        "plans": plans.waiting(connection, tenant_id) if number else [],
        "runs": held_runs.held(connection, tenant_id) if number else [],
        "strip": strip.of(connection, tenant_id),
        "is_busy": any(card.is_busy for card in sources) or any(card.is_busy for card in targets),
    }
