"""Pins: values of one employee that a person has decided on; no source and no client changes them until let go.

A pin names a value path; the value itself is in the employee's document, written by whoever pinned it. An empty value
can be pinned too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, bindparam, delete, select, update

from app import clock, directory
from app.access import audit
from app.database import one_of, require_writing, upsert
from app.directory import Actor, Document
from app.errors import NotFoundError, WrongUse
from app.sources.errors import RowRefused
from app.sources.fields import TargetField
from app.sources.fragments import fragment_of
from app.sources.precedence import fields_by_path, path_of, read_whole_next
from app.sources.rules import CONVERSIONS
from app.sources.tables import pin, source_record
from app.sources.transforms import BadValue

_OF_IDS = select(pin).where(pin.c.tenant_id == bindparam("b_tenant"), one_of(pin.c.employee_id, "b_ids"))
_ANY = select(pin.c.path).where(pin.c.tenant_id == bindparam("b_tenant")).limit(1)
LONGEST_NOTE = 500


class _AsItIs:
    """The value that stands is pinned."""


AS_IT_IS: Final = _AsItIs()


@dataclass(frozen=True, slots=True)
class Pin:
    """One pinned value: whose, where, by whom, since when, and why."""

    employee_id: str
    path: str
    by: str
    at: str
    note: str

    @property
    def field(self) -> str:
        """The field of a mapping that the value belongs to."""
        return fields_by_path().get(self.path, self.path)


def has_any(connection: Connection, tenant_id: int) -> bool:
    """Whether anything is pinned in a tenant."""
    return connection.scalar(_ANY, {"b_tenant": tenant_id}) is not None


def of_employees(connection: Connection, tenant_id: int, ids: Iterable[str]) -> dict[str, dict[str, Pin]]:
    """Return employee → value path → pin, for those of ``ids`` that have any."""
    wanted = sorted(set(ids))
    found: dict[str, dict[str, Pin]] = {}
    for row in connection.execute(_OF_IDS, {"b_tenant": tenant_id, "b_ids": wanted}) if wanted else ():
        known = Pin(row.employee_id, row.path, row.by, row.at, row.note)
        found.setdefault(row.employee_id, {})[row.path] = known
    return found


def put(
    connection: Connection,
    tenant_id: int,
    employee_id: str,
    field: TargetField,
    actor: Actor,
    *,
    value: str | _AsItIs = AS_IT_IS,
    note: str = "",
) -> Pin:
    """Pin a value of an employee: the text that is given (``""``: that there is none), or what stands now.

    :raises WrongUse: the text does not fit the field, or the note is too long.
    :raises scim.errors.ScimError: the directory refuses it: no such employee, a userName that is taken.
    """
    require_writing(connection)
    if len(note) > LONGEST_NOTE:
        raise WrongUse(f"The note has more than {LONGEST_NOTE} characters; say it shorter.")
    if isinstance(value, _AsItIs):
        directory.read_for_change(connection, tenant_id, employee_id)
    else:
        fragment = fragment_with(field, value)
        directory.merge(connection, tenant_id, employee_id, actor, fragment)
    made = Pin(employee_id, path_of(field), actor.name, clock.now(), note)
    key = {"tenant_id": tenant_id, "employee_id": employee_id, "path": made.path}
    said = {"by": made.by, "at": made.at, "note": note}
    statement = upsert(connection, pin).values(key | said)
    connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=said))
    values = {"path": made.path, "note": note}
    audit.record(connection, tenant_id, actor.name, "employee.pinned", f"employee:{employee_id}", values)
    return made


def take_away(
    connection: Connection, tenant_id: int, employee_id: str, field: TargetField, actor: Actor
) -> Pin:
    """Let a value go and return the pin that it had: what the sources say of it counts with their next import.

    :raises NotFoundError: it is not pinned.
    """
    require_writing(connection)
    path = path_of(field)
    known = of_employees(connection, tenant_id, [employee_id]).get(employee_id, {}).get(path)
    if known is None:
        raise NotFoundError(f"{field.name} of employee {employee_id} is not pinned.")
    where = (pin.c.tenant_id == tenant_id, pin.c.employee_id == employee_id)
    connection.execute(delete(pin).where(*where, pin.c.path == path))
    _ask_sources(connection, tenant_id, employee_id, field.name)
    audit.record(
        connection, tenant_id, actor.name, "employee.unpinned", f"employee:{employee_id}", {"path": path}
    )
    return known


def forget(connection: Connection, tenant_id: int, employee_id: str) -> None:
    """Remove the pins of an employee who is no longer there."""
    connection.execute(delete(pin).where(pin.c.tenant_id == tenant_id, pin.c.employee_id == employee_id))


def fragment_with(field: TargetField, text: str) -> Document:
    """Return what ``directory.merge`` takes for one field; raises ``WrongUse`` when the text does not fit it."""
    if field.name == "userName" and not text.strip():
        raise WrongUse("userName cannot be empty: every employee has one.")
    try:
        value = CONVERSIONS[field.kind](text) if text.strip() else None
        return fragment_of({field.name: value}, {field.name: field}).document
    except BadValue as error:
        raise WrongUse(f"{field.name}: {text[:80]!r} {error.complaint}.") from None
    except RowRefused as refusal:
        raise WrongUse(f"{field.name}: {refusal}") from None


def _ask_sources(connection: Connection, tenant_id: int, employee_id: str, field: str) -> None:
    """Forget what the sources said of a field of an employee: their next import says it as if it were new."""
    record = source_record.c
    mine = (record.tenant_id == tenant_id, record.employee_id == employee_id)
    query = select(record.source_id, record.record_id, record.prints).where(*mine)
    for row in connection.execute(query).all():
        prints = {name: digest for name, digest in row.prints.items() if name != field}
        where = (*mine, record.source_id == row.source_id, record.record_id == row.record_id)
        values = {"prints": prints, "fingerprint": None}
        connection.execute(update(source_record).where(*where).values(values))
    read_whole_next(connection, tenant_id, also_without_lists=True)
