"""The import runner: drives a run from wherever it stands to its end, in this process, under the run's lease.

Two phases. *Reading* stores what the source gives, a page to a transaction, with the place where reading goes on;
*applying* takes the stored rows, a batch to a transaction. A run whose process dies waits for its lease to end; then
whoever comes first (a worker's :func:`resume_due`, or the same command again) goes on with it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import structlog
from flask import Flask, current_app
from sqlalchemy import Connection, update
from sqlalchemy.exc import InterfaceError, OperationalError

from app import clock
from app.config import Settings
from app.database import reading, writing
from app.errors import RollcallError
from app.outbound import AddressPolicy, Limits, OutboundSession
from app.sources import catalog, runs
from app.sources.adapter import SourceContext
from app.sources.applying import Batch
from app.sources.catalog import Source
from app.sources.decisions import Terms
from app.sources.errors import IncompleteRead, LeaseLost, SourceError
from app.sources.known_records import Printer
from app.sources.mapping import Mapping
from app.sources.people import Plans
from app.sources.runs import Lease, Run, due_sources
from app.sources.staging import stage_page
from app.sources.tables import source

log = structlog.get_logger(__name__)

Progress = Callable[[Run], None]
_LONGEST_NAP = 1.0
#: Seconds between looks at a run that another process works on.
_GLANCE = 0.25
MOST_PAGES = 10_000
MOST_RECORDS = 500_000

__all__ = ["context_of", "due_sources", "import_now", "resume_due", "start_due", "work"]


def _settings() -> Settings:
    settings: Settings = current_app.extensions["rollcall.settings"]
    return settings


def work(tenant_id: int, run_id: int, progress: Progress | None = None) -> Run | None:
    """Drive a run to its end and return it; None when another process holds it, or takes it over meanwhile.

    Needs an application context. ``progress`` is called with the run after each page and batch.
    """
    with writing() as connection:
        lease = runs.claim(connection, tenant_id, run_id, _settings().lease_seconds)
        known = None
        if lease is not None:
            run = runs.get(connection, tenant_id, run_id)
            known = catalog.with_id(connection, tenant_id, run.source_id)
    if lease is None or known is None:
        return None
    try:
        return _Drive(known, lease, progress or (lambda run: None)).to_the_end()
    except LeaseLost as error:
        log.info("run left to another", run=run_id, tenant_id=tenant_id, reason=str(error))
        return None


def import_now(known: Source, *, dry_run: bool, requested_by: str, progress: Progress | None = None) -> Run:
    """Import a source and return the ended run.

    When an import of it is under way, that one is waited for (and taken over if its process is gone); it is the
    answer if it is of the kind that was asked for. Needs an application context.
    """
    while True:
        with writing() as connection:
            run = runs.start(connection, known, dry_run=dry_run, requested_by=requested_by).run
        ended = work(known.tenant_id, run.id, progress) or _followed(run, progress)
        if ended.dry_run == dry_run:
            return ended


def _followed(run: Run, progress: Progress | None) -> Run:
    """Wait for a run that another process works on; take it over when that process has let its lease go."""
    while True:
        with reading() as connection:
            run = runs.get(connection, run.tenant_id, run.id)
        if run.has_ended:
            return run
        if run.lease_until is None or run.lease_until < clock.now():
            ended = work(run.tenant_id, run.id, progress)
            if ended is not None:
                return ended
        if progress is not None:
            progress(run)
        time.sleep(_GLANCE)


def resume_due(app: Flask) -> int:
    """Work off the runs that nobody works on: new ones, and those whose process died. Return how many were ended."""
    ended = 0
    with app.app_context():
        with reading() as connection:
            waiting = runs.due(connection)
        for tenant_id, run_id in waiting:
            ended += work(tenant_id, run_id) is not None
    return ended


def start_due(connection: Connection, now: str) -> list[Run]:
    """Start the imports that are due by schedule and set the next times; a worker then drives them.

    A source whose import is still under way is not started again; missed times count as one.
    """
    started = []
    for tenant_id, source_id in due_sources(connection, now):
        known = catalog.with_id(connection, tenant_id, source_id)
        if known is None or known.interval is None:
            continue
        where = (
            source.c.tenant_id == tenant_id,
            source.c.id == source_id,
            source.c.next_run_at == known.next_run_at,
        )
        values = {"next_run_at": clock.after(known.interval, since=now)}
        if connection.execute(update(source).where(*where).values(**values)).rowcount != 1:
            continue
        found = runs.start(connection, known, dry_run=False, requested_by="system:schedule")
        if found.is_new:
            started.append(found.run)
    return started


@dataclass
class _Drive:
    """One process's work on one run."""

    known: Source
    lease: Lease
    progress: Progress
    renewed: float = field(default_factory=time.monotonic)

    def to_the_end(self) -> Run:
        context = self.known.context(open_session=_open_session, pause=self._pause, alive=self._alive)
        trouble: str | None = None
        try:
            self._refuse_half_a_dry_run()
            mapping = self.known.compiled_mapping(context)
            trouble = self._read(context, mapping)
            self._apply(self._terms(mapping))
        except (LeaseLost, OperationalError, InterfaceError):
            # The database may be back in a moment: the run stays as it is and is resumed when its lease has ended.
            raise
        except RollcallError as error:
            trouble = str(error)
        except Exception as error:
            # The edge of a run: it must not stay "running" for ever because of a defect in an adapter.
            log.exception("import failed", run=self.lease.run_id, source=self.known.name)
            trouble = (
                f"The import stopped at an unexpected {type(error).__name__}; Rollcall's log has the cause."
            )
        with writing() as connection:
            state = "failed" if trouble else "finished"
            runs.end(connection, self.lease, self.known.name, state=state, message=trouble)
        return self._run()

    def _run(self) -> Run:
        with reading() as connection:
            run = runs.get(connection, self.lease.tenant_id, self.lease.run_id)
        self.progress(run)
        return run

    # --- reading ----------------------------------------------------------------------------------------------------

    def _read(self, context: SourceContext, mapping: Mapping) -> str | None:
        """Stage what is left to read; return why it broke off, None when all was read."""
        run = self._run()
        if run.phase != "reading":
            return run.message
        try:
            for number, page in enumerate(self._pages(context, run)):
                with writing() as connection:
                    stage_page(connection, self.lease, mapping, page)
                self.renewed = time.monotonic()
                run = self._run()
                if number >= MOST_PAGES or run.staged > MOST_RECORDS:
                    raise IncompleteRead(
                        f"The source has more than {MOST_RECORDS} records, the most that one run takes."
                    )
            if not run.complete:
                raise IncompleteRead("The source stopped before its end.")
            return None
        except IncompleteRead as error:
            message = str(error)
        with writing() as connection:
            self.lease.renew(connection, phase="applying", complete=False, message=message)
        return message

    def _pages(self, context: SourceContext, run: Run) -> Iterator[Any]:
        return self.known.adapter().read(context, run.cursor)

    # --- applying ---------------------------------------------------------------------------------------------------

    def _terms(self, mapping: Mapping) -> Terms:
        run, choice = self._run(), self.known.work_email
        has_template = choice not in ("source", "none")
        return Terms(
            source_name=self.known.name,
            mapping=mapping,
            work_email=choice,
            template=mapping.address_template(choice) if has_template else None,
            printer=Printer(self.known.print_key),
            today=mapping.today(clock.parse_instant(run.started_at)),
            complete=run.complete,
        )

    def _apply(self, terms: Terms) -> None:
        plans = Plans() if self._run().dry_run else None
        while True:
            with writing() as connection:
                batch = Batch(connection, self.lease, self.known.id, terms, plans)
                if batch.apply() == 0:
                    return
            self.renewed = time.monotonic()
            self._run()

    def _refuse_half_a_dry_run(self) -> None:
        """Plans live in memory only: what a dry run has planned is lost with its process."""
        run = self._run()
        if run.dry_run and run.phase == "applying":
            raise SourceError("The dry run was interrupted; start it again.")

    # --- what adapters use ------------------------------------------------------------------------------------------

    def _alive(self) -> None:
        if time.monotonic() - self.renewed > self.lease.seconds / 4:
            with writing() as connection:
                self.lease.renew(connection)
            self.renewed = time.monotonic()

    def _pause(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while True:
            self._alive()
            left = until - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, _LONGEST_NAP, self.lease.seconds / 4))


def context_of(known: Source) -> SourceContext:
    """Return what the source's adapter works with outside of a run (checks, previews); its pauses really wait."""
    return known.context(open_session=_open_session, pause=time.sleep)


def _open_session(base_url: str, **options: Any) -> OutboundSession:
    settings = _settings()
    policy = AddressPolicy(settings.allow_private_targets, frozenset(settings.allowed_addresses))
    limits = Limits(settings.connect_timeout, settings.call_timeout)
    return OutboundSession(base_url, policy=policy, limits=limits, **options)
