"""A source's page: how it stands, its last runs, who is known from it; and the list of its runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flask import request

from app.database import reading
from app.exporting import write_back
from app.sources import consent
from app.sources.adapter import WritesBack
from app.web.console.blueprint import blueprint
from app.web.console.connecting import steps
from app.web.console.runs import wording as run_words
from app.web.console.runs.listing import Wish, chart_of
from app.web.console.runs.reading import COUNTERS, RunLine, history, last_runs
from app.web.console.sources.finding import source_here
from app.web.console.sources.reading import numbers_of
from app.web.console.sources.tabs import tab
from app.web.console.sources.troubles import trouble_of_source
from app.web.console.sources.wording import next_there, schedule_words

LAST_RUNS = 10


@blueprint.shows("/sources/<number:source_id>")
def source(source_id: int) -> str:
    """Show a source."""
    with reading() as connection:
        known = source_here(connection, source_id)
        lines = last_runs(connection, known.tenant_id, source_id, LAST_RUNS)
        numbers = numbers_of(connection, known)
        given = consent.given(connection, known.tenant_id, source_id)
        target = write_back.target_of(connection, known)
        trouble = trouble_of_source(connection, known, _last_told(lines))
    return tab(
        "overview.html",
        known,
        lines=lines,
        chart=chart_of(lines, f"Rows of the last runs of {known.name} by result, the oldest at the left"),
        counters=(*COUNTERS, "total"),
        numbers=numbers,
        consent=given,
        trouble=trouble,
        schedule=schedule_words(known.schedule),
        next_there=next_there(known),
        writes_back=isinstance(known.adapter(), WritesBack),
        target=target,
        takes_file=steps.takes_file(known.adapter()),
        words=run_words,
    )


def _last_told(lines: Sequence[RunLine]) -> RunLine | None:
    """Return the newest run that says how the source stands: no dry run, and none that is still under way."""
    return next((line for line in lines if not line.dry_run and line.state != "running"), None)


def _places(source_id: int) -> Callable[..., str]:
    """Return what gives the address of this tab at a place of its list."""
    return lambda place=None: Wish(source=str(source_id)).at(
        place, "console.source_runs", source_id=source_id
    )


@blueprint.shows("/sources/<number:source_id>/runs")
def source_runs(source_id: int) -> str:
    """Show the runs of a source."""
    wish = Wish.of({**request.args, "source": str(source_id)})
    with reading() as connection:
        known = source_here(connection, source_id)
        page = history(connection, known.tenant_id, wish.filters, wish.place)
    return tab(
        "runs.html",
        known,
        page=page,
        place_address=_places(source_id),
        chart=chart_of(page.rows),
        counters=(*COUNTERS, "total"),
        words=run_words,
    )
