"""The intelliHR simulator over real HTTP: both headers, envelopes, filters, schedules, and unsigned webhooks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import requests
from werkzeug.wrappers import Request, Response

from app.simulation import Server, serve
from app.vendors.intellihr.simulator import IntelliHRSimulator

Get = Callable[..., requests.Response]


@pytest.fixture
def company() -> IntelliHRSimulator:
    return IntelliHRSimulator(people=45)


@pytest.fixture
def server(company: IntelliHRSimulator) -> Iterator[Server]:
    with serve(company) as running:
        yield running


@pytest.fixture
def get(company: IntelliHRSimulator, server: Server) -> Get:
    headers = {"Authorization": f"Bearer {company.key}", "tenant": company.subdomain}
    return lambda path, method="GET", **how: requests.request(
        method, f"{server.url}/v1{path}", **{"headers": headers, **how}
    )


def ids(answer: requests.Response) -> list[str]:
    return [row["id"] for row in answer.json()["data"]]


def by(name: str, value: Any) -> dict[str, str]:
    return {f"filters[{name}][eq]": str(value), "limit": "100"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer wrong", "tenant": "your-company"}, 401),
        ({"Authorization": "simulator-key", "tenant": "your-company"}, 401),
        ({"Authorization": "Bearer simulator-key"}, 403),
        ({"Authorization": "Bearer simulator-key", "tenant": "another"}, 403),
    ],
)
def test_both_headers_are_needed(get: Get, headers: dict[str, str], status: int) -> None:
    answer = get("/people", headers=headers)
    assert (answer.status_code, answer.json()["code"], answer.json()["errors"]) == (status, status, {})


def test_what_a_wrong_tenant_is_told_can_be_another_status(company: IntelliHRSimulator, get: Get) -> None:
    company.plan_faults("wrong-tenant:status=401")
    assert get("/people", headers={"Authorization": f"Bearer {company.key}"}).status_code == 401


def test_a_list_comes_in_an_envelope_with_its_pages(get: Get) -> None:
    answer = get("/people?limit=20&page=3").json()
    assert answer["meta"]["pagination"] == {
        "total": 45,
        "count": 5,
        "per_page": 20,
        "current_page": 3,
        "total_pages": 3,
    }
    assert answer["links"]["next"] is None
    assert answer["links"]["prev"].endswith("/people?page=2")


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=x",
        "page=0",
        "sort=name",
        "filters[shoe][eq]=1",
        "filters[updatedWithin][eq]=x",
    ],
)
def test_what_is_asked_wrongly_is_400_with_a_list_of_errors(get: Get, query: str) -> None:
    answer = get(f"/people?{query}")
    told = answer.json()
    assert (answer.status_code, told["name"], told["code"], len(told["errors"])) == (
        400,
        "BadRequest",
        400,
        1,
    )


def test_lists_are_sorted_by_creation_either_way(get: Get) -> None:
    assert ids(get("/people?limit=100&sort=createdAt")) == ids(get("/people?limit=100&sort=-createdAt"))[::-1]


def test_a_person_shows_their_jobs_and_a_job_its_person_and_supervisor(get: Get) -> None:
    boss, member = get("/people?limit=2").json()["data"]
    assert (boss["isSupervisor"], member["isSupervisor"]) == (True, False)
    job = get(f"/jobs/{member['jobs'][0]['id']}").json()["data"]
    assert job["person"]["id"] == member["id"]
    assert job["supervisorPerson"]["id"] == boss["id"]
    assert "email" not in str(job["supervisorPerson"])


def test_some_people_have_hardly_more_than_what_is_mandatory(get: Get) -> None:
    sparse = get("/people?limit=9").json()["data"][-1]
    assert sparse["employeeNumber"] is None
    assert sparse["addresses"] == []
    assert sparse["primaryPhoneNumber"] is None
    assert sparse["primaryEmailAddress"]["email"]


def test_ids_in_a_filter_with_commas_are_one_of_them(get: Get) -> None:
    people = get("/people?limit=3").json()["data"]
    wanted = [person["jobs"][0]["id"] for person in people]
    assert ids(get("/jobs", params=by("jobId", ",".join(wanted)))) == wanted
    assert ids(get("/people", params=by("jobId", ",".join(wanted)))) == [person["id"] for person in people]


@pytest.mark.parametrize("name", ["employeeNumber", "autoIncrementIntellihrId"])
def test_people_are_found_by_their_numbers(get: Get, name: str) -> None:
    first = get("/people?limit=1").json()["data"][0]
    assert ids(get("/people", params=by(name, first[name]))) == [first["id"]]


def test_people_are_found_by_address_and_by_part_of_the_name(get: Get) -> None:
    first = get("/people?limit=1").json()["data"][0]
    assert ids(get("/people", params=by("primaryEmailAddress", first["primaryEmailAddress"]["email"]))) == [
        first["id"]
    ]
    assert first["id"] in ids(get("/people", params=by("name", first["displayName"].upper())))


def test_updated_within_counts_whole_days_and_today(company: IntelliHRSimulator, get: Get) -> None:
    person = next(iter(company.company.people))
    assert ids(get("/people", params=by("updatedWithin", 1))) == []
    company.change_person(person, {"firstName": "Anna"})
    assert ids(get("/people", params=by("updatedWithin", 1))) == [person]
    company.company.days_ahead = 1
    assert ids(get("/people", params=by("updatedWithin", 1))) == []
    assert ids(get("/people", params=by("updatedWithin", 2))) == [person]


def test_a_change_of_a_job_is_none_of_the_person(company: IntelliHRSimulator, get: Get) -> None:
    person, [job, *_] = next(iter(company.company.jobs_of.items()))
    company.change_job(job, {"fte": 0.5})
    assert ids(get("/people", params=by("updatedWithin", 1))) == []
    assert ids(get("/jobs", params=by("updatedWithin", 1))) == [job]
    assert person


def test_a_job_takes_effect_and_ends_without_any_write(company: IntelliHRSimulator, get: Get) -> None:
    today = company.company.today
    begins, ends = today + timedelta(days=2), today + timedelta(days=4)
    person = company.add({}, {"companyStartDate": str(begins), "companyEndDate": str(ends)})["id"]
    seen = {}
    for days in range(6):
        company.company.days_ahead = days
        row = get(f"/people/{person}").json()["data"]
        seen[days] = (row["employmentStatus"], row["jobs"][0]["jobStatus"], row["updatedAt"])
    upcoming, exiting, past = (
        ("Upcoming Staff", "Future Job"),
        ("Exiting Staff", "Ending Job"),
        ("Past Staff", "Past Job"),
    )
    assert [seen[days][:2] for days in range(6)] == [upcoming, upcoming, exiting, exiting, exiting, past]
    assert len({moment for _, _, moment in seen.values()}) == 1


def test_a_timeline_changes_a_job_on_its_day(company: IntelliHRSimulator, get: Get) -> None:
    job = next(iter(company.company.jobs))
    tomorrow = str(company.company.today + timedelta(days=1))
    title = {"positionTitle": {"id": "pt2", "name": "Head", "code": None}}
    company.schedule(job, tomorrow, title)
    before = get(f"/jobs/{job}").json()["data"]["positionTitle"]["name"]
    company.company.days_ahead = 1
    assert before != get(f"/jobs/{job}").json()["data"]["positionTitle"]["name"] == "Head"
    assert get(f"/jobs/{job}/timeline").json()["data"] == [{"effectiveDate": tomorrow, "members": title}]


@pytest.mark.parametrize(
    ("jobs", "status"),
    [
        ([], "No Job Records"),
        ([(-9, None)], "Current Staff"),
        ([(-9, 9)], "Exiting Staff"),
        ([(-9, -1)], "Past Staff"),
        ([(9, None)], "Upcoming Staff"),
        ([(-9, -1), (9, None)], "Returning Staff"),
    ],
)
def test_the_employment_status_follows_from_the_jobs(
    company: IntelliHRSimulator, get: Get, jobs: list[tuple[int, int | None]], status: str
) -> None:
    person = company.add()["id"]
    for job in company.company.jobs_of[person]:
        del company.company.jobs[job]
    company.company.jobs_of[person] = []
    for start, end in jobs:
        days = {"companyStartDate": _day(start), "companyEndDate": None if end is None else _day(end)}
        company.company.add_job(person, days)
    assert get(f"/people/{person}").json()["data"]["employmentStatus"] == status


def _day(ahead: int) -> str:
    return str(date.today() + timedelta(days=ahead))


@pytest.mark.parametrize("path", ["/people/none", "/jobs/none", "/webhooks/none", "/shoes"])
def test_what_is_not_there_is_404(get: Get, path: str) -> None:
    assert get(path).status_code == 404


@pytest.mark.parametrize(
    "path", ["locations", "business-units", "business-entities", "position-titles", "pay-grades"]
)
def test_lookups_are_lists(get: Get, path: str) -> None:
    assert ids(get(f"/{path}"))


def test_custom_fields_and_events_are_told(company: IntelliHRSimulator, get: Get) -> None:
    assert [row["name"] for row in get("/custom-field-definitions").json()["data"]] == [
        "Cost centre",
        "T-shirt size",
    ]
    assert "person.updated" in get("/webhook-events").json()["data"]
    company.plan_faults("event-objects")
    assert {"slug": "person.updated"} in get("/webhook-events").json()["data"]


def test_a_webhook_is_made_changed_and_deleted(get: Get) -> None:
    body = {
        "url": "http://127.0.0.1:9/x",
        "webhookEvent": "person.updated",
        "isEnabled": True,
        "source": "test",
    }
    made = get("/webhooks", "POST", json=body)
    hook = made.json()["data"]
    assert (made.status_code, hook["webhookEvent"]) == (201, "person.updated")
    assert (
        get(f"/webhooks/{hook['id']}", "PATCH", json={"isEnabled": False}).json()["data"]["isEnabled"]
        is False
    )
    assert get(f"/webhooks/{hook['id']}", "DELETE").status_code == 204
    assert get("/webhooks").json()["data"] == []


@pytest.mark.parametrize(
    "body", [{}, {"url": "x", "webhookEvent": "person.updated"}, {"url": "http://a", "webhookEvent": "z"}]
)
def test_a_webhook_without_address_or_event_is_400(get: Get, body: dict[str, str]) -> None:
    assert get("/webhooks", "POST", json=body).status_code == 400


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[Request]]]:
    received: list[Request] = []

    @Request.application
    def take(request: Request) -> Response:
        request.get_data()
        received.append(request)
        return Response(status=202)

    with serve(take) as running:
        yield f"{running.url}/hook", received


def test_a_change_calls_its_event_only_and_signs_nothing(
    company: IntelliHRSimulator, get: Get, receiver: tuple[str, list[Request]]
) -> None:
    url, received = receiver
    get("/webhooks", "POST", json={"url": url, "webhookEvent": "person.updated"})
    person = next(iter(company.company.people))
    company.change_person(person, {"firstName": "Anna"})
    company.terminate(person, "2026-12-31")
    [call] = received
    body = call.get_json()
    assert (body["id"], body["event"], body["updated_attributes"]) == (
        person,
        "person.updated",
        ["firstName"],
    )
    assert body["links"]["self"].endswith(f"/people/{person}")
    assert not [name for name, _ in call.headers if "sign" in name.lower()]


@pytest.mark.parametrize(
    ("faults", "calls"), [("quiet-hooks", 0), ("duplicate-hooks", 2), ("duplicate-hooks:times=5", 5)]
)
def test_personas_of_the_sender(
    company: IntelliHRSimulator, get: Get, receiver: tuple[str, list[Request]], faults: str, calls: int
) -> None:
    url, received = receiver
    get("/webhooks", "POST", json={"url": url, "webhookEvent": "person.deleted"})
    company.plan_faults(faults)
    company.remove(next(iter(company.company.people)))
    assert len(received) == calls


def test_controls_do_what_people_do(company: IntelliHRSimulator, server: Server, get: Get) -> None:
    control = server.url + "/_simulator"
    added = requests.post(
        f"{control}/people", json={"firstName": "Maya", "job": {"companyEndDate": None}}
    ).json()
    job = company.company.jobs_of[added["id"]][0]
    requests.patch(f"{control}/people/{added['id']}", json={"firstName": "Mia"})
    requests.patch(f"{control}/jobs/{job}", json={"workType": "Unpaid"})
    requests.post(f"{control}/terminate", json={"person_id": added["id"], "on": "2020-01-01"})
    row = get(f"/people/{added['id']}").json()["data"]
    assert (row["firstName"], row["employmentStatus"]) == ("Mia", "Past Staff")
    assert requests.put(f"{control}/clock", json={"days": 3}).ok
    assert company.company.days_ahead == 3
    requests.delete(f"{control}/people/{added['id']}")
    assert get(f"/people/{added['id']}").status_code == 404
    requests.put(f"{control}/key", json={"key": "another"})
    assert get("/people").status_code == 401
    assert requests.get(control).json()["people"] == 45


def test_the_key_is_not_in_the_call_log(company: IntelliHRSimulator, get: Get) -> None:
    get("/people")
    assert company.key not in str(company.log.calls())
