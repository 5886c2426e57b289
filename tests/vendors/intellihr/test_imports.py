"""People imported from a simulated intelliHR account: counted, changed, left, deleted, and when things go wrong."""

from __future__ import annotations

import json
import logging
from datetime import timedelta

import pytest

from app.vendors.intellihr.simulator import DEFAULT_KEY
from scim.resources import HR
from tests.sources.reports import counted, error_lines, problems

MAYA = {
    "firstName": "Maya",
    "lastName": "Okafor",
    "employeeNumber": "E-1001",
    "primaryEmailAddress": {"email": "maya@example.com", "isPrimary": True, "isPersonal": False},
}


def test_everybody_is_added_and_a_second_import_changes_nobody(account, add_intellihr, pull, people):
    source = add_intellihr(account(60))
    assert counted(pull(source)) == {"added": 60, "total": 60}
    assert counted(pull(source, is_full=True)) == {"skipped": 60, "total": 60}
    assert len(people()) == 60


def test_the_second_import_reads_changes_only(account, add_intellihr, pull, tenant):
    ihr = account(60)
    source = add_intellihr(ihr)
    pull(source)
    ihr.simulator.change_person(next(iter(ihr.simulator.company.people)), {"firstName": "Anna"})
    assert counted(pull(source)) == {"updated": 1, "total": 1}


def test_a_change_a_leaver_and_a_newcomer(account, add_intellihr, pull, people):
    ihr = account()
    maya = ihr.simulator.add(MAYA)["id"]
    source = add_intellihr(ihr)
    pull(source)
    ihr.simulator.change_person(maya, {"lastName": "Okafor-Ruiz"})
    ihr.simulator.terminate(maya, str(ihr.simulator.company.today - timedelta(days=1)))
    ihr.simulator.add()
    assert counted(pull(source)) == {"added": 1, "updated": 1, "total": 2}
    document = people()["maya@example.com"]
    assert (document["active"], document["name"]["familyName"]) == (False, "Okafor-Ruiz")
    assert document[HR]["employmentStatus"] == "Terminated"


def test_somebody_who_is_to_come_becomes_active_on_the_first_day(account, add_intellihr, pull, people):
    ihr = account()
    begins = str(ihr.simulator.company.today + timedelta(days=7))
    ihr.simulator.add(MAYA, {"companyStartDate": begins})
    source = add_intellihr(ihr)
    pull(source)
    assert (people()["maya@example.com"]["active"]) is False
    ihr.simulator.company.days_ahead = 7
    assert counted(pull(source)) == {"updated": 1, "total": 1}
    assert people()["maya@example.com"]["active"] is True


def test_a_last_day_is_worked_and_the_day_behind_it_is_not(account, add_intellihr, pull, people):
    ihr = account()
    ihr.simulator.add(MAYA, {"companyEndDate": str(ihr.simulator.company.today)})
    source = add_intellihr(ihr)
    pull(source)
    assert people()["maya@example.com"]["active"] is True
    ihr.simulator.company.days_ahead = 1
    pull(source)
    assert people()["maya@example.com"]["active"] is False


def test_without_an_address_a_row_is_an_error_with_one_reason(account, add_intellihr, pull):
    ihr = account(3)
    ihr.simulator.add({"primaryEmailAddress": None})
    run = pull(add_intellihr(ihr))
    assert counted(run) == {"added": 3, "errored": 1, "total": 4}
    assert error_lines(run) == [(4, "email", "required_value_missing")]
    assert "must have a value" in problems(run)[0].reason


def test_a_leaver_whose_address_was_taken_away_becomes_inactive(account, add_intellihr, pull, people):
    ihr = account()
    maya = ihr.simulator.add(MAYA)["id"]
    source = add_intellihr(ihr)
    pull(source)
    ihr.simulator.change_person(maya, {"primaryEmailAddress": None})
    ihr.simulator.terminate(maya, str(ihr.simulator.company.today - timedelta(days=1)))
    assert counted(pull(source)) == {"updated": 1, "total": 1}
    assert people()["maya@example.com"]["active"] is False


def test_an_employee_number_that_comes_later_makes_no_second_person(account, add_intellihr, pull, people):
    ihr = account()
    maya = ihr.simulator.add({**MAYA, "employeeNumber": None})["id"]
    source = add_intellihr(ihr)
    pull(source)
    ihr.simulator.change_person(maya, {"employeeNumber": "E-1001"})
    assert counted(pull(source)) == {"updated": 1, "total": 1}
    assert len(people()) == 1


def test_a_status_that_nobody_knows_changes_nobody_and_is_a_warning(account, add_intellihr, pull, people):
    ihr = account()
    maya = ihr.simulator.add(MAYA)["id"]
    source = add_intellihr(ihr)
    pull(source)
    ihr.simulator.change_person(maya, {"employmentStatus": "Floating Staff", "title": "Dr"})
    run = pull(source)
    assert counted(run) == {"updated": 1, "total": 1}
    assert {problem.code for problem in problems(run)} == {"unknown_value"}
    assert people()["maya@example.com"]["active"] is True


def test_a_person_deleted_at_intellihr_is_gone_and_stays_in_the_directory(
    account, add_intellihr, pull, people
):
    ihr = account(5)
    source = add_intellihr(ihr)
    pull(source)
    gone = ihr.simulator.company.people[list(ihr.simulator.company.people)[2]]
    ihr.simulator.remove(gone["id"])
    run = pull(source, is_full=True)
    assert (run.state, run.counts.errored) == ("finished", 0)
    assert people()[gone["primaryEmailAddress"]["email"]]["active"] is True


@pytest.mark.parametrize(
    "faults", ["500:every=7", "drop:every=9", "429:every=6", "extra-member", "page-cap:size=7"]
)
def test_passing_faults_cost_nobody(account, add_intellihr, pull, faults):
    assert counted(pull(add_intellihr(account(26, faults), page_size="5"))) == {"added": 26, "total": 26}


def test_an_incomplete_read_applies_what_was_read_and_suspends_nobody(account, add_intellihr, pull, people):
    ihr = account(20)
    source = add_intellihr(ihr, page_size="5")
    pull(source)
    yesterday = str(ihr.simulator.company.today - timedelta(days=1))
    for person in list(ihr.simulator.company.people)[:12]:
        ihr.simulator.change_person(person, {"firstName": "Renamed"})
        ihr.simulator.terminate(person, yesterday)
    ihr.simulator.plan_faults("500:path=/people,after=4")
    run = pull(source, is_full=True)
    assert (run.state, run.complete) == ("failed", False)
    assert all(document["active"] for document in people().values())


@pytest.mark.parametrize("faults", ["401", "403", "503", "missing-member:name=id", "empty"])
def test_an_account_that_cannot_be_read_fails_the_run_and_changes_nobody(
    account, add_intellihr, pull, people, faults
):
    ihr = account(3)
    source = add_intellihr(ihr)
    pull(source)
    before = people()
    ihr.simulator.plan_faults(faults)
    run = pull(source, is_full=True)
    assert (run.state, counted(run)) == ("failed", {"total": 0})
    assert people() == before


def test_a_member_that_is_missing_clears_nothing(account, add_intellihr, pull, people):
    ihr = account()
    ihr.simulator.add(MAYA, {"fte": "0.8"})
    source = add_intellihr(ihr)
    pull(source)
    before = people()
    for member in ("jobs", "preferredName", "addresses", "primaryPhoneNumber", "emailAddresses", "fte"):
        ihr.simulator.plan_faults(f"missing-member:name={member}")
        assert pull(source, is_full=True).counts.errored == 0
    assert people() == before


def test_the_key_and_pay_stand_in_no_log_and_no_message(account, add_intellihr, pull, caplog, capsys):
    caplog.set_level(logging.DEBUG, "app")
    ihr = account(2, "500:after=2")
    ihr.simulator.change_job(
        next(iter(ihr.simulator.company.jobs)), {"remunerationSchedule": {"x": "98989898"}}
    )
    run = pull(add_intellihr(ihr))
    spoken = capsys.readouterr()
    for text in (caplog.text, spoken.out, spoken.err, run.message or "", json.dumps(ihr.paths())):
        assert DEFAULT_KEY not in text
        assert "98989898" not in text
