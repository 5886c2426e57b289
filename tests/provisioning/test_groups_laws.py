"""Whatever happens in whatever order, the groups end as the directory has them; killed workers change nothing of it."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.access.tenants import Tenant
from app.database import db
from tests.provisioning.department_groups import documents, ids_in, members, settle, wanted_members
from tests.provisioning.far import Scim
from tests.provisioning.world import World

ROOT = Path(__file__).resolve().parents[2]
FLAKY = "drop-after-commit:rate=0.15,path=/Groups;drop:rate=0.1,path=/Groups;500:rate=0.1,path=/Groups"
DEPARTMENTS = ("Sales", "sales ", "Research", "R&D", None)

_names = (f"P{number}" for number in itertools.count())
_people = st.integers(0, 5)
_steps = st.one_of(
    st.tuples(st.just("hire"), st.sampled_from(DEPARTMENTS)),
    st.tuples(st.just("move"), _people, st.sampled_from(DEPARTMENTS)),
    st.tuples(st.just("active"), _people, st.booleans()),
    st.tuples(st.just("delete"), _people),
    st.tuples(st.just("rehire"), _people, st.sampled_from(DEPARTMENTS)),
    st.tuples(st.sampled_from(["tick", "full"])),
)


class Organisation:
    """The directory as a test remembers it: what should come out at the target."""

    def __init__(self, world: World, *, is_kind: bool) -> None:
        self.world = world
        self.is_kind = is_kind
        #: Id → (first name, department, active) of those who are there, and the names of those who were.
        self.people: dict[str, tuple[str, str | None, bool]] = {}
        self.former: list[str] = []

    def hire(self, department: str | None, name: str | None = None) -> None:
        """A new employee, or one who was here before."""
        name = name or next(_names)
        if name in self.former:
            self.former.remove(name)
        id_ = self.world.hire(name, "Many", enterprise={"department": department} if department else {})
        self.people[id_] = (name, department, True)

    def do(self, verb: str, *arguments: Any) -> None:
        """One step; one that meets nobody is none."""
        if verb in ("tick", "full"):
            getattr(self.world, verb)()
        elif verb == "hire":
            self.hire(*arguments)
        elif verb == "rehire" and self.former:
            self.hire(arguments[1], self.former[arguments[0] % len(self.former)])
        elif verb != "rehire" and self.people:
            id_ = sorted(self.people)[arguments[0] % len(self.people)]
            self._change(verb, id_, *arguments[1:])

    def _change(self, verb: str, id_: str, *values: Any) -> None:
        name, department, active = self.people[id_]
        if verb == "delete":
            self.world.delete(id_)
            self.former.append(name)
            del self.people[id_]
        elif verb == "move":
            self.world.change(id_, enterprise={"department": values[0]})
            self.people[id_] = (name, values[0], active)
        else:
            self.world.change(id_, active=values[0])
            self.people[id_] = (name, department, values[0])

    def groups(self) -> dict[str, set[str]]:
        """Name of a group in lower case → who should be in it; the empty ones left out."""
        found: dict[str, set[str]] = defaultdict(set)
        for name, department, active in self.people.values():
            if department and active:
                found[department.strip().lower()].add(name)
        return dict(found)


@pytest.fixture(params=["", FLAKY, "member-limit:size=2;known-members"], ids=["kind", "flaky", "strict"])
def organisation(request: pytest.FixtureRequest, scim_world: Callable[..., World]) -> Organisation:
    """An organisation that goes on from one example to the next; the target behaves as its faults say."""
    return Organisation(
        scim_world(request.param, groups="departments", breaker="off"), is_kind=not request.param
    )


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(_steps, min_size=3, max_size=12))
def test_any_interleaving_of_edits_and_ticks_ends_with_the_groups_of_the_directory(
    organisation: Organisation, steps: list[tuple[Any, ...]]
) -> None:
    world = organisation.world
    for step in steps:
        organisation.do(*step)

    settle(world, waits=False)
    there = {name.lower(): people for name, people in members(world).items() if people}
    assert there == organisation.groups()
    assert wanted_members(world) == _ids_by_key(world)

    world.full()
    settle(world, waits=False)
    world.far.forget_calls()
    world.full()
    settle(world, waits=False)
    assert {
        name.lower(): people for name, people in members(world).items() if people
    } == organisation.groups()
    if organisation.is_kind:
        assert world.writes() == []


def _ids_by_key(world: World) -> dict[str, set[str]]:
    found = {f"department:{each['displayName'].lower()}": set(ids_in(each)) for each in documents(world)}
    return {key: ids for key, ids in found.items() if ids}


@pytest.mark.timeout(300)
def test_killed_workers_leave_one_group_of_each_department_with_everybody_in(
    tenant: Tenant, database_url: str, tmp_path: Path
) -> None:
    far = Scim(
        "slow:ms=20,jitter=20,path=/Groups;drop-after-commit:rate=0.05,path=/Groups;member-limit:size=10"
    )
    try:
        world = World(tenant, far, groups="departments")
        people = world.hire_many(36, enterprise={"department": "Sales"})
        for number, id_ in enumerate(people):
            world.change(id_, enterprise={"department": f"Department {number % 6}"})
        db.engine.dispose()
        command = [sys.executable, "-m", "tests.provisioning.draining", database_url, str(tmp_path)]
        numbers = [tenant.id, world.target.id, 7, 8]
        workers = subprocess.run(
            [*command, *map(str, numbers)], cwd=ROOT, capture_output=True, text=True, timeout=240
        )
        assert workers.returncode == 0, workers.stderr[-3000:]
        for id_ in people[::5]:
            world.change(id_, enterprise={"department": "Department 0"})
        settle(world, 60, waits=False)

        assert len(members(world)) == 6
        assert wanted_members(world) == _ids_by_key(world)
        assert sum(len(ids_in(each)) for each in documents(world)) == 36
    finally:
        far.stop()
