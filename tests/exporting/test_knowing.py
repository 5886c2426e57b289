"""Links that are made from outside: whose account somebody is, is known before anything is looked up."""

from __future__ import annotations

import pytest

from app.database import writing
from app.provisioning import knowing
from app.provisioning.adapter import Account
from app.provisioning.fields import Selection
from app.provisioning.links import Link
from app.provisioning.operations import Reading, Sight
from app.provisioning.people import Person
from app.provisioning.planner import decide, outlook
from app.provisioning.policies import Policy
from app.vendors.icims.write_back import ICIMSWriteBack

FREYA, INGRID = 2, 3
ADAPTER = ICIMSWriteBack({"customer_id": "1234"})
POLICY = Policy(Selection.of(["givenName", "familyName"]), only_known=True, inactive="keep")
NAMES = {"givenName": "Maya", "familyName": "Okafor"}
LINKED = Link("e-1", state="linked", remote_id="7", sent=NAMES)


def person(**values: str) -> Person:
    """Maya, of whom not even the address is sent."""
    return Person("e-1", 1, "Maya Okafor", {**NAMES, **values}, ())


def account(**values: str) -> Account:
    return Account("7", None, None, True, values={**NAMES, **values})


# --- links ----------------------------------------------------------------------------------------------------------


def test_knowing_the_same_again_changes_nothing(export):
    made = export()
    made.switch_on()
    before = made.links()
    with writing() as connection:
        knowing.know(connection, made.target, made.employee(FREYA), remote_id="2", held={"givenName": "No"})
    assert made.links() == before


def test_an_account_that_was_somebody_elses_so_far_is_theirs_now(export):
    made = export()
    made.switch_on()
    with writing() as connection:
        knowing.know(connection, made.target, made.employee(INGRID), remote_id="2", held={})
    freya, ingrid = made.link(FREYA), made.link(INGRID)
    assert (freya.remote_id, freya.state) == (None, "not_needed")
    assert (ingrid.remote_id, ingrid.state, ingrid.is_dirty) == ("2", "linked", True)
    made.push()
    assert {person for person, _ in made.patches()} == {2}


# --- rules ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["new", "waiting", "not_needed"])
def test_who_is_not_known_is_not_read_and_not_needed(state):
    link = Link("e-1", state=state)
    assert outlook(person(), link, POLICY, ADAPTER).reading is Reading.NOTHING
    decision = decide(person(), link, POLICY, Sight())
    assert (decision.state, decision.code, decision.operation) == ("not_needed", "no_record", None)


def test_who_is_known_is_written_without_an_address_of_their_own():
    decision = decide(person(givenName="Mia"), LINKED, POLICY, Sight())
    assert decision.operation is not None
    assert dict(decision.operation.changed) == {"givenName": "Mia"}


def test_a_comparison_sends_what_is_owed_and_leaves_alone_what_is_newer_there():
    link = Link("e-1", state="linked", remote_id="7", sent=NAMES, compare_since="2026-01-01T00:00:00.000000Z")
    seen = Sight(Reading.ACCOUNT, (account(familyName="Newer"),))
    assert decide(person(), link, POLICY, seen).operation is None
    decision = decide(person(givenName="Mia"), link, POLICY, seen)
    assert decision.operation is not None
    assert dict(decision.operation.changed) == {"givenName": "Mia"}


def test_after_a_lost_answer_only_what_has_not_arrived_is_sent_again():
    link = Link(
        "e-1", state="linked", remote_id="7", sent=NAMES, attempt_kind="update", sending={"givenName": "Mia"}
    )
    arrived = Sight(Reading.ACCOUNT, (account(givenName="Mia"),))
    assert decide(person(givenName="Mia"), link, POLICY, arrived).operation is None
    lost = Sight(Reading.ACCOUNT, (account(),))
    decision = decide(person(givenName="Mia"), link, POLICY, lost)
    assert decision.operation is not None
    assert dict(decision.operation.changed) == {"givenName": "Mia"}
    # Meanwhile it was set back here: what may have arrived is set back there.
    decision = decide(person(), link, POLICY, arrived)
    assert decision.operation is not None
    assert dict(decision.operation.changed) == {"givenName": "Maya"}
