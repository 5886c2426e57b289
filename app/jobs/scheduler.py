"""The scheduler: once a second it asks what is due and wakes workers for it; it also seals the audit chain.

It keeps nothing. What is due stays due in its row until a worker has done it, so a lost wake-up costs a second look.
However many are started, on however many machines, one is active: the one that holds the lease `scheduler`.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import structlog
from flask import Flask, current_app
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from app import clock
from app.access import audit
from app.config import Settings
from app.database import reading, writing
from app.jobs import tasks
from app.jobs.leases import Lease
from app.jobs.queue import Queue, current_queue
from app.jobs.tasks import Tasks
from app.jobs.upkeep import Cadence
from app.notices import deliveries, posting
from app.provisioning import ticks
from app.sources import inbox, runs, starting
from app.sources.runs import Run

log = structlog.get_logger(__name__)

BEAT_SECONDS = 1.0
#: The name of the scheduler's lease.
LEASE = "scheduler"
#: A piece of work is not asked for again within this time, unless it was done.
ASK_AGAIN_SECONDS = 5.0
#: With more waiting tasks than this the workers are behind; waking them again would only lengthen the queue.
QUEUE_LIMIT = 200


def schedule() -> None:
    """Beat until SIGTERM."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    queue = current_queue()
    scheduler = Scheduler(queue, tasks.join(app, queue))
    answers = True
    while not stop.is_set():
        try:
            scheduler.beat()
            answers = True
        except OperationalError as error:
            if answers:
                log.warning("the database does not answer; each beat looks again", error=str(error.orig))
            answers = False
        stop.wait(BEAT_SECONDS)
    with suppress(OperationalError):  # it ends by itself, only later
        scheduler.lease.give_back()


class Scheduler:
    """One look at what is due, and whom to wake for it; every step only while the lease is held."""

    def __init__(self, queue: Queue, known: Tasks, lease: Lease | None = None) -> None:
        settings: Settings = current_app.extensions["rollcall.settings"]
        self.lease = lease or Lease(LEASE, settings.scheduler_lease)
        self._queue = queue
        self._tasks = known
        self._asked: dict[tuple[str, int, int, str], float] = {}
        self._is_active: bool | None = None
        self._cadence = Cadence()

    def beat(self) -> bool:
        """Seal what is unsealed, start imports that are due or that webhooks ask for, wake workers.

        Does nothing, and returns False, while another scheduler is active.
        """
        self._note(self.lease.hold())
        if not self._is_active:
            return False
        self._seal()
        with reading() as connection:
            due_targets = ticks.due_targets(connection, clock.now())
            crowded = ticks.crowded(connection, clock.now())
            has_due_sources = bool(starting.due_sources(connection, clock.now()))
            has_deliveries = bool(inbox.waiting(connection, clock.now()))
            due_runs = runs.due(connection)
            due_notices = deliveries.due_tenants(connection, clock.now())
            due_letters = posting.due_tenants(connection, clock.now())
        if has_due_sources:
            due_runs += self._started(starting.start_due)
        if has_deliveries:
            due_runs += self._started(inbox.start_waiting)
        wanted = [
            *(("push", tenant_id, target_id, since) for tenant_id, target_id, since in due_targets),
            *(("import_run", tenant_id, run_id, "") for tenant_id, run_id in due_runs),
            *(
                ("assist", tenant_id, target_id, f"{drains} drains")
                for tenant_id, target_id, drains in crowded
            ),
            *(("notices", tenant_id, 0, "") for tenant_id in sorted({*due_notices, *due_letters})),
            *((task, 0, 0, "") for task in self._cadence.due()),
        ]
        with self._queue.trying():
            for task, tenant_id, number, since in wanted:
                self._ask(task, tenant_id, number, since)
        return True

    def _note(self, is_active: bool) -> None:
        if is_active is not self._is_active:
            log.info(
                "this scheduler is active" if is_active else "another scheduler is active; this one waits"
            )
        self._is_active = is_active

    def _seal(self) -> None:
        with reading() as connection:
            waiting = audit.tenants_to_seal(connection)
        for tenant_id in waiting:
            with writing() as connection:
                if self.lease.confirmed(connection):
                    audit.seal(connection, tenant_id)

    def _started(self, start: Callable[[Connection, str], list[Run]]) -> list[tuple[int, int]]:
        with writing() as connection:
            started = start(connection, clock.now()) if self.lease.confirmed(connection) else []
        return [(run.tenant_id, run.id) for run in started]

    def _ask(self, task: str, tenant_id: int, number: int, since: str = "") -> None:
        """Wake a worker for what has been due ``since`` then, unless one was woken for just that a moment ago."""
        moment = time.monotonic()
        key = (task, tenant_id, number, since)
        if (
            self._asked.get(key, 0.0) > moment - ASK_AGAIN_SECONDS
            or not self.lease.is_held
            or self._queue.pending_count() > QUEUE_LIMIT
        ):
            return
        self._asked = {known: at for known, at in self._asked.items() if at > moment - ASK_AGAIN_SECONDS}
        getattr(self._tasks, task)(tenant_id, number)
        self._asked[key] = moment
