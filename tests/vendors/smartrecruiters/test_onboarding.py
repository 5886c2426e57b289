"""The onboarding status written back after an import."""

from __future__ import annotations

import pytest

from app.sources.adapter import Imported
from app.sources.errors import IncompleteRead, SourceUnavailable
from app.vendors.smartrecruiters.source import SmartRecruitersSource

SOURCE = SmartRecruitersSource()


def statuses(account):
    found = {}
    for candidate in account.company.candidates.values():
        for application in candidate["_applications"]:
            if application["status"] == "HIRED":
                found[candidate["id"]] = application["onboarding"]
    return found


def tell(account, *words, **settings):
    ids = list(statuses(account))
    outcomes = [Imported(each, word) for each, word in zip(ids, words, strict=True)]
    settings = {"write_onboarding_status": "yes", **settings}
    SOURCE.acknowledge(account.context(**settings), outcomes)
    return list(statuses(account).values())


def written(account):
    return [call.path for call in account.simulator.log.calls() if call.method == "PUT"]


def test_who_arrived_is_successful_and_who_could_not_be_taken_failed(company):
    told = tell(company(people=5), "added", "updated", "skipped", "errored", "deleted")
    assert told == ["ONBOARDING_SUCCESSFUL"] * 3 + ["ONBOARDING_FAILED", "READY_TO_ONBOARD"]


def test_told_again_nothing_is_written_again(company):
    account = company(people=3)
    tell(account, "added", "added", "added")
    before = written(account)
    assert tell(account, "added", "skipped", "errored") == ["ONBOARDING_SUCCESSFUL"] * 3
    assert written(account) == before
    assert len(before) == 3


def test_nothing_is_asked_or_written_unless_it_is_switched_on(company):
    account = company(people=2)
    tell(account, "added", "errored", write_onboarding_status="no")
    assert account.paths() == []


def test_only_those_who_wait_are_written(company):
    account = company(people=3)
    ids = list(statuses(account))
    account.company.application(ids[0], hired_job(account, ids[0]))["onboarding"] = "ONBOARDING_FAILED"
    account.company.application(ids[1], hired_job(account, ids[1]))["onboarding"] = None
    assert tell(account, "added", "added", "added") == ["ONBOARDING_FAILED", None, "ONBOARDING_SUCCESSFUL"]


def hired_job(account, candidate_id):
    applications = account.company.candidates[candidate_id]["_applications"]
    return next(each["job_id"] for each in applications if each["status"] == "HIRED")


def test_a_hire_by_a_second_application_is_told_for_that_job(company):
    account = company()
    candidate = account.company.apply({}, "job-1")["id"]
    account.company.add_application(candidate, "job-2")
    account.simulator.hire(candidate_id=candidate, job_id="job-2")
    tell(account, "added")
    assert written(account) == [f"/candidates/{candidate}/jobs/job-2/onboardingStatus"]


def test_the_queue_of_hundreds_is_read_to_its_end_before_it_shrinks(company):
    account = company(people=120)
    assert set(tell(account, *["added"] * 120)) == {"ONBOARDING_SUCCESSFUL"}


def test_a_credential_that_may_not_write_is_told_by_the_permission(company):
    with pytest.raises(SourceUnavailable, match=r"lacks candidates_manage.*write_onboarding_status=no"):
        tell(company(people=1, faults="missing-scope:name=candidates_manage"), "added")


def test_a_vendor_that_is_away_is_told_and_the_next_time_finishes(company):
    account = company(people=3)
    account.simulator.plan_faults("no-limit;503:method=PUT,after=1")
    with pytest.raises(IncompleteRead):
        tell(account, "added", "added", "added")
    account.simulator.plan_faults("no-limit")
    assert set(tell(account, "skipped", "skipped", "skipped")) == {"ONBOARDING_SUCCESSFUL"}


def test_without_onboarding_in_the_company_nothing_is_written(company):
    account = company(people=2, faults="no-onboarding")
    tell(account, "added", "added")
    assert written(account) == []
