"""What the record of a hire holds: candidate, job, offer, hiring manager; what is left out, what settings change."""

from __future__ import annotations

import json

import pytest

from app.sources.adapter import Acknowledges, ReadsSome, SourceContext, Subscribes, TakesWebhooks
from app.sources.errors import WrongSource
from app.vendors.smartrecruiters.source import SmartRecruitersSource
from tests.vendors.smartrecruiters.hiring import JOB, MAYA, OFFER, hired, only

SOURCE = SmartRecruitersSource()


# --- what a record holds ------------------------------------------------------------------------------------


def test_it_can_do_what_the_vendor_allows():
    for protocol in (ReadsSome, TakesWebhooks, Subscribes, Acknowledges):
        assert isinstance(SOURCE, protocol)


def test_a_hire_is_one_record_with_job_offer_and_hiring_manager(company):
    account = company()
    candidate = hired(account)
    job_id = list(account.company.jobs)[-1]
    assert only(account) == {
        "candidate_id": candidate,
        "first_name": "Maya",
        "last_name": "Okafor",
        "email": "maya.okafor@example.org",
        "phone": "+1 555 0100",
        "city": "Springfield",
        "region": "Ohio",
        "country_code": "US",
        "website": "https://example.invalid/in/maya",
        "internal": "false",
        "tags": "referral, night shift",
        "created_on": account.company.candidates[candidate]["createdOn"][:10],
        "job_id": job_id,
        "application_status": "HIRED",
        "application_sub_status": None,
        "applications": "Field Engineer: HIRED",
        "starts_on": "2026-04-01",
        "source": "Careers page",
        "onboarding_status": "READY_TO_ONBOARD",
        "job_title": "Field Engineer",
        "job_ref_number": "REF77",
        "job_department": "Operations",
        "job_department_id": "10",
        "job_city": "Dayton",
        "job_region": "Ohio",
        "job_country_code": "US",
        "job_address": "1 Main St",
        "job_postal_code": "45402",
        "job_employment_type": "Full-time",
        "hiring_manager_email": "nadia.becker@example.com",
        "offer.salary.start.date": "2026-05-01",
        "offer.laptop": "14 inch",
    }


def test_every_field_that_a_record_has_is_one_that_mappings_may_name(company):
    account = company(people=12)
    options = {"include_salary": "yes", "hire_date": "yes", "offer_start_date": "salary.start.date"}
    context = account.context(offer_salary="salary.base", **options)
    named = {field.name for field in SOURCE.record_fields(context)}
    for page in SOURCE.read(context, None):
        for record in page.records:
            assert record.values.keys() <= named


def test_only_who_is_hired_is_read_and_each_once(company):
    account = company(people=30)
    records = account.read()
    assert len({record.values["candidate_id"] for record in records}) == len(records) == 30
    assert [record.number for record in records] == list(range(1, 31))


def test_jobs_teams_and_users_are_looked_up_once_in_a_run(company):
    account = company(people=30)
    account.read()
    joined = [path for path in account.paths() if path.startswith(("/jobs/", "/user-api/"))]
    assert len(joined) == len(set(joined))


def test_a_hire_by_a_second_application_counts_with_that_job(company):
    account = company()
    candidate = account.company.apply(MAYA, "job-1")["id"]
    job = account.company.add_job(JOB)["id"]
    account.company.add_application(candidate, job)
    account.simulator.hire(candidate_id=candidate, job_id=job)
    values = only(account)
    assert (values["job_title"], values["application_status"]) == ("Field Engineer", "HIRED")
    assert values["applications"].endswith("NEW; Field Engineer: HIRED")


@pytest.mark.parametrize("faults", ["secondary-without-status", "primary-status-only"])
def test_a_hire_by_a_second_application_is_found_however_little_lists_tell(company, faults):
    account = company(faults=faults)
    candidate = account.company.apply(MAYA, "job-1")["id"]
    account.company.add_application(candidate, "job-2")
    account.simulator.hire(candidate_id=candidate, job_id="job-2")
    account.company.apply({"firstName": "Only", "lastName": "Applied"})
    assert only(account, candidates="all")["job_id"] == "job-2"


def test_of_two_hires_the_one_that_starts_last_counts(company):
    account = company()
    candidate = account.simulator.hire(MAYA, job_id="job-1", starts_on="2025-01-01T00:00:00.000Z")["id"]
    account.company.add_application(candidate, "job-2")
    account.simulator.hire(candidate_id=candidate, job_id="job-2", starts_on="2026-06-01T00:00:00.000Z")
    assert (only(account)["job_id"], only(account)["starts_on"]) == ("job-2", "2026-06-01")


def test_the_hire_date_is_that_of_the_history_and_read_on_request(company):
    account = company()
    candidate = hired(account)
    moment = account.company.candidates[candidate]["_applications"][0]["history"][-1]["changedOn"]
    assert "hired_on" not in only(account)
    assert only(account, hire_date="yes")["hired_on"] == moment[:10]


def test_the_role_of_the_hiring_manager_may_be_spelt_otherwise(company):
    account = company(faults="team-role:name=Hiring Manager")
    hired(account)
    assert only(account)["hiring_manager_email"] == "nadia.becker@example.com"
    account.simulator.plan_faults("no-limit;team-role:name=Team captain")
    assert only(account)["hiring_manager_email"] is None
    assert only(account, hiring_manager_role="Recruiter, Team Captain")["hiring_manager_email"] is not None


def test_an_onboarding_status_that_is_not_there_is_left_out(company):
    account = company(faults="no-onboarding")
    hired(account)
    assert "onboarding_status" not in only(account)
    account.simulator.plan_faults("no-limit")
    assert "onboarding_status" not in only(account, onboarding_status="no")


@pytest.mark.parametrize(
    ("scope", "lost"),
    [
        ("jobs_read", {"job_title", "hiring_manager_email"}),
        ("users_read", {"hiring_manager_email"}),
        ("candidates_offers_read", {"offer.laptop"}),
        ("configuration_read", {"offer.laptop", "offer.salary.start.date"}),
    ],
)
def test_what_may_not_be_seen_is_left_out_and_clears_nothing(company, scope, lost):
    account = company()
    hired(account)
    everything = only(account).keys()
    account.simulator.plan_faults(f"no-limit;missing-scope:name={scope}")
    seen = only(account)
    assert lost <= everything - seen.keys()
    assert seen["email"] == "maya.okafor@example.org"


# --- offers -------------------------------------------------------------------------------------------------


def test_offer_properties_are_discovered_and_pay_is_not_among_them(company):
    account = company()
    hired(account)
    found = {
        field.name for field in SOURCE.record_fields(account.context()) if field.name.startswith("offer.")
    }
    assert (
        found
        == {"offer.salary.start.date", "offer.laptop"}
        == {n for n in only(account) if n.startswith("offer.")}
    )


def test_offer_properties_that_settings_name_are_known_without_a_credential():
    chosen = SOURCE.settle({"offer_fields": "laptop, badge colour", "offer_start_date": "first.day"})
    fields = {field.name for field in SOURCE.record_fields(SourceContext("smart", chosen))}
    assert {"offer.laptop", "offer.badge colour", "offer.first.day", "offer_start_on"} <= fields


def test_the_first_day_of_the_offer_stands_in_for_a_start_that_is_missing(company):
    account = company()
    hired(account, starts_on="")
    assert only(account, offer_start_date="salary.start.date")["offer_start_on"] == "2026-05-01"
    assert only(account, offer_start_date="salary.start.date")["starts_on"] is None


def test_an_offer_whose_list_hides_its_properties_is_asked_for(company):
    account = company(faults="offers-without-properties")
    hired(account)
    assert only(account)["offer.laptop"] == "14 inch"


def test_only_an_accepted_offer_counts_and_the_latest(company):
    account = company()
    candidate = hired(account)
    offers = account.company.candidates[candidate]["_applications"][0]["offers"]
    offers.append({**offers[0], "id": "off-later", "updatedOn": "2099-01-01T00:00:00.000Z"})
    offers[-1]["properties"] = {**OFFER, "laptop": "16 inch"}
    offers.append({**offers[0], "status": "NOT_ACCEPTED", "updatedOn": "2099-02-01T00:00:00.000Z"})
    assert only(account)["offer.laptop"] == "16 inch"
    for offer in offers:
        offer["status"] = "ABANDONED"
    assert only(account)["offer.laptop"] is None


@pytest.mark.parametrize("secret", ["72341", "80000", "60000"])
def test_no_pay_leaves_the_adapter_by_default(company, secret):
    account = company()
    hired(account)
    pages = account.pages(offer_salary="salary.base", offer_fields="salary.base,weekly.hours")
    assert secret not in json.dumps([dict(record.values) for page in pages for record in page.records])
    assert secret not in json.dumps([page.resume for page in pages])


def test_pay_is_read_when_the_tenant_has_switched_it_on(company):
    account = company()
    hired(account)
    values = only(account, include_salary="yes", offer_salary="salary.base")
    assert (values["salary"], values["salary_currency"]) == ("72341 USD", "USD")
    assert values["offer.salary.base"] == "72341 USD"
    fields = SOURCE.record_fields(account.context(include_salary="yes"))
    secret = {field.name for field in fields if field.sensitivity == "secret"}
    assert {"salary", "salary_currency", "offer.salary.base", "offer.weekly.hours"} <= secret


def test_the_pay_of_a_job_counts_where_it_is_one_amount(company):
    account = company()
    candidate = hired(account, offer={})
    assert only(account, include_salary="yes")["salary"] is None
    job_id = account.company.candidates[candidate]["_applications"][0]["job_id"]
    account.company.change_job(job_id, {"compensation": {"min": 65000, "max": 65000, "currency": "CAD"}})
    values = only(account, include_salary="yes")
    assert (values["salary"], values["salary_currency"]) == ("65000", "CAD")


# --- settings -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"base_url": "ftp://x"}, "base_url"),
        ({"token_url": "nowhere"}, "token_url"),
        ({"calls_per_second": "many"}, "calls_per_second"),
        ({"overlap_minutes": "-1"}, "overlap_minutes"),
        ({"candidates": "some"}, "candidates"),
        ({"include_salary": "maybe"}, "include_salary"),
        ({"webhook_events": "hired!"}, "webhook_events"),
    ],
)
def test_a_wrong_setting_is_told_by_name(given, word):
    with pytest.raises(WrongSource, match=word):
        SOURCE.settle(given)


def test_settings_are_kept_in_one_spelling():
    settled = SOURCE.settle({"include_salary": "On", "candidates": "ALL"})
    assert (settled["include_salary"], settled["candidates"]) == ("yes", "all")
    assert SOURCE.settle(settled) == settled
