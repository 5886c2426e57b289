"""Why somebody stands as they do at a target, in HR words: what is so, what comes of it, who must act."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from app import clock
from app.provisioning import standing
from app.provisioning.standing import Standing
from app.web.console.targets.asking import plain
from app.web.console.wording import Word


@dataclass(frozen=True, slots=True)
class Cause:
    """What happened, its effect, and who must act."""

    what: str
    effect: str
    who: str


#: Kind of a standing → the word beside its dot.
WORDS: Mapping[str, Word] = {
    standing.DELIVERED: Word("Up to date", "The account there is as the directory says.", "success"),
    standing.PENDING: Word("About to be sent", "A change is on its way.", "info"),
    standing.RIDES_ALONG: Word("Rides along", "A small change goes out with the next larger one.", "info"),
    standing.HELD: Word("Held", "Nothing is sent until somebody mends what the reason names.", "warning"),
    standing.WAITING: Word("Waiting", "It goes on by itself when what it waits for is there.", "info"),
    standing.NOT_NEEDED: Word("Not needed", "There is nothing to do for this person there.", "secondary"),
    standing.ORPHAN: Word("Left there", "Deleted here; the account stays as it is.", "secondary"),
    standing.WRONG: Word("Stuck", "Something that should have been sent was not.", "danger"),
}
#: Kinds that somebody should look at.
TROUBLES = frozenset({standing.HELD, standing.WRONG})
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
_STOPS = (
    "Nothing is sent there for this person until that is mended. "
    "If they leave, the account is suspended all the same."
)
_HR_MENDS = "Mend it in the system that the person comes from (or pin the right value here), then resync."
_IT_LOOKS = "Whoever runs the target should look at it there, then resync here."
_CAUSES: Mapping[str, Cause] = {
    "no_work_email": Cause(
        "There is no work e-mail address for this person yet",
        "Without it no account is made. It goes on by itself as soon as there is one.",
        "Whoever gives out work addresses: enter it in the source.",
    ),
    "work_email_not_unique": Cause(
        "Somebody else has the same work e-mail address",
        _STOPS,
        "Give one of the two another address. " + _HR_MENDS,
    ),
    "mapping_failed": Cause(
        "A value of this person does not fit the rule for a field of the target",
        _STOPS,
        "An admin changes the target's mapping, or HR the person's value.",
    ),
    "flapping": Cause(
        "A value keeps changing back and forth",
        "Nothing is sent until it has been calm for a while; then it goes on by itself.",
        "Two systems probably write it: give one of them precedence, or pin the value.",
    ),
    "user_name_taken": Cause("The user name is taken at the target", _STOPS, _HR_MENDS),
    "user_name_reserved": Cause("The user name is one that is never given", _STOPS, _HR_MENDS),
    "account_of_another": Cause(
        "The account that fits belongs to somebody else already",
        _STOPS,
        "One of two addresses is wrong. " + _HR_MENDS,
    ),
    "protected_account": Cause(
        "The account is protected at the target",
        _STOPS,
        "An admin approves or rejects the change under Approvals.",
    ),
    "adopt_and_suspend": Cause(
        "An existing account would be taken over and suspended at once",
        _STOPS,
        "An admin approves or rejects it under Approvals.",
    ),
    "adoption_waits": Cause(
        "An account with this work e-mail address exists already",
        _STOPS,
        "An admin decides about it under Approvals.",
    ),
    "refused": Cause("The target refused this person's data", _STOPS, _HR_MENDS),
    "conflict": Cause("A value that must be unique is in use at the target", _STOPS, _HR_MENDS),
    "quarantine": Cause(
        "It has failed for more than three days",
        "It is tried once a day, and at once when something about the person changes.",
        _IT_LOOKS,
    ),
    "vanished": Cause(
        "The account was deleted at the target, and not by Rollcall",
        "Nothing is sent, so that a deliberate deletion is not undone.",
        "Whoever runs the target restores the account there, then resync here.",
    ),
    "held_by_hand": Cause(
        "Somebody here holds this person at this target",
        "Nothing is sent until they are let go on. If they leave, the account is suspended all the same.",
        "Let go on when the reason for holding is over.",
    ),
    "target_paused": Cause(
        "The whole target is paused",
        "Changes are kept and sent when it goes on.",
        "An admin lets the target go on.",
    ),
    "target_rests": Cause(
        "The target does not answer well",
        "It is left alone for a while and then tried again by itself.",
        _IT_LOOKS,
    ),
}
_UNKNOWN = Cause("", "Nothing is sent there for this person until that is mended.", _IT_LOOKS)


def cause_of(how: Standing) -> Cause:
    """Return why somebody stands as they do; a code without words of its own shows the product's sentence."""
    known = _CAUSES.get(how.code)
    if known is not None:
        return known
    return Cause(sentence(how.says), _UNKNOWN.effect, _UNKNOWN.who)


def sentence(text: str) -> str:
    """Return a sentence of the product as a screen shows it: a capital first, no commands.

    >>> sentence("waiting: no work e-mail"), sentence("due since 2026-11-22T04:39:37.123456Z")
    ('Waiting: no work e-mail', 'Due since 22 Nov 2026, 04:39 UTC')
    """
    words = _INSTANT.sub(_readable, plain(text))
    return words[:1].upper() + words[1:]


def _readable(found: re.Match[str]) -> str:
    moment = clock.parse_instant(found[0])
    return f"{moment.day} {moment:%b %Y, %H:%M} UTC"
