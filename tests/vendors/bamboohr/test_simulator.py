"""The BambooHR simulator over real HTTP: the checklist of vendors.md §5.7."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from werkzeug.wrappers import Request, Response

from app.simulation import Server, serve
from app.vendors.bamboohr.simulator import BASE, BambooHRSimulator, signature
from app.vendors.bamboohr.simulator.hooks import RETRY_MINUTES
from tests.harness.facts import wait_until

Caller = Callable[..., requests.Response]
JSON = {"Accept": "application/json"}
KEY = ("simulator-key", "x")


@pytest.fixture
def bamboo() -> BambooHRSimulator:
    return BambooHRSimulator(people=24)


@pytest.fixture
def server(bamboo: BambooHRSimulator) -> Iterator[Server]:
    with serve(bamboo) as running:
        yield running


@pytest.fixture
def call(server: Server) -> Caller:
    def send(method: str, path: str, **options: Any) -> requests.Response:
        options = {"auth": KEY, "headers": JSON, **options}
        return requests.request(method, server.url + BASE + path, **options)

    return send


@pytest.fixture
def get(call: Caller) -> Caller:
    return lambda path, **options: call("GET", path, **options)


@pytest.mark.parametrize("auth", [None, ("wrong", "x")])
def test_a_missing_or_wrong_key_is_401_with_an_empty_body_and_a_reason_in_a_header(get, auth):
    answer = get("/employees/100", auth=auth)
    assert (answer.status_code, answer.content) == (401, b"")
    assert answer.headers["X-BambooHR-Error-Message"] == "Invalid API key"


def test_the_password_may_be_any_text(get):
    assert get("/employees/100", auth=("simulator-key", "whatever")).ok


def test_a_new_key_ends_the_old_one(server, get):
    requests.put(server.url + "/_simulator/key", json={"key": "another"})
    assert get("/employees/100").status_code == 401
    assert get("/employees/100", auth=("another", "x")).ok


def test_the_older_header_can_carry_the_reason(bamboo, get):
    bamboo.plan_faults("old-error-header")
    assert get("/employees/999").headers["X-BambooHR-Message"] == "Employee not found"


def test_a_caller_that_does_not_ask_for_json_gets_xml(get):
    answer = get("/employees/100?fields=firstName", headers={})
    assert answer.headers["Content-Type"].startswith("text/xml")
    assert answer.text.startswith("<?xml")
    assert get("/employees/100?fields=firstName").json()["id"] == "100"


def test_an_employee_has_the_fields_that_were_asked_for_as_text_or_null(get, bamboo):
    names = ["firstName", "lastName", "status", "workEmail", "terminationDate", "supervisorEId", "nonsense"]
    members = get("/employees/101?fields=" + ",".join(names)).json()
    assert members.keys() == {"id", *names[:-1]}
    assert all(value is None or isinstance(value, str) for value in members.values())
    boss = bamboo.company.employee("100")
    assert members["supervisorEId"] == "100"
    row = bamboo.company.employee("101")
    assert row["supervisorId"] == boss["employeeNumber"]


def test_unknown_employees_are_404_and_hidden_ones_403(bamboo, get):
    bamboo.plan_faults("hidden:ids=101+102")
    assert [get(f"/employees/{each}").status_code for each in (999, 101, 100)] == [404, 403, 200]


def test_fields_without_permission_are_left_out(bamboo, get):
    bamboo.plan_faults("no-permission:fields=homePhone+address1")
    members = get("/employees/100?fields=homePhone,address1,firstName").json()
    assert members.keys() == {"id", "firstName"}
    assert "homePhone" not in [field["alias"] for field in get("/meta/fields").json()]


def test_at_most_400_fields_can_be_asked_for(get):
    assert get("/employees/100?fields=" + ",".join(f"f{n}" for n in range(401))).status_code == 400


def test_the_directory_shows_the_active_ones_and_is_404_when_empty(get):
    answer = get("/employees/directory").json()
    assert len(answer["employees"]) == 22
    assert {field["id"] for field in answer["fields"]} == answer["employees"][0].keys() - {"id"}
    assert len(get("/employees/directory?onlyCurrent=false").json()["employees"]) == 24
    with serve(BambooHRSimulator()) as empty:
        assert (
            requests.get(f"{empty.url}{BASE}/employees/directory", auth=KEY, headers=JSON).status_code == 404
        )


def test_the_changed_feed_names_ids_actions_and_the_latest_change(bamboo, get):
    feed = get("/employees/changed", params={"since": "1970-01-01T00:00:00+00:00"}).json()
    assert len(feed["employees"]) == 24
    assert feed["latest"] == max(row["lastChanged"] for row in feed["employees"].values())
    bamboo.company.change("105", {"jobTitle": "Lead"})
    bamboo.company.delete("106")
    newer = get("/employees/changed", params={"since": "2026-01-01T00:00:00+00:00"}).json()
    assert {key: row["action"] for key, row in newer["employees"].items()} == {
        "105": "Updated",
        "106": "Deleted",
    }
    deleted = get("/employees/changed", params={"since": feed["latest"], "type": "deleted"}).json()
    assert list(deleted["employees"]) == ["106"]
    assert get("/employees/106").status_code == 404


@pytest.mark.parametrize("since", ["", "yesterday", "2026-03-02T09:15:00 00:00", "2026-03-02"])
def test_a_bad_since_is_400_such_as_a_plus_that_was_not_encoded(get, since):
    assert get("/employees/changed", params={"since": since}).status_code == 400


def test_no_change_can_come_as_a_list_and_without_latest(bamboo, get):
    since = {"since": "2999-01-01T00:00:00+00:00"}
    assert get("/employees/changed", params=since).json() == {"latest": since["since"], "employees": {}}
    bamboo.plan_faults("empty-array;no-latest")
    assert get("/employees/changed", params=since).json() == {"employees": []}


def test_changed_tables_and_tables_show_rows(bamboo, get):
    since = {"since": "1970-01-01T00:00:00Z"}
    changed = get("/employees/changed/tables/jobInfo", params=since).json()
    assert changed["employees"]["100"]["rows"][0]["jobTitle"] == bamboo.company.employee("100")["jobTitle"]
    assert len(get("/employees/all/tables/jobInfo").json()) == 24
    assert get("/employees/100/tables/nothing").status_code == 404


def test_a_report_has_everybody_and_drops_unknown_fields(call):
    body = {"title": "x", "fields": ["firstName", "status", "nonsense"]}
    answer = call("POST", "/reports/custom?format=json", json=body).json()
    assert len(answer["employees"]) == 24
    assert answer["employees"][0].keys() == {"id", "firstName", "status"}
    newer = {**body, "filters": {"lastChanged": {"includeNull": "no", "value": "2025-01-06T08:20:00+00:00"}}}
    assert len(call("POST", "/reports/custom?format=json", json=newer).json()["employees"]) == 4


def test_a_report_wants_its_content_type_exactly(call):
    headers = {"Content-Type": "application/json; charset=utf-8", **JSON}
    assert call("POST", "/reports/custom?format=json", data="{}", headers=headers).status_code == 400


def test_both_forms_of_locations_and_who_may_see_them(bamboo, get):
    ats = get("/applicant_tracking/locations").json()[0]
    assert (ats["addressLine1"], ats["state"]["abbreviation"]) == ("1 Main Street", "OH")
    refused = get("/hris/org/locations")
    assert (refused.status_code, refused.json()["status"]) == (403, 403)
    bamboo.plan_faults("no-ats;hris-with-key")
    assert get("/applicant_tracking/locations").status_code == 403
    assert get("/hris/org/locations").json()["data"][0]["address"]["country"]["name"] == "United States"
    bamboo.plan_faults("hris-with-key;small-pages:size=2")
    pages = [get(f"/hris/org/locations?page={page}").json() for page in (0, 1, 2)]
    assert [len(page["data"]) for page in pages] == [2, 2, 1]
    assert pages[0]["meta"]["totalPages"] == 3


def test_the_list_of_employees_takes_oauth_only(get):
    assert get("/employees").status_code == 403


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(("asked", "shown"), [("1", "1"), ("date+5", "GMT"), ("none", None)])
def test_both_forms_of_throttling(bamboo, get, status, asked, shown):
    bamboo.plan_faults(f"limit:per_minute=1,status={status},retry_after={asked}")
    assert get("/employees/100").ok
    refused = get("/employees/100")
    assert (refused.status_code, refused.content) == (status, b"")
    assert shown is None or refused.headers["Retry-After"].endswith(shown)
    assert shown is not None or "Retry-After" not in refused.headers


def test_leaving_keeps_the_date_and_a_rehire_keeps_the_id(bamboo, get):
    bamboo.company.terminate("105", on="2026-05-31")
    left = get("/employees/105?fields=status,terminationDate").json()
    assert (left["status"], left["terminationDate"]) == ("Inactive", "2026-05-31")
    bamboo.company.rehire("105", on="2026-07-01")
    back = get("/employees/105?fields=status,hireDate").json()
    assert back == {"id": "105", "status": "Active", "hireDate": "2026-07-01"}


def test_a_locations_address_changes_no_employee(bamboo, get):
    before = get("/employees/changed?since=1970-01-01T00:00:00Z").json()
    bamboo.company.change_location("9", {"address1": "2 New Street"})
    assert get("/employees/changed?since=1970-01-01T00:00:00Z").json() == before


def test_meta_endpoints_tell_fields_lists_tables_and_users(get):
    assert {"alias", "id", "name"} <= get("/meta/fields").json()[0].keys()
    assert "location" in [each["alias"] for each in get("/meta/lists").json()]
    assert "jobInfo" in [each["alias"] for each in get("/meta/tables").json()]
    assert get("/meta/users").ok
    assert get("/meta/nothing").status_code == 404


def test_the_account_is_changed_from_another_process(server, get):
    control = server.url + "/_simulator"
    hired = requests.post(control + "/employees", json={"firstName": "New"}).json()
    requests.patch(f"{control}/employees/{hired['id']}", json={"lastName": "Name"})
    requests.post(f"{control}/terminations/{hired['id']}", json={"on": "2026-09-30"})
    assert get(f"/employees/{hired['id']}?fields=lastName,status").json()["status"] == "Inactive"
    requests.post(f"{control}/rehires/{hired['id']}", json={})
    assert requests.delete(f"{control}/employees/{hired['id']}").ok
    assert requests.delete(f"{control}/employees/{hired['id']}").status_code == 404
    place = requests.post(control + "/locations", json={"name": "Hut", "city": "Oslo"}).json()
    assert (
        requests.patch(f"{control}/locations/{place['id']}", json={"city": "Bergen"}).json()["city"]
        == "Bergen"
    )
    assert requests.get(server.url + "/_simulator").json()["employees"] == 24


# --- webhooks --------------------------------------------------------------------------------------------------------


class Receiver:
    """A receiver of webhooks that keeps what it got; ``statuses`` are its answers, the last one for ever."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.statuses = [202]

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        self.got.append((dict(request.headers), request.get_data()))
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        return Response("", status)(environ, start_response)


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def hook(receiver: Receiver) -> Iterator[str]:
    with serve(receiver) as running:
        yield running.url + "/api/bamboohr/webhook/tenant"


def asked(hook: str, **members: Any) -> dict[str, Any]:
    return {
        "name": "Rollcall",
        "url": hook,
        "format": "json",
        "monitorFields": ["department", "firstName"],
        "events": ["employee.created", "employee.updated", "employee.deleted"],
        **members,
    }


def test_a_webhooks_key_is_told_once(call, hook):
    made = call("POST", "/webhooks", json=asked(hook))
    assert made.status_code == 201
    shown = made.json()
    assert len(shown["privateKey"]) == 32
    for path in ("/webhooks", f"/webhooks/{shown['id']}"):
        assert shown["privateKey"] not in call("GET", path).text
    changed = call("PUT", f"/webhooks/{shown['id']}", json=asked(hook, name="Other")).json()
    assert (changed["name"], "privateKey" in changed) == ("Other", False)
    assert call("DELETE", f"/webhooks/{shown['id']}").status_code == 204
    assert call("DELETE", f"/webhooks/{shown['id']}").status_code == 404


@pytest.mark.parametrize(
    ("members", "issue"),
    [
        ({"url": "ftp://x"}, "url"),
        ({"monitorFields": []}, "monitorFields"),
        ({"format": None}, "format"),
        ({"events": ["employee.created", "employee_with_fields.created"]}, "mixed"),
        ({"events": ["employee.married"]}, "unknown"),
    ],
)
def test_a_webhook_that_is_described_wrongly_is_400(call, hook, members, issue):
    answer = call("POST", "/webhooks", json=asked(hook, **members))
    assert answer.status_code == 400
    assert issue in str(answer.json()["errors"][0]["issues"])


def test_fields_that_the_key_may_not_monitor_are_403_and_named(bamboo, call, hook):
    bamboo.plan_faults("no-permission:fields=department")
    answer = call("POST", "/webhooks", json=asked(hook))
    assert (answer.status_code, answer.json()["errors"][0]["monitorFields"]) == (403, ["department"])
    aliases = [field["alias"] for field in call("GET", "/webhooks/monitor_fields").json()["fields"]]
    assert "department" not in aliases
    assert "firstName" in aliases


def test_an_event_is_signed_over_body_and_timestamp(bamboo, call, receiver, hook):
    key = call("POST", "/webhooks", json=asked(hook)).json()["privateKey"]
    bamboo.company.change("105", {"department": "Łódź", "payRate": "1"})
    [entry] = bamboo.webhooks.send()
    assert entry["status"] == 202
    headers, body = receiver.got[0]
    assert headers["X-Bamboohr-Signature"] == signature(key, body, headers["X-Bamboohr-Timestamp"])
    assert headers["User-Agent"].startswith("BambooHR-WebHooks/1.0")
    assert json.loads(body)["data"] == {
        "companyId": "100",
        "employeeId": "105",
        "changedFields": ["department"],
    }


def test_the_signature_is_the_documented_one():
    body = (
        b'{"type":"employee.updated","timestamp":"2026-03-02T09:15:00Z","data":{"companyId":"100",'
        b'"employeeId":"123","changedFields":["department"]}}'
    )
    assert (
        signature("test-key-not-real", body, "2026-03-02T09:15:01Z")
        == "008a65853f28beb1deb0c66f506ed56dd9b2ae8308fbe374ef6bc3802b8f92d8"
    )


def test_only_monitored_fields_make_an_event_and_created_is_followed_by_updated(bamboo, call, receiver, hook):
    call("POST", "/webhooks", json=asked(hook))
    bamboo.company.change("105", {"preferredName": "Al"})
    assert bamboo.webhooks.send() == []
    hired = bamboo.company.add()
    bamboo.company.delete(hired["id"])
    bamboo.webhooks.send()
    kinds = [json.loads(body)["type"] for _, body in receiver.got]
    assert kinds == ["employee.created", "employee.updated", "employee.deleted"]


def test_without_events_the_older_family_with_fields_is_sent(bamboo, call, receiver, hook):
    call("POST", "/webhooks", json=asked(hook, events=None, postFields={"department": "Department"}))
    bamboo.plan_faults("hook-form:values=object,time=epoch")
    bamboo.company.change("105", {"department": "Operations 2"})
    bamboo.webhooks.send()
    headers, body = receiver.got[0]
    [entry] = json.loads(body)["employees"]
    assert (entry["id"], entry["action"]) == ("105", "Updated")
    assert entry["fields"] == {"Department": {"value": "Operations 2"}}
    assert headers["X-Bamboohr-Timestamp"].isdigit()


def test_failed_deliveries_climb_the_ladder_and_a_4xx_is_final(bamboo, call, receiver, hook):
    made = call("POST", "/webhooks", json=asked(hook)).json()
    bamboo.plan_faults("ladder:ms=0")
    receiver.statuses = [500, 503, 202]
    bamboo.company.change("105", {"department": "A"})
    assert [(entry["after"], entry["status"]) for entry in bamboo.webhooks.send()] == [
        (0, 500),
        (5, 503),
        (10, 202),
    ]
    receiver.statuses = [404]
    bamboo.company.change("105", {"department": "B"})
    assert [entry["status"] for entry in bamboo.webhooks.send()] == [404]
    receiver.statuses = [500]
    bamboo.company.change("105", {"department": "C"})
    assert len(bamboo.webhooks.send()) == 1 + len(RETRY_MINUTES)
    assert len(call("GET", f"/webhooks/{made['id']}/log").json()) == 10
    bamboo.plan_faults("busy-log")
    busy = call("GET", f"/webhooks/{made['id']}/log")
    assert (busy.status_code, busy.json()["error"]["code"]) == (200, 429)


def test_events_can_repeat_come_reordered_and_be_signed_wrongly(bamboo, call, receiver, hook):
    key = call("POST", "/webhooks", json=asked(hook)).json()["privateKey"]
    bamboo.company.change("105", {"department": "A"})
    bamboo.company.change("106", {"department": "A"})
    bamboo.webhooks.send(reverse=True, times=2)
    ids = [json.loads(body)["data"]["employeeId"] for _, body in receiver.got]
    assert ids == ["106", "106", "105", "105"]
    for how in ("bad-signatures", "unsigned", "timestamp-first"):
        bamboo.plan_faults(how)
        bamboo.company.change("105", {"department": how})
        bamboo.webhooks.send()
        headers, body = receiver.got[-1]
        good = signature(key, body, headers["X-Bamboohr-Timestamp"])
        assert headers.get("X-Bamboohr-Signature") != good


def test_webhooks_can_leave_by_themselves(bamboo, call, receiver, hook):
    call("POST", "/webhooks", json=asked(hook))
    bamboo.plan_faults("live-webhooks")
    bamboo.company.change("105", {"department": "A"})
    wait_until(lambda: receiver.got, "the webhook was sent")


def test_webhooks_are_sent_from_another_process(bamboo, server, call, receiver, hook):
    call("POST", "/webhooks", json=asked(hook))
    requests.patch(server.url + "/_simulator/employees/105", json={"department": "A"})
    sent = requests.post(server.url + "/_simulator/deliveries", json={"sign": "bad", "times": 2}).json()
    assert [entry["status"] for entry in sent] == [202, 202]
    assert requests.post(server.url + "/_simulator/deliveries", json={"sign": "odd"}).status_code == 400
