"""The planner alone: a person, a link and what was seen in, a decision out (provisioning.md §2)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.provisioning.adapter import Account, TargetAdapter
from app.provisioning.fields import Selection
from app.provisioning.guards import without_collisions
from app.provisioning.links import Link
from app.provisioning.operations import Decision, Owner, Reading, Sight
from app.provisioning.people import Person
from app.provisioning.planner import decide, outlook
from app.provisioning.policies import Policy
from app.vendors.jumpcloud.target import JumpCloudTarget
from app.vendors.scim.target import ScimTarget

POLICY = Policy(Selection.of())
VALUES: dict[str, Any] = {
    "givenName": "Maya",
    "familyName": "Okafor",
    "active": True,
    "workEmail": "maya@example.com",
    "userName": "maya",
    "displayName": "Maya Okafor",
}
SENT = {name: value for name, value in VALUES.items() if name != "userName"}
NEW = Link("e-1")
LINKED = Link("e-1", state="linked", remote_id="r-1", sent=SENT)


def person(*, sharers: tuple[str, ...] = (), **values: Any) -> Person:
    merged = {name: value for name, value in (VALUES | values).items() if value is not None}
    return Person("e-1", 1, "Maya Okafor (maya@example.com)", merged, sharers)


def account(remote_id: str = "r-1", email: str = "maya@example.com", **more: Any) -> Account:
    values = {**SENT, "workEmail": email} | more.pop("values", {})
    return Account(
        remote_id, email, more.pop("user_name", "mo"), more.pop("active", True), values=values, **more
    )


def seen(*accounts: Account, what: Reading = Reading.KEYS, **owners: Owner) -> Sight:
    return Sight(what, accounts, owners)


def decided(who: Person, link: Link, sight: Sight = Sight(), **more: Any) -> Decision:
    return decide(who, link, POLICY, sight, **more)


def test_someone_whom_the_target_does_not_know_is_created_with_all_values() -> None:
    decision = decided(person(), NEW, seen())

    assert decision.operation is not None
    assert (decision.operation.kind, decision.operation.after) == ("create", VALUES)


def test_a_linked_person_in_whom_nothing_changed_costs_neither_reading_nor_writing() -> None:
    assert outlook(person(), LINKED, POLICY, ScimTarget({})).reading is Reading.NOTHING
    assert decided(person(), LINKED).operation is None


def test_only_what_differs_from_what_was_sent_is_written() -> None:
    decision = decided(person(title="Engineer", givenName="Mia"), LINKED)

    assert decision.operation is not None
    assert dict(decision.operation.changed) == {"title": "Engineer", "givenName": "Mia"}
    assert decision.operation.before == {"title": None, "givenName": "Maya"}


def test_the_user_name_is_in_no_update() -> None:
    decision = decided(person(workEmail="other@example.com", userName="other"), LINKED)

    assert decision.operation is not None
    assert dict(decision.operation.changed) == {"workEmail": "other@example.com"}


def test_an_entry_of_a_multi_valued_attribute_is_read_before_it_is_written() -> None:
    changed = person(homePhone="5")

    assert outlook(changed, LINKED, POLICY, JumpCloudTarget({})).reading is Reading.ACCOUNT
    assert outlook(person(title="X"), LINKED, POLICY, JumpCloudTarget({})).reading is Reading.NOTHING


@pytest.mark.parametrize(
    "someone",
    [person(), person(title="X"), person(active=False), person(workEmail=None), person(homePhone="5")],
)
@pytest.mark.parametrize("link", [LINKED, NEW, replace(LINKED, compare_since="t")])
@pytest.mark.parametrize("adapter", [ScimTarget({}), JumpCloudTarget({})])
def test_a_decision_that_is_foreseen_is_the_one_that_is_made(
    someone: Person, link: Link, adapter: TargetAdapter
) -> None:
    foreseen = outlook(someone, link, POLICY, adapter)

    needs_no_look = link is LINKED and foreseen.reading is Reading.NOTHING
    assert foreseen.decision == (decided(someone, link) if needs_no_look else None)


@pytest.mark.parametrize("blocked", [person(workEmail=None, userName=None), person(sharers=("Noor [e-2]",))])
def test_who_may_not_be_written_is_suspended_all_the_same_by_active_alone(blocked: Person) -> None:
    leaver = replace(blocked, values={**blocked.values, "active": False, "title": "Gone"})

    decision = decided(leaver, LINKED)

    assert decision.operation is not None
    assert decision.operation.suspends
    assert dict(decision.operation.changed) == {}
    assert decision.state in ("waiting", "held")


def test_a_leaver_is_suspended_by_a_request_of_its_own_before_the_rest_is_written() -> None:
    decision = decided(person(active=False, title="Alumna"), LINKED)

    assert decision.operation is not None
    assert decision.operation.suspends
    assert dict(decision.operation.changed) == {"title": "Alumna"}


def test_a_closed_gate_keeps_the_suspend_back_and_nothing_else() -> None:
    decision = decided(person(active=False, title="Alumna"), replace(LINKED, gates={"suspend": 3}))

    assert decision.operation is not None
    assert not decision.operation.suspends
    assert dict(decision.operation.changed) == {"title": "Alumna"}
    assert decision.code == "suspend_waits"


def test_a_field_is_cleared_only_if_it_was_sent_before() -> None:
    owned = replace(LINKED, sent={**SENT, "title": "Engineer"}, compare_since="t")
    there = account(values={"title": "Engineer", "department": "Theirs"})

    decision = decided(person(), owned, seen(there, what=Reading.ACCOUNT))

    assert decision.operation is not None
    assert dict(decision.operation.changed) == {"title": None}


def test_a_field_that_is_not_selected_is_neither_sent_nor_cleared() -> None:
    policy = Policy(Selection.of(["givenName"]))
    link = replace(LINKED, sent={**SENT, "title": "Engineer"})

    assert decide(person(), link, policy, Sight()).operation is None


def test_adoption_blanks_nothing_and_keeps_the_user_name() -> None:
    there = account("r-9", user_name="mokafor", values={"title": "Theirs"})

    decision = decided(person(department="Ops"), NEW, seen(there))

    assert decision.operation is not None
    assert (decision.operation.kind, decision.operation.remote_id) == ("adopt", "r-9")
    assert dict(decision.operation.changed) == {"department": "Ops"}


def test_an_account_with_another_address_is_no_match_whatever_the_target_answers() -> None:
    decision = decided(person(), NEW, seen(account(email="else@example.com")))

    assert decision.operation is not None
    assert decision.operation.creates


def test_two_accounts_with_one_address_hold_the_person() -> None:
    decision = decided(person(), NEW, seen(account("r-1"), account("r-2", email="MAYA@example.com")))

    assert (decision.state, decision.code) == ("held", "ambiguous_match")


def test_external_id_and_email_that_hit_two_accounts_hold_the_person() -> None:
    ours = account("r-1", email="old@example.com", external_id="e-1")

    decision = decided(person(), NEW, seen(ours, account("r-2")))

    assert decision.code == "ambiguous_match"


def test_an_account_that_another_employee_has_is_not_taken() -> None:
    owner = Owner("e-2", "linked", False, "Noor")

    decision = decided(person(), NEW, Sight(Reading.KEYS, (account(),), {"r-1": owner}))

    assert (decision.state, decision.code) == ("held", "account_of_another")


def test_the_account_of_an_orphan_is_taken_over_unless_it_is_being_written() -> None:
    orphan = Owner("e-0", "orphan", False, "Maya before")
    sight = Sight(Reading.KEYS, (account(),), {"r-1": orphan})

    assert decided(person(), NEW, sight).takes_over == "e-0"
    busy = replace(sight, owners={"r-1": replace(orphan, is_busy=True)})
    assert decided(person(), NEW, busy).again_in is not None


def test_adopting_and_suspending_at_once_waits_for_an_admin() -> None:
    decision = decided(person(active=False), NEW, seen(account()))

    assert (decision.state, decision.code, decision.needs_approval) == ("held", "adopt_and_suspend", True)
    assert not decided(person(active=False), NEW, seen(account()), is_approved=True).needs_approval


def test_a_protected_account_waits_for_an_admin() -> None:
    decision = decided(person(title="X"), NEW, seen(account(protected="sudo")))

    assert (decision.code, decision.needs_approval) == ("protected_account", True)


def test_after_an_unanswered_create_the_account_of_the_address_used_then_is_ours() -> None:
    link = replace(NEW, attempt_kind="create", sending={"workEmail": "old@example.com"})

    decision = decided(person(), link, seen(account("r-5", email="old@example.com")))

    assert decision.operation is not None
    assert (decision.operation.kind, decision.operation.remote_id) == ("update", "r-5")
    assert decision.counts == "created"


def test_an_inactive_person_without_an_account_gets_none() -> None:
    decision = decided(person(active=False), NEW, seen())

    assert (decision.state, decision.reason) == ("not_needed", "not needed: inactive")


def test_a_vanished_account_is_held_or_created_again_as_the_policy_says() -> None:
    gone = seen(what=Reading.ACCOUNT)
    link = replace(LINKED, compare_since="t")

    assert decided(person(), link, gone).state == "vanished"
    assert decide(person(), link, replace(POLICY, vanished="recreate"), gone).forgets


def test_what_the_target_made_of_a_value_is_no_difference_the_next_time() -> None:
    sent = {**SENT, "title": "Engineer  II"}
    link = replace(LINKED, sent=sent, normalised={"title": "ENGINEER"}, compare_since="t")
    there = account(values={"title": "ENGINEER"})

    assert decided(person(title="Engineer  II"), link, seen(there, what=Reading.ACCOUNT)).operation is None
    by_hand = account(values={"title": "King"})
    assert (
        decided(person(title="Engineer  II"), link, seen(by_hand, what=Reading.ACCOUNT)).operation is not None
    )


def test_two_people_who_would_get_one_user_name_are_both_held() -> None:
    one = decided(person(), NEW, seen())
    noor = replace(person(userName="MAYA"), employee_id="e-2", label="Noor")
    two = decided(noor, Link("e-2"), seen())

    held = without_collisions([one, two])

    assert [decision.code for decision in held] == ["user_name_taken"] * 2
    assert "Noor" in (held[0].reason or "")
