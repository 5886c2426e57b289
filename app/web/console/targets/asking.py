"""What the pages of a target share: the target of the address, who asks, and refusals in the words of a screen."""

from __future__ import annotations

import re

from flask import flash, redirect, url_for
from sqlalchemy import Connection
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from app.database import reading
from app.provisioning import targets
from app.provisioning.targets import Target
from app.web.console.sessions import current_admin

Answer = str | Response | tuple[str, int]
#: What only somebody at a command line can follow → what the console says instead; the first that fits is taken.
_COMMANDS = (
    (re.compile(r" with `rollcall target set`, then `rollcall target resume`"), ""),
    (re.compile(r"; choose another name, or change it with `rollcall target set`"), "; choose another name"),
    (re.compile(r"; `rollcall [^`]*` (?:lists them|delivers it)"), ""),
    (re.compile(r"waits for `rollcall plan approve (\d+)`"), r"waits for the approval of plan \1"),
    (re.compile(r"needs `rollcall plan approve`"), "needs an approval"),
    (re.compile(r": `rollcall [^`]*`"), ""),
    (re.compile(r" \[[0-9a-f-]{36}\]"), ""),
)
_STATE = re.compile(r"^(?:waiting|held): ")
_OPTION = re.compile(
    r"These settings do not fit an? \S+ target: |--(?:set|secret|auth-header|url) (?:\S+=.*?: |token: )?",
    re.DOTALL,
)


def target_of(connection: Connection, target_id: int) -> Target:
    """Return the target with this number; raises ``NotFound`` when this tenant has none."""
    found = targets.with_id(connection, current_admin().tenant_id, target_id)
    if found is None:
        raise NotFound
    return found


def known(target_id: int) -> Target:
    """Return the target with this number as it is now; raises ``NotFound`` when this tenant has none."""
    with reading() as connection:
        return target_of(connection, target_id)


def actor() -> str:
    """Return who did it, as the audit names them."""
    return f"admin:{current_admin().email}"


def is_draft(target: Target) -> bool:
    """Return whether it is still being set up: added paused, and nobody was ever sent to it."""
    return not target.is_active and not target.first_synced and target.source_id is None


def plain(text: str) -> str:
    """Return a sentence of the product without commands that a screen cannot give.

    >>> plain("suspend needs `rollcall plan approve`")
    'suspend needs an approval'
    """
    for pattern, words in _COMMANDS:
        text = pattern.sub(words, text)
    return text


def sentence(text: str | None) -> str:
    """Return a reason as it stands by itself: without the state it begins with, its first letter large.

    >>> sentence("waiting: no work e-mail")
    'No work e-mail'
    """
    bare = _STATE.sub("", plain(text or ""))
    return bare[:1].upper() + bare[1:]


def complaint(error: Exception, typed: str = "") -> str:
    """Return what is wrong with what was typed, without the option's name that a command line would show.

    >>> complaint(ValueError("--set rate=x: use a number."), "x")
    'Use a number.'
    """
    text = plain(str(error))
    if typed:
        text = text.replace(typed[:200], "", 1) if text.startswith("--url") else text
    return sentence(_OPTION.sub("", text, count=1).lstrip(": "))


def to(endpoint: str, target: Target | int, message: str = "", look: str = "success") -> Response:
    """Return the way to a page of a target, with a message there."""
    if message:
        flash(message, look)
    number = target if isinstance(target, int) else target.id
    return redirect(url_for(f"console.{endpoint}", target_id=number), 303)
