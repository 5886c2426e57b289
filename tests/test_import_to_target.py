"""From a file through an import run to a target: the stop that keeps a bad file from suspending everybody."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask

from app.access.tenants import Tenant
from app.cli import main
from app.config import Settings
from tests.harness.fault_target import LocalTarget

HEADER = "ID,First Name,Last Name,Work Email,Status"


@pytest.fixture
def rollcall(app: Flask, settings: Settings, tenant: Tenant, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Give a function that runs a command on the test's installation and returns its last line of JSON."""
    monkeypatch.setattr("app.create_app", lambda _settings: app)

    def run(*arguments: str, every_line: bool = False) -> Any:
        done = CliRunner().invoke(main, [*arguments, "--tenant", tenant.slug, "--json"])
        assert done.exit_code == 0, done.output
        lines = done.stdout.strip().splitlines()
        answers = [json.loads(line) for line in lines]
        return answers if every_line else answers[-1] if answers else {}

    return run


def _write(file: Path, people: int, leavers: int) -> None:
    rows = [
        f"{n},Given{n},Family{n},person{n}@example.com,{'Terminated' if n < leavers else 'Active'}"
        for n in range(people)
    ]
    file.write_text("\n".join([HEADER, *rows]) + "\n")


@pytest.fixture
def hired(rollcall: Any, tmp_path: Path) -> Iterator[tuple[Path, LocalTarget]]:
    """Give the file of a source and a target at which all its 40 people have accounts."""
    file = tmp_path / "people.csv"
    _write(file, 40, 0)
    with LocalTarget(faults="") as target:
        rollcall("source", "add", "csv", "--name", "hr", "--set", f"path={file}", "--set", "mapping=guess")
        place = ("--url", target.url, "--secret", f"token={target.key}", "--set", "rate=0")
        rollcall("target", "add", "scim", "--name", "far", *place)
        assert rollcall("source", "import", "hr")["added"] == 40
        assert rollcall("target", "sync", "far", "--wait")["created"] == 40
        yield file, target


def test_suspends_of_one_import_beyond_the_limit_wait_and_are_applied_when_approved(
    rollcall: Any, hired: tuple[Path, LocalTarget]
) -> None:
    file, target = hired
    _write(file, 40, 12)
    assert rollcall("source", "import", "hr")["updated"] == 12
    assert rollcall("target", "sync", "far", "--wait")["suspended"] == 0
    assert all(account["active"] for account in target.accounts())
    waiting = [plan for plan in rollcall("plan", "list", every_line=True) if plan["state"] == "waiting"]
    assert len(waiting) == 1

    rollcall("plan", "approve", str(waiting[0]["id"]))
    rollcall("target", "sync", "far", "--wait")
    assert sum(not account["active"] for account in target.accounts()) == 12


def test_suspends_within_the_limit_are_sent_at_once(rollcall: Any, hired: tuple[Path, LocalTarget]) -> None:
    file, _ = hired
    _write(file, 40, 8)
    rollcall("source", "import", "hr")
    assert rollcall("target", "sync", "far", "--wait")["suspended"] == 8
