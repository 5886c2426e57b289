"""Interleaved measuring: the servers take turns in short bursts, so that the machine's drift hits all alike."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import cycle
from statistics import quantiles

from bench.client import Connection
from bench.contestants import Running
from bench.operations import Operation

#: Connections per server; bursts go over them in turn, so that both workers serve.
CONNECTIONS = 8
#: Requests of a burst, and the seconds that the burst of a slow server may take (one request is always sent).
BURST, BURST_SECONDS = 20, 0.25
WARM_UP_SHARE = 0.1


@dataclass(frozen=True)
class Effort:
    """How much is measured: requests per server and operation, and the seconds that they may take in all."""

    reads: int
    writes: int
    seconds: float

    def requests(self, operation: Operation) -> int:
        """Return the number of requests to a server that is quick enough."""
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


def measure(servers: Sequence[Running], operations: Sequence[Operation], effort: Effort) -> list[Result]:
    """Return the results of each operation, in the order of ``servers``; raises ``BenchError`` on a wrong answer.

    Several operations take turns within a server's turn, about the same people: what one does the next one undoes.
    """
    with ExitStack() as stack:
        lanes = [_Lane(server, operations, effort, stack) for server in servers]
        for lane in lanes:
            lane.warm_up()
        turn = 0
        while any(lane.goes_on for lane in lanes):
            first = turn % len(lanes)
            for lane in lanes[first:] + lanes[:first]:
                if lane.goes_on:
                    lane.take_turn()
            turn += 1
        return [lane.results[number] for number in range(len(operations)) for lane in lanes]


class _Lane:
    """One server's side of what is measured together."""

    def __init__(
        self, server: Running, operations: Sequence[Operation], effort: Effort, stack: ExitStack
    ) -> None:
        self._server, self._operations = server, operations
        self._requests, self._seconds = effort.requests(operations[0]), effort.seconds
        self._connections = cycle(
            [stack.enter_context(Connection(server.process.port)) for _ in range(CONNECTIONS)]
        )
        self._number, self._size = 0, 1
        self._clear()

    def _clear(self) -> None:
        self._spent = 0.0
        self.results = [
            Result(self._server.name, operation.name, self._server.workers) for operation in self._operations
        ]

    @property
    def goes_on(self) -> bool:
        """Return True until there are enough requests, or no time is left for more."""
        return len(self.results[0].times) < self._requests and self._spent < self._seconds

    def warm_up(self) -> None:
        """Send requests over each connection, as far as the time for it goes, and forget them."""
        wanted, seconds = int(self._requests * WARM_UP_SHARE), self._seconds * WARM_UP_SHARE
        for number in range(max(CONNECTIONS, wanted // BURST)):
            if number and self._spent > seconds:
                break
            self.take_turn()
        self._clear()

    def take_turn(self) -> None:
        """Send a burst of each operation; its size follows from how long the last one took."""
        start = time.perf_counter()
        connection = next(self._connections)
        for operation, result in zip(self._operations, self.results, strict=True):
            self._burst(connection, operation, result)
        took = time.perf_counter() - start
        self._spent += took
        self._number += self._size
        self._size = max(1, min(BURST, int(BURST_SECONDS * self._size / took)))

    def _burst(self, connection: Connection, operation: Operation, result: Result) -> None:
        server = self._server
        requests = [operation.request(server.audience, self._number + step) for step in range(self._size)]
        server_cpu, client_cpu = server.process.cpu_seconds(), time.thread_time()
        for request in requests:
            start = time.perf_counter()
            answer = connection.exchange(request)
            result.times.append(time.perf_counter() - start)
            server.process.check(answer, operation.statuses, operation.name)
        result.client_cpu += time.thread_time() - client_cpu
        result.server_cpu += server.process.cpu_seconds() - server_cpu
