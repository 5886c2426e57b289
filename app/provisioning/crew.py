"""The threads of one drain: they carry calls out; everything that touches the database stays with the main thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from types import TracebackType

import structlog

from app.provisioning.errors import RetryLater
from app.provisioning.retries import CIRCUIT_AFTER
from app.provisioning.sending import Outcome
from app.provisioning.tasks import Task
from app.provisioning.wire import SHORT_REST, Gate, Recorder

log = structlog.get_logger(__name__)

Call = Callable[[Task], Outcome]
#: Seconds between the beats in which the main thread renews leases and looks whether the target was paused.
BEAT = 0.5


class Crew:
    """Runs one call per task, `size` at a time, and stops the gate when the target wants it.

    The first call of a drain goes alone: a target that refuses the token is asked once, not `size` times. `patience`
    is the number of failures in a row after which the target is left alone; once it has answered, the usual one.
    """

    def __init__(self, size: int, gate: Gate, recorder: Recorder, *, patience: int = CIRCUIT_AFTER) -> None:
        self._pool = ThreadPoolExecutor(size, thread_name_prefix="target")
        self._gate = gate
        self._recorder = recorder
        self._is_proven = False
        self._misses = 0
        self._patience = patience
        self._timing = threading.Lock()
        self._runs, self._busy_since, self._busy_seconds = 0, 0.0, 0.0
        self.answered = 0
        self.last_error: Outcome | None = None

    def __enter__(self) -> Crew:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._gate.stop("the drain is over")
        self._pool.shutdown(wait=True, cancel_futures=True)

    def run(self, tasks: Sequence[Task], call: Call, beat: Callable[[], None]) -> None:
        """Carry the call out for every task, outcomes into the tasks; `beat` is called meanwhile, in this thread."""
        if not tasks:
            return  # nor is it a time in which nothing was answered
        with self._timed():
            self._run(tasks, call, beat)

    def _run(self, tasks: Sequence[Task], call: Call, beat: Callable[[], None]) -> None:
        waiting = list(tasks)
        while waiting:
            share, waiting = (waiting, []) if self._is_proven else (waiting[:1], waiting[1:])
            pending: set[Future[None]] = {self._pool.submit(self._one, task, call) for task in share}
            while pending:
                done, pending = wait(pending, timeout=BEAT)
                for future in done:
                    future.result()
                if pending:
                    beat()
            self._is_proven = self._is_proven or self.answered > 0

    @contextmanager
    def _timed(self) -> Iterator[None]:
        """Count the time in which somebody runs; two who run at once count once."""
        with self._timing:
            if self._runs == 0:
                self._busy_since = time.monotonic()
            self._runs += 1
        try:
            yield
        finally:
            with self._timing:
                self._runs -= 1
                if self._runs == 0:
                    self._busy_seconds += time.monotonic() - self._busy_since

    @property
    def answers_in_a_second(self) -> float:
        """How many answers came in a second of a run so far; infinitely many before the first run has ended."""
        with self._timing:
            now = time.monotonic() - self._busy_since if self._runs else 0.0
            seconds = self._busy_seconds + now
        return self.answered / seconds if seconds > 0 else float("inf")

    def _one(self, task: Task, call: Call) -> None:
        with self._recorder.into(task.exchanges):
            try:
                task.outcome = call(task)
            except Exception as error:
                log.exception("a call broke", employee=task.link.employee_id)
                reason = f"Rollcall could not make sense of the exchange ({type(error).__name__})."
                broken = RetryLater("internal_error", reason, may_have_been_processed=True)
                task.outcome = Outcome("retry", error=broken)
        self.judge(task.outcome)

    def judge(self, outcome: Outcome) -> None:
        """Stop the gate when the outcome says that the target as a whole does not work."""
        if outcome.kind == "unsent":
            return
        if outcome.kind == "unauthorised":
            self.last_error = outcome
            self._gate.stop("unauthorised")
        elif outcome.is_transient:
            self._misses += 1
            self.last_error = outcome
            wait = outcome.error.retry_after if outcome.error else None
            if self._misses >= self._patience or (
                outcome.is_throttled and (wait is None or wait > SHORT_REST)
            ):
                self._gate.stop("unavailable")
            elif outcome.is_throttled:
                self._gate.rest(wait or 0.0)
        else:
            self._misses = 0
            self._patience = CIRCUIT_AFTER
            self.answered += 1
