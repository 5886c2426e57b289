"""The people of a target: by state, by cause, in pages; orphans are forgotten by an admin."""

from __future__ import annotations

from collections.abc import Callable

from app import directory
from app.access.tenants import Tenant
from app.database import reading, writing
from app.provisioning import orphans
from app.provisioning.targets import Target
from app.web.console.paging import PAGE
from tests.web.console.browser import Browser
from tests.web.console.targets.conftest import ACTOR
from tests.web.console.targets.forms import press

Hire = Callable[..., str]
Tick = Callable[[Target], None]


def test_who_stands_still_is_listed_with_the_cause_in_plain_words(
    signed_in: Browser, connect: Callable[..., Target], hire: Hire, tick: Tick
) -> None:
    hire("Uma", email="both@acme.example")
    hire("Vik", email="both@acme.example")
    hire("Leila", email=None)
    hire("Maya")
    target = connect()
    tick(target)
    page = signed_in.page(f"/targets/{target.id}/people")
    rows = {row[0]: row[1:3] for row in page.rows("people")}
    assert set(rows) == {"Uma Okafor", "Vik Okafor", "Leila Okafor"}
    assert rows["Leila Okafor"][0] == "Waiting"
    assert rows["Leila Okafor"][1].startswith("No work e-mail address yet.")
    assert "belongs to Uma Okafor (both@acme.example) and Vik" in rows["Uma Okafor"][1]
    linked = signed_in.page(page.links("people")["1 linked"])
    ((name, state, why, *_),) = linked.rows("people")
    assert (name, state) == ("Maya Okafor", "Linked") and why.startswith("Up to date since")
    causes = signed_in.page(f"/targets/{target.id}/people?state=held&cause=work_email_not_unique")
    assert len(causes.rows("people")) == 2
    assert "Nobody is vanished" in signed_in.page(f"/targets/{target.id}/people?state=vanished").text


def test_nonsense_in_the_address_shows_the_page(
    signed_in: Browser, connect: Callable[..., Target], hire: Hire, tick: Tick
) -> None:
    hire("Leila", email=None)
    target = connect()
    tick(target)
    for query in ("state=<x>", "cause=%01", "older=x&newer=%F0%9F%98%80", f"older={'0' * 36}"):
        answer = signed_in.get(f"/targets/{target.id}/people?{query}")
        assert answer.status_code == 200 and "Leila Okafor" in answer.text, query


def test_many_people_come_in_pages(
    signed_in: Browser, connect: Callable[..., Target], hire: Hire, tick: Tick
) -> None:
    for number in range(PAGE + 2):
        hire(f"P{number}", email=None)
    target = connect()
    tick(target)
    first = signed_in.page(f"/targets/{target.id}/people?state=waiting")
    second = signed_in.page(first.links("people")["Older"])
    names = [row[0] for page in (first, second) for row in page.rows("people")]
    assert (len(first.rows("people")), len(set(names))) == (PAGE, PAGE + 2)


def test_an_orphan_is_forgotten_by_an_admin(
    as_role: Callable[[str], Browser],
    tenant: Tenant,
    connect: Callable[..., Target],
    hire: Hire,
    tick: Tick,
) -> None:
    maya = hire("Maya")
    target = connect()
    tick(target)
    with writing() as connection:
        directory.delete(connection, tenant.id, maya, ACTOR)
    way, deed = f"/targets/{target.id}/people?state=orphan", f"/targets/{target.id}/orphans/clear"
    admin = as_role("admin")
    page = admin.page(way)
    ((name, state, *_),) = page.rows("people")
    assert (name, state) == ("Maya Okafor (maya@acme.example)", "Orphan")
    assert deed not in as_role("hr").get(way).text
    answer = press(admin, admin.get(way).text, deed)
    assert (answer.status_code, answer.headers["Location"]) == (303, way)
    with reading() as connection:
        assert orphans.listed(connection, target) == []
    forged = admin.post(deed, {"csrf_token": "", "employee": maya})
    assert forged.status_code == 400
