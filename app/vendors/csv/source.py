"""The ``csv`` kind of source: one file, read again at each import."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from app.sources.adapter import SourceContext
from app.sources.errors import SourceError, WrongSource
from app.sources.guessing import ORDERS, gather, guess
from app.sources.records import Check, Option, Page, RecordField
from app.vendors.csv.form import named_delimiter, named_encoding
from app.vendors.csv.guide import GUIDE
from app.vendors.csv.reader import CsvFile

PAGE_ROWS = 500
_NO_DEFAULT: tuple[Option, ...] = ()


class CsvSource:
    """Reads a CSV file that lies where Rollcall runs."""

    kind = "csv"
    label = "CSV file"
    options = (
        Option("path", "Path of the file", required=True),
        Option(
            "delimiter", "What separates cells: a character, \\t, or a word such as tab; found when left out"
        ),
        Option("encoding", "The file's encoding; found when left out"),
        Option("header_row", "The row that names the columns; the first that is not blank when left out"),
        Option("dates", "For mapping=guess: month-first or day-first, where the file does not tell"),
    )
    secrets = _NO_DEFAULT
    default_work_email = "source"
    needs_consent = False
    default_schedule = "off"
    # A file may be an extract: whoever is not in it has not left.
    lists_everyone = False
    guide = GUIDE

    def settle(self, settings: Mapping[str, str]) -> dict[str, str]:
        """Return the settings with an absolute path. Raises ``WrongSource``, ``SourceUnavailable``."""
        settled = {name: value for name, value in settings.items() if value != ""}
        settled["path"] = str(Path(settings["path"]).expanduser().resolve())
        if not Path(settled["path"]).is_file():
            raise WrongSource(
                f"path={settings['path']!r} is no file here; give the path of a readable CSV file."
            )
        if settled.get("dates", "month-first") not in ORDERS:
            raise WrongSource(f"dates={settled['dates']!r} is unknown; use month-first or day-first.")
        try:
            _file(settled)
        except WrongSource:
            raise
        except SourceError as error:
            raise WrongSource(str(error)) from None
        return settled

    def record_fields(self, context: SourceContext) -> tuple[RecordField, ...]:
        """Return the columns of the file as its header names them."""
        return tuple(RecordField(column, column) for column in _file(context.settings).columns)

    def default_mapping(self) -> str | None:
        """None: every file needs its own mapping."""
        return None

    def guessed_mapping(self, context: SourceContext) -> str | None:
        """Return a mapping guessed from header and rows. Raises ``MappingError`` where the file does not decide."""
        file = _file(context.settings)
        rows = (record.values for record in file.records() if record.problem is None)
        return guess(gather(file.columns, rows), context.settings.get("dates"))

    def check(self, context: SourceContext) -> list[Check]:
        """Return how the file reads: whether it is there, with which encoding, delimiter and columns."""
        try:
            file = _file(context.settings)
        except SourceError as error:
            return [Check("file", False, str(error))]
        columns = ", ".join(file.columns)
        return [
            Check("file", True, f"{file.path}: {file.state.size} bytes."),
            Check(
                "form",
                True,
                f"Encoding {file.encoding.name}, delimiter {file.delimiter!r}, header in row {file.header_row}.",
            ),
            Check("columns", True, f"{len(file.columns)} columns: {columns}."),
        ]

    def read(self, context: SourceContext, resume: Mapping[str, Any] | None) -> Iterator[Page]:
        """Yield the rows of the file, 500 to a page; goes on behind the row that ``resume`` names."""
        file = _file(context.settings)
        state = {"size": file.state.size, "changed": file.state.changed}
        if resume and {name: resume[name] for name in state} != state:
            raise _changed(file)
        rows = file.records(after=resume["row"] if resume else 0)
        while True:
            context.alive()
            page = list(islice(rows, PAGE_ROWS))
            last = page[-1].number if page else (resume or {}).get("row", 0)
            yield Page(page, {**state, "row": last}, complete=len(page) < PAGE_ROWS)
            if len(page) < PAGE_ROWS:
                return


def _file(settings: Mapping[str, str]) -> CsvFile:
    delimiter, encoding, header_row = (settings.get(name) for name in ("delimiter", "encoding", "header_row"))
    if header_row is not None and not (header_row.isdigit() and int(header_row) > 0):
        raise WrongSource(f"header_row={header_row!r} is no row number; the first row is 1.")
    return CsvFile(
        Path(settings["path"]),
        delimiter=named_delimiter(delimiter) if delimiter else None,
        encoding=named_encoding(encoding) if encoding else None,
        header_row=int(header_row) if header_row else None,
    )


def _changed(file: CsvFile) -> SourceError:
    from app.sources.errors import IncompleteRead

    return IncompleteRead(f"{file.path} changed while it was being imported; import it again.")
