"""The processes of a crash test: the reaper's, of which the workers come and go between strikes."""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from random import Random

from tests.harness.reaper import Range, Reaper, Stroke

ROOT = Path(__file__).resolve().parents[2]
#: One in so many workers that are killed stays down until another stroke falls on it.
STAYS_DOWN = 3


class Crowd(Reaper):
    """A web server, a scheduler and from one to ``workers`` worker processes, killed and frozen at random.

    :param lease: seconds that a worker's claims last; a frozen process sleeps longer than that.
    :param between: seconds of peace before each stroke.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        workers: int,
        lease: float,
        between: Range,
        pauses: float,
        log_directory: Path,
        seed: int | None = None,
    ) -> None:
        self.port = free_port()
        rollcall = [sys.executable, "-m", "app.cli"]
        commands = {f"worker-{n}": [*rollcall, "worker", "--workers", "2"] for n in range(workers)}
        commands["scheduler"] = [*rollcall, "scheduler"]
        commands["web"] = [*rollcall, "web", "--port", str(self.port), "--web-workers", "1"]
        super().__init__(
            commands,
            log_directory=log_directory,
            seed=seed,
            cwd=ROOT,
            env=environ,
            between=between,
            pauses=pauses,
            hold=(lease + 0.5, lease + 2.5),
        )
        self._chance = Random(self.seed)
        self.fewest = self.most = workers

    @property
    def workers(self) -> int:
        """How many worker processes run."""
        return sum(1 for name in self._running if name.startswith("worker"))

    def _strike(self, stroke: Stroke) -> None:
        if stroke.victim not in self._running:
            self._start(stroke.victim)
        elif stroke.action == "kill" and self._may_stay_down(stroke.victim):
            self._end(stroke.victim, signal.SIGKILL)
            self.kills[stroke.victim] += 1
        else:
            super()._strike(stroke)
        self.fewest, self.most = min(self.fewest, self.workers), max(self.most, self.workers)

    def _may_stay_down(self, victim: str) -> bool:
        return victim.startswith("worker") and self.workers > 1 and self._chance.randrange(STAYS_DOWN) == 0


def free_port() -> int:
    """Return a port of loopback that nobody listens on at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
