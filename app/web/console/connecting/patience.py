"""Looks at a vendor that a page waits for: as long as a person waits, and no longer."""

from __future__ import annotations

from app.errors import RollcallError
from app.sources import checking
from app.sources.catalog import Source
from app.sources.patience import patient_context
from app.sources.records import Check
from app.web.console.runs.finding import by
from app.web.console.runs.wording import plain
from app.web.console.wording import Word

WORDS = {
    "ok": Word("Good", "", "success"),
    "bad": Word("In the way", "It keeps the source from being published.", "danger"),
    "note": Word("Note", "Something is lost without it; it can be published all the same.", "warning"),
}


def findings(known: Source, *, is_deed: bool) -> list[Check]:
    """Return what a look at the connection finds; a vendor that keeps one waiting is a finding too.

    Whoever waits for good credentials hears of it when somebody has done something (``is_deed``), and not when a page
    was merely opened: a link from anywhere can do that.
    """
    try:
        context = patient_context(known)
        found = checking.checked(known, context, by()) if is_deed else known.adapter().check(context)
    except RollcallError as error:
        found = [Check("reach", False, str(error))]
    return [Check(check.name, check.ok, plain(check.message), check.needed) for check in found]


def is_good(found: list[Check]) -> bool:
    """Return whether nothing keeps the connection from being published."""
    return all(check.ok or not check.needed for check in found)
