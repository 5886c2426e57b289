"""Write-back to a source: who is linked, what leaves, what never does, and what follows the source itself."""

from __future__ import annotations

import pytest

from app import directory
from app.database import reading, writing
from app.errors import NotFoundError, WrongUse
from app.exporting import write_back
from app.provisioning import explain, targets
from app.sources import catalog, life
from app.sources.errors import WrongSource
from scim.resources import ENTERPRISE, HR
from tests.exporting.conftest import BY, PAYROLL

#: Ids of made-up employees at iCIMS.
FREYA, INGRID, REMOVED = 2, 3, 4


def test_switching_on_sends_nothing_that_the_source_itself_has_said_and_looks_at_nobody(export):
    made = export()
    made.icims.log.clear()
    made.switch_on()
    assert made.patches() == []
    assert not [path for path in made.paths() if path.startswith("/people")]
    assert {link.state for link in made.links().values()} == {"linked"}
    assert sorted(link.remote_id for link in made.links().values()) == ["2", "3", "4", "5"]


def test_what_somebody_else_has_said_before_leaves_when_it_is_switched_on(export):
    made = export()
    made.say(FREYA, name={"givenName": "Fria"}, **{ENTERPRISE: {"employeeNumber": "4711"}})
    made.switch_on()
    assert made.patches() == [(FREYA, {"field50001": "4711", "firstname": "Fria"})]
    made.push()
    assert len(made.patches()) == 1


@pytest.mark.parametrize(
    ("fragment", "sent"),
    [
        ({"name": {"givenName": "Fria"}}, {"firstname": "Fria"}),
        ({"name": {"familyName": "Moss"}}, {"lastname": "Moss"}),
        ({ENTERPRISE: {"employeeNumber": "9"}}, {"field50001": "9"}),
        ({HR: {"startDate": "2026-05-01"}}, {"hiredate": "2026-05-01"}),
        ({HR: {"terminationDate": "2027-01-31"}}, {"enddate": "2027-01-31"}),
    ],
)
def test_each_field_of_the_guide_leaves_by_itself(export, fragment, sent):
    made = export()
    made.switch_on()
    made.say(FREYA, **fragment)
    made.push()
    assert made.patches() == [(FREYA, sent)]


def test_fields_that_are_not_of_the_guide_never_leave_and_nobody_is_suspended(export):
    made = export()
    made.switch_on()
    made.say(FREYA, active=False, title="Chief", nickName="Fri")
    made.push()
    assert made.patches() == []
    assert made.link(FREYA).state == "linked"


def test_a_leaver_gets_a_separation_date_all_the_same(export):
    made = export()
    made.switch_on()
    made.say(FREYA, active=False, **{HR: {"terminationDate": "2027-01-31"}})
    made.push()
    assert made.patches() == [(FREYA, {"enddate": "2027-01-31"})]


def test_what_was_written_and_is_emptied_here_is_emptied_there(export):
    made = export()
    made.switch_on()
    made.say(FREYA, **{HR: {"terminationDate": "2027-01-31"}})
    made.push()
    with writing() as connection:
        directory.merge(
            connection, made.tenant.id, made.employee(FREYA), PAYROLL, {HR: {"terminationDate": None}}
        )
    made.push()
    assert made.patches()[1:] == [(FREYA, {"enddate": None})]


# --- no echo --------------------------------------------------------------------------------------------------------


def test_a_change_at_the_source_is_not_sent_back_to_it(export):
    made = export()
    made.switch_on()
    made.icims.company.change_person(FREYA, {"lastname": "Rossi", "hiredate": "2026-02-02"})
    assert made.pull().counts.updated == 1
    made.push()
    assert made.patches() == []
    assert made.link(FREYA).sent["familyName"] == "Rossi"


def test_a_written_value_comes_back_as_no_change_and_stays_whose_it_is(export):
    made = export()
    made.switch_on()
    made.say(FREYA, name={"givenName": "Fria"})
    made.push()
    assert made.pull().counts.updated == 0
    made.push()
    assert len(made.patches()) == 1


def test_who_comes_later_is_linked_with_what_the_source_said_and_written_from_then_on(export):
    made = export()
    made.switch_on()
    hired = made.icims.company.hire({"firstname": "Ada", "email": "ada@example.com"})["_id"]
    assert made.pull().counts.added == 1
    made.push()
    assert made.patches() == []
    made.say(hired, name={"givenName": "Augusta"})
    made.push()
    assert made.patches() == [(hired, {"firstname": "Augusta"})]


def test_a_comparison_of_everybody_does_not_undo_what_the_source_has_not_told_yet(export):
    made = export()
    made.switch_on()
    made.say(FREYA, name={"givenName": "Fria"})
    made.icims.company.change_person(FREYA, {"lastname": "Newer"})
    made.icims.company.change_person(INGRID, {"lastname": "Newer", "enddate": "2027-01-31"})
    made.compare()
    assert made.patches() == [(FREYA, {"firstname": "Fria"})]
    assert made.icims.company.people[INGRID]["lastname"] == "Newer"


# --- who is linked --------------------------------------------------------------------------------------------------


def test_who_has_no_record_at_the_source_is_not_needed_there_and_not_looked_for(export):
    made = export()
    made.switch_on()
    with writing() as connection:
        fragment = {"userName": "reyes", "emails": [{"value": "reyes@example.com", "type": "work"}]}
        someone = directory.create(connection, made.tenant.id, PAYROLL, fragment).id
    made.icims.log.clear()
    made.push()
    made.compare()
    link = made.links()[someone]
    assert (link.state, link.reason_code, link.remote_id) == ("not_needed", "no_record", None)
    assert {call.method for call in made.icims.log.calls()} <= {"GET"}
    assert not any("reyes" in str(call.query) + call.path for call in made.icims.log.calls())


def test_who_was_deleted_at_the_source_is_held_as_vanished_and_nobody_else_is_touched(export):
    made = export()
    made.switch_on()
    email_of_removed = made.employee(REMOVED)
    made.icims.company.remove_person(REMOVED)
    with writing() as connection:
        directory.merge(connection, made.tenant.id, email_of_removed, PAYROLL, {"name": {"givenName": "X"}})
    made.push()
    assert made.links()[email_of_removed].state == "vanished"
    assert REMOVED not in made.icims.company.people


def test_a_deleted_employee_leaves_the_person_at_the_source_as_they_are(export):
    made = export()
    made.switch_on()
    before = dict(made.icims.company.people[FREYA])
    with writing() as connection:
        directory.delete(connection, made.tenant.id, made.employee(FREYA), PAYROLL)
    made.push()
    assert made.icims.company.people[FREYA] == before


def test_it_is_explained_like_any_target(export):
    made = export()
    made.switch_on()
    made.say(FREYA, name={"givenName": "Fria"})
    made.push()
    with reading() as connection:
        report = explain.link_report(connection, made.target, made.employee(FREYA))
    assert report["state"] == "linked"


# --- faults ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("faults", ["drop-after-commit:method=PATCH,count=1", "503:method=PATCH,count=1"])
def test_an_answer_that_is_lost_ends_in_the_same_state(export, faults):
    made = export()
    made.switch_on()
    made.icims.plan_faults(faults)
    made.say(FREYA, name={"givenName": "Fria"})
    made.push()
    made.push_later()
    assert made.icims.company.people[FREYA]["firstname"] == "Fria"
    assert made.link(FREYA).sent["givenName"] == "Fria"
    assert {person for person, _ in made.patches()} == {FREYA}


def test_a_schema_that_may_not_be_read_keeps_nothing_from_being_written(export):
    made = export(faults="deny:kinds=schema")
    made.switch_on()
    made.say(FREYA, name={"givenName": "Fria"})
    made.push()
    assert made.patches() == [(FREYA, {"firstname": "Fria"})]


# --- on, off, and what the source does ------------------------------------------------------------------------------


def test_a_draft_and_a_kind_that_takes_nothing_back_are_refused(export, tenant):
    made = export()
    with writing() as connection:
        life.disconnect(connection, made.source, BY)
    with writing() as connection, pytest.raises(WrongSource, match="disconnected"):
        write_back.switch_on(connection, made.source, BY)


def test_switched_off_nothing_leaves_and_switched_on_again_what_has_changed_does(export):
    made = export()
    with pytest.raises(WrongUse, match="Nothing is written back"):
        made.switch_off()
    made.switch_on()
    made.switch_off()
    made.say(FREYA, name={"givenName": "Fria"})
    made.icims.company.change_person(INGRID, {"lastname": "Rossi"})
    made.pull()
    made.push()
    assert made.patches() == []
    made.switch_on()
    assert made.patches() == [(FREYA, {"firstname": "Fria"})]


def test_a_new_secret_of_the_source_is_the_targets_too(export):
    made = export()
    made.switch_on()
    made.icims.rotate("another-key")
    made.give(secret="another-key")
    made.say(FREYA, name={"givenName": "Fria"})
    made.push()
    assert made.patches() == [(FREYA, {"firstname": "Fria"})]


def test_a_field_that_is_named_later_is_written_from_then_on_for_everybody(export):
    made = export(field_employee_number="none")
    made.say(FREYA, **{ENTERPRISE: {"employeeNumber": "4711"}})
    made.switch_on()
    assert made.patches() == []
    made.give(field_employee_number="field50001")
    made.push()
    assert made.patches() == [(FREYA, {"field50001": "4711"})]


def test_a_disconnected_source_is_written_back_to_no_more_and_its_secret_is_forgotten(export):
    made = export()
    made.switch_on()
    with writing() as connection:
        life.disconnect(connection, made.source, BY)
    assert (made.target.state, made.target.token) == ("paused", None)
    assert "disconnected" in (made.target.pause_reason or "")
    made.say(FREYA, name={"givenName": "Fria"})
    made.push()
    assert made.patches() == []


def test_a_removed_source_takes_its_target_along(export):
    made = export()
    made.switch_on()
    with writing() as connection:
        catalog.remove(connection, made.tenant.id, "icims", BY)
    with reading() as connection, pytest.raises(NotFoundError):
        targets.named(connection, made.tenant.id, "icims-export")
