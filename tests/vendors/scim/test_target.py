"""The SCIM target against scim2-server (PyPI) over HTTP, and against our simulator in its worse moods."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from app.outbound import OutboundSession
from app.provisioning import errors
from app.provisioning.adapter import Account, Capabilities, Request, TargetAdapter, send
from app.provisioning.fields import FIELDS
from app.simulation import serve
from app.vendors.scim.simulator import ScimSimulator
from app.vendors.scim.target import ScimTarget
from scim.resources import ENTERPRISE, USER
from tests.vendors.scim.stage import MINIMAL, VALUES, body_of, session

#: Employment itself is for systems that keep it (write-back), not for accounts.
ACCOUNT_FIELDS = {name: row for name, row in FIELDS.items() if row.group != "employment"}

PUT_ONLY = {"capabilities": Capabilities(patch=False).to_settings()}


@pytest.fixture(params=["patch", "array", "path-less", "put"])
def target(request: pytest.FixtureRequest) -> ScimTarget:
    """The target in each way of writing an update."""
    adapter = ScimTarget(PUT_ONLY if request.param == "put" else {})
    if request.param == "array":
        adapter.profile = replace(adapter.profile, multi_valued="array")
    if request.param == "path-less":
        adapter.profile = replace(adapter.profile, patch_form="path-less", clear_with="null")
    return adapter


def done(adapter: ScimTarget, http: OutboundSession, request: Request) -> Account | None:
    return adapter.account_in(send(http, request))


def created(
    http: OutboundSession,
    values: dict[str, str | bool] | None = None,
    *,
    external_id: str = "e-1",
    **more: Any,
) -> Account:
    """An account with these values; `more` are members that were put there by somebody else."""
    adapter = ScimTarget({})
    document = json.loads(adapter.create_request(values or VALUES, external_id).body or b"") | more
    account = adapter.account_in(
        http.call("POST", "/Users", body=json.dumps(document).encode(), headers=_SCIM)
    )
    assert account is not None
    return account


_SCIM = (("Content-Type", "application/scim+json"),)


def update(
    adapter: ScimTarget,
    http: OutboundSession,
    account: Account,
    changed: dict[str, Any],
    values: dict[str, str | bool] | None = None,
) -> Account:
    """The account as it is at the target after the update."""
    before = account if adapter.needs_account_for_update(changed) else None
    done(adapter, http, adapter.update_request(account.remote_id, changed, values or VALUES, before))
    after = adapter.fetch(http, account.remote_id)
    assert after is not None
    return after


# --- creating and reading ----------------------------------------------------------------------------------


def test_it_is_a_target_adapter() -> None:
    adapter: TargetAdapter = ScimTarget({})
    assert adapter.supported_fields == frozenset(ACCOUNT_FIELDS)
    assert (adapter.auth_header, adapter.auth_prefix) == ("Authorization", "Bearer ")


def test_a_created_account_reads_back_exactly_as_it_was_sent(http: OutboundSession) -> None:
    account = created(http)
    assert account.values == VALUES
    assert (account.email, account.user_name) == ("maya.okafor@example.com", "maya.okafor")
    assert (account.active, account.external_id, account.protected) == (True, "e-1", None)
    assert ScimTarget({}).fetch(http, account.remote_id) == account


def test_a_create_names_schemas_user_name_external_id_and_the_primary_work_email() -> None:
    request = ScimTarget({}).create_request(MINIMAL | {"department": "Ops"}, "e-1")
    assert (request.method, request.path, request.query) == ("POST", "/Users", ())
    assert dict(request.headers)["Content-Type"] == "application/scim+json"
    assert body_of(request) == {
        "schemas": [USER, ENTERPRISE],
        "userName": "maya.okafor",
        "externalId": "e-1",
        "name": {"givenName": "Maya"},
        "active": True,
        "emails": [{"type": "work", "primary": True, "value": "maya.okafor@example.com"}],
        ENTERPRISE: {"department": "Ops"},
    }


def test_the_same_values_give_the_same_bytes() -> None:
    adapter = ScimTarget({})
    shuffled = dict(reversed(VALUES.items()))
    assert adapter.create_request(VALUES, "e").body == adapter.create_request(shuffled, "e").body


def test_an_unknown_account_is_none(http: OutboundSession) -> None:
    assert ScimTarget({}).fetch(http, "nobody/../Users") is None


# --- updating ----------------------------------------------------------------------------------------------


def test_an_email_is_renamed_and_the_user_name_is_not(http: OutboundSession, target: ScimTarget) -> None:
    private = {
        "emails": [
            {"type": "work", "value": VALUES["workEmail"], "primary": True},
            {"type": "home", "value": "m@h.example"},
        ]
    }
    account = created(http, None, **private)
    values = VALUES | {"workEmail": "m.ito@example.com", "userName": "m.ito"}

    after = update(target, http, account, {"workEmail": "m.ito@example.com"}, values)

    assert after.email == "m.ito@example.com"
    assert after.user_name == "maya.okafor"
    assert {"type": "home", "value": "m@h.example"} in after.raw["emails"]
    assert len(after.raw["emails"]) == 2


@pytest.mark.parametrize("field", [name for name in ACCOUNT_FIELDS if name not in ("userName", "active")])
def test_every_field_can_be_changed_alone(http: OutboundSession, target: ScimTarget, field: str) -> None:
    account = created(http)
    value = "new@example.com" if field == "workEmail" else "99"
    after = update(target, http, account, {field: value}, VALUES | {field: value})
    assert after.values == VALUES | {field: value}


@pytest.mark.parametrize("field", [name for name, row in ACCOUNT_FIELDS.items() if not row.fixed])
def test_every_optional_field_can_be_cleared_alone(
    http: OutboundSession, target: ScimTarget, field: str
) -> None:
    account = created(http)
    left = {name: value for name, value in VALUES.items() if name != field}
    cleared = {"workPhone", "workPhoneExtension"} if field == "workPhone" else {field}
    changed = dict.fromkeys(cleared)

    after = update(target, http, account, changed, {n: v for n, v in left.items() if n not in cleared})

    assert after.values == {name: value for name, value in left.items() if name not in cleared}


def test_everything_can_be_cleared_at_once(http: OutboundSession, target: ScimTarget) -> None:
    account = created(http)
    optional = [name for name, row in ACCOUNT_FIELDS.items() if not row.fixed]
    after = update(
        target, http, account, dict.fromkeys(optional), {k: VALUES[k] for k in VALUES if k not in optional}
    )
    assert set(after.values) == {"active", "workEmail", "userName"}


def test_everything_can_be_added_to_a_bare_account(http: OutboundSession, target: ScimTarget) -> None:
    account = created(
        http, {"active": True, "workEmail": "maya.okafor@example.com", "userName": "maya.okafor"}
    )
    changed = {name: value for name, value in VALUES.items() if not FIELDS[name].fixed}
    assert update(target, http, account, changed).values == VALUES


def test_entries_that_we_do_not_map_stay(http: OutboundSession, target: ScimTarget) -> None:
    fax = {"type": "fax", "value": "555-0199"}
    billing = {"type": "other", "locality": "Berne", "formatted": "x"}
    account = created(
        http,
        MINIMAL,
        phoneNumbers=[fax, {"type": "work", "value": "1"}],
        addresses=[billing],
        nickName="May",
        roles=[{"value": "staff"}],
    )
    changed = {"workPhone": "555-0100", "homeCity": "Springfield", "title": "CEO"}

    after = update(target, http, account, changed, MINIMAL | changed)

    assert fax in after.raw["phoneNumbers"]
    assert billing in after.raw["addresses"]
    assert (after.raw["nickName"], after.raw["roles"]) == ("May", [{"value": "staff"}])
    assert after.values == MINIMAL | changed


def test_several_entries_of_a_type_are_told_apart(http: OutboundSession, target: ScimTarget) -> None:
    old = {"type": "home", "value": "555-0001"}
    account = created(
        http, MINIMAL, phoneNumbers=[old, {"type": "home", "value": "555-0002", "primary": True}]
    )
    assert account.values["homePhone"] == "555-0002"

    after = update(target, http, account, {"homePhone": "555-0003"}, MINIMAL | {"homePhone": "555-0003"})

    assert after.values["homePhone"] == "555-0003"
    assert old in after.raw["phoneNumbers"]


def test_an_email_without_type_is_the_work_email(http: OutboundSession, target: ScimTarget) -> None:
    account = created(http, MINIMAL, emails=[{"value": "maya.okafor@example.com"}])
    assert account.email == "maya.okafor@example.com"
    after = update(target, http, account, {"workEmail": "m@example.com"}, MINIMAL)
    assert [entry["value"] for entry in after.raw["emails"]] == ["m@example.com"]


def test_the_extension_of_a_phone_survives_a_new_number_when_we_never_sent_one(
    http: OutboundSession, target: ScimTarget
) -> None:
    account = created(http, MINIMAL | {"workPhone": "555-0100", "workPhoneExtension": "12"})
    after = update(target, http, account, {"workPhone": "555-0111"}, MINIMAL | {"workPhone": "555-0111"})
    assert (after.values["workPhone"], after.values["workPhoneExtension"]) == ("555-0111", "12")


def test_a_new_entry_gets_all_that_belongs_into_it(http: OutboundSession, target: ScimTarget) -> None:
    account = created(http, MINIMAL)
    values = MINIMAL | {"homeCity": "Springfield", "homeState": "Ohio"}
    after = update(target, http, account, {"homeCity": "Springfield"}, values)
    assert after.values == values


def test_suspending_and_activating_change_nothing_else(http: OutboundSession, target: ScimTarget) -> None:
    account = created(http)
    before = account if target.needs_account_for_activation else None
    done(target, http, target.activation_request(account.remote_id, False, before))
    suspended = target.fetch(http, account.remote_id)
    assert suspended is not None
    assert (suspended.active, dict(suspended.values)) == (False, VALUES | {"active": False})

    done(target, http, target.activation_request(account.remote_id, True, suspended if before else None))
    assert target.fetch(http, account.remote_id) == replace(
        account, raw=(target.fetch(http, account.remote_id) or account).raw
    )


def test_a_suspend_is_one_operation_on_active_alone() -> None:
    request = ScimTarget({}).activation_request("a/b", False, None)
    assert (request.method, request.path) == ("PATCH", "/Users/a%2Fb")
    assert body_of(request)["Operations"] == [{"op": "replace", "path": "active", "value": False}]


def test_an_update_by_put_keeps_a_suspend_that_was_sent_before_it(http: OutboundSession) -> None:
    put = ScimTarget(PUT_ONLY)
    account = created(http)
    done(put, http, put.activation_request(account.remote_id, False, account))
    request = put.update_request(account.remote_id, {"title": "CEO"}, VALUES, replace(account, active=False))
    done(put, http, request)
    after = put.fetch(http, account.remote_id)
    assert after is not None
    assert (after.active, after.values["title"]) == (False, "CEO")


def test_a_patch_never_names_the_user_name_and_a_put_sends_back_the_one_that_is_there(
    http: OutboundSession,
) -> None:
    account = created(http)
    changed = {"userName": "other", "title": "CEO"}
    patch = ScimTarget({}).update_request(account.remote_id, changed, VALUES | {"userName": "other"}, account)
    assert b"userName" not in (patch.body or b"")
    put = ScimTarget(PUT_ONLY).update_request(
        account.remote_id, changed, VALUES | {"userName": "other"}, account
    )
    assert body_of(put)["userName"] == "maya.okafor"
    assert "meta" not in body_of(put)


def test_a_patch_has_one_operation_for_each_value() -> None:
    account = ScimTarget({}).account_from({"id": "1", "emails": [{"type": "Work", "value": "a@example.com"}]})
    changed = {"title": "CEO", "middleName": None, "workEmail": "b@example.com", "department": "Ops"}
    request = ScimTarget({}).update_request("1", changed, MINIMAL, account)
    assert body_of(request)["Operations"] == [
        {"op": "replace", "path": 'emails[type eq "Work"].value', "value": "b@example.com"},
        {"op": "remove", "path": "name.middleName"},
        {"op": "replace", "path": "title", "value": "CEO"},
        {"op": "replace", "path": f"{ENTERPRISE}:department", "value": "Ops"},
    ]


def test_simple_attributes_need_no_account_to_be_patched() -> None:
    patch, put = ScimTarget({}), ScimTarget(PUT_ONLY)
    assert not patch.needs_account_for_update({"title": "x", "department": None, "active": False})
    assert patch.needs_account_for_update({"workCity": "x"})
    assert put.needs_account_for_update({"title": "x"})
    assert (patch.needs_account_for_activation, put.needs_account_for_activation) == (False, True)


# --- finding and listing -----------------------------------------------------------------------------------


def test_an_account_is_found_by_external_id_and_by_email_once(http: OutboundSession) -> None:
    account = created(http)
    created(http, MINIMAL | {"userName": "b", "workEmail": "b@example.com"}, external_id="e-2")
    found = ScimTarget({}).find(http, external_id="e-1", email="MAYA.Okafor@Example.com")
    assert [a.remote_id for a in found] == [account.remote_id]


def test_two_keys_may_hit_two_accounts(http: OutboundSession) -> None:
    created(http)
    created(http, MINIMAL | {"userName": "b", "workEmail": "b@example.com"}, external_id="e-2")
    found = ScimTarget({}).find(http, external_id="e-2", email="maya.okafor@example.com")
    assert {a.external_id for a in found} == {"e-1", "e-2"}


def test_a_private_address_is_no_match(http: OutboundSession) -> None:
    created(
        http,
        MINIMAL,
        emails=[{"type": "home", "value": "x@example.com"}, {"type": "work", "value": "w@example.com"}],
    )
    assert ScimTarget({}).find(http, external_id=None, email="x@example.com") == []


def test_quotes_in_keys_do_not_break_the_filter(http: OutboundSession) -> None:
    assert ScimTarget({}).find(http, external_id='a"b\\', email='"o neil"@example.com') == []


def test_rule_21_all_accounts_are_listed_page_by_page(http: OutboundSession) -> None:
    for number in range(7):
        created(
            http,
            MINIMAL | {"userName": f"u{number}", "workEmail": f"u{number}@example.com"},
            external_id=str(number),
        )
    adapter = ScimTarget({"capabilities": Capabilities(page_size=3).to_settings()})
    assert sorted(a.user_name or "" for a in adapter.list_accounts(http)) == [f"u{n}" for n in range(7)]


def test_describe_reads_the_service_provider_config(http: OutboundSession) -> None:
    assert ScimTarget({}).describe(http) == Capabilities(patch=True, filter=True, page_size=100)


def test_a_taken_user_name_is_a_conflict(http: OutboundSession) -> None:
    created(http)
    adapter = ScimTarget({})
    with pytest.raises(errors.Conflict) as caught:
        done(adapter, http, adapter.create_request(MINIMAL, "e-9"))
    assert (caught.value.status, caught.value.outcome) == (409, "conflict")
    assert caught.value.exchange is not None


def test_a_wrong_token_is_unauthorised(http: OutboundSession) -> None:
    other = session(http.base_url, "wrong")
    for ask in (
        lambda: list(ScimTarget({}).list_accounts(other)),
        lambda: ScimTarget({}).find(other, external_id="x", email=None),
        lambda: ScimTarget({}).fetch(other, "1"),
    ):
        with pytest.raises(errors.Unauthorised) as caught:
            ask()
        assert caught.value.outcome == "unauthorised"


def test_a_wrong_url_says_so(http: OutboundSession) -> None:
    with pytest.raises(errors.Unintelligible, match="URL"):
        list(ScimTarget({}).list_accounts(session(http.base_url + "/nowhere", "token-1")))


# --- less careful providers --------------------------------------------------------------------------------


def simulated(faults: str, people: int = 0) -> Any:
    return serve(ScimSimulator(people=people, faults=faults))


def to(server: Any) -> OutboundSession:
    return session(server.url + "/scim/v2", "simulator-key")


@pytest.mark.parametrize("persona", ["ignore-filters", "refuse-filters", "page-cap:size=50"])
def test_people_are_found_where_filters_are_ignored_or_refused(persona: str) -> None:
    with simulated(persona, people=120) as server:
        http = to(server)
        account = created(http)
        found = ScimTarget({}).find(http, external_id="e-1", email="maya.okafor@example.com")
        assert [a.remote_id for a in found] == [account.remote_id]


def test_a_provider_without_patch_is_described_and_written_by_put() -> None:
    with simulated("no-patch") as server:
        http = to(server)
        capabilities = ScimTarget({}).describe(http)
        adapter = ScimTarget({"capabilities": capabilities.to_settings()})
        account = created(http)
        assert update(adapter, http, account, {"title": "CEO"}).values["title"] == "CEO"


def test_a_provider_without_discovery_is_taken_as_the_profile_assumes() -> None:
    with simulated("no-discovery") as server:
        capabilities = ScimTarget({}).describe(to(server))
    assert capabilities.patch
    assert "404" in capabilities.notes[0]


def test_rule_21_a_total_that_lies_makes_an_incomplete_listing() -> None:
    with simulated("lying-total", people=30) as server, pytest.raises(errors.IncompleteListing):
        list(ScimTarget({}).list_accounts(to(server)))


@pytest.mark.parametrize(
    ("fault", "kind", "code"),
    [
        ("429:retry_after=7", errors.RetryLater, "rate_limited"),
        ("503:retry_after=7", errors.RetryLater, "server_error"),
        ("500", errors.RetryLater, "server_error"),
        ("403", errors.Unauthorised, "unauthorised"),
        ("422", errors.Refused, "refused"),
        ("404", errors.Vanished, "vanished"),
        ("html", errors.Unintelligible, "not_json"),
        ("redirect:to=http://127.0.0.1:9/", errors.Unintelligible, "redirected"),
        ("drop-after-commit", errors.RetryLater, "connection_broken"),
        ("half-body", errors.RetryLater, "incomplete_body"),
    ],
)
def test_rule_21_a_bad_answer_to_a_write_is_classified(
    fault: str, kind: type[errors.TargetError], code: str
) -> None:
    adapter = ScimTarget({})
    selected = fault + ("," if ":" in fault else ":") + "method=POST"
    with simulated(selected) as server, pytest.raises(errors.TargetError) as caught:
        done(adapter, to(server), adapter.create_request(VALUES, "e-1"))
    assert (type(caught.value), caught.value.code) == (kind, code)
    if "retry_after" in fault:
        assert caught.value.retry_after == 7.0


def test_an_id_that_would_climb_out_of_the_endpoint_is_no_account() -> None:
    with pytest.raises(errors.Unintelligible):
        ScimTarget({}).account_from({"id": ".."})


def test_an_account_with_an_administrators_role_is_protected() -> None:
    account = ScimTarget({}).account_from({"id": "1", "roles": [{"value": "Admin"}]})
    assert account.protected == "the account has the role Admin"


@pytest.mark.parametrize(
    ("stored", "active"), [("False", False), ("true", True), (None, True), (False, False)]
)
def test_active_is_read_however_it_is_written(stored: Any, active: bool) -> None:
    assert ScimTarget({}).account_from({"id": "1", "active": stored}).active is active


# --- profiles ----------------------------------------------------------------------------------------------


def test_the_jumpcloud_profile_has_its_key_header_and_writes_the_division_as_company() -> None:
    adapter = ScimTarget({"profile": "jumpcloud"})
    assert (adapter.auth_header, adapter.auth_prefix) == ("x-api-key", "")
    body = body_of(adapter.create_request(VALUES, "e-1"))
    assert body[ENTERPRISE]["organization"] == body[ENTERPRISE]["division"] == "North"
    assert body["phoneNumbers"][0]["value"] == "+1-555-0100 x12"
    assert adapter.account_from(body | {"id": "1"}).values == VALUES


def test_places_that_should_agree_and_do_not_are_a_difference() -> None:
    adapter = ScimTarget({"profile": "jumpcloud"})
    account = adapter.account_from({"id": "1", ENTERPRISE: {"organization": "North", "division": "South"}})
    assert account.values["division"] == "North / South"


def test_an_unknown_profile_is_named_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="aws, generic, github, google, jumpcloud"):
        ScimTarget({"profile": "acme"})
