"""What is kept of each change: its revision and its audit row, and how many resources there are."""

from __future__ import annotations

import random
from typing import Any

from sqlalchemy import bindparam

from app.access import audit
from app.access.encryption import digest
from app.access.tables import AuditRow
from app.directory import documents
from app.directory.documents import Forms
from app.directory.listeners import Change
from app.directory.tables import Counter, Revision
from app.directory.together import Write, inserting

COUNTER_SLOTS = 16
EMPLOYEES = "User"

_counter = Counter.__table__
_insert_revision, _insert_audit = inserting(Revision.__table__), inserting(AuditRow.__table__)
#: What a resource of a type is called in actions and subjects of the audit chain.
_WORDS = {"User": "employee", "Group": "group"}


def recorded(
    change: Change, forms: Forms, number: int, moment: str, changes: dict[str, list[Any]]
) -> list[Write]:
    """Return the revision ``number`` and the audit row of a change; ``changes`` is path → [before, after]."""
    tenant_id, actor = change.tenant_id, change.actor
    shown = {
        path: _concealed(tenant_id, sides) if forms.is_concealed(path) else sides
        for path, sides in changes.items()
    }
    revision = {
        "tenant_id": tenant_id,
        "resource_id": change.resource_id,
        "number": number,
        "at": moment,
        "kind": change.kind,
        "actor": actor.name,
        "run_id": actor.run_id,
        "changes": documents.dumped(shown),
    }
    document = change.after or change.before or {}
    word = _WORDS.get(change.resource_type) or f"resource.{change.resource_type}"
    name = "userName" if change.is_of_a_person else "displayName"
    values = {name: document.get(name), "revision": number, "paths": sorted(changes)}
    subject = f"{word}:{change.resource_id}"
    audited = audit.row(tenant_id, actor.name, f"{word}.{change.kind}", subject, values, moment)
    return [Write(_insert_revision, revision), Write(_insert_audit, audited)]


def _concealed(tenant_id: int, sides: list[Any]) -> list[Any]:
    return [
        None if side is None else {"changed": digest(tenant_id, documents.dumped(side).encode())}
        for side in sides
    ]


def counted(tenant_id: int, resource_type: str, step: int) -> Write:
    """Return what adds ``step`` to a random slice of the tenant's count of resources of a type."""
    slot = random.randrange(COUNTER_SLOTS)
    row = {"tenant_id": tenant_id, "resource": resource_type, "slot": slot, "number": step}
    return Write(_upsert_counter, row)


def _upsert_counter(dialect: Any, prefix: str) -> Any:
    statement = dialect.insert(_counter).values({c.name: bindparam(prefix + c.name) for c in _counter.c})
    added = {"number": _counter.c.number + statement.excluded.number}
    return statement.on_conflict_do_update(index_elements=["tenant_id", "resource", "slot"], set_=added)
