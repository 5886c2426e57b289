"""User names of new accounts (rule 4): ready-made ones, mappings, and numbers where one is taken."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.provisioning import rehearsal
from app.provisioning.guards import without_collisions
from app.provisioning.links import Link
from app.provisioning.operations import Reading, Sight
from app.provisioning.people import Person
from app.provisioning.planner import decide
from app.provisioning.policies import policy_of
from app.provisioning.user_names import LAST_NUMBER, candidates
from tests.provisioning.world import World

NUMBERED = policy_of({"user_name_suffix": "number"})
SEEN = Sight(Reading.KEYS)


@pytest.fixture
def world(scim_world: Callable[..., World]) -> World:
    return scim_world()


def ana(number: int = 1, name: str = "ana") -> Person:
    values = {"active": True, "workEmail": f"{name}@{number}.example", "userName": name}
    return Person(f"e-{number}", 1, f"Ana {number}", values)


def name_of(person: Person, link: Link | None = None, taken: dict[str, str] | None = None) -> str | None:
    decision = decide(person, link or Link(person.employee_id), NUMBERED, SEEN, taken_user_names=taken)
    return str(decision.operation.values["userName"]) if decision.operation else decision.code


def test_a_taken_user_name_gets_the_first_free_number() -> None:
    assert name_of(ana()) == "ana"
    assert name_of(ana(), taken={"ana": "Ana 0"}) == "ana2"
    assert name_of(ana(), taken={"ana": "Ana 0", "ana2": "Ana 9"}) == "ana3"


def test_a_number_stands_before_the_at_sign_of_an_address() -> None:
    assert candidates(ana(name="ana@x.example"), NUMBERED)[:2] == ("ana@x.example", "ana2@x.example")


def test_a_reserved_name_is_held_and_gets_no_number() -> None:
    assert name_of(ana(name="root")) == "user_name_reserved"


def test_without_the_setting_a_taken_name_is_held() -> None:
    policy = policy_of({})
    decision = decide(ana(), Link("e-1"), policy, SEEN, taken_user_names={"ana": "Ana 0"})

    assert (decision.code, candidates(ana(), policy)) == ("user_name_taken", ("ana",))


def test_whoever_has_more_namesakes_than_numbers_is_held() -> None:
    taken = dict.fromkeys(candidates(ana(), NUMBERED), "somebody")

    assert len(taken) == LAST_NUMBER
    assert name_of(ana(), taken=taken) == "user_name_taken"


def test_a_name_that_the_target_refused_is_not_tried_again() -> None:
    assert name_of(ana(), Link("e-1", user_name_key="ana")) == "ana2"
    assert name_of(ana(), Link("e-1", user_name_key="ana4")) == "ana5"


def test_namesakes_of_one_plan_get_numbers_in_the_order_of_their_hiring() -> None:
    people = [ana(3), ana(1), ana(2), ana(4, name="ana2")]
    decisions = [decide(each, Link(each.employee_id), NUMBERED, SEEN) for each in people]

    named = without_collisions(decisions)

    assert {d.operation.employee_id: d.operation.values["userName"] for d in named if d.operation} == {
        "e-1": "ana",
        "e-2": "ana2",
        "e-3": "ana3",
        "e-4": "ana22",
    }


def test_rule_4_three_namesakes_get_three_accounts(world: World) -> None:
    world.configure(user_name_suffix="number")
    for place in ("a", "b", "c"):
        world.hire("Ana", "Ruiz", f"ana@{place}.example")

    world.settle()
    world.hire("Ana", "Ruiz", "ana@d.example")
    world.settle()

    names = {email: account["userName"] for email, account in world.far.accounts().items()}
    assert names == {
        "ana@a.example": "ana",
        "ana@b.example": "ana2",
        "ana@c.example": "ana3",
        "ana@d.example": "ana4",
    }


def test_rule_4_a_name_that_a_stranger_has_at_the_target_gets_a_number(world: World) -> None:
    world.configure(user_name_suffix="number")
    world.far.add("stranger@example.com", "ana")
    world.far.add("other@example.com", "ana2")
    ana_ruiz = world.hire("Ana", "Ruiz", "ana@example.com")

    world.settle()

    assert world.account("ana@example.com")["userName"] == "ana3"
    assert (world.link(ana_ruiz).state, world.link(ana_ruiz).user_name_key) == ("linked", "ana3")


def test_rule_3_an_adopted_account_keeps_its_user_name_whatever_is_set(world: World) -> None:
    world.configure(user_name_suffix="number", user_name="email")
    world.far.add("ana@example.com", "old-name")
    world.hire("Ana", "Ruiz", "ana@example.com")

    world.settle()

    assert world.account("ana@example.com")["userName"] == "old-name"


def test_a_plan_shows_the_numbers_that_are_sent(world: World) -> None:
    world.configure(user_name_suffix="number")
    for place in ("a", "b"):
        world.hire("Ana", "Ruiz", f"ana@{place}.example")

    plan_id = rehearsal.rehearse(world.target)

    lines = world.lines(plan_id)
    assert [line["after"]["userName"] for line in lines] == ["ana", "ana2"]
    assert ['"userName": "ana2"' in str(line["requests"][0]["body"]).replace('":"', '": "') for line in lines] == [
        False,
        True,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"user_name": "email"}, "maya.okafor@example.com"),
        ({"map.userName": 'givenName|slug|truncate(1) ~ familyName|slug'}, "mokafor"),
        ({"user_name": "email", "map.userName": 'employeeNumber|default("none")'}, "none"),
    ],
)  # fmt: skip
def test_rule_4_the_user_name_is_made_as_is_set(world: World, options: dict[str, str], name: str) -> None:
    world.configure(**options)
    maya = world.hire("Maya", "Okafor")

    world.settle()
    assert world.account("maya.okafor@example.com")["userName"] == name

    world.change(maya, name={"givenName": "Zoe"})
    world.tick()
    assert world.account("maya.okafor@example.com")["userName"] == name
