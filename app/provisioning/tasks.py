"""Tasks: claimed links with what is known about them, up to the decision. Reads the database, writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import structlog
from sqlalchemy import Connection, bindparam, or_, select

from app import clock
from app.database import one_of
from app.outbound import Exchange
from app.provisioning import gates, guards, people, planner, plans, undo, user_names
from app.provisioning.adapter import Request, TargetAdapter
from app.provisioning.claims import Start
from app.provisioning.links import Link
from app.provisioning.operations import Decision, Outlook, Owner, Reading, Sight, requests_of
from app.provisioning.people import Person
from app.provisioning.policies import Policy
from app.provisioning.sending import Outcome
from app.provisioning.tables import link_table
from app.provisioning.targets import Target
from scim.keys import comparison_key

log = structlog.get_logger(__name__)

_c = link_table.c
_AT_TARGET = (_c.tenant_id == bindparam("b_tenant"), _c.target_id == bindparam("b_target"))


@dataclass(slots=True)
class Task:
    """One claimed link on its way. `line` is the stored operation that is to be applied as it was shown."""

    link: Link
    person: Person
    line: tuple[str, Any] | None = None
    outlook: Outlook = field(default_factory=Outlook)
    sight: Sight = field(default_factory=Sight)
    decision: Decision | None = None
    requests: tuple[Request, ...] = ()
    outcome: Outcome = field(default_factory=Outcome)
    exchanges: list[Exchange] = field(default_factory=list)
    refusal: str | None = None
    #: The attempt's marks are durable, or none are needed.
    is_begun: bool = False

    @property
    def sends(self) -> bool:
        """Whether its requests are to leave: decided, not waiting for an admin, marks made."""
        decision = self.decision
        is_decided = decision is not None and decision.operation is not None and not decision.needs_approval
        return is_decided and self.is_begun and bool(self.requests) and self.outcome.kind == "done"

    @property
    def is_exact(self) -> bool:
        """Whether the operation is one that an admin has seen and approved."""
        return self.line is not None


def load(connection: Connection, target: Target, policy: Policy, links: Sequence[Link]) -> list[Task]:
    """The tasks of these links. Those of which nothing is left but the row come decided."""
    ids = [link.employee_id for link in links if link.state != "orphan"]
    persons = people.load(connection, target.tenant_id, ids, policy.selection, target.id)
    lines = plans.lines_for(connection, target.tenant_id, links)
    return [
        _task(link, persons.get(link.employee_id), lines.get(link.employee_id))
        for link in gated(connection, target, links)
    ]


def gated(connection: Connection, target: Target, links: Sequence[Link]) -> list[Link]:
    """The links with the gates of those that have any."""
    found = gates.load(connection, target.tenant_id, target.id, [link.employee_id for link in links])
    return [
        replace(link, gates=found[link.employee_id]) if link.employee_id in found else link for link in links
    ]


def _task(link: Link, person: Person | None, line: tuple[str, Any] | None) -> Task:
    if line is not None and line[0] in plans.EXACT:
        link = replace(link, compare_since=link.compare_since or clock.now())
    if person is not None:
        return Task(link, person, line)
    if link.frozen:
        return Task(link, people.remaining(link.employee_id, link.frozen), line)
    gone = people.remaining(link.employee_id, {})
    leaves = Decision("orphan", "unchanged", link.reason_code, link.reason, drops=link.remote_id is None)
    refusal = None if line is None else f"{line[1].label} was deleted since the plan was made"
    return Task(link, gone, line, decision=leaves, refusal=refusal)


# --- deciding ----------------------------------------------------------------------------------------------------

_OWNERS = select(
    _c.remote_id, _c.employee_id, _c.state, _c.lease_until, _c.attempt_started_at, _c.label, _c.sent
).where(*_AT_TARGET, one_of(_c.remote_id, "b_ids"))
_OWED = select(_c.frozen, _c.label).where(
    *_AT_TARGET, _c.state == "orphan", _c.due_at.is_not(None), _c.frozen.is_not(None)
)
_NAME_HOLDERS = select(_c.user_name_key, _c.employee_id, _c.label).where(
    *_AT_TARGET,
    one_of(_c.user_name_key, "b_names"),
    or_(_c.remote_id.is_not(None), _c.attempt_started_at.is_not(None)),
)


def decide(
    connection: Connection, target: Target, policy: Policy, adapter: TargetAdapter, tasks: Iterable[Task]
) -> None:
    """Decide the tasks that are not decided yet and whose reading, if one was needed, went well."""
    open_tasks = [task for task in tasks if task.decision is None and task.outcome.kind == "done"]
    key = {"b_tenant": target.tenant_id, "b_target": target.id}
    owners = _owners(connection, key, open_tasks)
    holders = _name_holders(connection, key, policy, open_tasks)
    for task in open_tasks:
        if task.line is not None and task.line[0] == plans.UNDO:
            account = task.sight.accounts[0] if task.sight.accounts else None
            task.decision = undo.decide(task.line[1], task.person, task.link, account)
            continue
        if task.line is None and task.outlook.decision is not None:
            task.decision = task.outlook.decision
            continue
        task.sight = replace(task.sight, owners=owners)
        taken = {name: label for name, (holder, label) in holders.items() if holder != task.link.employee_id}
        # Who approved what the breaker held has seen its class of change, not whose account it would touch.
        is_approved = task.line is not None and task.line[0] in plans.EXACT
        task.decision = planner.decide(
            task.person, task.link, policy, task.sight, taken_user_names=taken, is_approved=is_approved
        )
    decided = guards.without_collisions(task.decision for task in open_tasks if task.decision)
    owed = _owed_addresses(connection, key, decided)
    for task, decision in zip(open_tasks, decided, strict=True):
        task.decision = guards.unless_owed(decision, task.link, owed)
        _prepare(task, adapter)


def _owners(connection: Connection, key: dict[str, Any], tasks: Sequence[Task]) -> dict[str, Owner]:
    """Remote id → link, of the accounts that were found by a key."""
    ids = {a.remote_id for task in tasks if task.sight.looked is Reading.KEYS for a in task.sight.accounts}
    if not ids:
        return {}
    now = clock.now()
    return {
        row.remote_id: Owner(
            row.employee_id,
            row.state,
            is_busy=row.attempt_started_at is not None or (row.lease_until or "") > now,
            label=row.label or f"employee {row.employee_id}",
            sent=row.sent or {},
        )
        for row in connection.execute(_OWNERS, key | {"b_ids": sorted(ids)})
    }


def _owed_addresses(
    connection: Connection, key: dict[str, Any], decided: Sequence[Decision]
) -> dict[str, str]:
    """Comparison key of a work e-mail → label of the deleted employee whose account is about to get it (rules 2, 7)."""
    if not any(decision.operation and decision.operation.creates for decision in decided):
        return {}
    values = ((row.frozen.get("values", {}), row.label) for row in connection.execute(_OWED, key))
    return {
        comparison_key(str(owed["workEmail"])): label or "a deleted employee"
        for owed, label in values
        if owed.get("workEmail")
    }


def _name_holders(
    connection: Connection, key: dict[str, Any], policy: Policy, tasks: Sequence[Task]
) -> dict[str, tuple[str, str]]:
    """User name key → (employee, label) of those who hold, through us, a name that is wanted for a new account."""
    wanted = {
        comparison_key(name)
        for task in tasks
        if task.link.remote_id is None and not task.sight.accounts
        for name in user_names.candidates(task.person, policy)
    } - {""}
    if not wanted:
        return {}
    rows = connection.execute(_NAME_HOLDERS, key | {"b_names": sorted(wanted)})
    return {row.user_name_key: (row.employee_id, row.label or f"employee {row.employee_id}") for row in rows}


def _prepare(task: Task, adapter: TargetAdapter) -> None:
    """Build the requests; hold the operation back if it is not the one that was approved."""
    operation = task.decision.operation if task.decision else None
    try:
        task.requests = requests_of(operation, adapter) if operation else ()
    except Exception as error:
        log.exception("a request could not be built", employee=task.link.employee_id)
        reason = f"a request could not be built ({type(error).__name__}); this is a defect of Rollcall"
        task.decision = Decision("held", "held", "internal_error", reason)
        return
    if task.line is None:
        return
    plan_kind, line = task.line
    task.refusal = plans.refusal(line, plan_kind, task.person, task.link, operation, task.requests)
    if task.refusal is None and task.decision is not None and task.decision.needs_approval:
        task.refusal = f"{line.label} needs an approval of its own: {task.decision.reason}"
    if task.refusal is not None:
        task.requests = ()
        task.decision = Decision(task.link.state, "held", task.link.reason_code, task.link.reason)


def start_of(task: Task) -> Start | None:
    """The marks that the task needs before its first request; None when it sends and takes hold of nothing."""
    decision = task.decision
    if decision is None or decision.operation is None or decision.needs_approval:
        return None
    operation = decision.operation
    if not task.requests and operation.kind != "adopt":
        return None
    name = str(operation.values.get("userName", "")) if operation.creates else ""
    return Start(
        link=task.link,
        kind=operation.kind,
        sending=operation.after,
        sends=bool(task.requests),
        remote_id=operation.remote_id,
        user_name_key=comparison_key(name) if name else None,
        takes_over=decision.takes_over,
    )
