"""``rollcall admin``: who may open the console."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from click.testing import Result

from tests.cli.test_commands import _run

Rollcall = Callable[..., Result]
OF_ACME = ("--tenant", "acme")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give an instance folder with an upgraded database and the tenant ``acme``, to be copied."""
    folder = tmp_path_factory.mktemp("instance")
    assert _run(folder, "db", "upgrade").exit_code == 0
    assert _run(folder, "tenant", "create", "acme").exit_code == 0
    return folder


@pytest.fixture
def rollcall(made: Path, tmp_path: Path) -> Rollcall:
    """Give a function that runs ``rollcall`` there."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return partial(_run, tmp_path)


def listed(rollcall: Rollcall) -> dict[str, dict[str, object]]:
    done = rollcall("admin", "list", *OF_ACME, "--json")
    return {row["email"]: row for row in map(json.loads, done.stdout.splitlines())}


def refused(done: Result, *words: str) -> None:
    assert done.exit_code == 2 and done.stdout == "" and len(done.stderr.splitlines()) == 1
    for word in words:
        assert word in done.stderr


def test_admins_are_made_listed_given_roles_and_removed(rollcall: Rollcall) -> None:
    assert "No admins yet" in rollcall("admin", "list", *OF_ACME).stdout
    rollcall("admin", "create", "ada@example.com", *OF_ACME)
    rollcall("admin", "create", "eve@example.com", "--role", "viewer", *OF_ACME)
    found = listed(rollcall)
    assert {email: (row["role"], row["password"]) for email, row in found.items()} == {
        "ada@example.com": ("owner", "one-time"),
        "eve@example.com": ("viewer", "one-time"),
    }
    done = rollcall("admin", "role", "EVE@example.com", "hr", *OF_ACME)
    assert done.stdout == "eve@example.com has the role hr.\n"
    assert listed(rollcall)["eve@example.com"]["role"] == "hr"
    assert "removed and signed out" in rollcall("admin", "remove", "eve@example.com", *OF_ACME).stdout
    assert list(listed(rollcall)) == ["ada@example.com"]


def test_a_new_password_leaves_the_role(rollcall: Rollcall) -> None:
    rollcall("admin", "create", "ada@example.com", *OF_ACME)
    rollcall("admin", "create", "eve@example.com", "--role", "viewer", *OF_ACME)
    again = rollcall("admin", "create", "eve@example.com", *OF_ACME)
    assert again.exit_code == 0 and again.stdout.count("\n") == 1
    assert listed(rollcall)["eve@example.com"]["role"] == "viewer"


def test_the_last_owner_stays(rollcall: Rollcall) -> None:
    rollcall("admin", "create", "ada@example.com", *OF_ACME)
    for words in (
        ("role", "ada@example.com", "viewer"),
        ("remove", "ada@example.com"),
        ("create", "ada@example.com", "--role", "hr"),
    ):
        refused(rollcall("admin", *words, *OF_ACME), "last owner", "somebody else an owner first")
    assert listed(rollcall)["ada@example.com"]["role"] == "owner"


def test_who_is_not_there_is_named(rollcall: Rollcall) -> None:
    refused(
        rollcall("admin", "remove", "eve@example.com", *OF_ACME), "eve@example.com", "rollcall admin list"
    )
    refused(rollcall("admin", "role", "eve@example.com", "boss", *OF_ACME), "boss", "owner")


def test_the_set_up_code_is_the_same_until_somebody_is_an_admin(rollcall: Rollcall, tmp_path: Path) -> None:
    first, second = (rollcall("admin", "setup-code").stdout for _ in range(2))
    assert first == second == (tmp_path / "keys" / "setup_code").read_text()
    rollcall("admin", "create", "ada@example.com", *OF_ACME)
    refused(rollcall("admin", "setup-code"), "is set up", "rollcall admin create")
