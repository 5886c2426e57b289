"""Imports end to end: rows in, people and counters out, on both databases."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from app import directory
from app.access.encryption import unseal
from app.database import reading, writing
from app.directory import Actor
from app.directory.tables import SealedValue
from app.sources import catalog, drafts, life, runner, runs, starting
from app.sources.tables import row_error, source_record, staged_record
from scim.resources import ENTERPRISE, HR, USER
from tests.sources.conftest import MAPPING
from tests.sources.reports import counted, error_lines, problems

ADA = "1,Ada,Lovelace,ada@example.com,Analyst,Active"
ALAN = "2,Alan,Turing,alan@example.com,Fellow,Active"
CLIENT = Actor("client", "idp")


def change(tenant, user_name, fragment):
    """Change a person as a SCIM client would."""
    with writing() as connection:
        [employee_id] = directory.ids_by_user_name(connection, tenant.id, user_name)
        directory.merge(connection, tenant.id, employee_id, CLIENT, fragment)


def create(tenant, **document):
    """Create a person as a SCIM client would."""
    with writing() as connection:
        return directory.create(
            connection, tenant.id, CLIENT, {"schemas": [USER], "active": True, **document}
        ).id


def total(tenant):
    with reading() as connection:
        return directory.total(connection, tenant.id)


def test_new_rows_become_people_with_the_work_email_as_user_name(write, add_source, import_from, person):
    write(ADA, "2,Alan,Turing,alan@example.com,Fellow,Left")
    run = import_from(add_source())
    assert (run.state, counted(run)) == ("finished", {"added": 2, "total": 2})
    assert person("ada@example.com")["active"] is True
    assert person("alan@example.com")["active"] is False


def test_importing_the_same_file_again_changes_nothing(write, add_source, import_from):
    write(ADA, ALAN)
    source = add_source()
    import_from(source)
    assert counted(import_from(source)) == {"skipped": 2, "total": 2}


def test_a_changed_cell_updates_that_person_only(write, add_source, import_from, person):
    write(ADA, ALAN)
    source = add_source()
    import_from(source)
    write(ADA.replace("Analyst", "Countess"), ALAN)
    assert counted(import_from(source)) == {"updated": 1, "skipped": 1, "total": 2}
    assert person("ada@example.com")["title"] == "Countess"


def test_exact_duplicates_are_skipped_and_other_values_under_the_same_key_errored(
    write, add_source, import_from, person
):
    write(ADA, ADA, ADA.replace("Analyst", "Countess"))
    run = import_from(add_source())
    assert counted(run) == {"added": 1, "skipped": 1, "errored": 1, "total": 3}
    assert error_lines(run) == [(4, "ID", "duplicate_key")]
    assert person("ada@example.com")["title"] == "Analyst"


def test_duplicates_far_apart_are_found_too(write, add_source, import_from):
    others = [f"{n},A,B,p{n}@example.com,T,Active" for n in range(10, 460)]
    write(ADA, *others, ADA, ADA.replace("Analyst", "Countess"))
    run = import_from(add_source())
    assert counted(run) == {"added": 451, "skipped": 1, "errored": 1, "total": 453}


def test_a_bad_first_row_does_not_keep_a_good_second_one_out(write, add_source, import_from, person):
    write(ADA.replace("ada@example.com", "nonsense"), ADA)
    run = import_from(add_source())
    assert counted(run) == {"added": 1, "errored": 1, "total": 2}
    assert error_lines(run) == [(2, "Email", "invalid_email")]
    assert person("ada@example.com") is not None


def test_bad_rows_never_stop_good_ones(write, add_source, import_from):
    write(",No,Key,x@example.com,T,Active", "3,Too,Few", "4,A,B,c@example.com,T,Perhaps", ADA)
    run = import_from(add_source())
    assert counted(run) == {"added": 1, "errored": 3, "total": 4}
    assert error_lines(run) == [
        (2, "ID", "missing_key"),
        (3, "", "wrong_number_of_cells"),
        (4, "Status", "unknown_value"),
    ]


def test_blank_rows_are_not_counted(write, add_source, import_from):
    write(ADA, "", ",,,,,", "  ", ALAN)
    assert counted(import_from(add_source())) == {"added": 2, "total": 2}


def test_rows_that_the_mapping_leaves_out_are_skipped(write, add_source, import_from):
    write(ADA, "Total: 1,,,,,")
    mapping = MAPPING.replace('key = "ID"', 'key = "ID"\nskip_rows = { ID = ["Total*"] }')
    assert counted(import_from(add_source(mapping=mapping))) == {"added": 1, "skipped": 1, "total": 2}


def test_a_row_that_names_nobody_adds_nobody(write, add_source, import_from, tenant):
    write("Total: 1,,,,,", ADA)
    run = import_from(add_source())
    assert counted(run) == {"added": 1, "errored": 1, "total": 2}
    assert error_lines(run) == [(2, "", "nobody_named")]


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


# --- work e-mail ----------------------------------------------------------------------------------------------------


def test_a_template_forms_the_work_email_and_keeps_it(write, add_source, import_from, person):
    write("1,Mary Ann,O'Neil,private@home.example,T,Active")
    source = add_source(
        work_email="{given}.{family}@example.com", mapping=MAPPING.replace("emails[work]", "emails[home]")
    )
    import_from(source)
    assert person("maryann.oneil@example.com")["emails"] == [
        {"type": "work", "value": "maryann.oneil@example.com"},
        {"type": "home", "value": "private@home.example"},
    ]
    write("1,Mary Ann,Smith,private@home.example,T,Active")
    assert counted(import_from(source)) == {"updated": 1, "total": 1}
    assert person("maryann.oneil@example.com")["emails"][0]["value"] == "maryann.oneil@example.com"


def test_a_formed_address_that_is_taken_is_an_error(write, add_source, import_from, tenant):
    write("1,Ada,Lovelace,,T,Active", "2,Ada,Lovelace,,T,Active")
    run = import_from(add_source(work_email="{given}.{family}@example.com"))
    assert counted(run) == {"added": 1, "errored": 1, "total": 2}
    assert error_lines(run) == [(3, "", "work_email_taken")]


def test_a_formed_address_never_matches_anybody(write, add_source, import_from, tenant, person):
    create(tenant, userName="other", emails=[{"type": "work", "value": "ada.lovelace@example.com"}])
    write("1,Ada,Lovelace,,T,Active")
    assert error_lines(import_from(add_source(work_email="{given}.{family}@example.com"))) == [
        (2, "", "work_email_taken")
    ]
    assert "name" not in person("other")


def test_a_name_without_letters_for_an_address_is_a_warning(write, add_source, import_from, person):
    write("1,小明,李,,T,Active")
    run = import_from(add_source(work_email="{given}.{family}@example.com"))
    assert counted(run) == {"added": 1, "total": 1}
    assert [(e.code, e.severity) for e in problems(run)] == [("no_work_email", "warning")]
    assert "emails" not in person("hr-1")


def test_with_none_the_source_s_work_addresses_are_left_out(write, add_source, import_from, person):
    write(ADA)
    import_from(add_source(work_email="none"))
    assert "emails" not in person("hr-1")


def test_a_template_chosen_later_serves_those_who_have_no_address_yet(
    write, add_source, import_from, tenant, person
):
    write("1,Ada,Lovelace,,T,Active")
    source = add_source(work_email="none")
    import_from(source)
    draft = drafts.redrafted(source, {"work_email": "{given}@example.com"}, {})
    with writing() as connection:
        catalog.change(connection, tenant.id, draft, "system:test")
    assert counted(import_from(source)) == {"updated": 1, "total": 1}
    assert person("hr-1")["emails"][0]["value"] == "ada@example.com"


# --- dry runs -------------------------------------------------------------------------------------------------------


def test_a_dry_run_counts_what_the_import_then_does(write, add_source, import_from, tenant):
    write(ADA, ALAN, "9,A,B,nonsense,T,Active")
    source = add_source()
    import_from(source)
    rows = [ADA.replace("Analyst", "Countess"), ALAN, ALAN, ALAN.replace("Fellow", "Don")]
    rows += [
        "3,Bob,B,ada@example.com,T,Active",
        "4,C,D,d@example.com,T,Active",
        "5,E,F,d@example.com,T,Active",
        "6,x",
    ]
    write(*rows)
    dry = import_from(source, dry_run=True)
    assert (dry.dry_run, total(tenant)) == (True, 2)
    real = import_from(source)
    assert dry.counts == real.counts
    assert error_lines(dry) == error_lines(real)
    assert counted(real) == {"added": 1, "updated": 1, "skipped": 2, "errored": 4, "total": 8}


def test_a_dry_run_leaves_nothing_but_its_report(write, add_source, import_from, tenant):
    write(ADA)
    import_from(add_source(), dry_run=True)
    assert total(tenant) == 0
    with reading() as connection:
        for table in (source_record, staged_record):
            assert connection.scalar(select(func.count()).select_from(table)) == 0


# --- broken sources -------------------------------------------------------------------------------------------------


def test_nothing_staged_is_left_behind(write, add_source, import_from):
    write(ADA)
    import_from(add_source())
    with reading() as connection:
        assert connection.scalar(select(func.count()).select_from(staged_record)) == 0


def test_a_file_that_is_gone_fails_the_run_and_changes_nobody(
    write, add_source, import_from, csv_file, person
):
    write(ADA)
    source = add_source()
    import_from(source)
    csv_file.unlink()
    run = import_from(source)
    assert (run.state, counted(run)) == ("failed", {"total": 0})
    assert "people.csv cannot be read" in run.message
    assert person("ada@example.com")["active"] is True


def test_a_column_that_is_gone_fails_the_run_with_its_name(write, add_source, import_from):
    write(ADA)
    source = add_source()
    write("1,Ada,Lovelace,ada@example.com,Active", header="ID,First,Last,Email,Status")
    run = import_from(source)
    assert run.state == "failed"
    assert "no column 'Title'" in run.message


def test_columns_may_move_and_new_ones_may_come(write, add_source, import_from):
    write(ADA)
    source = add_source()
    import_from(source)
    write(
        "Active,New,Analyst,ada@example.com,Lovelace,Ada,1", header="Status,Hobby,Title,Email,Last,First,ID"
    )
    assert counted(import_from(source)) == {"skipped": 1, "total": 1}


def test_a_file_with_a_header_only_changes_nobody(write, add_source, import_from):
    write()
    run = import_from(add_source())
    assert (run.state, counted(run)) == ("finished", {"total": 0})


# --- one run at a time ----------------------------------------------------------------------------------------------


def test_a_second_request_gets_the_run_that_is_under_way(write, add_source, tenant):
    write(ADA)
    source = add_source()
    with writing() as connection:
        first = runs.start(connection, source, dry_run=False, requested_by="a")
        second = runs.start(connection, source, dry_run=False, requested_by="b")
    assert (first.is_new, second.is_new, first.run.id) == (True, False, second.run.id)


def test_eight_requests_at_once_make_one_run(write, add_source, app):
    write(ADA)
    source = add_source()
    together = threading.Barrier(8)

    def request(number: int) -> tuple[int, bool]:
        together.wait()
        with app.app_context(), writing() as connection:
            found = runs.start(connection, source, dry_run=False, requested_by=f"admin:{number}")
        return found.run.id, found.is_new

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(request, range(8)))
    assert {run_id for run_id, _ in answers} == {1}
    assert sum(is_new for _, is_new in answers) == 1


def test_a_worker_drives_the_runs_that_wait(write, add_source, tenant, app):
    write(ADA)
    source = add_source()
    with writing() as connection:
        run = runs.start(connection, source, dry_run=False, requested_by="a").run
    assert runner.resume_due(app) == 1
    assert runner.resume_due(app) == 0
    with reading() as connection:
        assert counted(runs.get(connection, tenant.id, run.id)) == {"added": 1, "total": 1}
        assert runs.run_has_ended(connection, tenant.id, run.id)


def test_a_run_that_somebody_holds_is_left_alone(write, add_source, tenant):
    write(ADA)
    source = add_source()
    with writing() as connection:
        run = runs.start(connection, source, dry_run=False, requested_by="a").run
        assert runs.claim(connection, tenant.id, run.id, 60) is not None
    assert runner.work(tenant.id, run.id) is None


def test_a_process_that_lost_its_lease_writes_nothing_more(write, add_source, tenant):
    write(ADA)
    source = add_source()
    with writing() as connection:
        run = runs.start(connection, source, dry_run=False, requested_by="a").run
        stale = runs.claim(connection, tenant.id, run.id, -1)
        fresh = runs.claim(connection, tenant.id, run.id, 60)
    assert stale is not None
    assert fresh is not None
    with pytest.raises(runs.LeaseLost), writing() as connection:
        stale.renew(connection, staged=99)
    with reading() as connection:
        assert runs.get(connection, tenant.id, run.id).staged == 0


def test_a_cancelled_run_ends_and_the_next_can_start(write, add_source, import_from, tenant):
    write(ADA)
    source = add_source()
    with writing() as connection:
        run = runs.start(connection, source, dry_run=False, requested_by="a").run
        assert runs.cancel(connection, tenant.id, run.id, "system:test").state == "cancelled"
    assert counted(import_from(source)) == {"added": 1, "total": 1}


def test_due_sources_are_started_once_and_get_their_next_time(write, add_source, tenant, app):
    write(ADA)
    add_source(schedule="15m")
    add_source("other", schedule="off")
    later = "2999-01-01T00:00:00.000000Z"
    with writing() as connection:
        assert len(starting.due_sources(connection, later)) == 1
        assert len(starting.start_due(connection, later)) == 1
        assert starting.start_due(connection, later) == []
    assert runner.resume_due(app) == 1


def test_a_paused_source_is_not_due(write, add_source, tenant):
    write(ADA)
    source = add_source(schedule="15m")
    with writing() as connection:
        life.pause(connection, source, "system:test")
        assert starting.due_sources(connection, "2999-01-01T00:00:00.000000Z") == []


# --- secrets --------------------------------------------------------------------------------------------------------

SECRET_MAPPING = (
    MAPPING
    + """
"hr.salary.amount" = { from = "Pay", number = "point" }
"hr.salary.currency" = { constant = "USD" }
"hr.nationalId.value" = "SSN"
"hr.dateOfBirth" = { from = "Born", date = "M/D/YYYY" }
"""
)


def opened_secret(tenant, row):
    """The value of a sealed row."""
    return json.loads(unseal(tenant.id, f"employee_secret/{row.resource_id}/{row.path}", row.sealed))


SECRET_HEADER = "ID,First,Last,Email,Title,Status,Pay,SSN,Born"


def test_salary_and_national_id_are_sealed_and_shown_nowhere(
    write, add_source, import_from, tenant, person, database_url
):
    write(
        ADA + ',"$72,341",078-05-1120,12/10/1815',
        ALAN + ",78342k,078-05-1121,13/13/1912",
        header=SECRET_HEADER,
    )
    run = import_from(add_source(mapping=SECRET_MAPPING))
    assert counted(run) == {"added": 1, "errored": 1, "total": 2}
    ada = person("ada@example.com")
    assert (ada[HR], "salary" in ada[HR]) == ({"dateOfBirth": "1815-12-10"}, False)
    assert not any(
        canary in error.reason for error in problems(run) for canary in ("78342k", "1121", "13/13")
    )
    with reading() as connection:
        rows = connection.execute(select(SealedValue.__table__).order_by(SealedValue.path)).all()
    opened = {row.path: opened_secret(tenant, row) for row in rows}
    assert opened == {
        f"{HR}:nationalId": {"value": "078-05-1120"},
        f"{HR}:salary": {"amount": 72341, "currency": "USD"},
    }


def test_a_changed_part_of_a_sealed_value_keeps_its_other_parts(write, add_source, import_from, tenant):
    write(ADA + ",72341,,", header=SECRET_HEADER)
    source = add_source(mapping=SECRET_MAPPING)
    import_from(source)
    write(ADA + ",80000,,", header=SECRET_HEADER)
    assert counted(import_from(source)) == {"updated": 1, "total": 1}
    with reading() as connection:
        row = connection.execute(select(SealedValue.__table__)).one()
    assert opened_secret(tenant, row) == {"amount": 80000, "currency": "USD"}


def test_error_lines_and_digests_hold_no_cell_of_a_secret_column(write, add_source, import_from):
    write(ADA + ",72341canary,,", header=SECRET_HEADER)
    run = import_from(add_source(mapping=SECRET_MAPPING))
    with reading() as connection:
        stored = [str(tuple(row)) for row in connection.execute(select(row_error)).all()]
        stored += [str(tuple(row)) for row in connection.execute(select(source_record)).all()]
    assert error_lines(run) == [(2, "Pay", "invalid_number")]
    assert not any("72341canary" in text for text in stored)
