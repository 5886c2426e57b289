"""How one person stands at each target: state, reason, what would be sent next, the last calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from app.provisioning import attempts, explain, holding, targets
from app.provisioning.standing import PENDING, Standing
from app.provisioning.targets import Target
from app.web.console.people.causes import TROUBLES, WORDS, Cause, cause_of, sentence
from app.web.console.wording import Word

#: Why a field differs: what goes out next, and what goes with it.
_NEXT = frozenset({"to_be_sent", "to_be_cleared", "rides_along", "gate_waits", "gate_run", "held"})
CALLS = 5
Members = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """A field that the target does not hold as the directory says."""

    label: str
    there: Any
    here: Any
    says: str


@dataclass(frozen=True, slots=True)
class Place:
    """One target, and how the person stands there; ``plans`` wait for an approval that concerns them."""

    target_id: int
    name: str
    is_active: bool
    word: Word
    code: str
    says: str
    cause: Cause | None
    is_pending: bool
    is_held: bool
    remote_id: str | None
    next_attempt_at: str | None
    delivered_at: str | None
    plans: Sequence[int]
    changes: Sequence[Change]
    calls: Sequence[Any]


def places(connection: Connection, tenant_id: int, employee_id: str) -> list[Place]:
    """Return how a person stands at every target of the tenant, those with trouble first."""
    held = holding.held_at(connection, tenant_id, employee_id)
    found = [
        _place(connection, target, employee_id, target.id in held)
        for target in targets.listed(connection, tenant_id)
    ]
    return sorted(found, key=lambda place: (place.cause is None, place.name))


def _place(connection: Connection, target: Target, employee_id: str, is_held: bool) -> Place:
    report = explain.link_report(connection, target, employee_id)
    how = Standing(report["standing"], report["code"], report["why_not_sent"] or "")
    if is_held:
        how = Standing("held", "held_by_hand", how.says)
    elif report["state"] == "vanished":
        how = Standing("held", "vanished", how.says)
    needs_care = how.kind in TROUBLES or how.code == "no_work_email"
    return Place(
        target_id=target.id,
        name=target.name,
        is_active=target.is_active,
        word=WORDS[how.kind],
        code=how.code,
        says=sentence(how.says),
        cause=cause_of(how) if needs_care else None,
        is_pending=how.kind == PENDING and target.is_active,
        is_held=is_held,
        remote_id=report["remote_id"],
        next_attempt_at=report["next_attempt_at"],
        delivered_at=report["delivered_at"],
        plans=sorted({plan for plan in report["gates"].values() if plan is not None}),
        changes=_changes(report["fields"]),
        calls=attempts.last(connection, target.tenant_id, target.id, employee_id, CALLS),
    )


def _beside(field: Members) -> str:
    """Return what is to be said of one field beside what stands above all of them."""
    return "" if field["code"] in ("to_be_sent", "to_be_cleared", "held") else sentence(field["says"])


def _changes(fields: Mapping[str, Members]) -> list[Change]:
    """Return what would be sent next, or is kept back."""
    return [
        Change(sentence(field["label"]), field["sent"], field["directory"], _beside(field))
        for field in fields.values()
        if field["code"] in _NEXT and field["directory"] != field["sent"]
    ]
