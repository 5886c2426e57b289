"""How one person stands at one target: delivered, pending, held, …, or wrong: then something was lost. Pure.

`rollcall verify` asks it of everybody, `rollcall link show` of one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from app.provisioning import planner
from app.provisioning.links import COLUMNS, Link, link_of
from app.provisioning.operations import Operation, Sight
from app.provisioning.people import Person
from app.provisioning.policies import Policy
from app.provisioning.reasons import LINK_REASONS, says
from app.provisioning.tables import link_table
from app.provisioning.targets import Target

DELIVERED, RIDES_ALONG, PENDING = "delivered", "rides_along", "pending"
HELD, WAITING, NOT_NEEDED, ORPHAN, WRONG = "held", "waiting", "not_needed", "orphan", "wrong"
KINDS = (DELIVERED, RIDES_ALONG, PENDING, HELD, WAITING, NOT_NEEDED, ORPHAN, WRONG)
#: Columns of a link that tell when it is worked on, beside those of `links.COLUMNS`.
_TIMES = ("due_at", "next_attempt_at", "quiet_until", "lease_owner", "lease_until", "rides_along", "label")
ROW = (*COLUMNS, *(link_table.c[name] for name in _TIMES))
#: Reasons that follow from the directory alone; whether they still hold can be asked again.
_RECOMPUTED = frozenset(
    {"no_work_email", "work_email_not_unique", "user_name_reserved", "create_waits", "held_by_hand"}
)


@dataclass(frozen=True, slots=True)
class Owed:
    """A link with what its row says about when it is worked on (columns of the same names: tables.py)."""

    link: Link
    due_at: str | None = None
    next_attempt_at: str | None = None
    quiet_until: str | None = None
    lease_owner: str | None = None
    lease_until: str | None = None
    rides_along: bool = False
    label: str | None = None


def owed_of(row: Any, gates: dict[str, int | None] | None = None) -> Owed:
    """The link of a row that has `ROW`, with the gates of this person."""
    times = {name: getattr(row, name) for name in _TIMES}
    link = link_of(row)
    return Owed(replace(link, gates=gates) if gates else link, **times)


@dataclass(frozen=True, slots=True)
class Scene:
    """The target at the moment of asking.

    `is_worked_on` says that some process drains it just now. What should have been sent before `overdue_at` and has
    no reason to wait is stuck.
    """

    target: Target
    policy: Policy
    now: str
    overdue_at: str
    lease_overdue_at: str
    is_worked_on: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """How a person stands: one of `KINDS`, a code of reasons.py or of the link, and the sentence."""

    kind: str
    code: str
    says: str


def _of(kind: str, code: str, **named: object) -> Standing:
    return Standing(kind, code, says(LINK_REASONS, code, **named))


def standing(person: Person | None, owed: Owed | None, scene: Scene) -> Standing:
    """How a person (None: deleted) stands with this link (None: there is none)."""
    if owed is None:
        return _without_link(person, scene)
    damage = _damage(person, owed, scene)
    if damage is not None:
        return damage
    if owed.due_at is not None:
        return _due(owed, owed.due_at, scene)
    if person is None:
        return _of(ORPHAN, "orphan")
    return _clean(person, owed, scene)


def _without_link(person: Person | None, scene: Scene) -> Standing:
    target = scene.target
    if not target.first_synced:
        return _waits_for_target(scene) or _of(PENDING, "first_sync")
    if target.resync_plan_id is not None:
        return _waits_for_target(scene) or _of(PENDING, "being_marked", plan=target.resync_plan_id)
    if person is None or not person.active:
        return _of(NOT_NEEDED, "inactive")
    return _of(WRONG, "no_link")


# --- damage of the row itself ------------------------------------------------------------------------------------


def _damage(person: Person | None, owed: Owed, scene: Scene) -> Standing | None:
    """What no sequence of marks, attempts and settlements leaves behind."""
    link = owed.link
    is_orphan = link.state == "orphan"
    if is_orphan != (person is None):
        return _of(WRONG, "orphan_of_nobody" if is_orphan else "employee_missing")
    if max(link.due_generation, link.delivered_generation) > link.generation:
        return _of(WRONG, "generations")
    if person is not None and (link.delivered_version or 0) > person.version:
        return _of(WRONG, "version_ahead", delivered=link.delivered_version, version=person.version)
    if owed.due_at is not None:
        return None
    if link.state == "linked" and link.remote_id is None:
        return _of(WRONG, "no_remote_id")
    if link.is_dirty and not is_orphan:
        return _of(WRONG, "lost_mark")
    if link.is_uncertain and link.state not in ("held", "orphan"):
        return _of(WRONG, "lost_attempt")
    if is_orphan and link.frozen and not link.gates and link.gate_run is None:
        return _of(WRONG, "lost_debt")
    if owed.lease_owner is not None and (owed.lease_until or "") < scene.lease_overdue_at:
        return _of(WRONG, "left_lease", until=owed.lease_until)
    return None


# --- due ---------------------------------------------------------------------------------------------------------


def _due(owed: Owed, since: str, scene: Scene) -> Standing:
    link, now = owed.link, scene.now
    waits = _waits_for_target(scene)
    if waits is not None:
        return waits
    if (owed.next_attempt_at or "") > now:
        kind = link.state if link.state in (HELD, WAITING) else PENDING
        return _of(
            kind, "tried_again", why=link.reason or "the last attempt failed", until=owed.next_attempt_at
        )
    if owed.lease_owner is not None and (owed.lease_until or "") > now:
        return _of(PENDING, "under_way", since=link.attempt_started_at or since)
    if (owed.quiet_until or "") > now:
        return _of(PENDING, "outcome_unknown", until=owed.quiet_until)
    if scene.is_worked_on:
        return _of(PENDING, "queued", since=since)
    free_since = max(filter(None, (since, owed.next_attempt_at, owed.quiet_until, scene.target.retry_at)))
    if free_since < scene.overdue_at:
        return _of(WRONG, "stuck", since=since)
    return _of(PENDING, "due", since=since, until=scene.target.next_tick_at)


def _waits_for_target(scene: Scene) -> Standing | None:
    target = scene.target
    if not target.is_active:
        return _of(PENDING, "target_paused", why=target.pause_reason)
    if (target.retry_at or "") > scene.now:
        return _of(PENDING, "target_rests", until=target.retry_at)
    return None


# --- clean -------------------------------------------------------------------------------------------------------


def _clean(person: Person, owed: Owed, scene: Scene) -> Standing:
    """A clean link owes nothing: what the planner would decide now must be nothing, or have its reason."""
    link = owed.link
    if link.gate_run is not None:
        return _of(WAITING, "import_run", run=link.gate_run)
    decision = planner.decide(person, link, scene.policy, Sight())
    reason = Standing(link.state, link.reason_code or link.state, link.reason or link.state)
    recomputes = link.reason_code in _RECOMPUTED
    if link.state in (HELD, WAITING) and recomputes and decision.operation is not None:
        # Whatever is missing, shared or waiting: the suspend of an account that we know leaves (rule 1).
        is_over = decision.state == "linked"
        return _over(link) if is_over else _differing(decision.operation, owed, scene)
    if link.state in (HELD, "vanished"):
        is_over = recomputes and decision.code != link.reason_code
        return _over(link) if is_over else Standing(HELD, reason.code, reason.says)
    if link.state == WAITING:
        return reason
    if link.state == NOT_NEEDED:
        return _over(link) if person.active else reason
    if decision.operation is not None:
        return _differing(decision.operation, owed, scene)
    if decision.counts == WAITING:
        return Standing(WAITING, decision.code or WAITING, decision.reason or WAITING)
    return _of(RIDES_ALONG, "rides_along") if owed.rides_along else _of(DELIVERED, "delivered")


def _over(link: Link) -> Standing:
    return _of(WRONG, "reason_is_over", state=link.state, why=link.reason)


def _differing(operation: Operation, owed: Owed, scene: Scene) -> Standing:
    fields = sorted(operation.after)
    if owed.rides_along and not operation.suspends and not operation.creates:
        starts = [n for n in fields if n in scene.policy.selection.triggering and n != "displayName"]
        if not starts:
            return _of(RIDES_ALONG, "rides_along")
    return _of(WRONG, "undelivered", fields=", ".join(fields))
