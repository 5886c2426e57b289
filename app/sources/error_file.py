"""The error file of an import: a CSV that says of each bad row where, what and why."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from typing import IO

HEADER = ("row", "column", "code", "reason", "record id", "severity")
#: What a spreadsheet would take for the beginning of a formula (quality.md: error file).
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True, slots=True)
class RowError:
    """One problem of one row, as it is stored and shown."""

    row: int
    column: str
    code: str
    reason: str
    record_id: str
    severity: str = "error"


def write_error_file(errors: Iterable[RowError], file: IO[str]) -> int:
    """Write the errors as CSV, one line each behind the header; return how many there were."""
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(HEADER)
    count = 0
    for error in errors:
        cells = (error.column, error.code, error.reason, error.record_id, error.severity)
        writer.writerow([error.row, *map(neutral, cells)])
        count += 1
    return count


def neutral(cell: str) -> str:
    """Return the cell so that no spreadsheet runs it: a leading apostrophe before ``= + - @`` and control characters.

    >>> neutral('=cmd()'), neutral('Total')
    ("'=cmd()", 'Total')
    """
    return "'" + cell if cell.startswith(_DANGEROUS) else cell
