"""A CSV file as a stream of source records, in constant memory."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from app.sources.columns import column_names
from app.sources.errors import IncompleteRead, SourceUnavailable, WrongSource
from app.sources.records import RowProblem, SourceRecord
from app.vendors.csv.form import Encoding, find_delimiter, find_encoding, opened, undecodable_at
from app.vendors.csv.lines import Record, records

_SEPARATOR_HINT = re.compile(r"sep=(.)\s*", re.IGNORECASE)
_UNSTORABLE = re.compile("[\x00-\x08\x0e-\x1b\x7f]")
#: UTF-8's byte-order mark before a file that is Latin-1 all the same.
_MARK_AS_LATIN = "ï»¿"
_SAMPLE_LINES = 50


@dataclass(frozen=True, slots=True)
class FileState:
    """What tells that a file is still the same: size in bytes and time of change in nanoseconds."""

    size: int
    changed: int

    @classmethod
    def of(cls, path: Path) -> FileState:
        """Return the state of a file; raises ``SourceUnavailable``."""
        try:
            found = path.stat()
        except OSError as error:
            raise SourceUnavailable(f"{path} cannot be read ({error.strerror}); check the path.") from None
        return cls(found.st_size, found.st_mtime_ns)


class CsvFile:
    """One CSV file, its form found or given.

    Row numbers are those of a spreadsheet: the first row is 1, blank rows count, a cell with line breaks is one row.

    :raises SourceUnavailable: the file cannot be read, or is not of the given encoding.
    :raises WrongSource: it has no header.
    """

    def __init__(
        self,
        path: Path,
        *,
        delimiter: str | None = None,
        encoding: Encoding | None = None,
        header_row: int | None = None,
    ) -> None:
        self.path = path
        self.state = FileState.of(path)
        self.encoding = encoding or find_encoding(path)
        line = undecodable_at(path, self.encoding) if encoding else None
        if line is not None:
            raise SourceUnavailable(
                f"Line {line} of {path} is not {self.encoding.name}; leave encoding out, or name the right one."
            )
        hint, sample = self._sample()
        self.delimiter = delimiter or hint or find_delimiter(sample[(header_row or 1) - 1 :])
        self.header_row, header = self._header(header_row)
        self.columns = column_names(header)
        self._needed = max((i for i, cell in enumerate(header, 1) if cell.strip()), default=0)

    def records(self, after: int = 0) -> Iterator[SourceRecord]:
        """Yield the records behind the header whose number is above ``after``; blank rows are passed over.

        :raises IncompleteRead: the file changed while it was read.
        """
        for number, record in self._numbered():
            if number <= max(after, self.header_row):
                continue
            found = self._record(number, record)
            if found is not None:
                yield found
        if FileState.of(self.path) != self.state:
            raise IncompleteRead(
                f"{self.path} changed while it was read; import it again when it is complete."
            )

    def _numbered(self) -> Iterator[tuple[int, Record]]:
        # The text layer turns every kind of line break into "\n", so that a Mac's old "\r" is one too.
        with io.TextIOWrapper(
            opened(self.path), encoding=self.encoding.name, errors=self.encoding.errors
        ) as text:
            first = text.readline()
            hinted = _SEPARATOR_HINT.fullmatch(first.strip("\ufeff\n"))
            lines = text if hinted else _chained(first, text)
            yield from enumerate(records(lines, self.delimiter), 1)

    def _sample(self) -> tuple[str | None, list[str]]:
        with io.TextIOWrapper(
            opened(self.path), encoding=self.encoding.name, errors=self.encoding.errors
        ) as text:
            lines = list(islice(text, _SAMPLE_LINES))
        hinted = _SEPARATOR_HINT.fullmatch(lines[0].strip("\ufeff\n")) if lines else None
        return (hinted[1], lines[1:]) if hinted else (None, lines)

    def _header(self, wanted: int | None) -> tuple[int, list[str]]:
        for number, record in self._numbered():
            cells = [cell.strip() for cell in self._cells(record.text)]
            if number == wanted or (wanted is None and any(cells)):
                if not any(cells):
                    break
                while cells and not cells[-1] and len(cells) > 1:
                    cells.pop()
                cells[0] = cells[0].removeprefix("\ufeff").removeprefix(_MARK_AS_LATIN).strip('"')
                return number, cells
        where = f"row {wanted}" if wanted else "it is empty"
        raise WrongSource(f"{self.path} has no header ({where}); the first row must name the columns.")

    def _record(self, number: int, record: Record) -> SourceRecord | None:
        if not record.text.strip():
            return None
        if record.is_broken:
            return _unreadable(number, "unclosed_quote", "a quotation mark opens a cell and is never closed")
        try:
            cells = self._cells(record.text)
        except csv.Error:
            return _unreadable(number, "cell_too_long", "a cell has more than 131,072 characters")
        if not any(cell.strip() for cell in cells):
            return None
        while len(cells) > len(self.columns) and not cells[-1].strip():
            cells.pop()
        if not self._needed <= len(cells) <= len(self.columns):
            wanted = len(self.columns)
            return _unreadable(
                number, "wrong_number_of_cells", f"it has {len(cells)} cells, the header has {wanted}"
            )
        if _UNSTORABLE.search(record.text):
            column = next(c for c, cell in zip(self.columns, cells, strict=False) if _UNSTORABLE.search(cell))
            return _unreadable(
                number, "bad_character", "a cell holds a control character, such as NUL", column
            )
        cells += [""] * (len(self.columns) - len(cells))
        return SourceRecord(number, dict(zip(self.columns, cells, strict=True)))

    def _cells(self, text: str) -> list[str]:
        return next(csv.reader([text], delimiter=self.delimiter, skipinitialspace=True), [])


def _unreadable(number: int, code: str, reason: str, column: str = "") -> SourceRecord:
    return SourceRecord(number, {}, RowProblem(code, reason, column))


def _chained(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest
