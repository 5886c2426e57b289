"""What stops a run before it changes anybody: a source that has shrunk, or that would set many people inactive.

A vendor that breaks off, or answers with less than it holds, looks just like one whose people have left. Somebody looks
first (provisioning.md rule 16 has the same limits for what leaves the directory). A file is what somebody has put there
on purpose: the breaker of each target is its guard.
"""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from app.sources.catalog import Source
from app.sources.known_records import Printer, known_records
from app.sources.runs import Run
from app.sources.tables import source_record, staged_record

#: A whole read with less than this share of what the last one had is not believed.
LEAST_SHARE = 0.8
#: So many people may become inactive in one run in any case, and this share of all who are known.
LEAVERS, LEAVERS_SHARE = 5, 0.2
_BATCH = 500


def objection(connection: Connection, known: Source, run: Run) -> str | None:
    """Return why a run that has been read must be approved before it is applied; None: it need not be."""
    # An incomplete read sets nobody inactive in any case (decisions.py).
    if run.approved_by is not None or run.dry_run:
        return None
    return _shrunk(known, run) or (_leaving(connection, known, run) if run.complete else None)


def _shrunk(known: Source, run: Run) -> str | None:
    # A file may be an extract; whoever is missing in it has not left.
    if not (run.is_full and run.complete and known.last_total and known.adapter().lists_everyone):
        return None
    if run.staged >= LEAST_SHARE * known.last_total:
        return None
    share = round(100 * run.staged / known.last_total)
    return (
        f"{known.name} had {known.last_total} records when it was last read to its end, and has {run.staged} now "
        f"({share} %)."
    )


def _leaving(connection: Connection, known: Source, run: Run) -> str | None:
    leavers = count_leavers(connection, known, run) if known.adapter().needs_consent else 0
    if leavers <= LEAVERS:
        return None
    where = (
        source_record.c.tenant_id == known.tenant_id,
        source_record.c.source_id == known.id,
        source_record.c.employee_id.is_not(None),
    )
    people = connection.scalar(select(func.count()).select_from(source_record).where(*where)) or 0
    if leavers <= LEAVERS_SHARE * people:
        return None
    return f"The run would set {leavers} of {people} people of {known.name} inactive."


def count_leavers(connection: Connection, known: Source, run: Run) -> int:
    """Return how many staged records make somebody inactive who was not so the last time."""
    printer = Printer(known.print_key)
    inactive = printer.of(False)
    found, last = 0, -1
    while True:
        rows = connection.execute(
            select(staged_record.c.number, staged_record.c.record_id)
            .where(
                staged_record.c.tenant_id == known.tenant_id,
                staged_record.c.run_id == run.id,
                staged_record.c.inactive,
                staged_record.c.number > last,
            )
            .order_by(staged_record.c.number)
            .limit(_BATCH)
        ).all()
        if not rows:
            return found
        last = rows[-1].number
        ids = [row.record_id for row in rows if row.record_id is not None]
        records = known_records(connection, known.tenant_id, known.id, ids)
        found += sum(
            record.employee_id is not None and record.prints.get("active") != inactive
            for record in records.values()
        )
