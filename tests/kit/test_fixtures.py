"""The fixtures of the adapter kit by themselves, as third parties use them beside the battery."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests
from werkzeug.wrappers import Request, Response

from app.sources.errors import WrongSource
from app.vendors.jazzhr.simulator import DEFAULT_KEY, JazzHRSimulator


@Request.application
def echo(request: Request) -> Response:
    return Response(request.path, 200)


def test_a_vendor_is_served_over_http_and_its_calls_are_kept(vendor_server: Callable[..., Any]) -> None:
    server = vendor_server(echo)
    assert requests.get(f"{server.url}/people?page=1", timeout=10).text == "/people"
    assert [(call.method, call.path, call.query) for call in server.calls()] == [
        ("GET", "/people", {"page": "1"})
    ]
    server.forget_calls()
    assert server.calls() == []


def test_a_vendor_gets_the_body_of_a_call(vendor_server: Callable[..., Any]) -> None:
    server = vendor_server(Request.application(lambda request: Response(request.get_data()[::-1])))
    assert requests.post(server.url, data=b"abc", timeout=10).text == "cba"
    assert [call.body for call in server.calls()] == ["abc"]


def test_faults_stand_before_any_application(vendor_server: Callable[..., Any]) -> None:
    server = vendor_server(echo, faults="429:nth=2,retry_after=7")
    answers = [requests.get(server.url, timeout=10) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 429, 200]
    assert answers[1].headers["Retry-After"] == "7"
    server.plan_faults("drop")
    with pytest.raises(requests.ConnectionError):
        requests.get(server.url, timeout=10)


def test_nobody_listens_when_it_was_stopped(vendor_server: Callable[..., Any]) -> None:
    server = vendor_server(echo)
    server.stop()
    server.stop()
    with pytest.raises(requests.ConnectionError):
        requests.get(server.url, timeout=10)


def test_a_source_is_connected_imported_and_looked_at(
    vendor_server: Callable[..., Any],
    rollcall_source: Callable[..., Any],
    rollcall_import: Callable[..., Any],
    rollcall_employee: Callable[..., Any],
) -> None:
    vendor = JazzHRSimulator(faults="no-limit")
    vendor.hire({"first_name": "Maya", "email": "maya@example.org"})
    server = vendor_server(vendor, faults="503:every=2,retry_after=120")
    source = rollcall_source("jazzhr", {"base_url": f"{server.url}/v1"}, {"api_key": DEFAULT_KEY})
    assert rollcall_import(source, dry_run=True).counts.added == 1
    assert rollcall_employee("maya@example.org") is None
    # Each two minutes that the vendor asks for are over at once.
    run = rollcall_import(source)
    assert (run.state, run.counts.added) == ("finished", 1)
    assert rollcall_employee("maya@example.org")["name"]["givenName"] == "Maya"


def test_a_source_that_cannot_be_is_refused(rollcall_source: Callable[..., Any]) -> None:
    with pytest.raises(WrongSource, match="calls_per_minute"):
        rollcall_source("jazzhr", {"calls_per_minute": "many"}, {"api_key": DEFAULT_KEY})
