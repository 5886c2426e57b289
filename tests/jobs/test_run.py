"""``rollcall run`` as a real process group: an employee travels through it, it survives deaths, and it ends cleanly."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.harness.facts import is_running, wait_until
from tests.harness.fault_target import LocalTarget

ROOT = Path(__file__).parents[2]
USER = "urn:ietf:params:scim:schemas:core:2.0:User"


class Installation:
    """An instance folder, its commands, and its running process group."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ROLLCALL_")}
        # A worker that is killed at work leaves its leases to run out.
        short = {"ROLLCALL_CALL_TIMEOUT": "3", "ROLLCALL_ATTEMPT_GRACE": "1", "ROLLCALL_LEASE_SECONDS": "6"}
        own = {"ROLLCALL_INSTANCE_PATH": str(folder), "ROLLCALL_ALLOW_PRIVATE_TARGETS": "1"}
        self.environ = kept | own | short
        self.log = folder / "log.txt"
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def command(self, *arguments: str) -> str:
        """Run a command and return what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "app.cli", *arguments],
            cwd=ROOT, env=self.environ, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def start(self) -> None:
        """Start the group and wait until it serves."""
        arguments = ["run", "--port", str(self.port), "--web-workers", "1", "--workers", "2"]
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", "app.cli", *arguments]
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.environ, stdout=log, stderr=log)
        wait_until(self.serves, "the group serves", 90)

    def serves(self) -> bool:
        """True when the web part answers."""
        try:
            return requests.get(f"{self.url}/readyz", timeout=5).status_code == 200
        except requests.ConnectionError:
            return False

    def parts(self) -> dict[str, int]:
        """Return the process id of each running part by its name."""
        assert self.process is not None
        found = {}
        for child in _children(self.process.pid):
            try:
                words = Path(f"/proc/{child}/cmdline").read_bytes().decode().split("\0")
            except (FileNotFoundError, ProcessLookupError):
                continue  # it has ended since
            if "app.cli" in words:
                found[words[words.index("app.cli") + 1]] = child
        return found

    def has_replaced(self, victims: dict[str, int]) -> bool:
        """True when each of these parts runs again in another process."""
        present = self.parts()
        return all(present.get(name, pid) != pid for name, pid in victims.items())

    def stop(self) -> int:
        """Send SIGTERM and return the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


def _children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in text.split()]


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    """Give an installation with the tenant ``acme``, not yet running."""
    made = Installation(tmp_path)
    made.command("db", "upgrade")
    made.command("tenant", "create", "acme")
    yield made
    if made.process is not None and made.process.poll() is None:
        made.process.kill()
        made.process.wait(30)


def test_an_employee_travels_from_scim_to_the_target_and_leaves(installation: Installation) -> None:
    token = installation.command("token", "create", "--tenant", "acme", "--name", "idp")
    headers = {"Authorization": f"Bearer {token}"}
    with LocalTarget(faults="") as target:
        installation.command(
            "target", "add", "scim", "--tenant", "acme", "--name", "far", "--url", target.url,
            "--secret", f"token={target.key}", "--set", "interval=1",
        )  # fmt: skip
        installation.start()
        person = {
            "schemas": [USER],
            "userName": "ada",
            "emails": [{"type": "work", "value": "ada@example.com"}],
        }
        made = requests.post(f"{installation.url}/scim/v2/Users", json=person, headers=headers, timeout=10)
        assert made.status_code == 201, made.text
        wait_until(lambda: [a["userName"] for a in target.accounts()] == ["ada"], "the account exists", 60)

        victims = installation.parts()
        for name in ("worker", "scheduler", "web"):
            os.kill(victims[name], signal.SIGKILL)
        wait_until(
            lambda: installation.has_replaced(victims), "every part is there again, in a new process", 60
        )
        wait_until(installation.serves, "the group serves again", 60)

        body = {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "Replace", "value": {"active": False}}],
        }
        location = f"{installation.url}/scim/v2/Users/{made.json()['id']}"
        left = requests.patch(location, json=body, headers=headers, timeout=10)
        assert left.status_code == 200, left.text
        wait_until(lambda: target.accounts()[0]["active"] is False, "the leaver is suspended", 60)
        assert len(target.accounts()) == 1

        family = [*installation.parts().values(), installation.process.pid if installation.process else 0]
        assert installation.stop() == 0
        wait_until(lambda: not any(is_running(pid) for pid in family), "no process is left", 20)
    assert installation.command("verify")
