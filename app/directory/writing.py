"""The one write path of people: document, revision, audit row, counter and listeners in the caller's transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from app import clock
from app.database import require_writing
from app.directory import documents, rows
from app.directory.listeners import Actor, Change, tell
from app.directory.recording import EMPLOYEES, counted, recorded
from app.directory.sealing import Secrets, store_secrets
from app.directory.together import Write, together
from app.directory.values import Document, differences, flatten, merged
from app.identifiers import new_id
from scim.errors import NotFound, Uniqueness


class _Keep:
    """The external id stays as it is."""


KEEP: Final = _Keep()


@dataclass(frozen=True)
class Employee:
    """One employee as the rooms above see it: the whole document without sealed values."""

    tenant_id: int
    id: str
    version: int
    active: bool
    document: Document
    created_at: str
    last_modified: str
    #: The default projection as stored text (:func:`app.directory.documents.wire_text`).
    wire: str


@dataclass(frozen=True)
class Written:
    """The outcome of a write: the employee now, and the value paths that changed (none: nothing was written)."""

    employee: Employee
    paths: frozenset[str]

    @property
    def changed(self) -> bool:
        """True when the write changed the document, and so made a revision."""
        return bool(self.paths)


@dataclass(frozen=True)
class Held:
    """An employee that is locked until the transaction ends, ready to be changed."""

    employee: Employee
    #: Value path → who wrote the value.
    owners: dict[str, str]
    #: The client on whose behalf it is held, and what that client calls the person.
    client_id: int | None = None
    external_id: str | None = None


def create(
    connection: Connection,
    tenant_id: int,
    actor: Actor,
    document: Document,
    *,
    external_id: str | None = None,
    client_id: int | None = None,
    secrets: Secrets | None = None,
) -> Employee:
    """Create an employee from a canonical document.

    :param external_id: what the client ``client_id`` calls the person.
    :raises scim.errors.Uniqueness: when the userName is taken; the transaction stays usable.
    """
    require_writing(connection)
    moment, employee_id, flat = clock.now(), new_id(), flatten(document)
    row = rows.content(connection, document) | {
        "tenant_id": tenant_id,
        "id": employee_id,
        "version": 1,
        "created_at": moment,
        "last_modified": moment,
        "owners": documents.dumped(dict.fromkeys(flat, actor.name)),
    }
    if not rows.insert_employee(connection, row):
        raise _taken(document)
    writes = rows.emails(tenant_id, employee_id, document)
    if external_id is not None and client_id is not None:
        writes.append(rows.external_id(tenant_id, client_id, employee_id, external_id))
    changes = {path: [None, value] for path, value in flat.items()}
    changes |= store_secrets(connection, tenant_id, employee_id, secrets or {})
    change = Change(tenant_id, employee_id, "created", None, document, frozenset(changes), actor)
    writes += [*recorded(change, 1, moment, changes), counted(tenant_id, EMPLOYEES, 1)]
    together(connection, writes)
    tell(connection, change)
    return Employee(tenant_id, employee_id, 1, row["active"], document, moment, moment, row["wire"])


def read_for_change(
    connection: Connection, tenant_id: int, employee_id: str, client_id: int | None = None
) -> Held:
    """Return the employee, locked until the transaction ends, with what the client calls the person.

    :raises scim.errors.NotFound: when there is no such employee in this tenant.
    """
    require_writing(connection)
    found = rows.hold(connection, tenant_id, employee_id, client_id)
    if found is None:
        raise NotFound(f"There is no User {employee_id[:64]!r}.")
    version, active, wire, on_request, owners, created_at, last_modified, external_id = found
    document = documents.joined(wire, on_request)
    employee = Employee(tenant_id, employee_id, version, active, document, created_at, last_modified, wire)
    return Held(employee, documents.loaded(owners), client_id, external_id)


def replace(
    connection: Connection,
    tenant_id: int,
    employee_id: str,
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
    held = read_for_change(connection, tenant_id, employee_id, client_id)
    return change(connection, held, actor, document, external_id=external_id, secrets=secrets)


def merge(
    connection: Connection,
    tenant_id: int,
    employee_id: str,
    actor: Actor,
    fragment: Document,
    *,
    secrets: Secrets | None = None,
) -> Written:
    """Lay what a source knows over the employee's document (:func:`app.directory.values.merged`); as ``replace``."""
    held = read_for_change(connection, tenant_id, employee_id)
    return change(connection, held, actor, merged(held.employee.document, fragment), secrets=secrets)


def change(
    connection: Connection,
    held: Held,
    actor: Actor,
    document: Document,
    *,
    external_id: str | _Keep | None = KEEP,
    secrets: Secrets | None = None,
) -> Written:
    """Write ``document`` over an employee that :func:`read_for_change` returned in this transaction."""
    before = held.employee
    tenant_id, employee_id = before.tenant_id, before.id
    flat = flatten(document)
    changes, writes = differences(flatten(before.document), flat), list[Write]()
    if not isinstance(external_id, _Keep) and held.client_id and held.external_id != external_id:
        changes["externalId"] = [held.external_id, external_id]
        writes.append(rows.external_id(tenant_id, held.client_id, employee_id, external_id))
    changes |= store_secrets(connection, tenant_id, employee_id, secrets or {})
    if not changes:
        return Written(before, frozenset())
    moment, number = max(clock.now(), before.last_modified), before.version + 1
    row = rows.content(connection, document) | {
        "b_tenant": tenant_id,
        "b_id": employee_id,
        "version": number,
        "last_modified": moment,
        "owners": documents.dumped(
            {path: actor.name if path in changes else held.owners.get(path, actor.name) for path in flat}
        ),
    }
    update = rows.updated(row, with_keys=not rows.KEYS.keys().isdisjoint(changes))
    if "userName" in changes:
        _rename(connection, update, document)
    else:
        writes.append(update)
    if document.get("emails") != before.document.get("emails"):
        rows.delete_emails(connection, tenant_id, employee_id)
        writes += rows.emails(tenant_id, employee_id, document)
    told = Change(tenant_id, employee_id, "changed", before.document, document, frozenset(changes), actor)
    together(connection, [*writes, *recorded(told, number, moment, changes)])
    tell(connection, told)
    employee = Employee(
        tenant_id, employee_id, number, row["active"], document, before.created_at, moment, row["wire"]
    )
    return Written(employee, told.paths)


def delete_employee(connection: Connection, tenant_id: int, employee_id: str, actor: Actor) -> None:
    """Delete an employee from the directory; revisions and audit rows stay. Raises ``scim.errors.NotFound``."""
    before = read_for_change(connection, tenant_id, employee_id).employee
    changes = {path: [value, None] for path, value in flatten(before.document).items()}
    gone = Change(tenant_id, employee_id, "deleted", before.document, None, frozenset(changes), actor)
    tell(connection, gone)
    rows.delete_employee(connection, tenant_id, employee_id)
    writes = recorded(gone, before.version + 1, clock.now(), changes)
    together(connection, [*writes, counted(tenant_id, EMPLOYEES, -1)])


def _rename(connection: Connection, update: Write, document: Document) -> None:
    """Execute an update that may meet a taken userName: a savepoint keeps the transaction usable then."""
    try:
        with connection.begin_nested():
            together(connection, [update])
    except IntegrityError as error:
        raise _taken(document) from error


def _taken(document: Document) -> Uniqueness:
    return Uniqueness(f"userName {document['userName'][:200]!r} is taken by another User.")
