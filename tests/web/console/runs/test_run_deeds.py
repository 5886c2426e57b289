"""What an admin does to a run, who may, and what is in the database afterwards."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from app.database import writing
from app.sources import runner, runs
from tests.web.console.browser import Browser
from tests.web.console.runs.people_file import BAD_MAIL, GOOD, PeopleFile, run_now


def press(browser: Browser, run_id: int, deed: str) -> str:
    """The page behind a button of a run's page."""
    page = browser.page(f"/runs/{run_id}")
    answer = browser.submit(page, f"/runs/{run_id}/{deed}")
    assert answer.status_code == 303
    return browser.page(answer.headers["Location"]).text


def buttons(browser: Browser, run_id: int) -> set[str]:
    """The deeds that a run's page offers."""
    actions = [form.get("action", "") for form, _ in browser.page(f"/runs/{run_id}").forms]
    return {action.rpartition("/")[2] for action in actions if action.startswith(f"/runs/{run_id}/")}


def test_a_running_run_is_cancelled_once(as_role: Callable[[str], Browser], file: PeopleFile) -> None:
    run, hr = file.begun(), as_role("hr")
    page = hr.page(f"/runs/{run.id}")
    assert "is cancelled" in press(hr, run.id, "cancel")
    assert run_now(run).state == "cancelled"
    again = hr.submit(page, f"/runs/{run.id}/cancel")
    assert "has ended already" in hr.page(again.headers["Location"]).text


def test_a_held_run_says_why_and_goes_on_when_it_is_approved(
    as_role: Callable[[str], Browser], app: Flask, file: PeopleFile
) -> None:
    run, admin = file.held("The file had 90 records, and has 3 now."), as_role("admin")
    text = admin.page(f"/runs/{run.id}").text
    assert "The file had 90 records, and has 3 now. Nobody has been changed by it so far." in text
    assert buttons(admin, run.id) == {"approve", "discard"}
    assert "is approved and goes on" in press(admin, run.id, "approve")
    runner.resume_due(app)
    ended = run_now(run)
    assert (ended.state, ended.approved_by) == ("finished", "admin:admin@acme.example")


def test_a_held_run_is_discarded_and_changes_nobody(
    as_role: Callable[[str], Browser], app: Flask, file: PeopleFile
) -> None:
    run, admin = file.held(), as_role("admin")
    assert "is discarded" in press(admin, run.id, "discard")
    runner.resume_due(app)
    assert (run_now(run).state, run_now(run).counts.total) == ("cancelled", 0)


def test_only_what_failed_is_tried_again(
    as_role: Callable[[str], Browser], app: Flask, file: PeopleFile
) -> None:
    run, hr = file.run(GOOD, BAD_MAIL), as_role("hr")
    file.write(GOOD.replace("Sales", "R&D"), BAD_MAIL.replace("nonsense", "noah@acme.example"))
    assert f"tries again what run {run.id} could not take" in press(hr, run.id, "retry")
    runner.resume_due(app)
    page = hr.page(f"/runs/{run.id + 1}")
    assert "Added 1 Updated 0 Deleted 0 Skipped 0 Errored 0 Total 1" in page.text
    assert "1 record that failed before" in page.text


def test_a_retry_beside_an_import_that_is_under_way_leads_to_that_one(
    as_role: Callable[[str], Browser], file: PeopleFile
) -> None:
    run, hr = file.run(BAD_MAIL), as_role("hr")
    begun = file.begun()
    text = press(hr, run.id, "retry")
    assert f"Run {begun.id} of hr is under way already" in text


def test_a_run_without_failed_records_offers_no_retry(signed_in: Browser, file: PeopleFile) -> None:
    assert "retry" not in buttons(signed_in, file.run(GOOD).id)


@pytest.mark.parametrize(
    ("role", "running", "held", "failed"),
    [
        ("viewer", set(), set(), set()),
        ("hr", {"cancel"}, set(), {"retry"}),
        ("admin", {"cancel"}, {"approve", "discard"}, {"retry"}),
    ],
)
def test_a_role_is_shown_what_it_may_press(
    as_role: Callable[[str], Browser],
    file: PeopleFile,
    role: str,
    running: set[str],
    held: set[str],
    failed: set[str],
) -> None:
    browser = as_role(role)
    assert buttons(browser, file.run(BAD_MAIL).id) == failed
    assert buttons(browser, file.held().id) == held
    assert buttons(browser, file.begun().id) == running


@pytest.mark.parametrize(
    ("role", "deed"), [("viewer", "cancel"), ("viewer", "retry"), ("hr", "approve"), ("hr", "discard")]
)
def test_a_deed_beyond_ones_role_is_refused(
    as_role: Callable[[str], Browser], file: PeopleFile, role: str, deed: str
) -> None:
    run, browser = file.held(), as_role(role)
    page = browser.page("/runs")
    token = next(inputs for _, inputs in page.forms if "csrf_token" in inputs)["csrf_token"]
    assert browser.post(f"/runs/{run.id}/{deed}", {"csrf_token": token}).status_code == 403
    assert run_now(run).state == "held"


def test_who_imports_cannot_cancel_what_waits_for_an_admin(
    as_role: Callable[[str], Browser], file: PeopleFile
) -> None:
    run, hr = file.begun(), as_role("hr")
    page = hr.page(f"/runs/{run.id}")
    with writing() as connection:
        runs.hold(connection, file.lease(connection, run), file.source, "Too few.")
    answer = hr.submit(page, f"/runs/{run.id}/cancel")
    assert "an admin approves or discards it" in hr.page(answer.headers["Location"]).text
    assert run_now(run).state == "held"


def test_another_tenants_run_is_out_of_reach(signed_in: Browser, strange_file: PeopleFile) -> None:
    run = strange_file.begun()
    token = next(inputs for _, inputs in signed_in.page("/runs").forms if "csrf_token" in inputs)[
        "csrf_token"
    ]
    for deed in ("cancel", "approve", "discard", "retry"):
        assert signed_in.post(f"/runs/{run.id}/{deed}", {"csrf_token": token}).status_code == 404, deed
    assert run_now(run).state == "running"
