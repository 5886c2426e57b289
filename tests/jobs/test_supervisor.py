"""The process group of `rollcall run`, with real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.jobs.supervisor import Patience, pause_before_restart
from tests.harness.facts import is_running, wait_until

ROOT = Path(__file__).parents[2]

# The program under the supervisor's eyes: argv is the patience and then the parts, as JSON, and the seconds that it
# takes to read which signals have arrived.
PARENT = """
import json, sys, time
from app.jobs import supervisor
from app.jobs.supervisor import Part, Patience, Supervisor
read = supervisor._stop_asked
pause = float(sys.argv[3]) if sys.argv[3:] else 0
supervisor._stop_asked = lambda received: (time.sleep(pause), read(received))[1]
patience, parts = json.loads(sys.argv[1]), json.loads(sys.argv[2])
sys.exit(Supervisor([Part(**part) for part in parts], Patience(**patience)).run())
"""

# Each part first notes its process id in a file of its name in the working directory.
NOTE_PID = "import os, pathlib, signal, time; pathlib.Path(os.environ['PART'], str(os.getpid())).touch();"
BODIES = {
    "steady": "time.sleep(300)",
    "failing": "os._exit(7)",
    "deaf": (
        "signal.signal(signal.SIGTERM, signal.SIG_IGN);pathlib.Path('deaf-now').touch(); time.sleep(300)"
    ),
    "diligent": (
        "signal.signal(signal.SIGTERM, lambda *_: (pathlib.Path('finished').touch(), os._exit(0)));"
        "pathlib.Path('diligent-now').touch(); time.sleep(300)"
    ),
    "careless": (
        "import subprocess, sys;"
        "subprocess.Popen([sys.executable, '-c', os.environ['CHILD']]); time.sleep(300)"
    ),
    "with_child": (
        "import subprocess, sys;"
        "code = 'from app.jobs.lifeline import die_with_parent; die_with_parent();' + os.environ['CHILD'];"
        "subprocess.Popen([sys.executable, '-c', code]); time.sleep(300)"
    ),
}


def _heed_signals() -> None:
    """Whoever started the tests may have these ignored (nohup, `&` in a script), and children inherit that."""
    for number in (signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)


class Group:
    """A supervisor that runs in a process of its own, and what can be seen of it from outside."""

    def __init__(self, folder: Path, patience: dict[str, float], *names: str, reads_after: float = 0) -> None:
        self.folder = folder
        self.names = names
        self.log_file = folder / "log"
        parts = [self._part(name) for name in names]
        with self.log_file.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", PARENT, json.dumps(patience), json.dumps(parts), str(reads_after)],
                cwd=folder,
                env={**os.environ, "PYTHONPATH": str(ROOT), "CHILD": NOTE_PID + BODIES["steady"]},
                stdout=log,
                stderr=log,
                preexec_fn=_heed_signals,
            )

    def _part(self, name: str) -> dict[str, object]:
        (self.folder / name).mkdir()
        argv = [sys.executable, "-c", NOTE_PID + BODIES[name]]
        return {"name": name, "argv": argv, "env": {"PART": name}}

    @property
    def log(self) -> str:
        return self.log_file.read_text()

    def pids(self, name: str) -> list[int]:
        """The processes that have ever run under this part's name, children included."""
        return [int(path.name) for path in (self.folder / name).iterdir()]

    def living(self, name: str) -> list[int]:
        return [pid for pid in self.pids(name) if is_running(pid)]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Group]]:
    """Starts a supervisor over the named parts; `patience` may be given by keyword."""
    groups: list[Group] = []

    def _start(*names: str, reads_after: float = 0, **patience: float) -> Group:
        groups.append(Group(tmp_path, patience, *names, reads_after=reads_after))
        return groups[-1]

    yield _start
    for group in groups:
        group.process.kill()
        group.process.wait()
        for pid in [pid for name in group.names for pid in group.living(name)]:
            os.kill(pid, signal.SIGKILL)


def test_sigterm_stops_every_part_and_exits_0_long_before_the_deadline(start: Callable[..., Group]) -> None:
    group = start("steady", stop=60)
    wait_until(lambda: group.living("steady"), "the part runs")
    began = time.monotonic()
    group.process.terminate()
    assert group.process.wait(30) == 0
    assert time.monotonic() - began < 15
    assert not group.living("steady")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_ctrl_c_and_a_closed_terminal_stop_it_too(
    start: Callable[..., Group], number: signal.Signals
) -> None:
    group = start("steady", stop=60)
    wait_until(lambda: group.living("steady"), "the part runs")
    group.process.send_signal(number)
    assert group.process.wait(30) == 0
    assert not group.living("steady")


def test_a_part_that_ends_while_signals_are_read_is_not_waited_for(start: Callable[..., Group]) -> None:
    group = start("steady", stop=600, reads_after=0.3)
    wait_until(lambda: group.living("steady"), "the part runs")
    group.process.terminate()
    assert group.process.wait(30) == 0


def test_a_part_gets_the_time_to_finish_what_it_has_begun(start: Callable[..., Group]) -> None:
    group = start("diligent")
    wait_until((group.folder / "diligent-now").exists, "the part listens")
    group.process.terminate()
    assert group.process.wait(30) == 0
    assert (group.folder / "finished").exists()


def test_a_part_that_ignores_sigterm_is_killed_at_the_deadline(start: Callable[..., Group]) -> None:
    group = start("deaf", stop=0.5)
    wait_until((group.folder / "deaf-now").exists, "the part has stopped listening")
    group.process.terminate()
    assert group.process.wait(30) == 0
    assert not group.living("deaf")
    assert "did not stop in time" in group.log


def test_a_second_signal_ends_the_waiting(start: Callable[..., Group]) -> None:
    group = start("deaf", stop=600)
    wait_until((group.folder / "deaf-now").exists, "the part has stopped listening")
    group.process.terminate()
    wait_until(lambda: "stopping" in group.log, "the supervisor waits for the part")
    group.process.terminate()
    assert group.process.wait(30) == 0
    assert not group.living("deaf")


def test_a_killed_part_is_started_again_and_the_others_are_left_alone(start: Callable[..., Group]) -> None:
    group = start("steady", "diligent", first_pause=0.05)
    wait_until(lambda: group.living("steady") and group.living("diligent"), "both parts run")
    killed = group.living("steady")[0]
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: [pid for pid in group.living("steady") if pid != killed], "a successor runs")
    assert len(group.pids("diligent")) == 1
    assert "killed by SIGKILL" in group.log


def test_sigkill_of_the_parent_leaves_no_child(start: Callable[..., Group]) -> None:
    group = start("steady", "deaf")
    wait_until(lambda: group.living("steady") and group.living("deaf"), "both parts run")
    group.process.kill()
    wait_until(lambda: not group.living("steady") and not group.living("deaf"), "the parts are gone")


def test_sigkill_of_the_parent_reaches_the_workers_of_a_part(start: Callable[..., Group]) -> None:
    group = start("with_child")
    wait_until(lambda: len(group.living("with_child")) == 2, "the part and its worker run")
    group.process.kill()
    wait_until(lambda: not group.living("with_child"), "the part and its worker are gone")


def test_what_a_killed_part_left_behind_is_gone_when_its_successor_runs(start: Callable[..., Group]) -> None:
    group = start("careless", first_pause=0.05)
    wait_until(lambda: len(group.living("careless")) == 2, "the part and its worker run")
    first = set(group.living("careless"))
    os.kill(next(pid for pid in first if os.getsid(pid) == pid), signal.SIGKILL)
    wait_until(lambda: len(set(group.living("careless")) - first) == 2, "both have successors")
    assert not first & set(group.living("careless"))


def test_a_part_that_keeps_failing_stops_everything_with_a_line_that_names_it(
    start: Callable[..., Group],
) -> None:
    group = start("failing", "steady", first_pause=0.02, quick_deaths=3)
    assert group.process.wait(60) == 1
    assert not group.living("steady")
    assert len(group.pids("failing")) == 3
    last_word = next(line for line in group.log.splitlines() if "died too often" in line)
    assert "failing" in last_word
    assert "exit code 7" in last_word


def test_a_program_that_does_not_exist_counts_as_a_death(tmp_path: Path) -> None:
    parts = json.dumps([{"name": "worker", "argv": ["/nowhere/worker"]}])
    patience = json.dumps({"first_pause": 0.02, "quick_deaths": 2})
    run = subprocess.run(
        [sys.executable, "-c", PARENT, patience, parts], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert run.returncode == 1
    assert "/nowhere/worker" in run.stdout + run.stderr


def test_the_pause_doubles_with_every_quick_death_up_to_its_limit() -> None:
    patience = Patience(first_pause=1.0, longest_pause=10.0)
    pauses = [pause_before_restart(deaths, patience) for deaths in range(1, 8)]
    assert pauses == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0, 10.0]


def test_the_pause_stays_finite_however_often_a_part_has_died() -> None:
    assert pause_before_restart(10**9, Patience()) == Patience().longest_pause
