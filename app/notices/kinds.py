"""The kinds of notice. The word before the dot is the family: one notice of it supersedes the one before."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """What a kind of notice says; `ends` when it says that something is over."""

    words: str
    ends: bool = False


KINDS: dict[str, Kind] = {
    "target.paused": Kind("a target is paused: nothing is sent to it"),
    "target.resumed": Kind("a paused target is written to again", ends=True),
    "breaker.tripped": Kind("changes of an import run wait for an admin"),
    "breaker.decided": Kind("an admin has decided about them", ends=True),
    "approval.waiting": Kind("protected accounts wait for an admin"),
    "approval.decided": Kind("nothing of the kind waits any more", ends=True),
    "quarantine.begun": Kind("people of a target failed for more than 72 hours and are given up for now"),
    "quarantine.ended": Kind("nobody of the target is given up any more", ends=True),
    "circuit.opened": Kind("a target has not answered for more than 15 minutes"),
    "circuit.closed": Kind("the target answers again", ends=True),
    "vanished.found": Kind("accounts that Rollcall knows are no longer at a target"),
    "vanished.ended": Kind("none of them is missing any more", ends=True),
    "import.failed": Kind("an import run of a source failed"),
    "import.held": Kind("an import run would change more than is usual and waits for an admin"),
    "import.recovered": Kind("an import run of the source has finished again", ends=True),
    "token.expiring": Kind("a token of the SCIM API ends within 14 days"),
    "secret.expiring": Kind("an OAuth secret of a client ends within 14 days"),
}
TEST = "notice.test"


def family_of(kind: str) -> str:
    """Return the family of a kind.

    >>> family_of("target.paused")
    'target'
    """
    return kind.partition(".")[0]


#: What a channel may be limited to: kinds, and families for all of their kinds.
CHOICES = frozenset(KINDS) | {family_of(kind) for kind in KINDS}


def is_wanted(kind: str, choice: list[str] | None) -> bool:
    """Return whether a channel with this choice (None: everything) gets a kind."""
    return choice is None or kind in choice or family_of(kind) in choice
