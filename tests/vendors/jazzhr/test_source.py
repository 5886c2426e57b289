"""Hires pulled from a simulated JazzHR account, its quirks and its faults."""

from __future__ import annotations

import json
import logging

import pytest
from sqlalchemy import func, select

from app import directory
from app.database import reading, writing
from app.directory.tables import SealedValue
from app.sources.errors import WrongSource
from app.vendors.jazzhr.simulator import DEFAULT_KEY
from app.vendors.jazzhr.source import JazzHRSource
from scim.resources import ENTERPRISE, HR
from tests.sources.reports import counted, error_lines, problems


def people(tenant):
    """Every document of the tenant by personal address."""
    with reading() as connection:
        ids = directory.iterate_ids(connection, tenant.id, None, 1000)
        found = directory.get_many(connection, tenant.id, ids).values()
    return {employee.document["userName"]: employee.document for employee in found}


MAYA = {
    "first_name": "Maya",
    "last_name": "Okafor",
    "email": "maya.okafor@example.org",
    "phone": "+1 555 0100",
    "address": "12 Larch Road, Springfield, OH 45501",
    "desired_start_date": "2026-04-01",
    "desired_salary": "72341",
}


def test_a_hire_becomes_a_person_with_applicant_and_job(account, add_jazzhr, pull, tenant):
    jazz = account()
    job = {
        "title": "Field Engineer",
        "department": "Operations",
        "city": "Dayton",
        "state": "OH",
        "zip": "45402",
    }
    row = jazz.simulator.company.add_job({**job, "country_id": "United States"})
    jazz.simulator.hire(MAYA, job_id=row["id"])
    assert counted(pull(add_jazzhr(jazz))) == {"added": 1, "total": 1}
    maya = people(tenant)["maya.okafor@example.org"]
    assert maya["name"] == {"givenName": "Maya", "familyName": "Okafor"}
    assert maya["emails"] == [{"type": "home", "value": "maya.okafor@example.org"}]
    assert maya["phoneNumbers"] == [{"type": "mobile", "value": "+1 555 0100"}]
    assert maya["title"] == "Field Engineer"
    assert maya["active"] is True
    assert maya[ENTERPRISE] == {"department": "Operations"}
    assert maya[HR] == {
        "startDate": "2026-04-01",
        "employmentStatus": "Active",
        "locationName": "Dayton, OH, 45402, United States",
    }
    work = next(entry for entry in maya["addresses"] if entry["type"] == "work")
    assert (work["locality"], work["region"], work["postalCode"]) == ("Dayton", "OH", "45402")


def test_every_hired_person_comes_once_and_a_second_pull_changes_nobody(account, add_jazzhr, pull, tenant):
    jazz = account(people=130)
    source = add_jazzhr(jazz)
    assert counted(pull(source)) == {"added": 130, "total": 130}
    assert counted(pull(source)) == {"skipped": 130, "total": 130}


def test_somebody_hired_for_two_jobs_is_one_person_in_the_later_one(account, add_jazzhr, pull, tenant):
    jazz = account()
    first = jazz.simulator.hire(MAYA)
    jazz.simulator.company.hire_again(first["applicant_id"])
    assert counted(pull(add_jazzhr(jazz))) == {"added": 1, "total": 1}


def test_applicants_are_looked_up_once_and_each_job_once(account, add_jazzhr, pull):
    jazz = account(people=30)
    pull(add_jazzhr(jazz))
    looked_up = [path for path in jazz.paths() if "/page/" not in path]
    assert len(looked_up) == len(set(looked_up))
    assert sum("/applicants/" in path for path in looked_up) == 30


@pytest.mark.parametrize(
    "faults",
    [
        "no-limit;plain-lists",
        "no-limit;empty-as:text=null",
        "no-limit;empty-as:text=[]",
        "no-limit;extra-member",
        "no-limit;500:every=7",
        "no-limit;drop:every=9",
        "no-limit;half-body:every=11",
        "no-limit;429:every=6",
        "no-limit;429:every=6,retry_after=0",
        "no-limit;html:every=13",
        "no-limit;wrong-type",
    ],
)
def test_quirks_and_passing_faults_cost_nobody(account, add_jazzhr, pull, faults):
    assert counted(pull(add_jazzhr(account(people=26, faults=faults)))) == {"added": 26, "total": 26}


def test_a_row_that_comes_on_two_pages_is_one_person(account, add_jazzhr, pull):
    run = pull(add_jazzhr(account(people=105, faults="no-limit;duplicate-rows")))
    assert counted(run) == {"added": 105, "total": 105}


@pytest.mark.parametrize("people", [0, 1, 100])
def test_pages_end_where_they_end(account, add_jazzhr, pull, people):
    assert pull(add_jazzhr(account(people=people))).counts.added == people


def test_rows_that_move_while_they_are_paged_come_once(account, add_jazzhr, pull):
    run = pull(add_jazzhr(account(people=150, faults="no-limit;shifting-rows")))
    assert run.state == "finished"
    assert run.counts.added >= 150
    assert run.counts.errored == 0


def test_a_page_without_end_is_an_incomplete_read(account, add_jazzhr, pull):
    run = pull(add_jazzhr(account(people=150, faults="no-limit;page-loop")))
    assert run.state == "failed"
    assert "same page" in run.message


def test_an_empty_list_changes_nobody(account, add_jazzhr, pull, tenant):
    jazz = account(people=3)
    source = add_jazzhr(jazz)
    pull(source)
    jazz.simulator.plan_faults("no-limit;empty-lists")
    assert counted(pull(source)) == {"total": 0}
    assert all(document["active"] for document in people(tenant).values())


def test_a_member_that_is_missing_clears_nothing(account, add_jazzhr, pull, tenant):
    jazz = account()
    jazz.simulator.hire(MAYA)
    source = add_jazzhr(jazz)
    pull(source)
    jazz.simulator.plan_faults("no-limit;missing-member:name=phone")
    pull(source)
    assert people(tenant)["maya.okafor@example.org"]["phoneNumbers"] == [
        {"type": "mobile", "value": "+1 555 0100"}
    ]


def test_an_old_hire_does_not_let_a_leaver_in_again(account, add_jazzhr, pull, tenant):
    jazz = account()
    hired = jazz.simulator.hire(MAYA)
    source = add_jazzhr(jazz)
    pull(source)
    with writing() as connection:
        [employee_id] = directory.ids_by_user_name(connection, tenant.id, "maya.okafor@example.org")
        directory.merge(
            connection, tenant.id, employee_id, directory.Actor("client", "idp"), {"active": False}
        )
    jazz.simulator.company.change_applicant(hired["applicant_id"], {"phone": "+1 555 0199"})
    assert counted(pull(source)) == {"updated": 1, "total": 1}
    maya = people(tenant)["maya.okafor@example.org"]
    assert (maya["active"], maya["phoneNumbers"][0]["value"]) == (False, "+1 555 0199")


def test_a_template_gives_work_addresses_and_a_collision_is_errored(account, add_jazzhr, pull, tenant):
    jazz = account()
    jazz.simulator.hire(MAYA)
    jazz.simulator.hire({**MAYA, "email": "another@example.org"})
    run = pull(add_jazzhr(jazz, work_email="{given}.{family}@example.com"))
    assert counted(run) == {"added": 1, "errored": 1, "total": 2}
    assert [code for _, _, code in error_lines(run)] == ["work_email_taken"]
    assert "maya.okafor@example.com" in people(tenant)


def test_a_refused_key_fails_the_run_in_one_call(account, add_jazzhr, pull):
    jazz = account(people=3)
    run = pull(add_jazzhr(jazz, key="wrong-key-canary"))
    assert (run.state, len(jazz.paths())) == ("failed", 1)
    assert "refused the API key" in run.message
    assert "wrong-key-canary" not in run.message


def test_jazzhr_that_is_away_fails_the_run_and_changes_nobody(account, add_jazzhr, pull, tenant):
    jazz = account(people=3)
    source = add_jazzhr(jazz)
    pull(source)
    jazz.simulator.plan_faults("503")
    run = pull(source)
    assert (run.state, counted(run)) == ("failed", {"total": 0})
    assert all(document["active"] for document in people(tenant).values())


STATUS_MAPPING = """
[record]
key = "applicant_id"
[fields]
"name.givenName" = "first_name"
"emails[home].value" = "email"
"active" = { from = "source", map = { "left" = false }, otherwise = true }
"""


def test_an_incomplete_read_applies_what_was_read_and_suspends_nobody(account, add_jazzhr, pull, tenant):
    jazz = account(people=60)
    source = add_jazzhr(jazz, mapping=STATUS_MAPPING)
    pull(source)
    for applicant in list(jazz.simulator.company.applicants):
        jazz.simulator.company.change_applicant(applicant, {"source": "left", "first_name": "Renamed"})
    jazz.simulator.plan_faults("no-limit;500:path=/applicants/,after=30")
    run = pull(source)
    assert (run.state, run.complete, run.counts.updated) == ("failed", False, 25)
    assert {problem.code for problem in problems(run)} == {"status_withheld"}
    assert all(document["active"] for document in people(tenant).values())
    jazz.simulator.plan_faults("no-limit")
    assert counted(pull(source)) == {"updated": 60, "total": 60}
    assert not any(document["active"] for document in people(tenant).values())


def test_an_applicant_that_jazzhr_lost_is_one_errored_row(account, add_jazzhr, pull):
    jazz = account(people=5)
    del jazz.simulator.company.applicants[next(iter(jazz.simulator.company.hires.values()))["applicant_id"]]
    run = pull(add_jazzhr(jazz))
    assert counted(run) == {"added": 4, "errored": 1, "total": 5}
    assert [code for _, _, code in error_lines(run)] == ["record_not_found"]


def test_the_salary_stays_outside_unless_it_is_switched_on(account, add_jazzhr, pull, tenant):
    jazz = account()
    jazz.simulator.hire(MAYA)
    source = add_jazzhr(jazz)
    pull(source)
    with reading() as connection:
        assert connection.scalar(select(func.count()).select_from(SealedValue.__table__)) == 0


def test_the_key_stands_in_no_log_and_no_message(account, add_jazzhr, pull, caplog, capsys):
    caplog.set_level(logging.DEBUG, "app")
    jazz = account(people=2, faults="no-limit;500:after=2")
    run = pull(add_jazzhr(jazz))
    spoken = capsys.readouterr()
    for text in (caplog.text, spoken.out, spoken.err, run.message or "", json.dumps(jazz.paths())):
        assert DEFAULT_KEY not in text


def test_calls_are_paced(account, add_jazzhr, pull):
    jazz = account(people=4, faults="limit:per_minute=100000")
    run = pull(add_jazzhr(jazz, calls_per_minute="1200"))
    calls = [call.started for call in jazz.simulator.log.calls()]
    assert run.counts.added == 4
    assert calls[-1] - calls[0] >= (len(calls) - 1) * 0.05 * 0.9


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"base_url": "ftp://x"}, "base_url"),
        ({"calls_per_minute": "many"}, "calls_per_minute"),
        ({"include_salary": "maybe"}, "include_salary"),
    ],
)
def test_a_wrong_setting_is_told_by_name(settings, words):
    with pytest.raises(WrongSource, match=words):
        JazzHRSource().settle(settings)
