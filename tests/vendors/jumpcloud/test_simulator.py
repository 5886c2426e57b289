"""The JumpCloud simulator over real HTTP: REST v1, and the SCIM view of the same accounts."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from app.simulation import serve
from app.vendors.jumpcloud.simulator import ORGANIZATION, JumpCloudSimulator

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


class Caller:
    """A served simulator and a session that has its key."""

    def __init__(self, simulator: JumpCloudSimulator, url: str) -> None:
        self.simulator = simulator
        self.root = url
        self.session = requests.Session()
        self.session.headers["x-api-key"] = simulator.key

    def __call__(self, method: str, path: str, body: Any = None, **query: Any) -> requests.Response:
        return self.session.request(method, self.root + path, json=body, params=query)

    def create(self, username: str, **members: Any) -> dict[str, Any]:
        answer = self(
            "POST", "/api/systemusers", {"username": username, "email": f"{username}@example.com", **members}
        )
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def put(self, user_id: str, **members: Any) -> requests.Response:
        return self("PUT", f"/api/systemusers/{user_id}", members)

    def scim(self, method: str, path: str, body: Any = None, **query: Any) -> requests.Response:
        return self(method, f"{self.simulator.scim_base}{path}", body, **query)


@pytest.fixture
def call() -> Iterator[Caller]:
    simulator = JumpCloudSimulator(protected=False)
    with serve(simulator) as server:
        yield Caller(simulator, server.url)


def message(answer: requests.Response) -> str:
    assert answer.status_code == 400
    return str(answer.json()["message"])


@pytest.mark.parametrize("headers", [{}, {"x-api-key": "wrong"}, {"Authorization": "Bearer simulator-key"}])
@pytest.mark.parametrize("path", ["/api/systemusers", "/api/v2/scim/Users"])
def test_only_the_key_header_is_accepted(call: Caller, path: str, headers: dict[str, str]) -> None:
    assert requests.get(call.root + path, headers=headers).status_code == 401


@pytest.mark.parametrize(
    ("organization", "status"), [(ORGANIZATION, 200), ("0" * 24, 404), ("nonsense", 400)]
)
def test_the_organisation_header_is_optional_but_checked(
    call: Caller, organization: str, status: int
) -> None:
    answer = call.session.get(call.root + "/api/systemusers", headers={"x-org-id": organization})
    assert answer.status_code == status


def test_ten_are_listed_unless_more_are_asked_for(call: Caller) -> None:
    call.simulator.seed_people(250)
    page = call("GET", "/api/systemusers").json()
    assert (len(page["results"]), page["totalCount"]) == (10, 250)
    seen = [
        user["_id"]
        for skip in (0, 100, 200, 300)
        for user in call("GET", "/api/systemusers", limit=100, skip=skip, sort="_id").json()["results"]
    ]
    assert len(seen) == len(set(seen)) == 250


def test_a_limit_above_100_is_an_error_not_a_clamp(call: Caller) -> None:
    assert message(call("GET", "/api/systemusers", limit=101)) == (
        'Bad Request: request parameter "limit" exceeds maximum value of 100'
    )
    assert "limit" in message(call("POST", "/api/search/systemusers", {"limit": 500}))


def test_sorting_and_fields(call: Caller) -> None:
    for name, department in (("b", "x"), ("a", "x"), ("c", "y")):
        call.create(name, department=department)
    found = call("GET", "/api/systemusers", sort="-department username", fields="username department").json()[
        "results"
    ]
    assert [user["username"] for user in found] == ["c", "a", "b"]
    assert found[0].keys() == {"_id", "username", "department"}


@pytest.mark.parametrize(
    "asked",
    [
        {"filter": "email:$eq:MAYA@example.com"},
        {"filter": ["department:$eq:Ops", "username:$ne:noah"]},
        {"search": "may"},
    ],
)
def test_filters_of_the_list(call: Caller, asked: dict[str, Any]) -> None:
    call.create("noah", department="Ops")
    maya = call.create("maya", department="Ops")
    found = call("GET", "/api/systemusers", **asked).json()
    assert ([user["_id"] for user in found["results"]], found["totalCount"]) == ([maya["_id"]], 1)


@pytest.mark.parametrize(
    "asked",
    [
        {"filter": {"and": [{"email": "Maya@example.com"}]}},
        {"filter": {"or": [{"email": "maya@example.com"}, {"email": "nobody@example.com"}]}},
        {"filter": {"username": "maya", "department": {"$eq": "Ops"}}},
        {"searchFilter": {"searchTerm": "maya", "fields": ["email"]}},
        {"filter": {"and": ["employeeIdentifier:$eq:1001"]}},
    ],
)
def test_the_search_call_finds_by_email_and_more(call: Caller, asked: dict[str, Any]) -> None:
    call.create("noah", department="Ops")
    maya = call.create("maya", department="Ops", employeeIdentifier="1001")
    found = call(
        "POST", "/api/search/systemusers", {**asked, "fields": "email username", "limit": 100}
    ).json()
    assert found == {
        "results": [{"_id": maya["_id"], "email": "maya@example.com", "username": "maya"}],
        "totalCount": 1,
    }


def test_a_malformed_filter_is_refused(call: Caller) -> None:
    assert "filter" in message(call("GET", "/api/systemusers", filter="email=maya"))


def test_create_answers_200_and_the_record_without_the_password(call: Caller) -> None:
    record = call.create(
        "maya", password="canary-password", state="STAGED", addresses=[{"type": "work", "locality": "Dayton"}]
    )
    assert (record["state"], record["suspended"], record["organization"]) == ("STAGED", False, ORGANIZATION)
    assert record["addresses"][0]["id"]
    assert "canary-password" not in call("GET", f"/api/systemusers/{record['_id']}").text


@pytest.mark.parametrize(
    "members",
    [
        {"username": "MAYA", "email": "x@example.com"},
        {"username": "x", "email": "Maya@Example.com"},
        {"employeeIdentifier": "1"},
    ],
)
def test_username_email_and_employee_identifier_are_unique(call: Caller, members: dict[str, str]) -> None:
    call.create("maya", employeeIdentifier="1")
    noah = call.create("noah")
    new = {"username": "zoe", "email": "zoe@example.com", **members}
    assert "in use" in message(call("POST", "/api/systemusers", new))
    assert "in use" in message(call.put(noah["_id"], **members))


def test_fifty_equal_creates_at_once_make_one_account(call: Caller) -> None:
    body = {"username": "one", "email": "one@example.com"}
    headers = {"x-api-key": call.simulator.key}
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        codes = list(
            pool.map(
                lambda _: (
                    requests.post(call.root + "/api/systemusers", json=body, headers=headers).status_code
                ),
                range(50),
            )
        )
    assert (codes.count(200), codes.count(400)) == (1, 49)


@pytest.mark.parametrize("username", ["o'brien", "9lives", "with blank", "a@b", "żółć", "x" * 31, "root", ""])
def test_usernames_follow_the_rules_of_an_account_name(call: Caller, username: str) -> None:
    assert "username" in message(
        call("POST", "/api/systemusers", {"username": username, "email": "a@example.com"})
    )


@pytest.mark.parametrize(
    "members",
    [
        {"email": "no-at"},
        {"firstname": 7},
        {"firstname": "x" * 1025},
        {"employeeIdentifier": "x" * 257},
        {"suspended": "yes"},
        {"addresses": {"type": "work"}},
        {"phoneNumbers": ["1"]},
        {"manager": "0" * 24},
        {"state": "ACTIVE"},
    ],
)
def test_malformed_members_are_refused_by_name(call: Caller, members: dict[str, Any]) -> None:
    new = {"username": "maya", "email": "maya@example.com", **members}
    assert next(iter(members)) in message(call("POST", "/api/systemusers", new))


def test_put_merges_and_replaces_arrays_as_a_whole(call: Caller) -> None:
    maya = call.create(
        "maya",
        firstname="Maya",
        phoneNumbers=[{"type": "work", "number": "1"}, {"type": "home", "number": "2"}],
    )
    answer = call.put(maya["_id"], department="Ops", phoneNumbers=[{"type": "mobile", "number": "3"}])
    assert answer.status_code == 200
    changed = answer.json()
    assert (changed["firstname"], changed["department"]) == ("Maya", "Ops")
    assert [(entry["type"], entry["number"]) for entry in changed["phoneNumbers"]] == [("mobile", "3")]


def test_put_takes_only_two_states_and_mirrors_suspended(call: Caller) -> None:
    maya = call.create("maya", state="STAGED")
    assert "state" in message(call.put(maya["_id"], state="STAGED"))
    for members, state in (
        ({"state": "SUSPENDED"}, "SUSPENDED"),
        ({"suspended": False}, "ACTIVATED"),
        ({"suspended": True}, "SUSPENDED"),
        ({"state": "ACTIVATED"}, "ACTIVATED"),
    ):
        changed = call.put(maya["_id"], **members).json()
        assert (changed["state"], changed["suspended"]) == (state, state == "SUSPENDED")


def test_activate_turns_staged_into_activated(call: Caller) -> None:
    maya = call.create("maya", state="STAGED")
    assert call("POST", f"/api/systemusers/{maya['_id']}/state/activate", {"email": False}).status_code == 200
    assert call("GET", f"/api/systemusers/{maya['_id']}").json()["state"] == "ACTIVATED"
    assert call("POST", f"/api/systemusers/{maya['_id']}/state/activate").status_code == 400


def test_deleted_and_unknown_accounts_are_404_and_their_names_free(call: Caller) -> None:
    maya = call.create("maya")
    assert call("DELETE", f"/api/systemusers/{maya['_id']}").status_code == 200
    for method in ("GET", "PUT", "DELETE"):
        assert call(method, f"/api/systemusers/{maya['_id']}", {}).status_code == 404
    call.create("maya")


def test_protected_accounts_are_seeded() -> None:
    users = {user["username"]: user for user in JumpCloudSimulator(people=2).users()}
    assert users["sysadmin"]["sudo"] is True
    assert users["keyowner"]["admin"]["roleName"] == "Administrator"


def test_both_views_show_the_same_accounts(call: Caller) -> None:
    document = {
        "userName": "maya", "externalId": "e-1", "title": "Lead", "active": True,
        "name": {"givenName": "Maya", "familyName": "Okafor"},
        "emails": [{"type": "home", "value": "m@example.org"}, {"type": "work", "value": "maya@example.com"}],
        "addresses": [{"type": "work", "formatted": "Dayton", "locality": "Dayton"}],
        "phoneNumbers": [{"type": "mobile", "value": "3"}],
        ENTERPRISE: {"employeeNumber": "1001", "organization": "North"},
    }  # fmt: skip
    created = call.scim("POST", "/Users", document)
    assert created.status_code == 201, created.text
    record = call("GET", f"/api/systemusers/{created.json()['id']}").json()
    shown = (
        "username",
        "email",
        "alternateEmail",
        "firstname",
        "lastname",
        "jobTitle",
        "employeeIdentifier",
        "company",
        "location",
    )
    assert [record[name] for name in shown] == [
        *("maya", "maya@example.com", "m@example.org", "Maya", "Okafor", "Lead", "1001", "North", "Dayton")
    ]
    assert record["phoneNumbers"][0]["number"] == "3"
    call.put(record["_id"], state="SUSPENDED", jobTitle="Chief")
    for text in (
        'userName eq "MAYA"',
        'emails[type eq "work"].value eq "maya@example.com"',
        'externalId eq "e-1"',
    ):
        (found,) = call.scim("GET", "/Users", filter=text).json()["Resources"]
        assert (found["active"], found["title"]) == (False, "Chief")


def test_scim_patch_reaches_the_record_and_keeps_other_entries(call: Caller) -> None:
    maya = call.create(
        "maya", phoneNumbers=[{"type": "work", "number": "1"}, {"type": "work_fax", "number": "2"}]
    )
    operations = [
        {"op": "replace", "path": "active", "value": False},
        {"op": "replace", "path": 'phoneNumbers[type eq "work"].value', "value": "9"},
    ]
    assert call.scim("PATCH", f"/Users/{maya['_id']}", {"Operations": operations}).status_code == 200
    record = call("GET", f"/api/systemusers/{maya['_id']}").json()
    assert record["state"] == "SUSPENDED"
    assert [(entry["type"], entry["number"]) for entry in record["phoneNumbers"]] == [
        ("work", "9"),
        ("work_fax", "2"),
    ]


def test_scim_keeps_a_staged_account_staged_until_active_changes(call: Caller) -> None:
    maya = call.create("maya", state="STAGED")
    call.scim(
        "PATCH",
        f"/Users/{maya['_id']}",
        {"Operations": [{"op": "replace", "path": "title", "value": "Lead"}]},
    )
    assert call("GET", f"/api/systemusers/{maya['_id']}").json()["state"] == "STAGED"
    call.scim(
        "PATCH", f"/Users/{maya['_id']}", {"Operations": [{"op": "replace", "path": "active", "value": True}]}
    )
    assert call("GET", f"/api/systemusers/{maya['_id']}").json()["state"] == "ACTIVATED"


def test_scim_uniqueness_is_409_and_bad_data_400(call: Caller) -> None:
    call.create("maya")
    body = {"userName": "zoe", "emails": [{"value": "maya@example.com"}]}
    assert call.scim("POST", "/Users", body).json()["scimType"] == "uniqueness"
    assert (
        call.scim(
            "POST", "/Users", {"userName": "o'brien", "emails": [{"value": "a@example.com"}]}
        ).status_code
        == 400
    )
    assert call.scim("POST", "/Users", {"userName": "zoe"}).status_code == 400


def test_scim_lists_100_at_most_and_has_discovery(call: Caller) -> None:
    call.simulator.seed_people(120)
    assert call.scim("GET", "/Users", count=1000).json()["itemsPerPage"] == 100
    assert call.scim("GET", "/ServiceProviderConfig").json()["filter"]["maxResults"] == 100
    assert call.scim("GET", "/Schemas").json()["totalResults"] == 2
    assert call.scim("GET", "/ResourceTypes/User").json()["endpoint"] == "/Users"
    assert call.scim("GET", "/Groups").status_code == 404


def test_the_scim_view_can_live_elsewhere_or_nowhere() -> None:
    moved = JumpCloudSimulator(scim_base="/scim/v2")
    with serve(moved) as server:
        assert requests.get(server.url + "/scim/v2/Users", headers={"x-api-key": moved.key}).ok
    with serve(JumpCloudSimulator(scim_base=None)) as server:
        assert (
            requests.get(server.url + "/api/v2/scim/Users", headers={"x-api-key": moved.key}).status_code
            == 404
        )


def test_a_429_storm_names_its_wait(call: Caller) -> None:
    call.simulator.plan_faults("429:every=2,retry_after=3")
    answers = [call("GET", "/api/systemusers") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 429, 200, 429]
    assert answers[1].headers["Retry-After"] == "3"


def test_without_uniqueness_a_look_up_shows_both(call: Caller) -> None:
    call.simulator.plan_faults("no-uniqueness")
    call.create("maya")
    call.create("maya")
    found = call("POST", "/api/search/systemusers", {"filter": {"email": "maya@example.com"}}).json()
    assert found["totalCount"] == 2


def test_a_state_that_does_not_stick_answers_200(call: Caller) -> None:
    maya = call.create("maya")
    call.simulator.plan_faults("ignore-active")
    assert call.put(maya["_id"], state="SUSPENDED").json()["state"] == "ACTIVATED"


def test_accounts_can_be_changed_by_hand_from_another_process(call: Caller) -> None:
    control = call.root + "/_simulator/users"
    added = requests.post(
        control, json={"username": "hand", "email": "hand@example.com", "sudo": True}
    ).json()
    requests.patch(f"{control}/{added['_id']}", json={"department": "Hand", "admin": {"roleName": "Manager"}})
    record = call("GET", f"/api/systemusers/{added['_id']}").json()
    assert (record["sudo"], record["department"], record["admin"]) == (True, "Hand", {"roleName": "Manager"})
    assert len(requests.get(control).json()) == 1
    assert requests.delete(f"{control}/{added['_id']}").ok
    assert requests.delete(f"{control}/{added['_id']}").status_code == 404


def test_ten_thousand_accounts_are_found_by_email_without_a_scan() -> None:
    simulator = JumpCloudSimulator(people=10_000)
    with serve(simulator) as server:
        call = Caller(simulator, server.url)
        for user in simulator.users()[::2000]:
            found = call(
                "POST", "/api/search/systemusers", {"filter": {"and": [{"email": user["email"]}]}}
            ).json()
            assert [each["_id"] for each in found["results"]] == [user["_id"]]
        assert (
            call("GET", "/api/systemusers", limit=100, skip=9950, sort="_id").json()["totalCount"] == 10_002
        )
