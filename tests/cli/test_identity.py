"""``rollcall precedence``, ``employee pin``, ``source confirm`` and ``employee show --explain`` as they are typed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from app.access.tenants import Tenant
from app.cli import main
from app.cli.precedence import precedence
from app.sources import pushing
from tests.sources.employees import Books


@pytest.fixture(autouse=True)
def short_belief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nobody wait for other processes: there are none."""
    monkeypatch.setattr(pushing, "BELIEF_SECONDS", 0.0)


@pytest.fixture
def books(tenant: Tenant, tmp_path: Path) -> Books:
    """Give the sources ``hr`` and ``ats``."""
    return Books(tenant.id, tmp_path, ("hr", "ats"))


@pytest.fixture
def rollcall(app: Flask, tenant: Tenant) -> Callable[..., Result]:
    """Give a function that runs a command line for the tenant ``acme``."""
    runner = app.test_cli_runner()

    def run(*words: str) -> Result:
        group, rest = (precedence, words[1:]) if words[0] == "precedence" else (main, words)
        return runner.invoke(group, [*rest, "--tenant", "acme"])

    return run


def test_lists_are_set_shown_and_removed(books: Books, rollcall: Callable[..., Result]) -> None:
    assert "of several writers the last one wins" in rollcall("precedence", "list").stdout
    said = rollcall("precedence", "set", "Title", "source:hr", "source:ats")
    assert said.stdout == "title: source:hr, then source:ats. The next import of each source goes by it.\n"
    rollcall("precedence", "set", "*", "source:ats")
    lines = rollcall("precedence", "list", "--json").stdout.splitlines()
    assert [json.loads(line) for line in lines] == [
        {"field": "title", "writers": ["source:hr", "source:ats"]},
        {"field": "*", "writers": ["source:ats"]},
    ]
    assert json.loads(rollcall("precedence", "remove", "*", "--json").stdout) == {"removed": "*"}


def test_a_value_is_pinned_explained_and_let_go(books: Books, rollcall: Callable[..., Result]) -> None:
    books.say("hr", title="Engineer")
    who = books.employee
    done = rollcall(
        "employee", "pin", who, "title=Countess", "--note", "she asked", "--by", "eve@example.com"
    )
    assert done.stdout == f"title of employee {who} is pinned by admin:eve@example.com.\n"
    books.say("hr", title="Principal")
    shown = rollcall("employee", "show", who, "--explain").stdout
    assert '  title: "Countess"   ← admin eve@example.com, revision 2' in shown
    assert "pinned by admin:eve@example.com at 20" in shown and "because she asked" in shown
    assert 'source hr, record 7 (title ← "Title"): says another value, which the pin keeps out' in shown
    assert rollcall("employee", "unpin", who, "title").stdout.endswith("is not pinned any more.\n")
    books.again("hr")
    assert books.value("title") == "Principal"


def test_explaining_names_every_writer_of_a_value(books: Books, rollcall: Callable[..., Result]) -> None:
    rollcall("precedence", "set", "title", "source:hr", "source:ats")
    run = books.say("hr", title="Engineer")
    books.say("ats", title="Candidate")
    shown = rollcall("employee", "show", books.employee, "--explain").stdout
    assert f'  title: "Engineer"   ← source hr, run {run.id}, revision 1 of ' in shown
    assert "precedence: source:hr, then source:ats" in shown
    assert 'source ats, record 7 (title ← "Title"): says another value; source:hr stands before it' in shown
    answer = json.loads(rollcall("employee", "show", books.employee, "--explain", "--json").stdout)
    assert [word["code"] for word in answer["sources"]["title"]["words"]] == ["stands", "weaker"]


def test_a_mistake_is_one_line(books: Books, rollcall: Callable[..., Result]) -> None:
    books.say("hr")
    wrong = rollcall("employee", "pin", books.employee, "titel=Boss")
    assert (wrong.exit_code, wrong.stderr) == (
        2,
        "rollcall: 'titel' is no field of a mapping; did you mean 'title'?\n",
    )
    assert rollcall("source", "confirm", "hr", "9", "--same", "--other").exit_code == 2
    assert "Nothing waits to be confirmed" in rollcall("source", "confirm", "hr", "9", "--same").stderr


def test_what_waits_is_listed_and_confirmed(
    books: Books, rollcall: Callable[..., Result], tmp_path: Path
) -> None:
    mapping = '[record]\nkey = "ID"\n[fields]\n"displayName" = "Name"\n"emails[home].value" = "Home"\n'
    (tmp_path / "lms.toml").write_text(mapping)
    for name, number in (("one", "1"), ("two", "2")):
        file = tmp_path / f"{name}.csv"
        file.write_text(f"ID,Name,Home\n{number},Grace Hopper,grace@home.example\n")
        more = ("--set", f"path={file}", "--set", f"mapping=@{tmp_path / 'lms.toml'}")
        rollcall("source", "add", "csv", "--name", name, *more)
        rollcall("source", "import", name)
    row = json.loads(rollcall("source", "suggestions", "two", "--json").stdout)
    assert (row["record_id"], row["state"]) == ("2", "waiting")
    done = rollcall("source", "confirm", "two", "2", "--same", "--by", "eve@example.com", "--json")
    assert json.loads(done.stdout)["decided_by"] == "admin:eve@example.com"
    answer = json.loads(rollcall("source", "import", "two", "--json").stdout.splitlines()[-1])
    assert (answer["skipped"], answer["errored"]) == (1, 0)
    assert rollcall("source", "suggestions", "two").stdout == "No record of two waits to be confirmed.\n"
