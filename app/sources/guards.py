"""What stops a run before it changes anybody: a source that has shrunk, or that would set many people inactive.

A vendor that breaks off, or answers with less than it holds, looks just like one whose people have left. Somebody looks
first (provisioning.md rule 16 has the same limits for what leaves the directory). A file is what somebody has put there
on purpose: the breaker of each target is its guard.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from app import directory
from app.database import one_of
from app.sources import staging, suggestions
from app.sources.catalog import Source
from app.sources.decisions import EMPLOYEE_NUMBER, Said, Terms, said
from app.sources.errors import RowRefused
from app.sources.fields import WORK_EMAIL
from app.sources.known_records import known_records
from app.sources.matching import Hits, match
from app.sources.runs import Run
from app.sources.tables import source_record, staged_record

#: A whole read with less than this share of what the last one had is not believed.
LEAST_SHARE = 0.8
#: So many people may become inactive in one run in any case, and this share of all who are known.
LEAVERS, LEAVERS_SHARE = 5, 0.2
_BATCH = 500


@dataclass
class Leavers:
    """How many people a run would set inactive, and how many inactive rows match somebody for the first time."""

    number: int = 0
    matched: int = 0


def objection(
    connection: Connection, known: Source, run: Run, terms: Terms, alive: Callable[[], None]
) -> str | None:
    """Return why a run that has been read must be approved before it is applied; None: it need not be.

    ``alive`` is called now and then while rows are looked at.
    """
    # An incomplete read sets nobody inactive in any case (decisions.py).
    if run.approved_by is not None or run.dry_run:
        return None
    return _shrunk(known, run) or (_leaving(connection, known, run, terms, alive) if run.complete else None)


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


def _leaving(
    connection: Connection, known: Source, run: Run, terms: Terms, alive: Callable[[], None]
) -> str | None:
    if not known.adapter().needs_consent:
        return None
    leavers = count_leavers(connection, known, run, terms, alive)
    if leavers.number <= LEAVERS:
        return None
    where = (
        source_record.c.tenant_id == known.tenant_id,
        source_record.c.source_id == known.id,
        source_record.c.employee_id.is_not(None),
    )
    linked = connection.scalar(select(func.count()).select_from(source_record).where(*where)) or 0
    people = max(linked, leavers.matched)
    if leavers.number <= LEAVERS_SHARE * people:
        return None
    return f"The run would set {leavers.number} of {people} people of {known.name} inactive."


def count_leavers(
    connection: Connection, known: Source, run: Run, terms: Terms, alive: Callable[[], None]
) -> Leavers:
    """Count whom the staged records make inactive: linked people who were not so the last time, active ones else."""
    inactive, leavers = terms.printer.of(False), Leavers()
    for rows in _inactive_rows(connection, run):
        alive()
        records = known_records(connection, known.tenant_id, known.id, list(rows))
        linked = {each.record_id: each for each in records.values() if each.employee_id is not None}
        leavers.number += sum(each.prints.get("active") != inactive for each in linked.values())
        strangers = [number for record_id, number in rows.items() if record_id not in linked]
        found = _first_matched(connection, known, run, terms, strangers) if strangers else set()
        people = directory.get_many(connection, known.tenant_id, sorted(found)).values()
        leavers.number += sum(each.document.get("active", True) for each in people)
        leavers.matched += len(found)
    return leavers


def _inactive_rows(connection: Connection, run: Run) -> Iterator[dict[str, int]]:
    """Yield record id → row number of the staged rows that make somebody inactive, some at a time."""
    last = -1
    while True:
        rows = connection.execute(
            select(staged_record.c.number, staged_record.c.record_id)
            .where(
                staged_record.c.tenant_id == run.tenant_id,
                staged_record.c.run_id == run.id,
                staged_record.c.inactive,
                staged_record.c.number > last,
            )
            .order_by(staged_record.c.number)
            .limit(_BATCH)
        ).all()
        if not rows:
            return
        last = rows[-1].number
        yield {row.record_id: row.number for row in rows if row.record_id is not None}


def _first_matched(
    connection: Connection, known: Source, run: Run, terms: Terms, numbers: Sequence[int]
) -> set[str]:
    """Return the employees who are no record of the source yet and will be with these rows (decisions.py)."""
    rows = list(_said(terms, staging.numbered(connection, known.tenant_id, run.id, numbers)))
    place = (connection, known.tenant_id)
    by_number = directory.owners_of_employee_numbers(*place, _texts(rows, EMPLOYEE_NUMBER))
    by_email = directory.owners_of_work_emails(*place, _texts(rows, WORK_EMAIL))
    answers = suggestions.of_records(*place, known.id, [row.record_id for row in rows])
    found = set()
    for row in rows:
        number, address = row.values.get(EMPLOYEE_NUMBER), row.values.get(WORK_EMAIL)
        try:
            hit = match(Hits(None, by_number.get(number or "", ()), by_email.get(address or "", ())))
        except RowRefused:
            continue  # The row will be errored, and change nobody.
        answer = answers.get(row.record_id)
        if hit is not None:
            found.add(hit.employee_id)
        elif answer is not None and answer.state == "same":
            found.add(answer.employee_id)
    return found - _linked(connection, known, found)


def _said(terms: Terms, rows: Sequence[staging.StagedRow]) -> Iterator[Said]:
    for row in rows:
        try:
            if row.record_id is not None:
                yield said(terms, row.record_id, row.values)
        except RowRefused:
            continue


def _texts(rows: Sequence[Said], field: str) -> set[str]:
    return {text for row in rows if (text := row.values.get(field))}


def _linked(connection: Connection, known: Source, employees: set[str]) -> set[str]:
    """Return those who are another record of the source, not gone: rows that match them will be errored."""
    query = select(source_record.c.employee_id).where(
        source_record.c.tenant_id == known.tenant_id,
        source_record.c.source_id == known.id,
        one_of(source_record.c.employee_id, sorted(employees)),
        source_record.c.gone_at.is_(None),
    )
    return set(connection.scalars(query))
