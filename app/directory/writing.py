"""The one write path of people: document, revision, audit row, counter and listeners in the caller's transaction."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from app import clock
from app.access import audit
from app.access.encryption import digest, seal, unseal
from app.database import is_sqlite, require_writing, upsert
from app.directory import documents
from app.directory.listeners import Actor, Change, tell
from app.directory.tables import Counter, EmployeeEmail, EmployeeRow, EmployeeSecret, ExternalId, Revision
from app.directory.values import Document, differences, flatten, merged
from app.identifiers import new_id
from scim.errors import NotFound, Uniqueness
from scim.keys import comparison_key

COUNTER_SLOTS = 16
EMPLOYEES = "User"


class _Keep:
    """The external id stays as it is."""


KEEP: Final = _Keep()
#: Sealed values: path → value; None clears.
Secrets = Mapping[str, Any]

_employee, _email, _external = EmployeeRow.__table__, EmployeeEmail.__table__, ExternalId.__table__
_revision, _counter, _secret = Revision.__table__, Counter.__table__, EmployeeSecret.__table__


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


_INSERT_EMAIL = insert(_email)
_INSERT_REVISION = insert(_revision)
_WHERE_EMPLOYEE = (_employee.c.tenant_id == bindparam("b_tenant"), _employee.c.id == bindparam("b_id"))
_UPDATE_EMPLOYEE = (
    update(_employee)
    .where(*_WHERE_EMPLOYEE)
    .values(
        {
            name: bindparam(name)
            for name in (
                *("version", "active", "user_name_key", "display_name_key", "employee_number_key", "last_modified"),
                *("wire", "on_request", "compared", "owners"),
            )
        }
    )
)
_SELECT_FOR_CHANGE = select(
    *(_employee.c[name] for name in ("version", "active", "wire", "on_request", "owners", "created_at", "last_modified"))
).where(*_WHERE_EMPLOYEE)
_LOCK_FOR_CHANGE = _SELECT_FOR_CHANGE.with_for_update()
_DELETE_EMAILS = delete(_email).where(_email.c.tenant_id == bindparam("b_tenant"), _email.c.employee_id == bindparam("b_id"))
_DELETE_EMPLOYEE = delete(_employee).where(*_WHERE_EMPLOYEE)


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
    row = documents.columns(document) | {
        "tenant_id": tenant_id,
        "id": employee_id,
        "version": 1,
        "created_at": moment,
        "last_modified": moment,
        "compared": _compared(connection, document),
        "owners": documents.dumped(dict.fromkeys(flat, actor.name)),
    }
    if connection.execute(_inserts[connection.dialect.name], row).rowcount == 0:
        raise _taken(document)
    _insert_emails(connection, tenant_id, employee_id, document)
    if external_id is not None and client_id is not None:
        _set_external_id(connection, tenant_id, client_id, employee_id, external_id)
    changes = {path: [None, value] for path, value in flat.items()}
    changes |= _store_secrets(connection, tenant_id, employee_id, secrets or {})
    _record(connection, tenant_id, employee_id, 1, "created", actor, moment, changes, document)
    count(connection, tenant_id, EMPLOYEES, 1)
    tell(connection, Change(tenant_id, employee_id, "created", None, document, frozenset(changes), actor))
    return Employee(tenant_id, employee_id, 1, row["active"], document, moment, moment, row["wire"])


def read_for_change(connection: Connection, tenant_id: int, employee_id: str) -> tuple[Employee, dict[str, str]]:
    """Return the employee, locked until the transaction ends, and the owners of its values.

    :raises scim.errors.NotFound: when there is no such employee in this tenant.
    """
    require_writing(connection)
    statement = _SELECT_FOR_CHANGE if is_sqlite(connection) else _LOCK_FOR_CHANGE
    row = connection.execute(statement, {"b_tenant": tenant_id, "b_id": employee_id}).first()
    if row is None:
        raise NotFound(f"There is no User {employee_id[:64]!r}.")
    document = documents.joined(row.wire, row.on_request)
    employee = Employee(
        tenant_id, employee_id, row.version, row.active, document, row.created_at, row.last_modified, row.wire
    )
    return employee, documents.loaded(row.owners)


def replace(
    connection: Connection,
    tenant_id: int,
    employee_id: str,
    actor: Actor,
    document: Document,
    *,
    external_id: str | None | _Keep = KEEP,
    client_id: int | None = None,
    secrets: Secrets | None = None,
) -> Written:
    """Put a whole new document in an employee's place; what changes nothing writes nothing and keeps the version.

    :raises scim.errors.NotFound: no such employee. :raises scim.errors.Uniqueness: the userName is taken.
    """
    before, owners = read_for_change(connection, tenant_id, employee_id)
    return change(connection, before, owners, actor, document, external_id=external_id, client_id=client_id, secrets=secrets)


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
    before, owners = read_for_change(connection, tenant_id, employee_id)
    return change(connection, before, owners, actor, merged(before.document, fragment), secrets=secrets)


def change(
    connection: Connection,
    before: Employee,
    owners: dict[str, str],
    actor: Actor,
    document: Document,
    *,
    external_id: str | None | _Keep = KEEP,
    client_id: int | None = None,
    secrets: Secrets | None = None,
) -> Written:
    """Write ``document`` over an employee that :func:`read_for_change` returned in this transaction."""
    tenant_id, employee_id = before.tenant_id, before.id
    flat_before, flat = flatten(before.document), flatten(document)
    changes = differences(flat_before, flat)
    if not isinstance(external_id, _Keep) and client_id is not None:
        changes |= _changed_external_id(connection, tenant_id, client_id, employee_id, external_id)
    changes |= _store_secrets(connection, tenant_id, employee_id, secrets or {})
    if not changes:
        return Written(before, frozenset())
    moment = max(clock.now(), before.last_modified)
    row = documents.columns(document) | {
        "b_tenant": tenant_id,
        "b_id": employee_id,
        "version": before.version + 1,
        "last_modified": moment,
        "compared": _compared(connection, document),
        "owners": documents.dumped({path: actor.name if path in changes else owners.get(path, actor.name) for path in flat}),
    }
    _update(connection, row, document, before.document)
    if document.get("emails") != before.document.get("emails"):
        connection.execute(_DELETE_EMAILS, {"b_tenant": tenant_id, "b_id": employee_id})
        _insert_emails(connection, tenant_id, employee_id, document)
    _record(connection, tenant_id, employee_id, before.version + 1, "changed", actor, moment, changes, document)
    paths = frozenset(changes)
    tell(connection, Change(tenant_id, employee_id, "changed", before.document, document, paths, actor))
    employee = Employee(
        tenant_id, employee_id, before.version + 1, row["active"], document, before.created_at, moment, row["wire"]
    )
    return Written(employee, paths)


def delete_employee(connection: Connection, tenant_id: int, employee_id: str, actor: Actor) -> None:
    """Delete an employee from the directory; revisions and audit rows stay. Raises ``scim.errors.NotFound``."""
    before, _ = read_for_change(connection, tenant_id, employee_id)
    gone = Change(tenant_id, employee_id, "deleted", before.document, None, frozenset(flatten(before.document)), actor)
    tell(connection, gone)
    connection.execute(_DELETE_EMPLOYEE, {"b_tenant": tenant_id, "b_id": employee_id})
    changes = {path: [value, None] for path, value in flatten(before.document).items()}
    number = before.version + 1
    _record(connection, tenant_id, employee_id, number, "deleted", actor, clock.now(), changes, before.document)
    count(connection, tenant_id, EMPLOYEES, -1)


def _compared(connection: Connection, document: Document) -> Any:
    compared = documents.comparison_document(document)
    return documents.dumped(compared) if is_sqlite(connection) else compared


def _update(connection: Connection, row: dict[str, Any], document: Document, before: Document) -> None:
    """Execute the update; only a changed userName can meet a taken one, and only then a savepoint is needed."""
    if row["user_name_key"] == comparison_key(before["userName"]):
        connection.execute(_UPDATE_EMPLOYEE, row)
        return
    try:
        with connection.begin_nested():
            connection.execute(_UPDATE_EMPLOYEE, row)
    except IntegrityError as error:
        raise _taken(document) from error


def _taken(document: Document) -> Uniqueness:
    return Uniqueness(f"userName {document['userName'][:200]!r} is taken by another User.")


def _insert_emails(connection: Connection, tenant_id: int, employee_id: str, document: Document) -> None:
    rows = [
        {"tenant_id": tenant_id, "employee_id": employee_id, "position": position, "type": kind, "key": key}
        for position, (kind, key) in enumerate(documents.emails(document))
    ]
    if rows:
        connection.execute(_INSERT_EMAIL, rows)


def _changed_external_id(
    connection: Connection, tenant_id: int, client_id: int, employee_id: str, value: str | None
) -> dict[str, list[Any]]:
    where = (
        _external.c.tenant_id == tenant_id,
        _external.c.client_id == client_id,
        _external.c.employee_id == employee_id,
    )
    known = connection.scalar(select(_external.c.value).where(*where))
    if known == value:
        return {}
    if value is None:
        connection.execute(delete(_external).where(*where))
    else:
        _set_external_id(connection, tenant_id, client_id, employee_id, value)
    return {"externalId": [known, value]}


def _set_external_id(connection: Connection, tenant_id: int, client_id: int, employee_id: str, value: str) -> None:
    row = {"tenant_id": tenant_id, "client_id": client_id, "employee_id": employee_id, "value": value}
    statement = upsert(connection, _external).values(row)
    key = ["tenant_id", "client_id", "employee_id"]
    connection.execute(statement.on_conflict_do_update(index_elements=key, set_={"value": value}))


def _store_secrets(
    connection: Connection, tenant_id: int, employee_id: str, secrets: Secrets
) -> dict[str, list[Any]]:
    """Seal the values that are new or different; return path → [digest before, digest after]."""
    changes: dict[str, list[Any]] = {}
    for path, said in secrets.items():
        whole_path, member = documents.sealed_path(path)
        where = (_secret.c.tenant_id == tenant_id, _secret.c.employee_id == employee_id, _secret.c.path == whole_path)
        known = connection.execute(select(_secret.c.digest, _secret.c.sealed).where(*where)).first()
        place = f"employee_secret/{employee_id}/{whole_path}"
        value = said
        if member is not None:
            old = documents.loaded(unseal(tenant_id, place, known.sealed).decode()) if known else {}
            value = {name: part for name, part in {**old, member: said}.items() if part is not None} or None
        plain = documents.dumped(value).encode()
        before, after = known.digest if known else None, None if value is None else digest(tenant_id, plain)
        if before == after:
            continue
        connection.execute(delete(_secret).where(*where))
        if after is not None:
            row = {"tenant_id": tenant_id, "employee_id": employee_id, "path": whole_path, "digest": after}
            connection.execute(insert(_secret).values(row | {"sealed": seal(tenant_id, place, plain)}))
        changes[whole_path] = [before, after]
    return changes


def _record(
    connection: Connection,
    tenant_id: int,
    employee_id: str,
    number: int,
    kind: str,
    actor: Actor,
    moment: str,
    changes: dict[str, list[Any]],
    document: Document,
) -> None:
    """Write the revision and the audit row of one change."""
    shown = {path: _concealed(tenant_id, sides) if documents.is_concealed(path) else sides for path, sides in changes.items()}
    connection.execute(
        _INSERT_REVISION,
        {
            "tenant_id": tenant_id,
            "employee_id": employee_id,
            "number": number,
            "at": moment,
            "kind": kind,
            "actor": actor.name,
            "run_id": actor.run_id,
            "changes": documents.dumped(shown),
        },
    )
    values = {"userName": document["userName"], "revision": number, "paths": sorted(changes)}
    audit.record(connection, tenant_id, actor.name, f"employee.{kind}", f"employee:{employee_id}", values)


def _concealed(tenant_id: int, sides: list[Any]) -> list[Any]:
    return [None if side is None else {"changed": digest(tenant_id, documents.dumped(side).encode())} for side in sides]


def count(connection: Connection, tenant_id: int, resource: str, step: int) -> None:
    """Add ``step`` to a random slice of the tenant's count of ``resource``."""
    row = {"tenant_id": tenant_id, "resource": resource, "slot": random.randrange(COUNTER_SLOTS), "number": step}  # noqa: S311
    connection.execute(_upserts[connection.dialect.name], row)


def _count_statement(dialect: Any) -> Any:
    statement = dialect.insert(_counter).values(
        {name: bindparam(name) for name in ("tenant_id", "resource", "slot", "number")}
    )
    added = {"number": _counter.c.number + statement.excluded.number}
    return statement.on_conflict_do_update(index_elements=["tenant_id", "resource", "slot"], set_=added)


def _insert_statement(dialect: Any) -> Any:
    """An INSERT that writes nothing when the userName is taken, so that no savepoint is needed."""
    statement = dialect.insert(_employee).on_conflict_do_nothing(index_elements=["tenant_id", "user_name_key"])
    return statement.execution_options(preserve_rowcount=True)


_DIALECTS: dict[str, Any] = {"sqlite": sqlite, "postgresql": postgresql}
_upserts = {name: _count_statement(dialect) for name, dialect in _DIALECTS.items()}
_inserts = {name: _insert_statement(dialect) for name, dialect in _DIALECTS.items()}
