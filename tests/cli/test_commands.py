"""Commands as a person or a script uses them: the real program, its words, exit codes and single lines."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from app.cli import COMMANDS as COMMANDS_TABLE
from app.cli import main

Rollcall = Callable[..., Result]


def _run(folder: Path, *arguments: str, **environ: str) -> Result:
    """Run ``rollcall`` in an instance folder, in this process."""
    inherited = {name: None for name in os.environ if name.startswith("ROLLCALL_")}
    given = {"ROLLCALL_INSTANCE_PATH": str(folder), "ROLLCALL_SQLITE_SYNCHRONOUS": "off", **environ}
    return CliRunner().invoke(main, arguments, env={**inherited, **given}, prog_name="rollcall")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give an instance folder with an upgraded database and the tenant ``acme``, to be copied."""
    folder = tmp_path_factory.mktemp("instance")
    assert _run(folder, "db", "upgrade").exit_code == 0
    assert _run(folder, "tenant", "create", "acme").exit_code == 0
    return folder


@pytest.fixture
def rollcall(tmp_path: Path) -> Rollcall:
    """Give a function that runs ``rollcall`` in an empty instance folder."""
    return partial(_run, tmp_path)


@pytest.fixture
def installed(template: Path, tmp_path: Path) -> Rollcall:
    """Give the same with an upgraded database and the tenant ``acme``."""
    shutil.copytree(template, tmp_path, dirs_exist_ok=True)
    return partial(_run, tmp_path)


def _refused(done: Result, *words: str) -> None:
    assert done.exit_code == 2, done.stderr
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1, done.stderr
    for word in words:
        assert word in done.stderr


COMMANDS = [
    *("db upgrade", "run", "web", "worker", "scheduler", "tenant create", "tenant list", "admin create"),
    *("token create", "token list", "token rotate", "token revoke", "employee show", "doctor", "verify"),
    *(
        "source add",
        "source import",
        "source list",
        "source show",
        "source set",
        "source remove",
        "source pause",
    ),
    *("client create", "client list", "client show", "client set", "client secret", "client log"),
    *("schema load", "schema list", "schema show", "schema remove"),
    *("source resume", "run-log list", "run-log show", "run-log cancel", "run-log errors"),
    *(
        "target add",
        "target sync",
        "target list",
        "target set",
        "target pause",
        "target resume",
        "target remove",
    ),
    *(
        "target status",
        "target fields",
        "link show",
        "plan list",
        "plan show",
        "plan approve",
        "plan discard",
    ),
    *("simulate jumpcloud", "simulate scim", "simulate jazzhr"),
    *("target probe", "target drift", "target groups", "target orphans", "target settings", "plan undo"),
    *("keys list", "keys rotate", "keys retire", "backup", "restore", "employee erase"),
    *("notice list", "notice channel add", "notice channel list", "notice channel remove"),
]


def test_the_list_of_commands_says_what_each_says_itself() -> None:
    context = click.Context(main)
    for name in main.list_commands(context):
        command = main.get_command(context, name)
        assert command is not None
        said = COMMANDS_TABLE[name][1].rstrip(".")
        assert (command.help or "").startswith(said), name


def test_every_command_explains_itself(installed: Rollcall) -> None:
    for command in COMMANDS:
        done = CliRunner().invoke(main, [*command.split(), "--help"])
        assert done.exit_code == 0, command
        assert "Usage:" in done.output
        assert len(done.output.splitlines()) > 4, command


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("token", "create", "--tenant", "nobody", "--name", "x"), ("nobody", "acme")),
        (("token", "create", "--tenant", "acme"), ("--name",)),
        (("token", "create", "--tenant", "acme", "--name", "x", "--scope", "root"), ("scim:read",)),
        (("token", "revoke", "9", "--tenant", "acme"), ("9",)),
        (("tenant", "create", "acme"), ("exists",)),
        (("tenant", "create", "No Spaces"), ("a-z",)),
        (("admin", "create", "ada", "--tenant", "acme"), ("e-mail",)),
        (("employee", "show", "ada", "--tenant", "acme"), ("ada",)),
        (("nonsense",), ("nonsense",)),
        (("source", "add", "fax", "--tenant", "acme", "--name", "x"), ("fax", "csv", "jazzhr")),
        (
            ("target", "add", "fax", "--tenant", "acme", "--name", "x", "--url", "http://a.example"),
            ("fax", "scim"),
        ),
    ],
)
def test_wrong_use_exits_with_2_and_one_clear_line(
    installed: Rollcall, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    _refused(installed(*arguments), *words)


def test_a_token_is_all_that_token_create_prints(installed: Rollcall) -> None:
    done = installed("token", "create", "--tenant", "acme", "--name", "idp")
    assert done.stdout.startswith("rc_")
    assert done.stdout.count("\n") == 1
    listed = [
        json.loads(line)
        for line in installed("token", "list", "--tenant", "acme", "--json").stdout.splitlines()
    ]
    assert [(row["id"], row["client"], row["scopes"]) for row in listed] == [(1, "idp", "scim:write")]
    assert done.stdout.strip() not in json.dumps(listed)
    rotated = installed("token", "rotate", "1", "--tenant", "acme")
    assert rotated.stdout.startswith("rc_")
    assert installed("token", "revoke", "1", "--tenant", "acme").exit_code == 0


def test_a_password_is_all_that_admin_create_prints(installed: Rollcall) -> None:
    done = installed("admin", "create", "ada@example.com", "--tenant", "acme")
    assert done.exit_code == 0
    assert len(done.stdout.strip()) >= 12
    assert done.stdout.count("\n") == 1


def test_all_wrong_settings_are_named_at_once(rollcall: Rollcall) -> None:
    done = rollcall("db", "upgrade", ROLLCALL_DATABASE_URL="mysql://x", ROLLCALL_CALL_TIMEOUT="-1")
    assert done.exit_code == 2
    assert "ROLLCALL_DATABASE_URL" in done.stderr
    assert "ROLLCALL_CALL_TIMEOUT" in done.stderr


def test_doctor_and_verify_are_well_after_an_upgrade(installed: Rollcall) -> None:
    assert installed("doctor", "--json").exit_code == 0
    assert installed("verify").exit_code == 0
    assert installed("db", "upgrade").exit_code == 0


def test_doctor_says_what_is_wrong_before_it(rollcall: Rollcall) -> None:
    done = rollcall("doctor")
    assert done.exit_code == 1
    assert "rollcall db upgrade" in done.stdout


def test_flask_knows_the_same_commands(installed: Rollcall, tmp_path: Path) -> None:
    environ = {**os.environ, "ROLLCALL_INSTANCE_PATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "tenant", "list"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environ,
    )
    assert done.returncode == 0, done.stderr
    assert "acme" in done.stdout


def test_a_database_without_its_schema_is_one_line(rollcall: Rollcall) -> None:
    done = rollcall("tenant", "list")
    assert done.exit_code == 1
    assert "rollcall db upgrade" in done.stderr
    assert len(done.stderr.splitlines()) == 1
