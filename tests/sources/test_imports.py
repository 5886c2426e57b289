"""Imports end to end: rows in, people and counters out, on both databases."""

from __future__ import annotations

from sqlalchemy import func, select

from app.database import reading
from app.sources.tables import source_record, staged_record
from tests.sources.by_hand import ADA, ALAN, total
from tests.sources.conftest import MAPPING
from tests.sources.reports import counted, error_lines


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
