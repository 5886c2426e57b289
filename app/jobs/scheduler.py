"""The scheduler: once a second it asks what is due and wakes workers for it; it also seals the audit chain.

It keeps nothing. What is due stays due in its row until a worker has done it, so a lost wake-up costs a second look.
"""

from __future__ import annotations

import signal
import threading
import time

import structlog
from flask import Flask, current_app
from huey.api import Huey
from sqlalchemy.exc import OperationalError

from app import clock
from app.access import audit
from app.database import reading, writing
from app.jobs import tasks
from app.jobs.queue import current_queue
from app.jobs.tasks import Tasks
from app.provisioning import ticks
from app.sources import runner, runs

log = structlog.get_logger(__name__)

BEAT_SECONDS = 1.0
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
    while not stop.is_set():
        try:
            scheduler.beat()
        except OperationalError as error:
            log.warning("the database does not answer; the next beat looks again", error=str(error.orig))
        stop.wait(BEAT_SECONDS)


class Scheduler:
    """One look at what is due, and whom to wake for it."""

    def __init__(self, queue: Huey, known: Tasks) -> None:
        self._queue = queue
        self._tasks = known
        self._asked: dict[tuple[str, int, int, str], float] = {}

    def beat(self) -> None:
        """Seal what is unsealed, start due imports, wake workers for due targets and unfinished runs."""
        self._seal()
        with reading() as connection:
            due_targets = ticks.due_targets(connection, clock.now())
            has_due_sources = bool(runs.due_sources(connection, clock.now()))
            due_runs = runs.due(connection)
        if has_due_sources:
            with writing() as connection:
                started = runner.start_due(connection, clock.now())
            due_runs += [
                (run.tenant_id, run.id) for run in started if (run.tenant_id, run.id) not in due_runs
            ]
        for tenant_id, target_id, since in due_targets:
            self._ask("push", tenant_id, target_id, since)
        for tenant_id, run_id in due_runs:
            self._ask("import_run", tenant_id, run_id)

    def _seal(self) -> None:
        with reading() as connection:
            waiting = audit.tenants_to_seal(connection)
        for tenant_id in waiting:
            with writing() as connection:
                audit.seal(connection, tenant_id)

    def _ask(self, task: str, tenant_id: int, number: int, since: str = "") -> None:
        """Wake a worker for what has been due ``since`` then, unless one was woken for just that a moment ago."""
        moment = time.monotonic()
        key = (task, tenant_id, number, since)
        if (
            self._asked.get(key, 0.0) > moment - ASK_AGAIN_SECONDS
            or self._queue.pending_count() > QUEUE_LIMIT
        ):
            return
        self._asked = {known: at for known, at in self._asked.items() if at > moment - ASK_AGAIN_SECONDS}
        self._asked[key] = moment
        getattr(self._tasks, task)(tenant_id, number)
