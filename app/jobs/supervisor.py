"""The process group of ``rollcall run``: one parent that starts, watches, restarts and stops the parts.

A part is a program of its own (web, worker, scheduler). The parent imports none of them, so nothing that one
part opens, a database engine above all, is inherited by another. It promises three things:

- SIGTERM, SIGINT and SIGHUP stop everything: each part gets SIGTERM and the time to finish what it has
  begun, what is left at the deadline is killed, and the exit code is 0. A second signal ends the waiting.
- A part that ends by itself is started again after a growing pause. One that keeps ending soon after its
  start has a fault that no restart repairs: everything stops, and the exit code is 1.
- Nothing outlives the parent. Even when it is killed with SIGKILL, the kernel kills the parts (Linux).
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import structlog

from app.jobs.lifeline import die_with_parent

log = structlog.get_logger(__name__)

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
GAVE_UP = 1


@dataclass(frozen=True, slots=True)
class Part:
    """One program to keep running: its name in the log, its command, what is added to our environment."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the supervisor waits, in seconds, and how often it tries."""

    stop: float = 25.0
    """for all parts to end after SIGTERM, before SIGKILL; longer than the longest call that a worker makes"""
    steady: float = 30.0
    """a part that has lived this long is well: its earlier deaths are forgotten"""
    first_pause: float = 0.5
    longest_pause: float = 15.0
    quick_deaths: int = 6
    """so many deaths in a row, none after a steady life, and the supervisor gives up"""


def pause_before_restart(quick_deaths: int, patience: Patience) -> float:
    """The seconds to wait before the next start: doubling with every quick death in a row, up to a limit.

    >>> [pause_before_restart(deaths, Patience()) for deaths in (1, 2, 3, 99)]
    [0.5, 1.0, 2.0, 15.0]
    """
    doublings = min(max(quick_deaths - 1, 0), 30)
    return min(patience.first_pause * 2.0**doublings, patience.longest_pause)


@dataclass(slots=True)
class _Seat:
    """Where one part runs: its process, or the instant (monotonic seconds) of its next start."""

    part: Part
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    start_at: float = 0.0
    quick_deaths: int = 0


class Supervisor:
    """Keeps a set of parts running until it is told to stop. `run` belongs on the main thread."""

    def __init__(self, parts: Iterable[Part], patience: Patience | None = None) -> None:
        self._seats = [_Seat(part) for part in parts]
        self._patience = patience or Patience()

    def run(self) -> int:
        """The exit code for the command line: 0 after a stop that was asked for, 1 after giving up."""
        with _signals_as_bytes() as received:
            try:
                exit_code = self._watch(received)
            finally:
                self._stop(received)
        return exit_code

    def _watch(self, received: socket.socket) -> int:
        while True:
            if _stop_asked(received):
                log.info("stopping", parts=[seat.part.name for seat in self._seats if seat.process])
                return 0
            for seat in self._seats:
                if not self._attend(seat):
                    return GAVE_UP
            due = [seat.start_at for seat in self._seats if seat.process is None]
            _wait(received, min(due) - time.monotonic() if due else None)

    def _attend(self, seat: _Seat) -> bool:
        """Starts a part that is due and notes one that has died; False when that was one death too many."""
        if seat.process is not None and seat.process.poll() is not None:
            self._bury(seat, seat.process)
        if seat.quick_deaths >= self._patience.quick_deaths:
            return False
        if seat.process is None and time.monotonic() >= seat.start_at:
            self._start(seat)
        return True

    def _start(self, seat: _Seat) -> None:
        parent = os.getpid()
        seat.started_at = time.monotonic()
        try:
            seat.process = subprocess.Popen(
                seat.part.argv,
                env={**os.environ, **seat.part.env},
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                preexec_fn=lambda: die_with_parent(parent),
            )
        except OSError as error:
            self._note_death(seat, f"it could not be started: {error}")
        else:
            log.info("part started", part=seat.part.name, pid=seat.process.pid)

    def _bury(self, seat: _Seat, process: subprocess.Popen[bytes]) -> None:
        _kill_group(process)  # whatever the part has left behind must not run beside its successor
        seat.process = None
        self._note_death(seat, _manner_of_death(process.returncode))

    def _note_death(self, seat: _Seat, manner: str) -> None:
        """Counts a death, plans the next start and says both in the log."""
        now = time.monotonic()
        lived = now - seat.started_at
        seat.quick_deaths = 1 if lived >= self._patience.steady else seat.quick_deaths + 1
        pause = pause_before_restart(seat.quick_deaths, self._patience)
        seat.start_at = now + pause
        facts = {"part": seat.part.name, "manner": manner, "lived_seconds": round(lived, 1)}
        if seat.quick_deaths < self._patience.quick_deaths:
            log.warning("part died, it is started again", **facts, pause_seconds=pause)
        else:
            log.error(
                "part died too often, everything stops: its own lines above say why, then start again",
                **facts,
                deaths=seat.quick_deaths,
            )

    def _stop(self, received: socket.socket) -> None:
        """Ends every part: SIGTERM, the deadline or a second stop signal, SIGKILL to what is left."""
        running = {seat.part.name: seat.process for seat in self._seats if seat.process is not None}
        for process in running.values():
            with suppress(ProcessLookupError):
                process.terminate()
        deadline = time.monotonic() + self._patience.stop
        while True:
            # Read before the look: a part that dies after the look then ends the wait, whenever it dies.
            is_hurried = _stop_asked(received)
            left = deadline - time.monotonic()
            if is_hurried or left <= 0 or all(process.poll() is not None for process in running.values()):
                break
            _wait(received, left)
        for name, process in running.items():
            if process.poll() is None:
                log.warning("part did not stop in time and is killed", part=name, pid=process.pid)
            _kill_group(process)
            process.wait()


def _manner_of_death(code: int) -> str:
    """How a process ended, in words: ``exit code 3`` or ``killed by SIGSEGV``."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL to the part and to every process that it started (each part leads a session of its own)."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


@contextmanager
def _signals_as_bytes() -> Iterator[socket.socket]:
    """A socket from which each signal that concerns us can be read as one byte, its number.

    Handlers that do nothing are installed meanwhile: the byte alone tells, so no code runs inside a handler
    and no signal is lost between looking and waiting. What is ignored stays ignored (`nohup`).
    """
    reader, writer = socket.socketpair()
    reader.setblocking(False)
    writer.setblocking(False)
    heeded = [number for number in STOP_SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, _do_nothing) for number in (*heeded, signal.SIGCHLD)}
    wakeup = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    try:
        yield reader
    finally:
        signal.set_wakeup_fd(wakeup)
        for number, handler in before.items():
            signal.signal(number, handler)
        reader.close()
        writer.close()


def _do_nothing(_number: int, _frame: object) -> None:
    pass


def _stop_asked(received: socket.socket) -> bool:
    """True when a stop signal has arrived since the last look; reads all that has arrived."""
    arrived = b""
    with suppress(BlockingIOError):
        while chunk := received.recv(4096):
            arrived += chunk
    return any(number in arrived for number in STOP_SIGNALS)


def _wait(received: socket.socket, seconds: float | None) -> None:
    """Returns when a signal arrives, or after so many seconds (None: however long that takes)."""
    with selectors.DefaultSelector() as selector:
        selector.register(received, selectors.EVENT_READ)
        selector.select(None if seconds is None else max(seconds, 0.0))
