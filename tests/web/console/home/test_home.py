"""What Home shows: people, decisions, sources, targets, the last two weeks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from app import clock, directory
from app.access import tenants
from app.access.tenants import Tenant
from app.database import writing
from app.directory import Actor
from app.provisioning import resync, targets
from app.sources.runs import Run
from scim.resources import HR, USER
from tests.provisioning.world import World
from tests.web.console.browser import Browser, Page

Import = Callable[..., Run]
ACTOR = Actor("admin", "test")


def hire(tenant: Tenant, user_name: str, *, active: bool = True, **dates: int) -> str:
    """The id of a new employee; dates are so many days from today."""
    document = {"schemas": [USER], "userName": user_name, "active": active}
    today = clock.utcnow().date()
    document |= (
        {HR: {name: str(today + timedelta(days=days)) for name, days in dates.items()}} if dates else {}
    )
    with writing() as connection:
        return directory.create(connection, tenant.id, ACTOR, document).id


def is_live(page: Page) -> bool:
    """Whether the page fetches itself again."""
    return any("data-live" in found for _, found in page.elements)


def test_an_empty_installation_is_led_through_three_steps(signed_in: Browser) -> None:
    page = signed_in.page()
    for words in ("Connect a source", "Connect a target", "Watch"):
        assert words in page.text
    assert page.links("welcome")["Connect a source"] == "/sources"
    assert page.links("welcome")["Connect a target"] == "/targets"
    assert "What needs somebody" not in page.text and "Nothing is wrong" not in page.text


def test_who_may_not_connect_is_told_who_does(as_role: Callable[[str], Browser]) -> None:
    page = as_role("hr").page()
    assert "An admin of this tenant connects both." in page.text
    assert "Connect a source" not in page.links("welcome")


def test_with_people_the_next_step_is_the_target_and_then_the_steps_are_gone(
    signed_in: Browser, import_csv: Import
) -> None:
    import_csv("1,Maya,maya@acme.example")
    page = signed_in.page()
    assert "Almost there" in page.text
    assert "Connect a target" in page.links("welcome") and "Connect a source" not in page.links("welcome")


def test_a_set_up_installation_has_no_steps(signed_in: Browser, world: World, import_csv: Import) -> None:
    import_csv("1,Maya,maya@acme.example")
    assert "welcome" not in {found.get("id") for _, found in signed_in.page().elements}


def test_people_are_counted_and_each_number_leads_to_them(signed_in: Browser, tenant: Tenant) -> None:
    hire(tenant, "stays")
    hire(tenant, "starts", startDate=10)
    hire(tenant, "started", startDate=-10)
    hire(tenant, "leaves", terminationDate=20)
    hire(tenant, "left", active=False, terminationDate=-400)
    page = signed_in.page()
    numbers = page.text.split("People", 2)[-1]
    for words in ("Active 4", "Starting 1", "Leaving 1", "Inactive 1"):
        assert words in numbers, words
    assert {found["href"] for tag, found in page.elements if tag == "a"} >= {
        "/people?state=active",
        "/people?moment=starting",
        "/people?moment=leaving",
        "/people?state=inactive",
    }


def test_the_numbers_agree_with_the_lists_behind_them(signed_in: Browser, tenant: Tenant) -> None:
    hire(tenant, "soon-here", startDate=10)
    hire(tenant, "soon-gone", terminationDate=20)
    for moment, name in (("starting", "soon-here"), ("leaving", "soon-gone")):
        text = signed_in.get(f"/people?moment={moment}").text
        assert name in text
        assert ({"soon-here", "soon-gone"} - {name}).pop() not in text


def test_a_source_is_a_card_with_its_last_and_its_next_run(signed_in: Browser, import_csv: Import) -> None:
    run = import_csv("1,Maya,maya@acme.example", "2,Noah,noah@acme.example")
    page = signed_in.page()
    assert "people Active" in page.text
    assert "2 added, 0 updated, 0 errored" in page.text
    assert "Next run on request only" in page.text
    assert f"/runs/{run.id}" in page.links("sources").values()


def test_a_target_is_a_card_with_its_state_and_its_links(signed_in: Browser, world: World) -> None:
    world.hire("Maya", "Okafor")
    world.hire("Leila", "Haddad", None)
    world.tick()
    page = signed_in.page()
    assert "far Active" in page.text and "every minute" in page.text
    links = page.links("targets")
    assert links["1 linked at far"] == f"/people?target={world.target.id}&at=linked"
    assert links["1 waiting at far"] == f"/people?target={world.target.id}&at=waiting"


def test_the_page_is_live_while_a_full_resync_is_under_way(signed_in: Browser, world: World) -> None:
    world.hire("Maya", "Okafor")
    world.tick()
    assert not is_live(signed_in.page())
    with writing() as connection:
        resync.request_full(connection, world.target, "test")
    page = signed_in.page()
    assert is_live(page) and "a full resync is under way" in page.text
    world.tick()
    assert not is_live(signed_in.page())


def test_two_weeks_of_imports_are_bars_with_a_table(signed_in: Browser, import_csv: Import) -> None:
    import_csv("1,Maya,maya@acme.example", "2,Noah,noah@acme.example")
    import_csv("1,Mia,maya@acme.example", "2,Noah,noah@acme.example", ",Leila,x")
    page = signed_in.page()
    rows = page.rows("strip")
    assert len(rows) == 14
    today = str(clock.utcnow().date())
    assert rows[0] == [today, "2", "0", "2", "1", "0", "1", "1", "5"]
    assert page.heads("strip")[3:] == ["Added", "Updated", "Deleted", "Skipped", "Errored", "Total"]
    assert page.links("strip")[today] == f"/runs?first={today}&last={today}"
    assert {"bar-added", "bar-updated", "bar-errored"} <= {
        found.get("class") for tag, found in page.elements if tag == "rect"
    }


def test_decisions_that_wait_stand_on_home(signed_in: Browser, world: World) -> None:
    far = world.far
    remote = far.add("root@example.com", "root2")
    assert remote
    world.configure(adopt="hold")
    world.hire("Root", "Two", "root@example.com")
    world.tick()
    page = signed_in.page()
    assert "1 decision waits" in page.text
    assert page.links("waiting")["Protected accounts at far"].startswith("/approvals/plans/")
    assert page.links("waiting")["Look and decide"] == "/approvals"


def test_another_tenants_affairs_are_not_shown(signed_in: Browser, world: World) -> None:
    with writing() as connection:
        other = tenants.create(connection, "other")
    hire(other, "stranger")
    theirs = World(other, world.far)
    theirs.hire("Leila", "Haddad", None)
    theirs.tick()
    page = signed_in.page()
    assert "no work e-mail" not in page.text and "people" not in page.links("people")
    assert "Active 2" not in page.text


def test_names_with_script_are_shown_as_text(signed_in: Browser, world: World) -> None:
    payload = "<script>alert(1)</script>"
    world.tick()
    with writing() as connection:
        targets.pause(connection, world.target, "test", payload)
    page = signed_in.page()
    assert payload.casefold() in page.text.casefold()
    assert [found for tag, found in page.elements if tag == "script" and "src" not in found] == []
