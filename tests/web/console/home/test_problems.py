"""What is wrong, on Home: one line for each cause, with its effect, who must act, and the button that mends it."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import update

from app import clock
from app.access import tokens
from app.access.tenants import Tenant
from app.database import writing
from app.provisioning import targets, ticks
from app.provisioning.tables import target_table
from app.sources.runs import Run
from tests.provisioning.far import Scim
from tests.provisioning.world import World
from tests.web.console.browser import Browser, Page

Import = Callable[..., Run]


def causes(page: Page) -> list[str]:
    """What is wrong, in the order of the page."""
    return [found["aria-label"] for _, found in page.elements if found.get("class", "").startswith("trouble")]


def test_nothing_is_wrong(signed_in: Browser, world: World, import_csv: Import) -> None:
    import_csv("1,Maya,maya@acme.example")
    world.tick()
    page = signed_in.page()
    assert "Nothing is wrong" in page.text and causes(page) == []


def test_many_people_with_one_cause_are_one_line(signed_in: Browser, world: World) -> None:
    for number in range(12):
        world.hire(f"P{number}", "Many", None)
    world.tick()
    page = signed_in.page()
    assert causes(page) == ["12 people have no work e-mail"]
    assert (
        "They get no account until they have one" in page.text
        and "Whoever gives out work addresses" in page.text
    )
    leads_to = page.links("problems")["See who: 12 people have no work e-mail"]
    text = signed_in.page(leads_to).text
    assert "P0 Many" in text and "P11 Many" in text


def test_at_two_targets_it_is_still_one_line_and_nobody_counts_twice(
    signed_in: Browser, world: World, tenant: Tenant
) -> None:
    far = Scim()
    try:
        with writing() as connection:
            added = targets.add(
                connection,
                tenant.id,
                "test",
                kind=far.kind,
                name="second",
                url=far.url,
                auth_header=far.header,
                token="far-side-token",
            )
        world.hire("Leila", "Haddad", None)
        world.tick()
        ticks.run(tenant.id, added.id)
    finally:
        far.stop()
    page = signed_in.page()
    assert causes(page) == ["1 person has no work e-mail"]
    assert "far (1)" in page.text and "second (1)" in page.text


def test_what_goes_on_by_itself_is_no_problem(signed_in: Browser, world: World) -> None:
    world.configure(start_gate="3")
    world.hire("Maya", "Okafor", hr={"startDate": "2999-01-01"})
    world.tick()
    assert causes(signed_in.page()) == []


def test_a_refused_key_asks_an_admin_for_a_new_one(
    signed_in: Browser, as_role: Callable[[str], Browser], world: World
) -> None:
    with writing() as connection:
        targets.change(connection, world.target, "test", token="wrong")
    world.hire("Maya", "Okafor")
    world.tick()
    page = signed_in.page()
    assert causes(page) == ["far refuses its key"]
    assert "suspends of leavers neither" in page.text
    assert (
        page.links("problems")["Enter a new key: far refuses its key"] == f"/targets/{world.target.id}/token"
    )
    assert "Enter a new key" not in as_role("viewer").page().links("problems")


def test_a_paused_target_is_resumed_with_one_button(
    signed_in: Browser, as_role: Callable[[str], Browser], world: World
) -> None:
    world.tick()
    with writing() as connection:
        targets.pause(connection, world.target, "test", "maintenance")
    page, resume = signed_in.page(), f"/targets/{world.target.id}/resume"
    assert causes(page) == ["far is paused: maintenance"]
    assert resume not in {form["action"] for form, _ in as_role("viewer").page().forms}
    assert signed_in.submit(page, resume).status_code == 303
    assert world.target.is_active
    assert causes(signed_in.page()) == []


def test_a_run_that_failed_says_why_and_is_tried_again(signed_in: Browser, import_csv: Import) -> None:
    import_csv("1,Maya,maya@acme.example")
    failed = import_csv(is_gone=True)
    page = signed_in.page()
    assert len(causes(page)) == 1
    assert f"/runs/{failed.id}/retry" in {form["action"] for form, _ in page.forms}
    import_csv("1,Maya,maya@acme.example")
    assert causes(signed_in.page()) == []


def test_rows_that_could_not_be_taken_lead_to_their_reasons(signed_in: Browser, import_csv: Import) -> None:
    run = import_csv("1,Maya,maya@acme.example", ",Leila,x", ",Noah,y")
    page = signed_in.page()
    (what,) = causes(page)
    assert what == "2 records of people could not be taken"
    assert page.links("problems")[f"See who and why: {what}"] == f"/runs/{run.id}?result=errored"


def test_a_token_that_ends_soon_is_said(signed_in: Browser, tenant: Tenant) -> None:
    with writing() as connection:
        tokens.create(connection, tenant, "idp", life_days=5)
    # Without people or systems Home leads through the first steps and has no problems yet.
    assert causes(signed_in.page()) == []


def test_a_token_that_ends_soon_is_said_once_somebody_is_there(
    signed_in: Browser, tenant: Tenant, world: World
) -> None:
    with writing() as connection:
        tokens.create(connection, tenant, "idp", life_days=5)
    page = signed_in.page()
    assert len(causes(page)) == 1 and "of idp ends on" in causes(page)[0]
    assert "/tokens" in page.links("problems").values()


def test_nobody_working_is_the_first_line(signed_in: Browser, world: World) -> None:
    world.hire("Leila", "Haddad", None)
    world.tick()
    with writing() as connection:
        connection.execute(update(target_table).values(next_tick_at=clock.after(-3600)))
    page = signed_in.page()
    assert causes(page) == ["Nothing is being worked on", "1 person has no work e-mail"]
