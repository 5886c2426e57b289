"""Process groups as they would run on several machines: each with an instance folder and, where this machine lets us,
a network of its own.

With root's rights every group lives in a network namespace of its own and reaches the target over a virtual wire;
databases and queues are reached over Unix sockets, which have no network. Without those rights the groups are plain
processes, and `Network.is_real` says so.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from app.jobs.lifeline import die_with_parent
from tests.harness.facts import is_running, wait_until

ROOT = Path(__file__).resolve().parents[2]
_PREFIX = "rc"


class Network:
    """A bridge with this process at one end; groups are plugged in. A context manager."""

    def __init__(self) -> None:
        number = os.getpid()
        self._name = f"{_PREFIX}{number}b"
        self._subnet = f"10.{20 + number // 256 % 200}.{number % 256}"
        self._namespaces: list[str] = []
        _remove_abandoned()
        self.is_real = _ip("link", "add", self._name, "type", "bridge")
        self.host = f"{self._subnet}.1" if self.is_real else "127.0.0.1"
        if self.is_real:
            self._must("addr", "add", f"{self.host}/24", "dev", self._name)
            self._must("link", "set", self._name, "up")

    def plug_in(self) -> list[str]:
        """Return the words that, put before a command, run it on a machine of its own on this network."""
        if not self.is_real:
            return []
        number = len(self._namespaces) + 1
        name = f"{self._name[:-1]}n{number}"
        near, far = f"{name}o", f"{name}i"
        self._must("netns", "add", name)
        self._namespaces.append(name)
        self._must("link", "add", near, "type", "veth", "peer", "name", far)
        self._must("link", "set", far, "netns", name)
        self._must("link", "set", near, "master", self._name, "up")
        for words in (
            ("addr", "add", f"{self._subnet}.{10 + number}/24", "dev", far),
            ("link", "set", far, "up"),
            ("link", "set", "lo", "up"),
        ):
            self._must("-n", name, *words)
        return ["ip", "netns", "exec", name]

    def close(self) -> None:
        """Take the wires away."""
        for name in self._namespaces:
            _ip("netns", "del", name)
        if self.is_real:
            _ip("link", "del", self._name)

    def _must(self, *words: str) -> None:
        assert _ip(*words), f"ip {' '.join(words)} failed"

    def __enter__(self) -> Network:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _ip(*words: str) -> bool:
    program = shutil.which("ip")
    if program is None:
        return False
    return subprocess.run([program, *words], capture_output=True, check=False).returncode == 0


def _remove_abandoned() -> None:
    """Remove the wires of test runs that were killed; their numbers are those of the processes."""
    with suppress(FileNotFoundError):
        for link in Path("/sys/class/net").iterdir():
            number = link.name.removeprefix(_PREFIX).removesuffix("b")
            if number.isdigit() and f"{_PREFIX}{number}b" == link.name and not is_running(int(number)):
                _ip("link", "del", link.name)
    with suppress(FileNotFoundError):
        for namespace in Path("/run/netns").iterdir():
            number = namespace.name.removeprefix(_PREFIX).partition("n")[0]
            if namespace.name.startswith(_PREFIX) and number.isdigit() and not is_running(int(number)):
                _ip("netns", "del", namespace.name)


class Group:
    """The processes of one machine by name (`worker`, `scheduler`): started, frozen, killed, stopped."""

    def __init__(self, folder: Path, environ: Mapping[str, str], machine: list[str] | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._machine = machine or []
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ROLLCALL_")}
        self._environ = kept | dict(environ) | {"ROLLCALL_INSTANCE_PATH": str(folder)}
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, *arguments: str) -> None:
        """Start ``rollcall NAME ARGUMENTS…``."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                [*self._machine, sys.executable, "-m", "app.cli", name, *arguments],
                cwd=ROOT,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=partial(die_with_parent, os.getpid()),
            )

    def log(self, name: str) -> str:
        """Return what a process has printed so far."""
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def signal(self, number: signal.Signals, *names: str) -> None:
        """Send a signal to these processes and what they started; to all without a name."""
        for name in names or list(self._running):
            with suppress(ProcessLookupError):
                os.killpg(self._running[name].pid, number)

    def pid(self, name: str) -> int:
        """Return the process id."""
        return self._running[name].pid

    def kill(self) -> None:
        """End everything at once, as a power cut does."""
        self.signal(signal.SIGKILL)
        for process in self._running.values():
            process.wait()
        self._running.clear()

    def stop(self, grace: float = 30.0) -> None:
        """End everything in order, or hard when it takes too long."""
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        try:
            wait_until(
                lambda: all(process.poll() is not None for process in self._running.values()),
                "the group has ended",
                grace,
            )
        finally:
            self.kill()


@contextmanager
def machines(count: int, folder: Path, environ: Mapping[str, str], network: Network) -> Iterator[list[Group]]:
    """Give so many groups, not yet started; they are killed in the end."""
    groups = [Group(folder / f"machine-{n}", environ, network.plug_in()) for n in range(1, count + 1)]
    try:
        yield groups
    finally:
        for group in groups:
            group.kill()
