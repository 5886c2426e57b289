"""Step 6, review: what an import would do, person by person for the first, counted for all by a dry run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, render_template, request

from app.database import reading, writing
from app.directory import work_email
from app.errors import RollcallError
from app.sources import foretelling, runs
from app.sources.catalog import Source
from app.sources.foretelling import Foretold
from app.sources.runs import Run
from app.web.console.connecting import sampling
from app.web.console.connecting.hand import Answer, Hand
from app.web.console.field_words import field_words
from app.web.console.naming import name_of
from app.web.console.runs.finding import by
from app.web.console.runs.wording import plain
from app.web.console.wording import Word
from scim.resources import ENTERPRISE

RESULTS: dict[str, Word] = {
    "added": Word("Added", "New in the directory.", "success"),
    "updated": Word("Changed", "Known already; some values change.", "info"),
    "unchanged": Word("Unchanged", "Known already, and everything is as it was.", "secondary"),
    "left_out": Word("Left out", "The mapping does not want this row.", "secondary"),
    "errored": Word("Refused", "Something about this row cannot be taken.", "danger"),
    "gone": Word("Gone", "Deleted at the source; the person stays as they are.", "warning"),
}
_ORDER = ("errored", "gone", "updated", "added", "left_out", "unchanged")
#: Counter of a run → what is shown of the first people when it is clicked.
SHOWN_FOR = {
    "added": "added",
    "updated": "updated",
    "deleted": "gone",
    "skipped": "unchanged",
    "errored": "errored",
    "total": "",
}


@dataclass(frozen=True, slots=True)
class PersonLine:
    """A line of the review: who, what becomes of them, and why."""

    name: str
    #: Job and work e-mail, as far as they are known.
    about: str
    told: Foretold
    steps: Sequence[tuple[str, Any, Any]]


def page(hand: Hand) -> Answer:
    """Show what would become of whom; its form counts everybody anew."""
    if request.method == "POST":
        sampling.read_anew(hand.known)
        count(hand.known)
        return redirect(hand.address(hand.step), 303)
    part = request.args.get("part")
    if part == "count":
        return render_template("console/connecting/_count.html", hand=hand, **_counted(hand))
    facts = _people(hand)
    if part == "people":
        return render_template("console/connecting/_people.html", hand=hand, **facts)
    return hand.page(**facts, **_counted(hand))


def count(known: Source) -> None:
    """Begin to count what an import would do with everybody; a count that is under way is not needed any more."""
    try:
        with writing() as connection:
            stop_counting(connection, known)
            runs.start(connection, known, dry_run=True, requested_by=by())
    except RollcallError as error:
        flash(plain(str(error)), "warning")


def stop_counting(connection: Any, known: Source) -> None:
    """Cancel the dry run that is under way, if there is one."""
    running = runs.under_way(connection, known.tenant_id, known.id)
    if running is not None and running.dry_run:
        runs.cancel(connection, known.tenant_id, running.id, by())


def last_count(known: Source) -> Run | None:
    """Return the newest dry run of a source."""
    with reading() as connection:
        found = runs.listed(connection, known.tenant_id, known.id, 1, dry_run=True)
    return found[0] if found else None


def _counted(hand: Hand) -> dict[str, Any]:
    run = last_count(hand.known)
    return {"run": run, "shown_for": SHOWN_FOR, "is_counting": run is not None and run.state == "running"}


def _people(hand: Hand) -> dict[str, Any]:
    sample, trouble = sampling.sample_of(hand.known), ""
    told: list[Foretold] = []
    try:
        with reading() as connection:
            told = foretelling.foretold(connection, hand.known, hand.known.context(), sample.records)
    except RollcallError as error:
        trouble = plain(str(error))
    wanted = request.args.get("show", "")
    wanted = wanted if wanted in RESULTS else ""
    totals: Mapping[str, int] = Counter(each.result for each in told)
    return {
        "lines": [_line(each) for each in sorted(told, key=_place) if wanted in ("", each.result)],
        "addressless": sum(each.result == "added" and work_email(each.document) is None for each in told),
        "totals": totals,
        "leavers": sum(each.becomes_inactive for each in told),
        "show": wanted,
        "results": RESULTS,
        "sample": sample,
        "trouble": trouble or sample.trouble,
        "most": sampling.MOST,
    }


def _line(told: Foretold) -> PersonLine:
    name = name_of(told.document) if told.document else ""
    steps = [(field_words(step.field), _shown(step.before), _shown(step.after)) for step in told.steps]
    department = told.document.get(ENTERPRISE, {}).get("department")
    about = filter(None, (told.document.get("title"), department, work_email(told.document)))
    return PersonLine(name or told.record_id or f"Row {told.number}", " · ".join(about), told, steps)


def _place(told: Foretold) -> int:
    """What needs somebody's eye comes first."""
    return _ORDER.index(told.result)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)
