"""Hires pulled from a simulated JazzHR account, its quirks and its faults."""

from __future__ import annotations

import json
import logging

import pytest
from sqlalchemy import func, select, update

from app import clock, directory
from app.database import reading, writing
from app.directory.tables import SealedValue
from app.log import init_logging
from app.sources import runner, runs
from app.sources.errors import WrongSource
from app.sources.tables import import_run
from app.vendors.jazzhr.simulator import DEFAULT_KEY
from app.vendors.jazzhr.source import JazzHRSource
from scim.resources import ENTERPRISE, HR
from tests.harness.later import clock_ahead
from tests.sources.reports import counted, error_lines, problems

MAYA = {
    "first_name": "Maya",
    "last_name": "Okafor",
    "email": "maya.okafor@example.org",
    "phone": "+1 555 0100",
    "address": "12 Larch Road, Springfield, OH 45501",
    "desired_start_date": "2026-04-01",
    "desired_salary": "72341",
}


def test_a_hire_becomes_a_person_with_applicant_and_job(account, add_jazzhr, pull, people):
    jazz = account()
    job = {
        "title": "Field Engineer",
        "department": "Operations",
        "city": "Dayton",
        "state": "OH",
        "zip": "45402",
    }
    row = jazz.simulator.company.add_job({**job, "country_id": "United States"})
    hire = jazz.simulator.hire(MAYA, job_id=row["id"])
    [hire_id] = jazz.simulator.company.hires
    assert counted(pull(add_jazzhr(jazz))) == {"added": 1, "total": 1}
    maya = people()["maya.okafor@example.org"]
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
        "sources": [
            {
                "system": "jazzhr",
                "tenant": "jazz",
                "recordId": hire["applicant_id"],
                "eventId": hire_id,
            }
        ],
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


def test_an_empty_list_changes_nobody(account, add_jazzhr, pull, people):
    jazz = account(people=3)
    source = add_jazzhr(jazz)
    pull(source)
    jazz.simulator.plan_faults("no-limit;empty-lists")
    assert counted(pull(source)) == {"total": 0}
    assert all(document["active"] for document in people().values())


def test_a_member_that_is_missing_clears_nothing(account, add_jazzhr, pull, people):
    jazz = account()
    jazz.simulator.hire(MAYA)
    source = add_jazzhr(jazz)
    pull(source)
    jazz.simulator.plan_faults("no-limit;missing-member:name=phone")
    pull(source)
    assert people()["maya.okafor@example.org"]["phoneNumbers"] == [{"type": "mobile", "value": "+1 555 0100"}]


def test_an_old_hire_does_not_let_a_leaver_in_again(account, add_jazzhr, pull, tenant, people):
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
    maya = people()["maya.okafor@example.org"]
    assert (maya["active"], maya["phoneNumbers"][0]["value"]) == (False, "+1 555 0199")


def test_a_template_gives_work_addresses_and_a_collision_is_errored(account, add_jazzhr, pull, people):
    jazz = account()
    jazz.simulator.hire(MAYA)
    jazz.simulator.hire({**MAYA, "email": "another@example.org"})
    run = pull(add_jazzhr(jazz, work_email="{given}.{family}@example.com"))
    assert counted(run) == {"added": 1, "errored": 1, "total": 2}
    assert [code for _, _, code in error_lines(run)] == ["work_email_taken"]
    assert "maya.okafor@example.com" in people()


def test_a_refused_key_fails_the_run_in_one_call(account, add_jazzhr, pull):
    jazz = account(people=3)
    run = pull(add_jazzhr(jazz, key="wrong-key-canary"))
    assert (run.state, len(jazz.paths())) == ("failed", 1)
    assert "does not take the API key" in run.message
    assert "rollcall source set jazz --secret api_key=-" in run.message
    assert "wrong-key-canary" not in run.message


def test_jazzhr_that_is_away_fails_the_run_and_changes_nobody(account, add_jazzhr, pull, people):
    jazz = account(people=3)
    source = add_jazzhr(jazz)
    pull(source)
    jazz.simulator.plan_faults("503")
    run = pull(source)
    assert (run.state, counted(run)) == ("failed", {"total": 0})
    assert all(document["active"] for document in people().values())


STATUS_MAPPING = """
[record]
key = "applicant_id"
[fields]
"name.givenName" = "first_name"
"emails[home].value" = "email"
"active" = { from = "source", map = { "left" = false }, otherwise = true }
"""


def test_an_incomplete_read_applies_what_was_read_and_suspends_nobody(account, add_jazzhr, pull, people):
    jazz = account(people=60)
    source = add_jazzhr(jazz, mapping=STATUS_MAPPING)
    pull(source)
    for applicant in list(jazz.simulator.company.applicants):
        jazz.simulator.company.change_applicant(applicant, {"source": "left", "first_name": "Renamed"})
    jazz.simulator.plan_faults("no-limit;500:path=/applicants/,after=30")
    run = pull(source)
    assert (run.state, run.complete, run.counts.updated) == ("failed", False, 25)
    assert {problem.code for problem in problems(run)} == {"status_withheld"}
    assert all(document["active"] for document in people().values())
    jazz.simulator.plan_faults("no-limit")
    held = pull(source)
    assert (held.state, held.counts.updated) == ("held", 0)
    with writing() as connection:
        runs.approve(connection, held.tenant_id, held.id, "admin:test")
    assert counted(runner.work(held.tenant_id, held.id)) == {"updated": 60, "total": 60}
    assert not any(document["active"] for document in people().values())


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


def test_the_key_stands_in_no_log_and_no_message(capfd, account, add_jazzhr, pull, caplog):
    caplog.set_level(logging.DEBUG)
    init_logging("debug")
    jazz = account(people=2, faults="no-limit;500:after=2")
    run = pull(add_jazzhr(jazz))
    spoken = capfd.readouterr()
    for text in (caplog.text, spoken.out, spoken.err, run.message or "", json.dumps(jazz.paths())):
        assert DEFAULT_KEY not in text


def test_a_long_wait_that_jazzhr_asks_for_holds_no_worker_and_the_run_goes_on_where_it_was(
    account, add_jazzhr, people
):
    jazz = account(people=60, faults="no-limit;503:path=/applicants,nth=30,retry_after=3600")
    run = runner.import_now(add_jazzhr(jazz), dry_run=False, requested_by="test")
    assert (run.state, run.phase, run.staged) == ("running", "waiting", 25)
    assert "JazzHR asks to be called again only in 60 minutes" in run.message
    assert runner.work(run.tenant_id, run.id) is None
    with clock_ahead() as later:
        later.by(3601)
        ended = runner.work(run.tenant_id, run.id)
    assert ended is not None
    assert (ended.state, counted(ended)) == ("finished", {"added": 60, "total": 60})
    looked_up = [path for path in jazz.paths() if "/applicants/" in path]
    assert len(looked_up) == 60 + 5  # the five of the page that broke off


def test_a_long_wait_at_the_first_call_is_waited_for_too(account, add_jazzhr):
    jazz = account(people=3, faults="no-limit;429:nth=1,retry_after=600")
    run = runner.import_now(add_jazzhr(jazz), dry_run=False, requested_by="test")
    assert (run.state, run.phase, run.staged) == ("running", "waiting", 0)


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


def test_a_hire_that_is_withdrawn_counts_as_deleted_and_the_person_stays(account, add_jazzhr, pull, people):
    jazz = account(people=10)
    source = add_jazzhr(jazz)
    pull(source)
    jazz.simulator.company.withdraw(next(iter(jazz.simulator.company.hires)))
    assert counted(pull(source)) == {"skipped": 9, "deleted": 1, "total": 10}
    assert counted(pull(source)) == {"skipped": 9, "total": 9}
    assert [document["active"] for document in people().values()] == [True] * 10


def test_a_withdrawn_hire_that_is_hired_after_all_is_the_same_person(account, add_jazzhr, pull, people):
    jazz = account(people=10)
    source = add_jazzhr(jazz)
    pull(source)
    [hire_id, hire] = next(iter(jazz.simulator.company.hires.items()))
    jazz.simulator.company.withdraw(hire_id)
    pull(source)
    jazz.simulator.hire(applicant_id=hire["applicant_id"])
    # The person stays as they were but for the hire that they came by.
    assert counted(pull(source)) == {"updated": 1, "skipped": 9, "total": 10}
    assert len(people()) == 10


def test_half_of_the_hires_gone_is_not_believed(account, add_jazzhr, pull, people):
    jazz = account(people=10)
    source = add_jazzhr(jazz)
    pull(source)
    for hire_id in list(jazz.simulator.company.hires)[:5]:
        jazz.simulator.company.withdraw(hire_id)
    run = pull(source)
    assert (run.state, run.counts.total) == ("held", 0)
    assert "had 10 records" in run.message


@pytest.mark.parametrize("member", ["first_name", "last_name", "email"])
def test_a_member_that_nobody_has_any_more_is_told_once_and_changes_nobody(
    account, add_jazzhr, pull, people, member
):
    jazz = account(people=4)
    source = add_jazzhr(jazz)
    pull(source)
    before = people()
    jazz.simulator.plan_faults(f"no-limit;missing-member:name={member}")
    run = pull(source)
    assert (run.state, run.counts.total, people()) == ("failed", 0, before)
    assert f"no member {member!r} any more" in run.message


def test_hires_that_name_no_applicant_any_more_are_told_once(account, add_jazzhr, pull):
    run = pull(add_jazzhr(account(people=4, faults="no-limit;missing-member:name=applicant_id")))
    assert (run.state, run.counts.total) == ("failed", 0)
    assert "no member 'applicant_id' any more" in run.message


def test_one_hire_without_an_applicant_is_one_errored_row(account, add_jazzhr, pull):
    jazz = account(people=4)
    next(iter(jazz.simulator.company.hires.values()))["applicant_id"] = ""
    run = pull(add_jazzhr(jazz))
    assert counted(run) == {"added": 3, "errored": 1, "total": 4}
    assert [code for _, _, code in error_lines(run)] == ["missing_key"]


def test_reading_goes_on_behind_any_page_and_gives_the_same_records(account):
    jazz = account(people=60)
    adapter, context = JazzHRSource(), jazz.context()
    pages = list(adapter.read(context, None))
    whole = [record for page in pages for record in page.records]
    assert [page.complete for page in pages] == [False, False, True]
    for number, page in enumerate(pages[:-1], 1):
        rest = [record for later in adapter.read(context, page.resume) for record in later.records]
        assert [r for p in pages[:number] for r in p.records] + rest == whole


# --- single people


def test_single_people_are_read_as_the_pull_reads_them(account):
    jazz = account(people=30)
    adapter, context = JazzHRSource(), jazz.context()
    pulled = {
        r.values["applicant_id"]: r.values for page in adapter.read(context, None) for r in page.records
    }
    hints = [{"record": applicant} for applicant in pulled]
    pages = list(adapter.read_some(context, hints))
    assert {r.values["applicant_id"]: r.values for page in pages for r in page.records} == pulled
    assert [page.complete for page in pages] == [False, True]


@pytest.mark.parametrize("hints", [[], [{}], [{"applicant": "../x"}], [{"record": ""}]])
def test_hints_at_nobody_call_nobody(account, hints):
    jazz = account(people=2)
    [page] = JazzHRSource().read_some(jazz.context(), hints)
    assert (page.records, page.complete, jazz.paths()) == ([], True, [])


def test_somebody_who_is_looked_at_again_and_is_hired_no_more_is_gone(account):
    jazz = account(people=2)
    [hire_id, hire] = next(iter(jazz.simulator.company.hires.items()))
    jazz.simulator.company.withdraw(hire_id)
    hint = {"record": hire["applicant_id"]}
    [page] = JazzHRSource().read_some(jazz.context(), [hint])
    assert [(r.values, r.gone) for r in page.records] == [({"applicant_id": hire["applicant_id"]}, True)]


def test_of_several_exports_of_one_person_the_latest_hire_counts(account):
    jazz = account(people=1)
    [hire_id, hire] = next(iter(jazz.simulator.company.hires.items()))
    jazz.simulator.company.withdraw(hire_id)
    jobs = list(jazz.simulator.company.jobs)
    hints = [
        {"applicant": hire["applicant_id"], "job": job, "hired_at": f"2026-03-0{day} 10:00:00"}
        for job, day in zip(jobs[:3], (2, 3, 1), strict=True)
    ]
    [page] = JazzHRSource().read_some(jazz.context(), hints)
    assert [(r.values["job_id"], r.values["hired_date"]) for r in page.records] == [(jobs[1], "2026-03-03")]


def test_a_run_of_single_people_that_was_killed_behind_its_first_page_is_read_anew(
    account, add_jazzhr, tenant, people, monkeypatch
):
    jazz = account(people=30)
    source = add_jazzhr(jazz)
    hints = [{"applicant": hire["applicant_id"]} for hire in jazz.simulator.company.hires.values()]
    with writing() as connection:
        run = runs.start(connection, source, dry_run=False, requested_by="test", scope={"hints": hints}).run
    stage, staged = runner.stage_page, []

    def killed(*arguments):
        if staged:
            raise KeyboardInterrupt
        staged.append(stage(*arguments))

    monkeypatch.setattr(runner, "stage_page", killed)
    with pytest.raises(KeyboardInterrupt):
        runner.work(tenant.id, run.id)
    monkeypatch.setattr(runner, "stage_page", stage)
    with writing() as connection:
        connection.execute(update(import_run).values(lease_until=clock.after(-1)))
    ended = runner.work(tenant.id, run.id)
    assert (ended.state, counted(ended)) == ("finished", {"added": 30, "total": 30})
    assert len(people()) == 30
