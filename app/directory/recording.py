"""What is kept of each change: its revision and its audit row, and how many employees there are."""

from __future__ import annotations

import random
from typing import Any

from sqlalchemy import Connection, bindparam, insert
from sqlalchemy.dialects import postgresql, sqlite

from app.access import audit
from app.access.encryption import digest
from app.directory import documents
from app.directory.listeners import Change
from app.directory.tables import Counter, Revision

COUNTER_SLOTS = 16
EMPLOYEES = "User"

_revision, _counter = Revision.__table__, Counter.__table__
_INSERT_REVISION = insert(_revision)


def record(
    connection: Connection, change: Change, number: int, moment: str, changes: dict[str, list[Any]]
) -> None:
    """Write the revision ``number`` and the audit row of a change; ``changes`` is path → [before, after]."""
    tenant_id, actor = change.tenant_id, change.actor
    shown = {
        path: _concealed(tenant_id, sides) if documents.is_concealed(path) else sides
        for path, sides in changes.items()
    }
    connection.execute(
        _INSERT_REVISION,
        {
            "tenant_id": tenant_id,
            "employee_id": change.employee_id,
            "number": number,
            "at": moment,
            "kind": change.kind,
            "actor": actor.name,
            "run_id": actor.run_id,
            "changes": documents.dumped(shown),
        },
    )
    person = change.after or change.before or {}
    values = {"userName": person["userName"], "revision": number, "paths": sorted(changes)}
    subject = f"employee:{change.employee_id}"
    audit.record(connection, tenant_id, actor.name, f"employee.{change.kind}", subject, values)


def _concealed(tenant_id: int, sides: list[Any]) -> list[Any]:
    return [
        None if side is None else {"changed": digest(tenant_id, documents.dumped(side).encode())}
        for side in sides
    ]


def count(connection: Connection, tenant_id: int, resource: str, step: int) -> None:
    """Add ``step`` to a random slice of the tenant's count of ``resource``."""
    row = {
        "tenant_id": tenant_id,
        "resource": resource,
        "slot": random.randrange(COUNTER_SLOTS),
        "number": step,
    }
    connection.execute(_upserts[connection.dialect.name], row)


def _count_statement(dialect: Any) -> Any:
    statement = dialect.insert(_counter).values(
        {name: bindparam(name) for name in ("tenant_id", "resource", "slot", "number")}
    )
    added = {"number": _counter.c.number + statement.excluded.number}
    return statement.on_conflict_do_update(index_elements=["tenant_id", "resource", "slot"], set_=added)


_DIALECTS: dict[str, Any] = {"sqlite": sqlite, "postgresql": postgresql}
_upserts = {name: _count_statement(dialect) for name, dialect in _DIALECTS.items()}
