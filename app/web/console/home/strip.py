"""Two weeks of imports: a bar for each day, and the table that the bars are a picture of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup
from sqlalchemy import Connection

from app.sources.records import Counts
from app.web.console.charts import Bar, stacked
from app.web.console.runs.reading import COUNTERS, Day, days

LENGTH = 14


@dataclass(frozen=True, slots=True)
class Strip:
    """The days, the newest first, and their picture."""

    days: Sequence[Day]
    picture: Markup
    totals: Counts


def of(connection: Connection, tenant_id: int) -> Strip:
    """Return the last two weeks."""
    found = days(connection, tenant_id, LENGTH)
    totals = Counts(*(sum(getattr(day.counts, name) for day in found) for name in COUNTERS))
    runs = sum(day.runs for day in found)
    label = f"Rows of {runs} imports in the last {LENGTH} days by result, today at the right"
    return Strip(list(reversed(found)), stacked([_bar(day) for day in found], label), totals)


def _bar(day: Day) -> Bar:
    counts = day.counts.as_dict()
    words = ", ".join(f"{counts[name]:,} {name}" for name in COUNTERS if counts[name])
    return Bar(f"{day.on:%d %b}: {words or 'nothing'}", [(f"bar-{name}", counts[name]) for name in COUNTERS])
