"""Imports that start by themselves: those whose time has come.

A daily import starts once for each local date of its zone, whatever clocks do: the runs that it has started say for
which dates it was there. When the process was down at its time, it starts once when the process is back.
"""

from __future__ import annotations

import structlog
from sqlalchemy import Connection, select, update

from app import clock
from app.errors import RollcallError
from app.sources import catalog, runs
from app.sources.catalog import Source
from app.sources.errors import WrongSource
from app.sources.runs import Run
from app.sources.tables import import_run, source

log = structlog.get_logger(__name__)

#: Seconds after which a daily import is asked for again that another import of its source stands in the way of.
ASK_AGAIN_SECONDS = 60.0
#: The same for a source that cannot be used at all: its credentials do not open, its zone is known no more.
PUT_OFF_SECONDS = 3600.0
_AHEAD = 50


def due_sources(connection: Connection, now: str) -> list[tuple[int, int]]:
    """Return (tenant, source) of the active sources whose scheduled import is due."""
    query = select(source.c.tenant_id, source.c.id).where(
        source.c.state == "active", source.c.next_run_at <= now
    )
    return [(row.tenant_id, row.id) for row in connection.execute(query.order_by(source.c.next_run_at))]


def start_due(connection: Connection, now: str) -> list[Run]:
    """Start the imports that are due by schedule and set the next times; a worker then drives them.

    A source whose import is still under way is not started again; missed times count as one. A source that cannot be
    started keeps no other one waiting.
    """
    started = []
    for tenant_id, source_id in due_sources(connection, now):
        try:
            run = _start(connection, tenant_id, source_id, now)
        except RollcallError as error:
            log.warning(
                "an import could not be started", tenant_id=tenant_id, source=source_id, reason=str(error)
            )
            _put_off(connection, tenant_id, source_id, clock.after(PUT_OFF_SECONDS, since=now))
            continue
        if run is not None:
            started.append(run)
    return started


def _start(connection: Connection, tenant_id: int, source_id: int, now: str) -> Run | None:
    known = catalog.with_id(connection, tenant_id, source_id)
    if known is None or not _take(connection, known, now):
        return None
    try:
        found = runs.start(
            connection, known, dry_run=False, requested_by="system:schedule", trigger="schedule"
        )
    except WrongSource as error:
        # Credentials that were taken back: the schedule goes on, and begins again when they are there again.
        log.warning(
            "a scheduled import was left out", tenant_id=tenant_id, source=known.name, reason=str(error)
        )
        return None
    if found.is_new:
        return found.run
    if known.schedule.at is not None:
        # Read for something else, or begun before this date: the day's own import follows it.
        _put_off(connection, tenant_id, source_id, clock.after(ASK_AGAIN_SECONDS, since=now))
    return None


def _take(connection: Connection, known: Source, now: str) -> bool:
    """Set the next time of a source that is due; False when another process has done so."""
    where = (
        source.c.tenant_id == known.tenant_id,
        source.c.id == known.id,
        source.c.next_run_at == known.next_run_at,
    )
    values = {"next_run_at": next_time(connection, known, now)}
    return connection.execute(update(source).where(*where).values(**values)).rowcount == 1


def _put_off(connection: Connection, tenant_id: int, source_id: int, until: str) -> None:
    where = (source.c.tenant_id == tenant_id, source.c.id == source_id)
    connection.execute(update(source).where(*where).values(next_run_at=until))


def next_time(connection: Connection, known: Source, now: str) -> str | None:
    """Return the next instant of a source's schedule, past dates for which its import has started already.

    That is so when the clock was ahead for a while, and was set back since.
    """
    wanted = catalog.next_run(known.schedule, since=now)
    if wanted is None or known.schedule.at is None:
        return wanted
    for started_at in _started_since(connection, known, wanted):
        following = catalog.next_run(known.schedule, since=wanted) or wanted
        if started_at >= following:
            break
        if started_at >= wanted:
            wanted = following
    return wanted


def _started_since(connection: Connection, known: Source, instant: str) -> list[str]:
    c = import_run.c
    where = (
        c.tenant_id == known.tenant_id,
        c.source_id == known.id,
        c.trigger == "schedule",
        c.started_at >= instant,
    )
    return list(connection.scalars(select(c.started_at).where(*where).order_by(c.started_at).limit(_AHEAD)))


def too_far(connection: Connection, tenant_id: int, now: str) -> list[tuple[Source, str]]:
    """Return the sources whose time lies beyond the next one of their schedule, each with that one.

    The clock was ahead when it was set.
    """
    query = select(source.c.id).where(
        source.c.tenant_id == tenant_id, source.c.state == "active", source.c.next_run_at > now
    )
    found = []
    for source_id in connection.scalars(query).all():
        try:
            known = catalog.with_id(connection, tenant_id, source_id)
        except RollcallError:  # start_due tells of it when it is due
            continue
        wanted = None if known is None else next_time(connection, known, now)
        if known is not None and known.next_run_at and wanted is not None and known.next_run_at > wanted:
            found.append((known, wanted))
    return found


def pull_in(connection: Connection, tenant_id: int, now: str) -> int:
    """Bring times nearer that lie beyond the next one of their schedule; return how many."""
    found = too_far(connection, tenant_id, now)
    for known, wanted in found:
        catalog.write(connection, known, next_run_at=wanted)
    return len(found)
