"""Import runs over the admin API."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from flask import Flask

from app.access.tenants import Tenant
from app.database import writing
from app.sources import runner, runs
from tests.web.api.conftest import Caller, problem

GOOD, BAD = "1,Ada,Byron,ada@acme.example", "2,Bo,Li,nonsense"


def test_a_run_shows_its_six_counters_in_their_order(call: Caller, imported: Callable[..., Any]) -> None:
    run = imported(GOOD, BAD)
    shown = call.get(f"/runs/{run.id}")
    names = ["added", "updated", "deleted", "skipped", "errored", "total"]
    assert [name for name in shown if name in names] == names
    assert [shown[name] for name in names] == [1, 0, 0, 0, 1, 2]
    assert (shown["source"], shown["state"], shown["errors"], shown["warnings"]) == ("hr", "finished", 1, 0)


def test_runs_are_listed_from_the_newest_on_in_pages(call: Caller, file_source: Callable[..., Any]) -> None:
    source = file_source(GOOD)
    made = [runner.import_now(source, dry_run=False, requested_by="x").id for _ in range(5)]
    address, seen = "/runs?limit=2", []
    while address:
        page = call.get(address)
        seen.append([run["run"] for run in page["runs"]])
        address = (page["next"] or "").removeprefix("/api/v1")
    assert seen == [made[:2:-1], made[2:0:-1], made[:1]]


def test_runs_are_filtered_and_the_next_page_keeps_the_filters(
    call: Caller, imported: Callable[..., Any]
) -> None:
    hr, other = imported(GOOD), imported(GOOD, name="other")
    assert [run["run"] for run in call.get("/runs?source=other")["runs"]] == [other.id]
    assert [run["run"] for run in call.get("/runs?state=finished")["runs"]] == [other.id, hr.id]
    assert call.get("/runs?state=held")["runs"] == call.get("/runs?dry_run=true")["runs"] == []
    following = call.get("/runs?limit=1&dry_run=false&state=finished")["next"]
    query = dict(parse_qsl(urlsplit(following).query))
    assert query == {"limit": "1", "dry_run": "false", "state": "finished", "before": str(other.id)}
    assert problem(call("GET", "/runs?source=nobody")) == (404, "not_found")


def test_a_run_is_cancelled_once(call: Caller, published: Callable[..., Any]) -> None:
    published()
    run = call.post("/sources/jazz/import", status=202)["run"]
    assert call.post(f"/runs/{run}/cancel")["state"] == "cancelled"
    assert problem(call("POST", f"/runs/{run}/cancel")) == (409, "not_possible")


def test_a_held_run_is_approved_and_goes_on(
    call: Caller, app: Flask, tenant: Tenant, file_source: Callable[..., Any]
) -> None:
    source = file_source(GOOD)
    with writing() as connection:
        started = runs.start(connection, source, dry_run=False, requested_by="x")
        lease = runs.claim(connection, tenant.id, started.run.id, 30)
        assert lease is not None
        runs.hold(connection, lease, source, "fewer than last time")
    held = call.get(f"/runs/{started.run.id}")
    assert (held["state"], held["message"]) == ("held", "fewer than last time")
    approved = call.post(f"/runs/{started.run.id}/approve")
    assert (approved["state"], approved["approved_by"].partition(":")[0]) == ("running", "client")
    runner.resume_due(app)
    assert call.get(f"/runs/{started.run.id}")["state"] == "finished"
    assert problem(call("POST", f"/runs/{started.run.id}/approve")) == (409, "not_possible")


def test_only_what_failed_is_tried_again(
    call: Caller, app: Flask, imported: Callable[..., Any], tmp_path: Path
) -> None:
    run = imported(GOOD, BAD)
    path = tmp_path / "hr.csv"
    path.write_text(path.read_text().replace("nonsense", "bo@acme.example"))
    again = call("POST", f"/runs/{run.id}/retry")
    assert (again.status_code, again.json["trigger"]) == (202, "retry")  # type: ignore[index]
    runner.resume_due(app)
    ended = call.get(again.headers["Location"].removeprefix("/api/v1"))
    assert (ended["added"], ended["total"]) == (1, 1)


def test_a_run_without_failed_records_is_not_tried_again(call: Caller, imported: Callable[..., Any]) -> None:
    assert problem(call("POST", f"/runs/{imported(GOOD).id}/retry")) == (409, "not_possible")


def test_a_run_that_is_not_there_is_not_found(call: Caller) -> None:
    for method, path in (("GET", ""), ("POST", "/cancel"), ("POST", "/approve"), ("POST", "/retry")):
        assert problem(call(method, f"/runs/7{path}")) == (404, "not_found"), path
    for number in ("0", "-1", "1.5", "x", "9" * 30, "٣"):
        assert problem(call("GET", f"/runs/{number}")) == (404, "not_found"), number
