"""The timeline of a person over directory, plans and targets."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import clock
from app.cli.employee import employee
from app.database import reading, writing
from app.errors import WrongUse
from app.identifiers import new_id
from app.keeping import erasing
from app.provisioning import timeline
from tests.provisioning.commands import answer, run
from tests.provisioning.world import HUMAN, World

Make = Callable[..., World]


def page(world: World, employee_id: str, before: str | None = None, limit: int = 50) -> timeline.Page:
    with reading() as connection:
        return timeline.of(connection, world.tenant.id, employee_id, before=before, limit=limit)


def test_what_happened_to_a_person_stands_in_one_line_of_time(scim_world: Make) -> None:
    world = scim_world()
    maya = world.hire("Maya", "Okafor")
    world.hire("Noor", "Haddad")
    world.tick()
    world.change(maya, run=7, title="Engineer")
    world.tick()

    entries = page(world, maya).entries
    says = [entry.says for entry in entries]

    assert [entry.at for entry in entries] == sorted((e.at for e in entries), reverse=True)
    assert "revision 2: changed by source hr in run 7" in says
    assert "revision 1: created by admin test" in says
    writes = [entry for entry in entries if entry.details.get("method") in ("POST", "PATCH")]
    assert [(e.details["method"], e.details["employee_version"]) for e in writes] == [
        ("PATCH", 2),
        ("POST", 1),
    ]
    assert {entry.about for entry in entries} == {"directory", "far"}
    assert any(entry.kind == "plan" and "create, applied" in entry.says for entry in entries)


def test_pages_hold_every_entry_once_and_in_order(scim_world: Make) -> None:
    world = scim_world()
    maya = world.hire("Maya", "Okafor")
    for number in range(4):
        world.change(maya, title=f"T{number}")
        world.tick()
    whole = page(world, maya, limit=500).entries

    for limit in (1, 2, 3, 7):
        found, before = [], None
        while True:
            part = page(world, maya, before, limit)
            found += part.entries
            before = part.next
            if before is None:
                break
        assert tuple(found) == whole, limit


def test_a_deleted_and_erased_person_has_a_timeline_without_values(scim_world: Make) -> None:
    world = scim_world()
    maya = world.hire("Maya", "Okafor")
    world.tick()
    world.delete(maya)
    assert page(world, maya).entries[0].says == "revision 2: deleted by admin test"
    erasing.erase(world.tenant.id, maya, HUMAN)

    entries = page(world, maya).entries

    assert "erased by admin test" in [entry.says for entry in entries]
    assert "Okafor" not in repr(entries)


def test_the_present_standing_at_every_target_stands_beside_it(scim_world: Make) -> None:
    world = scim_world(suspend_floor="0", suspend_percent="0")
    maya = world.hire("Maya", "Okafor")
    world.tick()
    world.change(maya, run=7, active=False)
    world.tick()

    with reading() as connection:
        found = timeline.standings(connection, world.tenant.id, maya)

    assert [(each["target"], each["standing"]) for each in found] == [("far", "waiting")]
    assert found[0]["gates"] == {"the suspend": world.plans(kind="held")[0].id}


def test_another_tenants_person_has_no_timeline_here(scim_world: Make) -> None:
    world = scim_world()
    maya = world.hire("Maya", "Okafor")
    with reading() as connection:
        assert timeline.of(connection, world.tenant.id + 1, maya).entries == ()


def test_a_place_that_is_none_is_refused(scim_world: Make) -> None:
    world = scim_world()
    with pytest.raises(WrongUse, match="no place in a timeline"):
        page(world, world.hire("Maya", "Okafor"), "yesterday")


def test_employee_show_history_pages_and_knows_deleted_people(scim_world: Make) -> None:
    world = scim_world()
    maya = world.hire("Maya", "Okafor")
    world.change(maya, title="Engineer")
    world.tick()
    words = ("show", maya, "--tenant", "acme", "--history")

    first = answer(employee, *words, "--limit", "2")[0]
    second = answer(employee, *words, "--limit", "50", "--before", first["next"])[0]

    assert len(first["timeline"]) == 2
    assert first["standings"][0]["standing"] == "delivered"
    assert second["next"] is None
    assert [each["number"] for each in second["revisions"]] == [2, 1]
    shown = run(employee, *words).stdout
    assert "now       far: delivered" in shown
    assert 'title: – → "Engineer"' in shown
    world.delete(maya)
    world.tick()
    assert "revision 3: deleted by admin test" in run(employee, *words).stdout
    with writing() as connection:
        assert connection is not None


@given(st.integers(0, 3))
def test_an_identifier_made_after_an_instant_is_not_before_its_first(_seed: int) -> None:
    assert timeline.first_id_of(clock.now()) <= new_id()
