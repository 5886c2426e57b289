"""Laws of delivery, tried on histories that nobody thought of (hypothesis).

- A plan is what happens: the requests that a dry run shows are those that the target gets when it is approved.
- A full resync repeated writes nothing.
- However edits, ticks, resyncs, hand edits at the target, changes of its settings and killed drains fall, the target
  ends as it does when the edits come first and one full resync after them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test

from app.database import is_sqlite, reading
from app.provisioning import rehearsal
from tests.harness.later import Later, clock_ahead
from tests.provisioning.far import FARS, Far
from tests.provisioning.histories import History, ask_for_full, delivered, world_with
from tests.provisioning.tapped import Tapped
from tests.provisioning.world import World

LAW = settings(
    deadline=None,
    database=None,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)


@pytest.fixture
def later(app: Flask) -> Iterator[Later]:
    """Give the product's clock, to be put forward."""
    with clock_ahead() as ahead:
        yield ahead


def examples(sqlite: int, postgresql: int) -> int:
    """The number of histories, times `LAWS`; PostgreSQL's transactions cost more and differ in little that matters."""
    with reading() as connection:
        return int(os.environ.get("LAWS", "1")) * (sqlite if is_sqlite(connection) else postgresql)


@pytest.mark.timeout(3600)
def test_whatever_comes_between_the_edits_the_target_ends_the_same(later: Later) -> None:
    History.later = later
    run_state_machine_as_test(
        History,
        settings=settings(LAW, max_examples=examples(25, 5), stateful_step_count=20, print_blob=True),
    )


texts = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=12)
people_of_a_plan = st.lists(
    st.fixed_dictionaries(
        {
            "was": st.sampled_from(["nowhere", "at the target", "linked"]),
            "becomes": st.sampled_from(["as it is", "gone from work", "promoted", "re-addressed", "cleared"]),
            "given": texts,
            "title": texts,
        }
    ),
    min_size=1,
    max_size=6,
)


def organisation(world: World, drawn: list[dict[str, str]]) -> None:
    """Bring people into the states that were drawn."""
    hired = [
        (number, each, _hired(world, number, each))
        for number, each in enumerate(drawn)
        if each["was"] == "linked"
    ]
    world.tick()
    for number, each in enumerate(drawn):
        if each["was"] == "at the target":
            world.far.add(f"p{number}@example.com", f"chosen{number}", title="Before")
        if each["was"] != "linked":
            hired.append((number, each, _hired(world, number, each)))
    for number, each, id_ in hired:
        _BECOMES[each["becomes"]](world, id_, number, each)


def _hired(world: World, number: int, each: Mapping[str, str]) -> str:
    phone = {"type": "work", "value": f"tel:+1-555-01{number:02};ext=9"}
    return world.hire(
        each["given"], "Okafor", f"p{number}@example.com", title="Engineer", phoneNumbers=[phone]
    )


_BECOMES: dict[str, Callable[[World, str, int, Mapping[str, str]], None]] = {
    "as it is": lambda world, id_, number, each: None,
    "gone from work": lambda world, id_, number, each: world.change(id_, active=False, title=each["title"]),
    "promoted": lambda world, id_, number, each: world.change(id_, title=each["title"]),
    "re-addressed": lambda world, id_, number, each: world.email(id_, f"new{number}@example.com"),
    "cleared": lambda world, id_, number, each: world.change(id_, title=None),
}


@pytest.fixture(params=list(FARS))
def make_far(request: pytest.FixtureRequest) -> Callable[[], Far]:
    """Each kind of target in turn: what makes one."""
    return FARS[request.param]


@pytest.mark.timeout(3600)
def test_a_plan_that_is_approved_sends_byte_for_byte_what_it_showed(
    later: Later, make_far: Callable[[], Far]
) -> None:
    @settings(LAW, max_examples=examples(8, 2))
    @given(people_of_a_plan)
    def law(drawn: list[dict[str, str]]) -> None:
        far = Tapped(make_far())
        try:
            world = world_with(far)  # type: ignore[arg-type]
            organisation(world, drawn)
            before = len(far.writes())
            plan_id = rehearsal.rehearse(world.target)
            assert len(far.writes()) == before
            lines = world.lines(plan_id)
            world.approve(plan_id)
            delivered(world, later)
            shown = [far.in_wire_form(request) for line in lines for request in line["requests"]]
            sent = far.writes()[before:]
            assert sorted(sent, key=repr) == sorted(shown, key=repr)
            for line in lines:
                at = [sent.index(far.in_wire_form(request)) for request in line["requests"]]
                assert at == sorted(at), f"{line['label']}: sent in another order than shown"
            left = [line for line in world.lines(rehearsal.rehearse(world.target)) if line["requests"]]
            assert left == []
        finally:
            far.close()
            far.stop()

    law()


@pytest.mark.timeout(3600)
def test_a_full_resync_repeated_writes_nothing(later: Later, make_far: Callable[[], Far]) -> None:
    @settings(LAW, max_examples=examples(8, 2))
    @given(people_of_a_plan, st.booleans())
    def law(drawn: list[dict[str, str]], by_hand: bool) -> None:
        far = make_far()
        try:
            world = world_with(far)
            organisation(world, drawn)
            delivered(world, later)
            for account in list(far.accounts().values()) if by_hand else ():
                far.change(account["id"], title="King", active=True)
            ask_for_full(world)
            delivered(world, later)
            far.forget_calls()
            ask_for_full(world)
            delivered(world, later)
            assert world.writes() == []
        finally:
            far.stop()

    law()
