"""Write-back: a source's people are kept right at the source too (seed 1, "Automatic export").

It is a target of its own whose links are made by the source's records: who has none there is not needed there, and
nobody is looked for, created or suspended. What the source itself has said last counts as held there, so that an
import is not echoed; everything else goes the way of any target: plan, attempt, read back, explained and in balance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select, update

from app import directory
from app.directory import owning
from app.errors import WrongUse
from app.provisioning import knowing, marking, targets
from app.provisioning.fields import FIELDS, outgoing_values
from app.provisioning.tables import target_table
from app.provisioning.targets import Target
from app.sources import catalog, life
from app.sources.adapter import WriteBack, WritesBack
from app.sources.catalog import Source
from app.sources.tables import source_record

_BATCH = 500
#: Names of the targets that write back: the source's name and this.
SUFFIX = "-export"
#: How the reason of a pause begins that ends with the proof of what was saved.
_SAVED = "new credentials were saved"


def switch_on(connection: Connection, known: Source, by: str) -> Target:
    """Begin to write a source's people back to it, and return the target that does.

    :raises WrongUse: its kind takes nothing back. :raises WrongSource: the source may not be called (yet).
    """
    adapter = known.adapter()
    if not isinstance(adapter, WritesBack):
        raise WrongUse(f"{adapter.label} takes nothing back; connect it as a target, if it is one.")
    life.require_published(connection, known)
    told = adapter.write_back(known.context())
    target = target_of(connection, known)
    if target is None:
        target = targets.add(
            connection,
            known.tenant_id,
            by,
            kind=told.kind,
            name=f"{known.name}{SUFFIX}",
            url=told.url,
            token=told.token,
            options=_options(known, told),
            source_id=known.id,
        )
    target = _kept_in_step(connection, known, target, told, by)
    if not target.is_active:
        targets.resume(connection, target, by)
    return target


def switch_off(connection: Connection, known: Source, by: str) -> None:
    """Stop writing a source's people back; what was written stays. Raises ``WrongUse`` when it was not switched on."""
    target = target_of(connection, known)
    if target is None:
        raise WrongUse(f"Nothing is written back to {known.name}.")
    targets.pause(connection, target, by, f"the export of {known.name} was switched off")


def target_of(connection: Connection, known: Source) -> Target | None:
    """Return the target that writes back to a source, or None."""
    return targets.writing_back_to(connection, known.tenant_id, known.id)


# --- what the source does, in the transaction in which it does it -----------------------------------------------------


def on_record(
    connection: Connection, tenant_id: int, source_id: int, record_id: str, employee_id: str
) -> None:
    """Link an employee whose record a source has just brought."""
    target = targets.writing_back_to(connection, tenant_id, source_id)
    if target is not None:
        _link(connection, target, [(record_id, employee_id)])


def on_source(connection: Connection, tenant_id: int, source_id: int, by: str) -> None:
    """Follow a source: its settings and secrets are the target's, and without credentials nothing is written back."""
    target = targets.writing_back_to(connection, tenant_id, source_id)
    if target is None:
        return
    known = catalog.with_id(connection, tenant_id, source_id)
    if known is None:
        targets.remove(connection, target, by)
    elif known.state == "disconnected":
        targets.pause(connection, target, by, f"{known.name} is disconnected")
        targets.forget_token(connection, target)
    elif isinstance(adapter := known.adapter(), WritesBack):
        _kept_in_step(connection, known, target, adapter.write_back(known.context()), by)
        if (target.pause_reason or "").startswith(targets.REFUSED):
            _await_proof(connection, known, target)


def on_proof(connection: Connection, tenant_id: int, source_id: int, by: str) -> None:
    """Go on with what waited for good credentials; a pause of another reason is somebody's wish, and stays."""
    target = targets.writing_back_to(connection, tenant_id, source_id)
    if target is not None and not target.is_active and (target.pause_reason or "").startswith(_SAVED):
        targets.resume(connection, target, by)


def _await_proof(connection: Connection, known: Source, target: Target) -> None:
    reason = (
        f"{_SAVED}; it goes on when `rollcall source check {known.name}`, or an import, has found them good"
    )
    where = (target_table.c.tenant_id == target.tenant_id, target_table.c.id == target.id)
    connection.execute(update(target_table).where(*where).values(pause_reason=reason))


def _kept_in_step(connection: Connection, known: Source, target: Target, told: WriteBack, by: str) -> Target:
    """Give a target what its source says of it, and have the people of the source looked at with that."""
    options = _options(known, told)
    changed = targets.change(connection, target, by, url=told.url, token=told.token, options=options)
    fields = sorted(changed.adapter.supported_fields)
    if changed.settings.get("fields") != fields:
        changed = targets.change(connection, changed, by, fields=fields)
    _link_all(connection, known, changed)
    return changed


def _options(known: Source, told: WriteBack) -> dict[str, str]:
    """Return the settings of the target: what the source itself brings is not sent back to it."""
    return {**told.options, "paired_source": known.name}


# --- links ------------------------------------------------------------------------------------------------------------


def _link_all(connection: Connection, known: Source, target: Target) -> None:
    last = ""
    while True:
        rows = connection.execute(
            select(source_record.c.record_id, source_record.c.employee_id)
            .where(
                source_record.c.tenant_id == known.tenant_id,
                source_record.c.source_id == known.id,
                source_record.c.employee_id.is_not(None),
                source_record.c.record_id > last,
            )
            .order_by(source_record.c.record_id)
            .limit(_BATCH)
        ).all()
        pairs = [(row.record_id, row.employee_id) for row in rows]
        _link(connection, target, pairs)
        marking.mark(connection, target.tenant_id, target.id, [employee_id for _, employee_id in pairs])
        if len(rows) < _BATCH:
            return
        last = rows[-1].record_id


def _link(connection: Connection, target: Target, pairs: Sequence[tuple[str, str]]) -> None:
    """Link employees to their records at the source; ``pairs`` are record id and employee id."""
    ids = [employee_id for _, employee_id in pairs]
    found = directory.get_many(connection, target.tenant_id, ids)
    owners = owning.owners_of(connection, target.tenant_id, ids)
    for record_id, employee_id in pairs:
        if employee_id in found:
            held = _held_there(target, found[employee_id].document, owners.get(employee_id, {}))
            knowing.know(connection, target, employee_id, remote_id=record_id, held=held)


def _held_there(target: Target, document: Mapping[str, Any], owners: Mapping[str, str]) -> Mapping[str, Any]:
    """Return the fields whose values the source itself has written, as it said them."""
    writer = f"source:{target.policy.paired_source}"
    values = outgoing_values(document, target.policy.selection)
    return {
        name: value
        for name, value in values.items()
        if all(owners.get(path, writer) == writer for path in FIELDS[name].paths)
    }
