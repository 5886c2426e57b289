"""The generic SCIM simulator, over real HTTP, and judged by scim2-client and scim2-tester."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
import requests
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

from app.simulation import serve
from app.vendors.scim.simulator import ScimSimulator

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


class Caller:
    """A simulator, served, with a session that has its key."""

    def __init__(self, simulator: ScimSimulator, url: str) -> None:
        self.simulator = simulator
        self.url = url + simulator.base
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {simulator.key}"

    def __call__(self, method: str, path: str, body: Any = None, **query: Any) -> requests.Response:
        return self.session.request(method, self.url + path, json=body, params=query)

    def create(self, user_name: str, /, **members: Any) -> dict[str, Any]:
        document = {
            "userName": user_name,
            "emails": [{"type": "work", "value": f"{user_name}@example.com"}],
            **members,
        }
        answer = self("POST", "/Users", document)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def patch(self, user_id: str, *operations: dict[str, Any]) -> requests.Response:
        return self("PATCH", f"/Users/{user_id}", {"Operations": list(operations)})


@pytest.fixture
def call() -> Iterator[Caller]:
    simulator = ScimSimulator()
    with serve(simulator) as server:
        yield Caller(simulator, server.url)


def test_a_missing_or_wrong_key_is_401(call: Caller) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"x-api-key": call.simulator.key}):
        answer = requests.get(call.url + "/Users", headers=headers)
        assert (answer.status_code, answer.json()["status"]) == (401, "401")
        assert "WWW-Authenticate" in answer.headers


def test_a_user_is_created_read_replaced_and_deleted(call: Caller) -> None:
    created = call.create("maya", title="Engineer", password="canary-password")
    assert "password" not in created
    where = created["meta"]["location"]
    assert call.session.get(where).json() == created
    replaced = call("PUT", f"/Users/{created['id']}", {"userName": "maya", "active": False}).json()
    assert (replaced["active"], "title" in replaced) == (False, False)
    assert call("DELETE", f"/Users/{created['id']}").status_code == 204
    assert call("GET", f"/Users/{created['id']}").status_code == 404


def test_a_user_name_is_unique_in_any_case_and_free_after_delete(call: Caller) -> None:
    created = call.create("maya")
    refused = call("POST", "/Users", {"userName": "MAYA"})
    assert (refused.status_code, refused.json()["scimType"]) == (409, "uniqueness")
    call("DELETE", f"/Users/{created['id']}")
    call.create("MAYA")


def test_fifty_equal_creates_at_once_make_one_user(call: Caller) -> None:
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        codes = list(
            pool.map(
                lambda _: (
                    requests.post(
                        call.url + "/Users", json={"userName": "one"}, headers=dict(call.session.headers)
                    ).status_code
                ),
                range(50),
            )
        )
    assert (codes.count(201), codes.count(409)) == (1, 49)


@pytest.mark.parametrize(
    "text",
    [
        'userName eq "MAYA"',
        'emails.value eq "maya@example.com"',
        'emails eq "maya@example.com"',
        'emails[type eq "work"].value eq "Maya@example.com"',
        'emails[type eq "work" and value eq "maya@example.com"] pr',
        'externalId eq "e-1" and active eq true',
        'title eq "Chief \\"Engineer\\""',
        "title pr",
        f'{ENTERPRISE}:department eq "Ops"',
        'name.givenName eq "maya" and userName eq "maya"',
    ],
)
def test_filters_find_the_one_user(call: Caller, text: str) -> None:
    call.create("noah", externalId="E-1")
    maya = call.create(
        "maya",
        externalId="e-1",
        title='Chief "Engineer"',
        name={"givenName": "Maya"},
        **{ENTERPRISE: {"department": "Ops"}},
    )
    found = call("GET", "/Users", filter=text).json()
    assert [user["id"] for user in found["Resources"]] == [maya["id"]]
    assert found["totalResults"] == 1


@pytest.mark.parametrize(
    "text", ['userName co "x"', "userName", 'userName eq "a" or userName eq "b"', 'userName eq "a']
)
def test_other_filters_are_refused(call: Caller, text: str) -> None:
    refused = call("GET", "/Users", filter=text)
    assert (refused.status_code, refused.json()["scimType"]) == (400, "invalidFilter")


def test_lists_are_paged_from_one(call: Caller) -> None:
    call.simulator.seed_people(25)
    seen = [
        user["id"]
        for start in (1, 11, 21, 31)
        for user in call("GET", "/Users", startIndex=start, count=10).json()["Resources"]
    ]
    assert len(seen) == len(set(seen)) == 25
    assert call("GET", "/Users", count=0).json()["totalResults"] == 25


def test_patch_operations_change_only_what_they_name(call: Caller) -> None:
    maya = call.create(
        "maya", phoneNumbers=[{"type": "work", "value": "1"}, {"type": "work_fax", "value": "2"}]
    )
    changed = call.patch(
        maya["id"],
        {"op": "Replace", "path": 'phoneNumbers[type eq "work"].value', "value": "9"},
        {"op": "add", "path": 'emails[type eq "home"].value', "value": "home@example.org"},
        {"op": "replace", "path": f"{ENTERPRISE}:department", "value": "Ops"},
        {"op": "add", "path": "name.givenName", "value": "Maya"},
        {"op": "replace", "value": {"active": "False", "title": "Lead", "name.familyName": "Okafor"}},
    ).json()
    assert changed["phoneNumbers"] == [{"type": "work", "value": "9"}, {"type": "work_fax", "value": "2"}]
    assert {"type": "home", "value": "home@example.org"} in changed["emails"]
    assert changed[ENTERPRISE] == {"department": "Ops"}
    assert ENTERPRISE in changed["schemas"]
    assert (changed["active"], changed["title"], changed["name"]) == (
        False,
        "Lead",
        {"givenName": "Maya", "familyName": "Okafor"},
    )
    cleared = call.patch(
        maya["id"],
        {"op": "remove", "path": "title"},
        {"op": "remove", "path": 'phoneNumbers[type eq "work"]'},
        {"op": "remove", "path": ENTERPRISE},
    ).json()
    assert ("title" in cleared, cleared["phoneNumbers"], ENTERPRISE in cleared) == (
        False,
        [{"type": "work_fax", "value": "2"}],
        False,
    )


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'{"Operations": []}', b'{"Operations": [{"op": "turn", "path": "title"}]}']
)
def test_a_malformed_patch_is_400(call: Caller, body: bytes) -> None:
    maya = call.create("maya")
    assert call.session.patch(f"{call.url}/Users/{maya['id']}", data=body).status_code == 400


def with_faults(call: Caller, spec: str) -> Caller:
    call.simulator.plan_faults(spec)
    return call


def test_the_page_cap_holds_whatever_count_says(call: Caller) -> None:
    call.simulator.seed_people(120)
    with_faults(call, "page-cap:size=50")
    assert [
        call("GET", "/Users", startIndex=start, count=1000).json()["itemsPerPage"] for start in (1, 51, 101)
    ] == [50, 50, 20]


def test_ignored_filters_answer_everybody(call: Caller) -> None:
    call.simulator.seed_people(3)
    with_faults(call, "ignore-filters")
    assert call("GET", "/Users", filter='userName eq "nobody"').json()["totalResults"] == 3


def test_without_uniqueness_both_users_are_found(call: Caller) -> None:
    with_faults(call, "no-uniqueness")
    call.create("maya")
    call.create("maya")
    assert call("GET", "/Users", filter='userName eq "maya"').json()["totalResults"] == 2


def test_personas_of_writing(call: Caller) -> None:
    maya = call.create("maya", title="Lead")
    off = {"op": "replace", "path": "active", "value": False}
    with_faults(call, "ignore-active")
    assert (
        call.patch(maya["id"], off).status_code,
        call("GET", f"/Users/{maya['id']}").json()["active"],
    ) == (200, True)
    with_faults(call, "no-patch")
    assert call.patch(maya["id"], off).status_code == 501
    assert call("GET", "/ServiceProviderConfig").json()["patch"] == {"supported": False}
    with_faults(call, "ignore-writes")
    assert call("PUT", f"/Users/{maya['id']}", {"userName": "maya"}).json()["title"] == "Lead"
    with_faults(call, "quiet-patch")
    assert (
        call.patch(maya["id"], off).status_code,
        call("GET", f"/Users/{maya['id']}").json()["active"],
    ) == (204, False)
    with_faults(call, "pathless-patch-only")
    assert call.patch(maya["id"], off).status_code == 400
    assert call.patch(maya["id"], {"op": "replace", "value": {"active": True}}).status_code == 200


def test_personas_of_reading(call: Caller) -> None:
    call.create("m.aya", externalId="e-1")
    with_faults(call, "lying-total:value=7")
    assert call("GET", "/Users").json()["totalResults"] == 7
    with_faults(call, "refuse-filters")
    assert call("GET", "/Users", filter='userName eq "maya"').status_code == 400
    with_faults(call, "no-start-index")
    assert call("GET", "/Users", startIndex=99).json()["itemsPerPage"] == 1
    with_faults(call, "no-discovery")
    assert call("GET", "/Schemas").status_code == 404
    with_faults(call, "no-external-id;rewrite-usernames")
    created = call.create("N.Oah", externalId="e-2")
    assert (created["userName"], "externalId" in created) == ("noah", False)


def test_users_can_be_changed_by_hand_from_another_process(call: Caller) -> None:
    control = call.url.removesuffix("/scim/v2") + "/_simulator"
    added = requests.post(control + "/users", json={"userName": "by.hand"}).json()
    requests.patch(f"{control}/users/{added['id']}", json={"title": "Hand", "active": False})
    assert call("GET", "/Users", filter='userName eq "by.hand"').json()["Resources"][0]["title"] == "Hand"
    assert [user["id"] for user in requests.get(control + "/users").json()] == [added["id"]]
    assert requests.delete(f"{control}/users/{added['id']}").ok
    assert requests.patch(f"{control}/users/{added['id']}", json={}).status_code == 404


@pytest.fixture
def scim_client() -> Iterator[SyncSCIMClient]:
    simulator = ScimSimulator()
    headers = {"Authorization": f"Bearer {simulator.key}"}
    with (
        serve(simulator) as server,
        httpx2.Client(base_url=server.url + simulator.base, headers=headers) as http,
    ):
        client = SyncSCIMClient(http)
        client.discover()
        yield client


def test_scim2_client_discovers_creates_and_finds(scim_client: SyncSCIMClient) -> None:
    model: Any = scim_client.get_resource_model("User")
    created: Any = scim_client.create(model(user_name="maya"))
    found: Any = scim_client.query(model, query_parameters={"filter": 'userName eq "maya"'})
    assert [user.id for user in found.resources] == [created.id]


def test_scim2_tester_finds_no_error(scim_client: SyncSCIMClient) -> None:
    results = check_server(scim_client)
    assert len(results) > 50
    failed = [each for each in results if each.status in (Status.ERROR, Status.CRITICAL)]
    assert [(each.title, each.reason) for each in failed] == []
