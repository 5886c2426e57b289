"""Records that a complete read of everything did not name: they are gone at their source.

Their employees stay as they are (provisioning.md rule 15: a deletion is never propagated).
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, exists, func, select, update

from app import clock
from app.sources.catalog import Source
from app.sources.runs import Run
from app.sources.tables import source_record, staged_record


def can_tell(connection: Connection, known: Source, run: Run) -> bool:
    """Whether absence from a run means anything: everything was read, and every record could be told by its key."""
    if not (run.is_full and run.complete and known.adapter().lists_everyone):
        return False
    nameless = exists().where(
        staged_record.c.tenant_id == known.tenant_id,
        staged_record.c.run_id == run.id,
        staged_record.c.record_id.is_(None),
    )
    return not connection.scalar(select(nameless))


def count_absent(connection: Connection, known: Source, run: Run) -> int:
    """Return how many known records the run did not name."""
    query = select(func.count()).select_from(source_record).where(*_absent(known, run))
    return int(connection.scalar(query) or 0)


def mark_absent(connection: Connection, known: Source, run: Run) -> int:
    """Mark the records that the run did not name as gone; return how many."""
    found = connection.execute(update(source_record).where(*_absent(known, run)).values(gone_at=clock.now()))
    return found.rowcount


def _absent(known: Source, run: Run) -> tuple[ColumnElement[bool], ...]:
    named = exists().where(
        staged_record.c.tenant_id == source_record.c.tenant_id,
        staged_record.c.run_id == run.id,
        staged_record.c.record_id == source_record.c.record_id,
    )
    return (
        source_record.c.tenant_id == known.tenant_id,
        source_record.c.source_id == known.id,
        source_record.c.gone_at.is_(None),
        # A run that waited for approval does not know whom a later one has brought.
        source_record.c.last_seen_run <= run.id,
        ~named,
    )
