"""Erasing a person (GDPR article 17): every value of theirs leaves the installation, ids and times stay.

No target is told anything: an account that is there stays there, and is named in the answer. One thing that was owed
before survives, without a name: a suspend, as `active: false` for a remote id.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import structlog
from sqlalchemy import Column, Connection, Table, Text, cast, delete, or_, select, text, update
from sqlalchemy.exc import OperationalError

from app import clock, directory
from app.access import audit
from app.database import Json, is_sqlite, reading_once, writing
from app.errors import WrongUse
from app.notices.tables import notice_table
from app.provisioning import gates
from app.provisioning.tables import (
    attempt_table,
    gate_table,
    link_table,
    operation_table,
    plan_table,
    target_table,
)
from app.sources import pins, suggestions, welcome
from app.sources.tables import import_run, row_error, source, source_record

log = structlog.get_logger(__name__)

ERASED = "[erased]"
#: Where sentences and bodies about others may name the person: table → columns.
MENTIONS: dict[Table, tuple[str, ...]] = {
    link_table: ("reason",),
    plan_table: ("reason",),
    operation_table: ("reason", "refusal", "irreversible"),
    attempt_table: ("path", "request_body", "response_body"),
    notice_table: ("title", "text", "details"),
    row_error: ("reason",),
    import_run: ("message",),
}
#: How often, and with which pauses, the file of an SQLite database is tried to be rid of what was deleted.
_TRIES, _PAUSE_SECONDS = 20, 0.25
_SWEPT = (
    *(
        "employee",
        "employee_email",
        "external_id",
        "unique_value",
        "sealed_value",
        "membership",
        "revision",
        "audit",
    ),
    *sorted(table.name for table in MENTIONS),
    "source_record",
    "letter",
    "pin",
    "match_suggestion",
)


@dataclass(frozen=True)
class Account:
    """An account that stays at a target. ``suspend`` is ``done``, ``owed`` (still sent) or ``no``."""

    target: str
    remote_id: str
    suspend: str


@dataclass(frozen=True)
class Erased:
    """What an erasure did, and what is left outside: accounts, and the records that an import would read again."""

    was_present: bool
    revisions: int
    accounts: tuple[Account, ...]
    records: tuple[tuple[str, str], ...]
    #: False when the database's file may still hold deleted bytes.
    is_swept: bool


def erase(tenant_id: int, employee_id: str, actor: directory.Actor) -> Erased:
    """Erase a present or deleted employee from the database, all in one transaction, and from its free pages.

    :raises NotFoundError: this tenant never had such an employee. :raises WrongUse: a worker speaks to a target about
        the person at this moment.
    """
    with writing() as connection:
        forgotten = directory.forget(connection, tenant_id, employee_id, actor)
        accounts = _links(connection, tenant_id, employee_id)
        _plans_and_attempts(connection, tenant_id, employee_id)
        records = _records(connection, tenant_id, employee_id)
        for table, columns in MENTIONS.items():
            _mentions(connection, tenant_id, table, columns, forgotten.names)
        welcome.forget(connection, tenant_id, forgotten.names)
        pins.forget(connection, tenant_id, employee_id)
        suggestions.forget(connection, tenant_id, [employee_id])
        audit.record(
            connection, tenant_id, actor.name, "employee.erased", f"employee:{employee_id}",
            {"was_present": forgotten.was_present, "revisions": forgotten.revisions},
        )  # fmt: skip
    return Erased(forgotten.was_present, forgotten.revisions, accounts, records, _sweep())


# --- targets --------------------------------------------------------------------------------------------------------


def _links(connection: Connection, tenant_id: int, employee_id: str) -> tuple[Account, ...]:
    where = (link_table.c.tenant_id == tenant_id, link_table.c.employee_id == employee_id)
    names = (target_table.c.tenant_id == tenant_id, target_table.c.id == link_table.c.target_id)
    query = select(link_table, target_table.c.name).where(*where, *names).order_by(target_table.c.name)
    gated = _gated(connection, tenant_id, employee_id)
    accounts = []
    for link in connection.execute(query.with_for_update(of=link_table)):
        if (link.lease_until or "") > clock.now():
            raise WrongUse(
                f"A worker speaks to {link.name!r} about this person at this moment; try again in a minute."
            )
        owed = _owed_suspend(link) if link.target_id not in gated else None
        connection.execute(
            update(link_table).where(*where, link_table.c.target_id == link.target_id), _emptied(link, owed)
        )
        if link.remote_id is not None:
            is_done = link.active_there is False
            suspend = "done" if is_done else "owed" if owed else "no"
            accounts.append(Account(link.name, link.remote_id, suspend))
    connection.execute(
        delete(gate_table).where(gate_table.c.tenant_id == tenant_id, gate_table.c.employee_id == employee_id)
    )
    return tuple(accounts)


def _gated(connection: Connection, tenant_id: int, employee_id: str) -> set[int]:
    """Return the targets at which the person's suspend waits for an admin, or was discarded by one.

    No other gate keeps a suspend back, neither a hold by hand nor a value that was discarded.
    """
    where = (gate_table.c.tenant_id == tenant_id, gate_table.c.employee_id == employee_id)
    is_suspend = gate_table.c.change == gates.SUSPEND
    return set(connection.scalars(select(gate_table.c.target_id).where(*where, is_suspend)))


def _owed_suspend(link: Any) -> dict[str, Any] | None:
    values = (link.frozen or {}).get("values", {})
    if link.due_at is None or link.gate_run is not None or values.get("active") is not False:
        return None
    return {"label": link.employee_id, "values": {"active": False}}


def _emptied(link: Any, owed: dict[str, Any] | None) -> dict[str, Any]:
    """Return the columns of an erased link: due only for a suspend, or to see how an unfinished attempt ended."""
    columns: dict[str, Any] = {
        "label": None,
        "user_name_key": None,
        "reason": "the person was erased; the account stays at the target until someone clears it",
        "sent": {"active": False} if (link.sent or {}).get("active") is False else None,
        "normalised": None,
        "sending": None,
        "frozen": owed,
        "protected": None,
        "refused_digest": None,
        "waits_for": None,
        "gate_run": None,
        "plan_id": None,
        "lease_owner": None,
        "lease_until": None,
        # Whoever was given the link before, and was stopped since, writes nothing to it any more.
        "lease_token": link.lease_token + 1,
    }
    if owed is None and link.attempt_kind is None:
        columns |= {
            "due_at": None,
            "compare_since": None,
            "rides_along": False,
            "delivered_generation": link.generation,
        }
    return columns


def _plans_and_attempts(connection: Connection, tenant_id: int, employee_id: str) -> None:
    operation, attempt = operation_table.c, attempt_table.c
    mine = (operation.tenant_id == tenant_id, operation.employee_id == employee_id)
    emptied: dict[str, Any] = {
        "label": ERASED,
        "before": {},
        "after": {},
        "requests": [],
        "reason": None,
        "irreversible": None,
    }
    connection.execute(update(operation_table).where(*mine).values(**emptied))
    refused = {"state": "refused", "refusal": "the person was erased"}
    connection.execute(update(operation_table).where(*mine, operation.state == "planned").values(**refused))
    mine = (attempt.tenant_id == tenant_id, attempt.employee_id == employee_id)
    for row in connection.execute(select(attempt.id, attempt.path).where(*mine)).all():
        connection.execute(
            update(attempt_table).where(*mine, attempt.id == row.id),
            {"path": row.path.partition("?")[0], "request_body": None, "response_body": None},
        )


# --- sources --------------------------------------------------------------------------------------------------------


def _records(connection: Connection, tenant_id: int, employee_id: str) -> tuple[tuple[str, str], ...]:
    """Forget what sources said about the person; return (source, record id) of the records.

    The digest of a whole record stays: by it an import knows a record that is as it was, and does not make the person
    again.
    """
    record = source_record.c
    mine = (record.tenant_id == tenant_id, record.employee_id == employee_id)
    names = (source.c.tenant_id == tenant_id, source.c.id == record.source_id)
    query = select(source.c.name, record.record_id, record.source_id).where(*mine, *names)
    found = connection.execute(query.order_by(source.c.name, record.record_id)).all()
    connection.execute(update(source_record).where(*mine).values(prints={}))
    for row in found:
        runs = select(import_run.c.id).where(
            import_run.c.tenant_id == tenant_id, import_run.c.source_id == row.source_id
        )
        errors = row_error.c
        where = (errors.tenant_id == tenant_id, errors.run_id.in_(runs), errors.record_id == row.record_id)
        connection.execute(update(row_error).where(*where).values(reason=ERASED))
    return tuple((row.name, row.record_id) for row in found)


# --- what others are told about the person --------------------------------------------------------------------------


def _mentions(
    connection: Connection, tenant_id: int, table: Table, columns: tuple[str, ...], names: Iterable[str]
) -> None:
    """Replace the person's names where a tenant's rows about others have them."""
    spellings = sorted({spelling for name in names for spelling in _spellings(name)}, key=len, reverse=True)
    if not spellings:
        return
    # Not within a word, but right behind the %22 of an encoded query.
    found = re.compile(rf"(?:(?<!\w)|(?<=%22))(?:{'|'.join(map(re.escape, spellings))})(?!\w)", re.IGNORECASE)
    key = tuple(table.primary_key)
    texts = [cast(table.c[name], Text).label(name) for name in columns]
    holds = or_(*(part.contains(spelling, autoescape=True) for part in texts for spelling in spellings))
    query = select(*key, *texts).where(table.c.tenant_id == tenant_id, holds)
    for row in connection.execute(query).all():
        values = {name: _without(found, getattr(row, name), table.c[name]) for name in columns}
        mine = (column == row._mapping[column.name] for column in key if column.name != "tenant_id")
        connection.execute(update(table).where(table.c.tenant_id == tenant_id, *mine).values(values))


def _spellings(name: str) -> set[str]:
    """Return a name as it stands in sentences, in JSON and in addresses."""
    forms = {name, json.dumps(name)[1:-1], json.dumps(name, ensure_ascii=False)[1:-1], quote(name, safe="")}
    return forms | {form.lower() for form in forms}


def _without(found: re.Pattern[str], value: str | None, column: Column[Any]) -> Any:
    if value is None:
        return None
    cleaned = found.sub(ERASED, value)
    return json.loads(cleaned) if isinstance(column.type, Json) else cleaned


# --- the file itself ------------------------------------------------------------------------------------------------


def _sweep() -> bool:
    """Have the database give up the bytes of deleted rows; return whether it did.

    SQLite writes its file anew and empties its log. PostgreSQL frees the rows; what they held is overwritten by and by.
    """
    with reading_once() as connection:
        if not is_sqlite(connection):
            connection.execute(text(f"VACUUM {', '.join(_SWEPT)}"))
            return True
    for _ in range(_TRIES):
        try:
            with reading_once() as connection:
                connection.execute(text("VACUUM"))
                blocked, *_pages = connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).one()
            if not blocked:
                return True
        except OperationalError as error:
            log.warning("the database's file is not swept yet", error=str(error.orig))
        time.sleep(_PAUSE_SECONDS)
    return False
