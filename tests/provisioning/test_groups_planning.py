"""The planner of groups is a law over three sets: who should be in, whom we put in, who is in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.provisioning.adapter import GroupAccount
from app.provisioning.fields import Selection
from app.provisioning.groups.links import GroupLink
from app.provisioning.groups.planning import Changes, Look, Roll, changes_of, decide, look_needed
from app.provisioning.groups.wanted import department_of, place_of
from app.provisioning.policies import Policy

KEEP = Policy(Selection.of())
SALES = GroupLink("department:sales", "Sales", remote_id="g1", state="linked")
#: Some of eight accounts.
accounts = st.integers(0, 255).map(
    lambda bits: frozenset(c for n, c in enumerate("abcdefgh") if bits >> n & 1)
)


def applied(there: frozenset[str], changes: Changes) -> frozenset[str]:
    """Who is in once the changes were made."""
    return (there - changes.remove) | changes.add


@given(wanted=accounts, ours=accounts, there=accounts)
def test_compared_with_the_target_everybody_wanted_is_in_and_only_strangers_stay(
    wanted: frozenset[str], ours: frozenset[str], there: frozenset[str]
) -> None:
    changes = changes_of(Roll(wanted, ours), GroupAccount("g1", "Sales", there))

    after = applied(there, changes)

    assert after == wanted | (there - ours)
    assert not changes_of(Roll(wanted, wanted), GroupAccount("g1", "Sales", after))


@given(wanted=accounts, ours=accounts, there=accounts)
def test_exact_groups_hold_the_wanted_alone(
    wanted: frozenset[str], ours: frozenset[str], there: frozenset[str]
) -> None:
    changes = changes_of(Roll(wanted, ours), GroupAccount("g1", "Sales", there), is_exact=True)

    assert applied(there, changes) == wanted


@given(wanted=accounts, ours=accounts, strangers=accounts, arrived=accounts)
def test_after_an_unanswered_attempt_a_group_without_a_view_comes_out_right(
    wanted: frozenset[str], ours: frozenset[str], strangers: frozenset[str], arrived: frozenset[str]
) -> None:
    there = (ours & arrived) | (strangers - ours)
    hidden = GroupAccount("g1", "Sales", shows_members=False)

    changes = changes_of(Roll(wanted, ours), hidden, is_uncertain=True)

    assert applied(there, changes) == wanted | (strangers - ours)


@given(wanted=accounts, ours=accounts)
def test_an_ordinary_tick_sends_only_what_differs_from_what_was_last_sent(
    wanted: frozenset[str], ours: frozenset[str]
) -> None:
    decision = decide(SALES, Roll(wanted, ours), KEEP, look_needed(SALES, Roll(wanted, ours)))

    assert (decision.changes.add, decision.changes.remove) == (wanted - ours, ours - wanted)
    assert decision.writes is (wanted != ours)


def test_a_group_of_nobody_is_not_made_and_not_looked_for() -> None:
    fresh = GroupLink("department:sales", "Sales")

    assert look_needed(fresh, Roll()) is Look.NOTHING
    assert not decide(fresh, Roll(), KEEP, Look.NOTHING).writes


def test_a_new_group_is_looked_for_by_name_before_it_is_made() -> None:
    fresh, roll = GroupLink("department:sales", "Sales"), Roll(frozenset("ab"))

    assert look_needed(fresh, roll) is Look.NAME
    assert decide(fresh, roll, KEEP, Look.NAME).creates
    found = (GroupAccount("g1", "SALES", frozenset("az")),)
    adopted = decide(fresh, roll, KEEP, Look.NAME, found)
    assert (adopted.creates, adopted.remote_id, adopted.changes) == (False, "g1", Changes(frozenset("b")))


def test_a_vanished_group_is_left_alone_until_it_is_compared_again() -> None:
    gone = GroupLink("department:sales", "Sales", remote_id="g1", state="vanished", reason="away")

    left = decide(gone, Roll(frozenset("a")), KEEP, look_needed(gone, Roll(frozenset("a"))))

    assert (left.state, left.reason, left.writes) == ("vanished", "away", False)


def test_only_accounts_that_are_known_to_be_somebodys_and_active_belong_to_a_group() -> None:
    sent = {"department": " Field  Sales "}
    for state in ("linked", "held", "waiting"):
        assert place_of(state, "a", True, sent) == department_of("Field Sales")
    for state, remote_id, active in (
        ("linked", None, True),
        ("linked", "a", False),
        ("orphan", "a", True),
        ("vanished", "a", True),
    ):
        assert place_of(state, remote_id, active, sent) is None
    assert place_of("linked", "a", True, {"department": None}) is None
