"""Connecting a target step by step: nothing is sent before somebody says go."""

from __future__ import annotations

from collections.abc import Callable

from app.access.tenants import Tenant
from app.database import reading
from app.provisioning import targets, ticks
from app.provisioning.targets import Target
from app.simulation import Server, serve
from app.vendors.jumpcloud.simulator import JumpCloudSimulator
from app.vendors.scim.simulator import ScimSimulator
from tests.web.console.browser import Browser, Page
from tests.web.console.targets.conftest import KEY
from tests.web.console.targets.forms import Forms, arrival, send

ADDRESS = "/targets/connect/jumpcloud/address"


def only_target(tenant: Tenant) -> Target:
    """The tenant's one target."""
    with reading() as connection:
        (found,) = targets.listed(connection, tenant.id)
    return found


def writes(simulator: JumpCloudSimulator) -> list[str]:
    """The methods and paths of the requests that write and look nobody up."""
    return [
        f"{call.method} {call.path}"
        for call in simulator.log.calls()
        if call.method in ("POST", "PUT", "PATCH", "DELETE") and "search" not in call.path
    ]


def test_step_by_step_until_people_arrive(
    signed_in: Browser,
    tenant: Tenant,
    jumpcloud: Server,
    simulator: JumpCloudSimulator,
    hire: Callable[..., str],
) -> None:
    hire("Maya")
    hire("Noah", "Becker")
    hire("Leila", email=None)
    page = signed_in.page("/targets")
    assert "People are pushed nowhere yet" in page.text
    page = signed_in.page(page.links("connect")["Connect: JumpCloud"])
    assert "API key" in page.text
    assert page.links("need")["I have these: go on"] == ADDRESS
    answer = send(signed_in, ADDRESS, name="accounts", url=f"{jumpcloud.url}/api", token=KEY)
    target = only_target(tenant)
    at = f"/targets/{target.id}"
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{at}/checks")
    assert (target.state, target.name) == ("paused", "accounts")
    page = signed_in.page(f"{at}/checks")
    assert "It works" in page.text and "OK It takes the key" in page.text
    assert KEY not in signed_in.get(f"{at}/checks").text

    for step, next_step in (
        ("fields/change", "settings/change"),
        ("settings/change", "schedule"),
        ("schedule", "review"),
    ):
        answer = send(signed_in, f"{at}/{step}")
        assert (answer.status_code, answer.headers["Location"]) == (303, f"{at}/{next_step}"), step
    answer = send(signed_in, f"{at}/review")
    assert answer.headers["Location"] == f"{at}/review"
    page = signed_in.page(f"{at}/review")
    assert "2 get an account" in page.text and "1 wait for something" in page.text
    lines = {row[0]: row[1] for row in page.rows("lines")}
    assert lines == {
        "Maya Okafor (maya@acme.example)": "Gets an account",
        "Noah Becker (noah@acme.example)": "Gets an account",
        "Leila Okafor (leila)": "Waiting",
    }
    assert writes(simulator) == []

    answer = send(signed_in, f"{at}/start", how="go")
    assert answer.headers["Location"] == at
    assert only_target(tenant).is_active
    ticks.run(tenant.id, target.id)
    assert sorted(writes(simulator)) == ["POST /api/systemusers"] * 2
    page = signed_in.page(at)
    assert page.links("links") == {} or "2" in page.text
    assert "No work e-mail address yet" in page.text


def test_wrong_input_is_said_at_its_field_and_what_was_typed_stays(
    signed_in: Browser, tenant: Tenant, connect: Callable[..., Target]
) -> None:
    connect("taken")
    wrong = (
        ({"url": "not an address", "token": "t"}, "not an address"),
        ({"url": "https://accounts.example", "token": ""}, "paste it here"),
        ({"url": "https://accounts.example", "token": "two\nlines"}, "one line of printable ASCII"),
        ({"url": "https://accounts.example", "token": "t", "name": "taken"}, "choose another name"),
        ({"url": "https://accounts.example", "token": "t", "name": ""}, "Give it a name."),
        ({"url": "https://accounts.example", "token": "t", "auth_header": "a b"}, "name of an HTTP header"),
        ({"url": "https://accounts.example", "token": "t", "own_organization_id": "?"}, "24 letters"),
    )
    for typed, complaint in wrong:
        answer = send(signed_in, ADDRESS, **{"name": "mine", **typed})
        assert answer.status_code == 422, typed
        assert complaint in answer.text, typed
        assert "--" not in Page(answer.text).text and "rollcall target" not in answer.text
        shown = Forms(answer.text).by_action[ADDRESS]
        assert shown["url"] == [typed["url"]] and shown["token"] == [""], typed
    assert only_target(tenant).name == "taken"


def test_a_refused_key_and_a_silent_address_are_named_checks(
    signed_in: Browser, tenant: Tenant, jumpcloud: Server, connect: Callable[..., Target]
) -> None:
    refused = connect("refused", token="wrong", paused=True)
    page = signed_in.page(f"/targets/{refused.id}/checks")
    assert "It does not work yet" in page.text
    assert "OK It is reached" in page.text and "Failed It takes the key" in page.text
    assert "Not asked People can be read" in page.text
    silent = connect("silent", url="http://127.0.0.1:9/api", paused=True)
    page = signed_in.page(f"/targets/{silent.id}/checks")
    assert "Failed It is reached" in page.text and "Not asked It takes the key" in page.text


def test_one_may_leave_and_come_back_to_the_step_that_is_next(
    signed_in: Browser, connect: Callable[..., Target]
) -> None:
    target = connect(paused=True)
    at = f"/targets/{target.id}"
    where = [arrival(signed_in, f"{at}/set-up")]
    for step in ("fields/change", "settings/change", "review"):
        send(signed_in, f"{at}/{step}")
        where.append(arrival(signed_in, f"{at}/set-up"))
    assert where == [f"{at}/checks", f"{at}/settings/change", f"{at}/review", f"{at}/start"]
    assert f"{at}/set-up" in signed_in.page("/targets").links("targets").values()
    assert f"{at}/set-up" in signed_in.page("/targets/connect/jumpcloud").links("drafts").values()


def test_a_change_of_the_settings_puts_the_preview_away(
    signed_in: Browser, tenant: Tenant, connect: Callable[..., Target], hire: Callable[..., str]
) -> None:
    hire("Maya")
    target = connect(paused=True)
    at = f"/targets/{target.id}"
    send(signed_in, f"{at}/review")
    assert "1 get an account" in signed_in.page(f"{at}/review").text
    send(signed_in, f"{at}/settings/change", inactive="keep")
    assert "Nothing was worked out yet" in signed_in.page(f"{at}/review").text
    assert only_target(tenant).settings["inactive"] == "keep"


def test_a_preview_of_a_target_that_does_not_answer_says_why(
    signed_in: Browser, connect: Callable[..., Target], hire: Callable[..., str]
) -> None:
    hire("Maya")
    target = connect(token="wrong", paused=True)
    answer = send(signed_in, f"/targets/{target.id}/review")
    assert answer.status_code == 502
    assert "There is no preview" in answer.text and "could not be read" in answer.text


def test_who_is_not_ready_leaves_it_paused(
    signed_in: Browser, tenant: Tenant, connect: Callable[..., Target]
) -> None:
    target = connect(paused=True)
    send(signed_in, f"/targets/{target.id}/start", how="wait")
    assert not only_target(tenant).is_active
    assert "The set-up is not finished" in signed_in.page(f"/targets/{target.id}").text
    send(signed_in, f"/targets/{target.id}/start", how="go")
    assert only_target(tenant).is_active
    assert arrival(signed_in, f"/targets/{target.id}/start") == f"/targets/{target.id}"


def test_write_back_is_switched_on_at_its_source(signed_in: Browser) -> None:
    page = signed_in.page("/targets/connect/icims")
    assert "Connect the source first" in page.links("need")
    assert arrival(signed_in, "/targets/connect/icims/address") == "/targets/connect/icims"
    assert signed_in.get("/targets/connect/nothing").status_code == 404


def test_scim_offers_the_systems_that_we_know(signed_in: Browser, tenant: Tenant) -> None:
    address = "/targets/connect/scim/address"
    assert "AWS IAM Identity Center" in signed_in.get(address).text
    send(signed_in, address, url="https://scim.example/v2", token="t", own_profile="jumpcloud", name="jc")
    target = only_target(tenant)
    assert (target.settings["profile"], target.auth_header) == ("jumpcloud", "x-api-key")


def test_a_profile_that_fits_better_is_taken_over_with_a_click(signed_in: Browser, tenant: Tenant) -> None:
    with serve(ScimSimulator(people=5, persona="cursor-paging")) as server:
        send(signed_in, "/targets/connect/scim/address", url=f"{server.url}/scim/v2", token=KEY, name="s")
        target = only_target(tenant)
        checks = f"/targets/{target.id}/checks"
        assert "Another profile fits better" in signed_in.page(checks).text
        answer = send(signed_in, checks, f"/targets/{target.id}/suit")
        assert answer.headers["Location"] == checks
        assert "Another profile fits better" not in signed_in.page(checks).text
    assert only_target(tenant).settings["paging"] == "cursor"
