"""One delivery: what was sent, what came back, what it means, and sending it once more."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from app.database import reading
from app.identifiers import new_id
from app.provisioning.tables import attempt_table
from tests.provisioning.world import World
from tests.web.console.browser import Browser

PushedTo = Callable[..., World]


def call_ids(world: World, method: str) -> list[str]:
    """The ids of the calls with this method, the first first."""
    query = select(attempt_table.c.id).where(
        attempt_table.c.tenant_id == world.tenant.id, attempt_table.c.method == method
    )
    with reading() as connection:
        return list(connection.scalars(query.order_by(attempt_table.c.at, attempt_table.c.id)))


def test_request_and_answer_stand_there_readable(signed_in: Browser, pushed_to: PushedTo) -> None:
    world = pushed_to()
    maya = world.hire("Maya", "Okafor", title="Lead")
    world.tick()
    (created,) = call_ids(world, "POST")
    text = signed_in.page(f"/deliveries/{created}").text
    assert '"title": "Lead"' in text and "POST /scim/v2/Users" in text
    assert "Done" in text and "The target took the request." in text
    assert f"Employee {maya}" in text and "far-side-token" not in text


def test_a_refusal_says_what_it_means_and_what_the_target_said(
    signed_in: Browser, pushed_to: PushedTo
) -> None:
    world = pushed_to("400:method=POST")
    world.hire("Maya", "Okafor")
    world.tick()
    (refused,) = call_ids(world, "POST")
    text = signed_in.page(f"/deliveries/{refused}").text
    assert "The target refused what was sent." in text
    assert "The target’s own words:" in text
    assert "This person is held until" in text


def test_earlier_and_later_tries_are_listed(signed_in: Browser, pushed_to: PushedTo) -> None:
    world = pushed_to("500:method=PATCH,count=2")
    maya = world.hire("Maya", "Okafor")
    world.tick()
    world.change(maya, title="Lead")
    world.settle()
    first, second, third = call_ids(world, "PATCH")
    page = signed_in.page(f"/deliveries/{second}")
    assert [row[0] for row in page.rows("attempts")] == ["1 of 3", "2 of 3 (this one)", "3 of 3"]
    assert [row[2] for row in page.rows("attempts")] == [
        "Target in trouble 500",
        "Target in trouble 500",
        "Done 200",
    ]
    leads_to = set(page.links("attempts").values())
    assert leads_to <= {f"/deliveries/{first}", f"/deliveries/{third}"} and leads_to


def test_resend_pushes_that_person_at_that_target_now(signed_in: Browser, pushed_to: PushedTo) -> None:
    world = pushed_to()
    maya = world.hire("Maya", "Okafor")
    world.hire("Noah", "Becker")
    world.tick()
    (created, _) = call_ids(world, "POST")
    page = signed_in.page(f"/deliveries/{created}")
    answer = signed_in.submit(page, f"/people/{maya}/push")
    assert answer.status_code == 303
    assert answer.headers["Location"].endswith(f"/deliveries/{created}")
    assert world.link(maya).due_at is not None
    assert page.forms[-1][1]["target"] == str(world.target.id)


def test_who_may_only_look_has_no_button(as_role: Callable[[str], Browser], pushed_to: PushedTo) -> None:
    world = pushed_to()
    maya = world.hire("Maya", "Okafor")
    world.tick()
    (created,) = call_ids(world, "POST")
    page = as_role("viewer").page(f"/deliveries/{created}")
    assert "What was sent" in page.text
    assert f"/people/{maya}/push" not in {form["action"] for form, _ in page.forms}


def test_of_somebody_deleted_the_call_is_still_shown_and_cannot_be_resent(
    signed_in: Browser, pushed_to: PushedTo
) -> None:
    world = pushed_to()
    maya = world.hire("Maya", "Okafor")
    world.tick()
    world.delete(maya)
    world.tick()
    page = signed_in.page(f"/deliveries/{call_ids(world, 'POST')[0]}")
    assert "(deleted)" in page.text and "Resend" not in page.text


@pytest.mark.parametrize("name", ["nonsense", "%01", "0" * 36, "1/2"])
def test_an_unknown_delivery_is_not_found(signed_in: Browser, name: str) -> None:
    assert signed_in.get(f"/deliveries/{name}").status_code == 404


def test_a_number_that_nobody_gave_is_not_found(signed_in: Browser) -> None:
    assert signed_in.get(f"/deliveries/{new_id()}").status_code == 404
