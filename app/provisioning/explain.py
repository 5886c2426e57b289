"""Reports for people and scripts: how a target stands, and why a link is as it is (rule 18)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, func, select

from app import clock, directory
from app.errors import NotFoundError, WrongUse
from app.provisioning import attempts, people
from app.provisioning.counts import counts_of
from app.provisioning.fields import CREATE_ONLY, FIELDS, same_value
from app.provisioning.links import COLUMNS, Link, link_of
from app.provisioning.people import Person
from app.provisioning.policies import Policy
from app.provisioning.tables import link_table, plan_table
from app.provisioning.targets import Target

_c = link_table.c
RIDES_ALONG = "changed, waiting for a trigger"


def overview(target: Target) -> dict[str, Any]:
    """A target in one line."""
    return {
        "name": target.name,
        "kind": target.kind,
        "url": target.url,
        "state": target.state,
        "pause_reason": target.pause_reason,
        "interval": target.interval_seconds,
        "next_tick_at": target.next_tick_at,
    }


def status(connection: Connection, target: Target) -> dict[str, Any]:
    """How a target stands: links by state, what is due, the last attempt, plans that wait for an admin."""
    where = (_c.tenant_id == target.tenant_id, _c.target_id == target.id)
    by_state = select(_c.state, func.count()).where(*where).group_by(_c.state)
    due = select(func.count(), func.min(_c.due_at)).where(*where, _c.due_at.is_not(None))
    number, oldest = connection.execute(due).one()
    last = attempts.last(connection, target.tenant_id, target.id, limit=1)
    undecided = select(plan_table.c.id).where(
        plan_table.c.tenant_id == target.tenant_id,
        plan_table.c.target_id == target.id,
        plan_table.c.state == "waiting",
    )
    return overview(target) | {
        "last_tick_at": target.last_tick_at,
        "retry_at": target.retry_at,
        "links": {row[0]: row[1] for row in connection.execute(by_state.order_by(_c.state))},
        "due": number,
        "oldest_due_at": oldest,
        "rides_along": connection.scalar(select(func.count()).where(*where, _c.rides_along)),
        "last_attempt": _attempt(last[0]) if last else None,
        "plans_waiting": list(connection.scalars(undecided.order_by(plan_table.c.id))),
    }


def _attempt(row: Any) -> dict[str, Any]:
    names = ("at", "method", "path", "status", "duration_ms", "error", "request_body", "response_body")
    return {name: getattr(row, name) for name in names}


def employee_with(connection: Connection, target: Target, email: str) -> str:
    """The employee with this work e-mail, also one deleted since. Raises `NotFoundError`, `WrongUse`."""
    found = directory.ids_by_work_email(connection, target.tenant_id, email)
    if not found:
        orphans = select(_c.employee_id).where(
            _c.tenant_id == target.tenant_id,
            _c.target_id == target.id,
            _c.state == "orphan",
            func.lower(_c.label).contains(f"({email.lower()})", autoescape=True),
        )
        found = list(connection.scalars(orphans))
    if not found:
        raise NotFoundError(f"Nobody in this tenant has the work e-mail {email[:200]!r}.")
    if len(found) > 1:
        raise WrongUse(
            f"{len(found)} employees have the work e-mail {email[:200]!r}: {', '.join(found[:5])}."
        )
    return found[0]


def link_report(connection: Connection, target: Target, employee_id: str) -> dict[str, Any]:
    """One link: its state, the last attempts, and for every field what is owed or why it is not sent."""
    where = (_c.tenant_id == target.tenant_id, _c.target_id == target.id, _c.employee_id == employee_id)
    extra = (_c.due_at, _c.next_attempt_at, _c.rides_along, _c.label)
    row = connection.execute(select(*COLUMNS, *extra).where(*where)).first()
    policy = target.policy
    person = people.load(connection, target.tenant_id, [employee_id], policy.selection).get(employee_id)
    link = link_of(row) if row else Link(employee_id)
    person = person or people.remaining(employee_id, link.frozen or {"label": row.label if row else None})
    last = attempts.last(connection, target.tenant_id, target.id, employee_id)
    return {
        "target": target.name,
        "employee": employee_id,
        "label": person.label,
        "state": link.state,
        "reason_code": link.reason_code,
        "reason": link.reason,
        "remote_id": link.remote_id,
        "external_id": link.external_id,
        "due_at": row.due_at if row else None,
        "next_attempt_at": row.next_attempt_at if row else None,
        "delivered_at": link.delivered_at,
        "tries": link.tries,
        "rides_along": RIDES_ALONG if row and row.rides_along else None,
        "why_not_sent": _why_not_sent(target, link, row),
        "fields": _fields(person, link, policy),
        "attempts": [_attempt(found) for found in last],
    }


def _why_not_sent(target: Target, link: Link, row: Any) -> str | None:
    """The first reason that stands between this link and its delivery; None when nothing is owed."""
    if row is None:
        return "there is no link yet: a full resync makes one"
    if row.due_at is None:
        return link.reason or (RIDES_ALONG if row.rides_along else None)
    if not target.is_active:
        return f"the target is paused: {target.pause_reason}"
    now = clock.now()
    if (target.retry_at or "") > now:
        return f"the target asked for patience, or was out of order; it is tried again at {target.retry_at}"
    if (row.next_attempt_at or "") > now:
        return f"{link.reason or 'the last attempt failed'}; tried again at {row.next_attempt_at}"
    return f"it is due, at the latest with the tick of {target.next_tick_at}"


def _fields(person: Person, link: Link, policy: Policy) -> dict[str, dict[str, Any]]:
    """Field → directory value, value at the target as far as it is known, and what comes of it."""
    report = {}
    for name in FIELDS:
        wanted, sent = person.values.get(name), link.sent.get(name)
        if wanted is None and sent is None:
            continue
        report[name] = {"directory": wanted, "sent": sent, "says": _says(name, wanted, sent, link, policy)}
        if name in link.normalised:
            report[name]["target_keeps"] = link.normalised[name]
    return report


def _says(name: str, wanted: Any, sent: Any, link: Link, policy: Policy) -> str:
    if not policy.selection.sends(name):
        return "not selected: never sent, never cleared"
    if name in CREATE_ONLY:
        return "sent when the account is created, never later"
    if link.remote_id is None:
        return "not sent: there is no account"
    if same_value(name, wanted, sent):
        return "sent"
    if name not in policy.selection.triggering:
        return "rides along with the next push"
    return "to be sent" if wanted is not None else "to be cleared"


def plan_report(row: Any) -> Mapping[str, Any]:
    """A plan without its lines."""
    names = ("id", "kind", "state", "reason", "created_at", "decided_at", "decided_by")
    return {name: getattr(row, name) for name in names} | counts_of(row._mapping).to_json()
