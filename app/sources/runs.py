"""Import runs as rows: started, leased, counted, ended. One run at a time per source, one worker at a time per run."""

from __future__ import annotations

import os
import secrets
import socket
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert, or_, select, update

from app import clock
from app.access import audit
from app.database import require_writing
from app.errors import NotFoundError, WrongUse
from app.identifiers import next_number
from app.sources import announcing, life, reporting, rereading, welcome
from app.sources.catalog import Source
from app.sources.errors import LeaseLost
from app.sources.records import Counts
from app.sources.tables import import_run, staged_record

_COUNTERS = ("added", "updated", "deleted", "skipped", "errored")


#: A run that waits for somebody's approval is not under way, and has not ended.
OPEN = ("running", "held")


@dataclass(frozen=True)
class Run:
    """One import as it stands; `total` of `counts` are the rows done, `staged` the rows read."""

    tenant_id: int
    id: int
    source_id: int
    state: str
    phase: str
    dry_run: bool
    counts: Counts
    staged: int
    complete: bool
    cursor: dict[str, Any] | None
    message: str | None
    requested_by: str
    started_at: str
    finished_at: str | None
    lease_until: str | None
    trigger: str
    scope: dict[str, Any] | None
    is_full: bool
    watermark: dict[str, Any] | None
    approved_by: str | None

    @property
    def has_ended(self) -> bool:
        """True when a worker has nothing left to do for it: it is over, or held until somebody approves it."""
        return self.state != "running"

    @property
    def is_partial(self) -> bool:
        """True when it reads some records only: those of webhooks, or of rows to be tried again."""
        return self.scope is not None


@dataclass(frozen=True)
class Lease:
    """The right to work on a run until another takes it; `token` is its fencing number."""

    tenant_id: int
    run_id: int
    token: int
    seconds: float

    def renew(self, connection: Connection, **changes: Any) -> None:
        """Prolong the lease and write ``changes`` to the run in the caller's transaction.

        :raises LeaseLost: the run has been taken over or cancelled; the transaction must be rolled back.
        """
        values = {"lease_until": clock.after(self.seconds), **changes}
        found = connection.execute(update(import_run).where(*self._where()).values(**values))
        if found.rowcount != 1:
            raise LeaseLost(f"Run {self.run_id} was taken over by another process, or cancelled.")

    def _where(self) -> tuple[Any, ...]:
        return (
            import_run.c.tenant_id == self.tenant_id,
            import_run.c.id == self.run_id,
            import_run.c.lease_token == self.token,
            import_run.c.state == "running",
        )


@dataclass(frozen=True)
class Started:
    """The run that a request led to; `is_new` is False when one was under way already."""

    run: Run
    is_new: bool


def start(
    connection: Connection,
    known: Source,
    *,
    dry_run: bool,
    requested_by: str,
    trigger: str = "request",
    scope: dict[str, Any] | None = None,
    is_full: bool = False,
) -> Started:
    """Start an import of a source, or return the one that is under way: there is never a second.

    ``scope`` as in the table; without one, everything is read when ``is_full``, when there is no watermark, or when it
    has not been read for as long as the source's ``full_read`` says. A held run that reads the same is cancelled.

    :raises WrongSource: the source is no connection (yet) that may be imported from.
    """
    require_writing(connection)
    (life.require_call if dry_run else life.require_published)(connection, known)
    running = under_way(connection, known.tenant_id, known.id)
    if running is not None:
        return Started(running, is_new=False)
    row: dict[str, Any] = {
        "tenant_id": known.tenant_id,
        "id": next_number(connection, import_run, known.tenant_id),
        "source_id": known.id,
        "state": "running",
        "phase": "reading",
        "trigger": trigger,
        "scope": scope,
        "is_full": scope is None and (is_full or dry_run or rereading.reads_whole(known)),
        "dry_run": dry_run,
        **dict.fromkeys(_COUNTERS, 0),
        "staged": 0,
        "complete": False,
        "requested_by": requested_by,
        "started_at": clock.now(),
        "lease_token": 0,
    }
    # next_number holds a lock of this tenant's runs on PostgreSQL: look again behind it.
    running = under_way(connection, known.tenant_id, known.id)
    if running is not None:
        return Started(running, is_new=False)
    if scope is None and not dry_run:
        _supersede(connection, known, row["id"])
    connection.execute(insert(import_run), row)
    values = {"run": row["id"], "dry_run": dry_run}
    audit.record(connection, known.tenant_id, requested_by, "import.started", f"source:{known.name}", values)
    return Started(get(connection, known.tenant_id, row["id"]), is_new=True)


def _supersede(connection: Connection, known: Source, run_id: int) -> None:
    """Cancel the runs that wait for approval: what is read now is newer."""
    where = (
        import_run.c.tenant_id == known.tenant_id,
        import_run.c.source_id == known.id,
        import_run.c.state == "held",
    )
    for held in connection.scalars(select(import_run.c.id).where(*where)).all():
        values = {"state": "cancelled", "phase": "done", "finished_at": clock.now()}
        values["message"] = f"Run {run_id} took the place of this one, which waited for approval."
        connection.execute(update(import_run).where(*where, import_run.c.id == held).values(**values))
        _forget_staged(connection, known.tenant_id, held)


def under_way(connection: Connection, tenant_id: int, source_id: int) -> Run | None:
    """Return the source's run that has not ended, or None."""
    where = (
        import_run.c.tenant_id == tenant_id,
        import_run.c.source_id == source_id,
        import_run.c.state == "running",
    )
    row = connection.execute(select(import_run).where(*where)).first()
    return _run(row) if row else None


def claim(connection: Connection, tenant_id: int, run_id: int, seconds: float) -> Lease | None:
    """Take the lease of a run that nobody holds (any more); None when somebody does, or it has ended."""
    require_writing(connection)
    moment = clock.now()
    where = (
        import_run.c.tenant_id == tenant_id,
        import_run.c.id == run_id,
        import_run.c.state == "running",
        or_(import_run.c.lease_until.is_(None), import_run.c.lease_until < moment),
    )
    values = {
        "lease_token": import_run.c.lease_token + 1,
        "lease_owner": _worker_name(),
        "lease_until": clock.after(seconds),
    }
    if connection.execute(update(import_run).where(*where).values(**values)).rowcount != 1:
        return None
    query = select(import_run.c.lease_token).where(
        import_run.c.tenant_id == tenant_id, import_run.c.id == run_id
    )
    return Lease(tenant_id, run_id, int(connection.scalar(query) or 0), seconds)


def _worker_name() -> str:
    return f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(4)}"


def due(connection: Connection, limit: int = 100) -> list[tuple[int, int]]:
    """Return (tenant, run) of the runs that wait for a worker: new ones, and those whose worker is gone."""
    where = (
        import_run.c.state == "running",
        or_(import_run.c.lease_until.is_(None), import_run.c.lease_until < clock.now()),
    )
    columns = (import_run.c.tenant_id, import_run.c.id)
    query = select(*columns).where(*where).order_by(import_run.c.started_at, *columns).limit(limit)
    return [(row.tenant_id, row.id) for row in connection.execute(query)]


def end(
    connection: Connection, lease: Lease, known: Source, *, state: str, message: str | None = None
) -> None:
    """End a run that one holds: ``finished`` or ``failed``; its staged rows go in the same transaction.

    Only a run that has read and stored all it was to read moves the source's watermark, unless that was reset since.
    """
    moment, run = clock.now(), get(connection, lease.tenant_id, lease.run_id)
    if run.dry_run and state == "finished":
        message = welcome.foretold(connection, run)
    lease.renew(connection, state=state, phase="done", message=message, finished_at=moment, lease_until=None)
    _forget_staged(connection, lease.tenant_id, lease.run_id)
    run = get(connection, lease.tenant_id, lease.run_id)
    values = {"run": lease.run_id, "dry_run": run.dry_run, **run.counts.as_dict()}
    actor = f"source:{known.name}"
    audit.record(connection, lease.tenant_id, actor, f"import.{state}", f"source:{known.name}", values)
    if run.dry_run:
        return
    if state == "finished" and not run.is_partial:
        rereading.learn(connection, run)
    reporting.told(connection, run, known, message)
    announcing.ended(connection, run, known, message)


def hold(connection: Connection, lease: Lease, known: Source, reason: str) -> None:
    """Let a run wait for approval before it changes anybody; what it has read stays."""
    lease.renew(connection, state="held", message=reason, lease_until=None)
    actor, subject = f"source:{known.name}", f"source:{known.name}"
    audit.record(connection, lease.tenant_id, actor, "import.held", subject, {"run": lease.run_id})
    run = get(connection, lease.tenant_id, lease.run_id)
    reporting.told(connection, run, known, reason)
    announcing.held(connection, run, known, reason)


def approve(connection: Connection, tenant_id: int, run_id: int, by: str) -> Run:
    """Let a held run go on; a worker takes it. Raises ``WrongUse`` when it is not held."""
    run = get(connection, tenant_id, run_id)
    where = (import_run.c.tenant_id == tenant_id, import_run.c.id == run_id, import_run.c.state == "held")
    if under_way(connection, tenant_id, run.source_id) is not None:
        raise WrongUse(
            f"Another import of this source is under way; approve run {run_id} when that has ended."
        )
    values = {"state": "running", "approved_by": by, "message": None}
    if connection.execute(update(import_run).where(*where).values(**values)).rowcount != 1:
        raise WrongUse(f"Run {run_id} is {run.state}; only a held run can be approved.")
    audit.record(connection, tenant_id, by, "import.approved", f"run:{run_id}", {"run": run_id})
    return get(connection, tenant_id, run_id)


def cancel(connection: Connection, tenant_id: int, run_id: int, by: str) -> Run:
    """Cancel a run that is under way or held; what it has applied stays. Raises ``WrongUse`` when it has ended."""
    run = get(connection, tenant_id, run_id)
    where = (import_run.c.tenant_id == tenant_id, import_run.c.id == run_id, import_run.c.state.in_(OPEN))
    values = {"state": "cancelled", "phase": "done", "finished_at": clock.now(), "lease_until": None}
    if connection.execute(update(import_run).where(*where).values(**values)).rowcount != 1:
        raise WrongUse(f"Run {run_id} has ended already ({run.state}); there is nothing to cancel.")
    _forget_staged(connection, tenant_id, run_id)
    audit.record(connection, tenant_id, by, "import.cancelled", f"run:{run_id}", {"run": run_id})
    return get(connection, tenant_id, run_id)


def _forget_staged(connection: Connection, tenant_id: int, run_id: int) -> None:
    where = (staged_record.c.tenant_id == tenant_id, staged_record.c.run_id == run_id)
    connection.execute(delete(staged_record).where(*where))


def get(connection: Connection, tenant_id: int, run_id: int) -> Run:
    """Return a run; raises ``NotFoundError``."""
    query = select(import_run).where(import_run.c.tenant_id == tenant_id, import_run.c.id == run_id)
    row = connection.execute(query).first()
    if row is None:
        raise NotFoundError(
            f"There is no import run {run_id} in this tenant; `rollcall run-log list` shows them."
        )
    return _run(row)


def run_has_ended(connection: Connection, tenant_id: int, run_id: int) -> bool:
    """True when an import run has ended in whatever way, or is not known (any more)."""
    where = (import_run.c.tenant_id == tenant_id, import_run.c.id == run_id, import_run.c.state.in_(OPEN))
    return connection.scalar(select(import_run.c.id).where(*where)) is None


def listed(
    connection: Connection,
    tenant_id: int,
    source_id: int | None = None,
    limit: int = 50,
    *,
    before: int | None = None,
    state: str | None = None,
    dry_run: bool | None = None,
) -> list[Run]:
    """Return the newest runs of a tenant, or of one of its sources; ``before``: only those with a smaller number."""
    query = select(import_run).where(import_run.c.tenant_id == tenant_id)
    if source_id is not None:
        query = query.where(import_run.c.source_id == source_id)
    if before is not None:
        query = query.where(import_run.c.id < before)
    if state is not None:
        query = query.where(import_run.c.state == state)
    if dry_run is not None:
        query = query.where(import_run.c.dry_run == dry_run)
    return [_run(row) for row in connection.execute(query.order_by(import_run.c.id.desc()).limit(limit))]


def _run(row: Any) -> Run:
    return Run(
        tenant_id=row.tenant_id,
        id=row.id,
        source_id=row.source_id,
        state=row.state,
        phase=row.phase,
        dry_run=row.dry_run,
        counts=Counts(*(getattr(row, name) for name in _COUNTERS)),
        staged=row.staged,
        complete=row.complete,
        cursor=row.cursor,
        message=row.message,
        requested_by=row.requested_by,
        started_at=row.started_at,
        finished_at=row.finished_at,
        lease_until=row.lease_until,
        **{name: getattr(row, name) for name in ("trigger", "scope", "is_full", "watermark", "approved_by")},
    )
