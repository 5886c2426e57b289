"""What a group becomes after its decision was carried out, or could not be (rules 13 and 14). Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app import clock
from app.provisioning.groups.claims import GroupResult
from app.provisioning.groups.links import GroupLink
from app.provisioning.groups.planning import GroupDecision, Roll
from app.provisioning.groups.sending import Sent
from app.provisioning.retries import DAILY, backoff, is_quarantined, wait
from app.provisioning.sending import Outcome
from app.provisioning.settlements import Setting

#: A creation that meets a group of its name is looked into so often.
MOST_CONFLICTS = 3
_ANOTHERS = "the group that the target gave belongs to another department already"


@dataclass(frozen=True, slots=True)
class Work:
    """All that is known of one group at its end.

    `decision` is None when the target could not be read. `started_at` is the mark of the attempt, None when nothing
    was to be sent. `labels` name the people behind refused members.
    """

    link: GroupLink
    roll: Roll
    setting: Setting
    outcome: Outcome
    decision: GroupDecision | None = None
    sent: Sent = field(default_factory=Sent)
    started_at: str | None = None
    has_looked: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """What the target said."""
        return self.outcome.error.message if self.outcome.error else ""


def settled(work: Work) -> GroupResult:
    """The group after this work."""
    return _BY_KIND[work.outcome.kind](work)


def another_ones(link: GroupLink) -> GroupResult:
    """The group after it turned out that its account at the target is another link's."""
    columns = _kept(link) | {"state": "held", "reason_code": "group_of_another", "reason": _ANOTHERS}
    return GroupResult(link, columns, is_done=True)


def _kept(link: GroupLink) -> dict[str, Any]:
    """The columns as they are; a finished attempt leaves no mark."""
    return {
        "name": link.name,
        "remote_id": link.remote_id,
        "state": link.state,
        "reason_code": link.reason_code,
        "reason": link.reason,
        "attempt_started_at": None,
        "tries": link.tries,
        "first_failed_at": link.first_failed_at,
        "next_attempt_at": None,
        "delivered_at": link.delivered_at,
    }


# --- it was done -------------------------------------------------------------------------------------------------


def _done(work: Work) -> GroupResult:
    decision, link = work.decision, work.link
    if decision is None or work.sent.is_gone:
        return _look_again(work)
    columns = _kept(link) | {
        "state": decision.state,
        "reason_code": decision.code,
        "reason": decision.reason,
        "remote_id": work.sent.remote_id or decision.remote_id,
    }
    if decision.forgets:
        tries = link.tries + 1
        columns |= {"tries": tries, "next_attempt_at": _after_tries(work, tries) if link.tries else None}
        return GroupResult(link, columns, is_done=False, members=frozenset())
    columns |= {"tries": 0, "first_failed_at": None}
    if decision.writes:
        columns["delivered_at"] = work.setting.now
    if work.sent.refused:
        columns |= {"state": "held", "reason_code": "member_refused", "reason": _who_was_refused(work)}
    return GroupResult(link, columns, is_done=True, members=_members(work, decision))


def _look_again(work: Work) -> GroupResult:
    """The group is not at the target any more: looked at once more, then dealt with as the policy says."""
    tries = work.link.tries + 1
    columns = _kept(work.link) | {
        "attempt_started_at": work.started_at or work.setting.now,
        "tries": tries,
        "next_attempt_at": _after_tries(work, tries) if work.link.tries else None,
    }
    return GroupResult(work.link, columns, is_done=False)


def _members(work: Work, decision: GroupDecision) -> frozenset[str] | None:
    """Whom the target holds because of us; None where that is what was known before."""
    roll, sent = work.roll, work.sent
    if decision.state == "new":
        return frozenset()
    if decision.state != "linked" or not (decision.writes or work.has_looked):
        return None
    not_in = decision.changes.add - sent.added
    still_in = (decision.changes.remove - sent.removed) & roll.ours
    return (roll.wanted - not_in) | still_in


def _who_was_refused(work: Work) -> str:
    named = [
        f"{work.labels.get(one, 'an account')} ({one}): {words}"
        for one, words in sorted(work.sent.refused.items())
    ]
    return (
        f"the target refused {len(named)} of the members: {'; '.join(named)}. "
        "The others are in; the next change or full resync tries again"
    )


# --- it was not --------------------------------------------------------------------------------------------------


def _unfinished(work: Work) -> dict[str, Any]:
    """The columns with the mark of an attempt of which something may have arrived: look before writing again."""
    known = work.sent.remote_id or (work.decision.remote_id if work.decision else None)
    return _kept(work.link) | {
        "attempt_started_at": work.started_at or work.link.attempt_started_at,
        "remote_id": known or work.link.remote_id,
    }


def _unsent(work: Work) -> GroupResult:
    """Nothing, or nothing more, left; or the target refused us as a whole: the group stays due."""
    return GroupResult(work.link, _unfinished(work), is_done=False)


def _retry(work: Work) -> GroupResult:
    link, error, now = work.link, work.outcome.error, work.setting.now
    message = work.words or "the target did not answer"
    columns = _unfinished(work) | {"reason_code": error.code if error else None, "reason": message}
    tries = link.tries + (0 if work.outcome.is_throttled else 1)
    if work.outcome.asks_to_wait:
        # A target that asks to be left alone says nothing about this group.
        since = link.first_failed_at
    elif is_quarantined(link.first_failed_at, now):
        columns |= {"state": "held", "reason_code": "quarantine", "tries": tries}
        columns["reason"] = (
            f"in quarantine, tried once a day: it has failed for more than 72 hours ({message})"
        )
        columns["next_attempt_at"] = clock.after(DAILY, since=now)
        return GroupResult(link, columns, is_done=False)
    else:
        since = link.first_failed_at or now
    columns |= {"tries": tries, "first_failed_at": since}
    columns["next_attempt_at"] = _after_tries(work, tries)
    return GroupResult(link, columns, is_done=False)


def _after_tries(work: Work, tries: int) -> str:
    """When to try again; not while the target may still be working on a request that it did not answer."""
    error, setting = work.outcome.error, work.setting
    if error is not None and work.outcome.is_throttled:
        seconds = wait(error.retry_after, tries, setting.chance)
    else:
        seconds = backoff(tries, setting.chance)
    if error is not None and error.may_have_been_processed:
        seconds = max(seconds, setting.quiet_seconds)
    return clock.after(seconds, since=setting.now)


def _held(work: Work, code: str, reason: str) -> GroupResult:
    columns = _unfinished(work) | {"state": "held", "reason_code": code, "reason": reason}
    columns |= {"tries": 0, "first_failed_at": None}
    was_made = columns["remote_id"] is not None
    if not was_made:
        columns["attempt_started_at"] = None
    return GroupResult(work.link, columns, is_done=True, members=None if was_made else frozenset())


def _refused(work: Work) -> GroupResult:
    return _held(work, "refused", f"the target refused the group: {work.words}")


def _conflict(work: Work) -> GroupResult:
    """A group of this name came in between: the look by name finds it, and it is adopted."""
    if work.link.tries < MOST_CONFLICTS:
        columns = _unfinished(work) | {"tries": work.link.tries + 1, "attempt_started_at": None}
        return GroupResult(work.link, columns, is_done=False)
    return _held(
        work, "group_name_taken", f"the target says that the group exists, yet shows none: {work.words}"
    )


def _no_groups(work: Work) -> GroupResult:
    return _held(work, "no_groups", f"the target has no groups at this address: {work.words}")


_BY_KIND: dict[str, Callable[[Work], GroupResult]] = {
    "done": _done,
    "unsent": _unsent,
    "retry": _retry,
    "unauthorised": _unsent,
    "refused": _refused,
    "conflict": _conflict,
    "vanished": _no_groups,
}
