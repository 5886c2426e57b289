"""Files that the browser sends: kept under names of our own, understood by their header, limited in size."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from app import directory
from app.access.tenants import Tenant
from app.database import reading, writing
from app.sources import catalog, runner
from app.sources.catalog import Source
from app.web.console import sessions
from app.web.console.connecting import uploads
from tests.web.console.browser import Browser
from tests.web.console.connecting.person import Person

HEAD = "Emp #,First Name,Last Name,Work Email,Start Date"
ROW = "1,Maya,Okafor,maya@acme.example,2024-03-04"


def test_a_file_is_connected_and_imported(
    app: Flask, tenant: Tenant, send_file: Callable[..., Person], the_source: Callable[[], Source]
) -> None:
    admin = send_file(HEAD, ROW)
    known = the_source()
    assert (known.state, known.next_run_at) == ("draft", None)
    path = Path(known.settings["path"])
    assert path.parent == uploads.folder(tenant.id)
    assert path.stat().st_mode & 0o077 == 0
    assert str(path) not in admin.html
    admin.press("Continue").press("Store and review").follow("Continue").press("Publish and import now")
    assert runner.resume_due(app) == 1
    with reading() as connection:
        assert directory.total(connection, tenant.id) == 1
    assert the_source().state == "active"


def test_a_draft_of_a_file_is_not_imported(
    send_file: Callable[..., Person], the_source: Callable[[], Source]
) -> None:
    admin = send_file(HEAD, ROW)
    token = admin.form_with("how").fields["csrf_token"]
    admin.browser.post(f"/sources/{the_source().id}/import", {"csrf_token": token})
    assert "is a draft" in admin.go("/sources").text


def test_what_the_columns_mean_is_shown(send_file: Callable[..., Person]) -> None:
    admin = send_file(HEAD, ROW).press("Continue")
    ours = [cells[2].removesuffix(" Required") for cells in admin.page.rows("mapping") if len(cells) > 2]
    assert ours[1:6] == ["Employee number", "First name", "Last name", "Work e-mail", "First day"]


def test_columns_that_say_nothing_are_left_to_the_admin(
    send_file: Callable[..., Person], the_source: Callable[[], Source]
) -> None:
    admin = send_file("A,B", "1,2")
    assert "could not be found out" in admin.text
    admin.go(f"/sources/{the_source().id}/connect/review")
    assert "Refused" in admin.text


UNFIT = [(("people.csv", b""), "The file is empty."), (("", b""), "Choose a CSV file.")]


@pytest.mark.parametrize(("file", "words"), UNFIT)
def test_no_file_is_said_at_its_field(
    tenant: Tenant, admin: Person, file: tuple[str, bytes], words: str
) -> None:
    admin.follow("Connect CSV file").press("Send and continue", file=file)
    assert (admin.status, words in admin.text) == (422, True)
    assert not uploads.folder(tenant.id).exists()


def test_a_name_that_is_taken_keeps_no_file(
    tenant: Tenant, send_file: Callable[..., Person], the_source: Callable[[], Source]
) -> None:
    send_file(HEAD, ROW)
    admin = send_file(HEAD, ROW)
    assert (admin.status, "There is a source" in admin.text) == (422, True)
    assert [str(path) for path in uploads.folder(tenant.id).iterdir()] == [the_source().settings["path"]]


def test_a_file_that_is_too_large_is_refused_before_it_is_read(
    admin: Person, monkeypatch: pytest.MonkeyPatch, tenant: Tenant
) -> None:
    monkeypatch.setitem(sessions.LARGER_BODIES, "console.connect_file", 200_000)
    monkeypatch.setattr(uploads, "LARGEST_FILE", 100_000)
    admin.follow("Connect CSV file").press("Send and continue", file=("a.csv", b"x" * 150_000))
    assert (admin.status, "larger than" in admin.text) == (422, True)
    admin.go("/sources/connect/csv").press("Send and continue", file=("a.csv", b"x" * 300_000))
    assert admin.status == 413
    assert not uploads.folder(tenant.id).exists()


def test_who_is_not_signed_in_may_send_no_more_than_a_form(browser: Browser) -> None:
    answer = browser.post(
        "/sources/connect/csv", {}, files={"file": ("a.csv", b"x" * (sessions.LARGEST_FORM + 1))}
    )
    assert answer.status_code == 413


def test_another_file_takes_the_place_of_the_first(
    tenant: Tenant, send_file: Callable[..., Person], the_source: Callable[[], Source]
) -> None:
    admin = send_file(HEAD, ROW)
    first = Path(the_source().settings["path"])
    admin.go(f"/sources/{the_source().id}/connect/file")
    admin.press("Continue", file=("b.csv", f"{HEAD}\n2,Ben,Ito,ben@acme.example,2024-01-01\n".encode()))
    assert not first.exists()
    assert "2024-01-01" in admin.text
    admin.go(f"/sources/{the_source().id}/connect/file")
    admin.press("Continue", file=("c.csv", b"Number,Given name,Surname\n3,Ann,Ray\n"))
    assert "the mapping was made anew" in admin.text
    assert "Given name" in the_source().mapping


def test_a_published_source_keeps_its_mapping_when_a_file_does_not_fit(
    tenant: Tenant, send_file: Callable[..., Person], the_source: Callable[[], Source]
) -> None:
    admin = (
        send_file(HEAD, ROW)
        .press("Continue")
        .press("Store and review")
        .follow("Continue")
        .press("Publish only")
    )
    before = the_source()
    admin.go(f"/sources/{before.id}/connect/file").press(
        "Send", file=("c.csv", b"Number,Given name\n3,Ann\n")
    )
    assert (admin.status, "there is no column" in admin.text) == (422, True)
    assert the_source() == before
    assert [str(path) for path in uploads.folder(tenant.id).iterdir()] == [before.settings["path"]]


def test_the_file_of_a_source_that_is_no_more_goes(
    tenant: Tenant, send_file: Callable[..., Person], the_source: Callable[[], Source]
) -> None:
    admin = send_file(HEAD, ROW)
    path, yesterday = Path(the_source().settings["path"]), time.time() - 86_400
    os.utime(path, (yesterday, yesterday))
    send_file(HEAD, ROW)
    assert "There is a source" in admin.text and path.exists()
    with writing() as connection:
        catalog.remove(connection, tenant.id, "hr", "system:test")
    send_file(HEAD, ROW)
    assert not path.exists()
    assert Path(the_source().settings["path"]).exists()


def test_a_page_that_is_merely_opened_deletes_no_file(
    tenant: Tenant, send_file: Callable[..., Person], the_source: Callable[[], Source]
) -> None:
    admin = send_file(HEAD, ROW)
    path, yesterday = Path(the_source().settings["path"]), time.time() - 86_400
    os.utime(path, (yesterday, yesterday))
    with writing() as connection:
        catalog.remove(connection, tenant.id, "hr", "system:test")
    assert admin.go("/sources").status == 200
    assert path.exists()


def test_a_file_that_goes_while_others_are_looked_at_stops_nobody(
    tenant: Tenant, send_file: Callable[..., Person], the_source: Callable[[], Source]
) -> None:
    place = uploads.folder(tenant.id)
    place.mkdir(parents=True)
    # A name without a file behind it: so a file looks that somebody else has just deleted.
    (place / "gone.csv").symlink_to(place / "nothing.csv")
    assert send_file(HEAD, ROW).status == 200
    assert Path(the_source().settings["path"]).exists()
