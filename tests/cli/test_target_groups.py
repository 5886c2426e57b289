"""`rollcall target groups` as an admin and a script use it, against a real target."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app import create_app, directory
from app.access import tenants
from app.cli import main
from app.config import load_settings
from app.database import reading, writing
from tests.provisioning.far import TOKEN, Scim
from tests.provisioning.world import HUMAN, person

Rollcall = Callable[..., Result]


def _environment(folder: Path) -> dict[str, str | None]:
    inherited: dict[str, str | None] = {name: None for name in os.environ if name.startswith("ROLLCALL_")}
    return inherited | {
        "ROLLCALL_INSTANCE_PATH": str(folder),
        "ROLLCALL_SQLITE_SYNCHRONOUS": "off",
        "ROLLCALL_ALLOW_PRIVATE_TARGETS": "1",
    }


def _run(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, env=_environment(folder), prog_name="rollcall")


@pytest.fixture
def rollcall(tmp_path: Path) -> Rollcall:
    """`rollcall` in a fresh instance: Maya of Sales in acme, and a target that takes groups."""
    run = partial(_run, tmp_path)
    assert run("db", "upgrade").exit_code == 0
    assert run("tenant", "create", "acme").exit_code == 0
    settings = load_settings({k: v for k, v in _environment(tmp_path).items() if v is not None})
    with create_app(settings).app_context():
        with reading() as connection:
            acme = tenants.named(connection, "acme")
        document = person("Maya", "Okafor", enterprise={"department": "Sales"})
        with writing() as connection:
            directory.create(connection, acme.id, HUMAN, document)
    return run


@pytest.fixture
def far() -> Iterator[Scim]:
    """A target that takes groups."""
    target = Scim()
    yield target
    target.stop()


def test_groups_are_switched_on_pushed_and_shown(rollcall: Rollcall, far: Scim) -> None:
    place = ("--url", far.url, "--secret", f"token={TOKEN}", "--paused")
    assert rollcall("target", "add", "scim", "--tenant", "acme", "--name", "far", *place).exit_code == 0
    shown = rollcall("target", "groups", "far", "--tenant", "acme")
    assert "--set groups=departments" in shown.stdout

    for command in (
        ("set", "far", "--set", "groups=departments"),
        ("resume", "far"),
        ("sync", "far", "--wait"),
    ):
        result = rollcall("target", *command, "--tenant", "acme")
        assert result.exit_code == 0, result.stderr

    shown = rollcall("target", "groups", "far", "--tenant", "acme", "--json")
    group = json.loads(shown.stdout)
    assert (group["group"], group["state"], group["people"], group["members"]) == ("Sales", "linked", 1, 1)
    assert [each["displayName"] for each in far.simulator.groups()] == ["Sales"]  # type: ignore[attr-defined]
    assert "Sales" in rollcall("target", "groups", "far", "--tenant", "acme").stdout
