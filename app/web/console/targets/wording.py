"""The words of a target's pages: plans, findings, causes. HR words first; the codes stand under "Details"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.provisioning.targets import Target
from app.web.console.blueprint import blueprint
from app.web.console.targets.asking import is_draft, plain, sentence
from app.web.console.wording import TARGET_STATES, Word, known

PLAN_STATES = {
    "draft": Word("Preview", "It was only worked out; nothing of it is sent unless somebody approves it.", "secondary"),
    "waiting": Word("Waiting", "It waits for somebody to approve or to reject it.", "warning"),
    "approved": Word("Approved", "It is sent with the next tick.", "info"),
    "applying": Word("Running", "It is being sent.", "info"),
    "applied": Word("Done", "All of it was worked on.", "success"),
    "discarded": Word("Rejected", "Nothing of it is sent.", "secondary"),
}  # fmt: skip
PLAN_KINDS: Mapping[str, str] = {
    "full": "Full resync",
    "tick": "Push on request",
    "dry-run": "Preview",
    "held": "Stopped by a limit",
    "approval": "Needs approval",
    "undo": "Undo",
}
#: Counter of a plan → what it says of people, and which kind of line it counts (None: those without a line).
OUTCOMES: Mapping[str, tuple[str, str | None]] = {
    "created": ("get an account", "create"),
    "adopted": ("have one already, which is taken over", "adopt"),
    "updated": ("are changed", "update"),
    "activated": ("are re-activated", "activate"),
    "suspended": ("are suspended", "suspend"),
    "held": ("are held: somebody has to decide or to mend", "hold"),
    "waiting": ("wait for something, and go on by themselves", "hold"),
    "unchanged": ("stay as they are: nothing to do", None),
}
KINDS_OF_CHANGE: Mapping[str, Word] = {
    "create": Word("Gets an account", "", "success"),
    "new": Word("Gets an account", "Unless one is found there under the same work e-mail.", "success"),
    "adopt": Word("Taken over", "An account with the same work e-mail is there already.", "info"),
    "update": Word("Changed", "", "info"),
    "activate": Word("Re-activated", "", "success"),
    "suspend": Word("Suspended", "", "warning"),
    "hold": Word("Held", "Nothing is sent.", "warning"),
    "held": Word("Held", "Nothing is sent.", "warning"),
    "waiting": Word("Waiting", "It goes on by itself.", "info"),
    "unchanged": Word("Nothing to do", "", "secondary"),
}
#: Reason code of a link → the cause in a few words.
CAUSES: Mapping[str, str] = {
    "no_work_email": "No work e-mail address yet",
    "work_email_not_unique": "Two people share a work e-mail address",
    "user_name_taken": "The user name is taken there",
    "user_name_reserved": "The user name is reserved",
    "protected_account": "The account is protected",
    "account_of_another": "The account belongs to somebody else",
    "account_busy": "The address is about to become free",
    "create_waits": "The new account waits for a decision",
    "starts_later": "Waits until the first day of work is near",
    "quarantine": "Tried for three days, then given up",
    "refused": "The target refuses the data",
    "conflict": "The target holds another account with these values",
    "vanished": "The account is gone at the target",
    "held_by_hand": "Held by somebody here",
}
#: Kind of a drift finding → what it is called, and its colour.
DRIFT: Mapping[str, Word] = {
    "active_there": Word("Still active there", "Inactive here, active at the target.", "danger"),
    "deleted_here": Word(
        "Deleted here, active there", "The person was deleted here; the account lives on.", "danger"
    ),
    "suspended_there": Word("Suspended there", "Active here, suspended at the target.", "warning"),
    "differs": Word("Other value there", "A field has another value at the target.", "warning"),
    "vanished": Word("Account gone", "The account is no longer at the target.", "warning"),
    "not_listed": Word("Not in its list", "The target's list lacks the account.", "warning"),
    "no_account": Word("No account", "Active here, and no account there.", "warning"),
    "unlinked": Word("Ours, not linked", "The account carries our id, and nobody here has it.", "info"),
    "adoptable": Word("Could be taken over", "Same work e-mail as somebody here, not linked.", "info"),
    "protected": Word("Protected", "Nothing is changed there without approval.", "secondary"),
    "unknown": Word("Stranger", "Nobody here has anything to do with the account.", "secondary"),
}
_DRAFT = Word("Being set up", "Nothing is sent yet; the set-up is not finished.", "info")
_RESTING = Word("Out of reach", "It does not answer well; it is left alone for a while.", "danger")
_REFUSED = Word("Key refused", "It refuses the key; nothing is sent until there is a new one.", "danger")
_UNKEYED = re.compile(r"the target refused our credentials \((?P<why>.*)\)", re.DOTALL)
_NOWHERE = re.compile(r"it may not be called \((?P<why>.*)\)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Pause:
    """Why a target is paused: ``cause`` is ``credentials``, ``address`` or ``admin``; ``why`` is a plain sentence."""

    cause: str
    why: str


def pause_of(target: Target) -> Pause:
    """Return why a paused target is paused."""
    reason = target.pause_reason or ""
    for cause, pattern in (("credentials", _UNKEYED), ("address", _NOWHERE)):
        found = pattern.match(reason)
        if found:
            return Pause(cause, found["why"])
    return Pause("admin", plain(reason))


def state_of(target: Target, now: str) -> Word:
    """Return how a target stands, in a word."""
    if is_draft(target):
        return _DRAFT
    if not target.is_active:
        return _REFUSED if pause_of(target).cause == "credentials" else TARGET_STATES["paused"]
    return _RESTING if (target.retry_at or "") > now else TARGET_STATES["active"]


def line_kind(line: Mapping[str, Any]) -> str:
    """Return what becomes of the person of a plan's line; who only waits is not held."""
    is_waiting = line["kind"] == "hold" and str(line["reason"] or "").startswith("waiting")
    return "waiting" if is_waiting else str(line["kind"])


def cause(code: str | None, reason: str | None) -> str:
    """Return why a link stands still, in a few words."""
    return CAUSES.get(code or "") or sentence(reason) or "No reason was noted"


@blueprint.app_context_processor
def words() -> dict[str, object]:
    """Give templates the words of plans, changes and findings."""
    return {
        "plan_word": lambda state: known(dict(PLAN_STATES), state),
        "plan_kind": lambda kind: PLAN_KINDS.get(kind, kind),
        "change_word": lambda kind: known(dict(KINDS_OF_CHANGE), kind),
        "drift_word": lambda kind: known(dict(DRIFT), kind),
        "cause_of": cause,
        "sentence": sentence,
        "line_kind": line_kind,
    }
