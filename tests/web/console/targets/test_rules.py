"""The rules of a target, in plain words, and the effect of another one before it is saved."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.access.tenants import Tenant
from app.database import writing
from app.provisioning import targets
from app.provisioning.targets import Target
from app.simulation import serve
from app.vendors.scim.simulator import ScimSimulator
from tests.web.console.browser import Browser, Page
from tests.web.console.targets.forms import Forms, press, send
from tests.web.console.targets.test_overview import kinds_of_plans, now


@pytest.fixture
def target(
    connect: Callable[..., Target], hire: Callable[..., str], tick: Callable[[Target], None]
) -> Target:
    """Give a target with somebody in it."""
    hire("Maya")
    added = connect()
    tick(added)
    return added


def test_the_rules_stand_there_in_words(signed_in: Browser, target: Target) -> None:
    text = signed_in.page(f"/targets/{target.id}/settings").text
    assert "Somebody becomes inactive here Suspend the account at once" in text
    assert "So many suspensions always pass 5" in text
    assert "stored encrypted, never shown" in text
    assert "Department groups" not in text  # JumpCloud's REST API takes none


def test_a_rule_is_previewed_and_then_saved(
    signed_in: Browser, target: Target, hire: Callable[..., str]
) -> None:
    way = f"/targets/{target.id}/settings/change"
    answer = send(signed_in, way, display_name="last-first", start_gate="14", suspend_floor="off")
    assert answer.status_code == 200 and "before: Maya Okafor after: Okafor, Maya" in Page(answer.text).text
    assert "display_name" not in now(target).settings
    answer = press(signed_in, answer.text, way, deed="save")
    assert answer.headers["Location"] == f"/targets/{target.id}/settings"
    held = now(target)
    assert held.settings == {
        **target.settings,
        "display_name": "last-first",
        "start_gate": 14,
        "suspend_floor": "off",
        **{name: held.settings[name] for name in ("capabilities",) if name in held.settings},
    }
    assert kinds_of_plans(target)[-1] == ("full", "applying")
    assert "Last name, first name" in signed_in.page(f"/targets/{target.id}/settings").text
    assert Forms(signed_in.get(way).text).by_action[way]["start_gate"] == ["14"]


def test_emptying_an_answer_goes_back_to_the_usual_one(signed_in: Browser, target: Target) -> None:
    way = f"/targets/{target.id}/settings/change"
    for text in ("boss@acme.example, 42", ""):
        answer = send(signed_in, way, protected=text)
        press(signed_in, answer.text, way, deed="save")
        assert now(target).settings.get("protected", []) == [n.strip() for n in text.split(",") if n.strip()]


def test_saving_without_a_change_starts_a_full_resync_at_once(signed_in: Browser, target: Target) -> None:
    way = f"/targets/{target.id}/settings/change"
    answer = send(signed_in, way)
    assert answer.headers["Location"] == f"/targets/{target.id}/settings"
    assert kinds_of_plans(target)[-1] == ("full", "applying")


def test_wrong_answers_are_said_at_their_field(signed_in: Browser, target: Target) -> None:
    way = f"/targets/{target.id}/settings/change"
    answer = send(signed_in, way, start_gate="soon", suspend_floor="-1", rate="many", adopt="never")
    assert answer.status_code == 422
    shown = Forms(answer.text).by_action[way]
    assert (shown["start_gate"], shown["rate"]) == (["soon"], ["many"])
    errors = [found for tag, found in Page(answer.text).elements if found.get("class") == "field-error"]
    assert len(errors) >= 1
    answer = send(signed_in, way, start_gate="soon", suspend_floor="-1", rate="many")
    errors = [found for tag, found in Page(answer.text).elements if found.get("class") == "field-error"]
    assert answer.status_code == 422 and len(errors) == 3
    assert "--set" not in answer.text
    assert kinds_of_plans(target) == [("full", "applied")]


def test_groups_are_asked_for_where_there_can_be_groups(signed_in: Browser, tenant: Tenant) -> None:
    with serve(ScimSimulator()) as server:
        with writing() as connection:
            target = targets.add(
                connection,
                tenant.id,
                "system:test",
                kind="scim",
                name="scim",
                url=f"{server.url}/scim/v2",
                token="simulator-key",
                options={"fields": "givenName"},
            )
        way = f"/targets/{target.id}/settings/change"
        answer = send(signed_in, way, groups="departments")
        assert answer.status_code == 422
        assert "needs the field department" in answer.text and "rollcall target" not in answer.text


def test_what_a_kind_cannot_do_is_no_question(signed_in: Browser, tenant: Tenant) -> None:
    with writing() as connection:
        target = targets.add(
            connection,
            tenant.id,
            "system:test",
            kind="smartrecruiters",
            name="mobility",
            url="https://api.smartrecruiters.example",
            token="t",
            paused=True,
        )
    fields = Forms(signed_in.get(f"/targets/{target.id}/settings/change").text).by_action
    assert "inactive" not in fields[f"/targets/{target.id}/settings/change"]
    assert "adopt" in fields[f"/targets/{target.id}/settings/change"]
