"""A mapping proposed from a header and its rows (``mapping=guess``): written as TOML, to be read and kept.

A guess is made only where the file gives evidence. What would be a coin toss, above all 3/4/2024, is refused with the
way out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from app.sources.dates import DateFormat, compile_date, is_empty_date, month_first
from app.sources.errors import MappingError
from app.sources.synonyms import (
    ACTIVE_COLUMNS,
    ACTIVE_WORDS,
    INACTIVE_WORDS,
    KEYS,
    SYNONYMS,
    WHOLE_NAMES,
    normal_header,
)
from app.sources.transforms import DEFAULT_EMPTY_WORDS, clean

_DATE_FORMATS = tuple(
    compile_date(text)
    for text in (
        "iso", "M/D/YYYY", "D/M/YYYY", "D.M.YYYY", "M-D-YYYY", "D-M-YYYY", "YYYY/M/D", "YYYYMMDD", "D MMM YYYY",
        "D-MMM-YYYY", "D-MMM-YY", "MMM D, YYYY", "M/D/YY", "D/M/YY", "D.M.YY", "excel",
    )
)  # fmt: skip
_DATE_FIELDS = ("hr.startDate", "hr.terminationDate", "hr.dateOfBirth")
_MOST_WORDS = 40
_USUAL_STATUSES = ("Active", "On Leave", "Inactive", "Terminated", "Resigned", "Retired")
_MOST_ROWS = 50_000
ORDERS = {"month-first": True, "day-first": False}


@dataclass(slots=True)
class ColumnEvidence:
    """What the rows say about one column; its size does not grow with the file."""

    filled: int = 0
    with_comma: int = 0
    with_space: int = 0
    words: dict[str, int] = field(default_factory=dict)
    formats: tuple[DateFormat, ...] = _DATE_FORMATS
    example: str = ""

    def see(self, text: str) -> None:
        """Take one cell into account."""
        text = clean(text)
        if not text or text in DEFAULT_EMPTY_WORDS or is_empty_date(text):
            return
        self.filled += 1
        self.with_comma += "," in text
        self.with_space += " " in text
        if len(self.words) <= _MOST_WORDS:
            self.words[text] = self.words.get(text, 0) + 1
        fitting = tuple(form for form in self.formats if form.parse(text) is not None)
        # One stray word ("tbd") must not undo the evidence of all other rows.
        if fitting:
            if len(fitting) < len(self.formats):
                self.example = self.example if len(self.formats) != len(_DATE_FORMATS) else text
            self.formats = fitting


def gather(columns: Sequence[str], rows: Iterable[Mapping[str, str | None]]) -> dict[str, ColumnEvidence]:
    """Return the evidence of each column from up to 50,000 rows."""
    evidence = {column: ColumnEvidence() for column in columns}
    for number, row in enumerate(rows):
        if number >= _MOST_ROWS:
            break
        for column, text in row.items():
            if text and column in evidence:
                evidence[column].see(text)
    return evidence


def guess(evidence: Mapping[str, ColumnEvidence], order: str | None = None) -> str:
    """Return the text of a proposed mapping.

    :param order: ``month-first`` or ``day-first`` for dates that could be either, None to go by the evidence.
    :raises MappingError: no key column, nobody's name or address, or dates that could be read in two ways.
    """
    return _Guess(evidence, order).text()


class _Guess:
    """One guess in the making: columns are used up as fields take them."""

    def __init__(self, evidence: Mapping[str, ColumnEvidence], order: str | None) -> None:
        self.evidence = evidence
        self.order = order
        self.headers = {column: normal_header(column) for column in evidence}
        self.used: dict[str, str] = {}
        self.problems: list[str] = []

    def text(self) -> str:
        key = self._first(KEYS)
        if key is None:
            raise MappingError([self._no_key()])
        self.used[key] = "record key"
        lines = [*self._names(), *self._plain_fields(), *self._activity()]
        if not any(line.startswith(('"name.', '"emails[')) for line in lines):
            self.problems.append(
                "no column was recognised as a name or an e-mail address; write a mapping file"
            )
        if self.problems:
            raise MappingError(self.problems)
        number = f'"enterprise.employeeNumber" = {_quoted(key)}'
        unused = [f"#   {column}" for column in self.evidence if column not in self.used]
        rest = ["", "# Columns that nothing was made of:", *unused] if unused else []
        head = [
            "# Guessed from the header; docs/mapping.md has the form.",
            "[record]",
            f"key = {_quoted(key)}",
            "",
            "[fields]",
        ]
        return "\n".join([*head, number, *lines, *rest, ""])

    def _no_key(self) -> str:
        columns = ", ".join(map(repr, self.evidence))
        return (
            f"no column was recognised as the one that identifies a person (the columns are {columns}); name it in a "
            'mapping file ([record] key = "…") and give it with --set mapping=@FILE.toml'
        )

    def _first(self, words: Iterable[str]) -> str | None:
        for word in words:
            for column, header in self.headers.items():
                if header == word and column not in self.used:
                    return column
        return None

    def _names(self) -> list[str]:
        whole = self._first(WHOLE_NAMES)
        has_parts = self._first(SYNONYMS["name.givenName"]) and self._first(SYNONYMS["name.familyName"])
        if whole is None or has_parts:
            return []
        self.used[whole] = "name"
        seen = self.evidence[whole]
        split = "last_first" if seen.with_comma * 2 > seen.filled else "first_last"
        return [
            f'"name.{part}" = {{ from = {_quoted(whole)}, split = "{split}", part = "{piece}" }}'
            for part, piece in (("givenName", "first"), ("familyName", "last"), ("honorificSuffix", "suffix"))
        ]

    def _plain_fields(self) -> list[str]:
        lines = []
        for name, words in SYNONYMS.items():
            column = self._first(words)
            if column is None:
                continue
            self.used[column] = name
            lines.append(
                self._date_line(name, column) if name in _DATE_FIELDS else f'"{name}" = {_quoted(column)}'
            )
        return lines

    def _date_line(self, name: str, column: str) -> str:
        date_format = self._date_format(column)
        return f'"{name}" = {{ from = {_quoted(column)}, date = "{date_format}" }}'

    def _date_format(self, column: str) -> str:
        seen = self.evidence[column]
        if not seen.filled:
            return self._form_elsewhere()
        fitting = list(seen.formats)
        if len(fitting) == len(_DATE_FORMATS):
            example = next(iter(seen.words), "")
            self.problems.append(
                f"the dates in {column!r} are of no known form ({example!r}); write a mapping file"
            )
            return "iso"
        orders = {month_first(form.text) for form in fitting}
        if {True, False} <= orders:
            wanted = ORDERS[self.order] if self.order else self._order_elsewhere()
            if wanted is None:
                self.problems.append(self._coin_toss(column, seen.example))
            fitting = [form for form in fitting if month_first(form.text) == wanted] or fitting
        return fitting[0].text

    def _form_elsewhere(self) -> str:
        """The form of the first date column that has dates, for one that is still empty; ISO when there is none."""
        meant = {word for name in _DATE_FIELDS for word in SYNONYMS[name]}
        columns = (column for column, header in self.headers.items() if header in meant)
        filled = next((column for column in columns if self.evidence[column].filled), None)
        return self._date_format(filled) if filled else "iso"

    def _order_elsewhere(self) -> bool | None:
        """The order that the other date columns prove, if they agree: one export writes its dates one way."""
        proven = set()
        for seen in self.evidence.values():
            orders = {month_first(form.text) for form in seen.formats} - {None}
            if seen.filled and len(seen.formats) < len(_DATE_FORMATS) and len(orders) == 1:
                proven |= orders
        return proven.pop() if len(proven) == 1 else None

    def _coin_toss(self, column: str, example: str) -> str:
        return (
            f"the dates in {column!r} can be read month first or day first (such as {example}); say which with "
            "--set dates=month-first or --set dates=day-first"
        )

    def _activity(self) -> list[str]:
        flag = self._first(ACTIVE_COLUMNS)
        if flag is not None:
            self.used[flag] = "active"
            return [f'"active" = {_quoted(flag)}']
        by_field = {name: column for column, name in self.used.items()}
        status, leaving = by_field.get("hr.employmentStatus"), by_field.get("hr.terminationDate")
        if status is not None and self._knows_words(status):
            return [self._status_line(status)]
        if leaving is not None:
            return [
                f'"active" = {{ from = {_quoted(leaving)}, active_until = "{self._date_format(leaving)}" }}'
            ]
        return []

    def _knows_words(self, column: str) -> bool:
        words = self.evidence[column].words
        return (
            bool(words)
            and len(words) <= _MOST_WORDS
            and all(_activity_of(word) is not None for word in words)
        )

    def _status_line(self, column: str) -> str:
        # The words of tomorrow's file stand beside those of today's: nobody may stay active for want of a word.
        entries = {word.lower(): word for word in (*_USUAL_STATUSES, *self.evidence[column].words)}
        pairs = ", ".join(
            f"{_quoted(word)} = {'true' if _activity_of(word) else 'false'}" for word in entries.values()
        )
        return f'"active" = {{ from = {_quoted(column)}, map = {{ {pairs} }} }}'


def _activity_of(word: str) -> bool | None:
    word = " ".join(word.lower().replace("-", " ").replace("_", " ").split())
    for beginning in ("terminated", "inactive", "resigned", "retired"):
        if word.startswith(beginning):
            return False
    if word in ACTIVE_WORDS or word.startswith(("active", "on leave", "leave")):
        return True
    return False if word in INACTIVE_WORDS else None


def _quoted(text: str) -> str:
    """The text as a TOML basic string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c >= " " and c != "\x7f" else f"\\u{ord(c):04x}" for c in escaped) + '"'
