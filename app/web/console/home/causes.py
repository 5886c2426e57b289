"""Why people stand still at targets, in HR words: one sentence for many people, its effect, and who must act."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cause:
    """``one`` and ``many`` go on behind the number of people; ``is_calm``: it is less than a fault."""

    one: str
    many: str
    effect: str
    who: str
    is_calm: bool = False


_SUSPENDS = "Nothing else is sent for them; a suspend is sent all the same."
_MENDS = "HR corrects it where the person comes from; the push goes on by itself."
_LOOKS = "Whoever runs the target looks at it there, then somebody of HR resyncs."
#: Reason code of a link → its cause. What goes on by itself, or is somebody's wish, is not in it.
CAUSES: Mapping[str, Cause] = {
    "no_work_email": Cause(
        "person has no work e-mail",
        "people have no work e-mail",
        "They get no account until they have one; then it goes on by itself.",
        "Whoever gives out work addresses enters them where the people come from.",
        is_calm=True,
    ),
    "work_email_not_unique": Cause(
        "person shares a work e-mail with somebody",
        "people share a work e-mail with somebody",
        _SUSPENDS,
        "HR gives one of each pair another address.",
    ),
    "user_name_taken": Cause(
        "person’s user name is taken at the target",
        "people’s user names are taken at the target",
        _SUSPENDS,
        _MENDS,
    ),
    "user_name_reserved": Cause(
        "person’s user name is one that is never given",
        "people’s user names are ones that are never given",
        _SUSPENDS,
        _MENDS,
    ),
    "account_of_another": Cause(
        "person’s account belongs to somebody else already",
        "people’s accounts belong to somebody else already",
        _SUSPENDS,
        "HR looks which of the two addresses is wrong.",
    ),
    "refused": Cause(
        "person’s data is refused by the target", "people’s data is refused by the target", _SUSPENDS, _MENDS
    ),
    "conflict": Cause(
        "person has a value that is in use at the target",
        "people have values that are in use at the target",
        _SUSPENDS,
        _MENDS,
    ),
    "mapping_failed": Cause(
        "person has a value that the target’s field rules cannot use",
        "people have values that the target’s field rules cannot use",
        _SUSPENDS,
        "An admin changes the rule, or HR the value.",
    ),
    "flapping": Cause(
        "person has a value that keeps changing",
        "people have values that keep changing",
        "It is not sent until it has been calm for a while.",
        "Two systems write it: an admin gives one of them precedence, or HR pins the value.",
    ),
    "quarantine": Cause(
        "person has failed for more than three days",
        "people have failed for more than three days",
        "They are tried once a day, and at once when they change.",
        _LOOKS,
    ),
    "vanished": Cause(
        "account is gone at the target",
        "accounts are gone at the target",
        "Rollcall did not delete them, and makes no new ones before somebody says so.",
        _LOOKS,
    ),
    "internal_error": Cause(
        "person could not be worked on because of a fault of Rollcall",
        "people could not be worked on because of a fault of Rollcall",
        _SUSPENDS,
        "Whoever runs Rollcall looks into the log.",
    ),
}
#: Codes of held links that are no trouble: they wait under Approvals, or somebody wants it so.
QUIET = frozenset({"held_by_hand", "protected_account", "adopt_and_suspend", "adoption_waits"})
OTHER = Cause(
    "person is held", "people are held", _SUSPENDS, "The reason beside each name says who must act."
)


def is_trouble(state: str, code: str | None) -> bool:
    """Return whether somebody must act: what waits without a cause of the table goes on by itself.

    >>> is_trouble("waiting", "starts_later"), is_trouble("held", "held_by_hand"), is_trouble("held", "refused")
    (False, False, True)
    """
    return code in CAUSES or (state != "waiting" and code not in QUIET)
