"""What holds a run until somebody approves it, and what becomes of it then."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.database import reading, writing
from app.errors import WrongUse
from app.sources import runner, runs
from app.sources.errors import IncompleteRead
from app.sources.tables import source_record
from scim.resources import ENTERPRISE
from tests.sources import by_hand
from tests.sources.ledger import LedgerSource, counted, now, pull


def approved(held):
    with writing() as connection:
        runs.approve(connection, held.tenant_id, held.id, "admin:boss")
    return runner.work(held.tenant_id, held.id)


def gone(known):
    query = select(source_record.c.record_id).where(
        source_record.c.source_id == known.id, source_record.c.gone_at.is_not(None)
    )
    with reading() as connection:
        return set(connection.scalars(query))


def test_rule_15_a_source_that_has_shrunk_by_a_fifth_waits_for_approval_and_changes_nobody(
    books, ledger, person
):
    ledger.hire(*range(1, 21))
    known = books()
    pull(known)
    ledger.drop(*range(1, 6))
    ledger.put(20, title="Chief")
    held = pull(known, is_full=True)
    assert (held.state, counted(held)) == ("held", {})
    assert "had 20 records" in (held.message or "")
    assert person("person20@example.com")["title"] == "Clerk"


def test_an_approved_run_goes_on_with_what_it_has_read(books, ledger, person, tenant):
    ledger.hire(*range(1, 21))
    known = books()
    pull(known)
    ledger.drop(*range(1, 6))
    held = pull(known, is_full=True)
    ledger.put(20, title="Not read")
    with writing() as connection:
        approved = runs.approve(connection, tenant.id, held.id, "admin:boss")
    assert approved.approved_by == "admin:boss"
    ended = runner.work(tenant.id, held.id)
    assert (ended.state, counted(ended)) == ("finished", {"deleted": 5, "skipped": 15, "total": 20})
    assert person("person20@example.com")["title"] == "Clerk"


def test_rule_15_many_leavers_at_once_wait_for_approval_and_a_few_do_not(books, ledger, person):
    ledger.hire(*range(1, 31))
    known = books()
    pull(known)
    for number in range(1, 7):
        ledger.put(number, status="left")
    assert counted(pull(known)) == {"updated": 6, "total": 6}
    for number in range(7, 21):
        ledger.put(number, status="left")
    held = pull(known)
    assert held.state == "held"
    assert "14 of 30 people" in held.message
    assert person("person7@example.com")["active"] is True


def test_a_cancelled_held_run_changes_nobody_and_a_newer_import_takes_its_place(books, ledger, tenant):
    ledger.hire(*range(1, 21))
    known = books()
    pull(known)
    for number in range(1, 13):
        ledger.put(number, status="left")
    first = pull(known)
    second = pull(known)
    with reading() as connection:
        assert runs.get(connection, tenant.id, first.id).state == "cancelled"
    with writing() as connection:
        assert runs.cancel(connection, tenant.id, second.id, "test").state == "cancelled"
        with pytest.raises(WrongUse, match="only a held run"):
            runs.approve(connection, tenant.id, second.id, "test")
    for number in range(1, 13):
        ledger.put(number, status="here")
    assert pull(known).state == "finished"


def test_nobody_is_approved_while_another_import_is_under_way(books, ledger, tenant):
    ledger.hire(*range(1, 21))
    known = books()
    pull(known)
    ledger.drop(*range(1, 6))
    held = pull(known, is_full=True)
    with writing() as connection:
        runs.start(connection, now(known), dry_run=False, requested_by="test", scope={"records": ["7"]})
        with pytest.raises(WrongUse, match="under way"):
            runs.approve(connection, tenant.id, held.id, "test")


# --- people who are matched for the first time ----------------------------------------------------------------------


@pytest.mark.parametrize("key", ["number", "address"])
def test_a_new_source_that_would_set_the_people_whom_it_matches_inactive_waits_for_approval(
    books, ledger, tenant, person, key
):
    for number in range(1, 13):
        address = f"person{number}@example.com"
        keys = {"number": {ENTERPRISE: {"employeeNumber": str(number)}}}
        keys["address"] = {"emails": [{"type": "work", "value": address}]}
        by_hand.create(tenant, userName=address, **keys[key])
        ledger.put(number, status="left")
    held = pull(books())
    assert (held.state, counted(held)) == ("held", {})
    assert "12 of 12 people" in held.message
    assert person("person1@example.com")["active"] is True
    assert counted(approved(held)) == {"updated": 12, "total": 12}


def test_who_is_inactive_already_and_who_is_new_is_no_leaver(books, ledger, tenant):
    for number in range(1, 13):
        address = f"person{number}@example.com"
        emails = [{"type": "work", "value": address}]
        by_hand.create(tenant, userName=address, active=number > 10, emails=emails)
    for number in range(1, 25):
        ledger.put(number, status="left")
    assert counted(pull(books())) == {"updated": 12, "added": 12, "total": 24}


def test_rows_that_will_be_errored_are_no_leavers(books, ledger, tenant):
    ledger.hire(*range(1, 9))
    known = books()
    pull(known)
    for number in range(1, 9):
        ledger.put(100 + number, email=f"person{number}@example.com", status="left")
    assert counted(pull(known)) == {"errored": 8, "total": 8}


def test_a_file_is_not_held_whoever_it_matches(write, add_source, import_from, tenant):
    for number in range(1, 9):
        number_of = {ENTERPRISE: {"employeeNumber": str(number)}}
        by_hand.create(tenant, userName=f"person{number}", **number_of)
    write(*(f"{number},Given,Family,,Clerk,Left" for number in range(1, 9)))
    assert counted(import_from(add_source())) == {"updated": 8, "total": 8}


# --- what was read while a run waited -------------------------------------------------------------------------------


def test_an_approved_run_makes_nobody_active_whom_a_later_run_has_set_inactive(books, ledger, person):
    ledger.hire(*range(1, 31))
    known = books()
    pull(known)
    ledger.put(1, title="Chief")
    for number in range(7, 21):
        ledger.put(number, status="left")
    held = pull(known)
    ledger.put(1, status="left", title="Retired")
    assert counted(pull(known, scope={"hints": [{"record": "1"}]})) == {"updated": 1, "total": 1}
    assert counted(approved(held)) == {"updated": 14, "skipped": 1, "total": 15}
    assert (person("person1@example.com")["active"], person("person1@example.com")["title"]) == (
        False,
        "Retired",
    )


def test_an_approved_run_sets_inactive_whom_a_later_run_that_broke_off_left_active(
    books, ledger, person, monkeypatch
):
    ledger.hire(*range(1, 31))
    known = books()
    pull(known)
    for number in range(7, 21):
        ledger.put(number, status="left")
    held = pull(known)
    read_some = LedgerSource.read_some

    def broken_off(self, context, hints):
        yield next(iter(read_some(self, context, hints)))
        raise IncompleteRead("The ledger fell shut.")

    monkeypatch.setattr(LedgerSource, "read_some", broken_off)
    pull(known, scope={"hints": [{"record": str(number)} for number in range(7, 30)]})
    assert person("person7@example.com")["active"] is True

    approved(held)
    assert person("person7@example.com")["active"] is False


def test_an_approved_run_takes_nobody_for_gone_who_has_come_back_since(books, ledger):
    ledger.hire(*range(1, 32))
    known = books()
    pull(known)
    for number in range(7, 21):
        ledger.put(number, status="left")
    ledger.drop(31)
    held = pull(known, scope={"hints": [{"record": str(number)} for number in range(7, 32)]})
    assert held.state == "held"
    ledger.hire(31)
    pull(known, scope={"hints": [{"record": "31"}]})
    assert "deleted" not in counted(approved(held))
    assert gone(known) == set()


def test_an_approved_run_does_not_miss_whom_a_later_run_has_brought(books, ledger):
    ledger.hire(*range(1, 21))
    known = books()
    pull(known)
    ledger.drop(*range(1, 6))
    held = pull(known, is_full=True)
    ledger.hire(21)
    assert counted(pull(known, scope={"hints": [{"record": "21"}]})) == {"added": 1, "total": 1}
    assert counted(approved(held)) == {"deleted": 5, "skipped": 15, "total": 20}
    assert gone(known) == {str(number) for number in range(1, 6)}
