"""The iCIMS simulator over real HTTP: tokens, searches, profiles, writes, limits, events (vendors.md §2.9)."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from werkzeug.wrappers import Request, Response

from app.simulation import Server, serve
from app.vendors.icims.simulator import CLIENT_ID, CUSTOMER, DEFAULT_SECRET, ICIMSSimulator
from app.vendors.icims.simulator.company import FORMER

FORM = {
    "grant_type": "client_credentials",
    "client_id": CLIENT_ID,
    "client_secret": DEFAULT_SECRET,
    "audience": "https://api.icims.com/v1/",
}
Call = Callable[..., requests.Response]


@pytest.fixture
def icims() -> ICIMSSimulator:
    return ICIMSSimulator(people=30)


@pytest.fixture
def server(icims: ICIMSSimulator) -> Iterator[Server]:
    with serve(icims) as running:
        yield running


@pytest.fixture
def call(server: Server) -> Call:
    """Give a function that calls the API with a token."""
    token = requests.post(server.url + "/oauth/token", data=FORM).json()["access_token"]

    def made(method: str, path: str, **options: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}", **options.pop("headers", {})}
        return requests.request(
            method, f"{server.url}/customers/{CUSTOMER}{path}", headers=headers, **options
        )

    return made


def found(answer: requests.Response) -> list[Any]:
    assert answer.ok, answer.text
    return [row["id"] for row in answer.json()["searchResults"]]


def search(
    call: Call, *filters: Any, kind: str = "people", query: str = "", **group: Any
) -> requests.Response:
    written = [{"name": name, "operator": operator, "value": [value]} for name, operator, value in filters]
    return call("POST", f"/search/{kind}{query}", json={"filters": written, **group})


# --- tokens


def test_a_token_is_issued_for_client_credentials_and_counted(icims: ICIMSSimulator, server: Server) -> None:
    answer = requests.post(server.url + "/oauth/token", data=FORM).json()
    assert (answer["token_type"], answer["expires_in"], icims.tokens.issued) == ("Bearer", 86400, 1)


@pytest.mark.parametrize("changed", [{"client_secret": "x"}, {"client_id": "x"}])
def test_wrong_credentials_are_an_oauth_error(server: Server, changed: dict[str, str]) -> None:
    answer = requests.post(server.url + "/oauth/token", data={**FORM, **changed})
    assert (answer.status_code, answer.json()["error"]) == (401, "access_denied")


def test_more_than_500_tokens_in_ten_minutes_are_throttled(server: Server) -> None:
    with requests.Session() as session:
        statuses = [session.post(server.url + "/oauth/token", data=FORM).status_code for _ in range(501)]
    assert statuses == [200] * 500 + [429]


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer x"}, {"Authorization": "Basic eDp5"}])
def test_a_call_without_a_token_is_401_with_code_6(server: Server, headers: dict[str, str]) -> None:
    answer = requests.get(f"{server.url}/customers/{CUSTOMER}/people/2", headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["errorCode"]) == (401, 6)
    assert answer.headers["X-Error"].startswith("6:")


def test_neither_secret_nor_token_stands_in_the_call_log(icims: ICIMSSimulator, call: Call) -> None:
    call("GET", "/people/2")
    assert DEFAULT_SECRET not in str(icims.log.calls())


# --- searches


def test_ids_ascend_and_go_on_behind_the_last(icims: ICIMSSimulator, call: Call) -> None:
    icims.plan_faults("search-cap:size=10")
    first = found(search(call, ("person.id", ">", "0")))
    second = found(search(call, ("person.id", ">", str(first[-1]))))
    assert (first, second) == (list(range(1, 11)), list(range(11, 21)))


def test_a_search_finds_a_thousand_at_most() -> None:
    icims = ICIMSSimulator(people=1_001)
    with serve(icims) as server:
        token = requests.post(server.url + "/oauth/token", data=FORM).json()["access_token"]
        answer = requests.post(
            f"{server.url}/customers/{CUSTOMER}/search/people",
            json={"filters": [{"name": "person.id", "value": ["0"], "operator": ">"}]},
            headers={"Authorization": f"Bearer {token}"},
        )
    assert [row["id"] for row in answer.json()["searchResults"]] == list(range(1, 1001))


def test_groups_nest_and_join_by_or(call: Call) -> None:
    one_of = {
        "operator": "|",
        "filters": [{"name": "person.id", "value": [value]} for value in ("3", "5", "999")],
    }
    answer = search(call, ("person.id", "<", "5"), children=[one_of])
    assert found(answer) == [3]
    assert found(search(call, ("person.id", "=", "3"), ("person.id", "=", "5"), operator="|")) == [3, 5]


def test_a_search_may_stand_in_the_query(call: Call) -> None:
    asked = json.dumps({"filters": [{"name": "person.id", "value": ["4"]}]})
    assert found(call("GET", "/search/people", params={"searchJson": asked})) == [4]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"filters": []},
        {"filters": [{"name": "person.shoe", "value": ["1"]}]},
        {"filters": [{"name": "person.folder", "value": ["D1"], "operator": ">"}]},
        {"filters": [{"name": "person.id", "value": ["1"], "colour": "red"}]},
        {"filters": [{"name": "person.id", "value": ["1"]}], "sort": "id"},
        {"filters": [{"name": "person.id", "value": ["1"]}], "operator": "^"},
        "no json",
    ],
)
def test_a_wrong_search_is_400(call: Call, body: Any) -> None:
    answer = call("POST", "/search/people", **({"json": body} if body != "no json" else {"data": body}))
    assert (answer.status_code, answer.json()["errors"][0]["errorCode"]) == (400, 1)


def test_changes_are_found_by_minute_and_a_malformed_date_finds_everybody(
    icims: ICIMSSimulator, call: Call
) -> None:
    icims.company.change_person(7, {"firstname": "Now"})
    since = f"{icims.company.people[7]['_updated']:%Y-%m-%d %I:%M %p}"
    assert found(search(call, ("person.updateddate", ">=", since))) == [7]
    assert 7 not in found(search(call, ("person.updateddate", "<", since)))
    assert len(found(search(call, ("person.updateddate", ">=", since.replace(" ", "T", 1))))) == 37


def test_searches_lag_behind_unless_they_are_live(icims: ICIMSSimulator, call: Call) -> None:
    icims.plan_faults("stale-search:minutes=15")
    icims.company.terminate(7)
    left = ("person.folder", "=", FORMER)
    assert found(search(call, left)) == []
    assert found(search(call, left, query="?staleness=0")) == [7]


def test_nothing_found_is_an_empty_list(call: Call) -> None:
    assert search(call, ("person.id", "=", "999")).json() == {"searchResults": []}


def test_workflows_are_found_by_person_and_status(icims: ICIMSSimulator, call: Call) -> None:
    [workflow] = found(
        search(
            call,
            ("applicantworkflow.person.id", "=", "3"),
            ("applicantworkflow.status", "=", "C2040"),
            kind="applicantworkflows",
        )
    )
    shown = call("GET", f"/applicantworkflows/{workflow}").json()
    assert shown["associatedprofile"]["profile"].endswith("/people/3")
    assert shown["baseprofile"]["profile"].rpartition("/")[2] == str(shown["baseprofile"]["id"])
    assert call("PATCH", f"/applicantworkflows/{workflow}", json={"status": {"id": "C2039"}}).ok
    assert icims.company.workflows[workflow]["status"]["id"] == "C2039"


# --- profiles


def test_only_the_fields_asked_for_are_shown_and_no_empty_ones(icims: ICIMSSimulator, call: Call) -> None:
    shown = call("GET", "/people/2", params={"fields": "firstname,usssn,enddate,hiredate,nosuch"}).json()
    assert shown.keys() == {"firstname", "usssn", "hiredate", "links"}
    assert shown["usssn"].startswith("000-")
    assert "usssn" not in call("GET", "/people/2").json()


def test_a_missing_profile_is_404_with_code_2(call: Call) -> None:
    for path in ("/people/999", "/people/x", "/jobs/999", "/nosuch/1"):
        answer = call("GET", path)
        assert (answer.status_code, answer.json()["errors"][0]["errorCode"]) == (404, 2)


def test_a_patch_merges_and_null_or_nothing_deletes(icims: ICIMSSimulator, call: Call) -> None:
    before = dict(icims.company.people[2])
    assert (
        call("PATCH", "/people/2", json={"lastname": "New", "hiredate": None, "birthdate": ""}).status_code
        == 204
    )
    after = icims.company.people[2]
    assert (after["lastname"], "hiredate" in after, "birthdate" in after) == ("New", False, False)
    assert after["firstname"] == before["firstname"]
    assert after["_updated"] > before["_updated"]


def test_a_patch_that_changes_nothing_is_no_update(icims: ICIMSSimulator, call: Call) -> None:
    before = icims.company.people[2]["_updated"]
    call("PATCH", "/people/2", json={"lastname": icims.company.people[2]["lastname"]})
    assert icims.company.people[2]["_updated"] == before


@pytest.mark.parametrize("body", [{"nosuch": "x"}, {"hiredate": "soon"}, {"folder": {"id": "D99"}}])
def test_a_field_that_cannot_be_set_is_a_warning_and_the_rest_succeeds(
    icims: ICIMSSimulator, call: Call, body: dict[str, Any]
) -> None:
    answer = call("PATCH", "/people/2", json={"lastname": "Kept", **body})
    assert answer.status_code == 200
    assert answer.json() == {
        "warnings": [{"errorMessage": f"Field {next(iter(body))} could not be set.", "errorCode": 4}]
    }
    assert answer.headers["X-Warning"].startswith(f"4:{next(iter(body))}:")
    assert icims.company.people[2]["lastname"] == "Kept"


def test_a_required_field_cannot_be_emptied(call: Call) -> None:
    answer = call("PATCH", "/people/2", json={"lastname": None})
    assert (answer.status_code, answer.json()["errors"][0]["errorCode"]) == (400, 1)


def test_a_person_is_created_with_a_location(call: Call) -> None:
    answer = call("POST", "/people", json={"firstname": "A", "lastname": "B"})
    assert answer.status_code == 201
    assert call("GET", "/people/" + answer.headers["Location"].rpartition("/")[2]).json()["lastname"] == "B"


def test_address_entries_are_added_once_changed_and_deleted(call: Call) -> None:
    entry = {"addressstreet1": "9 Oak", "primary": False}
    first = call("POST", "/people/2/fields/addresses", json=entry).json()
    assert call("POST", "/people/2/fields/addresses", json=entry).json() == first
    path = f"/people/2/fields/addresses/{first['entry']}"
    call("PATCH", path, json={"addresscity": "Dayton"})
    assert call("GET", path).json()["addresscity"] == "Dayton"
    assert call("DELETE", path).ok
    assert call("GET", path).status_code == 404


def test_schemas_name_the_fields_of_this_customer(icims: ICIMSSimulator, call: Call) -> None:
    assert {"hiredate", "field50001"} <= call("GET", "/profiledefinitions/v1/person/schema").json()[
        "properties"
    ].keys()
    one = call("GET", "/profiledefinitions/v1/job/department/schema").json()
    assert one["properties"]["department"]["properties"].keys() == {"id", "value", "formattedvalue"}
    icims.plan_faults("hide:names=hiredate")
    assert "hiredate" not in call("GET", "/profiledefinitions/v1/person/schema").json()["properties"]
    assert call("GET", "/search/filtersSchema").ok


# --- limits


def test_every_answer_tells_the_budget_and_the_reset_in_seconds(call: Call) -> None:
    for path in ("/people/2", "/people/999"):
        headers = call("GET", path).headers
        assert headers["x-ratelimit-limit"] == "10000"
        assert 0 < int(headers["x-ratelimit-remaining"]) < 10_000
        assert 0 < int(headers["x-ratelimit-reset"]) <= 86_400


def test_calls_above_the_budget_are_429(icims: ICIMSSimulator, call: Call) -> None:
    icims.plan_faults("limit:calls=2,reset=9")
    answers = [call("GET", "/people/2") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert (answers[2].headers["x-ratelimit-remaining"], answers[2].headers["x-ratelimit-reset"]) == (
        "0",
        "9",
    )
    icims.plan_faults("no-limit")
    assert "x-ratelimit-limit" not in call("GET", "/people/2").headers


# --- controls, events, the command


def control(server: Server, method: str, path: str, **options: Any) -> Any:
    answer = requests.request(method, f"{server.url}/_simulator{path}", **options)
    assert answer.ok, answer.text
    return answer.json()


def test_people_are_hired_changed_let_go_and_deleted_by_hand(server: Server, call: Call) -> None:
    hired = control(server, "POST", "/people", json={"firstname": "Maya", "job_id": 1})
    path = f"/people/{hired['id']}"
    control(server, "PATCH", path, json={"lastname": "Okafor"})
    assert call("GET", path).json()["lastname"] == "Okafor"
    control(server, "POST", f"/terminate/{hired['id']}", json={"day": "2026-05-31"})
    assert call("GET", path, params={"fields": "folder,enddate"}).json()["enddate"] == "2026-05-31"
    control(server, "DELETE", path)
    assert call("GET", path).status_code == 404
    assert requests.patch(f"{server.url}/_simulator{path}", json={}).status_code == 404


def test_the_overview_counts(server: Server) -> None:
    shown = control(server, "GET", "")
    assert (shown["people"], shown["jobs"], shown["simulator"]) == (37, 6, "icims")


def test_another_secret_ends_the_tokens(server: Server, call: Call) -> None:
    control(server, "PUT", "/key", json={"key": "another"})
    assert call("GET", "/people/2").status_code == 401
    assert requests.post(server.url + "/oauth/token", data={**FORM, "client_secret": "another"}).ok


def test_events_are_compressed_json_with_text_ids(icims: ICIMSSimulator, server: Server) -> None:
    received: list[Request] = []

    def receiver(environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        request.get_data()
        received.append(request)
        return Response("", 303)(environ, start_response)

    with serve(receiver) as running:
        control(
            server, "POST", "/subscriptions", json={"name": "us", "url": running.url + "/x", "secret": "s"}
        )
        [sent] = control(server, "POST", "/events", json={"person_id": "3", "status": "C2041"})
    assert sent["status"] == 303
    event = json.loads(gzip.decompress(received[0].get_data()))
    assert (event["eventType"], event["personId"], event["newStatus"]) == (
        "WorkFlowStatusChangeEvent",
        "3",
        "C2041",
    )
    assert all(isinstance(value, str) for name, value in event.items() if name != "links")
    assert received[0].authorization.username == "rollcall"


def test_the_same_seed_makes_the_same_people() -> None:
    first, again, other = (ICIMSSimulator(people=3, seed=seed).company.people for seed in (1, 1, 2))
    for people in (first, again, other):
        for row in people.values():
            row.pop("_updated"), row.pop("_created")
    assert first == again != other


def test_it_runs_as_a_command() -> None:
    command = [sys.executable, "-m", "app.cli", "simulate", "icims", "--port", "0", "--people", "3", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        shown = json.loads(process.stdout.readline())
        assert requests.post(shown["url"] + "/oauth/token", data=FORM).ok
        process.terminate()
    assert (shown["customer"], shown["client_id"], shown["people"]) == (CUSTOMER, CLIENT_ID, 4)
