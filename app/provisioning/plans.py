"""Plans: stored lists of operations, with the requests byte for byte, and what an admin decides about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, bindparam, case, func, insert, select, update

from app import clock
from app.database import one_of, upsert
from app.errors import NotFoundError
from app.identifiers import next_number
from app.provisioning.adapter import Request
from app.provisioning.counts import NAMES, Counts
from app.provisioning.links import Link
from app.provisioning.operations import Decision, Operation
from app.provisioning.people import Person
from app.provisioning.tables import link_table, operation_table, plan_table, target_table

_plan, _operation, _link, _target = plan_table, operation_table, link_table, target_table

FULL, TICK, DRY_RUN, HELD, APPROVAL, UNDO = "full", "tick", "dry-run", "held", "approval", "undo"
#: Kinds whose operations are applied only if everything is still as it was when they were shown.
EXACT = (DRY_RUN, APPROVAL, UNDO)
UNDECIDED = ("draft", "waiting")
#: States of a line that is not through yet: shown, and released by an admin.
PLANNED, APPROVED, APPLIED = "planned", "approved", "applied"
OPEN = (PLANNED, APPROVED)


#: What of a line somebody who decides about it goes by; none of it is ever NULL.
_SHOWN = ("kind", "before", "after", "requests", "state")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a plan, about to be stored."""

    person: Person
    link: Link
    decision: Decision
    requests: tuple[Request, ...] = ()
    state: str = "planned"


def create(
    connection: Connection,
    tenant_id: int,
    target_id: int,
    kind: str,
    state: str,
    reason: str,
    *,
    run_id: int | None = None,
    undoes: int | None = None,
) -> int:
    """Store an empty plan and return its number."""
    plan_id = next_number(connection, _plan, tenant_id)
    row = {
        "tenant_id": tenant_id,
        "id": plan_id,
        "target_id": target_id,
        "kind": kind,
        "state": state,
        "reason": reason,
        "run_id": run_id,
        "undoes": undoes,
        "created_at": clock.now(),
    }
    connection.execute(insert(_plan), row | dict.fromkeys(NAMES, 0))
    return plan_id


def store(connection: Connection, tenant_id: int, plan_id: int, entries: Sequence[Entry]) -> None:
    """Store the lines; the one that a plan has of the same person already is replaced.

    It keeps its number while it says what it said: a greater one is of a line that nobody has seen yet.
    """
    if not entries:
        return
    last = select(func.max(_operation.c.number)).where(
        _operation.c.tenant_id == tenant_id, _operation.c.plan_id == plan_id
    )
    number = connection.scalar(last) or 0
    rows = [_row(tenant_id, plan_id, number + i, entry) for i, entry in enumerate(entries, start=1)]
    statement = upsert(connection, _operation)
    replaced = {
        name: statement.excluded[name]
        for name in rows[0]
        if name not in ("tenant_id", "plan_id", "employee_id")
    }
    is_same = and_(*(_operation.c[name] == statement.excluded[name] for name in _SHOWN))
    replaced["number"] = case((is_same, _operation.c.number), else_=statement.excluded.number)
    key = ["tenant_id", "plan_id", "employee_id"]
    connection.execute(statement.on_conflict_do_update(index_elements=key, set_=replaced), rows)


def _row(tenant_id: int, plan_id: int, number: int, entry: Entry) -> dict[str, Any]:
    operation, decision = entry.decision.operation, entry.decision
    return {
        "tenant_id": tenant_id,
        "plan_id": plan_id,
        "employee_id": entry.person.employee_id,
        "number": number,
        "label": entry.person.label,
        "kind": operation.kind if operation else "hold",
        "key": operation.key if operation else None,
        "remote_id": operation.remote_id if operation else entry.link.remote_id,
        "before": dict(operation.before) if operation else {},
        "after": dict(operation.after) if operation else {},
        "reason": (operation.reason if operation else decision.reason),
        "requests": [request_json(request) for request in entry.requests],
        "irreversible": irreversible(operation) if operation else None,
        "employee_version": entry.person.version,
        "link_generation": entry.link.generation,
        "state": entry.state,
        "refusal": None,
    }


_IRREVERSIBLE = {
    "create": "an undo suspends the account, it stays at the target: nothing is ever deleted",
    "adopt": "an undo gives back the values, the account stays linked",
}


def irreversible(operation: Operation) -> str | None:
    """What an undo of the operation could not give back, in a sentence; None when it could give back all of it."""
    return _IRREVERSIBLE.get(operation.kind)


def request_json(request: Request) -> dict[str, Any]:
    """A request as a plan keeps and shows it; the body is text, byte for byte."""
    return {
        "method": request.method,
        "path": request.path,
        "query": [list(pair) for pair in request.query],
        "headers": [list(pair) for pair in request.headers],
        "body": None if request.body is None else request.body.decode(),
    }


def refusal(
    line: Any,
    plan_kind: str,
    person: Person,
    link: Link,
    operation: Operation | None,
    requests: Iterable[Request],
) -> str | None:
    """Why a stored line can no longer be applied as it was shown; None when it can."""
    if plan_kind == HELD:
        return None if _does(operation, line) else f"{line.label} needs it no more"
    if person.version != line.employee_version or link.generation != line.link_generation:
        return f"{line.label} changed in the directory since the plan was made"
    if operation is None:
        return f"for {line.label} nothing is left to do: the account at the target changed since the plan was made"
    shown = [request_json(request) for request in requests]
    is_same = operation.kind == line.kind and dict(operation.before) == line.before and shown == line.requests
    return None if is_same else f"the account of {line.label} at the target changed since the plan was made"


def _does(operation: Operation | None, line: Any) -> bool:
    """Whether an operation, whatever else it does, does what the line shows."""
    if operation is None:
        return False
    if line.kind == "create":
        return operation.kind in ("create", "adopt")
    return all(
        name in operation.after and operation.after[name] == value for name, value in line.after.items()
    )


# --- while it is applied -----------------------------------------------------------------------------------------

_KINDS = select(_plan.c.id, _plan.c.kind).where(
    _plan.c.tenant_id == bindparam("b_tenant"), one_of(_plan.c.id, "b_ids")
)
_LINES = select(_operation).where(
    _operation.c.tenant_id == bindparam("b_tenant"),
    one_of(_operation.c.plan_id, "b_ids"),
    one_of(_operation.c.employee_id, "b_employees"),
)
_CLOSE_LINE = (
    update(_operation)
    .where(
        _operation.c.tenant_id == bindparam("b_tenant"),
        _operation.c.plan_id == bindparam("b_plan"),
        _operation.c.employee_id == bindparam("b_employee"),
    )
    .values(
        state=bindparam("b_state"),
        refusal=bindparam("b_refusal"),
        remote_id=func.coalesce(bindparam("b_remote"), _operation.c.remote_id),
    )
)


def lines_for(connection: Connection, tenant_id: int, links: Iterable[Link]) -> dict[str, tuple[str, Any]]:
    """Employee → (kind of the plan, stored line) for links whose operation is to be applied as it was shown."""
    wanted = {link.employee_id: link.plan_id for link in links if link.plan_id is not None}
    if not wanted:
        return {}
    ids = sorted({plan_id for plan_id in wanted.values() if plan_id is not None})
    kinds = {row.id: row.kind for row in connection.execute(_KINDS, {"b_tenant": tenant_id, "b_ids": ids})}
    rows = connection.execute(_LINES, {"b_tenant": tenant_id, "b_ids": ids, "b_employees": sorted(wanted)})
    return {
        row.employee_id: (kinds[row.plan_id], row) for row in rows if wanted[row.employee_id] == row.plan_id
    }


@dataclass(frozen=True, slots=True)
class Closing:
    """What became of a line: applied, or refused and why; `remote_id` is the account that it was about."""

    plan_id: int
    employee_id: str
    why: str | None
    remote_id: str | None


def close_lines(connection: Connection, tenant_id: int, closings: Sequence[Closing]) -> None:
    """Say what became of lines."""
    rows = [
        {
            "b_tenant": tenant_id,
            "b_plan": closing.plan_id,
            "b_employee": closing.employee_id,
            "b_state": APPLIED if closing.why is None else "refused",
            "b_refusal": closing.why,
            "b_remote": closing.remote_id,
        }
        for closing in closings
    ]
    if rows:
        connection.execute(_CLOSE_LINE, rows)


def count(connection: Connection, tenant_id: int, plan_id: int, counts: Counts) -> None:
    """Add to the counters of a plan."""
    added = {name: _plan.c[name] + number for name, number in counts.items() if number}
    if added:
        connection.execute(
            update(_plan).where(_plan.c.tenant_id == tenant_id, _plan.c.id == plan_id).values(added)
        )


def finish(connection: Connection, tenant_id: int, target_id: int) -> None:
    """Close the plans of which nothing is left to do."""
    syncs = select(_link.c.employee_id).where(
        _link.c.tenant_id == tenant_id, _link.c.target_id == target_id, _link.c.sync_id == _plan.c.id
    )
    planned = select(_operation.c.employee_id).where(
        _operation.c.tenant_id == tenant_id,
        _operation.c.plan_id == _plan.c.id,
        _operation.c.state.in_(OPEN),
    )
    marking = select(_target.c.id).where(
        _target.c.tenant_id == tenant_id, _target.c.resync_plan_id == _plan.c.id
    )
    of_target = (_plan.c.tenant_id == tenant_id, _plan.c.target_id == target_id)
    done = {"state": "applied"}
    connection.execute(
        update(_plan)
        .where(*of_target, _plan.c.state == "applying", ~syncs.exists(), ~marking.exists())
        .values(done)
    )
    connection.execute(
        update(_plan).where(*of_target, _plan.c.state == "approved", ~planned.exists()).values(done)
    )


# --- shown -------------------------------------------------------------------------------------------------------


def with_id(connection: Connection, tenant_id: int, plan_id: int) -> Any:
    """The plan's row. Raises `NotFoundError`."""
    row = connection.execute(
        select(_plan).where(_plan.c.tenant_id == tenant_id, _plan.c.id == plan_id)
    ).first()
    if row is None:
        raise NotFoundError(f"There is no plan {plan_id}; `rollcall plan list` shows those that exist.")
    return row


def listed(
    connection: Connection, tenant_id: int, target_id: int | None = None, limit: int = 50
) -> list[Any]:
    """The newest plans, of one target or of all."""
    query = select(_plan).where(_plan.c.tenant_id == tenant_id)
    if target_id is not None:
        query = query.where(_plan.c.target_id == target_id)
    return list(connection.execute(query.order_by(_plan.c.id.desc()).limit(limit)))


def lines(connection: Connection, tenant_id: int, plan_id: int) -> list[Mapping[str, Any]]:
    """The lines of a plan in their order."""
    query = select(_operation).where(_operation.c.tenant_id == tenant_id, _operation.c.plan_id == plan_id)
    return [dict(row._mapping) for row in connection.execute(query.order_by(_operation.c.number))]


def waiting_for_approval(connection: Connection, tenant_id: int, target_id: int) -> int:
    """The plan that collects a target's operations that need an admin; made when there is none yet.

    It stays one that waits until the transaction ends: who decides about its last line, or adds one, comes after.
    """
    where = (
        _plan.c.tenant_id == tenant_id,
        _plan.c.target_id == target_id,
        _plan.c.kind == APPROVAL,
        _plan.c.state == "waiting",
    )
    newest = select(_plan.c.id).where(*where).order_by(_plan.c.id.desc()).limit(1)
    found: int | None = connection.scalar(newest.with_for_update())
    if found is not None:
        return found
    reason = "protected accounts, and accounts to be adopted and suspended at once"
    return create(connection, tenant_id, target_id, APPROVAL, "waiting", reason)
