"""The plans of a target, and undoing one."""

from __future__ import annotations

from collections.abc import Callable

from app.database import writing
from app.provisioning import plans
from app.provisioning.targets import Target
from app.web.console.paging import PAGE
from tests.web.console.browser import Browser
from tests.web.console.targets.forms import Forms, send
from tests.web.console.targets.test_overview import kinds_of_plans


def test_plans_say_what_they_did_and_lead_to_their_page(
    signed_in: Browser,
    connect: Callable[..., Target],
    hire: Callable[..., str],
    tick: Callable[[Target], None],
) -> None:
    hire("Maya")
    target = connect()
    assert "No sync has been asked for yet" in signed_in.page(f"/targets/{target.id}/plans").text
    tick(target)
    page = signed_in.page(f"/targets/{target.id}/plans")
    assert page.rows("plans")[0][:4] == ["1", "Full resync", "Done", "1 created"]
    assert page.links("plans")["1"] == "/approvals/plans/1"


def test_undo_makes_a_plan_and_writes_nothing(
    signed_in: Browser,
    connect: Callable[..., Target],
    hire: Callable[..., str],
    tick: Callable[[Target], None],
) -> None:
    hire("Maya")
    target = connect()
    tick(target)
    way, deed = f"/targets/{target.id}/plans", f"/targets/{target.id}/plans/1/undo"
    answer = send(signed_in, way, deed)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/approvals/plans/2")
    assert kinds_of_plans(target) == [("full", "applied"), ("undo", "draft")]
    token = Forms(signed_in.get(way).text).by_action[deed]["csrf_token"][0]
    other = connect("other")
    for path in (f"/targets/{other.id}/plans/1/undo", f"/targets/{target.id}/plans/99/undo"):
        assert signed_in.post(path, {"csrf_token": token}).status_code == 404


def test_many_plans_come_in_pages(signed_in: Browser, connect: Callable[..., Target]) -> None:
    target = connect()
    with writing() as connection:
        for _ in range(PAGE + 1):
            plans.create(connection, target.tenant_id, target.id, plans.TICK, "applied", "on demand")
    first = signed_in.page(f"/targets/{target.id}/plans")
    second = signed_in.page(first.links("plans")["Older"])
    assert [row[0] for row in second.rows("plans")] == ["1"]
    assert signed_in.get(f"/targets/{target.id}/plans?older=x&newer=-1").status_code == 200
