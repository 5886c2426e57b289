"""``rollcall keys``, ``backup``, ``restore``, ``doctor`` and ``employee erase`` as a person or a script uses them."""

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
PEOPLE = "ID,First Name,Last Name,Work Email,Status\n1,Ada,Lovelace,ada@example.com,Active\n"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give an instance folder with a person, a source and a paused target, to be copied."""
    folder = tmp_path_factory.mktemp("instance")
    (folder / "people.csv").write_text(PEOPLE)
    for words in (
        "db upgrade",
        "tenant create acme",
        f"source add csv --tenant acme --name hr --set path={folder / 'people.csv'} --set mapping=guess",
        "source import hr --tenant acme",
        "target add scim --tenant acme --name far --url https://far.example.com/v2 --secret token=abc --paused",
    ):
        done = _run(folder, *words.split())
        assert done.exit_code == 0, done.output
    return folder


@pytest.fixture
def rollcall(template: Path, tmp_path: Path) -> Rollcall:
    """Give a function that runs ``rollcall`` in a copy of that folder."""
    shutil.copytree(template, tmp_path / "instance")
    return partial(_run, tmp_path / "instance")


def _said(done: Result) -> dict[str, object]:
    assert done.exit_code == 0, done.output
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _keys(rollcall: Rollcall) -> list[tuple[str, str, int]]:
    rows = [json.loads(line) for line in rollcall("keys", "list", "--json").stdout.splitlines()]
    return [(row["key"], row["role"], row["values"]) for row in rows]


def test_keys_are_rotated_and_retired(rollcall: Rollcall) -> None:
    assert _keys(rollcall) == [("k1", "seals", 2)]
    assert _said(rollcall("keys", "rotate", "--json")) == {
        "key": "k2",
        "made": True,
        "values": 2,
        "unopened": [],
    }
    assert _keys(rollcall) == [("k2", "seals", 2), ("k1", "opens", 0)]
    assert rollcall("keys", "retire", "k1", "--yes").exit_code == 0
    assert _keys(rollcall) == [("k2", "seals", 2), ("k1", "retired", 0)]
    assert rollcall("verify").exit_code == 0
    assert rollcall("keys", "retire", "k2", "--yes").exit_code == 2


def test_a_ring_of_the_environment_is_printed_to_be_set(rollcall: Rollcall, tmp_path: Path) -> None:
    old = (tmp_path / "instance" / "keys" / "key_ring").read_text()
    done = rollcall("keys", "rotate", ROLLCALL_KEY_RING=old)
    assert done.exit_code == 0
    ring = done.stdout.strip()
    assert ring.startswith("k2:")
    assert ring.endswith(old)
    again = rollcall("keys", "rotate", "--json", ROLLCALL_KEY_RING=ring)
    assert _said(again) == {"key": "k2", "made": False, "values": 2, "unopened": []}
    assert (tmp_path / "instance" / "keys" / "key_ring").read_text() == old


def test_a_backup_is_restored_elsewhere(rollcall: Rollcall, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar"
    made = rollcall("backup", str(file))
    assert made.exit_code == 0
    assert "Not to be opened without the key ring (k1): tokens of targets (1)" in made.stdout
    again = rollcall("backup", str(file))
    assert (again.exit_code, len(again.stderr.splitlines())) == (2, 1)
    (tmp_path / "elsewhere" / "keys").mkdir(parents=True)
    shutil.copy(tmp_path / "instance" / "keys" / "key_ring", tmp_path / "elsewhere" / "keys")
    elsewhere = partial(_run, tmp_path / "elsewhere")
    done = _said(elsewhere("restore", str(file), "--json"))
    assert (done["tenants"], done["targets_paused"], done["sources_paused"]) == (["acme"], 1, 1)
    assert elsewhere("verify").exit_code == 0
    assert "ada@example.com" in elsewhere("employee", "show", "ada@example.com", "--tenant", "acme").stdout
    refused = elsewhere("restore", str(file))
    assert refused.exit_code == 2
    assert "--replace" in refused.stderr
    assert elsewhere("restore", str(file), "--replace", "--yes").exit_code == 0


def test_an_employee_is_erased_after_a_question(rollcall: Rollcall) -> None:
    shown = rollcall("employee", "show", "ada@example.com", "--tenant", "acme", "--json")
    employee_id = str(_said(shown)["id"])
    assert rollcall("employee", "erase", employee_id, "--tenant", "acme").exit_code != 0
    done = rollcall("employee", "erase", employee_id, "--tenant", "acme", "--yes")
    assert done.exit_code == 0, done.output
    assert "No target was told anything." in done.stdout
    assert "hr: 1" in done.stdout
    assert rollcall("verify").exit_code == 0
    assert rollcall("employee", "show", "ada@example.com", "--tenant", "acme").exit_code == 2


def _checks(done: Result) -> dict[str, str]:
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(row["way_out"] for row in rows if row["state"] != "ok"), rows
    return {row["check"]: row["state"] for row in rows}


def test_doctor_warns_of_what_rests_and_exits_with_0(rollcall: Rollcall) -> None:
    done = rollcall("doctor", "--json", ROLLCALL_PUBLIC_URL="https://rollcall.example.com")
    assert done.exit_code == 0
    found = _checks(done)
    assert {name for name, state in found.items() if state != "ok"} == {"database", "scheduler", "targets"}
    assert found.keys() >= {"key ring", "clock", "queue", "workers", "audit chain", "disk space", "schema"}


@pytest.mark.parametrize(
    ("check", "environ"),
    [
        ("public address", {"ROLLCALL_PUBLIC_URL": "http://rollcall.example.com"}),
        ("mail server", {"ROLLCALL_SMTP_URL": "smtp://127.0.0.1:1", "ROLLCALL_MAIL_FROM": "a@example.com"}),
        ("key ring", {"ROLLCALL_KEY_RING": "k1:" + "9" * 64}),
        ("queue", {"ROLLCALL_QUEUE_URL": "redis://127.0.0.1:1/0"}),
        ("database", {"ROLLCALL_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}),
    ],
)
def test_doctor_exits_with_1_for_what_is_wrong_and_says_the_way_out(
    rollcall: Rollcall, check: str, environ: dict[str, str]
) -> None:
    done = rollcall("doctor", "--json", **environ)
    assert done.exit_code == 1
    assert _checks(done)[check] == "wrong"
