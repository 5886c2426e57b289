"""Classes of change that the breaker judges (rule 16), and the gates at which those wait that one person is owed.

A gate is a row: this class of change is not sent for this person, because it waits in a plan or an admin discarded it.
It goes when the plan is approved, and when the directory changes the same thing again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select

from app.database import one_of
from app.provisioning import managers
from app.provisioning.fields import NEVER_CLEARED, Selection, outgoing_values
from app.provisioning.links import HOLD, Link
from app.provisioning.people import Person
from app.provisioning.policies import Policy
from app.provisioning.readers import Document, Value
from app.provisioning.starting import starts_later
from app.provisioning.tables import gate_table
from scim.keys import comparison_key

SUSPEND, CREATE, EMAIL, BLANK = "suspend", "create", "email", "blank"
#: Classes that only an undo shuts: the re-activation, and the value of a field.
ACTIVATE, VALUE = "activate", "value"
#: Class, without the field of a blanking → how messages name it.
LABELS = {
    SUSPEND: "the suspend",
    CREATE: "the creation",
    EMAIL: "the change of the work e-mail",
    BLANK: "the clearing of {field}",
    ACTIVATE: "the re-activation",
    VALUE: "the value of {field}",
    HOLD: "everything but a suspend",
}

_gate = gate_table.c
_AT_TARGET = (_gate.tenant_id == bindparam("b_tenant"), _gate.target_id == bindparam("b_target"))
_OF_EMPLOYEES = (*_AT_TARGET, one_of(_gate.employee_id, "b_employees"))
_LOAD = select(_gate.employee_id, _gate.change, _gate.plan_id).where(*_OF_EMPLOYEES)
_ANY = select(_gate.change).where(*_AT_TARGET, _gate.employee_id == bindparam("b_employee")).limit(1)
_FORGET = delete(gate_table).where(*_AT_TARGET, _gate.employee_id == bindparam("b_employee"))
_OPEN = _FORGET.where(one_of(_gate.change, "b_classes"))


def blank(field: str) -> str:
    """The class of the clearing of a field."""
    return f"{BLANK}:{field}"


def kind_of(change: str) -> str:
    """The class without the field: what a limit is set for."""
    return change.partition(":")[0]


def label_of(change: str) -> str:
    """How a message names a class of change.

    >>> label_of("blank:title")
    'the clearing of title'
    """
    kind, _, field = change.partition(":")
    return LABELS[kind].format(field=field)


# --- which classes a change belongs to -----------------------------------------------------------------------------


def classes_touched(
    before: Document | None, after: Document, selection: Selection
) -> tuple[set[str], set[str]]:
    """The classes that a change of the directory asks for, and those that it takes back.

    Either ends what was decided about them before. Somebody new, active again, or with a new address may have to be
    created.
    """
    if before is None:
        return {CREATE}, set()
    old, new = outgoing_values(before, selection), outgoing_values(after, selection)
    asked = {blank(name) for name in old.keys() - new.keys() if name not in NEVER_CLEARED}
    taken_back = {blank(name) for name in new.keys() - old.keys() if name not in NEVER_CLEARED}
    taken_back |= {class_of(name, new[name]) for name in new if new[name] != old.get(name)} - {
        EMAIL,
        ACTIVATE,
    }
    if old.get("workEmail") != new.get("workEmail"):
        asked |= {EMAIL, CREATE}
    if old.get("active") != new.get("active"):
        is_active = new.get("active") is not False
        asked.add(CREATE if is_active else SUSPEND)
        taken_back |= {SUSPEND, ACTIVATE} if is_active else {CREATE, ACTIVATE}
    return asked, taken_back


def classes_owed(person: Person, link: Link, policy: Policy) -> set[str]:
    """The classes of what this person is owed at the target, as far as what was last sent tells."""
    if link.remote_id is None:
        is_held_back = person.unmapped or starts_later(person, policy) is not None
        is_creatable = (
            person.active
            and person.email is not None
            and not person.sharers
            and not person.is_gone
            and not is_held_back
        )
        return {CREATE} if is_creatable else set()
    found = set()
    if not person.active and link.active_there is not False and policy.inactive == "suspend":
        found.add(SUSPEND)
    sent = link.sent.get("workEmail")
    if isinstance(sent, str) and person.email and comparison_key(sent) != comparison_key(person.email):
        found.add(EMAIL)
    if not person.is_gone:
        found |= {
            blank(name)
            for name, value in link.sent.items()
            if value is not None
            and name not in person.values
            and name not in person.unmapped
            and policy.clears_field(name)
            and not (name == managers.FIELD and person.waits_for)
        }
    return found


# --- gates of a link -----------------------------------------------------------------------------------------------


def closed(link: Link, changed: Mapping[str, Value | None]) -> dict[str, str]:
    """Field → class, of the changed fields that may not be sent."""
    if not link.gates and link.gate_run is None:
        return {}
    classes = {name: class_of(name, value) for name, value in changed.items()}
    return {name: change for name, change in classes.items() if link.shuts(change)}


def class_of(name: str, value: Value | None) -> str:
    """The class of writing this value of a field, None to clear it."""
    if name == "active":
        return ACTIVATE if value else SUSPEND
    if name == "workEmail":
        return EMAIL
    return blank(name) if value is None else f"{VALUE}:{name}"


def why_closed(link: Link, classes: Iterable[str]) -> str:
    """The sentence for a link of which these classes are not sent."""
    parts = []
    for change in dict.fromkeys(classes):
        plan_id = link.gates.get(change)
        if change not in link.gates:
            parts.append(f"{label_of(change)} waits until import run {link.gate_run} has ended")
        elif plan_id is None:
            parts.append(
                f"{label_of(change)} was discarded or undone by an admin; "
                "it is sent when the directory changes it again"
            )
        else:
            parts.append(
                f"{label_of(change)} waits for `rollcall plan approve {plan_id}`: "
                "one import run would do too many of them"
            )
    return "; ".join(parts)


def load(
    connection: Connection, tenant_id: int, target_id: int, employee_ids: Sequence[str]
) -> dict[str, dict[str, int | None]]:
    """Employee → class → plan, of those of these employees who have gates."""
    found: dict[str, dict[str, int | None]] = defaultdict(dict)
    key = {"b_tenant": tenant_id, "b_target": target_id, "b_employees": list(employee_ids)}
    for row in connection.execute(_LOAD, key):
        found[row.employee_id][row.change] = row.plan_id
    return found


def has_any(connection: Connection, key: Mapping[str, Any]) -> bool:
    """Whether a link has gates; `key` has b_tenant, b_target and b_employee."""
    return connection.execute(_ANY, dict(key)).first() is not None


def forget(connection: Connection, key: Mapping[str, Any]) -> None:
    """Take the gates of a link away that is no more; `key` has b_tenant, b_target and b_employee."""
    connection.execute(_FORGET, dict(key))


def open_for(
    connection: Connection, tenant_id: int, target_id: int, employee_id: str, classes: Collection[str]
) -> None:
    """Let these classes of change pass again for one person."""
    key = {"b_tenant": tenant_id, "b_target": target_id, "b_employee": employee_id}
    connection.execute(_OPEN, key | {"b_classes": sorted(classes)})
