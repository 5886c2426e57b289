"""Mappings of a target's fields: what they send, what marks a link, who is held, and what a preview says beforehand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from app.database import reading
from app.errors import WrongUse
from app.provisioning import preview
from app.provisioning.attributes import ATTRIBUTES
from app.provisioning.effects import Effect, effect_of, fields_fed_by
from app.provisioning.fields import FIELDS, outgoing_values
from app.provisioning.policies import parse_setting, policy_of, with_options
from app.provisioning.text_filters import FILTERS
from scim.resources import ENTERPRISE
from tests.provisioning.world import World, person

TITLE = 'title ~ (", " if title and department else "") ~ department'


@pytest.fixture
def world(scim_world: Callable[..., World]) -> World:
    return scim_world()


def test_a_mapped_field_gets_what_its_expression_gives(world: World) -> None:
    world.configure(**{"map.title": TITLE, "map.middleName": "givenName|initials"})
    world.hire("Maya", "Okafor", title="Engineer", enterprise={"department": "Ops"})

    world.settle()

    account = world.account("maya.okafor@example.com")
    assert (account["title"], account["middleName"]) == ("Engineer, Ops", "M")


def test_a_change_of_an_attribute_that_a_mapping_reads_starts_a_push(world: World) -> None:
    world.configure(fields=["title"], **{"map.title": TITLE})
    maya = world.hire("Maya", "Okafor", title="Engineer", enterprise={"department": "Ops"})
    world.settle()

    world.change(maya, enterprise={"department": "Field"})
    world.tick()

    assert world.account("maya.okafor@example.com")["title"] == "Engineer, Field"


def test_a_mapping_replaces_the_paths_that_feed_a_field() -> None:
    selection = policy_of({"map.title": "department", "fields": ["title"]}).selection

    assert fields_fed_by("title", selection) == ()
    assert fields_fed_by(f"{ENTERPRISE}:department", selection) == ("title",)


def test_the_preferred_name_alone_starts_nothing_whatever_is_made_of_it() -> None:
    selection = policy_of({"map.title": 'preferredName ~ " " ~ department'}).selection
    before = person("Maya", "Okafor", nickName="May", enterprise={"department": "Ops"})

    assert effect_of(before, before | {"nickName": "M"}, selection) is Effect.RIDES_ALONG
    changed = before | {ENTERPRISE: {"department": "Field"}}
    assert effect_of(before, changed, selection) is Effect.TRIGGERS


def test_a_mapping_that_gives_nothing_clears_like_an_emptied_field(world: World) -> None:
    world.configure(**{"map.title": '"Lead" if department == "Ops"'})
    maya = world.hire("Maya", "Okafor", enterprise={"department": "Ops"})
    world.settle()

    world.change(maya, enterprise={"department": "Field"})
    world.tick()

    assert "title" not in world.account("maya.okafor@example.com")


GROWS = "department" + '|replace("a", "aaaaaaaaaa")' * 4


def test_a_mapping_that_fails_holds_that_person_only_and_names_the_field(world: World) -> None:
    world.configure(**{"map.title": GROWS})
    maya = world.hire("Maya", "Okafor", title="Engineer", enterprise={"department": "a"})
    world.hire("Noor", "Haddad", enterprise={"department": "Ops"})

    world.settle()

    assert list(world.far.accounts()) == ["noor.haddad@example.com"]
    link = world.link(maya)
    assert (link.state, link.reason_code) == ("held", "mapping_failed")
    assert "mapping of title fails" in link.reason
    assert "4096" in link.reason

    world.change(maya, enterprise={"department": "b"})
    world.tick()

    assert world.account("maya.okafor@example.com")["title"] == "b"


def test_a_leaver_whose_mapping_fails_is_suspended_all_the_same(world: World) -> None:
    world.configure(**{"map.title": GROWS})
    maya = world.hire("Maya", "Okafor", enterprise={"department": "b"})
    world.settle()

    world.change(maya, active=False, enterprise={"department": "a"})
    world.tick()

    account = world.account("maya.okafor@example.com")
    assert (account["active"], account["title"]) == (False, "b")
    assert world.link(maya).reason_code == "mapping_failed"


def test_a_stored_expression_that_this_version_does_not_know_holds_people_and_stops_no_change(
    world: World,
) -> None:
    selection = policy_of({"map.title": "title|filter_of_tomorrow"}).selection
    failures: dict[str, str] = {}

    values = outgoing_values(person("Maya", "Okafor", title="Engineer"), selection, failures)

    assert "title" not in values
    assert "no filter 'filter_of_tomorrow'" in failures["title"]


def test_a_wrong_expression_is_refused_when_it_is_saved_with_its_place(world: World) -> None:
    with pytest.raises(WrongUse, match=r"map.title=.*did you mean title\? \(at character 1\)"):
        world.configure(**{"map.title": "titel|upper"})
    with pytest.raises(WrongUse, match=r"map\.FIELD"):
        world.configure(**{"map.workEmail": "homeEmail"})


def test_saving_a_mapping_has_everybody_compared(world: World) -> None:
    world.hire("Maya", "Okafor", title="Engineer")
    world.tick()

    world.configure(**{"map.title": "title|upper"})
    world.tick()

    assert world.account("maya.okafor@example.com")["title"] == "ENGINEER"


def test_the_documentation_has_every_filter_and_attribute_and_its_examples_work() -> None:
    page = (Path(__file__).parents[2] / "docs" / "mapping-targets.md").read_text()
    examples = page.split("## Mappings")[1].split("```")[1].strip().splitlines()

    assert [name for name in (*ATTRIBUTES, *FILTERS, *FIELDS) if f"| `{name}` |" not in page] == []
    assert len(examples) == 5
    for example in examples:
        field, _, text = example.partition("=")
        assert parse_setting(f"map.{field}", text) == text


# --- previews ------------------------------------------------------------------------------------------------------


def look(world: World, **options: str) -> preview.Preview:
    with reading() as connection:
        return preview.of(connection, world.target, with_options(world.target.settings, options))


def test_a_preview_counts_by_kind_and_field_and_shows_before_and_after(world: World) -> None:
    world.hire("Maya", "Okafor", title="Engineer")
    world.hire("Noor", "Haddad")
    world.tick()
    world.hire("Ida", "Lund", title="Clerk")
    world.far.forget_calls()

    found = look(world, **{"map.title": "title|upper"})

    assert found.people == 3
    assert dict(found.kinds) == {"update": 1, "unchanged": 1, "new": 1}
    assert dict(found.fields) == {"title": 1}
    assert [(each["label"], each["changes"]) for each in found.examples] == [
        ("Maya Okafor (maya.okafor@example.com)", {"title": ["Engineer", "ENGINEER"]}),
        (
            "Ida Lund (ida.lund@example.com)",
            {"userName": [None, "ida.lund"], "displayName": [None, "Ida Lund"], "title": [None, "CLERK"]},
        ),
    ]
    assert world.far.calls() == []


def test_a_preview_says_who_would_be_held_and_why(world: World) -> None:
    world.hire("Maya", "Okafor", enterprise={"department": "a"})
    world.tick()

    found = look(world, **{"map.title": GROWS})

    assert dict(found.held) == {"mapping_failed": 1}
    assert "mapping of title fails" in found.holds[0]["reason"]
    assert found.to_json()["kinds"] == {"held": 1}


def test_a_preview_counts_what_would_be_cleared_and_saves_nothing(world: World) -> None:
    maya = world.hire("Maya", "Okafor", title="Engineer")
    world.tick()
    before = world.link(maya)

    found = look(world, **{"map.title": "middleName"})

    assert (dict(found.cleared), dict(found.fields)) == ({"title": 1}, {"title": 1})
    assert world.link(maya) == before
    assert "map.title" not in world.target.settings


def test_a_preview_is_what_the_resync_after_saving_does(world: World) -> None:
    for number in range(5):
        world.hire(f"P{number}", "Many", **{"title": "Engineer"} if number % 2 else {})
    world.tick()
    options = {"map.title": 'title|upper ~ " " ~ familyName', "display_name": "last-first"}

    found = look(world, **options)
    world.far.forget_calls()
    world.configure(**options)
    counts = world.tick()

    assert counts["updated"] == found.kinds["update"] == 5
    for example in found.examples:
        account = world.account(f"{example['label'].split('(')[1].rstrip(')')}")
        assert {name: account[name] for name in example["changes"]} == {
            name: after for name, (_, after) in example["changes"].items()
        }
