"""The breaker (rule 16): what an import run would do to too many people waits until an admin approves it.

Changes of an import run that belong to a class (gates.py) are not sent before the run has ended. Then they are judged
class by class, for the run alone and together with what earlier runs did in 24 hours: a class that is over its limit
goes into a plan that waits, everything else is let through.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog
from flask import Flask, current_app
from sqlalchemy import Connection, bindparam, func, select, update

from app import clock
from app.access import audit
from app.database import upsert
from app.provisioning import announcing, gates, marking, people, plans
from app.provisioning.announcing import Trip
from app.provisioning.claims import IDS
from app.provisioning.links import COLUMNS, Link, link_of
from app.provisioning.operations import Decision, Operation, requests_of
from app.provisioning.people import Person
from app.provisioning.tables import gate_table, link_table, passed_table
from app.provisioning.targets import Target

log = structlog.get_logger(__name__)

_link, _passed = link_table, passed_table
_c = _link.c
_KEY = "rollcall.provisioning.run_has_ended"
RunHasEnded = Callable[[Connection, int, int], bool]
DAY = 86_400.0

_AT_TARGET = (_c.tenant_id == bindparam("b_tenant"), _c.target_id == bindparam("b_target"))
_RUNS = select(_c.gate_run).where(*_AT_TARGET, _c.gate_run.is_not(None)).distinct()
_OF_RUN = (*_AT_TARGET, _c.gate_run == bindparam("b_run"))
_LINKS = select(*COLUMNS).where(*_OF_RUN).order_by(_c.employee_id).with_for_update()
_COUNT_LINKED = select(func.count()).where(*_AT_TARGET, _c.remote_id.is_not(None))
_COUNT_ACTIVE = _COUNT_LINKED.where(_c.active_there.is_not(False))
_OPEN = (
    update(_link)
    .where(*_OF_RUN)
    .values(gate_run=None, due_at=func.coalesce(_c.due_at, bindparam("b_now")), next_attempt_at=None)
)
_HURRY = update(_link).where(*_AT_TARGET, IDS, _c.due_at.is_not(None)).values(priority=marking.SUSPEND)
_PASSED = (
    select(_passed.c.change, func.sum(_passed.c.number))
    .where(
        _passed.c.tenant_id == bindparam("b_tenant"),
        _passed.c.target_id == bindparam("b_target"),
        _passed.c.at > bindparam("b_since"),
    )
    .group_by(_passed.c.change)
)

#: Class of change → the people that an import run would make it for.
Asked = Mapping[str, Sequence[tuple[Person, Link]]]


def join(app: Flask, run_has_ended: RunHasEnded) -> None:
    """Tell provisioning how to ask whether an import run has ended: it does not know sources itself."""
    app.extensions[_KEY] = run_has_ended


def has_gated(connection: Connection, target: Target) -> bool:
    """Whether changes of import runs wait to be judged."""
    return connection.execute(_RUNS, _key(target)).first() is not None


def review(connection: Connection, target: Target) -> None:
    """Judge what every import run that has ended asks for: release it, or put it into plans that wait."""
    run_has_ended: RunHasEnded = current_app.extensions.get(_KEY, lambda *_: True)
    trips: list[Trip] = []
    for run_id in connection.scalars(_RUNS, _key(target)).all():
        if run_id is not None and run_has_ended(connection, target.tenant_id, run_id):
            trips += _judge(connection, target, run_id)
    for trip in trips:
        announcing.tripped(connection, target, trip)


def _key(target: Target) -> dict[str, Any]:
    return {"b_tenant": target.tenant_id, "b_target": target.id}


def _judge(connection: Connection, target: Target, run_id: int) -> list[Trip]:
    asked = _asked(connection, target, run_id)
    over = _over_limit(connection, target, run_id, asked) if target.policy.breaker else {}
    trips = [
        _hold(connection, target, run_id, change, asked[change], reason)
        for change, reason in sorted(over.items())
    ]
    _let_pass(connection, target, run_id, {c: len(who) for c, who in asked.items() if c not in over})
    connection.execute(_OPEN, _key(target) | {"b_run": run_id, "b_now": clock.now()})
    if gates.SUSPEND not in over:
        _hurry(connection, target, [link.employee_id for _, link in asked.get(gates.SUSPEND, ())])
    return trips


def _hurry(connection: Connection, target: Target, employee_ids: Sequence[str]) -> None:
    """Let leavers go first again: a tick that met them while they waited has taken their turn from them."""
    if employee_ids:
        connection.execute(_HURRY, _key(target) | {"b_ids": list(employee_ids)})


def _asked(connection: Connection, target: Target, run_id: int) -> Asked:
    links = [link_of(row) for row in connection.execute(_LINKS, _key(target) | {"b_run": run_id})]
    ids = [link.employee_id for link in links]
    persons = people.load(connection, target.tenant_id, ids, target.policy.selection, target.id)
    asked: dict[str, list[tuple[Person, Link]]] = defaultdict(list)
    for link in links:
        person = persons.get(link.employee_id) or people.remaining(link.employee_id, link.frozen or {})
        for change in gates.classes_owed(person, link, target.policy):
            asked[change].append((person, link))
    return asked


def _over_limit(connection: Connection, target: Target, run_id: int, asked: Asked) -> dict[str, str]:
    """Class → why it has to wait. On a target without linked people creations are what it is there for."""
    linked = connection.scalar(_COUNT_LINKED, _key(target)) or 0
    active = connection.scalar(_COUNT_ACTIVE, _key(target)) or 0
    since = clock.after(-DAY)
    earlier = {row[0]: row[1] for row in connection.execute(_PASSED, _key(target) | {"b_since": since})}
    found = {}
    for change, who in asked.items():
        kind, base = gates.kind_of(change), active if change == gates.SUSPEND else linked
        allowed = target.policy.limits[kind].allows(base)
        before = int(earlier.get(change) or 0)
        if len(who) + before <= allowed or (change == gates.CREATE and linked == 0):
            continue
        also = f", after {before} in the 24 hours before" if before else ""
        found[change] = (
            f"import run {run_id} asks for {gates.label_of(change)} of {len(who)} people{also}; "
            f"up to {int(allowed)} of {base} pass unasked"
        )
    return found


def _let_pass(connection: Connection, target: Target, run_id: int, numbers: Mapping[str, int]) -> None:
    """Note what passed: the next runs of 24 hours are judged together with it."""
    statement = upsert(connection, _passed)
    key = {"tenant_id": target.tenant_id, "target_id": target.id, "run_id": run_id, "at": clock.now()}
    rows = [key | {"change": change, "number": number} for change, number in sorted(numbers.items())]
    if rows:
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["tenant_id", "target_id", "run_id", "change"],
                set_={"number": _passed.c.number + statement.excluded.number, "at": statement.excluded.at},
            ),
            rows,
        )


def _hold(
    connection: Connection,
    target: Target,
    run_id: int,
    change: str,
    who: Sequence[tuple[Person, Link]],
    reason: str,
) -> Trip:
    """Put a class of change into a plan that waits, and shut its gate for these people."""
    plan_id = plans.create(
        connection, target.tenant_id, target.id, plans.HELD, "waiting", reason, run_id=run_id
    )
    plans.store(connection, target.tenant_id, plan_id, [_entry(target, change, *one) for one in who])
    statement = upsert(connection, gate_table)
    key = {"tenant_id": target.tenant_id, "target_id": target.id, "change": change, "plan_id": plan_id}
    rows = [key | {"employee_id": link.employee_id} for _, link in who]
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["tenant_id", "target_id", "employee_id", "change"], set_={"plan_id": plan_id}
        ),
        rows,
    )
    about = f"target:{target.name}"
    audit.record(
        connection,
        target.tenant_id,
        "system:breaker",
        "target.changes_held",
        about,
        {"plan": plan_id, "class": change},
    )
    log.warning(
        "changes are held", tenant_id=target.tenant_id, target=target.name, plan=plan_id, reason=reason
    )
    return Trip(plan_id, run_id, change, len(who), reason)


def _entry(target: Target, change: str, person: Person, link: Link) -> plans.Entry:
    """The line of a person in a plan of one class; its requests are shown where they can be known before a reading."""
    kind = gates.kind_of(change)
    field = {gates.EMAIL: "workEmail", gates.BLANK: change.partition(":")[2]}.get(kind)
    operation = Operation(
        kind="update" if field else kind,
        employee_id=link.employee_id,
        label=person.label,
        version=person.version,
        values=person.values,
        reason=gates.label_of(change),
        remote_id=link.remote_id,
        key="remote id" if link.remote_id else None,
        suspends=kind == gates.SUSPEND,
        changed={field: person.values.get(field)} if field else {},
        before={field: link.sent.get(field)} if field else {"active": True} if kind == gates.SUSPEND else {},
    )
    adapter = target.adapter
    needs_account = (
        adapter.needs_account_for_update(operation.changed)
        if field
        else (operation.suspends and adapter.needs_account_for_activation)
    )
    requests = () if needs_account else requests_of(operation, adapter)
    return plans.Entry(person, link, Decision("linked", "held", operation=operation), requests)
