"""What the history and the start page read of import runs. Every query names the tenant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, Select, func, select

from app import clock
from app.sources.records import Counts
from app.sources.tables import import_run, source
from app.web.console.paging import Page, Place, page_of

COUNTERS = ("added", "updated", "deleted", "skipped", "errored")
_run = import_run.c


@dataclass(frozen=True, slots=True)
class Day:
    """The imports that began on a day (UTC), dry runs left out."""

    on: date
    counts: Counts = field(default_factory=Counts)
    runs: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class RunLine:
    """A line of the history; ``source_name`` is None when the source was removed."""

    id: int
    source_id: int
    source_name: str | None
    state: str
    dry_run: bool
    counts: Counts
    trigger: str
    requested_by: str
    started_at: str
    finished_at: str | None
    message: str | None


@dataclass(frozen=True, slots=True)
class Filters:
    """Which runs are listed; None: all. Days are those of UTC."""

    source_id: int | None = None
    state: str | None = None
    first: date | None = None
    last: date | None = None


def days(connection: Connection, tenant_id: int, days: int = 14) -> list[Day]:
    """Return the last so many days, the oldest first and today last, with what their imports did."""
    today = clock.utcnow().date()
    first = today - timedelta(days=days - 1)
    on = func.substr(_run.started_at, 1, 10).label("day")
    failed = func.sum((_run.state == "failed").cast(_run.added.type))
    query = select(on, func.count(), failed, *(func.sum(_run[name]) for name in COUNTERS))
    since = _newest_before(connection, tenant_id, first)
    where = (_run.tenant_id == tenant_id, _run.id > since, _run.started_at >= str(first), ~_run.dry_run)
    found = {
        row[0]: Day(date.fromisoformat(row[0]), Counts(*map(int, row[3:])), int(row[1]), int(row[2]))
        for row in connection.execute(query.where(*where).group_by(on))
    }
    every = (first + timedelta(days=ahead) for ahead in range(days))
    return [found.get(str(day)) or Day(day) for day in every]


def _newest_before(connection: Connection, tenant_id: int, first: date) -> int:
    """Return the number of the last run before a day, 0 for none: numbers rise with time, and are the key."""
    earlier = (_run.tenant_id == tenant_id, _run.started_at < str(first))
    return connection.scalar(select(_run.id).where(*earlier).order_by(_run.id.desc()).limit(1)) or 0


def history(connection: Connection, tenant_id: int, filters: Filters, place: Place) -> Page[RunLine]:
    """Return a page of runs, the newest first. The key of a place is (run,)."""
    query = _lines().where(*_conditions(tenant_id, filters))
    return page_of(connection, query, (_run.id,), place, _line)


def last_runs(connection: Connection, tenant_id: int, source_id: int, limit: int) -> list[RunLine]:
    """Return the newest runs of a source, the newest first."""
    query = _lines().where(_run.tenant_id == tenant_id, _run.source_id == source_id)
    return [_line(row) for row in connection.execute(query.order_by(_run.id.desc()).limit(limit))]


def source_names(connection: Connection, tenant_id: int) -> dict[int, str]:
    """Return number → name of the tenant's sources, by name."""
    query = select(source.c.id, source.c.name).where(source.c.tenant_id == tenant_id)
    return {row.id: row.name for row in connection.execute(query.order_by(source.c.name))}


_PLAIN = (
    *("id", "source_id", "state", "dry_run", "trigger", "requested_by", "started_at", "finished_at"),
    "message",
)


def _lines() -> Select[Any]:
    columns = (_run[name] for name in (*_PLAIN, *COUNTERS))
    of_run = (source.c.tenant_id == _run.tenant_id) & (source.c.id == _run.source_id)
    query = select(*columns, source.c.name.label("source_name"))
    return query.select_from(import_run.outerjoin(source, of_run))


def _line(row: Any) -> RunLine:
    plain = {name: getattr(row, name) for name in _PLAIN}
    counts = Counts(*(getattr(row, name) for name in COUNTERS))
    return RunLine(source_name=row.source_name, counts=counts, **plain)


def _conditions(tenant_id: int, filters: Filters) -> Sequence[Any]:
    where = [_run.tenant_id == tenant_id]
    if filters.source_id is not None:
        where.append(_run.source_id == filters.source_id)
    if filters.state is not None:
        where.append(_run.state == filters.state)
    if filters.first is not None:
        where.append(_run.started_at >= str(filters.first))
    if filters.last is not None:
        where.append(_run.started_at < str(filters.last + timedelta(days=1)))
    return where
