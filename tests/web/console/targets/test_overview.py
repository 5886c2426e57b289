"""A target's own page, and the deeds on it."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select, update

from app import clock
from app.access.tenants import Tenant
from app.database import reading, writing
from app.provisioning import plans, resync, targets
from app.provisioning.tables import plan_table, target_table
from app.provisioning.targets import Target
from app.vendors.jumpcloud.simulator import JumpCloudSimulator
from tests.web.console.browser import Browser, Page
from tests.web.console.targets.forms import fields_of, send


def now(target: Target) -> Target:
    """The target as it is now."""
    with reading() as connection:
        return targets.named(connection, target.tenant_id, target.name)


def kinds_of_plans(target: Target) -> list[tuple[str, str]]:
    """Kind and state of the target's plans, the oldest first."""
    with reading() as connection:
        query = select(plan_table.c.kind, plan_table.c.state).where(plan_table.c.target_id == target.id)
        return [(row.kind, row.state) for row in connection.execute(query.order_by(plan_table.c.id))]


def test_every_number_leads_to_the_people_behind_it(
    signed_in: Browser, connect: Callable[..., Target], hire: Callable[..., str], tick: Callable[..., None]
) -> None:
    hire("Maya")
    hire("Uma", email="both@acme.example")
    hire("Vik", email="Both@acme.example")
    hire("Leila", email=None)
    target = connect()
    tick(target)
    page = signed_in.page(f"/targets/{target.id}")
    assert [row[0] for row in page.rows("causes")] == [
        "Two people share a work e-mail address",
        "No work e-mail address yet",
    ]
    (held,) = [way for words, way in page.links("causes").items() if words.startswith("2")]
    assert sorted(row[0] for row in signed_in.page(held).rows("people")) == ["Uma Okafor", "Vik Okafor"]
    cards = signed_in.page("/targets").links("targets")
    assert cards["1 linked at accounts"] == f"/people?target={target.id}&at=linked"


def test_resync_now_starts_a_full_resync_whose_progress_is_shown(
    signed_in: Browser,
    connect: Callable[..., Target],
    hire: Callable[..., str],
    tick: Callable[..., None],
    simulator: JumpCloudSimulator,
) -> None:
    hire("Maya")
    target = connect()
    tick(target)
    at = f"/targets/{target.id}"
    assert "Nothing is under way" in signed_in.page(at).text
    answer = send(signed_in, at, f"{at}/resync")
    assert (answer.status_code, answer.headers["Location"]) == (303, at)
    page = signed_in.page(at)
    assert "Full resync under way" in page.text and "0 of 1 people done" in page.text
    fragment = signed_in.page(f"{at}/progress")
    ((tag, found),) = [element for element in fragment.elements if element[0] == "section"]
    assert (tag, found["id"], found["data-live"]) == ("section", "progress", f"{at}/progress")
    tick(target)
    assert "data-live" not in signed_in.get(f"{at}/progress").text
    assert kinds_of_plans(target) == [("full", "applied"), ("full", "applied")]


def test_progress_counts_people_while_they_are_worked_on(
    signed_in: Browser, connect: Callable[..., Target], hire: Callable[..., str], tick: Callable[..., None]
) -> None:
    for name in ("Maya", "Noah", "Leila"):
        hire(name)
    target = connect()
    with writing() as connection:
        plan = resync.request_full(connection, target, "first sync")
        resync.mark_batch(connection, target)
        resync.mark_batch(connection, target)
        plans.count(connection, target.tenant_id, plan, plans.Counts(created=2))
    assert "2 of 5 people done" in signed_in.page(f"/targets/{target.id}").text


def test_saving_the_settings_unchanged_starts_a_full_resync_too(
    signed_in: Browser, connect: Callable[..., Target], tick: Callable[..., None]
) -> None:
    target = connect()
    tick(target)
    before = now(target).settings
    send(signed_in, f"/targets/{target.id}", f"/targets/{target.id}/save")
    assert kinds_of_plans(target)[-1] == ("full", "applying")
    assert now(target).settings == before


def test_a_paused_target_says_why_and_is_let_go_on(
    signed_in: Browser, connect: Callable[..., Target], tick: Callable[..., None]
) -> None:
    target = connect()
    tick(target)
    at = f"/targets/{target.id}"
    send(signed_in, at, f"{at}/pause", reason="moving house")
    assert not now(target).is_active
    page = signed_in.page(at)
    assert "accounts is paused" in page.text and "Moving house" in page.text
    assert "Mend it: accounts" in signed_in.page("/targets").links("targets")
    answer = signed_in.post(f"{at}/resync", fields_of(signed_in, at, f"{at}/resume"))  # type: ignore[arg-type]
    assert answer.status_code == 303
    assert "is paused: nothing is sent" in signed_in.page(at).text
    assert kinds_of_plans(target) == [("full", "applied")]
    send(signed_in, at, f"{at}/resume")
    assert now(target).is_active


def test_a_refused_key_asks_for_a_new_one_right_there(
    signed_in: Browser,
    connect: Callable[..., Target],
    hire: Callable[..., str],
    tick: Callable[..., None],
    prove: Callable[[], None],
    simulator: JumpCloudSimulator,
) -> None:
    hire("Maya")
    target = connect(token="old")
    tick(target)
    at = f"/targets/{target.id}"
    page = signed_in.page(at)
    assert "accounts refuses the key" in page.text and "rollcall target" not in page.text
    assert "Key refused" in signed_in.page("/targets").text
    answer = signed_in.http.get(f"{signed_in.base}{at}/token", allow_redirects=False, timeout=30)
    assert answer.headers["Location"].startswith("/prove?next=")
    prove()
    answer = send(signed_in, at, f"{at}/token", token="still wrong")
    assert answer.headers["Location"] == at
    assert "does not work" in signed_in.page(at).text and not now(target).is_active
    send(signed_in, at, f"{at}/token", token="simulator-key")
    assert now(target).is_active
    tick(target)
    assert [user["email"] for user in simulator.systemusers.everyone()] == ["maya@acme.example"]


def test_a_target_out_of_reach_says_when_it_is_asked_again(
    signed_in: Browser, connect: Callable[..., Target]
) -> None:
    target = connect()
    with writing() as connection:
        values = {"failures": 4, "retry_at": clock.after(600), "first_synced": True}
        connection.execute(update(target_table).where(target_table.c.id == target.id).values(values))
    at = f"/targets/{target.id}"
    page = signed_in.page(at)
    assert "accounts does not answer well" in page.text and "4 calls in a row failed" in page.text
    assert "Next attempt" in page.text
    send(signed_in, at, f"{at}/resume")
    assert now(target).retry_at is None


def test_a_plan_that_waits_is_linked(signed_in: Browser, connect: Callable[..., Target]) -> None:
    target = connect()
    with writing() as connection:
        plan = plans.create(connection, target.tenant_id, target.id, plans.HELD, "waiting", "7 suspends")
    page = signed_in.page(f"/targets/{target.id}")
    assert f"Plan {plan} waits for an approval" in page.text and "7 suspends" in page.text
    assert f"/approvals/plans/{plan}" in signed_in.page("/targets").links("targets").values()


def test_taking_a_target_away_asks_for_its_name(
    signed_in: Browser, tenant: Tenant, connect: Callable[..., Target]
) -> None:
    target = connect()
    way = f"/targets/{target.id}/remove"
    assert "stays as it is" in signed_in.page(way).text
    assert send(signed_in, way, name="account").status_code == 422
    assert send(signed_in, way, name="accounts").headers["Location"] == "/targets"
    with reading() as connection:
        assert targets.listed(connection, tenant.id) == []


def test_another_address_wants_its_own_key(
    signed_in: Browser, connect: Callable[..., Target], prove: Callable[[], None]
) -> None:
    target = connect()
    prove()
    way = f"/targets/{target.id}/address"
    answer = send(signed_in, way, url="https://elsewhere.example/api")
    page = Page(answer.text)
    assert answer.status_code == 422 and "Give the token of that system with it." in page.text
    assert [found["id"] for _, found in page.elements if found.get("aria-invalid")] == ["token"]
    assert "rollcall" not in page.text.partition("Give the token")[2]
    assert now(target).url == target.url
    answer = send(signed_in, way, url=f"{target.url}/v2")
    assert answer.status_code == 303
    assert (now(target).url, now(target).token) == (f"{target.url}/v2", target.token)
    assert kinds_of_plans(target)[-1] == ("full", "applying")


def test_an_address_with_a_stray_bracket_is_said_at_its_field_and_stays_typed(
    signed_in: Browser, connect: Callable[..., Target], prove: Callable[[], None]
) -> None:
    target = connect()
    prove()
    answer = send(signed_in, f"/targets/{target.id}/address", url="https://[x", token="another")
    page = Page(answer.text)
    assert (answer.status_code, "cannot be read" in page.text) == (422, True)
    wrong = [(found["id"], found["value"]) for _, found in page.elements if found.get("aria-invalid")]
    assert wrong == [("url", "https://[x")]
    assert now(target) == target


def test_another_schedule_is_saved(signed_in: Browser, connect: Callable[..., Target]) -> None:
    target = connect()
    answer = send(signed_in, f"/targets/{target.id}/schedule", interval="900")
    assert answer.headers["Location"] == f"/targets/{target.id}/settings"
    assert now(target).interval_seconds == 900
    assert "every 15 minutes" in signed_in.page(f"/targets/{target.id}/settings").text
    assert send(signed_in, f"/targets/{target.id}/schedule", interval="7").status_code == 422
