"""Why something was sent, or was not: one table of codes, each with its rule and its sentence (rule 18). Pure.

`docs/explain.md` lists the same codes. The sentences are templates; what they name is given with `says`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """A code: the rule of provisioning.md it follows from, and its sentence."""

    rule: int
    sentence: str


#: Of one field of one link.
FIELD_REASONS: dict[str, Reason] = {
    "sent": Reason(11, "sent"),
    "normalised": Reason(12, "sent; the target keeps it as {kept}"),
    "held_there": Reason(3, "the target holds it: it was there already, or its attempt is no longer kept"),
    "cleared": Reason(10, "cleared at the target"),
    "empty": Reason(10, "empty here, and nothing of ours is there"),
    "key_not_cleared": Reason(10, "empty here; a key field is never cleared"),
    "not_supported": Reason(8, "this target has no such attribute"),
    "not_selected": Reason(8, "not selected: never sent, never cleared"),
    "needs_other_field": Reason(8, "not sent: it needs {needs}, which is not selected"),
    "create_only": Reason(4, "sent when the account is created, never later"),
    "no_account": Reason(2, "not sent: there is no account"),
    "gate_waits": Reason(16, "{change} waits for `rollcall plan approve {plan}`"),
    "gate_discarded": Reason(
        16, "{change} was discarded or undone; it is sent when the directory changes it again"
    ),
    "gate_run": Reason(16, "{change} waits until import run {run} has ended"),
    "rides_along": Reason(9, "changed, waiting for a trigger: it rides along with the next push"),
    "echo": Reason(17, "written by {writer}, which is paired with this target: not pushed back"),
    "mapping_failed": Reason(8, "not sent: its mapping fails: {why}"),
    "manager_waits": Reason(2, "left out until {manager} has an account there"),
    "held": Reason(14, "not sent while the link is {state}: {why}"),
    "to_be_sent": Reason(11, "to be sent: {why}"),
    "to_be_cleared": Reason(10, "to be cleared: {why}"),
    "unexplained": Reason(13, "it differs and nothing is due: `rollcall verify` says more"),
}

#: Of a link as a whole: why something is owed and has not left.
LINK_REASONS: dict[str, Reason] = {
    "delivered": Reason(11, "everything that this target gets is delivered"),
    "no_link": Reason(12, "there is no link yet: a full resync makes one"),
    "not_approved": Reason(16, "plan {plan} shows it, and it was not approved there"),
    "first_sync": Reason(12, "the target's first sync has not begun"),
    "being_marked": Reason(12, "the full resync of plan {plan} has not come to this person yet"),
    "inactive": Reason(6, "not needed: inactive"),
    "orphan": Reason(7, "the employee was deleted; the account stays at the target until someone clears it"),
    "target_paused": Reason(14, "the target is paused: {why}"),
    "target_rests": Reason(
        14, "the target asked for patience, or was out of order; it is tried again at {until}"
    ),
    "tried_again": Reason(14, "{why}; tried again at {until}"),
    "under_way": Reason(13, "a request is under way since {since}"),
    "outcome_unknown": Reason(13, "the outcome of a request is not known; it is looked for at {until}"),
    "queued": Reason(11, "due since {since}; the target is being worked on"),
    "due": Reason(11, "due since {since}, at the latest with the tick of {until}"),
    "rides_along": Reason(9, "changed, waiting for a trigger"),
    "import_run": Reason(16, "waits until import run {run} has ended and was judged"),
    "stuck": Reason(11, "due since {since} and nobody works on it"),
    "undelivered": Reason(13, "nothing is due, yet {fields} differ from what was last sent"),
    "lost_mark": Reason(13, "a mark asks for a push, and nothing is due"),
    "lost_attempt": Reason(13, "the outcome of a request is not known, and nobody will look for it"),
    "lost_debt": Reason(7, "what was owed before the delete is neither due nor waiting"),
    "left_lease": Reason(13, "a lease that ended at {until} was never given back"),
    "generations": Reason(13, "it was delivered further than it was marked"),
    "version_ahead": Reason(13, "version {delivered} was delivered and the employee is at version {version}"),
    "no_remote_id": Reason(2, "it is linked and has no remote id"),
    "employee_missing": Reason(7, "its employee does not exist, and it is no orphan"),
    "orphan_of_nobody": Reason(7, "it is an orphan, and its employee exists"),
    "reason_is_over": Reason(18, "it is {state} ({why}), and that is no longer so"),
}


def says(table: dict[str, Reason], code: str, **named: object) -> str:
    """The sentence of a code.

    >>> says(LINK_REASONS, "target_paused", why="added paused")
    'the target is paused: added paused'
    """
    return table[code].sentence.format(**named)
