"""Employees exported as internal candidates, against the simulated company over HTTP."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.outbound import OutboundSession
from app.provisioning import errors
from app.provisioning.adapter import Account, Capabilities, Request, TargetAdapter, send
from app.provisioning.policies import policy_of
from app.provisioning.probing import probe
from app.vendors.smartrecruiters.simulator import DEFAULT_KEY
from app.vendors.smartrecruiters.target import SmartRecruitersCandidates
from tests.vendors.smartrecruiters.conftest import open_session

VALUES: dict[str, str | bool] = {
    "givenName": "Maya",
    "familyName": "Okafor",
    "active": True,
    "workEmail": "maya.okafor@example.com",
    "userName": "maya.okafor",
    "workPhone": "555-0101",
}
TARGET = SmartRecruitersCandidates({})


def to(account: Any, key: str = DEFAULT_KEY) -> OutboundSession:
    return open_session(account.url, headers={TARGET.auth_header: TARGET.auth_prefix + key})


def described(http: OutboundSession, **settings: Any) -> SmartRecruitersCandidates:
    """The target as it is after it was described."""
    found = SmartRecruitersCandidates(settings).describe(http)
    return SmartRecruitersCandidates(
        {**settings, "capabilities": json.loads(json.dumps(found.to_settings()))}
    )


def done(http: OutboundSession, request: Request) -> Account:
    account = TARGET.account_in(send(http, request))
    assert account is not None
    return account


def body_of(request: Request) -> Any:
    return json.loads(request.body or b"null")


# --- the custom source --------------------------------------------------------------------------------------


def test_it_is_a_target_adapter():
    adapter: TargetAdapter = TARGET
    assert (adapter.kind, adapter.auth_header, adapter.auth_prefix) == ("smartrecruiters", "X-SmartToken", "")
    assert adapter.supported_fields == {
        "givenName",
        "familyName",
        "workEmail",
        "workPhone",
        "active",
        "userName",
    }


def test_candidates_are_internal_and_of_the_custom_source(company):
    account = company()
    source = account.company.add_source("Rollcall")
    http = to(account)
    target = described(http)
    request = target.create_request(VALUES, "e-1")
    assert (request.method, request.path) == ("POST", "/candidates")
    assert body_of(request) == {
        "firstName": "Maya",
        "lastName": "Okafor",
        "email": "maya.okafor@example.com",
        "phoneNumber": "555-0101",
        "internal": True,
        "sourceDetails": {"sourceTypeId": "OTHER", "sourceSubTypeId": "OTHER", "sourceId": source["id"]},
    }
    made = done(http, request)
    shown = account.company.candidate(made.remote_id)
    assert (shown["internal"], shown["_applications"][0]["source"]) == (True, "Rollcall")


def test_a_source_under_another_type_and_name_is_found(company):
    account = company()
    account.company.add_source("Rollcall")
    mobility = account.company.add_source("Inside moves", "EMPLOYEE", "REFERRAL")
    request = described(to(account), source_name="Inside moves").create_request(VALUES, "e-1")
    assert body_of(request)["sourceDetails"] == {
        "sourceTypeId": "EMPLOYEE",
        "sourceSubTypeId": "REFERRAL",
        "sourceId": mobility["id"],
    }


@pytest.mark.parametrize("name", ["rollcall", "Rollcall ", "Rollcall 2"])
def test_a_source_must_have_just_this_name_else_a_note_warns_of_other(company, name):
    account = company()
    account.company.add_source(name)
    http = to(account)
    capabilities = TARGET.describe(http)
    [note] = capabilities.notes
    for words in (
        "no custom source 'Rollcall'",
        '"Other"',
        "Custom Candidate Sources",
        "rollcall target probe",
    ):
        assert words in note
    made = done(http, described(http).create_request(VALUES, "e-1"))
    assert account.company.candidate(made.remote_id)["_applications"][0]["source"] == "Other"


def test_a_source_that_exists_leaves_no_note_and_one_made_later_is_found_by_a_probe(company):
    account = company()
    http = to(account)
    report = probe(TARGET, http)
    assert [(each.name, each.state) for each in report.findings if each.state == "warning"] == [
        ("source", "warning")
    ]
    account.company.add_source("Rollcall")
    report = probe(TARGET, http)
    assert {each.state for each in report.findings} == {"ok"}
    assert report.capabilities.notes == ()
    assert "source" in report.capabilities.to_settings()


def test_a_key_that_may_not_see_the_configuration_leaves_a_note(company):
    capabilities = TARGET.describe(to(company(faults="missing-scope:name=configuration_read")))
    assert "configuration_read" in capabilities.notes[0]
    assert '"Other"' in capabilities.notes[0]


def test_what_was_found_survives_the_settings(company):
    account = company()
    account.company.add_source("Rollcall")
    kept = TARGET.describe(to(account)).to_settings()
    assert Capabilities.from_settings(kept) == Capabilities(patch=True, filter=True, page_size=100)
    assert SmartRecruitersCandidates({"capabilities": {"source": {"sourceId": ""}}}).create_request(
        VALUES, "e-1"
    )


def test_a_probe_writes_nothing_even_when_it_may(company):
    account = company(people=1)
    report = probe(TARGET, to(account), writes=True)
    assert {call.method for call in account.simulator.log.calls()} == {"GET"}
    assert "cannot be taken back" in " ".join(each.words for each in report.findings)


# --- finding and changing -----------------------------------------------------------------------------------


def test_a_created_candidate_reads_back_and_is_found_by_its_address(company):
    account = company(people=130)
    http = to(account)
    made = done(http, TARGET.create_request(VALUES, "e-1"))
    assert dict(made.values) == {name: value for name, value in VALUES.items() if name != "userName"}
    assert TARGET.fetch(http, made.remote_id) == made
    for target in (TARGET, SmartRecruitersCandidates({"search": "list"})):
        for email in ("maya.okafor@example.com", "Maya.Okafor@Example.com"):
            assert [each.remote_id for each in target.find(http, external_id="e-1", email=email)] == [
                made.remote_id
            ]
        assert target.find(http, external_id="e-1", email="kafor@example.com") == []
    assert TARGET.find(http, external_id="e-1", email=None) == []


def test_a_change_is_a_patch_of_just_that(company):
    account = company()
    http = to(account)
    made = done(http, TARGET.create_request(VALUES, "e-1"))
    request = TARGET.update_request(made.remote_id, {"familyName": "Ek", "workPhone": None}, VALUES, None)
    assert (request.method, request.path) == ("PATCH", f"/candidates/{made.remote_id}")
    assert body_of(request) == {"lastName": "Ek", "phoneNumber": ""}
    changed = done(http, request)
    assert (changed.values["familyName"], changed.values["givenName"]) == ("Ek", "Maya")
    assert "workPhone" not in changed.values


def test_all_candidates_can_be_listed_each_once(company):
    account = company(people=230, faults="duplicate-rows")
    found = [each.remote_id for each in TARGET.list_accounts(to(account))]
    assert sorted(found) == sorted(account.company.candidates)


def test_a_list_without_end_is_not_trusted(company):
    with pytest.raises(errors.IncompleteListing):
        list(TARGET.list_accounts(to(company(people=120, faults="page-loop"))))


# --- leavers ------------------------------------------------------------------------------------------------


def test_of_a_leaver_nothing_is_sent():
    policy = policy_of(TARGET.profile_defaults, TARGET.supported_fields)
    assert policy.inactive == "keep"
    assert (policy.rate, policy.concurrency) == (10.0, 1)
    assert TARGET.activation_request("c-1", False, None).method == "GET"


@pytest.mark.parametrize(
    ("settings", "word"), [({"inactive": "suspend"}, "inactive"), ({"search": "guess"}, "search")]
)
def test_a_setting_that_cannot_be_is_told_by_name(settings, word):
    with pytest.raises(ValueError, match=word):
        SmartRecruitersCandidates(settings)


# --- errors -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("faults", "kind"),
    [
        ("401", errors.Unauthorised),
        ("403", errors.Unauthorised),
        ("409", errors.Conflict),
        ("422", errors.Refused),
        ("429:retry_after=7", errors.RetryLater),
        ("503", errors.RetryLater),
        ("html", errors.Unintelligible),
    ],
)
def test_an_answer_that_is_no_success_is_told_by_its_kind(company, faults, kind):
    http = to(company(faults=f"{faults},method=POST" if ":" in faults else f"{faults}:method=POST"))
    with pytest.raises(kind) as told:
        done(http, TARGET.create_request(VALUES, "e-1"))
    if "retry_after" in faults:
        assert told.value.retry_after == 7


def test_a_known_address_is_a_conflict(company):
    http = to(company(faults="known-addresses"))
    done(http, TARGET.create_request(VALUES, "e-1"))
    with pytest.raises(errors.Conflict, match="already exists"):
        done(http, TARGET.create_request(VALUES, "e-1"))


def test_a_candidate_without_a_name_is_refused_with_the_vendors_words(company):
    values = {name: value for name, value in VALUES.items() if name != "givenName"}
    with pytest.raises(errors.Refused, match="firstName is required"):
        done(to(company()), TARGET.create_request(values, "e-1"))


def test_who_is_gone_is_not_fetched_and_not_updated(company):
    account = company(people=1)
    http = to(account)
    candidate = next(iter(account.company.candidates))
    account.simulator.delete(candidate)
    assert TARGET.fetch(http, candidate) is None
    with pytest.raises(errors.Vanished):
        done(http, TARGET.update_request(candidate, {"familyName": "Ek"}, VALUES, None))


@pytest.mark.parametrize("document", [{}, {"id": ""}, {"id": ".."}, {"id": None}])
def test_a_document_without_id_is_no_candidate(document):
    with pytest.raises(errors.Unintelligible):
        TARGET.account_from(document)
