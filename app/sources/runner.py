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
from sqlalchemy.exc import InterfaceError, OperationalError

from app import clock
from app.config import Settings
from app.database import reading, refresh_statistics, writing
from app.errors import RollcallError, WrongUse
from app.outbound import AddressPolicy, Limits, OutboundSession
from app.sources import absence, catalog, checking, guards, life, row_errors, runs, second_pass
from app.sources.adapter import Acknowledges, ReadsSome, SourceContext
from app.sources.applying import Batch
from app.sources.catalog import Source
from app.sources.decisions import Terms
from app.sources.errors import IncompleteRead, LeaseLost, SourceError
from app.sources.known_records import Printer
from app.sources.mapping import Mapping
from app.sources.people import Plans
from app.sources.records import Page
from app.sources.runs import Lease, Run
from app.sources.staging import stage_page, start_again
from app.sources.tables import import_run

log = structlog.get_logger(__name__)

Progress = Callable[[Run], None]
_LONGEST_NAP = 1.0
#: Seconds between looks at a run that another process works on.
_GLANCE = 0.25
MOST_PAGES = 10_000
MOST_RECORDS = 500_000


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


def import_now(
    known: Source,
    *,
    dry_run: bool,
    requested_by: str,
    progress: Progress | None = None,
    trigger: str = "request",
    scope: dict[str, Any] | None = None,
    is_full: bool = False,
) -> Run:
    """Import a source and return the ended (or held) run; ``scope`` and ``is_full`` as in :func:`runs.start`.

    When an import of it is under way, that one is waited for (and taken over if its process is gone); it is the
    answer if it is of the kind that was asked for. Needs an application context.

    :raises WrongSource: nothing may be imported from the source (yet).
    :raises WrongUse: one of another kind is under way and waits, maybe for hours, until its source can be read on.
    """
    while True:
        with writing() as connection:
            started = runs.start(
                connection,
                known,
                dry_run=dry_run,
                requested_by=requested_by,
                trigger=trigger,
                scope=scope,
                is_full=is_full,
            )
        run = started.run
        ended = work(known.tenant_id, run.id, progress) or followed(run, progress)
        if started.is_new or (ended.dry_run == dry_run and ended.scope == scope):
            return ended
        if ended.phase == "waiting":
            raise WrongUse(_waits(known, ended))


def _waits(known: Source, run: Run) -> str:
    return (
        f"Run {run.id} of {known.name!r} is under way and waits until {run.lease_until}: {run.message} It goes on by "
        f"itself then, and another import of {known.name!r} can start when it has ended, or once it is cancelled: "
        f"rollcall run-log cancel {run.id}"
    )


def followed(run: Run, progress: Progress | None) -> Run:
    """Wait for a run that another process works on; take it over when that process has let its lease go."""
    while True:
        with reading() as connection:
            run = runs.get(connection, run.tenant_id, run.id)
        if run.has_ended or run.phase == "waiting":
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


@dataclass
class _Drive:
    """One process's work on one run."""

    known: Source
    lease: Lease
    progress: Progress
    renewed: float = field(default_factory=time.monotonic)
    batches: int = 0
    next_look: int = 5

    def to_the_end(self) -> Run:
        trouble: str | None = None
        try:
            self._refuse_half_a_dry_run()
            context = self._context()
            mapping = self.known.compiled_mapping(context)
            trouble = self._read(context, mapping)
            if self._run().phase == "waiting":
                return self._run()
            terms, plans = self._terms(mapping), Plans() if self._run().dry_run else None
            if self._is_held(terms):
                return self._run()
            self._apply(context, terms, plans)
            second_pass.pass_over(self.known, self.lease, self._run(), terms, plans)
            self._mark_absent()
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
            runs.end(connection, self.lease, self.known, state=state, message=trouble)
            if not trouble:
                checking.proven(connection, self.known, f"source:{self.known.name}")
        return self._run()

    def _context(self) -> SourceContext:
        with reading() as connection:
            life.require_call(connection, self.known)
        return self.known.context(
            open_session=_open_session,
            pause=self._pause,
            alive=self._alive,
            watermark=None if self._run().is_full else self.known.watermark,
        )

    def _run(self) -> Run:
        with reading() as connection:
            run = runs.get(connection, self.lease.tenant_id, self.lease.run_id)
        self.progress(run)
        return run

    # --- reading ----------------------------------------------------------------------------------------------------

    def _read(self, context: SourceContext, mapping: Mapping) -> str | None:
        """Stage what is left to read; return why it broke off, None when all was read."""
        run = self._run()
        if run.phase not in ("reading", "waiting"):
            return run.message
        with writing() as connection:
            self.lease.renew(connection, phase="reading", message=None)
        today = mapping.today(clock.parse_instant(run.started_at))
        wanted = frozenset(run.scope["records"]) if run.scope and "records" in run.scope else None
        try:
            for number, page in enumerate(self._pages(context, run)):
                with writing() as connection:
                    stage_page(connection, self.lease, mapping, page, today, wanted)
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
            message, goes_on_in = str(error), error.goes_on_in
        with writing() as connection:
            if goes_on_in is None:
                self.lease.renew(connection, phase="applying", complete=False, message=message)
            else:
                until = clock.after(goes_on_in)
                self.lease.renew(connection, phase="waiting", message=message, lease_until=until)
        return message

    def _pages(self, context: SourceContext, run: Run) -> Iterator[Page]:
        adapter, scope = self.known.adapter(), run.scope
        if scope is None or not isinstance(adapter, ReadsSome):
            return adapter.read(context, run.cursor)
        if run.staged:
            # Single records have no place to go on from: what a killed process has read of them is read again.
            with writing() as connection:
                start_again(connection, self.lease)
        hints = scope["hints"] if "hints" in scope else [{"record": record} for record in scope["records"]]
        return adapter.read_some(context, hints)

    def _is_held(self, terms: Terms) -> bool:
        """Hold the run when a guard objects to it; whoever approves it lets it go on here."""
        run = self._run()
        with reading() as connection:
            reason = guards.objection(connection, self.known, run, terms, self._alive)
        if reason is None:
            return False
        with writing() as connection:
            runs.hold(connection, self.lease, self.known, reason)
        return True

    # --- applying ---------------------------------------------------------------------------------------------------

    def _terms(self, mapping: Mapping) -> Terms:
        run, choice = self._run(), self.known.work_email
        has_template = choice not in ("source", "none")
        return Terms(
            source_name=self.known.name,
            source_kind=self.known.kind,
            mapping=mapping,
            work_email=choice,
            template=mapping.address_template(choice) if has_template else None,
            printer=Printer(self.known.print_key),
            today=mapping.today(clock.parse_instant(run.started_at)),
            complete=run.complete,
        )

    def _apply(self, context: SourceContext, terms: Terms, plans: Plans | None) -> None:
        while True:
            with writing() as connection:
                batch = Batch(connection, self.lease, self.known.id, terms, plans)
                if batch.apply() == 0:
                    return
            self.renewed = time.monotonic()
            self._acknowledge(context, batch)
            self._look_anew()
            self._run()

    def _look_anew(self) -> None:
        """After 5, 25, 125 … batches: what was an empty table when they began is one no more."""
        self.batches += 1
        if self.batches == self.next_look:
            self.next_look *= 5
            refresh_statistics()

    def _acknowledge(self, context: SourceContext, batch: Batch) -> None:
        adapter = self.known.adapter()
        if batch.plans is not None or not isinstance(adapter, Acknowledges):
            return
        try:
            adapter.acknowledge(context, batch.imported)
        except SourceError as error:
            # The people are in the directory; that their source does not know it is told, and undoes nothing.
            log.warning("import not acknowledged", run=self.lease.run_id, reason=str(error))
            with writing() as connection:
                row_errors.warn(connection, self.lease, "not_acknowledged", str(error))

    def _mark_absent(self) -> None:
        """Count records that are gone at the source, and mark them; their people stay as they are."""
        run = self._run()
        with writing() as connection:
            self.lease.renew(connection)
            if not absence.can_tell(connection, self.known, run):
                return
            look = absence.count_absent if run.dry_run else absence.mark_absent
            self.lease.renew(connection, deleted=import_run.c.deleted + look(connection, self.known, run))

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
    """Return what the source's adapter works with outside of a run (checks, previews); its pauses really wait.

    :raises WrongSource: the source's system may not be called: no consent, or no credentials.
    """
    with reading() as connection:
        life.require_call(connection, known)
    return known.context(open_session=_open_session, pause=time.sleep)


def _open_session(base_url: str, **options: Any) -> OutboundSession:
    settings = _settings()
    policy = AddressPolicy(settings.allow_private_targets, frozenset(settings.allowed_addresses))
    limits = Limits(settings.connect_timeout, settings.call_timeout)
    # Nobody looks at what an import has read: the records are.
    return OutboundSession(base_url, policy=policy, limits=limits, keeps_bodies=False, **options)
