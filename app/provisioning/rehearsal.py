"""Dry runs: the plan that a sync would follow, computed against the target with reading requests only, and stored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from sqlalchemy import Connection, select

from app import clock, directory
from app.database import one_of, reading, writing
from app.outbound import OutboundError
from app.provisioning import connections, deliverer, guards, listing, people, planner, plans, sending, tasks
from app.provisioning.counts import Counts
from app.provisioning.errors import IncompleteListing, ProvisioningError, TargetError, from_outbound
from app.provisioning.links import COLUMNS, Link, link_of
from app.provisioning.listing import Listing
from app.provisioning.operations import Decision, Reading, requests_of
from app.provisioning.tables import link_table
from app.provisioning.targets import Target
from app.provisioning.tasks import Task
from app.provisioning.wire import PacedSession

CHUNK = 500
#: From so many people on the target is listed as a whole.
LISTING_FROM = 20
_COUNTED = {
    "create": "created",
    "adopt": "adopted",
    "update": "updated",
    "activate": "activated",
    "suspend": "suspended",
}


def rehearse(target: Target, *, employee_ids: list[str] | None = None, everybody: bool = True) -> int:
    """Store what a sync would do as a draft plan, and return its number; nothing is written at the target.

    `employee_ids` limits it to some people; without `everybody` it covers those who are due. Raises
    `ProvisioningError` when the target cannot be read.
    """
    with reading() as connection:
        ids = employee_ids if employee_ids is not None else list(_ids(connection, target, everybody))
    rehearsed: list[Task] = []
    try:
        with connections.open_session(target) as session:
            target = deliverer.described(target, session)
            seen = _listed(target, session) if len(ids) > LISTING_FROM else None
            for start in range(0, len(ids), CHUNK):
                rehearsed += _rehearsed(target, session, seen, ids[start : start + CHUNK])
    except OutboundError as error:
        raise _unreadable(target, from_outbound(error)) from error
    except TargetError as error:
        raise _unreadable(target, error) from error
    return _stored(target, rehearsed)


def _unreadable(target: Target, error: TargetError) -> ProvisioningError:
    return ProvisioningError(
        f"The target {target.name!r} could not be read, so no plan was made: {error.message}"
    )


def _ids(connection: Connection, target: Target, everybody: bool) -> Iterator[str]:
    if not everybody:
        due = (link_table.c.tenant_id == target.tenant_id, link_table.c.target_id == target.id)
        query = select(link_table.c.employee_id).where(*due, link_table.c.due_at <= clock.now())
        yield from connection.scalars(query.order_by(link_table.c.employee_id))
        return
    last: str | None = None
    while found := directory.iterate_ids(connection, target.tenant_id, last, CHUNK):
        yield from found
        last = found[-1]


def _listed(target: Target, session: PacedSession) -> Listing | None:
    try:
        with session.patiently():
            return listing.read(target.adapter.list_accounts(session), clock.now(), lambda: None)
    except IncompleteListing:
        return None


def _rehearsed(target: Target, session: PacedSession, seen: Listing | None, ids: Sequence[str]) -> list[Task]:
    policy, adapter, now = target.policy, target.adapter, clock.now()
    with reading() as connection:
        persons = people.load(connection, target.tenant_id, list(ids), policy.selection, target.id)
        links = {
            link.employee_id: link
            for link in tasks.gated(connection, target, _links(connection, target, list(ids)))
        }
    # A plan is about the accounts as they are: everybody in it is compared with the target.
    found = [Task(replace(links.get(i, Link(i)), compare_since=now), persons[i]) for i in ids if i in persons]
    for task in found:
        task.outlook = planner.outlook(task.person, task.link, policy, adapter)
        what = task.outlook.reading
        if what is Reading.NOTHING:
            continue
        # Whether the list is old enough to be out of date tells the link as it is, not as it is compared here.
        link = links.get(task.link.employee_id, Link(task.link.employee_id))
        if seen and (sight := seen.sight(task.person, link, what, is_proof=True)) is not None:
            task.sight = sight
            continue
        task.sight, outcome = sending.look(adapter, session, task.person, task.link, what)
        if outcome.error is not None:
            raise outcome.error
    with reading() as connection:
        tasks.decide(connection, target, policy, adapter, found)
    return found


def _links(connection: Connection, target: Target, ids: list[str]) -> list[Link]:
    where = (link_table.c.tenant_id == target.tenant_id, link_table.c.target_id == target.id)
    query = select(*COLUMNS).where(*where, one_of(link_table.c.employee_id, ids))
    return [link_of(row) for row in connection.execute(query)]


def _stored(target: Target, rehearsed: Sequence[Task]) -> int:
    """The number of the stored plan; names and accounts that meet only in the whole of it are held."""
    decided = guards.without_collisions(task.decision for task in rehearsed if task.decision)
    counts, entries = Counts(), []
    for task, decision in zip(rehearsed, decided, strict=True):
        operation = decision.operation
        counts[_COUNTED[operation.kind] if operation else decision.counts] += 1
        if operation is not None:
            # One that got another user name only in the whole of the plan needs another request.
            is_same = task.decision is not None and operation is task.decision.operation
            requests = task.requests if is_same else requests_of(operation, target.adapter)
            entries.append(plans.Entry(task.person, task.link, decision, requests))
        elif decision.counts in ("held", "waiting"):
            entries.append(plans.Entry(task.person, task.link, decision, state="held"))
    entries.sort(key=_suspends_first)
    with writing() as connection:
        plan_id = plans.create(connection, target.tenant_id, target.id, plans.DRY_RUN, "draft", "dry run")
        for start in range(0, len(entries), CHUNK):
            plans.store(connection, target.tenant_id, plan_id, entries[start : start + CHUNK])
        plans.count(connection, target.tenant_id, plan_id, counts)
    return plan_id


def _suspends_first(entry: plans.Entry) -> bool:
    decision: Decision = entry.decision
    return not (decision.operation is not None and decision.operation.suspends)
