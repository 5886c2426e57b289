"""Whose word counts where several write one field: a tenant's lists of writers, from the strongest on.

A list stands for one field, or (``*``) for every field without a list of its own. Who is not named in it stands behind
all who are; a source that was removed or disconnected stands behind everybody. Without a list everybody is equal: the
last writer wins. Sealed values (salary, social security number) have no recorded owner, so lists say nothing of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, bindparam, delete, exists, select

from app.access import audit, clients
from app.database import require_writing, upsert
from app.errors import NotFoundError, WrongUse
from app.sources import rereading
from app.sources.fields import TargetField, user_fields
from app.sources.tables import precedence, source, source_record

EVERY_FIELD = "*"
_LISTS = select(precedence.c.field, precedence.c.writers).where(
    precedence.c.tenant_id == bindparam("b_tenant")
)
_CONNECTED = select(source.c.name).where(
    source.c.tenant_id == bindparam("b_tenant"), source.c.state.in_(("active", "paused"))
)


@dataclass(frozen=True)
class Precedence:
    """The lists of one tenant. Writers are named as owners are: ``source:hr``, ``client:3``."""

    #: Field → writer → its place from the strongest (0) on.
    places: Mapping[str, Mapping[str, int]]
    #: The sources whose word counts at all.
    connected: frozenset[str]

    @property
    def named(self) -> frozenset[str]:
        """The writers that some list names."""
        return frozenset(writer for places in self.places.values() for writer in places)

    def places_for(self, field: str) -> Mapping[str, int] | None:
        """Return writer → place in the list that counts for a field; None where there is none."""
        if field not in value_paths():
            return None
        return self.places.get(field) or self.places.get(EVERY_FIELD)

    def place(self, field: str, writer: str) -> int:
        """Return the place of a writer for a field; the lower, the stronger."""
        places = self.places_for(field) or {}
        if writer.startswith("source:") and writer not in self.connected:
            return len(places) + 1
        return places.get(writer, len(places))

    def lets(self, field: str, writer: str, owner: str | None, value: Any, is_changed: bool) -> bool:
        """Whether what a writer says of a field is to be written over what ``owner`` wrote (None: there is no value).

        A stronger writer's value is written even when it did not change: so what a list says comes true with the next
        import, in whatever order the writers spoke. Who says "empty" has no word: that takes away a value of its own
        only.
        """
        if self.places_for(field) is None:
            return is_changed
        if owner is None:
            return value is not None
        mine, theirs = self.place(field, writer), self.place(field, owner)
        if mine == theirs:
            return is_changed
        return mine < theirs and value is not None and (is_changed or not self.revives(field, owner, value))

    def revives(self, field: str, owner: str, value: Any) -> bool:
        """Whether it would make somebody active whom an admin, or a client that no list names, has set inactive.

        A hand on the brake is not taken off because a source still says what it said before.
        """
        return field == "active" and value is True and owner not in (self.places_for(field) or {})


@lru_cache(maxsize=1)
def value_paths() -> Mapping[str, str]:
    """Return field of a mapping → value path (``app.directory.values``); what cannot be ranked is not in it."""
    return {
        name: path_of(field)
        for name, field in user_fields().fields.items()
        if not (field.secret or field.of_the_record)
    }


@lru_cache(maxsize=1)
def fields_by_path() -> Mapping[str, str]:
    """Return value path → field of a mapping."""
    return {path: name for name, path in value_paths().items()}


def path_of(field: TargetField) -> str:
    """Return the value path of a field.

    >>> path_of(user_fields().fields["enterprise.department"])
    'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department'
    >>> path_of(user_fields().fields["emails[work].value"])
    'emails[work].value'
    """
    if field.typed:
        attribute, kind, member = field.steps
        return f"{attribute}[{kind}].{member}"
    first, *rest = field.steps
    return f"{first}:{'.'.join(rest)}" if first.startswith("urn:") else ".".join(field.steps)


def field_named(text: str) -> TargetField:
    """Return the field that is meant, in any spelling that a mapping may use; raises ``WrongUse``."""
    found = user_fields().find(text)
    if found is None:
        meant = user_fields().suggestion(text)
        hint = f"; did you mean {meant!r}?" if meant else "; docs/mapping.md lists all fields."
        raise WrongUse(f"{text[:80]!r} is no field of a mapping{hint}")
    if found.secret:
        raise WrongUse(
            f"{found.name} is sealed: it is not recorded who wrote it, so it can be neither ranked nor pinned."
            " Map it in one source only."
        )
    if found.of_the_record:
        raise WrongUse(
            f"{found.name} is said of each source's own record, so it can be neither ranked nor pinned."
        )
    return found


def of_tenant(connection: Connection, tenant_id: int) -> Precedence | None:
    """Return the tenant's precedence, None when it has no list."""
    rows = connection.execute(_LISTS, {"b_tenant": tenant_id}).all()
    if not rows:
        return None
    names = {writer for row in rows for writer in row.writers}
    owners = {writer: writer for writer in names}
    if any(writer.startswith("client:") for writer in names):
        owners |= {f"client:{c.name}": f"client:{c.id}" for c in clients.listed(connection, tenant_id)}
    connected = {f"source:{name}" for name in connection.scalars(_CONNECTED, {"b_tenant": tenant_id})}
    places = {row.field: {owners[writer]: place for place, writer in enumerate(row.writers)} for row in rows}
    return Precedence(places, frozenset(connected))


def listed(connection: Connection, tenant_id: int) -> dict[str, list[str]]:
    """Return field → writers as they were named, the list for every field last."""
    rows = connection.execute(_LISTS, {"b_tenant": tenant_id}).all()
    return {r.field: r.writers for r in sorted(rows, key=lambda r: (r.field == EVERY_FIELD, r.field))}


def put(connection: Connection, tenant_id: int, text: str, writers: Sequence[str], by: str) -> str:
    """Store the list of a field (``*``: of every other one) and return the field's name.

    :raises WrongUse: no such field, a writer that is named twice, or not as ``source:NAME`` or ``client:NAME``.
    :raises NotFoundError: no such source or client.
    """
    require_writing(connection)
    field = EVERY_FIELD if text == EVERY_FIELD else field_named(text).name
    if not writers or len(set(writers)) != len(writers):
        raise WrongUse("Name each writer once, the strongest first: source:NAME or client:NAME.")
    for writer in writers:
        _require_writer(connection, tenant_id, writer)
    _store(connection, tenant_id, field, writers, by)
    read_whole_next(connection, tenant_id)
    return field


def forget(connection: Connection, tenant_id: int, writer: str, by: str) -> None:
    """Take a writer that is no more out of the lists that name it; a list that named nobody else goes away."""
    require_writing(connection)
    for field, writers in listed(connection, tenant_id).items():
        left = [each for each in writers if each != writer]
        if not left:
            _delete(connection, tenant_id, field, by)
        elif left != writers:
            _store(connection, tenant_id, field, left, by)


def take_away(connection: Connection, tenant_id: int, text: str, by: str) -> str:
    """Remove the list of a field and return the field's name; the values stay until somebody says something new.

    :raises NotFoundError: it has no list. :raises WrongUse: no such field.
    """
    require_writing(connection)
    field = EVERY_FIELD if text == EVERY_FIELD else field_named(text).name
    if not _delete(connection, tenant_id, field, by):
        raise NotFoundError(
            f"{field} has no list of its own; `rollcall precedence list` shows those there are."
        )
    read_whole_next(connection, tenant_id)
    return field


def _store(connection: Connection, tenant_id: int, field: str, writers: Sequence[str], by: str) -> None:
    values = {"writers": list(writers)}
    statement = upsert(connection, precedence).values({"tenant_id": tenant_id, "field": field, **values})
    new = {"writers": statement.excluded.writers}
    connection.execute(statement.on_conflict_do_update(index_elements=["tenant_id", "field"], set_=new))
    audit.record(connection, tenant_id, by, "precedence.set", f"field:{field}"[:250], values)


def _delete(connection: Connection, tenant_id: int, field: str, by: str) -> bool:
    where = (precedence.c.tenant_id == tenant_id, precedence.c.field == field)
    if connection.execute(delete(precedence).where(*where)).rowcount != 1:
        return False
    audit.record(connection, tenant_id, by, "precedence.removed", f"field:{field}"[:250], {})
    return True


def read_whole_next(
    connection: Connection,
    tenant_id: int,
    *,
    also_without_lists: bool = False,
    but: str | None = None,
    of: str | None = None,
) -> None:
    """Have the next import of every source read all its records, not only the new ones: their word may count now.

    Without a list nobody waits for another to fall silent, so nothing is read again. ``but`` names the source that has
    fallen silent itself, ``of`` the one employee whom it is about: who has no record of them is left alone.
    """
    if not also_without_lists and connection.execute(_LISTS, {"b_tenant": tenant_id}).first() is None:
        return
    which = [source.c.tenant_id == tenant_id]
    if but is not None:
        which.append(source.c.name != but)
    if of is not None:
        record = (source_record.c.tenant_id == tenant_id, source_record.c.source_id == source.c.id)
        which.append(exists().where(*record, source_record.c.employee_id == of))
    rereading.reset(connection, *which)


def _require_writer(connection: Connection, tenant_id: int, writer: str) -> None:
    kind, _, name = writer.partition(":")
    if kind == "client" and name:
        clients.named(connection, tenant_id, name)
    elif kind == "source" and name:
        query = select(source.c.name).where(source.c.tenant_id == tenant_id)
        known = sorted(connection.scalars(query))
        if name not in known:
            shown = ", ".join(known[:10]) or "none yet"
            raise NotFoundError(f"There is no source {name[:80]!r} in this tenant (known: {shown}).")
    else:
        raise WrongUse(f"{writer[:80]!r} names no writer; write source:NAME or client:NAME.")
