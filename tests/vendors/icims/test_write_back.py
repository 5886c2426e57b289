"""What is written back to a simulated iCIMS: the guide's six fields, nothing else, and what went wrong by name."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.outbound import Exchange, OutboundSession, Response
from app.outbound.client_credentials import BearerSession, ClientCredentials
from app.provisioning import errors
from app.provisioning.adapter import Request, send
from app.sources.adapter import SourceContext
from app.vendors.icims.simulator import CLIENT_ID, CUSTOMER, DEFAULT_SECRET
from app.vendors.icims.source import ICIMSSource
from app.vendors.icims.write_back import WRITTEN, ICIMSWriteBack
from tests.vendors.icims.conftest import open_session

SETTINGS = {"customer_id": CUSTOMER, "field_employee_number": "field50001"}


@pytest.fixture
def adapter() -> ICIMSWriteBack:
    return ICIMSWriteBack(SETTINGS)


@pytest.fixture
def icims(account):
    return account(people=5)


@pytest.fixture
def http(icims) -> OutboundSession:
    token = _token(icims)
    return open_session(icims.url, headers={"Authorization": f"Bearer {token}"}, secrets=(token,))


def _token(icims) -> str:
    given = (f"{icims.url}/oauth/token", CLIENT_ID, DEFAULT_SECRET, "https://api.icims.com/v1/")
    return ClientCredentials(*given).token(open_session)


def patched(adapter: ICIMSWriteBack, http: OutboundSession, person: int, **changed: Any) -> Any:
    before = adapter.fetch(http, str(person))
    return adapter.account_in(send(http, adapter.update_request(str(person), changed, {}, before)))


def answer(status: int, content: Any = None, **headers: str) -> Response:
    body = b"" if content is None else json.dumps(content).encode()
    exchange = Exchange("PATCH", "/x", status, "2026-01-01T00:00:00.000000Z", 1, None, None)
    return Response(status, {"Content-Type": "application/json", **headers}, body, exchange)


# --- the guide's table


def test_the_six_fields_are_those_of_the_guide():
    assert [(row.label, row.icims_label, row.field, row.place) for row in WRITTEN] == [
        ("iCIMS ID", "Profile ID", "", "id"),
        ("First name", "First Name", "givenName", "firstname"),
        ("Last name", "Last Name", "familyName", "lastname"),
        ("Employee number", "ADP Associate ID", "employeeNumber", "none"),
        ("Start date", "Hire Date", "startDate", "hiredate"),
        ("Separation date", "End Date", "terminationDate", "enddate"),
    ]


@pytest.mark.parametrize(
    ("field", "member", "value"),
    [
        ("givenName", "firstname", "Máire"),
        ("familyName", "lastname", "O'Neil"),
        ("employeeNumber", "field50001", "4711"),
        ("startDate", "hiredate", "2026-05-01"),
        ("terminationDate", "enddate", "2027-01-31"),
    ],
)
def test_each_field_is_written_and_read_back(adapter, icims, http, field, member, value):
    assert patched(adapter, http, 3, **{field: value}) is None
    assert icims.simulator.company.people[3][member] == value
    assert adapter.fetch(http, "3").values[field] == value
    patched_bodies = [json.loads(call.body) for call in icims.simulator.log.calls() if call.method == "PATCH"]
    assert patched_bodies == [{member: value}]


def test_null_empties_a_field(adapter, icims, http):
    patched(adapter, http, 3, startDate=None)
    assert "hiredate" not in icims.simulator.company.people[3]


def test_what_icims_holds_already_is_not_sent_again(adapter, icims, http):
    held = adapter.fetch(http, "3")
    request = adapter.update_request("3", {**held.values, "familyName": "New"}, {}, held)
    assert json.loads(request.body or b"") == {"lastname": "New"}
    request = adapter.update_request("3", held.values, {}, held)
    before = icims.simulator.company.people[3]["_updated"]
    assert (json.loads(request.body or b""), adapter.account_in(send(http, request))) == ({}, None)
    assert icims.simulator.company.people[3]["_updated"] == before


def test_fields_that_are_not_of_the_table_never_leave(adapter):
    changed = {"active": False, "workEmail": "x@example.org", "userName": "x", "title": "x", "givenName": "A"}
    request = adapter.update_request("3", changed, {}, None)
    assert (request.method, request.path, json.loads(request.body or b"")) == (
        "PATCH",
        f"/customers/{CUSTOMER}/people/3",
        {"firstname": "A"},
    )
    assert adapter.supported_fields == {
        "givenName", "familyName", "employeeNumber", "startDate", "terminationDate",
    }  # fmt: skip


def test_a_field_that_the_customer_has_not_named_is_not_written():
    adapter = ICIMSWriteBack({"customer_id": "1", "field_end_date": "none"})
    assert adapter.supported_fields == {"givenName", "familyName", "startDate"}


@pytest.mark.parametrize(
    "changed",
    [{"customer_id": "a/b"}, {"field_end_date": "job:x"}, {"field_hire_date": "a b"}],
)
def test_a_wrong_setting_is_named(changed):
    with pytest.raises(ValueError, match=next(iter(changed))):
        ICIMSWriteBack({**SETTINGS, **changed})


def test_the_source_says_how_it_is_written_back(icims, http):
    told = ICIMSSource().write_back(icims.context())
    assert (told.kind, told.url, told.token) == ("icims", icims.url, DEFAULT_SECRET)
    assert DEFAULT_SECRET not in str(told)
    adapter = ICIMSWriteBack(told.options)
    assert adapter.only_known
    assert adapter.places["employeeNumber"] == "field50001"
    session = BearerSession(adapter.client_credentials(told.token or ""), told.url, open_session)
    assert [a.remote_id for a in adapter.find(session, external_id="3", email=None)] == ["3"]  # type: ignore[arg-type]


def test_its_settings_are_asked_for_whatever_is_missing():
    """So does the core learn which settings a kind knows."""
    asked: list[str] = []

    class Watched(dict):
        def get(self, name, default=None):
            asked.append(name)
            return default

    ICIMSWriteBack(Watched())
    assert set(asked) == set(ICIMSSource().write_back(_context()).options)


def _context() -> SourceContext:
    return SourceContext("icims", ICIMSSource().settle({"customer_id": CUSTOMER}), {})


# --- finding


def test_a_person_is_found_by_profile_id_and_not_by_address(adapter, icims, http):
    row = icims.simulator.company.people[3]
    [found] = adapter.find(http, external_id="3", email=None)
    assert (found.remote_id, found.external_id, found.email, found.active) == ("3", "3", row["email"], True)
    assert found.values["givenName"] == row["firstname"]
    assert adapter.find(http, external_id=None, email=row["email"]) == []
    assert adapter.find(http, external_id="999", email=row["email"]) == []


@pytest.mark.parametrize("remote_id", ["", "x", "../jobs/1", "3?fields=usssn", "９"])
def test_what_is_no_profile_id_is_nobody_and_never_called(adapter, icims, http, remote_id):
    assert adapter.fetch(http, remote_id) is None
    assert not icims.paths("/customers/")
    with pytest.raises(errors.Refused):
        adapter.update_request(remote_id, {"givenName": "A"}, {}, None)


def test_an_account_is_also_known_by_its_own_link(adapter):
    links = [{"rel": "self", "url": "https://api.icims.com/customers/1234/people/22"}]
    assert adapter.account_from({"firstname": "Maya", "links": links}).remote_id == "22"
    with pytest.raises(errors.Unintelligible):
        adapter.account_from({"firstname": "Maya"})


def test_only_what_is_written_is_read(adapter, icims, http):
    adapter.fetch(http, "3")
    [call] = [call for call in icims.simulator.log.calls() if "/people/" in call.path]
    assert call.query["fields"] == "firstname,lastname,field50001,hiredate,enddate,email"


def test_nobody_is_created_suspended_or_listed(adapter, http):
    for refused in (
        lambda: adapter.create_request({"givenName": "A"}, "x"),
        lambda: adapter.activation_request("3", False, None),
        lambda: adapter.activation_request("3", True, None),
    ):
        with pytest.raises(errors.Refused):
            refused()
    with pytest.raises(errors.IncompleteListing):
        list(adapter.list_accounts(http))


# --- warnings and errors


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ("hiredate", r"Hire Date \(hiredate\)"),
        ("field50001+lastname", r"Last Name .*ADP Associate ID \(field50001\)"),
    ],
)
def test_a_success_with_a_warning_is_a_failed_field_by_name(adapter, icims, http, names, told):
    icims.simulator.plan_faults(f"warn-field:names={names}")
    changed = {"hiredate": {"startDate": "2026-05-01"}}.get(
        names, {"employeeNumber": "1", "familyName": "New"}
    )
    with pytest.raises(errors.Refused, match=told) as caught:
        patched(adapter, http, 3, givenName="Kept", **changed)
    assert (caught.value.code, caught.value.may_have_been_processed) == ("field_not_written", True)
    assert icims.simulator.company.people[3]["firstname"] == "Kept"


def test_a_warning_about_another_field_is_none_of_ours(adapter):
    warned = answer(200, {"warnings": [{"errorMessage": "x", "errorCode": 4}]}, **{"X-Warning": "4:field9:x"})
    assert adapter.account_in(warned) is None


@pytest.mark.parametrize("headers", [{}, {"X-Warning": "4:"}])
def test_a_warning_that_names_no_field_may_be_about_ours(adapter, headers):
    with pytest.raises(errors.Refused, match="does not name"):
        adapter.account_in(answer(200, {"warnings": [{"errorMessage": "x", "errorCode": 4}]}, **headers))


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, 1, errors.Refused),
        (401, 6, errors.Unauthorised),
        (403, 0, errors.Unauthorised),
        (404, 2, errors.Vanished),
        (429, 0, errors.RetryLater),
        (500, 0, errors.RetryLater),
        (503, 0, errors.RetryLater),
    ],
)
def test_refusals_are_of_the_target_family_with_icims_words(adapter, status, code, kind):
    refused = answer(status, {"errors": [{"errorMessage": "said so", "errorCode": code}]})
    for error in (adapter.error_from(refused), _raised(adapter, refused)):
        assert type(error) is kind
        assert (error.message, error.status) == ("said so", status)


def _raised(adapter: ICIMSWriteBack, response: Response) -> errors.TargetError:
    with pytest.raises(errors.TargetError) as caught:
        adapter.account_in(response)
    return caught.value


def test_a_used_up_day_waits_for_the_next(adapter):
    assert adapter.error_from(answer(429, **{"x-ratelimit-reset": "30000"})).retry_after == 30_000.0


def test_an_answer_without_words_is_told_by_its_status(adapter):
    for content in (None, [], {"errors": []}, {"errors": [{"errorMessage": 7}]}):
        assert adapter.error_from(answer(400, content)).message == "iCIMS answered with status 400."


def test_a_required_name_cannot_be_emptied(adapter, http):
    with pytest.raises(errors.Refused, match="lastname"):
        patched(adapter, http, 3, familyName=None)


def test_somebody_who_was_deleted_has_vanished(adapter, icims, http):
    icims.simulator.company.remove_person(3)
    with pytest.raises(errors.Vanished):
        adapter.account_in(send(http, adapter.update_request("3", {"givenName": "A"}, {}, None)))


def test_a_description_names_the_fields_that_this_customer_does_not_have(icims, http):
    assert ICIMSWriteBack(SETTINGS).describe(http).notes == ()
    odd = ICIMSWriteBack({**SETTINGS, "field_end_date": "field77"})
    assert odd.describe(http).notes == ("This customer has no field field77.",)


def test_an_update_is_a_patch_and_nothing_else(adapter):
    request = adapter.update_request("22", {"givenName": "Żółć"}, {}, None)
    assert request == Request(
        "PATCH",
        f"/customers/{CUSTOMER}/people/22",
        body='{"firstname":"Żółć"}'.encode(),
        headers=(("Accept", "application/json"), ("Content-Type", "application/json")),
    )
