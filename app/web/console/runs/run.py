"""One run: how far it is, what it did, and the rows by result."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import render_template, request
from sqlalchemy import Connection, select

from app.database import reading
from app.provisioning.tables import PlanRow, TargetRow
from app.sources import catalog, row_errors
from app.sources.runs import Run
from app.web.console.blueprint import blueprint
from app.web.console.runs import changes, rows, wording
from app.web.console.runs.addresses import LEAVING, WARNED, Wish, first_shown
from app.web.console.runs.finding import run_here
from app.web.console.runs.fixes import fix_of
from app.web.console.runs.leavers import leavers, strangers
from app.web.console.runs.progress import progress_of
from app.web.console.runs.rising import Rising
from app.web.console.sources.troubles import trouble_of_run

_plan, _target = PlanRow.__table__.c, TargetRow.__table__
_SEVERITIES = {"errored": "error", WARNED: "warning"}


@blueprint.shows("/runs/<number:run_id>")
def run(run_id: int) -> str:
    """Show a run; the address says which of its rows are listed."""
    wish = Wish.of(run_id, request.args)
    with reading() as connection:
        found = run_here(connection, run_id)
        known = catalog.with_id(connection, found.tenant_id, found.source_id)
        shows_rows = found.state != "running" or bool(wish.result)
        # A page that is fetched again every second does not count what grows meanwhile.
        tally = rows.tally(connection, found) if shows_rows else {}
        counted = {severity: sum(tally.get(severity, {}).values()) for severity in row_errors.SEVERITIES}
        result = _result(found, wish, counted["warning"])
        wish = replace(wish, result=result)
        facts = {
            "plans": _plans(connection, found),
            "rows": _rows(connection, found, wish) if shows_rows else None,
            "strangers": strangers(connection, found) if result == LEAVING else 0,
            "can_retry": counted["error"] > 0 and rows.has_failed_records(connection, found),
        }
    return render_template(
        "console/runs/run.html",
        run=found,
        source=known,
        state_word=wording.state_word(found.state),
        fix_of=fix_of,
        progress=progress_of(found, known),
        trouble=trouble_of_run(known, found),
        wish=wish,
        result=result,
        counted=counted,
        codes=tally.get(_SEVERITIES.get(result, ""), {}),
        words=wording,
        **facts,
    )


def _result(found: Run, wish: Wish, warnings: int) -> str:
    """Return whose rows are shown: of a held run, which has no results yet, who would become inactive."""
    if found.state == "held":
        return LEAVING
    asked = "" if wish.result == LEAVING else wish.result
    return asked or first_shown(found, warnings)


def _rows(connection: Connection, found: Run, wish: Wish) -> Any:
    """Return the page of rows that is shown; None where rows are not kept one by one."""
    places, severity = wish.places(wish.result), _SEVERITIES.get(wish.result)
    if wish.result == LEAVING:
        return leavers(connection, found, **places)
    if severity is not None:
        return rows.lines(connection, found, rows.Asked(severity, wish.code, wish.text, **places))
    if wish.result == "skipped" or found.dry_run:
        return None
    if not found.counts.as_dict()[wish.result]:
        return Rising()
    return changes.people(connection, found, wish.result, wish.text, **places)


def _plans(connection: Connection, found: Run) -> list[Any]:
    """Return the plans at targets that came of a run: what the breaker stopped of it."""
    earlier = (_plan.tenant_id == found.tenant_id, _plan.created_at < found.started_at)
    since = connection.scalar(select(_plan.id).where(*earlier).order_by(_plan.id.desc()).limit(1)) or 0
    of_target = (_target.c.tenant_id == _plan.tenant_id) & (_target.c.id == _plan.target_id)
    query = select(_plan.id, _plan.state, _plan.reason, _target.c.name.label("target_name"))
    where = (_plan.tenant_id == found.tenant_id, _plan.id > since, _plan.run_id == found.id)
    return list(
        connection.execute(query.select_from(PlanRow.__table__.outerjoin(_target, of_target)).where(*where))
    )
