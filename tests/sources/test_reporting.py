"""Reports of imports: who gets one, after which runs, and what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import time_machine

from app import registry
from app.access.tenants import Tenant
from app.config import Settings
from app.database import reading, writing
from app.notices import posting
from app.sources import catalog, drafts, runner, runs
from app.sources.catalog import Source
from app.sources.runs import Run
from tests.harness.connecting import connect
from tests.notices.mailbox import Mailbox, mailbox
from tests.sources import ledger as ledgers
from tests.sources.ledger import Ledger
from tests.sources.letter_box import Opened, waiting

HR = "hr@acme.example"
ADA = "1,Ada,Lovelace,ada@example.com,Engineer,Active"
MARY = "2,Mary,Somerville,mary@example.com,Writer,Active"
BAD = "3,Charles,Babbage,not an address,Engineer,Active"

Write = Callable[..., Path]
Add = Callable[..., Source]


@pytest.fixture
def box() -> Iterator[Mailbox]:
    """Give a mail server."""
    with mailbox() as running:
        yield running


@pytest.fixture
def settings(settings: Settings, box: Mailbox) -> Settings:
    """Give settings with that mail server."""
    return replace(settings, smtp_url=f"smtp://127.0.0.1:{box.port}", mail_from="rollcall@acme.example")


def ran(source: Source, trigger: str = "schedule", **choice: Any) -> Run:
    """An import by itself, as it stands now in the catalog."""
    with reading() as connection:
        known = catalog.named(connection, source.tenant_id, source.name)
    choice = {"dry_run": False, "requested_by": "system:schedule"} | choice
    return runner.import_now(known, trigger=trigger, **choice)


def reports() -> list[Opened]:
    return waiting("report:")


def test_a_report_arrives_by_mail_with_the_six_counters_in_order(
    tenant: Tenant, box: Mailbox, write: Write, add_source: Add
) -> None:
    write(ADA, MARY, BAD)
    source = add_source(report_to=HR, schedule="daily 00:00 America/Los_Angeles")
    with time_machine.travel("2026-07-01T07:00:30Z", tick=False):
        run = ran(source)
        assert posting.drain(tenant.id) == 1
    (mail,) = box.messages
    assert (mail["To"], mail["From"]) == (HR, "rollcall@acme.example")
    assert mail["Subject"] == "[acme] hr: 2 added, 1 errored, 3 total"
    assert mail.get_content().replace("\r", "") == (
        f"Import run {run.id} of hr (CSV file) has finished.\n"
        "\n"
        "Began:  Wednesday, 01 July 2026, 00:00 (America/Los_Angeles)\n"
        "Ended:  Wednesday, 01 July 2026, 00:00 (America/Los_Angeles)\n"
        "Cause:  its schedule, daily 00:00 America/Los_Angeles\n"
        "\n"
        "Added:   2  new people\n"
        "Updated: 0  people of whom something has changed\n"
        "Deleted: 0  no longer there at the source; these people stay in the directory as they are\n"
        "Skipped: 0  nothing new, or left out by the mapping\n"
        "Errored: 1  rows that could not be taken\n"
        "Total:   3  rows\n"
        "\n"
        "The error file has 1 error, each with its row, its reason and the way out:\n"
        f"  rollcall run-log errors {run.id} --tenant acme --output errors.csv\n"
        "When they are mended at the source, the next import takes them. To try only these again:\n"
        f"  rollcall run-log retry {run.id} --tenant acme\n"
    )


def test_no_name_and_no_address_of_anybody_is_in_a_report(write: Write, add_source: Add) -> None:
    write(ADA, MARY, BAD)
    ran(add_source(report_to=HR))
    (report,) = reports()
    for value in ("Ada", "Mary", "Babbage", "example.com", "not an address"):
        assert value not in report.subject + report.text


def test_without_an_address_there_is_no_report(write: Write, add_source: Add) -> None:
    write(ADA)
    ran(add_source(), trigger="request")
    assert reports() == []


# --- after which runs -----------------------------------------------------------------------------------------------


def test_by_default_an_import_that_changed_nobody_is_not_reported(write: Write, add_source: Add) -> None:
    write(ADA)
    source = add_source(report_to=HR, schedule="15m")
    for _ in range(3):
        ran(source)
    assert [report.subject for report in reports()] == ["[acme] hr: 1 added, 1 total"]
    write(ADA.replace("Engineer", "Countess"))
    ran(source)
    assert [report.subject for report in reports()][1:] == ["[acme] hr: 1 updated, 1 total"]


@pytest.mark.parametrize("trigger", ["request", "retry"])
def test_whoever_asks_for_an_import_hears_of_it(write: Write, add_source: Add, trigger: str) -> None:
    write(ADA)
    source = add_source(report_to=HR, schedule="15m")
    for _ in range(2):
        ran(source, trigger=trigger)
    assert [report.subject for report in reports()] == [
        "[acme] hr: 1 added, 1 total",
        "[acme] hr: 1 skipped, 1 total",
    ]


def test_a_daily_import_is_reported_every_day_and_a_webhook_between_only_when_it_changed_somebody(
    write: Write, add_source: Add
) -> None:
    write(ADA)
    source = add_source(report_to=HR, schedule="daily")
    for trigger in ("schedule", "schedule", "webhook"):
        ran(source, trigger=trigger)
    assert len(reports()) == 2


@pytest.mark.parametrize(("choice", "number"), [("every", 3), ("changes", 1), ("off", 0)])
def test_the_choice_decides(write: Write, add_source: Add, choice: str, number: int) -> None:
    write(ADA)
    source = add_source(report_to=HR, schedule="15m", report=choice)
    for _ in range(3):
        ran(source)
    assert len(reports()) == number


def test_a_dry_run_is_not_reported(write: Write, add_source: Add) -> None:
    write(ADA)
    ran(add_source(report_to=HR, report="every"), trigger="request", dry_run=True)
    assert reports() == []


def test_the_same_bad_rows_are_reported_once_and_other_ones_again(write: Write, add_source: Add) -> None:
    write(ADA, BAD)
    source = add_source(report_to=HR, schedule="15m")
    for _ in range(3):
        ran(source)
    assert len(reports()) == 1
    write(ADA, BAD, BAD.replace("3,", "4,"))
    for _ in range(2):
        ran(source)
    assert [report.subject for report in reports()][1:] == ["[acme] hr: 1 skipped, 2 errored, 3 total"]


def test_a_failure_is_reported_once_with_its_reason_and_so_is_its_end(write: Write, add_source: Add) -> None:
    file = write(ADA)
    source = add_source(report_to=HR, schedule="15m")
    ran(source)
    file.unlink()
    for _ in range(3):
        assert ran(source).state == "failed"
    write(ADA)
    for _ in range(2):
        ran(source)
    _, failed, again = reports()
    assert failed.subject == "[acme] hr: an import failed"
    assert "Why it failed: " in failed.text
    assert str(file) in failed.text
    assert "rollcall source import hr --tenant acme" in failed.text
    assert again.subject == "[acme] hr: 1 skipped, 1 total"


@pytest.fixture
def ledger(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    """Give an HR system; files are never held."""
    yield ledgers.install(monkeypatch)
    registry.adapter_class.cache_clear()


def test_a_run_that_is_held_is_reported_with_the_way_to_approve_it_and_again_when_it_has_ended(
    ledger: Ledger, tenant: Tenant
) -> None:
    ledger.hire(*range(1, 11))
    given = {"report_to": HR, "schedule": "15m"}
    with writing() as connection:
        source = connect(connection, tenant.id, drafts.drafted("ledger", "hr", given, {"key": "k"}))
    ran(source)
    for number in range(1, 11):
        ledger.put(number, status="left")
    run = ran(source)
    assert run.state == "held"
    assert ran(source).state == "held", "it reads again, and takes the place of the one before"
    _, held = reports()
    assert held.subject == "[acme] hr: an import waits for your approval"
    assert "The run would set 10 of 10 people of hr inactive." in held.text
    assert f"rollcall run-log approve {run.id} --tenant acme" in held.text
    assert f"rollcall run-log cancel {run.id} --tenant acme" in held.text
    with writing() as connection:
        last = runs.listed(connection, source.tenant_id, source.id)[0]
        runs.approve(connection, source.tenant_id, last.id, "admin:1")
    runner.work(source.tenant_id, last.id)
    assert [report.subject for report in reports()][2:] == ["[acme] hr: 10 updated, 10 total"]


def test_a_source_that_takes_the_number_of_a_removed_one_is_reported_too(
    tenant: Tenant, write: Write, add_source: Add
) -> None:
    write(ADA)
    for _ in range(2):
        ran(add_source(report_to=HR), trigger="request")
        with writing() as connection:
            catalog.remove(connection, tenant.id, "hr", "admin:1")
    assert len(reports()) == 2


def test_warnings_are_counted_and_stand_in_the_same_file(write: Write, add_source: Add) -> None:
    write("9,,Solo,,Engineer,Active")
    run = ran(add_source(report_to=HR, work_email="{given}.{family}@example.com"), trigger="request")
    (report,) = reports()
    assert "The error file has 1 warning, each" in report.text
    assert f"rollcall run-log errors {run.id}" in report.text
    assert "retry" not in report.text
