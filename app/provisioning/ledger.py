"""The balance of one person at one target: what became of every single change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, select

from app import directory
from app.provisioning import balance, gates, people
from app.provisioning.effects import fields_fed_by
from app.provisioning.fields import Selection
from app.provisioning.standing import (
    DELIVERED,
    HELD,
    NOT_NEEDED,
    ROW,
    WAITING,
    Owed,
    Scene,
    Standing,
    owed_of,
)
from app.provisioning.tables import attempt_table, link_table
from app.provisioning.targets import Target

_c, _a = link_table.c, attempt_table.c
_LINK = select(*ROW).where(
    _c.tenant_id == bindparam("b_tenant"),
    _c.target_id == bindparam("b_target"),
    _c.employee_id == bindparam("b_employee"),
)
#: Versions that a request which worked carried, a reading one left out.
_SENT = (
    select(_a.employee_version, _a.at)
    .where(
        _a.tenant_id == bindparam("b_tenant"),
        _a.target_id == bindparam("b_target"),
        _a.employee_id == bindparam("b_employee"),
        _a.employee_version.is_not(None),
        _a.request_body.is_not(None),
        _a.method.in_(("POST", "PUT", "PATCH")),
        _a.status.between(200, 299),
    )
    .order_by(_a.employee_version, _a.at)
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One change: the revision, and what became of it.

    `outcome` is ``delivered``, ``coalesced`` (with the version `by` that carried it), ``not needed``, or the kind of
    the person's standing (standing.py).
    """

    number: int
    at: str
    kind: str
    actor: str
    run: int | None
    outcome: str
    by: int | None
    says: str


def of(connection: Connection, target: Target, employee_id: str) -> tuple[Standing, list[Entry]]:
    """How the person stands at the target, and the changes, newest first."""
    scene = balance.scene_of(connection, target)
    how, owed = standing_of(connection, scene, employee_id)
    sent: dict[int, str] = {}
    for attempt in connection.execute(_SENT, _key(target, employee_id)):
        sent.setdefault(attempt.employee_version, attempt.at)
    reached = (owed.link.delivered_version or 0) if owed else 0
    if how.kind in (HELD, WAITING):
        # Such a link was settled at a version of which something, or all, was kept back.
        reached = max(sent, default=0)
    revisions = directory.revisions(connection, target.tenant_id, employee_id)
    return how, [_entry(revision, how, reached, sent, scene.policy.selection) for revision in revisions]


def standing_of(connection: Connection, scene: Scene, employee_id: str) -> tuple[Standing, Owed | None]:
    """How the person stands at the target of the scene, and the link, None without one."""
    target = scene.target
    row = connection.execute(_LINK, _key(target, employee_id)).first()
    shut = gates.load(connection, target.tenant_id, target.id, [employee_id])
    owed = owed_of(row, shut.get(employee_id)) if row else None
    persons = people.load(connection, target.tenant_id, [employee_id], scene.policy.selection, target.id)
    return balance.found(connection, scene, persons, employee_id, owed), owed


def _key(target: Target, employee_id: str) -> dict[str, Any]:
    return {"b_tenant": target.tenant_id, "b_target": target.id, "b_employee": employee_id}


def _entry(
    revision: Mapping[str, Any], how: Standing, reached: int, sent: Mapping[int, str], selection: Selection
) -> Entry:
    number = revision["number"]
    outcome, by, says = _outcome(revision, how, reached, sent, selection)
    names = ("at", "kind", "actor", "run")
    return Entry(number, **{name: revision[name] for name in names}, outcome=outcome, by=by, says=says)


def _outcome(
    revision: Mapping[str, Any], how: Standing, reached: int, sent: Mapping[int, str], selection: Selection
) -> tuple[str, int | None, str]:
    number = revision["number"]
    if revision["kind"] == "deleted":
        return "not needed", None, "a delete adds nothing at the target"
    if number in sent:
        return "delivered", number, f"sent at {sent[number]}"
    if not _fed(revision["changes"], selection):
        return "not needed", None, "it touches no field that this target gets"
    if number <= reached:
        later = min([version for version in sent if version > number] + [reached])
        if later > number:
            at = f", sent at {sent[later]}" if later in sent else ""
            return "coalesced", later, f"in version {later}{at}"
        return "delivered", number, "the target was found to hold it, or its attempt is no longer kept"
    if how.kind in (DELIVERED, NOT_NEEDED):
        return "not needed", None, how.says if how.kind == NOT_NEEDED else "no value that was sent differs"
    return how.kind, None, how.says


def _fed(paths: Sequence[str] | Mapping[str, Any], selection: Selection) -> bool:
    """Whether a change touches a field of the selection; an erased one, of which no path is left, may have."""
    return not paths or any(fields_fed_by(path, selection) for path in paths)
