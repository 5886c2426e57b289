"""The fields of a target: switches, expressions, a try on real people, and the effect before it is saved."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.provisioning.targets import Target
from app.vendors.jumpcloud.simulator import JumpCloudSimulator
from tests.web.console.browser import Browser, Page
from tests.web.console.targets.forms import Forms, press, send
from tests.web.console.targets.test_overview import kinds_of_plans, now


@pytest.fixture
def target(
    connect: Callable[..., Target], hire: Callable[..., str], tick: Callable[[Target], None]
) -> Target:
    """Give a target with two people in it."""
    hire("Maya", title="Engineer", department="Sales")
    hire("Noah", "Becker", title="Nurse")
    added = connect()
    tick(added)
    return added


def test_all_that_the_target_can_hold_is_chosen_at_first(signed_in: Browser, target: Target) -> None:
    way = f"/targets/{target.id}/fields/change"
    chosen = Forms(signed_in.get(way).text).by_action[way]["sent"]
    assert {"givenName", "department", "workPhone", "homeCity"} <= set(chosen)
    rows = {row[0]: row[1:3] for row in signed_in.page(f"/targets/{target.id}/fields").rows("fields")}
    assert rows["Status"] == ["Always", "is pushed at once"]
    assert rows["User name"] == ["Always, only with a new account", "is not sent"]
    (city,) = [values for name, values in rows.items() if name.startswith("Work city")]
    assert city == ["Yes only with Location", "rides along"]


def test_a_change_shows_person_by_person_what_it_would_do_and_is_saved_after_that(
    signed_in: Browser, target: Target, tick: Callable[[Target], None], simulator: JumpCloudSimulator
) -> None:
    way = f"/targets/{target.id}/fields/change"
    answer = send(signed_in, way, without=("sent=department",), **{"map.title": "title|upper"})
    assert answer.status_code == 200
    page = Page(answer.text)
    assert [row[:2] for row in page.rows("by-field")] == [["Job title", "2"]]
    people = {row[0]: row[2] for row in page.rows("by-person")}
    assert "before: Engineer after: ENGINEER" in people["Maya Okafor (maya@acme.example)"]
    assert kinds_of_plans(target) == [("full", "applied")] and "fields" not in now(target).settings
    answer = press(signed_in, answer.text, way, deed="save")
    assert answer.headers["Location"] == f"/targets/{target.id}/fields"
    settings = now(target).settings
    assert settings["map.title"] == "title|upper" and "department" not in settings["fields"]
    assert kinds_of_plans(target)[-1] == ("full", "applying")
    tick(target)
    maya = next(user for user in simulator.systemusers.everyone() if user["email"] == "maya@acme.example")
    assert (maya["jobTitle"], maya["department"]) == ("ENGINEER", "Sales")


def test_one_may_go_back_from_the_preview_and_finds_what_was_typed(
    signed_in: Browser, target: Target
) -> None:
    way = f"/targets/{target.id}/fields/change"
    answer = send(signed_in, way, without=("triggers=title",), **{"map.title": "title|upper"})
    again = press(signed_in, answer.text, way, deed="edit")
    assert again.status_code == 200
    shown = Forms(again.text).by_action[way]
    assert shown["map.title"] == ["title|upper"] and "title" not in shown["triggers"]
    assert "map.title" not in now(target).settings


def test_a_wrong_expression_is_said_at_its_field(signed_in: Browser, target: Target) -> None:
    way = f"/targets/{target.id}/fields/change"
    answer = send(signed_in, way, **{"map.title": "titel|upper"})
    assert answer.status_code == 422
    assert "titel" in answer.text and Forms(answer.text).by_action[way]["map.title"] == ["titel|upper"]
    errors = [found for tag, found in Page(answer.text).elements if found.get("class") == "field-error"]
    assert len(errors) == 1


def test_it_is_tried_on_the_newest_people_or_on_one_by_address(signed_in: Browser, target: Target) -> None:
    way = f"/targets/{target.id}/fields/change"
    answer = send(signed_in, way, deed="try", **{"map.title": "title|upper"})
    samples = {row[0]: row[1:] for row in Page(answer.text).rows("samples")}
    assert samples["Job title"] == ["NURSE", "ENGINEER"]
    answer = send(signed_in, way, deed="try", sample="maya@acme.example")
    samples = {row[0]: row[1:] for row in Page(answer.text).rows("samples")}
    assert samples["Job title"] == ["Engineer"] and samples["User name"] == ["maya"]
    answer = send(signed_in, way, deed="try", sample="nobody@acme.example")
    assert "Nobody has the work e-mail nobody@acme.example" in answer.text
    assert "map.title" not in now(target).settings


def test_a_field_that_does_not_exist_is_passed_over(signed_in: Browser, target: Target) -> None:
    way = f"/targets/{target.id}/fields/change"
    answer = send(signed_in, way, sent=["givenName", "nonsense"], triggers=["salary"])
    answer = press(signed_in, answer.text, way, deed="save")
    assert answer.status_code == 303
    assert now(target).settings["fields"] == ["givenName", "active", "workEmail", "userName"]
    assert "salary" not in now(target).settings["triggers"]


def test_names_with_scripts_are_shown_as_text(
    signed_in: Browser, target: Target, hire: Callable[..., str]
) -> None:
    hire(
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        email="x@acme.example",
        title="<b>x</b>",
    )
    way = f"/targets/{target.id}/fields/change"
    pages = [
        signed_in.page(way),
        signed_in.page(f"/targets/{target.id}/fields"),
        Page(send(signed_in, way, **{"map.title": 'title ~ "<i>"'}).text),
    ]
    for page in pages:
        tags = [tag for tag, found in page.elements if tag in ("img", "b", "i") and found.get("alt") is None]
        assert tags == []
        assert [found for tag, found in page.elements if tag == "script" and "src" not in found] == []
