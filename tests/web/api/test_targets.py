"""Targets over the admin API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.web.api.conftest import Caller, problem


def test_targets_are_listed_and_shown_without_their_tokens(call: Caller, target: Callable[..., Any]) -> None:
    target("near"), target("far", paused=True)
    lines = call.get("/targets")["targets"]
    assert [(line["name"], line["state"]) for line in lines] == [("far", "paused"), ("near", "active")]
    assert call.get("/targets/far") == lines[0]
    texts = [call("GET", path).text for path in ("/targets", "/targets/far", "/targets/far/status")]
    assert not any("secret-of-the-target" in text for text in texts)


def test_the_status_counts_links_and_plans(
    call: Caller, target: Callable[..., Any], hired: Callable[..., str]
) -> None:
    target()
    hired("ada", emails=[{"type": "work", "value": "ada@acme.example"}])
    status = call.get("/targets/far/status")
    assert (status["due"], status["plans_waiting"], status["last_attempt"]) == (1, [], None)


def test_a_sync_is_only_asked_for_and_its_plan_says_what_became_of_it(
    call: Caller, target: Callable[..., Any]
) -> None:
    target()
    first = call("POST", "/targets/far/sync")
    assert (first.status_code, first.json["kind"], first.json["state"]) == (202, "full", "applying")  # type: ignore[index]
    assert call.get(first.headers["Location"].removeprefix("/api/v1")) == first.json
    again = call("POST", "/targets/far/sync", {"full": True})
    assert again.json["plan"] == first.json["plan"]  # type: ignore[index]


def test_one_person_is_synced_by_work_email(
    call: Caller, target: Callable[..., Any], hired: Callable[..., str]
) -> None:
    target()
    hired("ada", emails=[{"type": "work", "value": "ada@acme.example"}])
    assert call("POST", "/targets/far/sync", {"email": "ADA@acme.example"}).status_code == 202
    assert problem(call("POST", "/targets/far/sync", {"email": "bo@acme.example"})) == (404, "not_found")
    both = {"email": "ada@acme.example", "full": True}
    assert problem(call("POST", "/targets/far/sync", both)) == (409, "not_possible")


def test_a_paused_target_is_not_synced_until_it_is_resumed(call: Caller, target: Callable[..., Any]) -> None:
    target()
    paused = call.post("/targets/far/pause", {"reason": "moving house"})
    assert (paused["state"], paused["pause_reason"]) == ("paused", "moving house")
    assert call.post("/targets/far/pause", {"reason": "again"}) == paused
    assert problem(call("POST", "/targets/far/sync")) == (409, "not_possible")
    for _ in range(2):
        assert call.post("/targets/far/resume")["state"] == "active"


def test_a_target_is_named_in_an_address_whatever_its_name(call: Caller, target: Callable[..., Any]) -> None:
    target("Größe & co.")
    assert call.get("/targets/Gr%C3%B6%C3%9Fe%20&%20co.")["name"] == "Größe & co."


def test_a_target_that_is_not_there_is_not_found(call: Caller) -> None:
    for method, path in (("GET", ""), ("GET", "/status"), ("POST", "/sync"), ("POST", "/resume")):
        assert problem(call(method, f"/targets/nobody{path}")) == (404, "not_found"), path
