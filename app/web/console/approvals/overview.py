"""Everything that waits for somebody: stopped changes, held imports, look-alikes."""

from __future__ import annotations

from flask import render_template

from app.database import reading as reading_database
from app.web.console.approvals import held_runs, look_alikes, reading
from app.web.console.approvals.wording import PLAN_KINDS, class_sentence, plan_word
from app.web.console.blueprint import blueprint
from app.web.console.runs import wording as run_words
from app.web.console.sessions import current_admin


@blueprint.shows("/approvals")
def approvals() -> str:
    """Show what was stopped, why, whom it concerns and since when; and what was decided lately."""
    tenant_id = current_admin().tenant_id
    with reading_database() as connection:
        facts = {
            "plans": reading.waiting(connection, tenant_id),
            "runs": held_runs.held(connection, tenant_id),
            "pairs": look_alikes.waiting(connection, tenant_id),
            "drafts": reading.drafts(connection, tenant_id),
            "decided": reading.decided(connection, tenant_id),
        }
    return render_template(
        "console/approvals/overview.html",
        kinds=PLAN_KINDS,
        sentence=class_sentence,
        plan_word=plan_word,
        most_pairs=look_alikes.SHOWN,
        run_words=run_words,
        **facts,
    )
