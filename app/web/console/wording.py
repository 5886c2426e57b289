"""The console's words: states in plain English, instants, spans of time. HR words first."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from app import clock
from app.web.console.blueprint import blueprint


@dataclass(frozen=True, slots=True)
class Word:
    """A state as people read it, what it means, and the colour that stands beside the text (never alone)."""

    label: str
    meaning: str
    colour: str


LINK_STATES = {
    "new": Word("New", "Not at the target yet; the next tick looks at it.", "secondary"),
    "linked": Word("Linked", "Has an account there, and Rollcall keeps it up to date.", "success"),
    "waiting": Word(
        "Waiting", "Something has to come first; it goes on by itself when that is there.", "info"
    ),
    "held": Word("Held", "Nothing is sent until somebody mends what the reason names.", "warning"),
    "not_needed": Word("Not needed", "Inactive and without an account there: nothing to do.", "secondary"),
    "vanished": Word("Vanished", "The account was deleted at the target, not by Rollcall.", "danger"),
    "orphan": Word(
        "Orphan", "Deleted here; the account stays at the target, suspended or as it was.", "secondary"
    ),
}
#: Reason code of a link → the reason as it stands beside the state; any other reason is shown as it was written.
LINK_REASONS = {
    "no_work_email": "There is no work e-mail address for this person yet. It goes on by itself when there is one.",
}
TARGET_STATES = {
    "active": Word("Active", "Changes are pushed at every tick.", "success"),
    "paused": Word("Paused", "Nothing is pushed; changes are remembered.", "warning"),
}
_UNITS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))


@blueprint.app_template_filter("when")
def when(instant: str | None, *, seconds: bool = False) -> Markup:
    """Return a ``<time>`` element: readable in UTC, with the exact instant for hovering and for programs.

    `seconds` are shown where many things happen in a minute.

    >>> str(when("2026-11-22T04:39:37.123456Z"))
    '<time datetime="2026-11-22T04:39:37Z" title="2026-11-22T04:39:37Z">22 Nov 2026, 04:39 UTC</time>'
    """
    if not instant:
        return Markup("never")
    moment = clock.parse_instant(instant)
    exact = f"{moment:%Y-%m-%dT%H:%M:%SZ}"
    shown = f"{moment.day} {moment:%b %Y}, {moment:{'%H:%M:%S' if seconds else '%H:%M'}} UTC"
    precise = Markup(" data-seconds") if seconds else ""
    return Markup('<time datetime="{0}" title="{0}"{1}>{2}</time>').format(exact, precise, shown)


@blueprint.app_template_filter("every")
def every(seconds: int | None) -> str:
    """Return how often something happens.

    >>> [every(seconds) for seconds in (None, 60, 90, 7200)]
    ['on request only', 'every minute', 'every 90 seconds', 'every 2 hours']
    """
    if not seconds:
        return "on request only"
    name, size = next(unit for unit in _UNITS if seconds % unit[1] == 0)
    return f"every {name}" if seconds == size else f"every {seconds // size} {name}s"


def known(words: dict[str, Word], state: str) -> Word:
    """Return the words of a state; one that has none yet shows its own name."""
    return words.get(state) or Word(state.replace("_", " ").capitalize(), "", "secondary")


@blueprint.app_context_processor
def words() -> dict[str, object]:
    """Give templates the words of states."""
    return {
        "link_word": lambda state: known(LINK_STATES, state),
        "link_reasons": LINK_REASONS,
        "target_word": lambda state: known(TARGET_STATES, state),
    }
