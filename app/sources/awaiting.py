"""Managers who are waited for: rows of those whose manager a source has named by an address that is nobody's yet.

Nobody has to be told that a manager has come: the rows are compared with the addresses that there are, at the end of
each import and once a minute, so an arrival is not missed whichever way it came.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select

from app import directory
from app.database import reading, require_writing, upsert, writing
from app.directory import Actor, Held
from app.directory.tables import EmployeeEmail
from app.prepared import Prepared
from app.sources.managers import EMAIL_PATH, WORDS, Chains, chosen, is_open, manager_of, naming
from app.sources.runs import Lease
from app.sources.tables import awaited_manager, source, source_record, staged_record
from scim.errors import NotFound
from scim.keys import comparison_key
from scim.resources import HR

_BATCH = 50
_email, _row = EmployeeEmail.__table__.c, awaited_manager.c
_FORGET = Prepared(
    delete(awaited_manager).where(
        _row.tenant_id == bindparam("b_tenant"), _row.employee_id == bindparam("b_employee")
    )
)
#: Those whose manager may be there by now.
_HAVE_COME = (
    select(_row.employee_id, _row.source_id, _row.key, source.c.name)
    .distinct()
    .where(
        _row.tenant_id == bindparam("b_tenant"),
        _row.employee_id > bindparam("b_after"),
        source.c.tenant_id == _row.tenant_id,
        source.c.id == _row.source_id,
        _email.tenant_id == _row.tenant_id,
        _email.key == _row.key,
        _email.type == "work",
        _email.employee_id != _row.employee_id,
    )
    .order_by(_row.employee_id)
    .limit(_BATCH)
)
#: Those of a source whose records a run has read.
_READ_BY_RUN = (
    select(_row.employee_id, _row.key, source_record.c.record_id, staged_record.c.number)
    .where(
        _row.tenant_id == bindparam("b_tenant"),
        _row.source_id == bindparam("b_source"),
        _row.employee_id > bindparam("b_after"),
        source_record.c.tenant_id == _row.tenant_id,
        source_record.c.source_id == _row.source_id,
        source_record.c.employee_id == _row.employee_id,
        staged_record.c.tenant_id == _row.tenant_id,
        staged_record.c.run_id == bindparam("b_run"),
        staged_record.c.record_id == source_record.c.record_id,
        staged_record.c.state.in_(("added", "updated", "skipped")),
        staged_record.c.fingerprint.is_not(None),
    )
    .order_by(_row.employee_id)
    .limit(_BATCH)
)


def keep(
    connection: Connection, tenant_id: int, source_id: int, employee_id: str, address: str | None
) -> None:
    """Note by which address a source names a manager who is not there; None: nobody is waited for any more."""
    require_writing(connection)
    if address is None:
        _FORGET.run(connection, {"b_tenant": tenant_id, "b_employee": employee_id})
        return
    said = {"source_id": source_id, "key": comparison_key(address)}
    place = {"tenant_id": tenant_id, "employee_id": employee_id}
    statement = upsert(connection, awaited_manager).values(place | said)
    connection.execute(statement.on_conflict_do_update(index_elements=list(place), set_=said))


def name_those_who_came(tenant_id: int, lease: Lease | None = None, source_id: int | None = None) -> int:
    """Name the managers who are there by now, in small transactions; return how many were named.

    With a lease it is part of a run, of the source ``source_id``. :raises LeaseLost: the run is another process's.
    """
    with reading() as connection:
        if connection.execute(_HAVE_COME, {"b_tenant": tenant_id, "b_after": ""}).first() is None:
            return 0
    named, last = 0, ""
    while True:
        with writing() as connection:
            if lease is not None:
                lease.renew(connection)
            rows = connection.execute(_HAVE_COME, {"b_tenant": tenant_id, "b_after": last}).all()
            chains = Chains(lambda employee_id: _document(connection, tenant_id, employee_id))
            for row in rows:
                run_id = lease.run_id if lease is not None and row.source_id == source_id else None
                actor = Actor("source", row.name, run_id)
                named += _name(connection, tenant_id, row.employee_id, row.key, actor, chains)
        if len(rows) < _BATCH:
            return named
        last = rows[-1].employee_id


def _name(
    connection: Connection, tenant_id: int, employee_id: str, key: str, actor: Actor, chains: Chains
) -> bool:
    held = _held(connection, tenant_id, employee_id, key)
    if held is None:
        return False
    ids = directory.ids_by_work_email(connection, tenant_id, key)
    manager_id = chosen(ids, employee_id, chains).employee_id
    if manager_id is None:
        return False
    _write(connection, held, actor, manager_id)
    chains.note(employee_id, manager_id)
    _FORGET.run(connection, {"b_tenant": tenant_id, "b_employee": employee_id})
    return True


def _held(connection: Connection, tenant_id: int, employee_id: str, key: str) -> Held | None:
    """Return the employee, locked; None, and the row is gone, when a source names their manager no more."""
    try:
        held = directory.read_for_change(connection, tenant_id, employee_id)
    except NotFound:
        return None
    address = held.resource.document.get(HR, {}).get("managerEmail", "")
    is_said = held.owners.get(EMAIL_PATH, "").startswith("source:") and comparison_key(address) == key
    if is_said and is_open(held.owners):
        return held
    _FORGET.run(connection, {"b_tenant": tenant_id, "b_employee": employee_id})
    return None


def _write(connection: Connection, held: Held, actor: Actor, manager_id: str | None) -> None:
    document = directory.merged(held.resource.document, naming(manager_id))
    directory.change(connection, held, actor, document)


def _document(connection: Connection, tenant_id: int, employee_id: str) -> directory.Document | None:
    found = directory.get(connection, tenant_id, employee_id)
    return found.document if found else None


# --- what a run says of them ------------------------------------------------------------------------------------------


def read_by(connection: Connection, lease: Lease, source_id: int, after: str) -> Sequence[Any]:
    """Return some of those a run has read and whose manager is waited for: employee, key, record id, row number."""
    place = {"b_tenant": lease.tenant_id, "b_run": lease.run_id, "b_source": source_id, "b_after": after}
    return connection.execute(_READ_BY_RUN, place).all()


def let_go(connection: Connection, lease: Lease, rows: Sequence[Any], actor: Actor) -> None:
    """Take the managers of before from those who, by all that their source says, have another one now."""
    documents = directory.get_many(connection, lease.tenant_id, [row.employee_id for row in rows])
    for row in rows:
        found = documents.get(row.employee_id)
        if found is None or manager_of(found.document) is None:
            continue
        held = _held(connection, lease.tenant_id, row.employee_id, row.key)
        if held is not None:
            _write(connection, held, actor, None)


def reasons(connection: Connection, tenant_id: int, rows: Sequence[Any]) -> Iterator[str]:
    """Yield for each row why its address leads to nobody."""
    owners = directory.owners_of_work_emails(connection, tenant_id, [row.key for row in rows])
    chains = Chains(lambda employee_id: _document(connection, tenant_id, employee_id))
    for row in rows:
        code = chosen(owners[row.key], row.employee_id, chains).code
        # Who has come in this very moment is named a moment later.
        yield WORDS[code or "unknown"]
