"""The history of imports: filters in the address, pages, bars beside the table, and the days for the start page."""

from __future__ import annotations

from pathlib import Path

import pytest
import time_machine
from sqlalchemy import event, update

from app import clock
from app.access.tenants import Tenant
from app.database import db, reading, writing
from app.sources.tables import import_run
from app.web.console.paging import PAGE
from app.web.console.runs.reading import days
from tests.web.console.browser import Browser
from tests.web.console.runs.people_file import BAD_MAIL, GOOD, PeopleFile


def names(browser: Browser, query: str = "") -> list[str]:
    """Which runs the history lists."""
    return [row[0] for row in browser.page(f"/runs{query}").rows("runs")]


def test_without_runs_it_says_what_to_do(signed_in: Browser) -> None:
    page = signed_in.page("/runs")
    assert "Nothing has been imported yet" in page.text
    assert page.links("runs") == {"To the sources": "/sources"}


def test_a_run_is_a_line_with_its_counters_and_a_bar(signed_in: Browser, file: PeopleFile) -> None:
    run = file.run(GOOD, BAD_MAIL)
    page = signed_in.page("/runs")
    (line,) = page.rows("runs")
    assert line[:9] == [
        f"Run {run.id}",
        "hr",
        "Finished",
        "1 added by run 1",
        "0",
        "0",
        "0",
        "1 errored by run 1",
        "2",
    ]
    bars = {found["class"] for tag, found in page.elements if tag == "rect" and "class" in found}
    assert bars == {"bar-added", "bar-errored"}
    for word in ("Added", "Updated", "Deleted", "Skipped", "Errored"):
        assert word in page.text
    assert "Run 1 of hr: 1 added, 1 errored" in page.text


def test_dry_runs_are_marked_and_are_no_bars(signed_in: Browser, file: PeopleFile) -> None:
    run = file.run(GOOD, dry_run=True)
    page = signed_in.page("/runs")
    assert page.rows("runs")[0][0] == f"Run {run.id} Dry run"
    assert not [
        tag for tag, found in page.elements if tag == "rect" and found.get("class", "").startswith("bar")
    ]


def test_runs_are_filtered_by_source_state_and_days(
    signed_in: Browser, tenant: Tenant, file: PeopleFile, tmp_path: Path
) -> None:
    other = PeopleFile(tenant, tmp_path, "payroll")
    with time_machine.travel("2026-03-01T12:00:00Z", tick=True):
        first = file.run(GOOD)
    second = other.run(GOOD)
    other.path.unlink()
    third = other.run()
    assert names(signed_in) == [f"Run {third.id}", f"Run {second.id}", f"Run {first.id}"]
    assert names(signed_in, f"?source={file.source.id}") == [f"Run {first.id}"]
    assert names(signed_in, "?state=failed") == [f"Run {third.id}"]
    assert names(signed_in, "?first=2026-03-01&last=2026-03-01") == [f"Run {first.id}"]
    assert names(signed_in, "?last=2026-02-28") == []
    assert len(names(signed_in, "?state=nonsense&first=31.12.2026&source=x&older=-1")) == 3


def test_runs_come_in_pages_that_keep_the_filters(signed_in: Browser, file: PeopleFile) -> None:
    made = [file.run().id for _ in range(PAGE + 2)]
    query = f"?source={file.source.id}&state=finished"
    page = signed_in.page(f"/runs{query}")
    older = page.links("runs")["Older"]
    assert f"source={file.source.id}" in older and "state=finished" in older
    assert [row[0] for row in page.rows("runs")] == [f"Run {number}" for number in made[:1:-1]]
    assert [row[0] for row in signed_in.page(older).rows("runs")] == ["Run 2", "Run 1"]
    on_tab = signed_in.page(f"{file.address}/runs").links("runs")["Older"]
    assert on_tab.startswith(f"{file.address}/runs?older=")
    assert [row[0] for row in signed_in.page(on_tab).rows("runs")] == ["Run 2", "Run 1"]


def test_another_tenants_runs_are_not_listed(signed_in: Browser, strange_file: PeopleFile) -> None:
    strange_file.run()
    assert names(signed_in) == []


def test_the_days_have_what_their_imports_did(tenant: Tenant, file: PeopleFile) -> None:
    with time_machine.travel("2026-03-10T12:00:00Z", tick=True):
        file.run(GOOD)
    with time_machine.travel("2026-03-12T23:30:00Z", tick=True):
        file.run(GOOD.replace("Sales", "R&D"), BAD_MAIL)
        file.run(dry_run=True)
        file.path.unlink()
        file.run()
        with reading() as connection:
            found = days(connection, tenant.id, 3)
    assert [str(day.on) for day in found] == ["2026-03-10", "2026-03-11", "2026-03-12"]
    assert [
        (day.runs, day.failed, day.counts.added, day.counts.updated, day.counts.errored) for day in found
    ] == [
        (1, 0, 1, 0, 0),
        (0, 0, 0, 0, 0),
        (2, 1, 0, 1, 1),
    ]


def test_the_days_leave_out_what_is_older_and_other_tenants(
    tenant: Tenant, file: PeopleFile, strange_file: PeopleFile
) -> None:
    file.run(GOOD)
    strange_file.run(GOOD)
    with writing() as connection:
        mine = import_run.c.tenant_id == tenant.id
        connection.execute(update(import_run).where(mine).values(started_at=clock.after(-14 * 86_400)))
    with reading() as connection:
        found = days(connection, tenant.id)
    assert len(found) == 14
    assert sum(day.runs for day in found) == 0


@pytest.mark.parametrize("address", ["/runs", "/runs?source=1&state=finished"])
def test_the_history_asks_no_question_for_each_run(
    signed_in: Browser, file: PeopleFile, address: str
) -> None:
    asked: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *call: asked.append(call[2]))
    file.run()
    asked.clear()
    signed_in.get(address)
    few = len(asked)
    for _ in range(5):
        file.run()
    asked.clear()
    signed_in.get(address)
    assert len(asked) == few
