"""The history: a bar for each run, stacked by result, with the table that it is a picture of."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import render_template, request, url_for
from markupsafe import Markup

from app.database import reading
from app.web.console import charts
from app.web.console.blueprint import blueprint
from app.web.console.paging import Place
from app.web.console.runs import wording
from app.web.console.runs.reading import COUNTERS, Filters, RunLine, history, source_names
from app.web.console.sessions import current_admin

_NUMBER = re.compile(r"[1-9][0-9]{0,8}")


@dataclass(frozen=True, slots=True)
class Wish:
    """The filters and the place of the history as the address has them; "": not asked for."""

    source: str = ""
    state: str = ""
    first: str = ""
    last: str = ""
    older: str = ""
    newer: str = ""

    @classmethod
    def of(cls, arguments: Mapping[str, str]) -> Wish:
        """Return the wish of a query string; what has not the right form counts as not asked for."""
        given = {name: arguments.get(name, "") for name in _CHECKS}
        return cls(**{name: text for name, text in given.items() if text and _CHECKS[name](text)})

    @property
    def filters(self) -> Filters:
        """Which runs are asked for."""
        days = (date.fromisoformat(text) if text else None for text in (self.first, self.last))
        return Filters(int(self.source) if self.source else None, self.state or None, *days)

    @property
    def place(self) -> Place:
        """Where in the list."""
        return Place(_key(self.older), _key(self.newer))

    def at(self, place: Place | None = None, endpoint: str = "console.runs", **rest: Any) -> str:
        """Return the address of the same runs at a place, or from the newest on; a tab shows its own source's."""
        chosen = {"source": self.source, "state": self.state, "first": self.first, "last": self.last}
        if rest:
            del chosen["source"]
        older, newer = (place.older_than, place.newer_than) if place else (None, None)
        chosen |= {"older": str(older[0]) if older else "", "newer": str(newer[0]) if newer else ""}
        query: dict[str, Any] = {name: text for name, text in chosen.items() if text}
        return url_for(endpoint, **query, **rest)

    @property
    def is_filtered(self) -> bool:
        """Whether less than all runs are asked for."""
        return bool(self.source or self.state or self.first or self.last)


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None


def _is_day(text: str) -> bool:
    try:
        return date(1970, 1, 1) < date.fromisoformat(text) < date(9999, 1, 1)
    except ValueError:
        return False


_CHECKS = {
    "source": _is_number,
    "state": wording.STATES.__contains__,
    "first": _is_day,
    "last": _is_day,
    "older": _is_number,
    "newer": _is_number,
}


def _key(text: str) -> tuple[int] | None:
    return (int(text),) if text else None


@blueprint.shows("/runs")
def runs() -> str:
    """Show the history; its address says which runs are listed."""
    wish, tenant_id = Wish.of(request.args), current_admin().tenant_id
    with reading() as connection:
        page = history(connection, tenant_id, wish.filters, wish.place)
        names = source_names(connection, tenant_id)
    return render_template(
        "console/runs/history.html",
        wish=wish,
        page=page,
        names=names,
        chart=chart_of(page.rows),
        counters=(*COUNTERS, "total"),
        words=wording,
    )


def chart_of(
    lines: Sequence[RunLine], label: str = "Rows of each run by result, the oldest run first"
) -> Markup | None:
    """Return the bars of some runs (newest first), the oldest at the left; None when none of them did anything.

    Dry runs are left out: they changed nobody.
    """
    real = [line for line in reversed(lines) if not line.dry_run]
    if not any(line.counts.total for line in real):
        return None
    return charts.stacked([_bar(line) for line in real], label)


def _bar(line: RunLine) -> charts.Bar:
    counts = line.counts.as_dict()
    said = ", ".join(f"{counts[name]} {name}" for name in COUNTERS if counts[name]) or "no rows"
    name = line.source_name or "a removed source"
    return charts.Bar(
        f"Run {line.id} of {name}: {said}", [(f"bar-{counter}", counts[counter]) for counter in COUNTERS]
    )
