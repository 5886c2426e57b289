"""The habits that the SCIM simulator can be asked for, as a caller meets them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.simulation import Server, serve
from app.vendors.scim.simulator import ScimSimulator
from tests.vendors.scim.test_simulator import Caller

MakeCaller = Callable[..., Caller]
GROUPS = "/Groups"


@pytest.fixture
def calling() -> Iterator[MakeCaller]:
    """A function that serves a simulator with this persona."""
    servers: list[Server] = []

    def make(persona: str = "", people: int = 0) -> Caller:
        simulator = ScimSimulator(persona=persona, people=people)
        servers.append(serve(simulator))
        return Caller(simulator, servers[-1].url)

    yield make
    for server in servers:
        server.stop()


def members(call: Caller, group_id: str) -> list[str]:
    return [entry["value"] for entry in call("GET", f"{GROUPS}/{group_id}").json().get("members", [])]


def group(call: Caller, *ids: str, name: str = "Ops") -> str:
    answer = call("POST", GROUPS, {"displayName": name, "members": [{"value": each} for each in ids]})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def change(call: Caller, group_id: str, *operations: dict[str, Any]) -> Any:
    return call("PATCH", f"{GROUPS}/{group_id}", {"Operations": list(operations)})


# --- groups ------------------------------------------------------------------------------------------------


def test_a_group_is_made_filtered_changed_renamed_and_deleted(calling: MakeCaller) -> None:
    call = calling()
    made = group(call, "a", "b")
    assert call("GET", GROUPS, filter='displayName eq "ops"').json()["totalResults"] == 1
    assert change(call, made, {"op": "add", "path": "members", "value": [{"value": "c"}, {"value": "a"}]}).ok
    assert change(call, made, {"op": "remove", "path": 'members[value eq "b"]'}).ok
    assert members(call, made) == ["a", "c"]
    assert change(call, made, {"op": "replace", "path": "displayName", "value": "Field"}).ok
    where = call("GET", f"{GROUPS}/{made}").json()
    assert (where["displayName"], where["meta"]["location"].endswith(f"{GROUPS}/{made}")) == ("Field", True)
    assert call("DELETE", f"{GROUPS}/{made}").status_code == 204
    assert call("GET", f"{GROUPS}/{made}").status_code == 404


def test_a_group_without_a_name_is_refused(calling: MakeCaller) -> None:
    assert calling()("POST", GROUPS, {"members": []}).status_code == 400


def test_a_removal_by_value_takes_everybody_out_unless_the_persona_knows_it(calling: MakeCaller) -> None:
    step = {"op": "remove", "path": "members", "value": [{"value": "a"}]}
    for persona, left in (("", []), ("remove-by-value", ["b"])):
        call = calling(persona)
        made = group(call, "a", "b")
        assert change(call, made, step).ok
        assert members(call, made) == left


@pytest.mark.parametrize("op", ["replace", "remove"])
def test_all_members_at_once_are_refused(calling: MakeCaller, op: str) -> None:
    call = calling("no-member-replace;remove-by-value")
    made = group(call, "a")
    assert change(call, made, {"op": op, "path": "members"}).status_code == 400
    assert call("PUT", f"{GROUPS}/{made}", {"displayName": "Ops", "members": []}).status_code == 400


def test_members_are_counted_known_unique_and_hidden_as_the_personas_say(calling: MakeCaller) -> None:
    call = calling("member-limit:size=2;known-members;unique-groups;hide-members", people=3)
    ids = [user["id"] for user in call.simulator.users()]
    made = group(call, *ids[:2])
    assert "members" not in call("GET", f"{GROUPS}/{made}").json()
    assert call("POST", GROUPS, {"displayName": "ops"}).status_code == 409
    three = [{"op": "add", "path": "members", "value": [{"value": each} for each in ids]}]
    assert change(call, made, *three).status_code == 400
    unknown = {"op": "add", "path": "members", "value": [{"value": "nobody"}]}
    assert change(call, made, unknown).status_code == 400


def test_without_groups_there_is_neither_end_point_nor_resource_type(calling: MakeCaller) -> None:
    call = calling("no-groups")
    assert call("GET", GROUPS).status_code == 404
    assert [each["id"] for each in call("GET", "/ResourceTypes").json()["Resources"]] == ["User"]
    assert len(calling()("GET", "/ResourceTypes").json()["Resources"]) == 2


# --- lists and filters -------------------------------------------------------------------------------------


def test_pages_by_cursor_lead_to_the_end_and_ignore_start_index(calling: MakeCaller) -> None:
    call = calling("cursor-paging:size=2", people=5)
    seen, cursor = [], ""
    for _ in range(3):
        page = call("GET", "/Users", cursor=cursor, count=2).json()
        assert "totalResults" not in page
        seen += [each["id"] for each in page["Resources"]]
        cursor = page.get("nextCursor", "")
    assert cursor == "" and seen == [user["id"] for user in call.simulator.users()]
    assert call("GET", "/Users", startIndex=4).json()["Resources"][0]["id"] == seen[0]
    assert call("GET", "/Users", cursor="forged").json()["scimType"] == "invalidCursor"
    assert call("GET", "/ServiceProviderConfig").json()["pagination"]["cursor"] is True


@pytest.mark.parametrize(
    ("persona", "query", "expected"),
    [
        ("no-paging", {"count": "1"}, (5, 5)),
        ("page-cap:size=1", {"count": "100"}, (1, 5)),
        ("page-total", {"count": "2"}, (2, 2)),
        ("lying-total:value=99", {"count": "2"}, (2, 99)),
        ("ignore-filters", {"filter": 'userName eq "nobody"'}, (5, 5)),
    ],
)
def test_lists_that_are_not_what_was_asked_for(
    calling: MakeCaller, persona: str, query: dict[str, str], expected: tuple[int, int]
) -> None:
    page = calling(persona, people=5)("GET", "/Users", **query).json()
    assert (len(page["Resources"]), page["totalResults"]) == expected


def test_filters_are_limited_required_and_compared_as_the_personas_say(calling: MakeCaller) -> None:
    limited = calling("filter-on:names=userName;filter-required")
    assert limited("GET", "/Users", filter='externalId eq "x"').status_code == 400
    assert limited("GET", "/Users").json()["scimType"] == "tooMany"
    for persona, found in (("", (0, 1)), ("filter-any-case", (1, 1)), ("filter-exact-case", (0, 0))):
        call = calling(persona)
        call.create("Maya", externalId="E-1")
        asked = [
            call("GET", "/Users", filter=text).json()["totalResults"]
            for text in ('externalId eq "e-1"', 'userName eq "maya"')
        ]
        assert tuple(asked) == found


# --- writing -----------------------------------------------------------------------------------------------

TITLE = {"op": "replace", "path": "title", "value": "CEO"}


@pytest.mark.parametrize(
    ("persona", "operations", "status"),
    [
        ("patch-limit:operations=1", [TITLE, TITLE], 400),
        ("one-pathless-attribute", [{"op": "replace", "value": {"title": "a", "nickName": "b"}}], 400),
        ("one-pathless-attribute", [{"op": "replace", "value": {"title": "a"}}], 200),
        ("clear-with:style=null", [{"op": "remove", "path": "title"}], 400),
        ("clear-with:style=remove", [{"op": "replace", "path": "title", "value": ""}], 400),
        ("clear-with:style=empty", [{"op": "replace", "value": {"title": None}}], 400),
        ("clear-with:style=empty", [{"op": "replace", "value": {"title": ""}}], 200),
        ("fixed-usernames", [{"op": "replace", "path": "userName", "value": "x"}], 400),
        ("fixed-emails", [{"op": "replace", "path": "emails", "value": [{"value": "x@example.com"}]}], 400),
        ("one-value", [{"op": "add", "path": "emails", "value": [{"value": "x@example.com"}]}], 400),
    ],
)
def test_a_patch_is_taken_or_refused(
    calling: MakeCaller, persona: str, operations: list[dict[str, Any]], status: int
) -> None:
    call = calling(persona)
    maya = call.create("maya", title="Engineer")
    assert call.patch(maya["id"], *operations).status_code == status


def test_a_deactivated_user_takes_no_change_but_its_re_activation(calling: MakeCaller) -> None:
    call = calling("frozen-when-inactive")
    maya = call.create("maya", active=False)
    assert call.patch(maya["id"], TITLE).status_code == 400
    assert (
        call.patch(maya["id"], {"op": "replace", "path": "active", "value": True}, TITLE).status_code == 200
    )


def test_a_protected_account_shows_its_role_and_cannot_be_changed(calling: MakeCaller) -> None:
    call = calling("protected-accounts:count=1", people=2)
    first, second = call.simulator.users()
    assert call("GET", f"/Users/{first['id']}").json()["roles"] == [{"value": "admin"}]
    assert call.patch(first["id"], TITLE).status_code == 403
    assert call.patch(second["id"], TITLE).status_code == 200


def test_an_address_of_somebody_else_is_refused_where_addresses_are_unique(calling: MakeCaller) -> None:
    call = calling("unique-emails")
    maya = call.create("maya")
    same = {"userName": "other", "emails": maya["emails"]}
    assert call("POST", "/Users", same).status_code == 409
    assert call("PUT", f"/Users/{maya['id']}", {"userName": "maya", "emails": maya["emails"]}).ok


def test_put_can_be_missing(calling: MakeCaller) -> None:
    call = calling("no-put")
    maya = call.create("maya")
    assert call("PUT", f"/Users/{maya['id']}", maya).status_code == 501


def test_reads_and_writes_have_limits_of_their_own(calling: MakeCaller) -> None:
    call = calling("rate-limit:writes=1,reads=2,burst=1")
    assert [call("POST", "/Users", {"userName": name}).status_code for name in "ab"] == [201, 429]
    answers = [call("GET", "/Users") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[-1].headers["Retry-After"]) >= 1
