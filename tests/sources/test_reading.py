"""What a run reads: everything, what is new, or some records; and who is gone at the source."""

from __future__ import annotations

import pytest

from app import clock
from app.database import reading, writing
from app.errors import WrongUse
from app.sources import absence, catalog, drafts, row_errors, runner, runs, staging
from tests.sources import ledger as ledgers
from tests.sources.ledger import counted, now, pull

# --- watermarks -----------------------------------------------------------------------------------------------------


def test_the_second_import_reads_only_what_is_new(books, ledger):
    ledger.hire(1, 2, 3)
    known = books()
    pull(known)
    ledger.put(2, title="Chief")
    assert counted(pull(known)) == {"updated": 1, "total": 1}
    assert ledger.reads == ["whole", "new"]


def test_the_watermark_moves_only_when_everything_read_is_stored(books, ledger):
    ledger.hire(*range(1, 31))
    known = books()
    ledger.breaks_after = 1
    assert pull(known).state == "failed"
    assert now(known).watermark is None
    ledger.breaks_after = None
    assert counted(pull(known)) == {"added": 20, "skipped": 10, "total": 30}
    assert now(known).watermark == {"tick": 30}


def test_a_dry_run_moves_no_watermark(books, ledger):
    ledger.hire(1)
    known = books()
    pull(known, dry_run=True)
    assert now(known).watermark is None


def test_everything_is_read_again_when_somebody_asks_when_settings_change_and_once_in_a_while(
    books, ledger, tenant
):
    ledger.hire(1)
    known = books()
    pull(known)
    pull(known, is_full=True)
    with writing() as connection:
        catalog.change(connection, tenant.id, drafts.redrafted(now(known), {"office": "North"}, {}), "test")
    pull(known)
    with writing() as connection:
        catalog.write(connection, known, read_whole_at="2020-01-01T00:00:00.000000Z")
    pull(known)
    assert ledger.reads == ["whole"] * 4
    pull(known)
    assert ledger.reads[-1] == "new"


def test_a_source_may_never_read_everything_by_itself(books, ledger):
    known = books(full_read="off")
    pull(known)
    with writing() as connection:
        catalog.write(connection, known, read_whole_at="2020-01-01T00:00:00.000000Z")
    pull(known)
    assert ledger.reads == ["whole", "new"]


# --- gone at the source ---------------------------------------------------------------------------------------------


def test_rule_15_who_is_missing_in_a_complete_read_is_counted_as_deleted_and_stays(books, ledger, person):
    ledger.hire(*range(1, 11))
    known = books()
    pull(known)
    ledger.drop(3)
    assert counted(pull(known, is_full=True)) == {"deleted": 1, "skipped": 9, "total": 10}
    assert person("person3@example.com")["active"] is True
    assert counted(pull(known, is_full=True)) == {"skipped": 9, "total": 9}


def test_who_comes_back_is_the_same_person(books, ledger):
    ledger.hire(*range(1, 11))
    known = books()
    pull(known)
    ledger.drop(3)
    pull(known, is_full=True)
    ledger.put(3, title="Back")
    assert counted(pull(known, is_full=True)) == {"updated": 1, "skipped": 9, "total": 10}


def test_a_record_whose_person_became_another_record_is_that_person_again_when_it_comes_back_unchanged(
    books, ledger, person
):
    ledger.hire(*range(1, 11))
    known = books()
    pull(known)
    ledger.drop(1)
    pull(known, is_full=True)
    ledger.put(11, email="person1@example.com", title="Chief")
    assert counted(pull(known)) == {"updated": 1, "total": 1}
    ledger.drop(11)
    pull(known, is_full=True)
    ledger.hire(1)
    assert counted(pull(known)) == {"updated": 1, "total": 1}
    assert person("person1@example.com")["title"] == "Clerk"


def test_a_dry_run_counts_the_missing_and_marks_nobody(books, ledger, tenant):
    ledger.hire(*range(1, 11))
    known = books()
    pull(known)
    ledger.drop(3)
    assert counted(pull(known, dry_run=True))["deleted"] == 1
    assert counted(pull(known, is_full=True))["deleted"] == 1


def test_rule_15_an_incomplete_read_an_unreadable_row_and_a_read_of_news_tell_nothing_about_the_missing(
    books, ledger
):
    ledger.hire(*range(1, 31))
    known = books()
    pull(known)
    ledger.drop(30)
    ledger.breaks_after = 2
    assert "deleted" not in counted(pull(known, is_full=True))
    ledger.breaks_after, ledger.nameless = None, True
    assert "deleted" not in counted(pull(known, is_full=True))
    ledger.nameless = False
    assert "deleted" not in counted(pull(known, scope={"records": ["1"]}))
    assert counted(pull(known, is_full=True))["deleted"] == 1


def test_rule_15_rows_that_the_mapping_leaves_out_are_not_gone(books, ledger, tenant):
    ledger.hire(*range(1, 11))
    known = books()
    pull(known)
    mapping = ledgers.MAPPING.replace('key = "id"', 'key = "id"\nskip_rows = { "title" = ["Chief"] }')
    with writing() as connection:
        catalog.change(connection, tenant.id, drafts.redrafted(now(known), {"mapping": mapping}, {}), "test")
    ledger.put(1, title="Chief")
    assert counted(pull(known)) == {"skipped": 10, "total": 10}


# --- some records ---------------------------------------------------------------------------------------------------


def test_a_retry_reads_the_failed_records_only(books, ledger, tenant):
    ledger.hire(1, 2, 3)
    ledger.put(2, status="who knows")
    known = books()
    first = pull(known)
    assert counted(first) == {"added": 2, "errored": 1, "total": 3}
    with reading() as connection:
        failed = row_errors.failed_records(connection, tenant.id, first.id)
    assert failed == ["2"]
    ledger.put(2, status="here")
    again = pull(known, scope={"records": failed}, trigger="retry")
    assert (counted(again), again.trigger) == ({"added": 1, "total": 1}, "retry")
    assert ledger.reads == ["whole", "some"]


def test_a_record_that_is_gone_meanwhile_is_counted_as_deleted(books, ledger):
    ledger.hire(1, 2)
    known = books()
    pull(known)
    ledger.drop(2)
    assert counted(pull(known, scope={"hints": [{"record": "2"}]})) == {"deleted": 1, "total": 1}


def test_a_source_hears_what_became_of_its_records(books, ledger):
    ledger.hire(1, 2)
    ledger.put(2, status="who knows")
    pull(books())
    assert {(told.record_id, told.word) for told in ledger.acknowledged} == {("1", "added"), ("2", "errored")}


def test_a_source_that_does_not_listen_is_a_warning(books, ledger, tenant):
    ledger.hire(1)
    ledger.deaf = True
    run = pull(books())
    assert (run.state, run.counts.added) == ("finished", 1)
    with reading() as connection:
        lines = list(row_errors.lines(connection, tenant.id, run.id))
    assert [(line.code, line.severity) for line in lines] == [("not_acknowledged", "warning")]


def test_rule_15_the_absent_are_told_only_by_a_whole_read(books, ledger, tenant):
    known = books()
    run = pull(known)
    with reading() as connection:
        assert absence.can_tell(connection, now(known), run) is True
        partial = pull(known)
        assert absence.can_tell(connection, now(known), partial) is False


def test_a_killed_read_of_some_records_begins_anew(books, ledger, tenant, monkeypatch):
    ledger.hire(*range(1, 31))
    known = books()
    pages = []

    def killed(*arguments):
        if pages:
            raise KeyboardInterrupt
        pages.append(staging.stage_page(*arguments))

    monkeypatch.setattr(runner, "stage_page", killed)
    with pytest.raises(KeyboardInterrupt):
        pull(known, scope={"hints": [{"record": str(number)} for number in range(1, 31)]})
    monkeypatch.undo()
    ledgers.install(monkeypatch, ledger)
    with reading() as connection:
        [run] = runs.listed(connection, tenant.id)
    later = clock.after(1.0, since=run.lease_until)
    monkeypatch.setattr(runs.clock, "now", lambda: later)
    ended = runner.work(tenant.id, run.id)
    assert (ended.state, counted(ended)) == ("finished", {"added": 30, "total": 30})


def test_a_run_whose_source_has_had_enough_for_today_goes_on_where_it_stood(
    books, ledger, tenant, monkeypatch
):
    ledger.hire(*range(1, 31))
    known = books()
    ledger.breaks_after, ledger.goes_on_in = 1, 7200.0
    waiting = pull(known)
    assert (waiting.state, waiting.phase, waiting.staged, waiting.has_ended) == (
        "running",
        "waiting",
        10,
        False,
    )
    assert "fell shut" in waiting.message
    with reading() as connection:
        assert runs.due(connection) == []
    ledger.breaks_after = None
    later = clock.after(7300.0)
    monkeypatch.setattr(runs.clock, "now", lambda: later)
    with reading() as connection:
        assert runs.due(connection) == [(tenant.id, waiting.id)]
    ended = runner.work(tenant.id, waiting.id)
    assert (ended.state, ended.message, counted(ended)) == ("finished", None, {"added": 30, "total": 30})


def test_who_asks_for_something_else_while_a_run_waits_for_tomorrow_is_told_so_and_not_kept_waiting(
    books, ledger
):
    ledger.hire(*range(1, 31))
    known = books()
    ledger.breaks_after, ledger.goes_on_in = 1, 7200.0
    waiting = pull(known)
    assert pull(known).id == waiting.id
    with pytest.raises(WrongUse, match=f"waits until {waiting.lease_until}.*run-log cancel {waiting.id}"):
        pull(known, dry_run=True)
    with pytest.raises(WrongUse, match="run-log cancel"):
        pull(known, scope={"records": ["1"]})
