"""What a client of the SCIM API may change of a person where the tenant has pins or a precedence.

An HR system that pushes is a source too: once a list names it (``client:NAME``) a stronger writer's value is not
changed by it. A pinned value is changed by no client at all. What is not applied is left out and noted in the client's
log; the answer has the resource as it is then (RFC 7644 §3.5.1, §3.5.2), so that the client reads what stands.

Tenants without either pay a look at what this process believes; it asks the database once a second at most.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import current_app
from sqlalchemy import Connection

from app.directory import Actor, Change, Document, Held, flatten, merged, owning
from app.sources import pins, precedence
from app.sources.fields import TargetField, user_fields
from app.sources.fragments import put_value
from app.sources.precedence import Precedence, fields_by_path, value_paths
from scim.errors import ScimError
from scim.resources import USER

#: How long a process believes that a tenant's lists and pins are as they were; setting one waits as long.
BELIEF_SECONDS = 1.0
_KEY = "rollcall.sources.pushing"


@dataclass(frozen=True, slots=True)
class Restraint:
    """What a tenant has that restrains writers."""

    precedence: Precedence | None
    has_pins: bool


@dataclass(frozen=True, slots=True)
class Allowed:
    """What is left of a client's change: the document to write, and the attributes that were left out of it."""

    document: Document
    dropped: tuple[str, ...] = ()
    #: Values that the client said as they are, and that count as its own from now on.
    spoken_for: frozenset[str] = frozenset()


def restraint(connection: Connection, tenant_id: int) -> Restraint | None:
    """Return what restrains writers in a tenant, None where nothing does: as it is, or was a second ago."""
    known: dict[int, tuple[float, Restraint | None]] = current_app.extensions.setdefault(_KEY, {})
    believed, now = known.get(tenant_id), time.monotonic()
    if believed is not None and now < believed[0]:
        return believed[1]
    found = Restraint(precedence.of_tenant(connection, tenant_id), pins.has_any(connection, tenant_id))
    said = found if found.precedence is not None or found.has_pins else None
    known[tenant_id] = (now + BELIEF_SECONDS, said)
    return said


def forget(tenant_id: int) -> None:
    """Look again at the next question: this process has just set a list or a pin."""
    current_app.extensions.get(_KEY, {}).pop(tenant_id, None)


def allowed(
    connection: Connection,
    held: Held,
    client_id: int,
    wanted: Document,
    said: Callable[[Document], Document],
) -> Allowed:
    """Return what a client may make of an employee of whom it wants ``wanted``.

    :param said: what the request makes of another document; to see which values it names that are as it says already.
    """
    found = restraint(connection, held.resource.tenant_id)
    if found is None or held.resource.resource_type.schema.id != USER:
        return Allowed(wanted)
    writer, lists = f"client:{client_id}", found.precedence
    if lists is not None and writer not in lists.named:
        lists = None
    pinned = _pinned(connection, held) if found.has_pins else frozenset()
    if lists is None and not pinned:
        return Allowed(wanted)
    before, after = flatten(held.resource.document), flatten(wanted)
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    kept = sorted(
        path
        for path in changed
        if path in pinned or (lists is not None and _is_stronger(lists, path, held.owners.get(path), writer))
    )
    document = restored(held.resource.document, wanted, [_field(path) for path in kept]) if kept else wanted
    if lists is None:
        return Allowed(document, tuple(map(_attribute, kept)))
    weaker = [
        path
        for path, owner in held.owners.items()
        if path not in changed and path not in pinned and _is_stronger(lists, path, writer, owner)
    ]
    return Allowed(document, tuple(map(_attribute, kept)), _repeated(held.resource.document, weaker, said))


def take_over(connection: Connection, held: Held, client_id: int, paths: Iterable[str]) -> None:
    """Make a client the owner of the values that it said as they were."""
    wanted = list(paths)
    if wanted:
        actor = Actor("client", str(client_id))
        owning.take_over(connection, held.resource.tenant_id, held.resource.id, actor, wanted)


def on_directory_change(connection: Connection, change: Change) -> None:
    """Keep lists and pins true when a person changes: a listener of the directory.

    Who has emptied a value leaves the word to the others, so all their records are read next time; of who was deleted
    nothing is pinned.
    """
    if not change.is_of_a_person or change.before is None:
        return
    found = restraint(connection, change.tenant_id)
    if found is None:
        return
    if change.after is None:
        pins.forget(connection, change.tenant_id, change.resource_id)
        return
    left = flatten(change.after)
    emptied = (path for path in change.paths if path not in left and path in fields_by_path())
    lists = found.precedence
    if lists is not None and any(lists.places_for(fields_by_path()[path]) for path in emptied):
        silent = change.actor.id if change.actor.kind == "source" else None
        precedence.read_whole_next(connection, change.tenant_id, but=silent, of=change.resource_id)


def restored(before: Document, wanted: Document, fields: Iterable[TargetField]) -> Document:
    """Return ``wanted`` with these fields as they were.

    An entry of a type of which there are several, or that is gone, comes back whole: of its members alone nobody could
    tell which entry they belong to.
    """
    document, old = wanted, flatten(before)
    for field in fields:
        attribute, kind, *_ = (*field.steps, "")
        then, now = _of_type(before, attribute, kind), _of_type(document, attribute, kind)
        if field.typed and (len(now) > 1 or len(then) > 1 or (then and not now)):
            others = [e for e in document.get(attribute, ()) if e.get("type") != kind]
            rest = {name: value for name, value in document.items() if name != attribute}
            entries = [*then, *_yielding(others, then)]
            document = {**rest, attribute: entries} if entries else rest
            continue
        fragment: Document = {}
        put_value(fragment, field, old.get(value_paths()[field.name]))
        document = merged(document, fragment)
    return document


def _of_type(document: Document, attribute: str, kind: str) -> list[Document]:
    entries = document.get(attribute)
    return [e for e in entries if e.get("type") == kind] if isinstance(entries, list) else []


def _yielding(entries: list[Document], then: list[Document]) -> list[Document]:
    """Return entries of which none is primary when one that comes back is (RFC 7643 §2.4: one at most)."""
    if not any(entry.get("primary") for entry in then):
        return entries
    return [{name: value for name, value in entry.items() if name != "primary"} for entry in entries]


def _is_stronger(lists: Precedence, path: str, one: str | None, other: str) -> bool:
    field = fields_by_path().get(path)
    if field is None or one is None or lists.places_for(field) is None:
        return False
    return lists.place(field, one) < lists.place(field, other)


def _repeated(before: Document, paths: Iterable[str], said: Callable[[Document], Document]) -> frozenset[str]:
    """Return the paths at which a request says what stands there: it makes that of another value, too."""
    old, marked, looked_at = flatten(before), before, []
    for path in paths:
        fragment: Document = {}
        put_value(fragment, _field(path), _another(old[path]))
        marked = merged(marked, fragment)
        looked_at.append(path)
    if not looked_at:
        return frozenset()
    try:
        made = flatten(said(marked))
    except ScimError:
        return frozenset()  # It selects by a value that was marked; so it does not say it.
    return frozenset(path for path in looked_at if made.get(path) == old[path])


def _another(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, list):
        return [*value, "~"]
    return f"{value}~" if isinstance(value, str) else value + 1


def _pinned(connection: Connection, held: Held) -> frozenset[str]:
    place = (connection, held.resource.tenant_id, [held.resource.id])
    found: Mapping[str, Any] = pins.of_employees(*place).get(held.resource.id, {})
    return frozenset(found)


def _field(path: str) -> TargetField:
    return user_fields().fields[fields_by_path()[path]]


def _attribute(path: str) -> str:
    """Return the attribute that a value belongs to, as clients name it: ``emails.value``."""
    field = _field(path)
    return f"{field.steps[0]}.{field.steps[2]}" if field.typed else path
