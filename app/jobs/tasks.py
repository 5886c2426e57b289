"""What workers are woken for. Each task says "drain what is due" and nothing else (see ``app.jobs.queue``)."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from flask import Flask
from huey.api import Huey, TaskWrapper

from app.jobs import upkeep
from app.notices import delivering, posting
from app.provisioning import deliverer, ticks
from app.sources import runner

log = structlog.get_logger(__name__)

#: Seconds that one push may go on before it lets other targets have its thread; the next tick goes on from there.
PUSH_SECONDS = 50.0
#: The same for one that helps a push: it is asked for again while it is needed.
ASSIST_SECONDS = 10.0


@dataclass(frozen=True)
class Tasks:
    """The tasks of a queue; calling one puts it in the queue."""

    push: TaskWrapper
    assist: TaskWrapper
    import_run: TaskWrapper
    notices: TaskWrapper
    watch: TaskWrapper
    retention: TaskWrapper


def join(app: Flask, queue: Huey) -> Tasks:
    """Register the tasks with ``queue``; they run in ``app``'s context."""

    def in_context(work: Callable[..., object], name: str) -> TaskWrapper:
        def task(*arguments: int) -> None:
            with app.app_context():
                try:
                    work(*arguments)
                except Exception:
                    log.exception(
                        "a task failed; what it left undone stays due", task=name, arguments=arguments
                    )

        return queue.task(name=name)(task)

    return Tasks(
        push=in_context(_push, "push"),
        assist=in_context(_assist, "assist"),
        import_run=in_context(runner.work, "import_run"),
        notices=in_context(_notices, "notices"),
        watch=in_context(_watch, "watch"),
        retention=in_context(_retention, "retention"),
    )


def _push(tenant_id: int, target_id: int) -> None:
    ticks.run(tenant_id, target_id, deadline=time.monotonic() + PUSH_SECONDS)


def _assist(tenant_id: int, target_id: int) -> None:
    deliverer.assist(tenant_id, target_id, deadline=time.monotonic() + ASSIST_SECONDS)


def _notices(tenant_id: int, _number: int) -> None:
    delivering.drain(tenant_id)
    posting.drain(tenant_id)


def _watch(_tenant_id: int, _number: int) -> None:
    upkeep.watch()


def _retention(_tenant_id: int, _number: int) -> None:
    upkeep.clear()
