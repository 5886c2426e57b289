"""What the pages of a target show, read from the database of one tenant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from app import clock, directory
from app.provisioning import attempts
from app.provisioning.counts import NAMES
from app.provisioning.tables import link_table, plan_table
from app.provisioning.targets import Target, listed
from app.sources.tables import SourceRow
from app.web.console.paging import Page, Place, page_of
from app.web.console.targets.wording import state_of
from app.web.console.wording import Word

_source = SourceRow.__table__
_l, _p = link_table.c, plan_table.c
#: States of a link in which nothing goes on by itself, or not yet: they have a cause that one wants to know.
STILL = ("held", "waiting", "vanished")


@dataclass(frozen=True, slots=True)
class Card:
    """A target as its card shows it."""

    target: Target
    word: Word
    links: Mapping[str, int]
    waiting_plans: Sequence[int] = ()


def cards(connection: Connection, tenant_id: int) -> list[Card]:
    """Return the cards of the tenant's targets, by name."""
    counts: dict[int, dict[str, int]] = {}
    by_state = select(_l.target_id, _l.state, func.count()).where(_l.tenant_id == tenant_id)
    for target_id, state, number in connection.execute(by_state.group_by(_l.target_id, _l.state)):
        counts.setdefault(target_id, {})[state] = number
    waiting: dict[int, list[int]] = {}
    undecided = select(_p.target_id, _p.id).where(_p.tenant_id == tenant_id, _p.state == "waiting")
    for target_id, plan_id in connection.execute(undecided.order_by(_p.id)):
        waiting.setdefault(target_id, []).append(plan_id)
    now = clock.now()
    return [
        Card(target, state_of(target, now), counts.get(target.id, {}), waiting.get(target.id, ()))
        for target in listed(connection, tenant_id)
    ]


def sources(connection: Connection, tenant_id: int, kind: str | None = None) -> list[Any]:
    """Return number, name and kind of the tenant's sources by name, or of those of one kind."""
    columns = (_source.c.id, _source.c.name, _source.c.kind)
    query = select(*columns).where(_source.c.tenant_id == tenant_id).order_by(_source.c.name)
    return list(connection.execute(query if kind is None else query.where(_source.c.kind == kind)))


def _at(target: Target) -> tuple[Any, ...]:
    return (_l.tenant_id == target.tenant_id, _l.target_id == target.id)


def links_by_state(connection: Connection, target: Target) -> dict[str, int]:
    """Return how many links are in which state."""
    query = select(_l.state, func.count()).where(*_at(target)).group_by(_l.state)
    return {row[0]: row[1] for row in connection.execute(query)}


@dataclass(frozen=True, slots=True)
class Cause:
    """Why some links stand still: their state, the code, how many, and the reason of one of them."""

    state: str
    code: str | None
    number: int
    example: str | None


def causes(connection: Connection, target: Target) -> list[Cause]:
    """Return why links stand still, the most frequent first."""
    query = (
        select(_l.state, _l.reason_code, func.count(), func.min(_l.reason))
        .where(*_at(target), _l.state.in_(STILL))
        .group_by(_l.state, _l.reason_code)
    )
    found = [Cause(*row) for row in connection.execute(query)]
    return sorted(found, key=lambda each: (-each.number, each.state, each.code or ""))


def due(connection: Connection, target: Target) -> int:
    """Return how many links are owed a push."""
    query = select(func.count()).where(*_at(target), _l.due_at.is_not(None))
    return connection.scalar(query) or 0


def last_attempt(connection: Connection, target: Target) -> Any:
    """Return the row of the last request to a target, or None."""
    found = attempts.last(connection, target.tenant_id, target.id, limit=1)
    return found[0] if found else None


def waiting_plans(connection: Connection, target: Target) -> list[Any]:
    """Return the plans of a target that wait for a decision: number and reason."""
    where = (_p.tenant_id == target.tenant_id, _p.target_id == target.id, _p.state == "waiting")
    return list(connection.execute(select(_p.id, _p.reason, _p.created_at).where(*where).order_by(_p.id)))


# --- progress --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a sync is: its plan, whether people are still being listed for it, people done and in all."""

    plan_id: int
    kind: str
    reason: str | None
    created_at: str
    is_marking: bool
    done: int
    total: int
    counts: Mapping[str, int]


def last_sync(connection: Connection, target: Target) -> Any:
    """Return the row of the newest sync that has ended, or None."""
    where = (_p.tenant_id == target.tenant_id, _p.target_id == target.id, _p.state == "applied")
    query = select(plan_table).where(*where, _p.kind.in_(("full", "tick"))).order_by(_p.id.desc()).limit(1)
    return connection.execute(query).first()


def progress(connection: Connection, target: Target) -> Progress | None:
    """Return how far the newest sync that is under way is, or None when nothing is."""
    where = (_p.tenant_id == target.tenant_id, _p.target_id == target.id, _p.state == "applying")
    plan = connection.execute(
        select(plan_table).where(*where, _p.kind.in_(("full", "tick"))).order_by(_p.id.desc()).limit(1)
    ).first()
    if plan is None:
        return None
    left = connection.scalar(select(func.count()).where(*_at(target), _l.sync_id == plan.id)) or 0
    counts = {name: getattr(plan, name) for name in NAMES}
    done, is_marking = sum(counts.values()), target.resync_plan_id == plan.id
    total = directory.total(connection, target.tenant_id) if is_marking else done + left
    return Progress(
        plan.id, plan.kind, plan.reason, plan.created_at, is_marking, done, max(total, done), counts
    )


# --- lists -----------------------------------------------------------------------------------------------------------


def plans_of(connection: Connection, target: Target, place: Place) -> Page[Any]:
    """Return a page of the target's plans. The key of a place is (number,)."""
    query = select(plan_table).where(_p.tenant_id == target.tenant_id, _p.target_id == target.id)
    return page_of(connection, query, (_p.id,), place, lambda row: row)
