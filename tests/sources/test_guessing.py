"""mapping=guess: what a header and its rows decide, and what they do not."""

from __future__ import annotations

import tomllib

import pytest

from app.sources.errors import MappingError
from app.sources.guessing import gather, guess
from app.sources.mapping_text import compile_mapping
from app.sources.synonyms import SYNONYMS, normal_header


def guessed(header: list[str], *rows: list[str], order: str | None = None) -> dict[str, object]:
    """The [fields] of the guess; the whole of it compiles against the header."""
    text = guess(gather(header, [dict(zip(header, row, strict=True)) for row in rows]), order)
    compile_mapping(text, header)
    return tomllib.loads(text)["fields"]


def test_common_headers_are_recognised():
    header = [
        "Emp #",
        "Given Name",
        "Surname",
        "E-mail Address",
        "Dept",
        "Job Title",
        "Manager Email",
        "Badge colour",
    ]
    assert guessed(header, ["1", "Ada", "Lovelace", "a@x", "R", "T", "m@x", "red"]) == {
        "enterprise.employeeNumber": "Emp #",
        "name.givenName": "Given Name",
        "name.familyName": "Surname",
        "emails[work].value": "E-mail Address",
        "title": "Job Title",
        "enterprise.department": "Dept",
        "hr.managerEmail": "Manager Email",
    }


@pytest.mark.parametrize(("cell", "split"), [("Lovelace, Ada", "last_first"), ("Ada Lovelace", "first_last")])
def test_the_form_of_a_whole_name_is_read_off_the_rows(cell, split):
    assert guessed(["ID", "Name"], ["1", cell])["name.givenName"]["split"] == split


def test_a_day_above_twelve_proves_the_order():
    assert guessed(["ID", "Name", "Hire Date"], ["1", "A B", "3/4/2024"], ["2", "C D", "3/25/2024"])[
        "hr.startDate"
    ] == {
        "from": "Hire Date",
        "date": "M/D/YYYY",
    }
    assert (
        guessed(["ID", "Name", "Hire Date"], ["1", "A B", "25/3/2024"])["hr.startDate"]["date"] == "D/M/YYYY"
    )


def test_one_date_column_proves_the_order_of_another():
    header = ["ID", "Name", "Hire Date", "Term Date"]
    fields = guessed(header, ["1", "A B", "3/4/2024", "12/31/2024"])
    assert fields["hr.startDate"]["date"] == "M/D/YYYY"


def test_dates_that_could_be_read_in_two_ways_are_refused_with_the_way_out():
    with pytest.raises(MappingError, match=r"3/4/2024.*dates=month-first"):
        guessed(["ID", "Name", "Hire Date"], ["1", "A B", "3/4/2024"])


def test_the_order_can_be_said():
    header, row = ["ID", "Name", "Hire Date"], ["1", "A B", "3/4/2024"]
    assert guessed(header, row, order="month-first")["hr.startDate"]["date"] == "M/D/YYYY"
    assert guessed(header, row, order="day-first")["hr.startDate"]["date"] == "D/M/YYYY"


def test_one_stray_word_does_not_undo_the_evidence_of_the_other_rows():
    rows = [["1", "A B", "2024-03-04"], ["2", "C D", "tbd"]]
    assert guessed(["ID", "Name", "Hire Date"], *rows)["hr.startDate"]["date"] == "iso"


def test_a_status_column_becomes_active_when_all_its_words_are_known():
    rows = [["1", "A B", "Active"], ["2", "C D", "Terminated"], ["3", "E F", "On Leave"]]
    fields = guessed(["ID", "Name", "Status"], *rows)
    seen = {"Active": True, "Terminated": False, "On Leave": True}
    assert seen.items() <= fields["active"]["map"].items()
    assert fields["hr.employmentStatus"] == "Status"


def test_a_status_that_nobody_has_yet_is_known_beforehand():
    fields = guessed(["ID", "Name", "Status"], ["1", "A B", "active"])
    assert fields["active"]["map"]["active"] is True
    assert fields["active"]["map"]["Terminated"] is False


def test_a_date_column_that_is_still_empty_is_read_as_the_others_are():
    rows = [["1", "A B", "3/21/2020", ""]]
    fields = guessed(["ID", "Name", "Hire Date", "Termination Date"], *rows)
    assert fields["hr.terminationDate"]["date"] == "M/D/YYYY"
    assert fields["active"]["active_until"] == "M/D/YYYY"


def test_a_status_with_an_unknown_word_decides_nobody_s_activity():
    assert "active" not in guessed(
        ["ID", "Name", "Status"], ["1", "A B", "Active"], ["2", "C D", "Furloughed?"]
    )


def test_a_termination_date_decides_activity_where_no_status_does():
    fields = guessed(["ID", "Name", "Termination Date"], ["1", "A B", "12/31/2024"])
    assert fields["active"] == {"from": "Termination Date", "active_until": "M/D/YYYY"}
    assert fields["hr.terminationDate"] == {"from": "Termination Date", "date": "M/D/YYYY"}


def test_without_a_key_column_the_way_out_is_told():
    with pytest.raises(MappingError, match=r"identifies a person.*--set mapping=@FILE.toml"):
        guessed(["Name", "Email"], ["A B", "a@x"])


def test_columns_that_nothing_was_made_of_are_named():
    assert "#   Badge" in guess(gather(["ID", "Name", "Badge"], [{"ID": "1", "Name": "A B", "Badge": "r"}]))


def test_headers_with_quotes_make_good_toml():
    assert guessed(["ID", "Name", 'Job "Title"'], ["1", "A B", "x"])["title"] == 'Job "Title"'


def test_every_synonym_is_in_normal_form():
    words = [word for words in SYNONYMS.values() for word in words]
    assert [word for word in words if normal_header(word) != word] == []
