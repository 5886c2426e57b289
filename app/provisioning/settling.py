"""What a link becomes after its decision was carried out (rules 13 and 14). Pure."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app import clock
from app.provisioning.adapter import Account
from app.provisioning.fields import CREATE_ONLY
from app.provisioning.links import Link, digest_of
from app.provisioning.operations import Decision, Operation
from app.provisioning.people import Person
from app.provisioning.retries import backoff, is_quarantined, wait
from app.provisioning.sending import Outcome
from app.provisioning.settlements import SETTLED, Settlement
from scim.keys import comparison_key

#: A sync waits for this many tries of a link before it counts it as failed.
TRIES_OF_A_SYNC = 3


@dataclass(frozen=True, slots=True)
class Setting:
    """What settling needs to know from outside: the time, chance, how long a target may work on a lost request."""

    now: str
    chance: random.Random
    quiet_seconds: float


@dataclass(frozen=True, slots=True)
class Settled:
    """A settlement, and the counter that it adds to (None: not counted yet)."""

    settlement: Settlement
    counts: str | None


def settled(
    person: Person | None, link: Link, decision: Decision, outcome: Outcome, setting: Setting
) -> Settled:
    """The columns of the link after this outcome of this decision."""
    columns = _kept(link) | _seen(link, decision.account)
    if outcome.suspended:
        columns["sent"] = dict(columns["sent"] or {}) | {"active": False}
        columns["active_there"] = False
    by_kind = {
        "done": _done,
        "unsent": _unsent,
        "retry": _retry,
        "unauthorised": _unsent,
        "refused": _refused,
        "conflict": _conflict,
        "vanished": _vanished,
    }
    return by_kind[outcome.kind](person, link, decision, outcome, setting, columns)


def _kept(link: Link) -> dict[str, Any]:
    """The columns as they are; a finished attempt leaves no mark."""
    kept = {name: getattr(link, name, None) for name in SETTLED}
    return kept | {
        "state": link.state,
        "reason_code": link.reason_code,
        "reason": link.reason,
        "frozen": link.frozen,
        "sent": dict(link.sent),
        "normalised": dict(link.normalised) or None,
        "attempt_kind": None,
        "attempt_started_at": None,
        "sending": None,
        "quiet_until": None,
        "next_attempt_at": None,
    }


def _seen(link: Link, account: Account | None) -> dict[str, Any]:
    """What the account itself showed before anything was written."""
    if account is None:
        return {}
    seen: dict[str, Any] = {
        "remote_id": account.remote_id,
        "active_there": account.active,
        "protected": account.protected,
    }
    if account.user_name:
        seen["user_name_key"] = comparison_key(account.user_name)
    return seen


# --- it was done -------------------------------------------------------------------------------------------------


def _done(
    person: Person | None,
    link: Link,
    decision: Decision,
    outcome: Outcome,
    setting: Setting,
    columns: dict[str, Any],
) -> Settled:
    columns |= {"state": decision.state, "reason_code": decision.code, "reason": decision.reason}
    if decision.drops:
        return Settled(Settlement(link, columns, is_done=True, drops=True), decision.counts)
    if decision.forgets:
        columns |= {
            "remote_id": None,
            "external_id": None,
            "sent": {},
            "normalised": None,
            "user_name_key": None,
        }
    if decision.again_in is not None:
        columns["next_attempt_at"] = clock.after(decision.again_in, since=setting.now)
        return Settled(Settlement(link, columns, is_done=False, ends_sync=False, ends_plan=False), None)
    if decision.needs_approval:
        columns["remote_id"] = link.remote_id
        return Settled(Settlement(link, columns, is_done=True), decision.counts)
    columns |= {"tries": 0, "first_failed_at": None, "frozen": None}
    columns["sent"] = _sent(person, columns["sent"], decision, outcome)
    if decision.state != "held":
        columns["refused_digest"] = None
    if decision.operation is not None:
        columns |= _written(link, decision.operation, outcome, columns)
        columns["delivered_at"] = setting.now
    return Settled(Settlement(link, columns, is_done=True), decision.counts)


def _sent(
    person: Person | None, before: Mapping[str, Any], decision: Decision, outcome: Outcome
) -> dict[str, Any]:
    """Field → value that the target is known to hold; None for a field of ours that is empty there."""
    sent = dict(before) | dict(decision.known or {})
    if outcome.suspended:
        sent["active"] = False
    if person is None or not decision.is_confirmed:
        return sent
    wanted = {name: value for name, value in person.values.items() if name not in CREATE_ONLY}
    if not person.active and not outcome.suspended and sent.get("active") is not False:
        # The suspend waits at a gate, or the account was found suspended.
        wanted["active"] = decision.account.active if decision.account else sent.get("active", True)
    sent |= wanted
    if decision.operation is not None:
        sent |= {name: None for name, value in decision.operation.changed.items() if value is None}
    return sent


def _written(
    link: Link, operation: Operation, outcome: Outcome, columns: Mapping[str, Any]
) -> dict[str, Any]:
    """What the answer to the last request says about the account."""
    account = outcome.account
    active = columns["sent"].get("active")
    written: dict[str, Any] = {
        "active_there": active if isinstance(active, bool) else columns["active_there"]
    }
    if operation.creates:
        written |= {"external_id": link.employee_id, "protected": None}
        if account is not None:
            written["remote_id"] = account.remote_id
            if account.user_name:
                written["user_name_key"] = comparison_key(account.user_name)
    touched = {
        name: value
        for name, value in operation.after.items()
        if name not in (*CREATE_ONLY, "active", "workEmail")
    }
    if account is not None and (operation.creates or operation.changed):
        normalised = {name: kept for name, kept in link.normalised.items() if name not in touched}
        for name, value in touched.items():
            if account.values.get(name) != value:
                normalised[name] = account.values.get(name)
        written["normalised"] = normalised or None
    return written


# --- it was not --------------------------------------------------------------------------------------------------


def _unsent(
    person: Person | None,
    link: Link,
    decision: Decision,
    outcome: Outcome,
    setting: Setting,
    columns: dict[str, Any],
) -> Settled:
    """Nothing left, or the target refused us as a whole: the link stays as it was, still due."""
    columns |= _unfinished(link)
    return Settled(Settlement(link, columns, is_done=False, ends_sync=False, ends_plan=False), None)


def _unfinished(link: Link) -> dict[str, Any]:
    """The marks of an earlier attempt whose outcome is still not known."""
    if not link.is_uncertain:
        return {}
    return {
        "attempt_kind": link.attempt_kind,
        "attempt_started_at": link.attempt_started_at,
        "sending": dict(link.sending),
    }


def _retry(
    person: Person | None,
    link: Link,
    decision: Decision,
    outcome: Outcome,
    setting: Setting,
    columns: dict[str, Any],
) -> Settled:
    error, operation = outcome.error, decision.operation
    tries = link.tries + (0 if outcome.is_throttled else 1)
    first = link.first_failed_at or setting.now
    message = error.message if error else "the target did not answer"
    columns |= {
        "tries": tries,
        "first_failed_at": first,
        "reason_code": error.code if error else None,
        "reason": message,
    }
    columns |= _unfinished(link)
    if is_quarantined(link.first_failed_at, setting.now):
        columns |= {
            "state": "held",
            "reason_code": "quarantine",
            "reason": f"failed for more than 72 hours: {message}",
        }
        columns |= {"tries": 0, "first_failed_at": None}
        return Settled(Settlement(link, columns, is_done=True), "held")
    columns["next_attempt_at"] = clock.after(_seconds(outcome, tries, setting), since=setting.now)
    if error is not None and error.may_have_been_processed and operation is not None:
        # It may still arrive, or be committed late: wait, then look before anything is written again.
        columns |= {
            "attempt_kind": operation.kind,
            "attempt_started_at": setting.now,
            "sending": dict(operation.after),
            "quiet_until": clock.after(setting.quiet_seconds, since=setting.now),
        }
        if operation.creates:
            columns["user_name_key"] = comparison_key(str(operation.values.get("userName", "")))
    gives_up = tries >= TRIES_OF_A_SYNC and not outcome.is_throttled
    settlement = Settlement(link, columns, is_done=False, ends_sync=gives_up, ends_plan=False)
    return Settled(settlement, "failed" if gives_up and link.sync_id is not None else None)


def _seconds(outcome: Outcome, tries: int, setting: Setting) -> float:
    asked = outcome.error.retry_after if outcome.error else None
    return wait(asked, tries, setting.chance) if outcome.is_throttled else backoff(tries, setting.chance)


def _refused(
    person: Person | None,
    link: Link,
    decision: Decision,
    outcome: Outcome,
    setting: Setting,
    columns: dict[str, Any],
) -> Settled:
    message = outcome.error.message if outcome.error else ""
    operation = decision.operation
    if operation is not None:
        data = operation.values if operation.creates else operation.changed
        columns["refused_digest"] = digest_of(data)
    return _held(link, columns, decision, "refused", f"the target refused the data: {message}")


def _held(link: Link, columns: dict[str, Any], decision: Decision, code: str, reason: str) -> Settled:
    is_gone = link.state == "orphan"
    columns |= {
        "state": "orphan" if is_gone else "held",
        "reason_code": code,
        "reason": reason,
        "frozen": None,
    }
    columns |= {
        "sent": dict(columns["sent"]) | dict(decision.known or {}),
        "tries": 0,
        "first_failed_at": None,
    }
    if decision.operation is not None and decision.operation.creates:
        columns["user_name_key"] = None
    return Settled(Settlement(link, columns, is_done=True), "held")


def _conflict(
    person: Person | None,
    link: Link,
    decision: Decision,
    outcome: Outcome,
    setting: Setting,
    columns: dict[str, Any],
) -> Settled:
    operation, error = decision.operation, outcome.error
    message = error.message if error else ""
    if operation is not None and operation.creates and outcome.hits and link.tries < TRIES_OF_A_SYNC:
        # The account is there: decide again, with the look-up that finds it; adopted only if it is this person's.
        columns |= {"tries": link.tries + 1, "next_attempt_at": setting.now, "user_name_key": None}
        return Settled(Settlement(link, columns, is_done=False, ends_sync=False, ends_plan=False), None)
    if operation is not None and operation.creates:
        user_name = operation.values.get("userName")
        reason = (
            f"the target says that the account exists already, yet none has this work e-mail: probably the user name "
            f"{user_name!r} is taken ({message})"
        )
        return _held(link, columns, decision, "user_name_taken", reason)
    return _held(link, columns, decision, "conflict", f"a value is already in use at the target: {message}")


def _vanished(
    person: Person | None,
    link: Link,
    decision: Decision,
    outcome: Outcome,
    setting: Setting,
    columns: dict[str, Any],
) -> Settled:
    """404 on a linked id: looked at again as the policy says."""
    if link.state != "orphan":
        reason = "the account is no longer at the target"
        columns |= {"state": "vanished", "reason_code": "vanished", "reason": reason}
    columns["attempt_kind"] = "update"
    columns["next_attempt_at"] = setting.now
    return Settled(Settlement(link, columns, is_done=False, ends_sync=False, ends_plan=False), None)
