"""The breaker (rule 16): suspends that one import run asks for wait until the run has ended, and if they are too
many, until an admin approves them. Everything else goes on meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog
from flask import Flask, current_app
from sqlalchemy import Connection, bindparam, func, literal_column, select, update

from app import clock
from app.access import audit
from app.provisioning import people, plans
from app.provisioning.links import COLUMNS, link_of
from app.provisioning.operations import Decision, Operation, requests_of
from app.provisioning.tables import link_table
from app.provisioning.targets import Target

log = structlog.get_logger(__name__)

_link = link_table
_c = _link.c
_KEY = "rollcall.provisioning.run_has_ended"
RunHasEnded = Callable[[Connection, int, int], bool]

_AT_TARGET = (_c.tenant_id == bindparam("b_tenant"), _c.target_id == bindparam("b_target"))
#: The condition on the run is always true; with the literal it lets the partial index of gated links be used.
_GATED = (*_AT_TARGET, _c.suspend_gate == literal_column("'run'"), _c.inactive_by_run > 0)
_RUNS = select(_c.inactive_by_run).where(*_GATED).distinct()
_OF_RUN = (*_GATED, _c.inactive_by_run == bindparam("b_run"))
_THERE = _c.remote_id.is_not(None) & _c.active_there.is_not(False)
_COUNT_ACTIVE = select(func.count()).where(*_AT_TARGET, _THERE)
_WOULD_SUSPEND = select(*COLUMNS).where(*_OF_RUN, _THERE).order_by(_c.employee_id).with_for_update()
_OPEN = (
    update(_link)
    .where(*_OF_RUN)
    .values(
        suspend_gate=None,
        due_at=func.coalesce(_c.due_at, bindparam("b_now")),
        priority=0,
        next_attempt_at=None,
    )
)
_HOLD = update(_link).where(*_OF_RUN).values(suspend_gate="plan")


def join(app: Flask, run_has_ended: RunHasEnded) -> None:
    """Tell provisioning how to ask whether an import run has ended: it does not know sources itself."""
    app.extensions[_KEY] = run_has_ended


def has_gated(connection: Connection, target: Target) -> bool:
    """Whether suspends of import runs wait to be judged."""
    return connection.execute(_RUNS, _key(target)).first() is not None


def review(connection: Connection, target: Target) -> None:
    """Judge the suspends of every import run that has ended: release them, or put them into a plan that waits."""
    run_has_ended: RunHasEnded = current_app.extensions.get(_KEY, lambda *_: True)
    for run_id in connection.scalars(_RUNS, _key(target)).all():
        if run_id is None or run_has_ended(connection, target.tenant_id, run_id):
            _judge(connection, target, run_id)


def _key(target: Target) -> dict[str, Any]:
    return {"b_tenant": target.tenant_id, "b_target": target.id}


def _judge(connection: Connection, target: Target, run_id: int) -> None:
    policy, key = target.policy, _key(target) | {"b_run": run_id}
    links = [link_of(row) for row in connection.execute(_WOULD_SUSPEND, key)]
    active = connection.scalar(_COUNT_ACTIVE, _key(target)) or 0
    allowed = policy.suspends_allowed(active)
    if not policy.breaker or len(links) <= allowed:
        connection.execute(_OPEN, key | {"b_now": clock.now()})
        return
    reason = f"import run {run_id} would suspend {len(links)} of {active} active people; up to {allowed} pass unasked"
    plan_id = plans.create(
        connection, target.tenant_id, target.id, plans.HELD_SUSPENDS, "waiting", reason, run_id=run_id
    )
    ids = [link.employee_id for link in links]
    persons = people.load(connection, target.tenant_id, ids, policy.selection)
    entries = []
    for link in links:
        person = persons.get(link.employee_id) or people.remaining(link.employee_id, link.frozen or {})
        operation = Operation(
            kind="suspend",
            employee_id=link.employee_id,
            label=person.label,
            version=person.version,
            values=person.values,
            reason="inactive in the directory",
            remote_id=link.remote_id,
            key="remote id",
            suspends=True,
            before={"active": True},
        )
        requests = (
            () if target.adapter.needs_account_for_activation else requests_of(operation, target.adapter)
        )
        entries.append(
            plans.Entry(person, link, Decision("linked", "suspended", operation=operation), requests)
        )
    plans.store(connection, target.tenant_id, plan_id, entries)
    connection.execute(_HOLD, key)
    audit.record(
        connection,
        target.tenant_id,
        "system:breaker",
        "target.suspends_held",
        f"target:{target.name}",
        {"plan": plan_id},
    )
    log.warning(
        "suspends are held", tenant_id=target.tenant_id, target=target.name, plan=plan_id, reason=reason
    )
