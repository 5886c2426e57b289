"""The simulated company over real HTTP: both ways of paging, limits, scopes, tokens, the signed sender."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from werkzeug.wrappers import Request, Response

from app.simulation import serve
from app.vendors.smartrecruiters.simulator import CLIENT_ID, DEFAULT_KEY, NoSubscription
from app.vendors.smartrecruiters.simulator.limiter import PER_SECOND
from app.vendors.smartrecruiters.webhooks import signature

KEY = {"X-SmartToken": DEFAULT_KEY}
WEBHOOKS = "/webhooks-api/v201907/subscriptions"
EVENT = "application.status.updated"


def get(account, path, **query):
    return requests.get(account.url + path, headers=KEY, params=query)


# --- credentials --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [{}, {"X-SmartToken": "other"}, {"Authorization": "Bearer other"}])
def test_who_does_not_prove_themselves_gets_401(company, headers):
    answer = requests.get(company().url + "/candidates", headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (401, "UNAUTHORIZED")


def test_client_credentials_give_a_token_that_ends(company):
    account = company(people=1)
    form = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": DEFAULT_KEY}
    given = requests.post(account.url + "/identity/oauth/token", data=form).json()
    assert (given["token_type"], given["expires_in"]) == ("bearer", 1800)
    bearer = {"Authorization": f"Bearer {given['access_token']}"}
    assert requests.get(account.url + "/candidates", headers=bearer).ok
    account.simulator.regenerate_key("another")
    assert requests.get(account.url + "/candidates", headers=bearer).status_code == 401
    assert requests.post(account.url + "/identity/oauth/token", data=form).status_code == 401


def test_the_key_is_not_in_the_call_log(company):
    account = company(people=1)
    get(account, "/candidates")
    assert DEFAULT_KEY not in str(account.simulator.log.calls())


@pytest.mark.parametrize(
    ("faults", "path"),
    [
        ("missing-scope:name=jobs_read+users_read", "/jobs"),
        ("missing-scope:name=jobs_read+users_read", "/user-api/v201804/users"),
        ("not-admin", "/user-api/v201804/users"),
        ("not-admin", "/configuration/offer-properties"),
    ],
)
def test_a_scope_or_role_that_is_missing_is_403(company, faults, path):
    answer = get(company(faults=faults), path)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "OAuthPermissionsException")


# --- limits -------------------------------------------------------------------------------------------------


def test_more_calls_in_a_second_than_allowed_are_429(company):
    account = company(people=1)
    account.simulator.plan_faults("limit:per_second=3,retry_after=1")
    answers = [get(account, "/jobs") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [answer.headers.get("X-RateLimit-Remaining") for answer in answers[:3]] == ["2", "1", "0"]
    assert answers[3].headers["Retry-After"] == "1"


def test_ten_calls_a_second_are_allowed_unless_told_otherwise(company):
    account = company()
    account.simulator.plan_faults("")
    assert get(account, "/jobs").headers["X-RateLimit-Limit"] == str(PER_SECOND)


def test_a_second_list_of_candidates_at_the_same_time_is_429(company):
    account = company(people=1, faults="slow-candidates:ms=300")
    with ThreadPoolExecutor(3) as pool:
        statuses = sorted(pool.map(lambda _: get(account, "/candidates").status_code, range(3)))
    assert 429 in statuses
    assert 200 in statuses
    assert account.simulator.limiter.most["candidates"] == 1


# --- lists --------------------------------------------------------------------------------------------------


def all_pages(account, **query):
    pages, page_id = [], None
    while True:
        answer = get(account, "/candidates", **query, **({"pageId": page_id} if page_id else {})).json()
        pages.append([row["id"] for row in answer["content"]])
        page_id = answer.get("nextPageId")
        if not page_id:
            return pages


def test_candidates_come_by_page_id_and_the_last_page_names_no_other(company):
    account = company(people=25)
    pages = all_pages(account, limit="12")
    assert [len(page) for page in pages] == [12, 12, 6]  # 25 hires, and a fifth as many who only applied
    assert [each for page in pages for each in page] == list(account.company.candidates)
    assert len(get(account, "/candidates").json()["content"]) == 10


def test_the_next_page_may_stand_in_the_link_header(company):
    account = company(people=12, faults="next-by-link")
    answer = get(account, "/candidates", limit="10", status="HIRED")
    assert "nextPageId" not in answer.json()
    assert len(requests.get(answer.links["next"]["url"], headers=KEY).json()["content"]) == 2


def test_jobs_come_by_offset_with_a_total(company):
    account = company(people=100)
    first = get(account, "/jobs").json()
    assert (len(first["content"]), first["totalFound"], first["offset"]) == (10, 20, 0)
    second = get(account, "/jobs", offset="10", limit="100").json()
    assert [row["id"] for row in first["content"] + second["content"]] == list(account.company.jobs)


@pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "101"}, {"limit": "x"}, {"pageId": "made-up"}])
def test_a_page_that_cannot_be_is_400(company, query):
    assert get(company(people=1), "/candidates", **query).status_code == 400


def test_candidates_are_found_by_status_job_change_and_onboarding(company):
    account = company(people=20)
    first = account.simulator.hire({"firstName": "Maya", "lastName": "Okafor", "email": "maya@example.org"})
    job_id = first["_applications"][0]["job_id"]
    since = first["updatedOn"]
    later = account.simulator.hire(
        {"firstName": "Noah", "lastName": "Ek", "email": "noah@example.org"}, job_id=job_id
    )

    def found(**query):
        return {row["id"] for row in get(account, "/candidates", limit="100", **query).json()["content"]}

    assert len(found(status="HIRED")) == 22
    assert {first["id"], later["id"]} <= found(jobId=job_id)
    assert found(updatedAfter=since) == {later["id"]}
    assert first["id"] in found(onboardingStatus="READY_TO_ONBOARD")
    assert found(q="maya@example.org") == {first["id"]}


def test_a_hire_by_a_second_application_is_found_by_status_too(company):
    account = company()
    candidate = account.company.apply({"firstName": "Maya"})
    account.company.add_application(candidate["id"], list(account.company.jobs)[2])
    account.company.hire(candidate_id=candidate["id"], job_id=list(account.company.jobs)[2])
    rows = get(account, "/candidates", status="HIRED").json()["content"]
    assert [(row["id"], row["primaryAssignment"]["status"]) for row in rows] == [(candidate["id"], "NEW")]
    account.simulator.plan_faults("no-limit;primary-status-only")
    assert get(account, "/candidates", status="HIRED").json()["content"] == []


# --- documents ----------------------------------------------------------------------------------------------


def test_a_candidate_job_offer_team_and_history_have_the_shapes_of_the_chapter(company):
    account = company()
    candidate = account.simulator.hire(starts_on="2026-04-01T00:00:00.000Z")
    detail = get(account, f"/candidates/{candidate['id']}").json()
    assert detail["primaryAssignment"]["status"] == "HIRED"
    assert detail["primaryAssignment"]["startsOn"] == "2026-04-01T00:00:00.000Z"
    assert detail["actions"]["details"]["url"].endswith(f"/candidates/{candidate['id']}")
    job_id = detail["primaryAssignment"]["job"]["id"]
    assert {"title", "refNumber", "department", "location", "typeOfEmployment"} <= get(
        account, f"/jobs/{job_id}"
    ).json().keys()
    team = get(account, f"/jobs/{job_id}/hiring-team").json()["content"]
    manager = next(each["id"] for each in team if each["role"] == "HIRING_MANAGER")
    assert get(account, f"/user-api/v201804/users/{manager}").json()["email"] == "nadia.becker@example.com"
    place = f"/candidates/{candidate['id']}/jobs/{job_id}"
    assert [row["status"] for row in get(account, f"{place}/status/history").json()["content"]] == [
        "HIRED",
        "NEW",
    ]
    [offer] = get(account, f"{place}/offers").json()["content"]
    [category] = get(account, "/configuration/offer-properties").json()["categories"]
    assert {each["key"] for each in category["properties"]} == offer["properties"].keys()
    assert get(account, f"{place}/offers/{offer['id']}").json() == offer


def test_who_was_deleted_is_404(company):
    account = company(people=1)
    candidate = next(iter(account.company.candidates))
    account.simulator.delete(candidate)
    assert get(account, f"/candidates/{candidate}").status_code == 404


def test_a_candidate_of_a_source_that_does_not_exist_shows_as_other(company):
    account = company()
    source = account.company.add_source("Rollcall")
    body = {"firstName": "Maya", "lastName": "Okafor", "email": "maya@example.org", "internal": True}
    shown = []
    for each in (source["id"], "unknown"):
        details = {"sourceTypeId": "OTHER", "sourceSubTypeId": "OTHER", "sourceId": each}
        answer = requests.post(
            f"{account.url}/candidates", json={**body, "sourceDetails": details}, headers=KEY
        )
        shown.append(
            (answer.status_code, answer.json()["primaryAssignment"]["source"], answer.json()["internal"])
        )
    assert shown == [(201, "Rollcall", True), (201, "Other", True)]


def test_faults_and_controls_work_from_outside(company):
    account = company(people=3)
    control = account.url + "/_simulator"
    hired = requests.post(
        control + "/hires", json={"firstName": "Maya", "offer": {"laptop": "14 inch"}}
    ).json()
    assert (
        requests.patch(f"{control}/candidates/{hired['id']}", json={"phoneNumber": "1"}).json()["phoneNumber"]
        == "1"
    )
    assert requests.delete(f"{control}/candidates/{hired['id']}").ok
    assert requests.delete(f"{control}/candidates/{hired['id']}").status_code == 404
    assert requests.get(control).json()["hired"] == 3
    assert requests.put(control + "/faults", data="missing-member:name=email").ok
    assert "email" not in get(account, "/candidates").json()["content"][0]


# --- webhooks -----------------------------------------------------------------------------------------------


class Receiver:
    """A receiver of webhooks that keeps what it got."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.echoes = True
        self._lock = threading.Lock()

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        headers = {name.lower(): value for name, value in request.headers.items()}
        secret = headers.get("x-hook-secret")
        if secret is not None:
            answer = Response(status=200, headers={"X-Hook-Secret": secret} if self.echoes else {})
            return answer(environ, start_response)
        with self._lock:
            self.got.append((headers, request.get_data()))
        return Response(status=202)(environ, start_response)


@pytest.fixture
def receiver() -> Iterator[tuple[Receiver, str]]:
    application = Receiver()
    with serve(application) as server:
        yield application, server.url + "/hook"


@pytest.fixture
def subscribed(receiver) -> Callable[..., str]:
    def make(account, *, activate: bool = True) -> str:
        body = {"callbackUrl": receiver[1], "events": [EVENT]}
        made = requests.post(account.url + WEBHOOKS, json=body, headers=KEY).json()
        assert (made["status"], [each["name"] for each in made["events"]]) == ("inactive", [EVENT])
        if activate:
            assert (
                requests.put(f"{account.url}{WEBHOOKS}/{made['id']}/activation", headers=KEY).status_code
                == 204
            )
        return str(made["id"])

    return make


def test_a_subscription_is_active_once_its_receiver_has_echoed_the_secret(company, subscribed, receiver):
    account = company()
    subscription = subscribed(account, activate=False)
    place = f"{account.url}{WEBHOOKS}/{subscription}"
    receiver[0].echoes = False
    assert requests.put(f"{place}/activation", headers=KEY).status_code == 400
    receiver[0].echoes = True
    assert requests.put(f"{place}/activation", headers=KEY).status_code == 204
    assert requests.get(place, headers=KEY).json()["status"] == "active"
    assert requests.delete(place, headers=KEY).status_code == 204
    assert requests.get(place, headers=KEY).status_code == 404


def test_an_event_names_ids_only_and_is_signed_with_every_living_key(company, subscribed, receiver):
    account = company(people=1)
    subscription = subscribed(account)
    keys = [
        requests.post(f"{account.url}{WEBHOOKS}/{subscription}/secret-key", headers=KEY).json()["secretKey"]
        for _ in range(2)
    ]
    candidate = next(iter(account.company.candidates))
    account.simulator.send(EVENT, candidate, "job-1")
    account.simulator.webhooks.expire_keys()
    account.simulator.send(EVENT, candidate, "job-1")
    (headers, body), (later, _) = receiver[0].got
    assert json.loads(body) == {"job_id": "job-1", "candidate_id": candidate}
    signed = {"smartrecruiters-timestamp", "event-id", "event-name", "event-version", "link"}
    assert signed <= headers.keys()
    assert headers["smartrecruiters-signature"] == ";".join(
        f"v1={signature(key, headers, body)}" for key in keys
    )
    assert later["smartrecruiters-signature"] == f"v1={signature(keys[1], later, body)}"


def test_events_repeat_with_one_id_come_unsigned_or_signed_wrongly(company, subscribed, receiver):
    account = company(people=1)
    subscription = subscribed(account)
    key = account.simulator.webhooks.new_key(subscription)
    candidate = next(iter(account.company.candidates))
    account.simulator.plan_faults("no-limit;duplicate-deliveries:times=3;bad-signatures")
    assert len({each.event_id for each in account.simulator.send(EVENT, candidate)}) == 1
    assert len(receiver[0].got) == 3
    headers, body = receiver[0].got[-1]
    assert signature(key, headers, body) not in headers["smartrecruiters-signature"]
    account.simulator.send(EVENT, candidate, sign="missing", times=1)
    assert "smartrecruiters-signature" not in receiver[0].got[-1][0]


def test_an_event_that_nobody_wants_is_told(company):
    account = company(people=1)
    with pytest.raises(NoSubscription):
        account.simulator.send(EVENT, next(iter(account.company.candidates)))


def test_changes_send_events_by_themselves_when_asked_to(company, subscribed, receiver):
    account = company(faults="push")
    subscribed(account)
    candidate = account.simulator.hire()
    assert json.loads(receiver[0].got[0][1])["candidate_id"] == candidate["id"]
