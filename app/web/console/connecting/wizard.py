"""``/sources/N/connect/STEP``: the steps of a draft, each in a module of its own."""

from __future__ import annotations

from collections.abc import Callable

from flask import flash, redirect

from app.access.roles import ADMIN
from app.web.console.blueprint import blueprint
from app.web.console.connecting import (
    choices,
    consenting,
    credentials,
    files,
    mapping,
    need,
    publishing,
    review,
    steps,
)
from app.web.console.connecting.hand import Answer, Hand, in_hand
from app.web.console.connecting.steps import Step

#: Step → what shows it and does what its form asks for.
_PAGES: dict[Step, Callable[[Hand], Answer]] = {
    steps.NEED: need.page,
    steps.CONSENT: consenting.page,
    steps.CREDENTIALS: credentials.page,
    steps.CHOICES: choices.page,
    steps.MAPPING: mapping.page,
    steps.REVIEW: review.page,
    steps.PUBLISH: publishing.page,
}


@blueprint.fills_in("/sources/<number:source_id>/connect/<step>", ADMIN)
def connect_step(source_id: int, step: str) -> Answer:
    """Show a step of connecting a source, and do what its form asks for."""
    hand = in_hand(source_id, step)
    if not hand.is_open:
        assert hand.missing is not None
        flash(f"First comes this: {hand.missing.label}.", "info")
        return redirect(hand.address(hand.missing), 303)
    return _PAGES[hand.step](hand)


@blueprint.fills_in("/sources/<number:source_id>/connect/file", ADMIN)
def replace_file(source_id: int) -> Answer:
    """Show how a file is read; another one may take its place. An endpoint of its own, for files are large."""
    return files.page(in_hand(source_id, steps.FILE.name))
