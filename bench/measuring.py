"""Interleaved measuring: the servers take turns in short bursts, so that the machine's drift hits all alike."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import cycle
from statistics import quantiles

from bench.client import Connection
from bench.contestants import Running
from bench.operations import Operation

#: Connections per server; bursts go over them in turn, so that both workers serve.
CONNECTIONS = 8
BURST = 20
WARM_UP_SHARE = 0.1


@dataclass(frozen=True)
class Effort:
    """How much is measured: requests per server and operation, and the seconds that an operation may take."""

    reads: int
    writes: int
    seconds: float

    def requests(self, operation: Operation) -> int:
        """Return the number of requests to a full-share server."""
        return self.writes if operation.is_write else self.reads


@dataclass
class Result:
    """What one server did in one operation: the times of its requests and the processor time behind them, in s."""

    server: str
    operation: str
    workers: int
    times: list[float] = field(default_factory=list)
    server_cpu: float = 0.0
    client_cpu: float = 0.0

    def figures(self) -> dict[str, float]:
        """Return requests, and in µs: median, p95, server and client processor time per request."""
        count = len(self.times)
        points = quantiles(self.times, n=20) if count > 1 else self.times * 19
        return {
            "requests": count,
            "median_us": points[9] * 1e6,
            "p95_us": points[18] * 1e6,
            "server_cpu_us": self.server_cpu / count * 1e6,
            "client_cpu_us": self.client_cpu / count * 1e6,
        }


def measure(servers: list[Running], operation: Operation, effort: Effort) -> list[Result]:
    """Return the results of one operation, in the order of ``servers``; raises ``BenchError`` on a wrong answer."""
    with ExitStack() as stack:
        lanes = [_Lane(server, operation, stack) for server in servers]
        for lane in lanes:
            lane.warm_up(int(effort.requests(operation) * WARM_UP_SHARE * lane.share))
        give_up = time.monotonic() + effort.seconds
        for turn in range(-(-effort.requests(operation) // BURST)):
            first = turn % len(lanes)
            for lane in lanes[first:] + lanes[:first]:
                lane.burst(max(1, int(BURST * lane.share)))
            if time.monotonic() > give_up:
                break
        return [lane.end() for lane in lanes]


class _Lane:
    """One server's side of an operation."""

    def __init__(self, server: Running, operation: Operation, stack: ExitStack) -> None:
        self.share = server.contestant.share
        self._server, self._operation = server, operation
        self._connections = cycle(
            [stack.enter_context(Connection(server.process.port)) for _ in range(CONNECTIONS)]
        )
        self._number = 0
        self._result = Result(server.contestant.name, operation.name, server.contestant.workers)

    def warm_up(self, count: int) -> None:
        """Send this many requests, at least some over each connection, and forget them."""
        for _ in range(CONNECTIONS):
            self.burst(max(2, count // CONNECTIONS))
        self._result.times.clear()
        self._result.client_cpu = 0.0
        self._result.server_cpu = -self._server.process.cpu_seconds()

    def end(self) -> Result:
        """Return the result."""
        self._result.server_cpu += self._server.process.cpu_seconds()
        return self._result

    def burst(self, count: int) -> None:
        """Send the next ``count`` requests, one after the other."""
        operation, times = self._operation, self._result.times
        requests = [operation.request(self._server.audience, self._number + step) for step in range(count)]
        self._number += count
        used = time.thread_time()
        connection = next(self._connections)
        for request in requests:
            start = time.perf_counter()
            answer = connection.exchange(request)
            times.append(time.perf_counter() - start)
            self._server.process.check(answer, operation.statuses, operation.name)
        self._result.client_cpu += time.thread_time() - used
