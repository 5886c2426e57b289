"""``rollcall simulate`` as a process."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner

from app.cli.simulate import SIMULATORS, simulate

ROOT = Path(__file__).resolve().parents[2]
PROBES = {
    "jumpcloud": ("/api/systemusers?limit=1", {"x-api-key": "k"}),
    "scim": ("/scim/v2/Users?count=1", {"Authorization": "Bearer k"}),
    "jazzhr": ("/v1/hires/page/1?apikey=k", {}),
    "bamboohr": ("/api/v1/employees/directory", {"Authorization": "Basic " + b64encode(b"k:x").decode()}),
    "intellihr": ("/v1/people?limit=1", {"Authorization": "Bearer k", "tenant": "your-company"}),
    "smartrecruiters": ("/candidates?limit=1", {"X-SmartToken": "k"}),
}


@pytest.fixture(params=sorted(SIMULATORS))
def running(request: pytest.FixtureRequest) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    command = [sys.executable, "-m", "app.cli", "simulate", request.param]
    options = ["--port", "0", "--people", "3", "--key", "k", "--json", "--faults", "503:nth=2"]
    with subprocess.Popen([*command, *options], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        yield request.param, process
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_a_simulator_serves_until_it_is_ended(running: tuple[str, subprocess.Popen[str]]) -> None:
    kind, process = running
    assert process.stdout is not None
    shown = json.loads(process.stdout.readline())
    assert shown["key"] == "k"
    assert [_status(kind, shown["url"]) for _ in range(3)] == [200, 503, 200]


def _status(kind: str, url: str) -> int:
    if kind == "icims":
        form = {
            "grant_type": "client_credentials",
            "client_id": "simulator-client",
            "client_secret": "k",
            "audience": "x",
        }
        return requests.post(f"{url}/oauth/token", form).status_code
    path, headers = PROBES[kind]
    return requests.get(url + path, headers=headers).status_code


def test_an_unreadable_fault_plan_is_one_line() -> None:
    result = CliRunner().invoke(simulate, ["scim", "--port", "0", "--faults", "explode"])
    assert result.exit_code == 1
    assert "explode" in result.output
    assert "Traceback" not in result.output


def test_faults_and_personas_are_listed() -> None:
    result = CliRunner().invoke(simulate, ["jazzhr", "--list-faults"])
    assert result.exit_code == 0
    assert "commit-then-reset" in result.output
    assert "shifting-rows" in result.output
