"""The one write path: document, members, revision, audit row, counter and listeners in the caller's transaction.

Employees, groups and resources of loaded types go the same way; their shelves say where they are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from app import clock
from app.database import is_sqlite, require_writing
from app.directory import documents, membership, roster, rows, uniqueness
from app.directory.listeners import Actor, Change, tell
from app.directory.recording import counted, recorded
from app.directory.schemas import user_type
from app.directory.sealing import Secrets, store_secrets
from app.directory.shelves import Shelf, shelf_of
from app.directory.together import Write, together
from app.directory.values import Document, differences, flatten, merged
from app.identifiers import new_id
from scim.errors import NotFound, Uniqueness, echo
from scim.membership import MemberChange
from scim.schema import ResourceType


class _Keep:
    """The external id stays as it is."""


KEEP: Final = _Keep()


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource as the rooms above see it: the whole document without sealed values, and without members."""

    tenant_id: int
    resource_type: ResourceType
    id: str
    version: int
    document: Document
    created_at: str
    last_modified: str
    #: The default projection as stored text (:func:`app.directory.documents.wire_text`).
    wire: str

    @property
    def active(self) -> bool:
        """True unless the document says otherwise."""
        return self.document.get("active") is not False


@dataclass(frozen=True, slots=True)
class Written:
    """The outcome of a write: the resource now, and the value paths that changed (none: nothing was written)."""

    resource: Resource
    paths: frozenset[str]

    @property
    def changed(self) -> bool:
        """True when the write changed the document, and so made a revision."""
        return bool(self.paths)


@dataclass(frozen=True, slots=True)
class Held:
    """A resource that is locked until the transaction ends, ready to be changed."""

    resource: Resource
    #: Value path → who wrote the value.
    owners: dict[str, str]
    #: The client on whose behalf it is held, and what that client calls the resource.
    client_id: int | None = None
    external_id: str | None = None
    #: An employee who is a member of some group.
    is_member: bool = False


def create(
    connection: Connection,
    tenant_id: int,
    actor: Actor,
    document: Document,
    *,
    resource_type: ResourceType | None = None,
    resource_id: str | None = None,
    external_id: str | None = None,
    client_id: int | None = None,
    secrets: Secrets | None = None,
    members: MemberChange | None = None,
    promised: Mapping[str, str] | None = None,
) -> Resource:
    """Create a resource from a canonical document: an employee, unless ``resource_type`` says otherwise.

    :param resource_id: an id that the caller made before; a new one otherwise.
    :param external_id: what the client ``client_id`` calls the resource.
    :param members: a group's members; ``promised`` ids (→ type) may be among them before they exist.
    :raises scim.errors.Uniqueness: a unique value is taken; the transaction stays usable.
    :raises scim.errors.InvalidValue: a member does not exist; the transaction must be rolled back.
    """
    require_writing(connection)
    shelf = shelf_of(resource_type or user_type(tenant_id, connection))
    moment, resource_id, flat = clock.now(), resource_id or new_id(), flatten(document)
    unique = uniqueness.claimed(connection, tenant_id, shelf, resource_id, document)
    row = shelf.content(document, is_sqlite=is_sqlite(connection)) | {
        "tenant_id": tenant_id,
        "type": shelf.name,
        "id": resource_id,
        "version": 1,
        "created_at": moment,
        "last_modified": moment,
        "owners": documents.dumped(dict.fromkeys(flat, actor.name)),
    }
    if not rows.insert_row(connection, shelf, row):
        raise _taken(document)
    uniqueness.claim(connection, unique)
    writes = rows.emails(tenant_id, resource_id, document) if shelf.is_people else []
    if shelf.is_people:
        writes.append(roster.added(tenant_id, resource_id, document))
    if external_id is not None and client_id is not None:
        writes.append(rows.external_id(tenant_id, client_id, resource_id, external_id))
    changes = {path: [None, value] for path, value in flat.items()}
    changes |= _stored_beside(connection, tenant_id, resource_id, secrets, members, promised)
    change = Change(tenant_id, resource_id, "created", None, document, frozenset(changes), actor, shelf.name)
    writes += [*recorded(change, shelf.forms, 1, moment, changes), counted(tenant_id, shelf.name, 1)]
    together(connection, writes)
    tell(connection, change)
    return Resource(tenant_id, shelf.resource_type, resource_id, 1, document, moment, moment, row["wire"])


def read_for_change(
    connection: Connection,
    tenant_id: int,
    resource_id: str,
    client_id: int | None = None,
    *,
    resource_type: ResourceType | None = None,
) -> Held:
    """Return the resource, locked until the transaction ends, with what the client calls it.

    :raises scim.errors.NotFound: when the tenant has no such resource of this type.
    """
    require_writing(connection)
    resource_type = resource_type or user_type(tenant_id, connection)
    found = rows.hold(connection, shelf_of(resource_type), tenant_id, resource_id, client_id)
    if found is None:
        raise NotFound(f"There is no {resource_type.name} {echo(resource_id, 64)} in this tenant.")
    version, wire, on_request, owners, created_at, last_modified, external_id, is_member = found
    document = documents.joined(wire, on_request)
    resource = Resource(
        tenant_id, resource_type, resource_id, version, document, created_at, last_modified, wire
    )
    return Held(resource, documents.loaded(owners), client_id, external_id, bool(is_member))


def replace(
    connection: Connection,
    tenant_id: int,
    resource_id: str,
    actor: Actor,
    document: Document,
    *,
    external_id: str | _Keep | None = KEEP,
    client_id: int | None = None,
    secrets: Secrets | None = None,
) -> Written:
    """Put a whole new document in an employee's place; what changes nothing writes nothing and keeps the version.

    :raises scim.errors.NotFound: no such employee. :raises scim.errors.Uniqueness: the userName is taken.
    """
    held = read_for_change(connection, tenant_id, resource_id, client_id)
    return change(connection, held, actor, document, external_id=external_id, secrets=secrets)


def merge(
    connection: Connection,
    tenant_id: int,
    resource_id: str,
    actor: Actor,
    fragment: Document,
    *,
    secrets: Secrets | None = None,
) -> Written:
    """Lay what a source knows over the employee's document (:func:`app.directory.values.merged`); as ``replace``."""
    held = read_for_change(connection, tenant_id, resource_id)
    return change(connection, held, actor, merged(held.resource.document, fragment), secrets=secrets)


def change(
    connection: Connection,
    held: Held,
    actor: Actor,
    document: Document,
    *,
    external_id: str | _Keep | None = KEEP,
    secrets: Secrets | None = None,
    members: MemberChange | None = None,
    promised: Mapping[str, str] | None = None,
) -> Written:
    """Write ``document`` over a resource that :func:`read_for_change` returned in this transaction.

    :raises scim.errors.Uniqueness: a unique value is taken. :raises scim.errors.InvalidValue: as for ``create``.
    """
    before = held.resource
    shelf = shelf_of(before.resource_type)
    tenant_id, resource_id = before.tenant_id, before.id
    flat = flatten(document)
    changes, writes = differences(flatten(before.document), flat), list[Write]()
    if changes:
        _claim_anew(connection, shelf, before, document)
    if not isinstance(external_id, _Keep) and held.client_id and held.external_id != external_id:
        changes["externalId"] = [held.external_id, external_id]
        writes.append(rows.external_id(tenant_id, held.client_id, resource_id, external_id))
    changes |= _stored_beside(connection, tenant_id, resource_id, secrets, members, promised)
    if not changes:
        return Written(before, frozenset())
    moment, number = max(clock.now(), before.last_modified), before.version + 1
    owned = {path: actor.name if path in changes else held.owners.get(path, actor.name) for path in flat}
    row = shelf.content(document, is_sqlite=is_sqlite(connection)) | {
        "tenant_id": tenant_id,
        "b_id": resource_id,
        "version": number,
        "last_modified": moment,
        "owners": documents.dumped(owned),
    }
    update = rows.updated(shelf, row, with_keys=not shelf.keyed_paths.isdisjoint(changes))
    if "userName" in changes and shelf.is_people:
        _rename(connection, update, document)
    else:
        writes.append(update)
    if shelf.is_people and document.get("emails") != before.document.get("emails"):
        rows.delete_emails(connection, tenant_id, resource_id)
        writes += rows.emails(tenant_id, resource_id, document)
    if shelf.is_people and roster.is_touched(changes):
        writes += roster.changed(tenant_id, resource_id, before.document, document)
    told = Change(
        tenant_id, resource_id, "changed", before.document, document, frozenset(changes), actor, shelf.name
    )
    together(connection, [*writes, *recorded(told, shelf.forms, number, moment, changes)])
    tell(connection, told)
    resource = Resource(
        tenant_id,
        before.resource_type,
        resource_id,
        number,
        document,
        before.created_at,
        moment,
        row["wire"],
    )
    return Written(resource, told.paths)


def delete(
    connection: Connection,
    tenant_id: int,
    resource_id: str,
    actor: Actor,
    *,
    resource_type: ResourceType | None = None,
) -> None:
    """Delete a resource and its memberships; revisions and audit rows stay. Raises ``scim.errors.NotFound``."""
    held = read_for_change(connection, tenant_id, resource_id, resource_type=resource_type)
    delete_held(connection, held, actor)


def delete_held(connection: Connection, held: Held, actor: Actor) -> None:
    """Delete a resource that :func:`read_for_change` returned in this transaction; see :func:`delete`."""
    before = held.resource
    shelf, tenant_id, resource_id = shelf_of(before.resource_type), before.tenant_id, before.id
    changes: dict[str, list[Any]] = {path: [value, None] for path, value in flatten(before.document).items()}
    gone = Change(
        tenant_id, resource_id, "deleted", before.document, None, frozenset(changes), actor, shelf.name
    )
    tell(connection, gone)
    if shelf.is_groups:
        changes |= membership.dissolved(connection, tenant_id, resource_id)
    for group_id in membership.groups_with(connection, tenant_id, resource_id):
        _leave(connection, tenant_id, group_id, resource_id, actor)
    rows.delete_row(connection, shelf, tenant_id, resource_id)
    writes = recorded(gone, shelf.forms, before.version + 1, clock.now(), changes)
    together(connection, [*writes, counted(tenant_id, shelf.name, -1)])


def _stored_beside(
    connection: Connection,
    tenant_id: int,
    resource_id: str,
    secrets: Secrets | None,
    members: MemberChange | None,
    promised: Mapping[str, str] | None,
) -> dict[str, list[Any]]:
    """Store what no document holds, sealed values and members; return path → [before, after]."""
    changes: dict[str, list[Any]] = {}
    if secrets:
        changes |= store_secrets(connection, tenant_id, resource_id, secrets)
    if members is not None:
        changes |= membership.changed(connection, tenant_id, resource_id, members, promised)
    return changes


def _claim_anew(connection: Connection, shelf: Shelf, before: Resource, document: Document) -> None:
    """Give up the unique values of a resource and claim those of its new document."""
    claims = uniqueness.claimed(
        connection, before.tenant_id, shelf, before.id, document, before=before.document
    )
    uniqueness.claim(connection, claims)


def _leave(connection: Connection, tenant_id: int, group_id: str, member_id: str, actor: Actor) -> None:
    """Remove a deleted resource from a group, which changes the group."""
    group_type = membership.group_type(tenant_id, connection)
    held = read_for_change(connection, tenant_id, group_id, resource_type=group_type)
    members = MemberChange(clears=False, added=(), removed=frozenset({member_id}))
    change(connection, held, actor, held.resource.document, members=members)


def _rename(connection: Connection, update: Write, document: Document) -> None:
    """Execute an update that may meet a taken userName: a savepoint keeps the transaction usable then."""
    try:
        with connection.begin_nested():
            together(connection, [update])
    except IntegrityError as error:
        raise _taken(document) from error


def _taken(document: Document) -> Uniqueness:
    return Uniqueness(f"userName {document['userName'][:200]!r} is taken by another User.")
