"""Forgetting a person: what the directory knows of an employee goes, ids and times stay.

Revisions keep who changed something and when; audit rows keep their salted digests, so that the chain still verifies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from sqlalchemy import Connection, select, update

from app.access import audit
from app.database import require_writing
from app.directory import documents
from app.directory.listeners import Actor
from app.directory.tables import Revision
from app.directory.values import flatten
from app.directory.writing import delete_held, read_for_change
from app.errors import NotFoundError
from scim.errors import NotFound

_revision = Revision.__table__
#: Paths whose values name a person where others write about them: in reasons, plans, answers of targets.
_NAMING = ("userName", "displayName", "nickName", "name.formatted", "emails", "phoneNumbers", "externalId")
_KINDS = (".type", ".primary")
#: Shorter ones would be found in other words.
_SHORTEST_NAME = 4


@dataclass(frozen=True)
class Forgotten:
    """What was forgotten: whether the person was still present, how many revisions, and what they were called."""

    was_present: bool
    revisions: int
    names: frozenset[str]


def forget(connection: Connection, tenant_id: int, employee_id: str, actor: Actor) -> Forgotten:
    """Erase an employee, present or deleted, from the directory; who is present is deleted first, as ever (rule 7).

    ``names`` of the answer are for erasing them elsewhere, and must not be kept.

    :raises NotFoundError: this tenant never had such an employee.
    """
    require_writing(connection)
    try:
        held = read_for_change(connection, tenant_id, employee_id)
    except NotFound:
        held = None
    if held is not None:
        delete_held(connection, held, actor)
    where = (_revision.c.tenant_id == tenant_id, _revision.c.resource_id == employee_id)
    query = select(_revision.c.changes).where(*where).order_by(_revision.c.number)
    changes = [documents.loaded(text) for text in connection.scalars(query)]
    number = len(changes)
    if held is not None:
        changes.append({path: [None, value] for path, value in flatten(held.resource.document).items()})
    if not changes or not audit.forget(connection, tenant_id, f"employee:{employee_id}"):
        raise NotFoundError(
            f"There is and was no employee {employee_id[:64]!r} in this tenant; name one by id."
        )
    connection.execute(update(_revision).where(*where).values(changes="{}"))
    return Forgotten(held is not None, number, _names(changes))


def _names(changes: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """Return all that a person was ever called, first and last names only together."""
    called = {
        text
        for change in changes
        for path, sides in change.items()
        if path.startswith(_NAMING) and not path.endswith(_KINDS)
        for text in _texts(sides)
    }
    given, family = (
        {text for change in changes for text in _texts(change.get(f"name.{part}"))}
        for part in ("givenName", "familyName")
    )
    called |= {f"{first} {last}" for first, last in product(given, family)}
    return frozenset(name for name in called if len(name) >= _SHORTEST_NAME)


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [text for part in value for text in _texts(part)] if isinstance(value, list) else []
