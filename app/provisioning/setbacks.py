"""What a link becomes when its decision could not be carried out (rule 14). Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app import clock
from app.provisioning.links import Link, digest_of
from app.provisioning.operations import Decision
from app.provisioning.retries import DAILY, backoff, is_quarantined, wait
from app.provisioning.sending import Outcome
from app.provisioning.settlements import Setting, Settled, Settlement
from scim.keys import comparison_key

#: A sync waits for this many tries of a link before it counts it as failed.
TRIES_OF_A_SYNC = 3


@dataclass(frozen=True, slots=True)
class Setback:
    """A decision that was not carried out; `columns` are the link's, to be changed."""

    link: Link
    decision: Decision
    outcome: Outcome
    setting: Setting
    columns: dict[str, Any]

    @property
    def words(self) -> str:
        """What the target said."""
        return self.outcome.error.message if self.outcome.error else ""


def _unsent(back: Setback) -> Settled:
    """Nothing left, or the target refused us as a whole: the link stays as it was, still due."""
    back.columns.update(_unfinished(back.link))
    return _again(back)


def _again(back: Setback) -> Settled:
    """The link stays due, and the sync that counts it waits for it.

    A suspend that was delivered is what the sync did: the rest is an operation of its own, in another plan.
    """
    is_part = back.outcome.suspended
    settlement = Settlement(back.link, back.columns, is_done=False, ends_sync=is_part, ends_plan=False)
    return Settled(settlement, "suspended" if is_part and back.link.sync_id is not None else None)


def _unfinished(link: Link) -> dict[str, Any]:
    """The marks of an earlier attempt whose outcome is still not known."""
    if not link.is_uncertain:
        return {}
    return {
        "attempt_kind": link.attempt_kind,
        "attempt_started_at": link.attempt_started_at,
        "sending": dict(link.sending),
    }


def _retry(back: Setback) -> Settled:
    link, columns, now = back.link, back.columns, back.setting.now
    error = back.outcome.error
    message = error.message if error else "the target did not answer"
    tries = link.tries + (0 if back.outcome.is_throttled else 1)
    if not (back.outcome.asks_to_wait and link.reason_code == "quarantine"):
        columns |= {"reason_code": error.code if error else None, "reason": message}
    columns |= _unfinished(link) | _perhaps_done(back)
    if back.outcome.asks_to_wait:
        # A target that asks to be left alone says nothing about this person.
        since = link.first_failed_at
    elif is_quarantined(link.first_failed_at, now):
        return _quarantined(back, tries, message)
    else:
        since = link.first_failed_at or now
    columns |= {"tries": tries, "first_failed_at": since}
    columns["next_attempt_at"] = clock.after(_seconds(back, tries), since=now)
    if tries < TRIES_OF_A_SYNC or back.outcome.is_throttled or back.outcome.suspended:
        return _again(back)
    settlement = Settlement(link, columns, is_done=False, ends_sync=True, ends_plan=False)
    return Settled(settlement, None if link.sync_id is None else "failed")


def _quarantined(back: Setback, tries: int, message: str) -> Settled:
    """Failing for so long that a person should look at it: tried once a day, and at once when their data change."""
    link, columns = back.link, back.columns
    again_at = clock.after(DAILY, since=back.setting.now)
    columns |= {"tries": tries, "first_failed_at": link.first_failed_at, "next_attempt_at": again_at}
    columns |= {"state": "orphan" if link.state == "orphan" else "held", "reason_code": "quarantine"}
    columns["reason"] = f"in quarantine, tried once a day: it has failed for more than 72 hours ({message})"
    return Settled(Settlement(link, columns, is_done=False, ends_plan=False), "held")


def _perhaps_done(back: Setback) -> dict[str, Any]:
    """The marks of an attempt that may still arrive, or be committed late: wait, then look before writing again."""
    error, operation = back.outcome.error, back.decision.operation
    if error is None or operation is None or not error.may_have_been_processed:
        return {}
    marks: dict[str, Any] = {
        "attempt_kind": operation.kind,
        "attempt_started_at": back.setting.now,
        "sending": dict(operation.after),
        "quiet_until": clock.after(back.setting.quiet_seconds, since=back.setting.now),
    }
    if operation.creates:
        marks["user_name_key"] = comparison_key(str(operation.values.get("userName", "")))
    return marks


def _seconds(back: Setback, tries: int) -> float:
    chance = back.setting.chance
    if not back.outcome.is_throttled or back.outcome.error is None:
        return backoff(tries, chance)
    return wait(back.outcome.error.retry_after, tries, chance)


def _refused(back: Setback) -> Settled:
    operation = back.decision.operation
    if operation is not None:
        data = operation.values if operation.creates else operation.changed
        back.columns["refused_digest"] = digest_of(data)
    return _held(back, "refused", f"the target refused the data: {back.words}")


def _held(back: Setback, code: str, reason: str) -> Settled:
    """The link waits for a person; of a deleted employee nothing more is tried."""
    link, columns, operation = back.link, back.columns, back.decision.operation
    state = "orphan" if link.state == "orphan" else "held"
    columns |= {"state": state, "reason_code": code, "reason": reason, "frozen": None}
    columns |= {"tries": 0, "first_failed_at": None}
    columns["sent"] = dict(columns["sent"]) | dict(back.decision.known or {})
    if operation is not None and operation.creates:
        columns["user_name_key"] = None
    return Settled(Settlement(link, columns, is_done=True), "held")


def _conflict(back: Setback) -> Settled:
    operation, link = back.decision.operation, back.link
    if operation is None or not operation.creates:
        return _held(back, "conflict", f"a value is already in use at the target: {back.words}")
    if back.outcome.hits and link.tries < TRIES_OF_A_SYNC:
        # The account is there: decide again, with the look-up that finds it; adopted only if it is this person's.
        next_try = {"tries": link.tries + 1, "next_attempt_at": back.setting.now, "user_name_key": None}
        back.columns.update(next_try)
        return _again(back)
    user_name = operation.values.get("userName")
    if operation.other_names:
        # Remembered as refused: the next decision takes the number behind it.
        tried = comparison_key(str(user_name))
        back.columns.update({"user_name_key": tried, "next_attempt_at": back.setting.now})
        return _again(back)
    reason = (
        "the target says that the account exists already, yet none has this work e-mail: probably the user name "
        f"{user_name!r} is taken ({back.words})"
    )
    return _held(back, "user_name_taken", reason)


def _vanished(back: Setback) -> Settled:
    """404 on a linked id: looked at again, then dealt with as the policy says."""
    if back.link.state != "orphan":
        reason = "the account is no longer at the target"
        back.columns.update({"state": "vanished", "reason_code": "vanished", "reason": reason})
    back.columns.update({"attempt_kind": "update", "next_attempt_at": back.setting.now})
    return _again(back)


BY_KIND: dict[str, Callable[[Setback], Settled]] = {
    "unsent": _unsent,
    "retry": _retry,
    "unauthorised": _unsent,
    "refused": _refused,
    "conflict": _conflict,
    "vanished": _vanished,
}
