"""One run's page: how far it is, what it did, and that nobody mistakes a dry run."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import update

from app import clock
from app.database import writing
from app.sources import runner
from app.sources.applying import Batch
from app.sources.tables import import_run
from app.web.console.paging import PAGE
from tests.web.console.browser import Browser, Page
from tests.web.console.runs.people_file import BAD_MAIL, GOOD, PeopleFile, run_now

COUNTERS = ["Added", "Updated", "Deleted", "Skipped", "Errored", "Total"]


def counters(page: Page) -> list[str]:
    """The names of the counters in the order of the page."""
    words = page.text.split()
    start = words.index("Added")
    return [word for word in words[start : start + 12] if not word.isdigit()]


def live(page: Page) -> dict[str, str]:
    """Id → address of the parts that are fetched again."""
    return {found["id"]: found["data-live"] for _, found in page.elements if "data-live" in found}


def test_the_six_counters_stand_in_their_order_and_lead_to_their_rows(
    signed_in: Browser, file: PeopleFile
) -> None:
    run = file.run(GOOD, BAD_MAIL)
    page = signed_in.page(f"/runs/{run.id}")
    assert counters(page) == COUNTERS
    assert "Added 1 Updated 0 Deleted 0 Skipped 0 Errored 1 Total 2" in page.text
    leads = page.links("status")
    assert leads["1"] == f"/runs/{run.id}?result=errored#rows"


def test_an_ended_run_says_how_it_ended_who_began_it_and_what_was_read(
    signed_in: Browser, file: PeopleFile
) -> None:
    page = signed_in.page(f"/runs/{file.run(requested_by='system:schedule', trigger='schedule').id}")
    for words in (
        "Finished",
        "by the schedule",
        "By its schedule",
        "Everything: 1 row",
        "less than a second",
    ):
        assert words in page.text, words
    assert live(page) == {}


def test_a_run_that_goes_on_is_shown_from_the_database_and_fetched_again(
    signed_in: Browser, file: PeopleFile
) -> None:
    run = file.begun()
    values = {"phase": "applying", "staged": 400, "added": 90, "skipped": 10}
    with writing() as connection:
        connection.execute(update(import_run).where(import_run.c.id == run.id).values(values))
    page = signed_in.page(f"/runs/{run.id}")
    assert live(page) == {"run-live": f"/runs/{run.id}", "rows": f"/runs/{run.id}"}
    assert ("progress", {"id": "bar", "max": "400", "value": "100"}) in page.elements
    assert "Applying rows to the directory" in page.text
    assert "100 of 400 rows" in page.text


def test_while_it_reads_the_last_whole_read_foretells_how_much_there_is(
    signed_in: Browser, file: PeopleFile
) -> None:
    file.run(GOOD, BAD_MAIL)
    run = file.begun(is_full=True)
    assert "0 rows read of about 2" in signed_in.page(f"/runs/{run.id}").text


def test_a_run_survives_its_worker_and_a_reload(
    signed_in: Browser, app: Flask, file: PeopleFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.sources.applying.BATCH_ROWS", 1)
    file.write(*(f"{n},P{n},Q,p{n}@acme.example,Sales,3/4/2024" for n in range(1, 6)))
    run, apply = file.begun(), Batch.apply

    def killed(batch: Batch) -> int:
        done = apply(batch, 1)
        raise KeyboardInterrupt(done)

    with monkeypatch.context() as killing, pytest.raises(KeyboardInterrupt):
        killing.setattr(Batch, "apply", killed)
        runner.work(run.tenant_id, run.id)
    assert "Running" in signed_in.page(f"/runs/{run.id}").text
    with writing() as connection:
        connection.execute(update(import_run).values(lease_until=clock.after(-1)))
    runner.resume_due(app)
    page = signed_in.page(f"/runs/{run.id}")
    assert "Finished" in page.text
    assert "Added 5 Updated 0 Deleted 0 Skipped 0 Errored 0 Total 5" in page.text


def test_a_dry_run_cannot_be_mistaken(signed_in: Browser, file: PeopleFile) -> None:
    run = file.run(GOOD, dry_run=True)
    page = signed_in.page(f"/runs/{run.id}")
    assert f"Dry run {run.id} of hr" in page.text
    assert "Nobody was added, changed or deleted" in page.text
    foretold = signed_in.page(f"/runs/{run.id}?result=added").text
    assert "An import would have added 1 of 1 rows" in foretold


def test_a_failed_run_says_what_happened_and_has_the_button_that_mends_it(
    signed_in: Browser, file: PeopleFile
) -> None:
    file.path.unlink()
    run = file.run()
    page = signed_in.page(f"/runs/{run.id}")
    assert run.state == "failed"
    assert "cannot be read" in page.text
    assert "Nobody is suspended because of that" in page.text
    assert f"/runs/{run.id}/retry" in [form["action"] for form, _ in page.forms]
    assert "No row was worked on" in page.text


def test_the_run_of_a_removed_source_and_one_of_another_tenant_are_not_there(
    signed_in: Browser, strange_file: PeopleFile
) -> None:
    run = strange_file.run()
    for address in (f"/runs/{run.id}", f"/runs/{run.id}/errors.csv", "/runs/77", "/runs/0", "/runs/x"):
        assert signed_in.get(address).status_code == 404, address


def test_what_the_address_asks_for_in_a_wrong_form_counts_as_not_asked_for(
    signed_in: Browser, file: PeopleFile
) -> None:
    run = file.run(GOOD)
    for query in (
        "result=x",
        "code=A;B",
        "after=x",
        "before=1",
        "result=added&after=7.x",
        "q=%01",
        "after=%01",
    ):
        assert signed_in.get(f"/runs/{run.id}?{query}").status_code == 200, query
    assert run_now(run).state == "finished"


def test_a_run_that_waits_shows_who_would_become_inactive_page_by_page(
    signed_in: Browser, file: PeopleFile
) -> None:
    people = [f"{n},P{n},Q,p{n}@acme.example,Sales,3/4/2024" for n in range(1, PAGE + 4)]
    file.run(*people)
    left = [row.replace("Sales", "Left in May") for row in people]
    run = file.read_and_held(*left[:-1], people[-1])
    page = signed_in.page(f"/runs/{run.id}")
    following = signed_in.page(page.links("rows")["Next"])
    names = [row[0] for row in (*page.rows("rows"), *following.rows("rows"))]
    assert names == [f"P{n} Q" for n in range(1, PAGE + 3)]
    assert page.links("rows")["P1 Q"].startswith("/people/")
    back = signed_in.page(following.links("rows")["Before"])
    assert [row[0] for row in back.rows("rows")] == names[:PAGE]


def test_a_run_that_waits_says_when_nobody_would_become_inactive(
    signed_in: Browser, file: PeopleFile
) -> None:
    file.run(GOOD)
    page = signed_in.page(f"/runs/{file.read_and_held(GOOD).id}?result=added")
    assert "nobody becomes inactive by it" in page.text


def test_a_run_that_waits_says_that_it_may_make_people_inactive_whom_its_source_has_not_brought(
    signed_in: Browser, file: PeopleFile
) -> None:
    file.run(GOOD)
    left = [f"{number},Ida,Moss,ida{number}@acme.example,Left in May,3/4/2024" for number in (8, 9)]
    page = signed_in.page(f"/runs/{file.read_and_held(GOOD, *left).id}")
    assert "2 rows are about somebody inactive whom this source has not brought before" in page.text
    assert "nobody becomes inactive by it" not in page.text


def test_who_was_read_anew_while_a_run_waited_does_not_become_inactive_by_it(
    signed_in: Browser, file: PeopleFile
) -> None:
    file.run(GOOD)
    run = file.read_and_held(GOOD.replace("Sales", "Left in May"))
    file.write(GOOD)
    file.run(scope={"records": ["1"]})
    page = signed_in.page(f"/runs/{run.id}")
    assert "nobody becomes inactive by it" in page.text
    assert "These people would become inactive" not in signed_in.page("/approvals").text
