"""Every call fails once, the n-th for each n until none is left: what is told afterwards is true (quality.md §2)."""

from __future__ import annotations

import os
import smtplib
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.access import tenants
from app.access.tables import Tenant as TenantRow
from app.config import Settings
from app.database import is_sqlite, reading, writing
from tests.harness.import_trial import Import
from tests.harness.later import Later, clock_ahead
from tests.harness.publish_trial import Publish
from tests.harness.push_trials import Approval, Push
from tests.harness.sweep import DATABASE, DEATHS, HTTP, MAIL, Fault, Killed, Place, sweep
from tests.harness.trials import Notice, Post, TokenIssue
from tests.notices.mailbox import Mailbox, mailbox

#: Of the long operations one in so many calls fails on PostgreSQL, and on SQLite where that is enough.
STRIDE, SHORT_STRIDE = 11, 3


class Trial(Protocol):
    """An operation on an organisation of its own."""

    def act(self) -> None: ...
    def mend(self) -> None: ...
    def faults(self) -> list[str]: ...
    def close(self) -> None: ...


@pytest.fixture
def box() -> Iterator[Mailbox]:
    """A mail server."""
    with mailbox() as running:
        yield running


@pytest.fixture
def settings(settings: Settings, box: Mailbox) -> Settings:
    """Settings with that mail server."""
    return replace(
        settings, smtp_url=f"smtp://127.0.0.1:{box.port}", mail_from="rollcall@acme.example", call_timeout=5.0
    )


@pytest.fixture
def later(app: Flask) -> Iterator[Later]:
    """Give the product's clock, to be put forward."""
    with clock_ahead() as ahead:
        yield ahead


def swept(make: Callable[[], Trial], place: Place, *, kills: bool = False, stride: int = 1) -> int:
    """Return how many calls failed; fails the test, naming the call, when anything is wrong after one."""
    struck = 0
    for fault in sweep(place, numbers=count(1, stride), kills=kills):
        trial = make()
        with fault:
            trial.act()
        try:
            trial.mend()
            wrong = trial.faults()
        finally:
            trial.close()
        assert not wrong, f"{fault} ({fault.raised}): " + "\n".join(wrong)
        struck += fault.has_struck
    return struck


def stride(place: Place, *, kills: bool = False) -> int:
    """One call in so many fails: each on SQLite, but for what comes to nearly the same as the call after it."""
    with reading() as connection:
        if not is_sqlite(connection):
            return STRIDE
    return SHORT_STRIDE if kills or place is Place.STATEMENT_DONE else 1


# --- the operations ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", [*DATABASE, *HTTP])
def test_a_push_loses_nobody_and_makes_nobody_twice(later: Later, place: Place) -> None:
    assert swept(lambda: Push(later), place, stride=stride(place)) > 0


@pytest.mark.parametrize("place", DEATHS)
def test_a_push_whose_process_is_killed_loses_nobody_and_makes_nobody_twice(
    later: Later, place: Place
) -> None:
    assert swept(lambda: Push(later), place, kills=True, stride=stride(place, kills=True)) > 0


@pytest.mark.parametrize("place", DATABASE)
def test_an_import_counts_every_row_once_and_marks_every_change(
    later: Later, tmp_path: Path, place: Place
) -> None:
    assert swept(lambda: Import(later, tmp_path), place, stride=stride(place)) > 0


@pytest.mark.parametrize("place", DATABASE)
def test_a_token_works_or_does_not_exist(later: Later, place: Place) -> None:
    assert swept(lambda: TokenIssue(later), place) > 0


@pytest.mark.parametrize("place", DATABASE)
def test_a_source_is_published_whole_or_not_at_all(later: Later, place: Place) -> None:
    assert swept(lambda: Publish(later), place) > 0


@pytest.mark.parametrize("place", DATABASE)
def test_an_approval_is_made_whole_or_not_at_all(later: Later, place: Place) -> None:
    assert swept(lambda: Approval(later), place, stride=stride(place)) > 0


@pytest.mark.parametrize("place", [*DATABASE, *HTTP, *MAIL])
def test_a_notice_arrives_whatever_fails_and_never_as_two(
    later: Later, place: Place, box: Mailbox, serve: Callable[[Any], str]
) -> None:
    post = Post()
    url = serve(post)
    assert swept(lambda: Notice(later, box, url, post), place, stride=stride(place)) > 0


# --- the faults themselves ---------------------------------------------------------------------------------------


def stored() -> int:
    with reading() as connection:
        return connection.scalar(select(func.count()).select_from(TenantRow)) or 0


@pytest.mark.parametrize(
    ("place", "kept"),
    [(Place.STATEMENT, 0), (Place.STATEMENT_DONE, 0), (Place.COMMIT, 0), (Place.COMMIT_DONE, 1)],
)
def test_only_a_commit_that_was_done_is_kept(app: Flask, place: Place, kept: int) -> None:
    with Fault(place, 1) as fault, writing() as connection:
        tenants.create(connection, "acme")
    assert fault.has_struck
    assert stored() == kept


def test_the_dead_reach_nothing_any_more(app: Flask) -> None:
    with Fault(Place.COMMIT, 1, kills=True) as fault:
        try:
            with writing() as connection:
                tenants.create(connection, "acme")
        finally:
            with pytest.raises(Killed), writing() as connection:
                tenants.create(connection, "afterlife")
    assert fault.raised.startswith("Killed")
    assert stored() == 0


def test_an_error_that_no_fault_made_comes_out(app: Flask) -> None:
    with pytest.raises(OSError), Fault(Place.COMMIT, 1):
        raise OSError("of another origin")


def test_files_and_mail_fail_too(app: Flask, tmp_path: Path) -> None:
    with Fault(Place.FILE, 2) as fault:
        (tmp_path / "one").write_text("1")
        (tmp_path / "two").write_text("2")
    assert fault.raised.startswith("OSError")
    assert os.listdir(tmp_path).count("two") == 0
    with pytest.raises(smtplib.SMTPServerDisconnected), Fault(Place.MAIL, 9) as fault:
        smtplib.SMTP().send("EHLO\r\n")
    assert fault.calls == 1
