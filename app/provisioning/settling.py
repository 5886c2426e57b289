"""What a link becomes after its decision was carried out (rules 13 and 14). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app import clock
from app.provisioning import setbacks
from app.provisioning.adapter import Account
from app.provisioning.fields import CREATE_ONLY
from app.provisioning.links import Link
from app.provisioning.operations import Decision, Operation
from app.provisioning.people import Person
from app.provisioning.sending import Outcome
from app.provisioning.setbacks import Setback
from app.provisioning.settlements import SETTLED, Setting, Settled, Settlement
from scim.keys import comparison_key


def settled(
    person: Person | None, link: Link, decision: Decision, outcome: Outcome, setting: Setting
) -> Settled:
    """The columns of the link after this outcome of this decision."""
    columns = _kept(link) | _seen(link, decision.account)
    if outcome.suspended:
        columns["sent"] = dict(columns["sent"] or {}) | {"active": False}
        columns["active_there"] = False
    if outcome.kind == "done":
        return _done(person, link, decision, outcome, setting, columns)
    return setbacks.BY_KIND[outcome.kind](Setback(link, decision, outcome, setting, columns))


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
    columns["waits_for"] = decision.waits_for
    if person is not None and decision.is_confirmed:
        columns["delivered_version"] = person.version
    columns["sent"] = _sent(person, columns["sent"], decision, outcome)
    if decision.state != "held":
        columns["refused_digest"] = None
    if decision.operation is not None:
        columns |= _written(link, decision.operation, outcome, columns)
        columns["delivered_at"] = setting.now
    columns["next_attempt_at"] = decision.wakes_at
    return Settled(Settlement(link, columns, is_done=decision.wakes_at is None), decision.counts)


def _sent(
    person: Person | None, before: Mapping[str, Any], decision: Decision, outcome: Outcome
) -> dict[str, Any]:
    """Field → value that the target is known to hold; None for a field of ours that is empty there."""
    sent = dict(before) | dict(decision.known or {})
    if outcome.suspended:
        sent["active"] = False
    if person is None or not decision.is_confirmed:
        done = decision.operation.after if decision.operation is not None else {}
        return sent | {name: value for name, value in done.items() if name not in CREATE_ONLY}
    kept_back = CREATE_ONLY | decision.withheld
    wanted = {name: value for name, value in person.values.items() if name not in kept_back}
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
