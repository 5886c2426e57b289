"""Results of a batch, written in one transaction: links, plan lines and counters, attempts."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from app.database import writing
from app.provisioning import attempts, parts, plans, settlements, undo
from app.provisioning.claims import Holder
from app.provisioning.counts import Counts
from app.provisioning.groups import marking as group_marking
from app.provisioning.operations import Decision
from app.provisioning.sending import Outcome
from app.provisioning.settlements import Setting, Settled, Settlement
from app.provisioning.settling import settled
from app.provisioning.targets import Target
from app.provisioning.tasks import Task

#: Seconds between tries at a row that a change of the directory holds.
LOCKED_FOR = 0.05
TWICE = "the target gave this person an account that belongs to another employee already"


def write(target: Target, holder: Holder, tasks: Sequence[Task], setting: Setting, counts: Counts) -> None:
    """Settle these tasks, adding to `counts`; rows that are locked at the moment are waited for one by one."""
    outcomes = [(task, _settled(task, setting)) for task in tasks]
    try:
        left = _write(target, holder, outcomes, counts)
    except IntegrityError:
        left = {task.link.employee_id for task, _ in outcomes}
    while left:
        still: set[str] = set()
        for task, result in outcomes:
            if task.link.employee_id in left:
                still |= _write_alone(target, holder, task, result, counts)
        left = still
        if left:
            time.sleep(LOCKED_FOR)


def _write_alone(target: Target, holder: Holder, task: Task, result: Settled, counts: Counts) -> set[str]:
    try:
        return _write(target, holder, [(task, result)], counts)
    except IntegrityError:
        columns = dict(result.settlement.columns) | {
            "remote_id": task.link.remote_id,
            "state": "held",
            "reason_code": "account_of_another",
            "reason": TWICE,
        }
        held = Settlement(task.link, columns, is_done=True)
        return _write(target, holder, [(task, Settled(held, "held"))], counts)


def _settled(task: Task, setting: Setting) -> Settled:
    decision = task.decision or Decision(task.link.state, "failed", task.link.reason_code, task.link.reason)
    if task.refusal is None:
        return settled(task.person, task.link, decision, task.outcome, setting)
    # A refused line leaves the link as it was: due if it was due in its own right, or has to be planned anew.
    # A line that the breaker held may still need an approval of its own, which the next look at the link asks for.
    of_kind = task.line[0] if task.line is not None else None
    stays_due = task.link.is_dirty or of_kind in (plans.APPROVAL, plans.HELD)
    outcome = Outcome("unsent" if stays_due else "done")
    result = settled(task.person, task.link, decision, outcome, setting)
    return Settled(replace(result.settlement, ends_plan=True), "held")


def _write(
    target: Target, holder: Holder, outcomes: Sequence[tuple[Task, Settled]], counts: Counts
) -> set[str]:
    """Write the results whose rows are free; return the employees whose rows are not, but still ours."""
    with writing() as connection:
        counted, left = settlements.settle(connection, holder, [result.settlement for _, result in outcomes])
        written = [(task, result) for task, result in outcomes if task.link.employee_id in counted]
        _note_plans(connection, target, written)
        group_marking.after_settling(connection, target, [result for _, result in written])
        gone = [task for task, _ in outcomes if task.link.employee_id not in left]
        of_target = (target.tenant_id, target.id)
        rows = [attempts.rows_of(*of_target, t.link, t.person.version, t.exchanges) for t in gone]
        attempts.keep(connection, [row for some in rows for row in some])
    for _, result in written:
        if result.counts is not None:
            counts[result.counts] += 1
    return left


def _note_plans(connection: Connection, target: Target, written: Sequence[tuple[Task, Settled]]) -> None:
    by_plan: dict[int, Counts] = defaultdict(Counts)
    pending: list[plans.Entry] = []
    closings: list[plans.Closing] = []
    cut: list[parts.Part] = []
    for task, result in written:
        link = task.link
        if result.counts is not None:
            for plan_id in {link.sync_id if result.settlement.ends_sync else None, link.plan_id} - {None}:
                by_plan[plan_id or 0][result.counts] += 1
        if task.decision is not None and task.decision.needs_approval and task.outcome.kind == "done":
            pending.append(plans.Entry(task.person, link, task.decision, task.requests))
        closings += _closings(task, result)
        cut += _cut(task)
        if task.line is not None and link.plan_id is not None and result.settlement.ends_plan:
            closings.append(_closing(connection, target, task, result, link.plan_id))
    plans.close_lines(connection, target.tenant_id, closings)
    parts.cut(connection, target.tenant_id, cut)
    if pending:
        plan_id = plans.waiting_for_approval(connection, target.tenant_id, target.id)
        plans.store(connection, target.tenant_id, plan_id, pending)
    for plan_id, counts in sorted(by_plan.items()):
        plans.count(connection, target.tenant_id, plan_id, counts)
    if by_plan:
        plans.finish(connection, target.tenant_id, target.id)


def _closings(task: Task, result: Settled) -> list[plans.Closing]:
    """The line of the running sync that shows this operation, if there is one."""
    sync_id, settlement = task.link.sync_id, result.settlement
    if not task.is_begun or sync_id is None or not settlement.is_done:
        return []
    why = None if task.outcome.kind == "done" else str(settlement.columns["reason"])
    return [plans.Closing(sync_id, task.link.employee_id, why, settlement.columns["remote_id"])]


def _cut(task: Task) -> list[parts.Part]:
    """The suspend of the running sync's line that was delivered although the rest was not, if there is one."""
    sync_id, operation = task.link.sync_id, task.decision.operation if task.decision else None
    if sync_id is None or operation is None or not task.outcome.suspended or task.outcome.kind == "done":
        return []
    why = task.outcome.error.message if task.outcome.error else "it was not sent yet"
    return [parts.Part(sync_id, operation, task.requests[0], why)]


def _closing(
    connection: Connection, target: Target, task: Task, result: Settled, plan_id: int
) -> plans.Closing:
    """The line that an admin approved; of what was undone the gates are shut."""
    why, employee_id = task.refusal, task.link.employee_id
    if why is None and task.outcome.kind != "done":
        why = task.outcome.error.message if task.outcome.error else task.outcome.kind
    if why is None and task.line is not None and task.line[0] == plans.UNDO and task.decision is not None:
        undo.shut(connection, target, employee_id, task.decision.operation)
    return plans.Closing(plan_id, employee_id, why, result.settlement.columns["remote_id"])
