"""Undo: the inverse plan of a plan that was applied, from its before-images (`rollcall plan undo`).

An inverse line writes what was there before and nothing else, and only while the account still holds what the plan
wrote. Nothing is deleted: an account that the plan created is suspended. The directory is not changed; so what was
undone is shut at a gate (gates.py), or the next full resync would write it again: it is sent when the directory changes
the same thing once more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, select

from app.database import one_of, reading, upsert, writing
from app.errors import WrongUse
from app.outbound import OutboundError
from app.provisioning import connections, gates, people, plans
from app.provisioning.adapter import Account, TargetAdapter
from app.provisioning.counts import Counts
from app.provisioning.errors import ProvisioningError, TargetError, from_outbound
from app.provisioning.fields import CREATE_ONLY, same_value
from app.provisioning.links import COLUMNS, Link, link_of
from app.provisioning.operations import Decision, Operation, requests_of
from app.provisioning.people import Person
from app.provisioning.tables import gate_table, link_table
from app.provisioning.targets import Target

#: Kind of an operation → the kind of its inverse.
INVERSE = {
    "create": "suspend",
    "adopt": "update",
    "update": "update",
    "suspend": "activate",
    "activate": "suspend",
}
#: What a plan must be to be undone.
_FINISHED = ("applied", "applying", "approved")


# --- what it does: pure --------------------------------------------------------------------------------------------


def inverse_of(line: Mapping[str, Any]) -> tuple[str, dict[str, Any], dict[str, Any]] | None:
    """Kind, before and after of the line that undoes an applied one; None when it left nothing to undo."""
    written = {name: value for name, value in line["after"].items() if name not in CREATE_ONLY}
    if line["kind"] == "create":
        return "suspend", {"active": True}, {"active": False}
    if line["kind"] not in INVERSE or not written:
        return None
    kind = INVERSE[line["kind"]]
    return kind, written, {name: line["before"].get(name) for name in written}


def decide(line: Any, person: Person, link: Link, account: Account | None) -> Decision:
    """The decision that carries an undo's line out; without an operation when the account has moved on since."""
    state = Decision(link.state, "held", link.reason_code, link.reason)
    if account is None or not _still_holds(account, line.before):
        return state
    operation = operation_of(line, person, account)
    return replace(state, counts=_COUNTERS[line.kind], operation=operation, account=account)


_COUNTERS = {"suspend": "suspended", "activate": "activated", "update": "updated"}


def operation_of(line: Any, person: Person, account: Account) -> Operation:
    """The operation of an undo's line on the account as it is now."""
    after = dict(line.after)
    suspends = after.get("active") is False
    changed = {name: value for name, value in after.items() if not (name == "active" and suspends)}
    return Operation(
        kind=line.kind,
        employee_id=person.employee_id,
        label=line.label,
        version=person.version,
        values=dict(account.values) | {name: value for name, value in changed.items() if value is not None},
        reason=line.reason,
        remote_id=account.remote_id,
        key="remote id",
        suspends=suspends,
        changed=changed,
        before=dict(line.before),
        account=account,
    )


def _still_holds(account: Account, wanted: Mapping[str, Any]) -> bool:
    held = dict(account.values) | {"active": account.active, "workEmail": account.email}
    return all(same_value(name, value, held.get(name)) for name, value in wanted.items())


def shut(connection: Connection, target: Target, employee_id: str, operation: Operation | None) -> None:
    """Keep the directory's values from being written again before it changes them."""
    if operation is None:
        return
    classes = {gates.class_of(name, value) for name, value in operation.before.items()}
    key = {"tenant_id": target.tenant_id, "target_id": target.id, "employee_id": employee_id, "plan_id": None}
    statement = upsert(connection, gate_table).on_conflict_do_update(
        index_elements=["tenant_id", "target_id", "employee_id", "change"], set_={"plan_id": None}
    )
    if classes:
        connection.execute(statement, [key | {"change": change} for change in sorted(classes)])


# --- the plan ------------------------------------------------------------------------------------------------------


class _Line:
    """An inverse line before it is stored: what `operation_of` reads."""

    def __init__(
        self, line: Mapping[str, Any], kind: str, before: Mapping[str, Any], after: Mapping[str, Any]
    ) -> None:
        self.kind, self.before, self.after = kind, before, after
        self.label = line["label"]
        self.reason = f"undoes: {line['kind']}"


def plan_inverse(target: Target, plan_id: int) -> int:
    """Store the inverse of an applied plan as a draft, and return its number; nothing is written at the target.

    The accounts are read: who no longer holds what the plan wrote stands in the draft as held, by name. Raises
    `WrongUse` when there is nothing to undo, `ProvisioningError` when the target cannot be read.
    """
    with reading() as connection:
        plan = plans.with_id(connection, target.tenant_id, plan_id)
        lines = [
            line
            for line in plans.lines(connection, target.tenant_id, plan_id)
            if line["state"] == plans.APPLIED
        ]
        links, persons = _known(connection, target, [line["employee_id"] for line in lines])
    if plan.state not in _FINISHED or not lines:
        raise WrongUse(f"Plan {plan_id} is {plan.state} and has written nothing: there is nothing to undo.")
    try:
        entries = _entries(target, lines, links, persons)
    except (OutboundError, TargetError) as error:
        found = from_outbound(error) if isinstance(error, OutboundError) else error
        raise ProvisioningError(
            f"The target {target.name!r} could not be read, so no undo was planned: {found.message}"
        ) from error
    with writing() as connection:
        number = plans.create(
            connection,
            target.tenant_id,
            target.id,
            plans.UNDO,
            "draft",
            f"undoes plan {plan_id}; the directory stays as it is, and what was undone is not sent again before it "
            "changes there",
            undoes=plan_id,
        )
        plans.store(connection, target.tenant_id, number, entries)
        counts = Counts(
            _COUNTERS[e.decision.operation.kind] for e in entries if e.decision.operation is not None
        )
        counts["held"] = sum(entry.decision.operation is None for entry in entries)
        plans.count(connection, target.tenant_id, number, counts)
    return number


def _known(
    connection: Connection, target: Target, ids: Sequence[str]
) -> tuple[dict[str, Link], dict[str, Person]]:
    where = (link_table.c.tenant_id == target.tenant_id, link_table.c.target_id == target.id)
    query = select(*COLUMNS).where(*where, one_of(link_table.c.employee_id, ids))
    links = {row.employee_id: link_of(row) for row in connection.execute(query)}
    return links, people.load(connection, target.tenant_id, list(ids), target.policy.selection, target.id)


def _entries(
    target: Target,
    lines: Sequence[Mapping[str, Any]],
    links: Mapping[str, Link],
    persons: Mapping[str, Person],
) -> list[plans.Entry]:
    entries = []
    with connections.open_session(target) as session:
        for line in lines:
            inverse, link = inverse_of(line), links.get(line["employee_id"])
            if inverse is None:
                continue
            remote_id = line["remote_id"] or (link.remote_id if link else None)
            account = target.adapter.fetch(session, remote_id) if remote_id and link else None
            entries.append(_entry(target.adapter, _Line(line, *inverse), line, link, persons, account))
    return entries


def _entry(
    adapter: TargetAdapter,
    inverse: _Line,
    line: Mapping[str, Any],
    link: Link | None,
    persons: Mapping[str, Person],
    account: Account | None,
) -> plans.Entry:
    employee_id = line["employee_id"]
    person = persons.get(employee_id) or people.remaining(employee_id, {"label": line["label"]})
    link = link or Link(employee_id)
    decision = decide(inverse, person, link, account)
    if decision.operation is None:
        why = "the account is no longer there" if account is None else "the account changed since"
        held = replace(decision, reason=f"cannot be undone: {why}")
        return plans.Entry(person, link, held, state="held")
    return plans.Entry(person, link, decision, requests_of(decision.operation, adapter))
