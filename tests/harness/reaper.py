"""Real processes, killed with SIGKILL or frozen with SIGSTOP at random instants, started again, and counted.

    with Reaper({"worker": [...], "web": [...]}, log_directory=tmp_path) as reaper:
        reaper.run(until=drained, at_least_kills=200, deadline=600)

The seed is printed; the same seed gives the same sequence of victims, waits and pauses.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random, SystemRandom

POLL_SECONDS = 0.02
SEED_VARIABLE = "REAPER_SEED"
Range = tuple[float, float]


@dataclass(frozen=True)
class Stroke:
    """One blow: ``after`` seconds of peace, ``action`` (kill or pause) on the process ``victim``.

    A pause lasts ``hold`` seconds.
    """

    after: float
    victim: str
    action: str
    hold: float = 0.0


def strokes(
    seed: int, victims: Sequence[str], between: Range, pauses: float = 0.0, hold: Range = (0.5, 3.0)
) -> Iterator[Stroke]:
    """Yield strokes without end, the same ones for the same arguments; ``pauses`` is the share of SIGSTOPs (0 … 1)."""
    chance = Random(seed)
    while True:
        after, victim = chance.uniform(*between), chance.choice(list(victims))
        is_pause, held = chance.random() < pauses, chance.uniform(*hold)
        yield Stroke(after, victim, "pause", held) if is_pause else Stroke(after, victim, "kill")


class Reaper:
    """Runs ``commands`` by name, each in a process group of its own with its output in ``log_directory/NAME.log``.

    A process that ends by itself with code 0 has done its work and stays down; with another code it is counted in
    ``failures`` and started again.
    """

    def __init__(
        self,
        commands: Mapping[str, Sequence[str]],
        *,
        log_directory: Path,
        seed: int | None = None,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        between: Range = (0.05, 1.0),
        pauses: float = 0.0,
        hold: Range = (0.5, 3.0),
    ) -> None:
        chosen = os.environ.get(SEED_VARIABLE)
        self.seed = seed if seed is not None else int(chosen) if chosen else SystemRandom().randrange(2**32)
        self.kills: Counter[str] = Counter()
        self.paused: Counter[str] = Counter()
        self.failures: list[tuple[str, int]] = []
        self.history: list[tuple[float, Stroke]] = []
        self._commands = {name: list(command) for name, command in commands.items()}
        self._logs = log_directory
        self._cwd, self._env = cwd, None if env is None else {**os.environ, **env}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._plan = strokes(self.seed, list(self._commands), between, pauses, hold)

    def start(self) -> None:
        """Start every command and print the seed."""
        print(f"reaper: seed {self.seed} ({SEED_VARIABLE}={self.seed} replays it)")
        for name in self._commands:
            self._start(name)

    def run(
        self,
        until: Callable[[], bool],
        *,
        deadline: float,
        at_least_kills: int = 0,
        at_most_kills: int | None = None,
    ) -> int:
        """Strike until the fact ``until`` holds and ``at_least_kills`` were made; return the number of kills.

        After ``at_most_kills`` the processes are left in peace. Raises TimeoutError after ``deadline`` seconds.
        """
        give_up = time.monotonic() + deadline
        while not (self.total_kills >= at_least_kills and until()):
            if at_most_kills is not None and self.total_kills >= at_most_kills:
                self.settle(until, deadline=give_up - time.monotonic())
                break
            stroke = next(self._plan)
            self._in_peace(stroke.after, give_up)
            self._strike(stroke)
        return self.total_kills

    def settle(self, until: Callable[[], bool], *, deadline: float) -> None:
        """Wait without strikes until the fact holds, restarting what fails.

        Raises TimeoutError after ``deadline`` seconds.
        """
        give_up = time.monotonic() + deadline
        while not until():
            self._in_peace(POLL_SECONDS, give_up)

    @property
    def total_kills(self) -> int:
        """The number of SIGKILLs sent."""
        return self.kills.total()

    def pid(self, name: str) -> int:
        """Return the process id of a running command; KeyError when it is down."""
        return self._running[name].pid

    def kill(self, name: str) -> None:
        """SIGKILL the process group of a command and start it again."""
        self._end(name, signal.SIGKILL)
        self.kills[name] += 1
        self._start(name)

    def pause(self, name: str) -> None:
        """Freeze a command's process group."""
        os.killpg(self.pid(name), signal.SIGSTOP)
        self.paused[name] += 1

    def resume(self, name: str) -> None:
        """Let a frozen process group go on."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid(name), signal.SIGCONT)

    def stop(self, grace: float = 10.0) -> None:
        """End all commands: SIGTERM, and SIGKILL after ``grace`` seconds."""
        for process in self._running.values():
            for number in (signal.SIGTERM, signal.SIGCONT):
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, number)
        give_up = time.monotonic() + grace
        for name in list(self._running):
            with suppress(subprocess.TimeoutExpired):
                self._running[name].wait(max(0.0, give_up - time.monotonic()))
            self._end(name, signal.SIGKILL)

    def log(self, name: str) -> str:
        """Return what a command has printed so far."""
        return (self._logs / f"{name}.log").read_text(errors="replace")

    def _strike(self, stroke: Stroke) -> None:
        if stroke.victim not in self._running:
            return
        self.history.append((time.monotonic(), stroke))
        if stroke.action == "kill":
            self.kill(stroke.victim)
            return
        self.pause(stroke.victim)
        time.sleep(stroke.hold)
        self.resume(stroke.victim)

    def _in_peace(self, seconds: float, give_up: float) -> None:
        end = time.monotonic() + seconds
        while (now := time.monotonic()) < end:
            if now > give_up:
                raise TimeoutError(
                    f"not done in time: seed {self.seed}, {self.total_kills} kills, failures {self.failures[-5:]}"
                )
            time.sleep(min(POLL_SECONDS, end - now))
        self._restart_failed()

    def _restart_failed(self) -> None:
        for name, process in list(self._running.items()):
            code = process.poll()
            if code is None:
                continue
            self._end(name, signal.SIGKILL)
            if code != 0:
                self.failures.append((name, code))
                self._start(name)

    def _start(self, name: str) -> None:
        with (self._logs / f"{name}.log").open("ab") as output:
            self._running[name] = subprocess.Popen(
                self._commands[name],
                cwd=self._cwd,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _end(self, name: str, number: signal.Signals) -> None:
        process = self._running.pop(name)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        process.wait()

    def __enter__(self) -> Reaper:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
