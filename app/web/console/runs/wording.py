"""The words of imports: states, phases, what started them and who; messages without what one types in a terminal."""

from __future__ import annotations

import re

from app.sources.runs import Run
from app.web.console.wording import Word, known

STATES = {
    "running": Word("Running", "The import is under way.", "info"),
    "held": Word("Waits for approval", "It was read and has changed nobody; an admin decides.", "warning"),
    "finished": Word("Finished", "Every row was worked on.", "success"),
    "failed": Word(
        "Failed", "The source could not be read to its end; nobody is suspended for that.", "danger"
    ),
    "cancelled": Word("Cancelled", "It was stopped; what it had done until then stays.", "secondary"),
}
PHASES = {
    "reading": "Reading the source",
    "waiting": "Waiting until the source can be read on",
    "applying": "Applying rows to the directory",
    "done": "Done",
}
TRIGGERS = {
    "request": "On request",
    "schedule": "By its schedule",
    "webhook": "Because the vendor called",
    "retry": "To try failed rows again",
}
#: Result of a row → its words, in the order of the counters. ``warned`` rows are counted among the others.
RESULTS = {
    "added": "Added",
    "updated": "Updated",
    "deleted": "Deleted",
    "skipped": "Skipped",
    "errored": "Errored",
}
MEANINGS = {
    "added": "New people, written into the directory.",
    "updated": "People of whom the source says something new.",
    "deleted": "Records that are gone at the source. Their people stay in the directory as they were.",
    "skipped": "Rows that say what the directory has already; nothing was written.",
    "errored": "Rows that could not be taken; they changed nobody.",
}
_KINDS = {"admin": "{}", "client": "the API token {}", "source": "the source {}"}
_SYSTEM = {
    "cli": "the command line",
    "schedule": "the schedule",
    "webhook": "the vendor's call",
    "demo": "the demo",
}
_SENTENCE = re.compile(r"(?<=[.;:!?])\s+")
_UNITS = (("h", 3600), ("min", 60), ("s", 1))


def state_word(state: str) -> Word:
    """Return the words of a run's state."""
    return known(STATES, state)


def actor(text: str) -> str:
    """Return who did something, as an audit row names them, in words.

    >>> actor("admin:hr@acme.example"), actor("system:schedule"), actor("system:other")
    ('hr@acme.example', 'the schedule', 'Rollcall (other)')
    """
    kind, _, name = text.partition(":")
    if kind == "system":
        return _SYSTEM.get(name, f"Rollcall ({name})")
    return _KINDS.get(kind, text).format(name)


def plain(message: str | None) -> str:
    """Return a message of the product without the sentences that tell what to type in a terminal.

    >>> plain("JazzHR refused the credentials (status 401). Set new credentials with: rollcall source set NAME")
    'JazzHR refused the credentials (status 401).'
    """
    if not message:
        return ""
    said = _SENTENCE.split(message)
    typed = {number for number, sentence in enumerate(said) if "rollcall " in sentence}
    led = {number - 1 for number in typed if said[number - 1].endswith(":")}
    kept = " ".join(sentence for number, sentence in enumerate(said) if number not in typed | led)
    return kept.rstrip(" ;:") or message


def lasted(seconds: float) -> str:
    """Return a span of time in its two largest units.

    >>> lasted(0.4), lasted(75), lasted(7260)
    ('less than a second', '1 min 15 s', '2 h 1 min')
    """
    left, parts = int(seconds), []
    for unit, size in _UNITS:
        number, left = divmod(left, size)
        if number:
            parts.append(f"{number} {unit}")
    return " ".join(parts[:2]) or "less than a second"


def what_is_read(run: Run) -> str:
    """Return in words what a run reads of its source."""
    if run.scope is None:
        return "Everything" if run.is_full else "What is new since the last import"
    kind, chosen = next(iter(run.scope.items()))
    number = len(chosen)
    word = "record" if number == 1 else "records"
    return f"{number} {word} that failed before" if kind == "records" else f"{number} {word} of webhook calls"
