"""When a source is read whole: at first, once in a while, and after a reset, which no run that is under way undoes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, or_, update

from app import clock
from app.sources.schedules import parse_schedule
from app.sources.tables import source

if TYPE_CHECKING:
    from app.sources.catalog import Source
    from app.sources.runs import Run

FULL_READ = "1d"
#: Seconds by which the clocks of several machines may differ.
AHEAD = 60.0


def reads_whole(known: Source) -> bool:
    """Whether the next import of a source reads everything, not only what is new."""
    if known.watermark is None or known.read_whole_at is None:
        return True
    every = parse_schedule(known.settings.get("full_read", FULL_READ)).every
    # A daily import may begin some minutes before a day is over since the last one began.
    return every is not None and clock.after(every * 0.9, since=known.read_whole_at) <= clock.now()


def reset(connection: Connection, *which: ColumnElement[bool]) -> None:
    """Have the next import of these sources read all their records, whatever a run reads that is under way now."""
    connection.execute(update(source).where(*which).values(read_whole_at=None, reset_at=clock.now()))


def learn(connection: Connection, run: Run) -> None:
    """Store where the next read of a source goes on, after a run that was all read and stored.

    Nothing is stored when the source was reset since the run began: then it has read some of it too early.
    """
    learnt: dict[str, Any] = {"watermark": run.watermark}
    if run.is_full:
        learnt |= {"read_whole_at": run.started_at, "last_total": run.staged}
    # Asked in the same statement: a reset that another process commits in this very moment counts too.
    # One that lies ahead was made while the clock was wrong.
    was_left_alone = or_(
        source.c.reset_at.is_(None),
        source.c.reset_at < run.started_at,
        source.c.reset_at > clock.after(AHEAD),
    )
    mine = (source.c.tenant_id == run.tenant_id, source.c.id == run.source_id)
    connection.execute(update(source).where(*mine, was_left_alone).values(**learnt))
