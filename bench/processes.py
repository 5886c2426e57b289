"""Servers as real processes, watched from outside: granian with Rollcall's own settings, or any other command."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path

from app.jobs.lifeline import die_with_parent
from bench.client import Connection, status_of
from bench.errors import BenchError

ROOT = Path(__file__).parent.parent
_START_SECONDS = 300.0
_STOP_SECONDS = 30.0
_READY_ANSWERS = 12  # on fresh connections, so that every worker has been asked
_TICKS = os.sysconf("SC_CLK_TCK")


class ServerProcess:
    """One server with its workers, started at once; :meth:`wait_until` says when it serves."""

    def __init__(
        self, name: str, command: Sequence[str], port: int, environ: Mapping[str, str], folder: Path
    ) -> None:
        self.name = name
        self.port = port
        self._log = folder / f"{name.replace(' ', '-')}.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**os.environ, **environ},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=partial(die_with_parent, os.getpid()),
            )

    def __enter__(self) -> ServerProcess:
        return self

    def __exit__(self, *_failure: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def wait_until(self, request: bytes, statuses: frozenset[int]) -> None:
        """Return when all workers answer ``request`` with one of ``statuses``; raises ``BenchError`` otherwise."""
        give_up, answers = time.monotonic() + _START_SECONDS, 0
        while answers < _READY_ANSWERS:
            if self._process.poll() is not None or time.monotonic() > give_up:
                raise BenchError(f"{self.name} did not start: {self._last_words()}")
            try:
                with Connection(self.port) as connection:
                    answer = connection.exchange(request)
            except OSError:
                time.sleep(0.05)
                continue
            self.check(answer, statuses, "the first requests")
            answers += 1

    def ask(self, request: bytes, statuses: frozenset[int], what: str) -> bytes:
        """Return the answer to one request on a connection of its own; raises ``BenchError`` on another status."""
        with Connection(self.port) as connection:
            answer = connection.exchange(request)
        self.check(answer, statuses, what)
        return answer

    def check(self, answer: bytes, statuses: frozenset[int], operation: str) -> None:
        """Raise ``BenchError`` with the server's words when ``answer`` has another status."""
        if status_of(answer) not in statuses:
            said = answer[:600].decode(errors="replace")
            raise BenchError(
                f"{self.name} answered {operation} with:\n{said}\nIts log:\n{self._last_words()}"
            )

    @cached_property
    def _pids(self) -> list[int]:
        """The server and its workers; asked for when it serves, and the same from then on."""
        return [self._process.pid, *_children(self._process.pid)]

    def cpu_seconds(self) -> float:
        """Return the processor time, user and system, that the processes have used; raises ``BenchError``."""
        try:
            return sum(map(_cpu_ticks, self._pids)) / _TICKS
        except FileNotFoundError:
            raise BenchError(f"a worker of {self.name} has ended: {self._last_words()}") from None

    def memory(self) -> dict[str, int]:
        """Return the bytes of memory of the processes: ``rss``, and ``pss``, which counts what they share once."""
        sums = {"rss": 0, "pss": 0}
        for pid in self._pids:
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                key = line.partition(":")[0].lower()
                if key in sums:
                    sums[key] += int(line.split()[1]) * 1024
        return sums

    def _last_words(self) -> str:
        return self._log.read_text(errors="replace")[-2000:]


def granian(application: str, workers: int, port: int) -> list[str]:
    """Return the command that serves the application as ``rollcall web`` serves."""
    return [sys.executable, "-m", "bench.processes", application, str(port), str(workers)]


def free_ports(count: int) -> list[int]:
    """Return so many different ports of loopback; chosen together, because granian shares a port that is in use."""
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def _stat(pid: int | str) -> list[str]:
    """Return the fields of /proc/PID/stat from the third (the state) on; proc(5)."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _cpu_ticks(pid: int) -> int:
    fields = _stat(pid)
    return int(fields[11]) + int(fields[12])


def _children(parent: int) -> list[int]:
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            if int(_stat(name)[1]) == parent:
                found.append(int(name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def main() -> None:
    """Serve APPLICATION PORT WORKERS."""
    from app.web.server import serve

    application, port, workers = sys.argv[1:]
    serve("127.0.0.1", int(port), int(workers), application)


if __name__ == "__main__":
    main()
