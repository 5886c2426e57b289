"""The start page: people, last imports, targets, links and why some of them stand still."""

from __future__ import annotations

from collections import Counter
from typing import Any

from flask import render_template, request

from app.database import reading
from app.sources import runs
from app.sources.records import Counts
from app.web.console import overview
from app.web.console.blueprint import blueprint
from app.web.console.sessions import current_admin
from app.web.console.wishes import Wish
from app.web.console.wording import LINK_STATES, OPEN_STATES

LAST_RUNS = 10


@blueprint.get("/")
def start() -> str:
    """Show the start page; its address says which people and links are listed."""
    admin, wish = current_admin(), Wish.of(request.args)
    tenant_id, states = admin.tenant_id, (wish.state,) if wish.state else OPEN_STATES
    target_id = int(wish.target) if wish.target else None
    with reading() as connection:
        facts: dict[str, Any] = {
            "by_activity": overview.people_by_activity(connection, tenant_id),
            "people": overview.people(connection, tenant_id, wish.active, wish.people_place),
            "sources": overview.sources(connection, tenant_id),
            "runs": runs.listed(connection, tenant_id, limit=LAST_RUNS),
            "targets": overview.targets(connection, tenant_id),
            "links": overview.links(connection, tenant_id, states, target_id, wish.links_place),
        }
    totals: Counter[str] = Counter()
    for target in facts["targets"]:
        totals.update(target.links)
    return render_template(
        "console/start.html",
        admin=admin,
        wish=wish,
        link_states=LINK_STATES,
        link_totals=totals,
        counters=tuple(Counts().as_dict()),
        **facts,
    )
