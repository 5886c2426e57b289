"""The drift report: asked for, by kind and by field, and nothing is written."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

from app.provisioning.targets import Target
from app.vendors.jumpcloud.simulator import JumpCloudSimulator
from tests.web.console.browser import Browser, Page
from tests.web.console.targets.forms import send

Hire = Callable[..., str]
Tick = Callable[[Target], None]


def test_differences_are_shown_by_kind_by_field_and_by_person(
    signed_in: Browser,
    connect: Callable[..., Target],
    hire: Hire,
    tick: Tick,
    simulator: JumpCloudSimulator,
) -> None:
    hire("Maya")
    hire("Noah", "Becker")
    target = connect()
    tick(target)
    for user in simulator.systemusers.everyone():
        simulator.systemusers.change(user["_id"], {"jobTitle": "=cmd()"})
    simulator.systemusers.create({"username": "stranger", "email": "stranger@acme.example"})
    way, deed = f"/targets/{target.id}/drift", f"/targets/{target.id}/drift/report"
    before = len(simulator.log)
    assert "It only reports" in signed_in.page(way).text and len(simulator.log) == before
    page = Page(send(signed_in, way, deed).text)
    kinds = {row[0]: row[2] for row in page.rows("kinds")}
    assert kinds["Other value there"].startswith("2") and kinds["Stranger"].startswith("1")
    assert page.rows("by-field") == [["Job title", "2"]]
    found = {row[0]: row[1:4] for row in page.rows("of-differs")}
    assert found["Noah Becker (noah@acme.example)"] == ["Job title", "Engineer", "=cmd()"]
    assert {call.method for call in simulator.log.calls(before)} <= {"GET"}

    answer = send(signed_in, way, deed, **{"as": "file"})
    assert answer.headers["Content-Disposition"].startswith("attachment")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert sorted(row["kind"] for row in rows) == ["differs", "differs", "unknown"]
    assert {row["there"] for row in rows if row["kind"] == "differs"} == {"'=cmd()"}


def test_a_target_that_does_not_answer_says_so(signed_in: Browser, connect: Callable[..., Target]) -> None:
    target = connect(token="wrong")
    answer = send(signed_in, f"/targets/{target.id}/drift", f"/targets/{target.id}/drift/report")
    assert answer.status_code == 502 and "Nothing was compared" in answer.text


def test_a_reload_of_the_report_leads_back_to_its_button(
    signed_in: Browser, connect: Callable[..., Target]
) -> None:
    target = connect()
    assert signed_in.get(f"/targets/{target.id}/drift/report").url.endswith(f"/targets/{target.id}/drift")
