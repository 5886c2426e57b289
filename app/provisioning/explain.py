"""Reports for people and scripts: how a target stands, and why a link is as it is (rule 18)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, func, select

from app import directory
from app.access import clients
from app.database import has_text
from app.errors import NotFoundError, WrongUse
from app.provisioning import attempts, balance, explained, ledger, origins, people
from app.provisioning.counts import counts_of
from app.provisioning.links import HOLD, Link
from app.provisioning.policies import Policy
from app.provisioning.standing import DELIVERED, Owed
from app.provisioning.tables import attempt_table, link_table, plan_table
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
            has_text(_c.label, f"({email})"),
        )
        found = list(connection.scalars(orphans))
    if not found:
        raise NotFoundError(f"Nobody in this tenant has the work e-mail {email[:200]!r}.")
    if len(found) > 1:
        raise WrongUse(
            f"{len(found)} employees have the work e-mail {email[:200]!r}: {', '.join(found[:5])}."
        )
    return found[0]


_WORKED = (
    attempt_table.c.method.in_(("POST", "PUT", "PATCH")),
    attempt_table.c.request_body.is_not(None),
    attempt_table.c.status.between(200, 299),
)


def link_report(connection: Connection, target: Target, employee_id: str) -> dict[str, Any]:
    """One link: how it stands, the last attempts, and every field with where it comes from and what became of it."""
    scene = balance.scene_of(connection, target)
    policy = scene.policy
    how, owed = ledger.standing_of(connection, scene, employee_id)
    persons = people.load(connection, target.tenant_id, [employee_id], policy.selection, target.id)
    link = owed.link if owed else Link(employee_id)
    employee = directory.get(connection, target.tenant_id, employee_id)
    label = owed.label if owed and owed.label else employee_id
    gone = people.remaining(employee_id, {"label": label} | dict(link.frozen or {}))
    person = persons.get(employee_id, gone)
    case = explained.Case(
        person,
        employee.document if employee else None,
        link,
        how,
        policy,
        target.adapter.supported_fields,
        origins.of(connection, target.tenant_id, employee_id),
        _worked(connection, target, employee_id),
        _paired(connection, target, policy),
    )
    last = attempts.last(connection, target.tenant_id, target.id, employee_id)
    return _head(target, case, owed) | {
        "why_not_sent": None if how.kind == DELIVERED else how.says,
        "standing": how.kind,
        "code": how.code,
        "gates": {change: plan for change, plan in sorted(link.gates.items()) if change != HOLD},
        "is_held": link.is_held,
        "fields": explained.fields(case),
        "attempts": [_attempt(found) for found in last],
    }


def _head(target: Target, case: explained.Case, owed: Owed | None) -> dict[str, Any]:
    link = case.link
    return {
        "target": target.name,
        "employee": case.person.employee_id,
        "label": case.person.label,
        "state": link.state if owed else None,
        "reason_code": link.reason_code,
        "reason": link.reason,
        "remote_id": link.remote_id,
        "external_id": link.external_id,
        "due_at": owed.due_at if owed else None,
        "next_attempt_at": owed.next_attempt_at if owed else None,
        "delivered_at": link.delivered_at,
        "delivered_version": link.delivered_version,
        "version": case.person.version,
        "tries": link.tries,
        "rides_along": RIDES_ALONG if owed and owed.rides_along else None,
    }


def _worked(connection: Connection, target: Target, employee_id: str) -> list[Any]:
    """The writing requests about a person that worked, oldest first."""
    where = (
        attempt_table.c.tenant_id == target.tenant_id,
        attempt_table.c.target_id == target.id,
        attempt_table.c.employee_id == employee_id,
    )
    query = select(attempt_table).where(*where, *_WORKED)
    return list(connection.execute(query.order_by(attempt_table.c.at, attempt_table.c.id)))


def _paired(connection: Connection, target: Target, policy: Policy) -> frozenset[str]:
    """Who is paired with the target (rule 17), as the directory names owners."""
    found = {f"source:{policy.paired_source}"} if policy.paired_source else set()
    if policy.paired_client:
        known = clients.listed(connection, target.tenant_id)
        found |= {f"client:{client.id}" for client in known if client.name == policy.paired_client}
    return frozenset(found)


def plan_report(row: Any) -> Mapping[str, Any]:
    """A plan without its lines."""
    names = ("id", "kind", "state", "reason", "created_at", "decided_at", "decided_by")
    return {name: getattr(row, name) for name in names} | counts_of(row._mapping).to_json()
