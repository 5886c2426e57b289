"""Importing, pausing, writing back, disconnecting and removing, with what is in the database afterwards."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.access.tenants import Tenant
from app.database import reading
from app.directory.tables import EmployeeRow
from app.exporting import write_back
from app.sources import runner, runs
from app.sources.catalog import Source
from tests.web.console.browser import Browser
from tests.web.console.runs.people_file import GOOD, PeopleFile, run_now
from tests.web.console.sources.conftest import deeds, press, token_of

Now = Callable[[Source], Source | None]


@pytest.mark.parametrize(
    ("mode", "dry_run", "is_full"), [("new", False, False), ("dry", True, True), ("full", False, True)]
)
def test_an_import_begins_and_its_run_is_shown(
    as_role: Callable[[str], Browser], file: PeopleFile, mode: str, dry_run: bool, is_full: bool
) -> None:
    file.run()
    hr = as_role("hr")
    answer = hr.submit(hr.page(file.address), f"{file.address}/import", mode=mode)
    assert answer.headers["Location"] == "/runs/2"
    with reading() as connection:
        begun = runs.get(connection, file.source.tenant_id, 2)
    assert (begun.state, begun.dry_run, begun.requested_by) == ("running", dry_run, "admin:hr@acme.example")
    assert begun.is_full is is_full or mode == "new"
    assert "has begun" in hr.page("/runs/2").text


def test_a_second_import_leads_to_the_first(as_role: Callable[[str], Browser], file: PeopleFile) -> None:
    begun, hr = file.begun(), as_role("hr")
    page = press(hr, file.address, f"{file.address}/import")
    assert f"Run {begun.id} of hr was under way already" in page.text


def test_a_source_is_paused_and_resumed(signed_in: Browser, jazz: Callable[..., Source], now: Now) -> None:
    known = jazz()
    address = f"/sources/{known.id}"
    page = press(signed_in, address, f"{address}/pause")
    assert "jazz is paused" in page.text
    assert "none while paused" in page.text
    assert now(known).next_run_at is None  # type: ignore[union-attr]
    assert "jazz is active again" in press(signed_in, address, f"{address}/resume").text
    assert now(known).next_run_at is not None  # type: ignore[union-attr]


def test_changes_are_written_back_and_no_longer(signed_in: Browser, icims: Source) -> None:
    address = f"/sources/{icims.id}"
    assert "Nothing is written back to iCIMS" in signed_in.page(address).text
    page = press(signed_in, address, f"{address}/export", on="yes")
    assert page.links("export")["icims-export"] == "/targets/1"
    page = press(signed_in, address, f"{address}/export", on="no")
    assert "Nothing is written back to icims any more" in page.text
    with reading() as connection:
        target = write_back.target_of(connection, icims)
    assert target is not None
    assert not target.is_active


def test_what_takes_nothing_back_says_so(signed_in: Browser, file: PeopleFile) -> None:
    fields = {"csrf_token": token_of(signed_in), "on": "yes"}
    answer = signed_in.post(f"{file.address}/export", fields)
    assert "takes nothing back" in signed_in.page(answer.headers["Location"]).text


def test_disconnecting_lists_what_it_means_and_keeps_people_and_history(
    signed_in: Browser,
    tenant: Tenant,
    jazz: Callable[..., Source],
    account: Callable[..., str],
    now: Now,
) -> None:
    known = jazz(account(3))
    runner.import_now(known, dry_run=False, requested_by="x")
    address = f"/sources/{known.id}"
    asked = signed_in.page(f"{address}/disconnect").text
    for words in (
        "Imports by its schedule and on request",
        "Calls from JazzHR are not taken any more",
        "The credentials of JazzHR, and the consent to read it",
        "The 3 people known from it, as they are",
    ):
        assert words in asked, words
    assert now(known).state == "active"  # type: ignore[union-attr]
    page = press(signed_in, f"{address}/disconnect", f"{address}/disconnect")
    assert "its credentials are forgotten, its people stay" in page.text
    left = now(known)
    assert left is not None
    assert (left.state, left.secrets) == ("disconnected", {})
    assert page.links("numbers")["3"] == f"/people?source={known.id}"
    assert "Link it again" in page.text


def test_a_file_has_nothing_to_disconnect(signed_in: Browser, file: PeopleFile) -> None:
    page = signed_in.page(f"{file.address}/disconnect")
    assert "A file has no credentials to forget" in page.text
    answer = signed_in.post(f"{file.address}/disconnect", {"csrf_token": token_of(signed_in)})
    assert "is a file; pause it, or remove it" in signed_in.page(answer.headers["Location"]).text


def test_removing_lists_what_it_means_and_people_stay(
    signed_in: Browser, tenant: Tenant, file: PeopleFile, now: Now
) -> None:
    file.run(GOOD)
    known = file.source
    asked = signed_in.page(f"{file.address}/remove").text
    assert "The one person known from it, as they are" in asked
    page = press(signed_in, f"{file.address}/remove", f"{file.address}/remove")
    assert "hr is removed; the people that it brought stay" in page.text
    assert now(known) is None
    with reading() as connection:
        assert connection.scalar(select(func.count()).select_from(EmployeeRow)) == 1


def test_a_source_is_not_removed_while_it_is_imported(
    signed_in: Browser, app: Flask, file: PeopleFile, now: Now
) -> None:
    begun, known = file.begun(), file.source
    page = press(signed_in, f"{file.address}/remove", f"{file.address}/remove")
    assert f"Run {begun.id} of 'hr' is under way" in page.text
    assert now(known) is not None
    assert run_now(begun).state == "running"


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("viewer", set()),
        ("hr", {"import"}),
        ("admin", {"import", "pause"}),
    ],
)
def test_a_role_is_shown_what_it_may_press(
    as_role: Callable[[str], Browser], file: PeopleFile, role: str, expected: set[str]
) -> None:
    page = as_role(role).page(file.address)
    assert deeds(page) == expected
    leads = {found.get("href", "").rpartition("/")[2] for _, found in page.elements}
    assert ("remove" in leads) is (role == "admin")


@pytest.mark.parametrize(
    ("role", "deed"),
    [
        ("viewer", "import"),
        *(("hr", each) for each in ("pause", "resume", "export", "disconnect", "remove", "settings")),
    ],
)
def test_a_deed_beyond_ones_role_is_refused(
    as_role: Callable[[str], Browser], file: PeopleFile, role: str, deed: str
) -> None:
    browser = as_role(role)
    answer = browser.post(f"{file.address}/{deed}", {"csrf_token": token_of(browser)})
    assert answer.status_code == 403
    assert file.source.state == "active"


def test_another_tenants_source_is_out_of_reach(signed_in: Browser, strange_file: PeopleFile) -> None:
    token, address = token_of(signed_in), strange_file.address
    for deed in ("import", "pause", "resume", "export", "disconnect", "remove", "settings", "webhook/secret"):
        answer = signed_in.post(f"{address}/{deed}", {"csrf_token": token})
        is_asked_again = answer.status_code == 303 and answer.headers["Location"].startswith("/prove")
        assert answer.status_code == 404 or is_asked_again, deed
    assert strange_file.source.state == "active"
