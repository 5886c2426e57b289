"""The JazzHR simulator over real HTTP: keys in the query, filters in the path, its quirks, and candidate exports."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from werkzeug.wrappers import Request, Response

from app.simulation import Server, serve
from app.vendors.jazzhr.simulator import IntegrationNotSaved, JazzHRSimulator, signature

SECRET = "test-secret-not-real"
Caller = Callable[[str], requests.Response]


@pytest.fixture
def jazzhr() -> JazzHRSimulator:
    return JazzHRSimulator(people=250, calls_per_minute=None)


@pytest.fixture
def server(jazzhr: JazzHRSimulator) -> Iterator[Server]:
    with serve(jazzhr) as running:
        yield running


@pytest.fixture
def get(jazzhr: JazzHRSimulator, server: Server) -> Caller:
    return lambda path: requests.get(f"{server.url}/v1{path}", params={"apikey": jazzhr.key})


def ids(answer: requests.Response) -> list[str]:
    return [row["id"] for row in answer.json()]


@pytest.mark.parametrize("query", [{}, {"apikey": "wrong"}])
def test_a_missing_or_wrong_key_is_401(server: Server, query: dict[str, str]) -> None:
    assert requests.get(server.url + "/v1/hires", params=query).status_code == 401


def test_a_new_key_ends_the_old_one(jazzhr: JazzHRSimulator, server: Server) -> None:
    old = jazzhr.key
    requests.put(server.url + "/_simulator/key", json={"key": "another"})
    assert requests.get(server.url + "/v1/hires", params={"apikey": old}).status_code == 401
    assert requests.get(server.url + "/v1/hires", params={"apikey": "another"}).ok


def test_the_key_is_not_in_the_call_log(jazzhr: JazzHRSimulator, server: Server, get: Caller) -> None:
    get("/hires/page/1")
    requests.post(
        server.url + "/v1/applicants", json={"apikey": jazzhr.key, "first_name": "A", "last_name": "B"}
    )
    assert len(jazzhr.log) == 2
    assert jazzhr.key not in str(jazzhr.log.calls())


def test_hires_come_in_pages_of_100_without_a_total(jazzhr: JazzHRSimulator, get: Caller) -> None:
    pages = [ids(get(f"/hires/page/{number}")) for number in (1, 2, 3)]
    assert [len(page) for page in pages] == [100, 100, 60]  # 250 people, every 25th hired twice
    assert [hire for page in pages for hire in page] == list(jazzhr.company.hires)
    assert get("/hires").json() == get("/hires/page/1").json()


def test_a_page_after_the_last_is_an_empty_body(get: Caller) -> None:
    answer = get("/hires/page/4")
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize(("spec", "text"), [("empty-as", "[]"), ("empty-as:text=null", "null")])
def test_an_empty_list_can_look_otherwise(jazzhr: JazzHRSimulator, get: Caller, spec: str, text: str) -> None:
    jazzhr.plan_faults(spec)
    assert get("/hires/page/9").text == text


def test_a_hire_leads_to_an_applicant_and_a_job(get: Caller) -> None:
    hire = get("/hires").json()[0]
    assert hire.keys() == {
        *(
            "id",
            "applicant_id",
            "job_id",
            "workflow_step_id",
            "workflow_step_name",
            "hired_date",
            "hired_time",
        )
    }
    applicant, job = get(f"/applicants/{hire['applicant_id']}").json(), get(f"/jobs/{hire['job_id']}").json()
    assert {
        "first_name",
        "last_name",
        "email",
        "address",
        "desired_start_date",
        "desired_salary",
        "phone",
    } <= applicant.keys()
    assert {"title", "department", "city", "state", "zip", "country_id", "hiring_lead"} <= job.keys()
    assert all(isinstance(value, str) for value in hire.values())
    assert "@" in get(f"/users/{job['hiring_lead']}").json()["email"]


def test_a_list_of_one_is_a_bare_object_also_when_nested(jazzhr: JazzHRSimulator, get: Caller) -> None:
    assert get("/users/type/Recruiter").json()["first_name"] == "Rita"
    hires = list(jazzhr.company.hires.values())
    once, twice = hires[0], hires[25]
    assert isinstance(get(f"/applicants/{once['applicant_id']}").json()["jobs"], dict)
    assert len(get(f"/applicants/{twice['applicant_id']}").json()["jobs"]) == 2
    assert get(f"/applicants/{once['applicant_id']}").json()["comments"] == []
    jazzhr.plan_faults("plain-lists")
    assert isinstance(get(f"/applicants/{once['applicant_id']}").json()["jobs"], list)


def test_one_person_can_be_hired_for_two_jobs(jazzhr: JazzHRSimulator) -> None:
    hires = list(jazzhr.company.hires.values())
    people = {hire["applicant_id"] for hire in hires}
    assert (len(hires), len(people)) == (260, 250)
    assert len({(hire["applicant_id"], hire["job_id"]) for hire in hires}) == 260


def test_an_absent_date_is_zeros(jazzhr: JazzHRSimulator) -> None:
    dates = [row["desired_start_date"] for row in jazzhr.company.applicants.values()]
    assert 0 < dates.count("0000-00-00") < len(dates) / 2


def test_applicant_lists_have_no_email_and_are_filtered_by_path(jazzhr: JazzHRSimulator, get: Caller) -> None:
    row = get("/applicants/page/1").json()[0]
    assert row.keys() == {
        "id",
        "first_name",
        "last_name",
        "prospect_phone",
        "apply_date",
        "job_id",
        "job_title",
    }
    for path in (f"/applicants/job_id/{row['job_id']}/page/1", f"/applicants/page/1/job_id/{row['job_id']}"):
        assert row["id"] in ids(get(path))
    hired = jazzhr.hire({"first_name": "O'Neil/x", "last_name": "Żółć"})
    assert get("/applicants/name/O'Neil%2Fx%20%C5%BB").json()["id"] == hired["applicant_id"]
    assert get("/applicants/from_apply_date/2999-01-01").content == b""
    assert get(f"/applicants2jobs/applicant_id/{hired['applicant_id']}").json()["job_id"] == hired["job_id"]
    assert get("/categories").json()["name"] == "Strong"


def test_unknown_records_and_resources_are_404(get: Caller) -> None:
    assert [get(path).status_code for path in ("/applicants/nobody", "/jobs/none", "/nothing")] == [
        404,
        404,
        404,
    ]


def test_eighty_calls_a_minute_then_429() -> None:
    with serve(JazzHRSimulator(people=1)) as server:
        codes = [requests.get(server.url + "/v1/hires?apikey=simulator-key").status_code for _ in range(82)]
    assert codes == [200] * 80 + [429] * 2


def test_the_limit_is_a_persona_too(jazzhr: JazzHRSimulator, get: Caller) -> None:
    jazzhr.plan_faults("limit:per_minute=1,retry_after=5")
    assert get("/hires").ok
    refused = get("/hires")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "5")
    jazzhr.plan_faults("no-limit")
    assert get("/hires").ok


def walked(get: Caller) -> list[str]:
    found: list[str] = []
    for number in range(1, 10):
        page = ids(get(f"/hires/page/{number}"))
        found += page
        if len(page) < 100:
            break
    return found


def test_duplicate_rows_repeat_without_losing_anybody(jazzhr: JazzHRSimulator, get: Caller) -> None:
    jazzhr.plan_faults("duplicate-rows")
    seen = walked(get)
    assert len(seen) > len(set(seen))
    assert set(seen) == set(jazzhr.company.hires)


def test_rows_shift_while_paging_when_somebody_is_hired(jazzhr: JazzHRSimulator, get: Caller) -> None:
    jazzhr.plan_faults("shifting-rows")
    seen = walked(get)
    assert len(seen) > len(set(seen))
    assert len(set(jazzhr.company.hires) - set(seen)) == 2


def test_rows_are_missed_while_paging_when_a_hire_is_taken_back(jazzhr: JazzHRSimulator, get: Caller) -> None:
    jazzhr.plan_faults("losing-rows")
    seen = walked(get)
    assert len(set(jazzhr.company.hires) - set(seen)) == 1


def test_a_page_loop_never_ends(jazzhr: JazzHRSimulator, get: Caller) -> None:
    jazzhr.plan_faults("page-loop")
    assert ids(get("/hires/page/7")) == ids(get("/hires/page/1"))


def test_an_empty_list_of_everything(jazzhr: JazzHRSimulator, get: Caller) -> None:
    jazzhr.plan_faults("empty-lists")
    assert get("/hires").content == b""


def test_the_schema_can_drift(jazzhr: JazzHRSimulator, get: Caller) -> None:
    jazzhr.plan_faults("missing-member:name=email;null-member:name=phone;extra-member:name=pronouns")
    applicant = get(f"/applicants/{next(iter(jazzhr.company.applicants))}").json()
    assert ("email" in applicant, applicant["phone"], applicant["pronouns"]) == (False, None, "new")


def test_hiring_and_changing_from_another_process(server: Server, get: Caller) -> None:
    control = server.url + "/_simulator"
    hire = requests.post(control + "/hires", json={"first_name": "Zoe", "email": "zoe@example.org"}).json()
    assert get(f"/applicants/{hire['applicant_id']}").json()["email"] == "zoe@example.org"
    again = requests.post(
        control + "/hires", json={"applicant_id": hire["applicant_id"], "again": True}
    ).json()
    assert again["job_id"] != hire["job_id"]
    requests.patch(f"{control}/applicants/{hire['applicant_id']}", json={"last_name": "New"})
    requests.patch(f"{control}/jobs/{hire['job_id']}", json={"department": "Moved"})
    assert get(f"/applicants/{hire['applicant_id']}").json()["last_name"] == "New"
    assert get(f"/jobs/{hire['job_id']}").json()["department"] == "Moved"
    assert requests.delete(f"{control}/hires/{hire['id']}").ok
    assert hire["id"] not in str(requests.get(control + "/hires").json())
    assert requests.delete(f"{control}/hires/{hire['id']}").status_code == 404


class Receiver:
    """A receiver of exports that keeps what it got."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.status = 200

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        self.got.append((dict(request.headers), request.get_data()))
        return Response("thanks", self.status)(environ, start_response)


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def hook(receiver: Receiver) -> Iterator[str]:
    with serve(receiver) as running:
        yield running.url + "/api/jazzhr/webhook/tenant"


def test_the_signature_is_the_documented_one() -> None:
    expected = "0f227eed143de35fe8643b0eb7c989dba7cf375fbcf1182507158d2a6fd1e440"
    assert signature(SECRET, b'{"data":"JazzHR Verify Event"}') == expected


def test_an_integration_is_saved_after_a_verify_call_answered_200(
    jazzhr: JazzHRSimulator, receiver: Receiver, hook: str
) -> None:
    jazzhr.add_integration("rollcall", hook, SECRET)
    ((headers, body),) = receiver.got
    assert body == b'{"data":"JazzHR Verify Event"}'
    assert headers["X-Jazzhr-Event"] == "VERIFY"
    assert headers["X-Jazzhr-Signature"] == signature(SECRET, body)


@pytest.mark.parametrize("status", [201, 204, 302, 401, 500])
def test_any_other_answer_to_verify_is_not_saved(
    jazzhr: JazzHRSimulator, receiver: Receiver, hook: str, status: int
) -> None:
    receiver.status = status
    with pytest.raises(IntegrationNotSaved, match=str(status)):
        jazzhr.add_integration("rollcall", hook, SECRET)
    assert jazzhr.integrations == {}


def test_an_export_is_signed_over_its_raw_body(
    jazzhr: JazzHRSimulator, receiver: Receiver, hook: str
) -> None:
    jazzhr.add_integration("rollcall", hook, SECRET)
    hire = jazzhr.hire({"first_name": "Łukasz", "last_name": "Żółć", "email": "l@example.org"})
    (delivery,) = jazzhr.export(hire["applicant_id"])
    assert delivery.is_acknowledged
    headers, body = receiver.got[-1]
    assert headers["X-Jazzhr-Signature"] == signature(SECRET, body)
    assert (headers["X-Jazzhr-Event"], headers["User-Agent"]) == ("CANDIDATE-EXPORT", "JazzHR")
    assert headers["X-Jazzhr-Uuid"] == delivery.uuid
    candidate = json.loads(body)["candidate"]
    assert candidate["person"]["id"]["value"] == hire["applicant_id"]
    assert candidate["person"]["name"] == {
        "formattedName": "Łukasz Żółć",
        "given": "Łukasz",
        "family": "Żółć",
    }
    opening = candidate["profiles"][0]["associatedPositionOpenings"][0]
    assert (opening["positionOpeningId"]["value"], opening["candidateStatus"]["category"]) == (
        hire["job_id"],
        "Hired",
    )


def test_exports_repeat_with_one_id_and_can_be_signed_wrongly(
    jazzhr: JazzHRSimulator, receiver: Receiver, hook: str
) -> None:
    jazzhr.add_integration("rollcall", hook, SECRET)
    person = jazzhr.hire()["applicant_id"]
    jazzhr.plan_faults("duplicate-exports:times=3;sparse-exports")
    assert len({delivery.uuid for delivery in jazzhr.export(person)}) == 1
    assert len(receiver.got) == 4
    assert json.loads(receiver.got[-1][1])["candidate"]["person"]["communication"]["address"] is None
    jazzhr.plan_faults("bad-signatures")
    jazzhr.export(person)
    headers, body = receiver.got[-1]
    assert headers["X-Jazzhr-Signature"] != signature(SECRET, body)
    jazzhr.export(person, signature="missing")
    assert "X-Jazzhr-Signature" not in receiver.got[-1][0]


def test_a_failed_delivery_is_reported(jazzhr: JazzHRSimulator, receiver: Receiver, hook: str) -> None:
    jazzhr.add_integration("rollcall", hook)
    receiver.status = 302
    (delivery,) = jazzhr.export(jazzhr.hire()["applicant_id"])
    assert (delivery.status, delivery.is_acknowledged) == (302, False)


def test_exports_from_another_process(server: Server, receiver: Receiver, hook: str) -> None:
    control = server.url + "/_simulator"
    assert requests.post(control + "/integrations", json={"name": "r", "url": hook, "secret": SECRET}).ok
    hire = requests.post(control + "/hires", json={}).json()
    asked = {"applicant_id": hire["applicant_id"], "times": 2}
    assert [each["status"] for each in requests.post(control + "/exports", json=asked).json()] == [200, 200]
    assert requests.post(control + "/exports", json={"applicant_id": "nobody"}).status_code == 404
    assert (
        requests.post(control + "/integrations", json={"name": "x", "url": "http://127.0.0.1:1/"}).status_code
        == 400
    )
