"""Imports and the people who are there: which row is whom, and whose word stands."""

from __future__ import annotations

from app import directory
from app.database import writing
from scim.resources import ENTERPRISE
from tests.sources.by_hand import ADA, ALAN, CLIENT, change, create, total
from tests.sources.conftest import MAPPING
from tests.sources.reports import counted, error_lines

# --- matching -------------------------------------------------------------------------------------------------------


def test_a_known_employee_number_is_matched_before_the_work_email(
    write, add_source, import_from, tenant, person
):
    create(tenant, userName="ada", **{ENTERPRISE: {"employeeNumber": "1"}})
    write(ADA)
    assert counted(import_from(add_source())) == {"updated": 1, "total": 1}
    assert person("ada")["name"]["familyName"] == "Lovelace"


def test_a_known_work_email_is_matched_in_any_case(write, add_source, import_from, tenant, person):
    create(tenant, userName="ada", emails=[{"type": "work", "value": "ADA@example.com"}])
    write(ADA)
    assert counted(import_from(add_source())) == {"updated": 1, "total": 1}
    assert person("ada")["title"] == "Analyst"


def test_a_matched_person_keeps_the_user_name(write, add_source, import_from, tenant, person):
    create(tenant, userName="countess", emails=[{"type": "work", "value": "ada@example.com"}])
    write(ADA)
    import_from(add_source())
    assert person("countess")["emails"] == [{"type": "work", "value": "ada@example.com"}]


def test_two_people_with_one_key_make_the_row_errored(write, add_source, import_from, tenant):
    for name in ("a", "b"):
        create(tenant, userName=name, emails=[{"type": "work", "value": "ada@example.com"}])
    write(ADA)
    run = import_from(add_source())
    assert error_lines(run) == [(2, "", "ambiguous_match")]
    assert total(tenant) == 2


def test_two_keys_of_two_people_make_the_row_errored(write, add_source, import_from, tenant):
    create(tenant, userName="a", **{ENTERPRISE: {"employeeNumber": "1"}})
    create(tenant, userName="b", emails=[{"type": "work", "value": "ada@example.com"}])
    write(ADA)
    assert error_lines(import_from(add_source())) == [(2, "", "ambiguous_match")]


def test_a_record_stays_with_its_person_when_email_and_number_change(write, add_source, import_from, person):
    write(ADA)
    source = add_source()
    import_from(source)
    write("1,Ada,King,ada.king@example.com,Analyst,Active")
    assert counted(import_from(source)) == {"updated": 1, "total": 1}
    ada = person("ada@example.com")
    assert (ada["name"]["familyName"], ada["emails"][0]["value"]) == ("King", "ada.king@example.com")


def test_two_records_with_one_address_do_not_become_one_person(write, add_source, import_from, tenant):
    write(ADA, ALAN.replace("alan@example.com", "ada@example.com"))
    run = import_from(add_source())
    assert counted(run) == {"added": 1, "errored": 1, "total": 2}
    assert error_lines(run) == [(3, "", "already_linked")]


def test_a_taken_user_name_is_an_error_and_never_a_guess(write, add_source, import_from, tenant):
    create(tenant, userName="Ada@example.com")
    write(ADA)
    run = import_from(add_source())
    assert error_lines(run) == [(2, "", "user_name_taken")]
    assert total(tenant) == 1


def test_without_any_address_the_user_name_is_source_and_record(write, add_source, import_from, person):
    write("7,Ada,Lovelace,,Analyst,Active")
    import_from(add_source())
    assert person("hr-7")["name"]["givenName"] == "Ada"


# --- who wins -------------------------------------------------------------------------------------------------------


def test_an_unchanged_row_does_not_undo_what_others_changed(write, add_source, import_from, tenant, person):
    write(ADA)
    source = add_source()
    import_from(source)
    change(tenant, "ada@example.com", {"title": "Countess"})
    assert counted(import_from(source)) == {"skipped": 1, "total": 1}
    assert person("ada@example.com")["title"] == "Countess"


def test_a_changed_row_writes_only_what_changed_at_the_source(write, add_source, import_from, tenant, person):
    write(ADA)
    source = add_source()
    import_from(source)
    change(tenant, "ada@example.com", {"title": "Countess"})
    write(ADA.replace("Lovelace", "King"))
    assert counted(import_from(source)) == {"updated": 1, "total": 1}
    ada = person("ada@example.com")
    assert (ada["title"], ada["name"]["familyName"]) == ("Countess", "King")


def test_an_emptied_cell_empties_the_field(write, add_source, import_from, person):
    write(ADA)
    source = add_source()
    import_from(source)
    write("1,Ada,Lovelace,,,Active")
    import_from(source)
    ada = person("ada@example.com")
    assert "title" not in ada
    assert "emails" not in ada


def test_a_missing_row_changes_nobody(write, add_source, import_from, person, tenant):
    write(ADA, ALAN)
    source = add_source()
    import_from(source)
    write(ADA)
    assert counted(import_from(source)) == {"skipped": 1, "total": 1}
    assert person("alan@example.com")["active"] is True


def test_what_is_said_once_is_not_said_again(write, add_source, import_from, tenant, person):
    write(ADA)
    once = MAPPING.replace(
        '"active" = { from = "Status", map =', '"active" = { once = true, from = "Status", map ='
    )
    source = add_source(mapping=once)
    import_from(source)
    change(tenant, "ada@example.com", {"active": False})
    write(ADA.replace("Analyst", "Countess"))
    import_from(source)
    assert (person("ada@example.com")["active"], person("ada@example.com")["title"]) == (False, "Countess")


def test_a_deleted_person_comes_back_only_when_the_row_changes(
    write, add_source, import_from, tenant, person
):
    write(ADA)
    source = add_source()
    import_from(source)
    with writing() as connection:
        [employee_id] = directory.ids_by_user_name(connection, tenant.id, "ada@example.com")
        directory.delete(connection, tenant.id, employee_id, CLIENT)
    assert counted(import_from(source)) == {"skipped": 1, "total": 1}
    write(ADA.replace("Analyst", "Countess"))
    assert counted(import_from(source)) == {"added": 1, "total": 1}
    assert person("ada@example.com")["emails"][0]["value"] == "ada@example.com"
