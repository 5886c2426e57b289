"""Dirty marks: a directory listener that marks links in the transaction of the change itself (rule 13).

A mark is an upsert that counts the link's generation up. It says that the link is due, or that it changed in fields
that only ride along; what is to be sent is computed later, from the directory as it is then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Text, bindparam, case, delete, null, or_, select, type_coerce, update
from sqlalchemy.dialects import postgresql, sqlite

from app import clock, directory
from app.directory import Change
from app.prepared import Prepared
from app.provisioning import echo, gates, managers
from app.provisioning.effects import Effect, effect_of
from app.provisioning.fields import outgoing_values
from app.provisioning.kinds import policy_from_text
from app.provisioning.people import START_PATH, label_of
from app.provisioning.policies import Policy
from app.provisioning.readers import Document
from app.provisioning.tables import link_table, target_table

_link, _target = link_table, target_table
_WHERE_LINK = (
    _link.c.tenant_id == bindparam("b_tenant"),
    _link.c.target_id == bindparam("b_target"),
    _link.c.employee_id == bindparam("b_employee"),
)
_TARGETS = Prepared(
    select(_target.c.id, _target.c.kind, type_coerce(_target.c.settings, Text))
    .where(_target.c.tenant_id == bindparam("b_tenant"))
    .order_by(_target.c.id)
)
_LOCK_LINK = (
    select(
        *(
            _link.c[n]
            for n in ("remote_id", "due_at", "attempt_started_at", "lease_until", "gate_run", "state", "sent")
        )
    )
    .where(*_WHERE_LINK)
    .with_for_update()
)
_DELETE_LINK = delete(_link).where(*_WHERE_LINK)

_LOOKED_AT_ANEW = or_(_link.c.reason_code == "starts_later", _link.c.reason_code == "quarantine")

#: Priorities of due links: a suspend, someone inactive in a full resync (perhaps a suspend), the rest.
SUSPEND, INACTIVE, ORDINARY = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Mark:
    """What a mark says beyond "something changed".

    `gate` is "set" when an import run changed what the breaker judges, "clear" when somebody else decided whether the
    person is active, "keep" else.
    """

    is_due: bool = True
    suspends: bool = False
    activates: bool = False
    gate: str = "keep"


_CHANGED = Mark()
_RIDES = Mark(is_due=False)


def on_directory_change(connection: Connection, change: Change) -> None:
    """Mark the links that a change of the directory makes dirty, in the change's own transaction."""
    if not change.is_of_a_person:
        return
    targets = _TARGETS.rows(connection, {"b_tenant": change.tenant_id})
    if not targets:
        return
    neighbours = _sharers(connection, change)
    for target_id, kind, settings in targets:
        policy = policy_from_text(kind, settings)
        if change.after is None:
            _freeze(connection, target_id, change, policy)
        else:
            _mark_employee(connection, target_id, change, policy)
        mark(connection, change.tenant_id, target_id, neighbours, _CHANGED)


def _mark_employee(connection: Connection, target_id: int, change: Change, policy: Policy) -> None:
    after = change.after or {}
    effect = effect_of(change.before, after, policy.selection, change.paths)
    if effect is Effect.NOTHING:
        if policy.start_gate is not None and START_PATH in change.paths:
            mark(connection, change.tenant_id, target_id, [change.resource_id], _CHANGED)
        return
    asked, taken_back = gates.classes_touched(change.before, after, policy.selection)
    is_echo = echo.is_echo(connection, change, policy)
    if not (is_echo and echo.merge(connection, target_id, change, policy)):
        run_id = change.actor.run_id if policy.breaker else None
        said = _said(change, effect, _gate(asked, taken_back, run_id))
        mark(connection, change.tenant_id, target_id, [change.resource_id], said, run_id=run_id)
    if change.before is not None and (asked or taken_back):
        gates.open_for(connection, change.tenant_id, target_id, change.resource_id, asked | taken_back)


def _said(change: Change, effect: Effect, gate: str) -> Mark:
    was_active = change.before is None or change.before.get("active") is not False
    is_active = (change.after or {}).get("active") is not False
    return Mark(
        is_due=effect is Effect.TRIGGERS,
        suspends=was_active and not is_active,
        activates=is_active and not was_active,
        gate=gate,
    )


def _gate(asked: set[str], taken_back: set[str], run_id: int | None) -> str:
    """What a change means for what an import run has asked for and the breaker has not judged yet.

    Whoever else says that somebody is inactive, or active again, has decided about them. Any other change leaves it
    waiting: it would go out unjudged, and uncounted, in the company of a new title.
    """
    if run_id is not None:
        return "set" if asked else "keep"
    return "clear" if gates.SUSPEND in asked | taken_back else "keep"


def _sharers(connection: Connection, change: Change) -> list[str]:
    """The other employees who have the old or the new work e-mail of the one who changed."""
    emails = {directory.work_email(document) for document in (change.before, change.after) if document}
    if change.before and change.after and len(emails) == 1:
        return []
    found: set[str] = set()
    for email in emails - {None}:
        found.update(directory.ids_by_work_email(connection, change.tenant_id, str(email)))
    return sorted(found - {change.resource_id})


def mark(
    connection: Connection,
    tenant_id: int,
    target_id: int,
    employee_ids: Iterable[str],
    said: Mark = _CHANGED,
    *,
    run_id: int | None = None,
) -> None:
    """Mark these employees' links at one target; `run_id` is the import run that sets the gate."""
    moment = clock.now()
    common = dict(_NEW_LINK) | {
        "tenant_id": tenant_id,
        "target_id": target_id,
        "due_at": moment if said.is_due else None,
        "due_generation": 1 if said.is_due else 0,
        "rides_along": not said.is_due,
    }
    if said.is_due:
        common["b_now"] = moment
    common["gate_run"] = run_id if said.gate == "set" else None
    rows = [common | {"employee_id": employee_id} for employee_id in employee_ids]
    if rows:
        connection.execute(_statement(connection.dialect.name, said), rows)


def _freeze(connection: Connection, target_id: int, change: Change, policy: Policy) -> None:
    """Keep what the link of a deleted employee owes (rule 7); the delete itself adds nothing."""
    key = {"b_tenant": change.tenant_id, "b_target": target_id, "b_employee": change.resource_id}
    link = connection.execute(_LOCK_LINK, key).first()
    if link is None:
        return
    moment = clock.now()
    is_worked_on = link.attempt_started_at is not None or (link.lease_until or "") > moment
    if link.remote_id is None and not is_worked_on:
        connection.execute(_DELETE_LINK, key)
        gates.forget(connection, key)
        return
    before = change.before or {}
    owes = link.due_at is not None or link.gate_run is not None or is_worked_on
    owes = owes or gates.has_any(connection, key)
    values = _frozen_values(before, policy, link.sent or {})
    label = label_of(before)
    # Without anything owed the row settles without a request: the settlement is what takes it out of its group.
    is_due = is_worked_on or (policy.groups != "off" and link.remote_id is not None)
    row = {
        "frozen": {"label": label, "values": values} if owes else None,
        "label": label,
        "due_at": (link.due_at or moment) if is_due else link.due_at,
    }
    connection.execute(_ORPHAN, key | {f"b_{name}": value for name, value in row.items()})


def _frozen_values(before: Document, policy: Policy, sent: Mapping[str, Any]) -> dict[str, Any]:
    """What the account is owed; a manager, and a field whose mapping fails, stay as they were last sent."""
    failures: dict[str, str] = {}
    values: dict[str, Any] = dict(outgoing_values(before, policy.selection, failures))
    kept = {name: sent.get(name) for name in (managers.FIELD, *failures)}
    values |= kept
    return {name: value for name, value in values.items() if value is not None}


_ORPHAN = (
    update(_link)
    .where(*_WHERE_LINK)
    .values(
        state="orphan",
        reason_code="deleted",
        reason="the employee was deleted; the account stays at the target until someone clears it",
        frozen=bindparam("b_frozen", type_=_link.c.frozen.type),
        label=bindparam("b_label"),
        due_at=bindparam("b_due_at"),
        generation=_link.c.generation + 1,
        due_generation=_link.c.generation + 1,
        next_attempt_at=null(),
        compare_since=null(),
        rides_along=False,
    )
)

_NEW_LINK: Mapping[str, Any] = {
    "state": "new",
    "generation": 1,
    "delivered_generation": 0,
    "priority": ORDINARY,
    "tries": 0,
    "lease_token": 0,
}
_INSERTED = (
    *("tenant_id", "target_id", "employee_id", "due_at", "due_generation", "rides_along", "gate_run"),
    *_NEW_LINK,
)
_DIALECTS: dict[str, Any] = {"sqlite": sqlite, "postgresql": postgresql}
_statements: dict[tuple[str, Mark], Any] = {}


def _statement(dialect: str, said: Mark) -> Any:
    """The upsert of a mark; there are a few, each built once."""
    if (dialect, said) not in _statements:
        _statements[dialect, said] = _build(_DIALECTS[dialect], said)
    return _statements[dialect, said]


def _build(dialect: Any, said: Mark) -> Any:
    statement = dialect.insert(_link).values({name: bindparam(name) for name in _INSERTED})
    now: Any = bindparam("b_now")
    changes: dict[str, Any] = {"generation": _link.c.generation + 1}
    if said.is_due:
        is_sooner = _link.c.due_at.is_(None) | (_link.c.due_at > now)
        changes |= {
            "due_generation": _link.c.generation + 1,
            "due_at": case((is_sooner, now), else_=_link.c.due_at),
            # Who waits for another day than that of a back-off is looked at anew with every change.
            "next_attempt_at": case((_LOOKED_AT_ANEW, null()), else_=_link.c.next_attempt_at),
        }
    else:
        changes |= {"rides_along": True}
    if said.suspends:
        # A leaver must not wait for the back-off that an older failure earned.
        changes |= {"priority": SUSPEND, "next_attempt_at": null()}
    if said.activates:
        changes |= {"priority": ORDINARY}
    if said.gate != "keep":
        changes |= {"gate_run": statement.excluded.gate_run}
    return statement.on_conflict_do_update(
        index_elements=["tenant_id", "target_id", "employee_id"], set_=changes
    )
