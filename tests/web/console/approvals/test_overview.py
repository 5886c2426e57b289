"""Everything that waits on one page: stopped changes, held imports, look-alikes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from app import directory
from app.access.tenants import Tenant
from app.database import reading, writing
from app.directory import Actor
from app.sources import catalog, drafts, runner, runs, suggestions
from app.sources.catalog import Source
from app.sources.runs import Run
from app.web.console.approvals import look_alikes
from app.web.console.waiting import waiting_approvals
from scim.resources import USER
from tests.harness.connecting import connect
from tests.web.console.approvals.conftest import Stopped
from tests.web.console.browser import Browser

MAPPING = """
[record]
key = "ID"
[fields]
"name.givenName" = "First"
"name.familyName" = "Last"
"title" = "Title"
"emails[home].value" = "Home"
"active" = { from = "Status", map = { "Active" = true, "Left" = false } }
"""
ADA = {
    "schemas": [USER],
    "userName": "ada@acme.example",
    "name": {"givenName": "Ada", "familyName": "Lovelace"},
    "title": "Analyst",
    "emails": [
        {"type": "work", "value": "ada@acme.example"},
        {"type": "home", "value": "ada@home.example"},
    ],
}


@pytest.fixture
def hr(tenant: Tenant, tmp_path: Path) -> Source:
    """Give a source that reads a file."""
    path = tmp_path / "people.csv"
    write(path)
    with writing() as connection:
        draft = drafts.drafted("csv", "hr", {"path": str(path), "mapping": MAPPING}, {})
        return connect(connection, tenant.id, draft)


@pytest.fixture
def ada(tenant: Tenant) -> str:
    """Give the id of somebody who is known."""
    with writing() as connection:
        return directory.create(connection, tenant.id, Actor("client", "1"), dict(ADA)).id


def write(path: Path, *lines: str) -> None:
    path.write_text("\n".join(["ID,First,Last,Home,Status,Title", *lines]) + "\n")


def imported(hr: Source, tmp_path: Path, *lines: str) -> Run:
    """The ended run of a file's import."""
    write(tmp_path / "people.csv", *lines)
    with reading() as connection:
        known = catalog.named(connection, hr.tenant_id, hr.name)
    return runner.import_now(known, dry_run=False, requested_by="system:test")


def looks_alike(hr: Source, tmp_path: Path) -> None:
    imported(hr, tmp_path, "9,Ada,Lovelace,ada@home.example,Active,Engineer")


def suggestion(hr: Source) -> suggestions.Suggestion:
    with reading() as connection:
        return suggestions.of_records(connection, hr.tenant_id, hr.id, ["9"])["9"]


def held(hr: Source) -> Run:
    """A run that a guard has stopped (of a file none is, so it is held by hand)."""
    with writing() as connection:
        known = catalog.named(connection, hr.tenant_id, hr.name)
        started = runs.start(connection, known, dry_run=False, requested_by="system:test")
        lease = runs.claim(connection, hr.tenant_id, started.run.id, 30.0)
        assert lease is not None
        runs.hold(connection, lease, known, "hr had 60 records, and has 9 now (15 %).")
        return started.run


def test_nothing_waits(signed_in: Browser) -> None:
    assert "Nothing waits for a decision." in signed_in.page("/approvals").text


def test_a_stopped_plan_says_what_why_who_and_since_when(signed_in: Browser, stopped: Stopped) -> None:
    page = signed_in.page("/approvals")
    assert "6 accounts would be suspended at far Waits" in page.text
    assert "up to 5 of 6 pass unasked" in page.text
    assert "P0 Many, P1 Many, P2 Many, P3 Many, P4 Many and 1 more" in page.text
    assert page.links("plans")["6 people"] == f"{stopped.page}?state=planned"
    assert page.links("plans")["import run 7"] == "/runs/7"


def test_what_was_decided_lately_says_by_whom(signed_in: Browser, stopped: Stopped) -> None:
    page = signed_in.page(stopped.page)
    signed_in.submit(page, f"{stopped.page}/reject", which="all")
    (line,) = signed_in.page("/approvals").rows("decided")
    assert line[0] == f"Plan {stopped.plan_id}" and line[3:5] == ["Rejected", "hr@acme.example"]


def test_a_held_import_is_approved_or_rejected_by_an_admin(
    as_role: Callable[[str], Browser], hr: Source
) -> None:
    run = held(hr)
    admin, viewer = as_role("admin"), as_role("viewer")
    page = admin.page("/approvals")
    assert f"Run {run.id} of hr has changed nobody yet" in page.text
    assert "Hr had 60 records, and has 9 now (15 %)." in page.text
    assert f"/runs/{run.id}/approve" not in [f["action"] for f, _ in viewer.page("/approvals").forms]
    answer = admin.submit(page, f"/runs/{run.id}/approve")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/approvals")
    with reading() as connection:
        found = runs.get(connection, hr.tenant_id, run.id)
    assert (found.state, found.approved_by) == ("running", "admin:admin@acme.example")


def test_a_look_alike_stands_beside_the_person_it_may_be(
    signed_in: Browser, hr: Source, ada: str, tmp_path: Path
) -> None:
    looks_alike(hr, tmp_path)
    page = signed_in.page("/approvals")
    assert page.links("look-alikes")["Ada Lovelace"] == f"/people/{ada}"
    for words in (
        "Is it the same person?",
        "ada@home.example (the same)",
        "Job title Analyst",
        "Job title Engineer",
        "Record 9",
    ):
        assert words in page.text, words


def test_the_last_run_of_a_look_alike_is_one_of_its_own_source(
    signed_in: Browser, hr: Source, ada: str, tmp_path: Path
) -> None:
    run = imported(hr, tmp_path, "9,Ada,Lovelace,ada@home.example,Active,Engineer")
    other, path = "other", tmp_path / "other.csv"
    write(path, "9,Ada,Lovelace,ada@home.example,Active,Engineer")
    with writing() as connection:
        draft = drafts.drafted("csv", other, {"path": str(path), "mapping": MAPPING}, {})
        known = connect(connection, hr.tenant_id, draft)
    later = runner.import_now(known, dry_run=False, requested_by="system:test")
    with reading() as connection:
        pairs = look_alikes.waiting(connection, hr.tenant_id)
    assert [(pair.source_name, pair.run_id) for pair in pairs] == [("hr", run.id), (other, later.id)]


def test_whose_employee_was_deleted_waits_neither_on_the_page_nor_in_the_number(
    signed_in: Browser, tenant: Tenant, hr: Source, ada: str, tmp_path: Path
) -> None:
    looks_alike(hr, tmp_path)
    with reading() as connection:
        assert waiting_approvals(connection, tenant.id) == 1
    with writing() as connection:
        directory.delete(connection, tenant.id, ada, Actor("admin", "test"))
    assert "Nothing waits for a decision." in signed_in.page("/approvals").text
    with reading() as connection:
        assert waiting_approvals(connection, tenant.id) == 0


@pytest.mark.parametrize(
    ("answer", "state", "everybody"), [("The same person", "same", 1), ("Another person", "other", 2)]
)
def test_what_is_said_about_a_look_alike_counts_with_the_next_import(
    as_role: Callable[[str], Browser],
    hr: Source,
    ada: str,
    tmp_path: Path,
    answer: str,
    state: str,
    everybody: int,
) -> None:
    looks_alike(hr, tmp_path)
    browser = as_role("hr")
    page = browser.page("/approvals")
    assert answer in page.text
    fields = next(f for form, f in page.forms if f.get("answer") == state)
    assert browser.post("/approvals/look-alikes", fields).status_code == 303
    assert "It counts with the next import of hr." in browser.page("/approvals").text
    assert (suggestion(hr).state, suggestion(hr).decided_by) == (state, "admin:hr@acme.example")
    looks_alike(hr, tmp_path)
    with reading() as connection:
        assert directory.total(connection, hr.tenant_id) == everybody


def test_the_second_who_decides_about_a_look_alike_is_told_who_did(
    as_role: Callable[[str], Browser], hr: Source, ada: str, tmp_path: Path
) -> None:
    looks_alike(hr, tmp_path)
    first, second = as_role("hr"), as_role("admin")
    pages = [browser.page("/approvals") for browser in (first, second)]
    for browser, page, state in zip((first, second), pages, ("same", "other"), strict=True):
        fields = next(f for _, f in page.forms if f.get("answer") == state)
        assert browser.post("/approvals/look-alikes", fields).status_code == 303
    assert (
        "hr@acme.example has already decided about record 9: the same person."
        in second.page("/approvals").text
    )
    assert suggestion(hr).state == "same"


def test_wrong_answers_about_look_alikes_change_nothing(
    signed_in: Browser, as_role: Callable[[str], Browser], hr: Source, ada: str, tmp_path: Path
) -> None:
    looks_alike(hr, tmp_path)
    page = signed_in.page("/approvals")
    right = next(f for _, f in page.forms if f.get("answer") == "same")
    for wrong, status in (
        ({"answer": "perhaps"}, 400),
        ({"source": "x"}, 400),
        ({"source": "77"}, 404),
        ({"record": "unknown"}, 404),
    ):
        assert signed_in.post("/approvals/look-alikes", {**right, **wrong}).status_code == status, wrong
    viewer = as_role("viewer")
    seen = viewer.page("/approvals")
    assert "HR decides about it." in seen.text
    token = next(f["csrf_token"] for _, f in seen.forms if "csrf_token" in f)
    assert viewer.post("/approvals/look-alikes", {**right, "csrf_token": token}).status_code == 403
    assert suggestion(hr).state == "waiting"
