"""The drift report: what a target holds that the directory does not say, and the other way round. Nothing is written.

The accounts are read page by page and compared batch by batch; what stays in memory is their ids.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from sqlalchemy import Connection, bindparam, select

from app import clock, directory
from app.database import one_of, reading
from app.outbound import OutboundError, OutboundSession
from app.provisioning import connections, deliverer, gates, people, planner
from app.provisioning.adapter import Account
from app.provisioning.errors import IncompleteListing, ProvisioningError, TargetError, from_outbound
from app.provisioning.links import Link
from app.provisioning.operations import Reading, Sight
from app.provisioning.people import Person
from app.provisioning.standing import ROW, Owed, owed_of
from app.provisioning.tables import link_table
from app.provisioning.targets import Target
from app.provisioning.wire import PacedSession

BATCH = 500
#: So many accounts that the list lacks are asked for one by one: pages move while they are read.
CONFIRMED = 200

#: Kind of finding → what it says of a person or an account.
KINDS: Mapping[str, str] = {
    "differs": "a selected field of a linked person has another value at the target",
    "active_there": "inactive here, active at the target",
    "suspended_there": "active here, suspended at the target",
    "deleted_here": "the employee was deleted; the account is active at the target",
    "vanished": "linked, and the account is no longer at the target",
    "not_listed": "linked, and the list of the target lacks the account; it was not asked for by itself",
    "no_account": "active here, and no account at the target is linked",
    "unlinked": "the account carries an external id of ours, and no link has it",
    "adoptable": "the account has the work e-mail of an employee, and no link has it",
    "unknown": "nobody in the directory has anything to do with the account",
    "protected": "the account is protected: nothing is changed without approval",
}

_c = link_table.c
_AT_TARGET = (_c.tenant_id == bindparam("b_tenant"), _c.target_id == bindparam("b_target"))
_BY_REMOTE_ID = select(*ROW).where(*_AT_TARGET, one_of(_c.remote_id, "b_ids"))
_AFTER: Any = bindparam("b_after")
_LINKED = (
    select(*ROW)
    .where(*_AT_TARGET, _c.employee_id > _AFTER, _c.remote_id.is_not(None))
    .order_by(_c.employee_id)
    .limit(BATCH)
)
_OF_EMPLOYEES = select(_c.employee_id, _c.remote_id, _c.state, _c.reason).where(
    *_AT_TARGET, one_of(_c.employee_id, "b_ids")
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference. `here` and `there` are values of `field`; `pending` says that a push of it is due anyway."""

    kind: str
    label: str
    employee: str | None = None
    remote_id: str | None = None
    field: str | None = None
    here: Any = None
    there: Any = None
    note: str | None = None
    pending: bool = False


@dataclass(slots=True)
class Report:
    """What was read and found: counts by kind, and the first findings of each kind.

    `is_complete` says that the list can be trusted as whole; if not, `why` says why, and nothing is concluded from
    accounts that were not in it.
    """

    target: str
    read_at: str
    is_complete: bool = True
    why: str | None = None
    accounts: int = 0
    linked: int = 0
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    first: list[Finding] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether nothing differs; protected accounts and those of strangers are no difference."""
        return self.is_complete and not any(
            number for kind, number in self.counts.items() if kind not in ("protected", "unknown")
        )


Sink = Callable[[Finding], None]


def report(target: Target, sink: Sink, *, first: int = 20, advance: Callable[[int], None]) -> Report:
    """Read the target and compare it; every finding goes to `sink`, the first of each kind into the report too.

    Raises `ProvisioningError` when the target cannot be read.
    """
    result = Report(target.name, clock.now())

    def note(finding: Finding) -> None:
        result.counts[finding.kind] += 1
        if result.counts[finding.kind] <= first:
            result.first.append(finding)
        sink(finding)

    try:
        with connections.open_session(target) as session:
            target = deliverer.described(target, session)
            seen = _compared(target, session, result, note, advance)
            if result.is_complete:
                _concluded(target, session, seen, note)
    except OutboundError as error:
        raise _unreadable(target, from_outbound(error)) from error
    except TargetError as error:
        raise _unreadable(target, error) from error
    return result


def _unreadable(target: Target, error: TargetError) -> ProvisioningError:
    return ProvisioningError(
        f"The target {target.name!r} could not be read, so nothing is known: {error.message}"
    )


# --- accounts that were listed -----------------------------------------------------------------------------------


def _compared(
    target: Target, session: PacedSession, result: Report, note: Sink, advance: Callable[[int], None]
) -> set[str]:
    """Compare every listed account; return the remote ids. A list that breaks off is noted as incomplete."""
    seen: set[str] = set()
    accounts = target.adapter.list_accounts(session)
    with session.patiently():
        for batch in _batches(_fresh(_until_it_breaks(accounts, result), seen)):
            with reading() as connection:
                _compare_batch(connection, target, batch, result, note)
            result.accounts += len(batch)
            advance(len(batch))
    return seen


def _until_it_breaks(accounts: Iterator[Account], result: Report) -> Iterator[Account]:
    try:
        yield from accounts
    except IncompleteListing as error:
        result.is_complete, result.why = False, error.message


def _fresh(accounts: Iterable[Account], seen: set[str]) -> Iterator[Account]:
    for account in accounts:
        if account.remote_id not in seen:
            seen.add(account.remote_id)
            yield account


def _batches(accounts: Iterator[Account]) -> Iterator[list[Account]]:
    while batch := list(islice(accounts, BATCH)):
        yield batch


def _compare_batch(
    connection: Connection, target: Target, batch: Sequence[Account], result: Report, note: Sink
) -> None:
    key = {"b_tenant": target.tenant_id, "b_target": target.id, "b_ids": [a.remote_id for a in batch]}
    rows = list(connection.execute(_BY_REMOTE_ID, key))
    ids = [row.employee_id for row in rows]
    shut = gates.load(connection, target.tenant_id, target.id, ids)
    persons = people.load(connection, target.tenant_id, ids, target.policy.selection, target.id)
    owed = {row.remote_id: owed_of(row, shut.get(row.employee_id)) for row in rows}
    result.linked += len(owed)
    strangers = []
    for account in batch:
        why = _protection(target, account)
        known = owed.get(account.remote_id)
        if why is not None:
            employee = known.link.employee_id if known else None
            note(Finding("protected", _name(account), employee, account.remote_id, note=why))
        if known is not None:
            for finding in _of_linked(target, persons.get(known.link.employee_id), known, account):
                note(finding)
        elif why is None:
            strangers.append(account)
    for finding in _of_strangers(connection, target, strangers):
        note(finding)


def _protection(target: Target, account: Account) -> str | None:
    if account.protected:
        return account.protected
    is_listed = target.policy.protects(account.remote_id, account.user_name, account.email)
    return "it is on the target's protected list" if is_listed else None


def _name(account: Account) -> str:
    return account.email or account.user_name or account.remote_id


def _of_linked(target: Target, person: Person | None, owed: Owed, account: Account) -> Iterator[Finding]:
    if person is None:
        if account.active:
            label = owed.label or _name(account)
            yield Finding("deleted_here", label, owed.link.employee_id, account.remote_id)
        return
    common = Finding(
        "differs", person.label, person.employee_id, account.remote_id, pending=owed.due_at is not None
    )
    if person.active != account.active:
        kind = "suspended_there" if person.active else "active_there"
        yield replace(common, kind=kind, field="active", here=person.active, there=account.active)
    held = dict(account.values)
    for name, value in _differences(target, person, owed.link, account).items():
        there = account.email if name == "workEmail" else held.get(name)
        yield replace(common, field=name, here=value, there=there)


def _differences(target: Target, person: Person, link: Link, account: Account) -> Mapping[str, Any]:
    """Field → value here, of what a full resync would write if nothing held it back."""
    free = replace(
        link,
        state="linked",
        gates={},
        gate_run=None,
        refused_digest=None,
        attempt_kind=None,
        compare_since=clock.now(),
    )
    alone = replace(person, sharers=())
    operation = planner.decide(alone, free, target.policy, Sight(Reading.ACCOUNT, (account,))).operation
    changed = dict(operation.changed) if operation is not None else {}
    changed.pop("active", None)
    return changed


def _of_strangers(connection: Connection, target: Target, accounts: Sequence[Account]) -> Iterator[Finding]:
    """Accounts that no link has: ours all the same, an employee's by their e-mail, or unknown."""
    tenant_id = target.tenant_id
    external_ids = [a.external_id for a in accounts if a.external_id]
    ours = directory.get_many(connection, tenant_id, external_ids) if external_ids else {}
    for account in accounts:
        found = Finding("unknown", _name(account), remote_id=account.remote_id)
        if account.external_id in ours:
            yield replace(found, kind="unlinked", employee=account.external_id)
            continue
        ids = directory.ids_by_work_email(connection, tenant_id, account.email) if account.email else []
        if ids:
            yield replace(found, kind="adoptable", employee=ids[0], note=_others(ids))
        else:
            yield found


def _others(ids: Sequence[str]) -> str | None:
    return None if len(ids) == 1 else f"{len(ids)} employees have this work e-mail: {', '.join(ids[:5])}"


# --- what a whole list lets one conclude -------------------------------------------------------------------------


def _concluded(target: Target, session: PacedSession, seen: set[str], note: Sink) -> None:
    """People whose account is gone, and people without one."""
    asked = 0
    for owed in _linked(target):
        link = owed.link
        if link.remote_id in seen:
            continue
        label = owed.label or link.employee_id
        if asked == CONFIRMED:
            note(Finding("not_listed", label, link.employee_id, link.remote_id))
            continue
        asked += 1
        for finding in _asked_for(target, session, owed, label):
            note(finding)
    for finding in _without_account(target):
        note(finding)


def _asked_for(target: Target, session: OutboundSession, owed: Owed, label: str) -> Iterator[Finding]:
    """What the target says of an account that its list lacks."""
    account = target.adapter.fetch(session, owed.link.remote_id or "")
    link = owed.link
    with reading() as connection:
        found = people.load(
            connection, target.tenant_id, [link.employee_id], target.policy.selection, target.id
        )
    person = found.get(link.employee_id)
    if account is not None:
        yield from _of_linked(target, person, owed, account)
    else:
        note = "the employee was deleted too" if person is None else None
        yield Finding(
            "vanished", person.label if person else label, link.employee_id, link.remote_id, note=note
        )


def _linked(target: Target) -> Iterator[Owed]:
    """Every link that has a remote id, in batches: no transaction is held while the target is asked."""
    after = ""
    while True:
        key = {"b_tenant": target.tenant_id, "b_target": target.id, "b_after": after}
        with reading() as connection:
            rows = list(connection.execute(_LINKED, key))
        if not rows:
            return
        yield from map(owed_of, rows)
        after = rows[-1].employee_id


def _without_account(target: Target) -> Iterator[Finding]:
    after: str | None = None
    while True:
        with reading() as connection:
            ids = directory.iterate_ids(connection, target.tenant_id, after, BATCH)
            key = {"b_tenant": target.tenant_id, "b_target": target.id, "b_ids": ids}
            links = {row.employee_id: row for row in connection.execute(_OF_EMPLOYEES, key)}
            employees = directory.get_many(connection, target.tenant_id, ids)
        if not ids:
            return
        for id_ in ids:
            link = links.get(id_)
            if id_ not in employees or not employees[id_].active or (link and link.remote_id):
                continue
            why = (link.reason or link.state) if link else "there is no link yet"
            yield Finding("no_account", people.label_of(employees[id_].document), id_, note=why)
        after = ids[-1]
