"""The error file."""

from __future__ import annotations

import csv
import io

import pytest

from app.sources.error_file import RowError, neutral, write_error_file


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\nx"])
def test_what_a_spreadsheet_would_run_is_neutralised(cell):
    assert neutral(cell) == "'" + cell


def test_the_file_names_row_column_code_reason_and_record():
    file = io.StringIO()
    count = write_error_file([RowError(4, "=Hired", "invalid_date", "'x, y' is no date", "@7")], file)
    rows = list(csv.reader(io.StringIO(file.getvalue())))
    assert count == 1
    assert rows == [
        ["row", "column", "code", "reason", "record id", "severity"],
        ["4", "'=Hired", "invalid_date", "'x, y' is no date", "'@7", "error"],
    ]
