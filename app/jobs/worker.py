"""The worker: threads that carry out what the scheduler wakes them for."""

from __future__ import annotations

import structlog
from flask import Flask, current_app

from app.jobs import tasks
from app.jobs.queue import current_queue
from app.provisioning.pulse import STOPPING

log = structlog.get_logger(__name__)

STOP_SECONDS = 20
LOOK_SECONDS = 1


def work(threads: int) -> None:
    """Work until SIGTERM, which lets the tasks in progress finish for :data:`STOP_SECONDS`."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    queue = current_queue()
    tasks.join(app, queue)
    consumer = queue.create_consumer(
        workers=threads,
        worker_type="thread",
        periodic=False,
        graceful_signal="TERM",
        shutdown_timeout=STOP_SECONDS,
        initial_delay=0.1,
        max_delay=LOOK_SECONDS,
    )
    log.info("this worker listens", threads=threads)
    app.extensions[STOPPING] = consumer.stop_flag
    consumer.run()
