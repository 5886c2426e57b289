"""Managers by address: named in the write that brings them, and nobody above themselves."""

from __future__ import annotations

import pytest

from app import directory
from app.database import reading
from app.jobs import upkeep
from app.sources import managers, second_pass
from app.sources.errors import IncompleteRead
from app.vendors.csv.source import CsvSource
from scim.resources import ENTERPRISE, HR
from tests.sources.managers.conftest import BOSS, CY, DEE, versions, waiting, warned
from tests.sources.reports import counted, problems

# --- when the manager is there


def test_a_manager_who_is_there_is_named_in_the_write_that_adds_the_person(say, manager, who, tenant):
    run = say(BOSS, CY)
    assert (manager("cy"), warned(run)) == ({"value": who("bea")}, [])
    assert versions(tenant)[who("cy")] == 1
    assert waiting() == 0


def test_a_manager_who_comes_later_in_the_same_import_is_named_at_its_end(say, manager, who):
    run = say(CY, BOSS)
    assert (manager("cy"), warned(run)) == ({"value": who("bea")}, [])
    assert waiting() == 0


def test_whoever_is_named_is_the_word_of_the_source_and_of_its_run(say, who, tenant):
    run = say(CY, BOSS)
    with reading() as connection:
        owner = directory.owners(connection, tenant.id, who("cy"))[managers.VALUE_PATH]
        newest = directory.revisions(connection, tenant.id, who("cy"))[0]
    assert (owner, newest["run"], set(newest["changes"])) == ("source:hr", run.id, {managers.VALUE_PATH})


def test_another_address_names_another_manager_and_none_takes_the_manager_away(say, manager, who, tenant):
    say(BOSS, DEE.replace("gus", "bea"), CY)
    assert say(BOSS, DEE.replace("gus", "cy"), CY).counts.updated == 1
    assert manager("dee") == {"value": who("cy")}
    assert say(BOSS, DEE.replace("gus@example.com", ""), CY).counts.updated == 1
    assert manager("dee") is None
    assert versions(tenant)[who("dee")] == 3


def test_an_import_that_says_the_same_changes_nobody(say, tenant):
    say(CY, BOSS, DEE)
    before = versions(tenant)
    assert counted(say(CY, BOSS, DEE)) == {"skipped": 3, "total": 3}
    assert versions(tenant) == before


def test_a_ref_that_a_client_sent_for_the_manager_of_before_goes_with_them(say, manager, change, who):
    say(BOSS, DEE.replace("gus", "bea"), CY)
    change("dee", {ENTERPRISE: {"manager": {"$ref": f"https://x.example/Users/{who('bea')}"}}})
    say(BOSS, DEE.replace("gus", "cy"), CY)
    assert manager("dee") == {"value": who("cy")}


# --- a manager of before


def test_a_manager_whose_address_changes_stays_the_manager_without_a_new_version(say, manager, who, tenant):
    say(BOSS, CY)
    boss = BOSS.replace("bea@example.com", "bea.long@example.com")
    run = say(CY.replace("Bea@", "Bea.Long@"), boss)
    assert manager("cy") == {"value": who("bea")}
    assert (counted(run), warned(run)) == ({"updated": 2, "total": 2}, [])
    assert versions(tenant)[who("cy")] == 2


def test_the_manager_of_before_goes_when_a_whole_import_knows_no_new_one(say, manager):
    say(BOSS, CY)
    run = say(BOSS, CY.replace("Bea@Example.com", "gus@example.com"))
    assert (manager("cy"), warned(run)) == (None, [(3, "Manager", "2")])


def test_an_import_that_broke_off_takes_no_manager_away(say, manager, who, csv_file, monkeypatch):
    say(BOSS, CY)
    monkeypatch.setattr(second_pass.awaiting, "let_go", lambda *_: pytest.fail("a manager was taken away"))
    read = CsvSource.read

    def broken(self, context, resume):
        for page in read(self, context, resume):
            yield type(page)(page.records, page.resume)
        raise IncompleteRead("it broke off")

    monkeypatch.setattr(CsvSource, "read", broken)
    run = say(BOSS, CY.replace("Bea@Example.com", "gus@example.com"))
    assert (run.state, manager("cy")) == ("failed", {"value": who("bea")})


# --- whose word the manager is


def test_a_manager_whom_a_client_has_set_is_left_alone(say, manager, change, come, who):
    say(BOSS, DEE, CY)
    change("dee", {ENTERPRISE: {"manager": {"value": who("cy")}}})
    come("gus")
    upkeep.watch()
    assert (manager("dee"), waiting()) == ({"value": who("cy")}, 0)
    say(BOSS, DEE.replace("gus", "bea"), CY)
    assert manager("dee") == {"value": who("cy")}


def test_an_address_that_a_client_has_written_is_waited_for_no_more(say, manager, change, come):
    say(DEE)
    change("dee", {HR: {"managerEmail": "hal@example.com"}})
    change("dee", {HR: {"managerEmail": "gus@example.com"}})
    come("gus")
    upkeep.watch()
    assert (manager("dee"), waiting()) == (None, 0)


# --- nobody above themselves


def test_nobody_is_their_own_manager(say, manager):
    run = say(BOSS.replace("Chief,", "Chief,bea@example.com"))
    assert manager("bea") is None
    assert "own work e-mail" in problems(run)[0].reason


def test_a_circle_of_managers_is_not_closed(say, manager, who, tenant):
    rows = [f"{n},P{n},p{n}@example.com,Clerk,p{n % 3 + 1}@example.com" for n in (1, 2, 3)]
    run = say(*rows)
    named = {n: manager(f"p{n}") for n in (1, 2, 3)}
    assert [n for n, found in named.items() if found is None] == [int(each[2]) for each in warned(run)]
    assert len(warned(run)) == 1
    assert "whose own manager" in problems(run)[0].reason
    before = versions(tenant)
    say(*rows)
    upkeep.watch()
    assert versions(tenant) == before


def test_a_circle_that_was_there_before_is_walked_once(say, manager, who, change, tenant):
    say(BOSS, CY)
    change("bea", {ENTERPRISE: {"manager": {"value": who("cy")}}})
    run = say(BOSS, CY, DEE.replace("gus", "cy"))
    assert (manager("dee"), run.state) == ({"value": who("cy")}, "finished")
