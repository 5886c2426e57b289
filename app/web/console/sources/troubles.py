"""What is wrong with a source or its last run: what happened, what it means, who must act, and where it is mended."""

from __future__ import annotations

import re
from dataclasses import dataclass

from flask import url_for
from sqlalchemy import Connection

from app.access.roles import ADMIN, HR
from app.sources.catalog import Source
from app.sources.runs import Run
from app.web.console.connecting import steps
from app.web.console.runs.reading import RunLine
from app.web.console.runs.wording import plain

_KEY_REFUSED = re.compile(
    r"refused the (credentials|client id)|no (API key|credential)\b|needs an API key|cannot be read without its"
)
_MAPPING = "The mapping cannot be used"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that does not go on by itself, with the button that mends it: a page, or a deed (``is_deed``)."""

    what: str
    effect: str
    who: str
    label: str
    address: str
    role: str = ADMIN
    is_deed: bool = False
    look: str = "danger"


def trouble_of_source(connection: Connection, known: Source, last: RunLine | None) -> Trouble | None:
    """Return what is wrong with a source; ``last`` is its newest run that was no dry run."""
    if known.state == "draft":
        return Trouble(
            f"{known.name} is not connected yet",
            "Nobody is imported from it until the last step of connecting is done.",
            "An admin finishes it; what was filled in is kept.",
            "Continue",
            _step(known.id, steps.goes_on_at(connection, known).name),
            look="info",
        )
    if known.state == "disconnected":
        return Trouble(
            f"{known.name} is disconnected",
            "Its credentials are forgotten and nothing is imported. People and history are kept.",
            "An admin can link it again, with new credentials and a new consent.",
            "Link it again",
            _step(known.id, "credentials"),
            look="warning",
        )
    return trouble_of_run(known, last) if last is not None else None


def trouble_of_run(known: Source | None, run: Run | RunLine) -> Trouble | None:
    """Return what is wrong with a run that failed or waits for an approval, else None."""
    if run.state == "held":
        return Trouble(
            f"Run {run.id} waits for approval",
            f"{plain(run.message)} Nobody has been changed by it so far.",
            "An admin looks whether that is right, and approves or discards it.",
            "Look and decide",
            url_for("console.run", run_id=run.id),
            look="warning",
        )
    if run.state != "failed":
        return None
    message, effect = (
        run.message or "",
        "Nobody is suspended because of that. Later changes there are not known here.",
    )
    if known is None:
        return Trouble(
            plain(message), effect, "Its source was removed.", "To the sources", url_for("console.sources")
        )
    if _KEY_REFUSED.search(message):
        who = f"An admin enters credentials that {known.adapter().label} takes."
        return Trouble(plain(message), effect, who, "Enter new credentials", _step(known.id, "credentials"))
    if message.startswith(_MAPPING):
        who = "An admin corrects the mapping."
        return Trouble(plain(message), effect, who, "Correct the mapping", _step(known.id, "mapping"))
    who = "Somebody of HR tries again; if it stays so, whoever looks after the source there."
    address = url_for("console.retry_run", run_id=run.id)
    return Trouble(plain(message), effect, who, "Try again", address, HR, is_deed=True)


def _step(source_id: int, step: str) -> str:
    return url_for("console.connect_step", source_id=source_id, step=step)
