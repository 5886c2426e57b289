"""Each profile, and each member of one, against the simulator playing that vendor."""

from __future__ import annotations

import json

import pytest

from app.provisioning import errors
from app.provisioning.fields import FIELDS
from app.provisioning.policies import SETTINGS
from app.simulation import FaultSpecError
from app.vendors.scim import profile
from app.vendors.scim.personas import VENDORS
from app.vendors.scim.simulator import ScimSimulator
from app.vendors.scim.target import ScimTarget
from scim.resources import ENTERPRISE
from tests.vendors.scim.stage import MINIMAL, VALUES, Make, body_of

# --- every vendor ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(VENDORS))
def test_a_persons_life_is_written_as_the_vendor_takes_it(far: Make, name: str) -> None:
    target = far(name)
    wanted = target.kept(VALUES)
    rewritten = {} if not target.adapter.profile.user_name_rewritten else {"userName": "mayaokafor"}

    account = target.create(VALUES)
    assert account.values == wanted | rewritten
    [found] = target.adapter.find(target.http, external_id="e-1", email=VALUES["workEmail"])
    assert found.remote_id == account.remote_id

    changes = {
        n: v + "9" for n, v in wanted.items() if isinstance(v, str) and n not in ("userName", "workEmail")
    }
    after = target.update(account, changes, wanted | changes)
    assert after.values == wanted | rewritten | changes

    optional = dict.fromkeys(
        n for n in changes if not FIELDS[n].fixed and n not in ("givenName", "familyName")
    )
    cleared = target.update(after, optional, {n: v for n, v in wanted.items() if n not in optional})
    assert not set(optional) & set(cleared.values)

    suspended = target.update(cleared, {"active": False}, {})
    assert suspended.active is False
    back = target.update(suspended, {"active": True, "givenName": "Mia"}, wanted | {"givenName": "Mia"})
    assert (back.active, back.values["givenName"]) == (True, "Mia")


@pytest.mark.parametrize("name", list(VENDORS))
def test_somebody_who_is_there_already_is_found_by_the_work_email(far: Make, name: str) -> None:
    target = far(name, people=250)
    somebody = target.simulator.users()[240]
    email = somebody["emails"][0]["value"]
    if target.adapter.profile_defaults.get("user_name") == "email":
        target.simulator.change_user(somebody["id"], {"userName": email})
    [found] = target.adapter.find(target.http, external_id="nobody", email=email.upper())
    assert (found.remote_id, found.email) == (somebody["id"], email)


@pytest.mark.parametrize("name", sorted(VENDORS.keys() - {"google"}))
def test_everybody_is_listed_within_the_vendors_pages(far: Make, name: str) -> None:
    target = far(name, people=250)
    accounts = list(target.adapter.list_accounts(target.http))
    assert len({account.remote_id for account in accounts}) == len(accounts) == 250
    assert len(target.calls()) == -(-250 // target.adapter.profile.page_size)


def test_where_nobody_is_listed_without_a_filter_a_listing_is_incomplete_and_costs_no_call(far: Make) -> None:
    target = far("google", people=3)
    with pytest.raises(errors.IncompleteListing, match="lists nobody without a filter"):
        list(target.adapter.list_accounts(target.http))
    assert target.adapter.find(target.http, external_id="e-1", email=None) == []
    assert target.calls() == []


def test_a_list_is_read_once_for_many_look_ups_where_it_cannot_be_filtered_by_email(far: Make) -> None:
    target = far("aws", people=150)
    for number in range(20):
        assert (
            target.adapter.find(target.http, external_id=f"e-{number}", email=f"nobody{number}@x.example")
            == []
        )
    lists = [call for call in target.simulator.log if "cursor" in call.query and "filter" not in call.query]
    assert len(lists) == 2


def test_an_account_found_in_a_list_read_before_is_read_afresh(far: Make) -> None:
    target = far("aws", people=3)
    somebody = target.simulator.users()[1]
    email = somebody["emails"][0]["value"]
    assert len(target.adapter.find(target.http, external_id=None, email=email)) == 1
    target.simulator.change_user(somebody["id"], {"title": "Changed meanwhile"})
    [found] = target.adapter.find(target.http, external_id=None, email=email)
    assert found.values["title"] == "Changed meanwhile"
    target.simulator.change_user(somebody["id"], {"emails": [{"type": "work", "value": "other@example.com"}]})
    assert target.adapter.find(target.http, external_id=None, email=email) == []


def test_where_not_even_our_own_accounts_can_be_looked_up_every_look_reads_the_list(far: Make) -> None:
    target = far("generic", persona="refuse-filters", filterable="none")
    target.create(VALUES)
    for _ in range(3):
        assert len(target.adapter.find(target.http, external_id="e-1", email=VALUES["workEmail"])) == 1
    assert len(target.calls()) == 6


# --- single members ----------------------------------------------------------------------------------------


def test_pages_by_cursor_end_where_there_is_no_further_cursor(far: Make) -> None:
    target = far("aws", people=201)
    assert len(list(target.adapter.list_accounts(target.http))) == 201
    asked = [call.query["cursor"] for call in target.simulator.log]
    assert asked[0] == "" and len(set(asked)) == 3


def test_a_list_by_index_of_a_provider_that_only_knows_cursors_is_incomplete(far: Make) -> None:
    target = far("generic", persona="aws", people=201)
    with pytest.raises(errors.IncompleteListing):
        list(target.adapter.list_accounts(target.http))


@pytest.mark.parametrize(
    "lie", ["page-cap:size=1", "lying-total", "page-total", "no-start-index", "cursor-paging"]
)
def test_a_list_without_paging_is_whole_or_incomplete_never_short(far: Make, lie: str) -> None:
    target = far("generic", persona=lie, people=30, paging="none")
    try:
        accounts = list(target.adapter.list_accounts(target.http))
    except errors.IncompleteListing:
        return
    assert len(accounts) == 30


def test_a_cursor_that_comes_back_is_an_incomplete_list(far: Make) -> None:
    target = far("generic", persona="page-cap:size=10", people=30, paging="cursor")
    with pytest.raises(errors.IncompleteListing, match="stopped giving"):
        list(target.adapter.list_accounts(target.http))


def test_more_operations_than_allowed_are_written_attribute_by_attribute(far: Make) -> None:
    target = far("generic", persona="patch-limit:operations=9", operations="9")
    account = target.create(VALUES)
    changes = {n: f"{v}9" for n, v in VALUES.items() if n not in ("active", "userName", "workEmail")}
    request = target.adapter.update_request(account.remote_id, changes, VALUES | changes, account)
    assert len(body_of(request)["Operations"]) <= 9
    target.done(request)
    after = target.adapter.fetch(target.http, account.remote_id)
    assert after is not None and after.values == VALUES | changes


def test_what_is_cleared_within_a_complex_attribute_is_cleared_though_operations_are_few(far: Make) -> None:
    target = far("generic", persona="patch-limit:operations=3", operations="3")
    account = target.create(VALUES)
    changes = {"middleName": None, "givenName": "Mia", "familyName": "Ito", "title": "CEO"}
    left = {n: v for n, v in VALUES.items() if n != "middleName"} | {k: v for k, v in changes.items() if v}
    assert target.update(account, changes, left).values == left


def test_where_one_value_is_kept_only_the_work_entries_are_sent(far: Make) -> None:
    target = far("aws")
    assert {"homePhone", "mobilePhone", "homeCity"}.isdisjoint(target.adapter.supported_fields)
    body = body_of(target.adapter.create_request(VALUES, "e-1"))
    assert [len(body[name]) for name in ("emails", "phoneNumbers", "addresses")] == [1, 1, 1]


def test_where_one_value_is_kept_ours_takes_the_place_of_another(far: Make) -> None:
    target = far("aws")
    added = target.simulator.add_user(
        {
            "userName": "m",
            "emails": [{"value": "m@example.com"}],
            "phoneNumbers": [{"type": "home", "value": "1"}],
        }
    )
    account = target.adapter.fetch(target.http, added["id"])
    assert account is not None and "workPhone" not in account.values
    after = target.update(account, {"workPhone": "2"}, MINIMAL | {"workPhone": "2"})
    assert after.raw["phoneNumbers"] == [{"type": "work", "value": "2"}]


def test_a_re_activation_comes_before_the_changes_that_need_it(far: Make) -> None:
    adapter = far("launchdarkly").adapter
    request = adapter.update_request("1", {"givenName": "Mia", "active": True}, {}, None)
    assert [step["path"] for step in body_of(request)["Operations"]] == ["active", "name.givenName"]
    assert adapter.freezes_inactive and not ScimTarget({}).freezes_inactive


@pytest.mark.parametrize("style", profile.CHOICES["clear_with"])
def test_attributes_are_cleared_in_the_style_of_the_profile(far: Make, style: str) -> None:
    target = far("generic", persona=f"clear-with:style={style}", clear_with=style)
    account = target.create(VALUES)
    left = {n: v for n, v in VALUES.items() if n not in ("title", "department", "middleName")}
    assert target.update(account, dict.fromkeys(("title", "department", "middleName")), left).values == left


def test_headers_of_the_profile_go_with_every_request(far: Make) -> None:
    target = far("github")
    target.http.headers.pop("User-Agent")
    target.create(VALUES)
    assert {call.headers.get("User-Agent") for call in target.simulator.log} == {"Rollcall"}


def test_a_vendor_that_wants_a_user_agent_refuses_a_request_without_one(far: Make) -> None:
    target = far("generic", persona="github")
    target.http.headers["User-Agent"] = ""
    with pytest.raises(errors.Unauthorised):
        target.create(VALUES)


def test_an_empty_object_in_answer_to_a_patch_is_no_account(far: Make) -> None:
    target = far("google")
    account = target.create(VALUES)
    assert target.done(target.adapter.activation_request(account.remote_id, False, account)) is None


def test_an_email_that_cannot_change_is_create_only_by_default() -> None:
    assert ScimTarget({"email_mutable": "no"}).profile_defaults["create_only"] == ["workEmail"]
    assert "create_only" not in ScimTarget({}).profile_defaults


def test_a_rate_limited_vendor_refuses_writes_above_its_burst_and_says_how_long_to_wait(far: Make) -> None:
    target = far("slack", persona="rate-limit:writes=1,burst=2")
    for number in range(2):
        target.create(
            {**MINIMAL, "userName": f"u{number}", "workEmail": f"u{number}@example.com"}, f"e-{number}"
        )
    with pytest.raises(errors.RetryLater) as refused:
        target.create(MINIMAL)
    assert refused.value.status == 429
    assert refused.value.retry_after is not None and 1 <= refused.value.retry_after <= 60
    assert target.adapter.profile_defaults["burst"] <= 20
    assert target.adapter.profile_defaults["rate"] <= 180 / 60


def test_a_user_name_that_the_target_rewrites_is_never_written_again(far: Make) -> None:
    target = far("slack")
    account = target.create(VALUES)
    assert account.user_name == "mayaokafor"
    request = target.adapter.update_request(
        account.remote_id, {"userName": "x", "title": "CEO"}, VALUES, None
    )
    assert "userName" not in json.dumps(body_of(request))


# --- the files ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", profile.names())
def test_a_profile_says_where_its_facts_come_from_and_which_are_none(name: str) -> None:
    found = profile.load(name)
    assert found.sources and found.label
    assert set(found.unverified) <= set(profile.Profile.__slots__)
    assert {"active", "workEmail", "userName", "givenName", "familyName"} <= found.places.keys()
    assert found.defaults.keys() <= SETTINGS.keys() | {"burst"}


def test_a_profile_names_no_member_that_a_target_has_as_a_setting_of_its_own() -> None:
    assert not profile.ADJUSTABLE.keys() & SETTINGS.keys()


def test_a_target_may_have_members_otherwise_than_its_profile() -> None:
    adapter = ScimTarget(
        {"profile": "aws", "page_size": "50", "single_values": "emails=work", "filterable": "externalId"}
    )
    found = adapter.profile
    assert (found.page_size, found.single_values, found.filterable) == (
        50,
        {"emails": "work"},
        {"externalId"},
    )
    assert "homePhone" in adapter.supported_fields
    assert found.paging == "cursor"


@pytest.mark.parametrize(
    "wrong", [{"paging": "pages"}, {"page_size": "-1"}, {"lists_all": "maybe"}, {"operations": "many"}]
)
def test_a_member_that_is_wrong_is_named(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ScimTarget(wrong)


def test_an_unknown_vendor_or_habit_is_refused() -> None:
    with pytest.raises(FaultSpecError, match="nonsense"):
        ScimSimulator(persona="nonsense")


def test_a_persona_stays_whatever_fault_plan_follows(far: Make) -> None:
    target = far("google", people=1)
    target.simulator.plan_faults("500:nth=99")
    assert target.simulator.persona("filter-required") is not None
    assert target.simulator.faults.spec == "500:nth=99"


def test_two_values_for_one_place_are_written_to_both() -> None:
    body = body_of(ScimTarget({"profile": "jumpcloud"}).create_request(VALUES, "e-1"))
    assert body[ENTERPRISE]["organization"] == body[ENTERPRISE]["division"]
