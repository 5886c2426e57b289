"""CSV files as streams of records: row numbers, ragged rows, messy cells."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from app.sources.errors import IncompleteRead, SourceUnavailable, WrongSource
from app.vendors.csv.form import named_encoding
from app.vendors.csv.reader import CsvFile


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., CsvFile]:
    def opened(content: str | bytes, **options: object) -> CsvFile:
        path = tmp_path / "people.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return CsvFile(path, **options)  # type: ignore[arg-type]

    return opened


def numbers_and_codes(file: CsvFile) -> list[tuple[int, str | None]]:
    return [(record.number, record.problem.code if record.problem else None) for record in file.records()]


def test_rows_are_numbered_as_a_spreadsheet_does(read):
    file = read('ID,Note\n1,a\n\n2,"two\nlines"\n,\n3,c\n')
    assert numbers_and_codes(file) == [(2, None), (4, None), (6, None)]


def test_cells_come_by_the_header_s_names(read):
    file = read("ID , Name \r\n1, Ada \r\n")
    assert file.columns == ["ID", "Name"]
    assert [record.values for record in file.records()] == [{"ID": "1", "Name": "Ada "}]


def test_a_quoted_cell_may_hold_lines_quotes_and_delimiters(read):
    file = read('ID;Note\r\n1;"a; ""b""\r\nc"\r\n')
    assert next(file.records()).values["Note"] == 'a; "b"\nc'


def test_the_header_may_stand_behind_title_lines(read):
    file = read("Staff report\nprinted 1/1/2026\n\nID,Name\n1,Ada\n", header_row=4)
    assert (file.columns, numbers_and_codes(file)) == (["ID", "Name"], [(5, None)])


def test_excel_s_separator_hint_is_followed_and_not_counted(read):
    file = read("sep=|\nID|Name, full\n1|Lovelace, Ada\n")
    assert (file.columns, file.header_row, numbers_and_codes(file)) == (["ID", "Name, full"], 1, [(2, None)])


def test_a_row_with_too_few_or_too_many_cells_is_errored(read):
    file = read("ID,First,Last\n1,Ada\n2,A,B,C\n3,A,B,,\n4,A,\n")
    assert numbers_and_codes(file) == [
        (2, "wrong_number_of_cells"),
        (3, "wrong_number_of_cells"),
        (4, None),
        (5, None),
    ]


def test_trailing_delimiters_in_the_header_are_no_columns(read):
    file = read("ID,Name,,\n1,Ada,,\n")
    assert (file.columns, numbers_and_codes(file)) == (["ID", "Name"], [(2, None)])


def test_control_characters_are_errored_with_their_column(read):
    file = read("ID,Name\n1,A\x00da\n2,Alan\n")
    found = list(file.records())
    assert (found[0].problem.code, found[0].problem.column) == ("bad_character", "Name")
    assert found[1].problem is None


def test_an_unclosed_quote_is_errored_and_reading_goes_on(read):
    file = read('ID,Name\n1,"Ada\n2,Alan\n')
    assert numbers_and_codes(file) == [(2, "unclosed_quote"), (3, None)]


def test_old_mac_line_breaks_are_line_breaks(read):
    assert numbers_and_codes(read("ID,Name\r1,Ada\r2,Alan\r")) == [(2, None), (3, None)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "cp1252", "utf-16", "utf-16-le"])
def test_names_survive_every_encoding(read, encoding):
    file = read("ID,Name\n1,Jörg Müller\n2,Zoë Ñandú\n".encode(encoding))
    assert [record.values["Name"] for record in file.records()] == ["Jörg Müller", "Zoë Ñandú"]


def test_a_byte_order_mark_before_latin_1_is_no_part_of_the_header(read):
    file = read(b"\xef\xbb\xbf" + "ID,Name\n1,Jörg\n".encode("latin-1"))
    assert file.columns == ["ID", "Name"]
    assert next(file.records()).values["Name"] == "Jörg"


def test_reading_goes_on_behind_a_row(read):
    file = read("ID\n1\n2\n3\n")
    assert [record.number for record in file.records(after=3)] == [4]


def test_a_file_that_changes_while_it_is_read_is_incomplete(read):
    file = read("ID\n1\n2\n")
    rows = file.records()
    next(rows)
    file.path.write_text("ID\n1\n2\n3\n")
    with pytest.raises(IncompleteRead, match="changed while it was read"):
        list(rows)


def test_a_wrong_encoding_is_told_with_the_line(read):
    with pytest.raises(SourceUnavailable, match="Line 3"):
        read("ID\n1\nü\n".encode("latin-1"), encoding=named_encoding("utf-8"))


@pytest.mark.parametrize("content", ["", "\n\n", ",,\n"])
def test_a_file_without_a_header_is_refused(read, content):
    with pytest.raises(WrongSource, match="no header"):
        read(content)


def test_a_large_file_is_streamed(read, tmp_path):
    file = read("ID,Name\n" + "".join(f"{n},Name {n}\n" for n in range(60_000)))
    assert sum(1 for _ in file.records()) == 60_000
