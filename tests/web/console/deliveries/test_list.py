"""The list of deliveries: every call, filtered by its address."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import insert, select

from app import clock
from app.access import tenants
from app.access.tenants import Tenant
from app.database import reading, writing
from app.identifiers import new_id
from app.provisioning.tables import attempt_table
from app.web.console.deliveries.reading import PAGE
from tests.provisioning.world import World
from tests.web.console.browser import Browser, Page

PushedTo = Callable[..., World]


def lines(page: Page) -> list[list[str]]:
    """The rows of the list: time, person, target, call, answer, took, attempt."""
    return page.rows("deliveries")


def store(
    world: World, *, employee_id: str | None = None, tenant_id: int | None = None, **values: object
) -> str:
    """The id of a call that is put into the database."""
    row = dict.fromkeys((column.name for column in attempt_table.c), None) | {
        "tenant_id": tenant_id or world.tenant.id,
        "id": new_id(),
        "target_id": world.target.id,
        "employee_id": employee_id,
        "at": clock.now(),
        "method": "PATCH",
        "path": "/Users/1",
        "status": 200,
        "duration_ms": 12.0,
    }
    with writing() as connection:
        connection.execute(insert(attempt_table), row | values)
    return str((row | values)["id"])


def test_every_call_is_a_line_with_person_target_answer_and_attempt(
    signed_in: Browser, pushed_to: PushedTo
) -> None:
    world = pushed_to()
    maya = world.hire("Maya", "Okafor")
    world.tick()
    page = signed_in.page("/deliveries")
    created, look_up, *_ = lines(page)
    assert created[1:4] == ["Maya Okafor", "far", "POST /scim/v2/Users"]
    assert created[4] == "Done 201" and created[5].endswith("ms") and created[6] == "1 of 1"
    assert look_up[3].startswith("GET /scim/v2/Users") and look_up[6] == "look-up"
    assert page.links("deliveries")["Maya Okafor"] == f"/people/{maya}"
    assert page.links("deliveries")["far"] == f"/targets/{world.target.id}"


def test_tries_of_one_operation_are_counted_and_a_later_one_begins_anew(
    signed_in: Browser, pushed_to: PushedTo
) -> None:
    world = pushed_to("500:method=PATCH,count=2")
    maya = world.hire("Maya", "Okafor")
    world.tick()
    world.change(maya, title="Lead")
    world.settle()
    world.change(maya, title="Head")
    world.settle()
    tries = [line[6] for line in lines(signed_in.page("/deliveries?method=PATCH"))]
    assert tries == ["1 of 1", "3 of 3", "2 of 3", "1 of 3"]


def test_an_empty_list_says_what_comes_first(signed_in: Browser, tenant: Tenant, pushed_to: PushedTo) -> None:
    assert "People are pushed nowhere yet" in signed_in.page("/deliveries").text
    pushed_to()
    assert "Nothing has been sent yet" in signed_in.page("/deliveries").text


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", ["a", "b", "c", "d", "e"]),
        ("outcome=failed", ["b", "c", "d"]),
        ("outcome=done", ["a", "e"]),
        ("status=4xx", ["b"]),
        ("status=409", ["b"]),
        ("status=5xx", ["c"]),
        ("status=none", ["d"]),
        ("status=2xx", ["a", "e"]),
        ("method=POST", ["a"]),
        ("path=Users/b", ["b"]),
        ("path=%25", []),
        ("from=2026-11-02&to=2026-11-03", ["b", "c"]),
        ("to=2026-11-01", ["a"]),
        ("outcome=failed&method=PATCH&from=2026-11-03", ["c", "d"]),
    ],
)
def test_filters_stand_in_the_address(
    signed_in: Browser, pushed_to: PushedTo, query: str, wanted: list[str]
) -> None:
    world = pushed_to()
    made = {
        "a": {"status": 201, "method": "POST"},
        "b": {"status": 409},
        "c": {"status": 500},
        "d": {"status": None, "error": "timeout"},
        "e": {"status": 204},
    }
    for day, (name, values) in enumerate(made.items(), start=1):
        store(world, path=f"/Users/{name}", at=f"2026-11-0{day}T12:00:00.000000Z", **values)
    shown = [line[3][-1] for line in lines(signed_in.page(f"/deliveries?{query}"))]
    assert sorted(shown) == wanted


def test_one_persons_calls_by_id_and_by_work_email(signed_in: Browser, pushed_to: PushedTo) -> None:
    world = pushed_to()
    maya = world.hire("Maya", "Okafor", "maya@acme.example")
    world.hire("Noah", "Becker")
    world.tick()
    for who in (maya, "maya@acme.example", "Maya@ACME.example"):
        page = signed_in.page(f"/deliveries?employee={who}")
        assert {line[1] for line in lines(page)} == {"Maya Okafor"}, who
        assert "Calls about Maya Okafor" in page.text
    nobody = signed_in.page("/deliveries?employee=nobody@acme.example")
    assert "Nobody has the work e-mail address nobody@acme.example." in nobody.text


def test_calls_about_groups_and_about_people_who_are_gone(signed_in: Browser, pushed_to: PushedTo) -> None:
    world = pushed_to()
    maya = world.hire("Maya", "Okafor")
    world.tick()
    world.delete(maya)
    world.tick()
    store(world, path="/Groups")
    whose = [line[1] for line in lines(signed_in.page("/deliveries"))]
    assert whose[0] == "A group" and all("Maya Okafor" in name for name in whose[1:])


def test_many_calls_come_in_pages_both_ways(signed_in: Browser, pushed_to: PushedTo) -> None:
    world = pushed_to()
    for number in range(2 * PAGE + 3):
        # Two calls at each instant: the id decides between them.
        store(world, path=f"/{number}", at=f"2026-11-01T12:{number // 2:02}:00.000000Z")
    pages = [signed_in.page("/deliveries")]
    while "Older" in pages[-1].links("deliveries"):
        pages.append(signed_in.page(pages[-1].links("deliveries")["Older"]))
    paths = [[line[3] for line in lines(page)] for page in pages]
    assert [len(found) for found in paths] == [PAGE, PAGE, 3]
    assert len({path for found in paths for path in found}) == 2 * PAGE + 3
    back = signed_in.page(pages[2].links("deliveries")["Newer"])
    assert [line[3] for line in lines(back)] == paths[1]


NONSENSE = (
    "target=0&method=TRACE&status=9xx&outcome=x",
    "older=x&newer=%01&employee=%01",
    "from=2026-99-01&to=tomorrow&path=%01",
    f"older=2026-11-01T12:00:00.000000Z~{'0' * 36}",
    "to=9999-12-31&from=0001-01-01",
)


def test_an_address_that_makes_no_sense_shows_the_page(signed_in: Browser, pushed_to: PushedTo) -> None:
    world = pushed_to()
    store(world)
    for query in NONSENSE:
        answer = signed_in.get(f"/deliveries?{query}")
        assert answer.status_code == 200, query
        assert len(lines(Page(answer.text))) == 1, query


def test_names_and_paths_with_script_are_shown_as_text(signed_in: Browser, pushed_to: PushedTo) -> None:
    world = pushed_to()
    payload = "<script>alert(1)</script>"
    maya = world.hire(payload, "'\" onmouseover=alert(1)", "maya@acme.example")
    world.tick()
    store(world, employee_id=maya, path=f"/{payload}")
    page = signed_in.page("/deliveries")
    assert payload in page.text
    assert [found for tag, found in page.elements if tag == "script" and "src" not in found] == []
    assert not [name for _, found in page.elements for name in found if name.startswith("on")]


def test_another_tenants_calls_are_not_shown(signed_in: Browser, pushed_to: PushedTo) -> None:
    world = pushed_to()
    with writing() as connection:
        other = tenants.create(connection, "other")
    World(other, world.far)
    theirs = store(world, tenant_id=other.id, path="/theirs")
    with reading() as connection:
        assert connection.scalar(select(attempt_table.c.id)) == theirs
    assert "/theirs" not in signed_in.page("/deliveries").text
    assert signed_in.get(f"/deliveries/{theirs}").status_code == 404
