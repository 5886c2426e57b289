"""What happened to a person, in plain words and in pages."""

from __future__ import annotations

from collections.abc import Callable

from app import directory
from app.access.tenants import Tenant
from app.database import writing
from app.directory import Actor
from app.provisioning.targets import Target
from app.web.console.people.timeline import PAGE
from tests.web.console.browser import Browser
from tests.web.console.people.conftest import Hire


def test_calls_and_plans_stand_beside_changes_and_lead_to_what_was_sent(
    signed_in: Browser, hire: Hire, accounts: Target, tick: Callable[[], None]
) -> None:
    maya = hire("Maya Okafor")
    tick()
    page = signed_in.page(f"/people/{maya}/timeline")
    assert "Sent and taken at accounts" in page.text and "Looked up at accounts" in page.text
    assert "Account made at accounts" in page.text
    addresses = list(page.links("timeline").values())
    call = next(address for address in addresses if address.startswith("/deliveries/"))
    assert signed_in.get(call).status_code == 200
    assert any(address.startswith("/approvals/plans/") for address in addresses)


def test_a_long_timeline_comes_in_pages_without_a_gap(signed_in: Browser, hire: Hire, tenant: Tenant) -> None:
    maya = hire("Maya Okafor")
    for number in range(PAGE + 5):
        with writing() as connection:
            directory.merge(
                connection, tenant.id, maya, Actor("admin", "test"), {"title": f"Title-{number:02}"}
            )
    first = signed_in.page(f"/people/{maya}/timeline")
    second = signed_in.page(first.links("timeline")["Older"])
    assert "→ Title-29" in first.text and "→ Title-05" in first.text and "→ Title-04" not in first.text
    assert "→ Title-04" in second.text and "Added in the directory" in second.text
    assert (
        "Older" not in second.links("timeline")
        and second.links("timeline")["Newest"] == f"/people/{maya}/timeline"
    )


def test_a_place_that_makes_no_sense_shows_the_newest(signed_in: Browser, hire: Hire) -> None:
    maya = hire("Maya Okafor")
    at = "2026-01-02T03:04:05.000000Z"
    nonsense = ("x", "a|b", "2026|revision|x", "2026|revision|1", "||", "%01|attempt|%01", "a|b|c|d")
    for place in (
        *nonsense,
        *(f"{at}|{kind}|{n}" for kind in ("plan", "revision") for n in (2**31, "9" * 30, "²")),
    ):
        answer = signed_in.get(f"/people/{maya}/timeline?before={place}")
        assert answer.status_code == 200, place
