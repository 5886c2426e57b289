"""What an admin sets about a target, and what each policy does to real accounts (rules 3, 6, 7, 9, 10 and 14)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from app import clock
from app.database import reading, writing
from app.errors import NotFoundError, WrongUse
from app.provisioning import orphans
from app.provisioning.errors import RetryLater
from app.provisioning.fields import FIELDS
from app.provisioning.links import Link
from app.provisioning.operations import Decision
from app.provisioning.policies import SETTINGS, parse_setting, policy_of, switched
from app.provisioning.sending import Outcome
from app.provisioning.settlements import Setting, Settled
from app.provisioning.settling import settled
from app.provisioning.tables import link_table
from tests.provisioning.world import World


@pytest.fixture
def world(scim_world: Callable[..., World]) -> World:
    return scim_world()


# --- settings ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "word"),
    [
        ("triggers", "title,shoe", "shoe"),
        ("create_only", "shoe", "shoe"),
        ("clear", "maybe", "on, off"),
        ("adopt", "never", "on, hold"),
        ("inactive", "delete", "suspend, keep"),
        ("start_gate", "-1", "from 0"),
        ("start_gate", "soon", "start_gate"),
        ("user_name", "random", "local-part"),
        ("user_name_suffix", "letters", "number"),
        ("map.title", "titel", "did you mean title"),
        ("group_prefix", "x" * 101, "100"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_in_plain_words(name: str, text: str, word: str) -> None:
    with pytest.raises(WrongUse, match=word):
        parse_setting(name, text)


def test_every_setting_has_a_line_and_stands_in_the_documentation() -> None:
    page = (Path(__file__).parents[2] / "docs" / "mapping-targets.md").read_text()
    for name, setting in SETTINGS.items():
        assert setting.says
        assert f"`{'map.FIELD' if name.startswith('map.') else name}`" in page


def test_switches_take_fields_in_and_out_and_name_what_cannot_be() -> None:
    assert switched(["title", "division"], ["location"], ["title"]) == ["division", "location"]
    with pytest.raises(WrongUse, match="shoe"):
        switched([], ["shoe"], [])
    with pytest.raises(WrongUse, match="at once"):
        switched([], ["title"], ["title"])
    with pytest.raises(WrongUse, match="workEmail cannot be switched off: the key"):
        switched(FIELDS, [], ["workEmail"], fixed="the key")


def test_the_user_name_is_create_only_and_the_key_always_sent_and_triggering_whatever_is_set() -> None:
    selection = policy_of({"fields": [], "triggers": [], "create_only": ["active", "title"]}).selection

    assert selection.sent == {"active", "workEmail", "userName"}
    assert {"active", "workEmail"} <= selection.triggering
    assert selection.create_only == {"userName", "title"}


# --- rules 9 and 10: switches --------------------------------------------------------------------------------------


def test_rule_9_a_create_only_field_is_sent_at_creation_and_never_later(world: World) -> None:
    world.configure(create_only="title")
    maya = world.hire("Maya", "Okafor", title="Engineer")
    world.settle()

    world.change(maya, title="Lead", enterprise={"department": "Ops"})
    world.tick()
    world.full()

    account = world.account("maya.okafor@example.com")
    assert (account["title"], account["department"]) == ("Engineer", "Ops")

    world.change(maya, title=None)
    world.full()
    assert world.account("maya.okafor@example.com")["title"] == "Engineer"


def test_rule_3_adoption_does_not_write_a_create_only_field(world: World) -> None:
    world.configure(create_only="title")
    world.far.add("maya.okafor@example.com", "mokafor", title="Theirs")
    world.hire("Maya", "Okafor", title="Engineer", enterprise={"department": "Ops"})

    world.settle()

    account = world.account("maya.okafor@example.com")
    assert (account["title"], account["department"]) == ("Theirs", "Ops")


def test_rule_9_triggers_are_switches_of_the_target(world: World) -> None:
    world.configure(triggers="givenName")
    maya = world.hire("Maya", "Okafor", title="Engineer")
    world.settle()

    world.change(maya, title="Lead")
    assert world.link(maya).due_at is None
    assert world.link(maya).rides_along

    world.change(maya, name={"givenName": "Mia"})
    world.tick()
    assert world.account("maya.okafor@example.com")["title"] == "Lead"


def test_rule_10_with_clear_off_an_emptied_field_stays_and_starts_nothing(world: World) -> None:
    world.configure(clear="off")
    maya = world.hire("Maya", "Okafor", title="Engineer")
    world.settle()
    world.far.forget_calls()

    world.change(maya, title=None)
    assert world.link(maya).due_at is None
    world.full()

    assert world.account("maya.okafor@example.com")["title"] == "Engineer"
    assert world.writes() == []


# --- rules 3, 5 and 6 ----------------------------------------------------------------------------------------------


def test_rule_3_with_adopt_hold_an_existing_account_waits_for_an_admin(world: World) -> None:
    world.configure(adopt="hold")
    world.far.add("maya.okafor@example.com", "mokafor", title="Theirs")
    maya = world.hire("Maya", "Okafor", title="Engineer")
    world.hire("Noor", "Haddad")

    world.settle()

    assert (world.link(maya).state, world.link(maya).reason_code) == ("held", "adoption_waits")
    assert world.account("maya.okafor@example.com")["title"] == "Theirs"
    assert world.account("noor.haddad@example.com")["userName"] == "noor.haddad"

    (plan,) = world.plans(kind="approval")
    world.approve(plan.id)
    world.settle()

    assert world.account("maya.okafor@example.com")["title"] == "Engineer"
    assert world.link(maya).state == "linked"


@pytest.mark.parametrize(
    ("word", "shown"),
    [("preferred-last", "May Okafor"), ("first-last", "Maya Okafor"), ("last-first", "Okafor, May")],
)
def test_rule_5_the_display_name_is_put_together_as_is_set(world: World, word: str, shown: str) -> None:
    world.configure(display_name=word)
    world.hire("Maya", "Okafor", nickName="May")

    world.settle()

    assert world.account("maya.okafor@example.com")["displayName"] == shown


def test_rule_6_with_inactive_keep_an_account_is_left_as_it_is_and_the_link_says_so(world: World) -> None:
    world.configure(inactive="keep")
    maya = world.hire("Maya", "Okafor")
    world.settle()

    world.change(maya, active=False, title="Alumna")
    counts = world.tick()

    account = world.account("maya.okafor@example.com")
    assert (account["active"], account["title"]) == (True, "Alumna")
    assert counts["suspended"] == 0
    assert (world.link(maya).state, world.link(maya).reason_code) == ("linked", "inactive_kept")

    world.configure(inactive="suspend")
    world.tick()
    assert world.account("maya.okafor@example.com")["active"] is False


def test_rule_3_an_account_on_the_protected_list_is_not_changed_without_approval(world: World) -> None:
    world.configure(protected="maya.okafor@example.com")
    world.far.add("maya.okafor@example.com", "mokafor", title="Theirs")
    maya = world.hire("Maya", "Okafor", title="Engineer")

    world.settle()

    assert world.link(maya).reason_code == "protected_account"
    assert world.account("maya.okafor@example.com")["title"] == "Theirs"


def test_rule_14_a_vanished_account_is_created_again_where_that_is_set(world: World) -> None:
    world.configure(vanished="recreate")
    maya = world.hire("Maya", "Okafor")
    world.settle()
    first = world.link(maya).remote_id
    world.far.remove(first)

    world.full()
    world.settle()

    assert world.link(maya).remote_id not in (None, first)
    assert world.account("maya.okafor@example.com")["userName"] == "maya.okafor"


# --- rule 14: quarantine -------------------------------------------------------------------------------------------


def _failed(link: Link) -> Settled:
    outcome = Outcome("retry", error=RetryLater("server_error", "the target answered 500"))
    now = "2026-11-22T12:00:00.000000Z"
    return settled(None, link, Decision("linked", "updated"), outcome, Setting(now, Random(1), 1.0))


def test_rule_14_after_72_hours_a_link_is_in_quarantine_and_tried_once_a_day() -> None:
    long_ago = clock.after(-73 * 3600, since="2026-11-22T12:00:00.000000Z")

    result = _failed(Link("e-1", state="linked", remote_id="r", first_failed_at=long_ago, tries=40))

    columns = result.settlement.columns
    assert (columns["state"], columns["reason_code"]) == ("held", "quarantine")
    assert "72 hours" in columns["reason"]
    assert "500" in columns["reason"]
    assert columns["next_attempt_at"] == "2026-11-23T12:00:00.000000Z"
    assert not result.settlement.is_done
    assert columns["first_failed_at"] == long_ago
    assert result.counts == "held"


def test_rule_14_an_orphan_in_quarantine_stays_an_orphan() -> None:
    long_ago = clock.after(-73 * 3600, since="2026-11-22T12:00:00.000000Z")
    assert (
        _failed(Link("e-1", state="orphan", first_failed_at=long_ago)).settlement.columns["state"] == "orphan"
    )


def test_rule_14_a_success_ends_the_quarantine_and_a_change_is_tried_at_once(world: World) -> None:
    maya = world.hire("Maya", "Okafor")
    world.tick()
    later = clock.after(86_000)
    with writing() as connection:
        connection.execute(
            link_table.update()
            .where(link_table.c.tenant_id == world.tenant.id)
            .values(state="held", reason_code="quarantine", first_failed_at=clock.after(-300_000),
                    due_at=clock.now(), next_attempt_at=later, tries=50)
        )  # fmt: skip
    assert world.tick().written == 0
    assert world.link(maya).next_attempt_at == later

    world.change(maya, title="Engineer")
    world.tick()

    link = world.link(maya)
    assert (link.state, link.due_at, link.first_failed_at, link.tries) == ("linked", None, None, 0)
    assert world.account("maya.okafor@example.com")["title"] == "Engineer"


# --- rule 7: orphans -----------------------------------------------------------------------------------------------


def test_rule_7_orphans_are_listed_until_somebody_clears_them_and_nothing_is_sent(world: World) -> None:
    maya, noor = world.hire("Maya", "Okafor"), world.hire("Noor", "Haddad")
    world.tick()
    world.delete(maya)
    world.delete(noor)
    world.far.forget_calls()

    with reading() as connection:
        rows = orphans.listed(connection, world.target)
    assert [(row["label"], row["active_there"], row["owes"]) for row in rows] == [
        ("Maya Okafor (maya.okafor@example.com)", True, False),
        ("Noor Haddad (noor.haddad@example.com)", True, False),
    ]

    with writing() as connection:
        label = orphans.clear(connection, world.target, "test", "Maya.Okafor@example.com")
        orphans.clear(connection, world.target, "test", noor)
    world.tick()

    assert label == "Maya Okafor (maya.okafor@example.com)"
    assert world.link(maya) is None
    assert world.link(noor) is None
    assert world.far.calls() == []
    assert world.account("maya.okafor@example.com")["active"] is True


def test_rule_7_an_orphan_that_still_owes_a_suspend_is_not_cleared(world: World) -> None:
    maya = world.hire("Maya", "Okafor")
    world.tick()
    world.change(maya, active=False)
    world.delete(maya)

    with pytest.raises(WrongUse, match="cannot be cleared yet"), writing() as connection:
        orphans.clear(connection, world.target, "test", maya)
    with pytest.raises(NotFoundError, match="no orphan"), writing() as connection:
        orphans.clear(connection, world.target, "test", "nobody@example.com")

    world.tick()
    assert world.account("maya.okafor@example.com")["active"] is False
