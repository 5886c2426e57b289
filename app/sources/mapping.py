"""A mapping: the TOML text that says how a source's columns become an employee's fields.

The same form serves a CSV file and a vendor's ``mapping.toml``; ``docs/mapping.md`` describes it for people.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any

from app.sources.columns import Columns
from app.sources.errors import MappingError, RowRefused, row_refused
from app.sources.fields import TargetField
from app.sources.records import MappedRow, RowProblem, Values
from app.sources.rule_words import Scope
from app.sources.rules import UNKNOWN, Row, Rule
from app.sources.templates import Template, compile_template
from app.sources.transforms import BadValue, clean
from scim.parse import UNSTORABLE

#: Between the parts of a key that takes several columns.
KEY_SEPARATOR = "|"
LONGEST_KEY = 200


@dataclass(frozen=True, slots=True)
class RowFilter:
    """A choice of rows by the words of one column; a word that ends in ``*`` is a beginning."""

    column: str
    words: tuple[str, ...]

    def matches(self, values: Values) -> bool:
        """Whether the row's cell is one of the words, in any case."""
        cell = clean(values.get(self.column) or "").lower()
        return any(cell.startswith(word[:-1]) if word.endswith("*") else cell == word for word in self.words)


@dataclass(frozen=True)
class Mapping:
    """A compiled mapping. It is a function of a row and a day; it knows no database and no clock."""

    text: str
    key: tuple[str, ...]
    fields: dict[str, Rule]
    named: dict[str, Rule]
    targets: dict[str, TargetField]
    columns: Columns
    empty_words: frozenset[str]
    skip_rows: tuple[RowFilter, ...]
    only_rows: tuple[RowFilter, ...]
    timezone: tzinfo

    def today(self, now: datetime) -> date:
        """Return the day of an instant where the source lives (``[record] timezone``)."""
        return now.astimezone(self.timezone).date()

    def wants(self, values: Values) -> bool:
        """Whether the row is to be imported at all (``skip_rows``, ``only_rows``)."""
        if any(choice.matches(values) for choice in self.skip_rows):
            return False
        return all(choice.matches(values) for choice in self.only_rows)

    def sets_inactive(self, values: Values, today: date) -> bool:
        """Whether the row sets its person inactive; False where that cannot be told."""
        rule = self.fields.get("active")
        if rule is None:
            return False
        row = Row(values, today, empty_words=self.empty_words, named=self.named, fields=self.fields)
        try:
            return rule.evaluate(row) is False
        except BadValue:
            return False

    def record_id(self, values: Values) -> str:
        """Return what identifies the record at its source.

        Text as it stands, with its leading zeros; an e-mail address as a key counts in lower case.

        :raises RowRefused: ``missing_key`` (a part is empty), ``invalid_key`` (it is too long), ``bad_character``.
        """
        parts = []
        for column in self.key:
            part = clean(values.get(column) or "")
            if not part or part in self.empty_words:
                raise row_refused("missing_key", f"the key column {column!r} is empty", column)
            parts.append(part.lower() if "@" in part else part)
        record_id = KEY_SEPARATOR.join(parts)
        if len(record_id) > LONGEST_KEY:
            raise row_refused("invalid_key", f"the key is longer than {LONGEST_KEY} characters", self.key[0])
        if UNSTORABLE.search(record_id):
            raise row_refused("bad_character", "the key holds a character that cannot be stored", self.key[0])
        return record_id

    def apply(self, record_id: str, values: Values, today: date) -> MappedRow:
        """Return what the row says, by field name.

        Fields that the source does not know are left out; None empties a field.

        :raises RowRefused: with every value that does not fit.
        """
        row = Row(values, today, empty_words=self.empty_words, named=self.named, fields=self.fields)
        mapped: dict[str, Any] = {}
        problems: list[RowProblem] = []
        for name, rule in self.fields.items():
            try:
                value = rule.evaluate(row)
            except BadValue as error:
                problems.append(rule.problem(error))
                continue
            if value is not UNKNOWN:
                mapped[name] = value
        if any(problem.severity == "error" for problem in problems):
            raise RowRefused(*problems)
        return MappedRow(record_id, mapped, tuple(problems))

    def address_template(self, text: str) -> Template:
        """Return a compiled work e-mail template of a source (``work_email``); raises ``MappingError``."""
        try:
            template = compile_template(
                text, Scope.of(self.columns, self.fields).placeholder, as_address=True
            )
        except ValueError as error:
            raise MappingError([f"work_email: {error}"]) from None
        if "@" not in text or "@" in "".join(p for p in text.split("@")[1:-1]):
            raise MappingError([f"work_email: {text!r} does not make an e-mail address"])
        return template

    def fill(self, template: Template, values: Values, today: date) -> str | None:
        """Return a template filled from one row, or None when one of its values is empty or does not fit."""
        row = Row(values, today, empty_words=self.empty_words, named=self.named, fields=self.fields)
        try:
            if any(row.read(name) is UNKNOWN for name in template.names):
                return None
            return template.fill(row.read)
        except BadValue:
            return None
