"""The target of crash tests: a SCIM service provider without uniqueness, slow to commit, that cuts
connections after committing.

Runs in the test's process (:class:`LocalTarget`) or as a process of its own (:class:`TargetProcess`), which
killing workers cannot touch. Both log every call with the machine's monotonic clock.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import requests

from app.simulation import serve
from app.vendors.scim.simulator import BASE, ScimSimulator

ROOT = Path(__file__).resolve().parents[2]
KEY = "fault-target-key"
#: A push of 10,000 people makes some 60,000 calls: they are fetched page by page, and only what is judged is kept.
CALLS_OF_A_PAGE = 2000
KEPT_OF_A_CALL = (
    "number",
    "started",
    "ended",
    "method",
    "path",
    "query",
    "body",
    "status",
    "worked",
    "fault",
)
# Commits must be slower than a look-up and faster than the client's time-out (quality.md §1.1).
CRASH_FAULTS = (
    "no-uniqueness;"
    "slow:ms=300,jitter=250,rate=0.1,method=POST+PUT+PATCH;"
    "commit-then-reset:rate=0.02,method=POST+PUT+PATCH;"
    "half-body:rate=0.01,method=POST;"
    "drop:rate=0.005;"
    "500:rate=0.01;"
    "503:rate=0.01,retry_after=1"
)


class LocalTarget:
    """The fault target in this process; a context manager."""

    def __init__(self, faults: str = CRASH_FAULTS, *, seed: int = 0, people: int = 0) -> None:
        self.simulator = ScimSimulator(people=people, key=KEY, faults=f"seed={seed};{faults}")
        self._server = serve(self.simulator)
        self.key = KEY
        self.url = self._server.url + BASE

    def calls(self) -> list[dict[str, Any]]:
        """Return all calls so far, in the order of their ends."""
        return [call.as_dict() for call in self.simulator.log]

    def clear_calls(self) -> None:
        """Forget the calls so far."""
        self.simulator.log.clear()

    def accounts(self) -> list[dict[str, Any]]:
        """Return all users as SCIM documents."""
        return self.simulator.users()

    def add_account(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Create a user past all faults."""
        return self.simulator.add_user(document)

    def plan_faults(self, spec: str) -> None:
        """Follow another fault plan from now on."""
        self.simulator.plan_faults(spec)

    def stop(self) -> None:
        """Stop serving."""
        self._server.stop()

    def __enter__(self) -> LocalTarget:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class TargetProcess:
    """The fault target as a process in its own session; a context manager."""

    def __init__(self, faults: str = CRASH_FAULTS, *, seed: int = 0, people: int = 0, port: int = 0) -> None:
        command: Sequence[str] = [
            *(sys.executable, "-m", "tests.harness.fault_target"),
            *("--port", str(port), "--people", str(people), "--faults", f"seed={seed};{faults}"),
        ]
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise RuntimeError(
                f"the fault target did not start (exit code {self._process.wait()}); see standard error"
            )
        self._root: str = json.loads(line)["url"]
        self._session = requests.Session()
        self.key = KEY
        self.url = self._root + BASE

    def calls(self) -> list[dict[str, Any]]:
        """Return all calls so far, in the order of their ends."""
        found: list[dict[str, Any]] = []
        while page := self._calls_after(found[-1]["number"] if found else 0):
            found += page
        return found

    def _calls_after(self, number: int) -> list[dict[str, Any]]:
        answer = self._control("GET", "calls", params={"since": number, "limit": CALLS_OF_A_PAGE})
        return [{name: call[name] for name in KEPT_OF_A_CALL} for call in answer]

    def clear_calls(self) -> None:
        """Forget the calls so far."""
        self._control("DELETE", "calls")

    def accounts(self) -> list[dict[str, Any]]:
        """Return all users as SCIM documents."""
        return list(self._control("GET", "users"))

    def add_account(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Create a user past all faults."""
        return dict(self._control("POST", "users", json=dict(document)))

    def plan_faults(self, spec: str) -> None:
        """Follow another fault plan from now on."""
        self._control("PUT", "faults", data=spec.encode(), headers={"Content-Type": "text/plain"})

    def stop(self) -> None:
        """End the process; safe to call twice."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
        self._process.wait(timeout=10)
        if self._process.stdout:
            self._process.stdout.close()
        self._session.close()

    def _control(self, method: str, word: str, **request: Any) -> Any:
        answer = self._session.request(method, f"{self._root}/_simulator/{word}", timeout=60, **request)
        answer.raise_for_status()
        return answer.json()

    def __enter__(self) -> TargetProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def main() -> None:
    """Serve until SIGTERM; prints one JSON line with the URL."""
    parser = argparse.ArgumentParser(description="A SCIM target that fails as its plan says")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--people", type=int, default=0)
    parser.add_argument("--faults", default=CRASH_FAULTS)
    asked = parser.parse_args()
    simulator = ScimSimulator(people=asked.people, key=KEY, faults=asked.faults)
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    with serve(simulator, port=asked.port) as server:
        print(json.dumps({"url": server.url, "key": KEY}), flush=True)
        ended.wait()


if __name__ == "__main__":
    main()
