"""Equal and different requests at the same moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests
from flask import Flask

from tests.web.api.conftest import Caller

AT_ONCE = 8


def _at_once(call: Caller, base: str, requests_: list[tuple[str, str, Any]]) -> list[requests.Response]:
    headers = {"Authorization": f"Bearer {call.token}"}

    def send(method: str, path: str, body: Any) -> requests.Response:
        return requests.request(method, f"{base}/api/v1{path}", json=body, headers=headers, timeout=60)

    with ThreadPoolExecutor(len(requests_)) as threads:
        return list(threads.map(lambda each: send(*each), requests_))


def test_of_equal_additions_one_is_made(app: Flask, call: Caller, serve: Callable[[Any], str]) -> None:
    call.post("/vendors/jazzhr/enable")
    base = serve(app)
    for number in range(5):
        new = {"kind": "jazzhr", "name": f"jazz{number}"}
        answers = _at_once(call, base, [("POST", "/sources", new)] * AT_ONCE)
        assert Counter(each.status_code for each in answers) == {201: 1, 409: AT_ONCE - 1}


def test_of_equal_imports_one_is_started_and_all_hear_of_it(
    app: Flask, call: Caller, serve: Callable[[Any], str], published: Callable[..., Any]
) -> None:
    published()
    base = serve(app)
    for _ in range(5):
        answers = _at_once(call, base, [("POST", "/sources/jazz/import", {})] * AT_ONCE)
        assert Counter(each.status_code for each in answers) == {202: 1, 200: AT_ONCE - 1}
        (run,) = {each.json()["run"] for each in answers}
        call.post(f"/runs/{run}/cancel")


def test_changes_of_different_settings_at_once_all_count(
    app: Flask, call: Caller, serve: Callable[[Any], str], published: Callable[..., Any]
) -> None:
    published()
    base = serve(app)
    for number in range(2, 7):
        changes: dict[str, Any] = {
            "schedule": f"{number}h",
            "report_to": f"hr{number}@acme.example",
            "work_email": f"{{given}}{number}@acme.example",
        }
        settings = {"full_read": f"{number}d", "retry_seconds": f"0.0{number}"}
        bodies = [{name: value} for name, value in changes.items()]
        bodies += [{"settings": {name: value}} for name, value in settings.items()]
        answers = _at_once(call, base, [("PATCH", "/sources/jazz", body) for body in bodies])
        assert {each.status_code for each in answers} == {200}
        shown = call.get("/sources/jazz")
        assert {name: shown[name] for name in changes} == changes
        assert {name: shown["settings"][name] for name in settings} == settings
