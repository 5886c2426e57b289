"""The JumpCloud target against the JumpCloud simulator over HTTP (vendors.md §6)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from app.outbound import AddressPolicy, OutboundSession
from app.provisioning import errors
from app.provisioning.adapter import Account, Request, TargetAdapter, send
from app.provisioning.fields import FIELDS, difference
from app.simulation import Server, serve
from app.vendors.jumpcloud.listing import Listing
from app.vendors.jumpcloud.simulator import DEFAULT_KEY, REST_BASE, JumpCloudSimulator
from app.vendors.jumpcloud.target import JumpCloudTarget

#: Employment itself is for systems that keep it (write-back), not for accounts.
ACCOUNT_FIELDS = {name: row for name, row in FIELDS.items() if row.group != "employment"}

TARGET = JumpCloudTarget({})
VALUES: dict[str, str | bool] = {
    "givenName": "Maya",
    "familyName": "Okafor",
    "active": True,
    "workEmail": "maya.okafor@example.com",
    "userName": "maya.okafor",
    "displayName": "May Okafor",
    "middleName": "A",
    "employeeNumber": "1001",
    "title": "Field Engineer",
    "division": "North",
    "department": "Operations",
    "location": "Dayton",
    "workCountry": "United States",
    "workStreet": "1 Main St",
    "workCity": "Dayton",
    "workState": "Ohio",
    "workPostalCode": "45402",
    "workPhone": "555-0101",
    "workPhoneExtension": "12",
    "homePhone": "555-0103",
    "mobilePhone": "555-0102",
    "homeStreet": "12 Larch Road",
    "homeCity": "Springfield",
    "homeState": "Ohio",
    "homePostalCode": "45501",
    "homeCountry": "United States",
}
MINIMAL: dict[str, str | bool] = {
    "active": True,
    "workEmail": "maya.okafor@example.com",
    "userName": "maya.okafor",
    "givenName": "Maya",
}


@pytest.fixture
def simulator() -> JumpCloudSimulator:
    return JumpCloudSimulator()


@pytest.fixture
def http(simulator: JumpCloudSimulator) -> Iterator[OutboundSession]:
    with serve(simulator) as server:
        yield to(server)


def to(server: Server, key: str = DEFAULT_KEY) -> OutboundSession:
    policy = AddressPolicy(allow_private=True)
    return OutboundSession(server.url + REST_BASE, headers={TARGET.auth_header: key}, policy=policy)


def done(http: OutboundSession, request: Request) -> Account:
    account = TARGET.account_in(send(http, request))
    assert account is not None
    return account


def created(http: OutboundSession, values: dict[str, str | bool] | None = None) -> Account:
    return done(http, TARGET.create_request(values or VALUES, "e-1"))


def update(
    http: OutboundSession,
    account: Account,
    changed: dict[str, Any],
    values: dict[str, str | bool] | None = None,
) -> Account:
    before = account if TARGET.needs_account_for_update(changed) else None
    done(http, TARGET.update_request(account.remote_id, changed, values or VALUES, before))
    after = TARGET.fetch(http, account.remote_id)
    assert after is not None
    return after


def body_of(request: Request) -> Any:
    return json.loads(request.body or b"null")


# --- creating and reading ----------------------------------------------------------------------------------


def test_it_is_a_target_adapter() -> None:
    adapter: TargetAdapter = TARGET
    assert adapter.supported_fields == frozenset(ACCOUNT_FIELDS)
    assert (adapter.auth_header, adapter.auth_prefix) == ("x-api-key", "")


def test_a_created_account_reads_back_exactly_as_it_was_sent(http: OutboundSession) -> None:
    account = created(http)
    assert account.values == VALUES
    assert (account.email, account.user_name) == ("maya.okafor@example.com", "maya.okafor")
    assert (account.active, account.protected) == (True, None)
    assert TARGET.fetch(http, account.remote_id) == account


def test_a_create_has_the_members_of_the_vendors_table() -> None:
    request = TARGET.create_request(VALUES, "e-1")
    assert (request.method, request.path) == ("POST", "/systemusers")
    assert body_of(request) == {
        "firstname": "Maya",
        "lastname": "Okafor",
        "state": "ACTIVATED",
        "email": "maya.okafor@example.com",
        "username": "maya.okafor",
        "displayname": "May Okafor",
        "middlename": "A",
        "employeeIdentifier": "1001",
        "jobTitle": "Field Engineer",
        "company": "North",
        "department": "Operations",
        "location": "Dayton",
        "addresses": [
            {
                "type": "work",
                "country": "United States",
                "streetAddress": "1 Main St",
                "locality": "Dayton",
                "region": "Ohio",
                "postalCode": "45402",
            },
            {
                "type": "home",
                "country": "United States",
                "streetAddress": "12 Larch Road",
                "locality": "Springfield",
                "region": "Ohio",
                "postalCode": "45501",
            },
        ],
        "phoneNumbers": [
            {"type": "work", "number": "555-0101 x12"},
            {"type": "home", "number": "555-0103"},
            {"type": "mobile", "number": "555-0102"},
        ],
    }


def test_a_bare_person_needs_no_arrays() -> None:
    assert body_of(TARGET.create_request(MINIMAL, "e-1")) == {
        "firstname": "Maya",
        "state": "ACTIVATED",
        "email": "maya.okafor@example.com",
        "username": "maya.okafor",
    }


def test_two_street_lines_become_one_and_are_no_difference_afterwards(http: OutboundSession) -> None:
    values = VALUES | {"homeStreet": "12 Larch Road\nApt 3"}
    account = created(http, values)
    assert account.values["homeStreet"] == "12 Larch Road Apt 3"
    assert difference(values, account.values, values) == {}


def test_an_unknown_account_is_none(http: OutboundSession) -> None:
    assert TARGET.fetch(http, "65f0a1b2c3d4e5f601020399") is None


# --- updating ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "field", [name for name in ACCOUNT_FIELDS if name not in ("userName", "active", "manager")]
)
def test_every_field_can_be_changed_alone(http: OutboundSession, field: str) -> None:
    account = created(http)
    value = "new@example.com" if field == "workEmail" else "99"
    after = update(http, account, {field: value}, VALUES | {field: value})
    assert after.values == VALUES | {field: value}


@pytest.mark.parametrize("field", [name for name, row in ACCOUNT_FIELDS.items() if not row.fixed])
def test_every_optional_field_can_be_cleared_alone(http: OutboundSession, field: str) -> None:
    account = created(http)
    cleared = {"workPhone", "workPhoneExtension"} if field == "workPhone" else {field}
    left = {name: value for name, value in VALUES.items() if name not in cleared}
    assert update(http, account, dict.fromkeys(cleared), left).values == left


def test_a_manager_is_named_by_the_id_of_the_account_and_taken_away_again(http: OutboundSession) -> None:
    boss = created(http)
    values = MINIMAL | {"workEmail": "noah@example.com", "userName": "noah"}
    account = created(http, values)
    named = update(http, account, {"manager": boss.remote_id}, values | {"manager": boss.remote_id})
    assert named.values["manager"] == boss.remote_id
    assert "manager" not in update(http, named, {"manager": None}, values).values


def test_entries_that_we_do_not_map_are_sent_back_untouched(
    http: OutboundSession, simulator: JumpCloudSimulator
) -> None:
    record = simulator.add_user(
        {
            "username": "maya.okafor",
            "email": "maya.okafor@example.com",
            "phoneNumbers": [{"type": "work_fax", "number": "1"}, {"type": "work", "number": "2"}],
            "addresses": [{"type": "other", "locality": "Berne", "poBox": "7"}],
            "attributes": [{"name": "shoe", "value": "44"}],
        }
    )
    [account] = TARGET.find(http, external_id=None, email="maya.okafor@example.com")
    changed = {"workPhone": "555-0101", "homeCity": "Springfield"}

    after = update(http, account, changed, MINIMAL | changed).raw

    assert record["phoneNumbers"][0] in after["phoneNumbers"]
    assert record["addresses"][0] in after["addresses"]
    assert after["attributes"] == record["attributes"]
    assert [entry["type"] for entry in after["phoneNumbers"]] == ["work_fax", "work"]


def test_a_put_has_only_the_members_that_change_and_never_the_user_name(http: OutboundSession) -> None:
    account = created(http)
    changed = {"title": "CEO", "userName": "other", "middleName": None, "employeeNumber": None}
    request = TARGET.update_request(account.remote_id, changed, VALUES, None)
    assert (request.method, request.path) == ("PUT", f"/systemusers/{account.remote_id}")
    assert body_of(request) == {"jobTitle": "CEO", "middlename": "", "employeeIdentifier": None}


def test_arrays_can_only_be_written_by_someone_who_has_read_them() -> None:
    assert TARGET.needs_account_for_update({"homeCity": "x"})
    assert TARGET.needs_account_for_update({"workPhoneExtension": None})
    assert not TARGET.needs_account_for_update({"title": "x", "active": False, "workEmail": "a@b"})
    with pytest.raises(ValueError, match="account"):
        TARGET.update_request("1", {"homeCity": "x"}, VALUES, None)


def test_the_extension_of_a_phone_survives_a_new_number_when_we_never_sent_one(http: OutboundSession) -> None:
    account = created(http, MINIMAL | {"workPhone": "555-0100", "workPhoneExtension": "12"})
    after = update(http, account, {"workPhone": "555-0111"}, MINIMAL | {"workPhone": "555-0111"})
    assert (after.values["workPhone"], after.values["workPhoneExtension"]) == ("555-0111", "12")


def test_suspending_and_activating_send_the_state_alone(http: OutboundSession) -> None:
    account = created(http)
    request = TARGET.activation_request(account.remote_id, False, None)
    assert body_of(request) == {"state": "SUSPENDED"}
    assert not done(http, request).active
    assert done(http, TARGET.activation_request(account.remote_id, True, None)).active


@pytest.mark.parametrize(
    ("record", "active"),
    [
        ({"state": "ACTIVATED", "suspended": True}, True),
        ({"state": "SUSPENDED", "suspended": False}, False),
        ({"state": "STAGED"}, True),
        ({"suspended": True}, False),
        ({}, True),
    ],
)
def test_the_state_decides_and_suspended_is_the_older_way(record: dict[str, Any], active: bool) -> None:
    assert TARGET.account_from({"_id": "1"} | record).active is active


# --- finding and listing -----------------------------------------------------------------------------------


def test_a_suspended_account_with_another_user_name_is_found_by_email_in_any_case(
    http: OutboundSession, simulator: JumpCloudSimulator
) -> None:
    record = simulator.add_user(
        {"username": "okafor", "email": "Maya.Okafor@example.com", "state": "SUSPENDED"}
    )
    [account] = TARGET.find(http, external_id="e-1", email="maya.OKAFOR@example.com")
    assert (account.remote_id, account.user_name, account.active) == (record["_id"], "okafor", False)


def test_nobody_is_found_by_a_user_name(http: OutboundSession) -> None:
    created(http)
    assert TARGET.find(http, external_id=None, email="maya.okafor@other.example") == []
    assert TARGET.find(http, external_id="e-1", email=None) == []


def test_all_accounts_are_listed_100_a_page(http: OutboundSession, simulator: JumpCloudSimulator) -> None:
    simulator.seed_people(250)
    found = [account.remote_id for account in TARGET.list_accounts(http)]
    assert found == [record["_id"] for record in simulator.users()]
    lists = [call for call in simulator.log if call.method == "GET"]
    assert [call.query["skip"] for call in lists] == ["0", "100", "200"]
    assert {call.query["sort"] for call in lists} == {"_id"}


def test_protected_accounts_say_why(http: OutboundSession) -> None:
    protected = {a.user_name: a.protected for a in TARGET.list_accounts(http)}
    assert protected == {
        "sysadmin": "the account is a sudo user",
        "keyowner": "the account belongs to a JumpCloud administrator",
    }


def test_describe_asks_for_one_account(http: OutboundSession, simulator: JumpCloudSimulator) -> None:
    assert TARGET.describe(http).page_size == 100
    assert [call.query["limit"] for call in simulator.log] == ["1"]


def test_the_employee_id_can_be_kept_in_an_attribute(http: OutboundSession) -> None:
    adapter = JumpCloudTarget({"external_id_attribute": "rollcallId"})
    account = adapter.account_in(send(http, adapter.create_request(VALUES, "e-1")))
    assert account is not None
    assert account.external_id == "e-1"
    assert TARGET.account_from(account.raw).external_id is None


def test_the_organization_of_a_multi_tenant_admin_goes_with_every_request() -> None:
    adapter = JumpCloudTarget({"organization_id": "65f0a1b2c3d4e5f601020300"})
    request = adapter.create_request(VALUES, "e-1")
    assert ("x-org-id", "65f0a1b2c3d4e5f601020300") in request.headers
    with pytest.raises(ValueError, match="organization_id"):
        JumpCloudTarget({"organization_id": "a\r\nb"})


# --- a list that cannot be trusted -------------------------------------------------------------------------


def pages(*answers: dict[str, Any]) -> Listing:
    left = iter(answers)
    return Listing(lambda skip: next(left))


def page(*ids: str, total: int | None) -> dict[str, Any]:
    return {"results": [{"_id": each} for each in ids], "totalCount": total}


@pytest.mark.parametrize(
    "answers",
    [
        [page("a", "b", total=3), page(total=3)],
        [page("a", "b", total=4), page("a", "b", total=4)],
        [page("a", "b", total=4), page("c", total=3)],
        [page("a", "b", total=4), page("b", "c", total=4)],
    ],
    ids=["ends early", "repeats", "shrinks", "overlaps"],
)
def test_a_list_that_does_not_add_up_is_incomplete(answers: list[dict[str, Any]]) -> None:
    with pytest.raises(errors.IncompleteListing):
        list(pages(*answers))


def test_a_list_that_grows_or_is_capped_is_complete() -> None:
    assert len(list(pages(page("a", total=2), page("b", total=3), page("c", total=3)))) == 3
    assert list(pages(page(total=0))) == []


@pytest.mark.parametrize("answer", [[], {}, {"results": [{}]}, {"results": "x"}])
def test_something_that_is_no_list_is_unintelligible(answer: Any) -> None:
    with pytest.raises(errors.Unintelligible):
        list(Listing(lambda skip: answer))


# --- errors ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("taken", "code"),
    [
        ({"username": "maya.okafor", "email": "other@example.com"}, "user_name_taken"),
        ({"username": "other", "email": "maya.okafor@example.com"}, "email_taken"),
        (
            {"username": "other", "email": "o@example.com", "employeeIdentifier": "1001"},
            "employee_number_taken",
        ),
    ],
)
def test_a_duplicate_is_a_conflict_although_its_status_is_400(
    http: OutboundSession, simulator: JumpCloudSimulator, taken: dict[str, str], code: str
) -> None:
    simulator.add_user(taken)
    with pytest.raises(errors.Conflict) as caught:
        created(http)
    assert (caught.value.code, caught.value.status, caught.value.outcome) == (code, 400, "conflict")


@pytest.mark.parametrize(
    "message",
    [
        "Username already exists",
        "The email has already been taken",
        "Duplicate value",
        "email must be unique",
    ],
)
def test_duplicates_are_known_by_many_words(message: str, http: OutboundSession) -> None:
    response = http.call("GET", "/nothing")
    said = type(response)(400, response.headers, json.dumps({"message": message}).encode(), response.exchange)
    assert isinstance(TARGET.error_from(said), errors.Conflict)


def test_bad_data_is_refused_with_the_vendors_words(http: OutboundSession) -> None:
    with pytest.raises(errors.Refused, match="username must start with a letter") as caught:
        created(http, VALUES | {"userName": "1 2"})
    assert not caught.value.may_have_been_processed


def test_a_wrong_key_is_unauthorised(simulator: JumpCloudSimulator) -> None:
    with serve(simulator) as server, pytest.raises(errors.Unauthorised):
        list(TARGET.list_accounts(to(server, "wrong")))


@pytest.mark.parametrize(
    ("fault", "kind", "code"),
    [
        ("429:retry_after=7", errors.RetryLater, "rate_limited"),
        ("503", errors.RetryLater, "server_error"),
        ("403", errors.Unauthorised, "unauthorised"),
        ("404", errors.Vanished, "vanished"),
        ("html", errors.Unintelligible, "not_json"),
        ("half-body", errors.RetryLater, "incomplete_body"),
        ("drop-after-commit", errors.RetryLater, "connection_broken"),
    ],
)
def test_a_bad_answer_is_classified(fault: str, kind: type[errors.TargetError], code: str) -> None:
    with serve(JumpCloudSimulator(faults=fault)) as server, pytest.raises(errors.TargetError) as caught:
        created(to(server))
    assert (type(caught.value), caught.value.code) == (kind, code)
    assert caught.value.may_have_been_processed is (fault not in ("429:retry_after=7", "403", "404"))


def test_an_update_of_an_account_that_is_gone_has_vanished(http: OutboundSession) -> None:
    with pytest.raises(errors.Vanished):
        done(http, TARGET.activation_request("65f0a1b2c3d4e5f601020399", False, None))
