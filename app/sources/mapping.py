"""A mapping: the TOML text that says how a source's columns become an employee's fields.

The same form serves a CSV file and a vendor's ``mapping.toml``; ``docs/mapping.md`` describes it for people.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from difflib import get_close_matches
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.sources.columns import Columns
from app.sources.errors import MappingError, RowRefused, row_refused
from app.sources.fields import WORK_EMAIL, FieldTable, TargetField, user_fields
from app.sources.records import MappedRow, RowProblem, Values
from app.sources.rule_words import Scope, compile_rule
from app.sources.rules import UNKNOWN, Row, Rule
from app.sources.templates import Template, compile_template
from app.sources.transforms import DEFAULT_EMPTY_WORDS, BadValue, clean

_TABLES = ("record", "values", "fields")
_RECORD_WORDS = ("key", "empty_words", "skip_rows", "only_rows", "timezone")
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

    def record_id(self, values: Values) -> str:
        """Return what identifies the record at its source; raises ``RowRefused`` ``missing_key`` when a part is empty.

        Text as it stands, with its leading zeros; an e-mail address as a key counts in lower case.
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
            template = compile_template(text, _scope(self.columns, self.fields).placeholder, as_address=True)
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


def compile_mapping(text: str, columns: Sequence[str], fields: FieldTable | None = None) -> Mapping:
    """Return the compiled mapping of a source with these columns.

    :raises MappingError: with every finding at once, each naming its line, the field and what would be right.
    """
    return _Compiler(text, columns, fields or user_fields()).compiled()


class _Compiler:
    """Compiles one text, gathering problems instead of stopping at the first."""

    def __init__(self, text: str, columns: Sequence[str], fields: FieldTable) -> None:
        self.text = text
        self.table = fields
        self.columns = Columns(columns)
        self.problems: list[str] = []

    def compiled(self) -> Mapping:
        content = self._content()
        named = self._named(content.get("values", {}))
        record = self._record(content.get("record", {}))
        rules, targets = self._rules(content.get("fields", {}))
        if self.problems:
            raise MappingError(self.problems)
        return Mapping(
            text=self.text, fields=rules, named=named, targets=targets, columns=self.columns, **record
        )

    def _content(self) -> dict[str, Any]:
        try:
            content = tomllib.loads(self.text.lstrip("\ufeff"))
        except tomllib.TOMLDecodeError as error:
            raise MappingError([f"it is not TOML: {str(error)[0].lower()}{str(error)[1:]}"]) from None
        for name, value in content.items():
            if name not in _TABLES:
                close = get_close_matches(name, _TABLES, n=1)
                hint = (
                    f"did you mean [{close[0]}]?"
                    if close
                    else "the tables are [record], [values] and [fields]"
                )
                self._note(name, f"there is no table [{name}]; {hint}")
            elif not isinstance(value, dict):
                self._note(name, f"[{name}] must be a table")
        known = {
            name: value for name, value in content.items() if name in _TABLES and isinstance(value, dict)
        }
        if not known.get("fields"):
            self.problems.append("it has no [fields], so nothing would be imported")
        return known

    def _note(self, key: str, problem: str) -> None:
        line = _line_of(self.text, key)
        self.problems.append((f"line {line}: " if line else "") + problem)

    def _named(self, written: dict[str, Any]) -> dict[str, Rule]:
        named: dict[str, Rule] = {}
        for name, rule in written.items():
            if self.columns.find(name) is not None:
                self._note(name, f"the value {name!r} has the name of a column; give it another")
                continue
            try:
                named[name] = compile_rule(name, rule, _scope(self.columns, {}))
            except ValueError as error:
                self._note(name, f"{name!r}: {error}")
            # A broken value still counts as known: one mistake, one complaint.
            self.columns = Columns([*self.columns.names, name])
        return named

    def _record(self, written: dict[str, Any]) -> dict[str, Any]:
        for word in written:
            if word not in _RECORD_WORDS:
                self._note(word, f"[record] has no {word!r}; it may have {', '.join(_RECORD_WORDS)}")
        return {
            "key": self._key(written.get("key")),
            "empty_words": self._empty_words(written.get("empty_words", list(DEFAULT_EMPTY_WORDS))),
            "skip_rows": self._filters("skip_rows", written.get("skip_rows", {})),
            "only_rows": self._filters("only_rows", written.get("only_rows", {})),
            "timezone": self._timezone(written.get("timezone", "UTC")),
        }

    def _key(self, written: Any) -> tuple[str, ...]:
        names = written if isinstance(written, list) else [written]
        if written is None or not names:
            self._note(
                "[record]",
                '[record] has no key; name the column that identifies a person: key = "Employee ID"',
            )
            return ()
        found = []
        for name in names:
            try:
                found.append(_scope(self.columns, {}).column(name))
            except ValueError as error:
                self._note("key", f"key: {error}")
        return tuple(found)

    def _empty_words(self, written: Any) -> frozenset[str]:
        if not isinstance(written, list) or not all(isinstance(word, str) for word in written):
            self._note("empty_words", 'empty_words takes a list of texts, such as ["N/A", "-"]')
            return frozenset()
        return frozenset(clean(word) for word in written)

    def _filters(self, word: str, written: Any) -> tuple[RowFilter, ...]:
        if not isinstance(written, dict):
            self._note(word, f'{word} takes a column and its words, such as {{ "Type" = ["Total*"] }}')
            return ()
        filters = []
        for name, words in written.items():
            column = self.columns.find(name)
            texts = words if isinstance(words, list) else [words]
            if column is None:
                self._note(word, f"{word}: {self.columns.complaint(name)}")
            elif not all(isinstance(text, str) for text in texts):
                self._note(word, f"{word}: the words for {name!r} must be texts")
            else:
                filters.append(RowFilter(column, tuple(clean(text).lower() for text in texts)))
        return tuple(filters)

    def _timezone(self, written: Any) -> tzinfo:
        try:
            return ZoneInfo(written)
        except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
            self._note("timezone", f"timezone {written!r} is unknown; use a name such as America/New_York")
            return UTC

    def _rules(self, written: dict[str, Any]) -> tuple[dict[str, Rule], dict[str, TargetField]]:
        targets = self._targets(_flattened(written))
        referable = {name: rule for name, (_, rule) in targets.items() if not _is_template(rule)}
        scope = _scope(self.columns, referable)
        rules: dict[str, Rule] = {}
        for name, (field, rule) in targets.items():
            try:
                rules[name] = compile_rule(
                    name, rule, scope, kind=field.kind, quotable=field.quotable, as_address=_is_address(field)
                )
            except ValueError as error:
                self._note(name, f"{name!r}: {error}")
        return rules, {name: field for name, (field, _) in targets.items()}

    def _targets(self, written: dict[str, Any]) -> dict[str, tuple[TargetField, Any]]:
        targets: dict[str, tuple[TargetField, Any]] = {}
        for name, rule in written.items():
            field = self.table.find(name)
            if field is None:
                self._note(name, f"there is no field {name!r}; {self._suggested(name)}")
            elif field.name in targets:
                self._note(name, f"the field {field.name!r} is mapped twice")
            else:
                targets[field.name] = (field, rule)
        return targets

    def _suggested(self, name: str) -> str:
        suggestion = self.table.suggestion(name)
        return f"did you mean {suggestion!r}?" if suggestion else "docs/mapping.md lists them all"


def _scope(columns: Columns, fields: dict[str, Any]) -> Scope:
    return Scope(columns, {name.lower(): name for name in fields})


def _is_template(written: Any) -> bool:
    return isinstance(written, dict) and "template" in written


def _is_address(field: TargetField) -> bool:
    return field.kind == "email" or field.name == "userName"


def _flattened(written: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """The rules by full field name, also when a bare ``name.givenName = …`` made TOML nest them."""
    flat: dict[str, Any] = {}
    for name, value in written.items():
        is_branch = (
            isinstance(value, dict) and value and all(_looks_like_rule(inner) for inner in value.values())
        )
        nested = is_branch and prefix + name in ("name", "hr", "enterprise", "hr.salary", "hr.nationalId")
        flat |= _flattened(value, f"{prefix}{name}.") if nested else {prefix + name: value}
    return flat


def _looks_like_rule(value: Any) -> bool:
    return isinstance(value, (str, dict))


def _line_of(text: str, key: str) -> int | None:
    """The line on which a key, or the last part of it, is written."""
    last = key.rpartition(".")[2]
    for wanted in (key, last):
        for number, line in enumerate(text.splitlines(), 1):
            head = (
                line.strip().split("=", 1)[0]
                if "=" in line and not line.strip().startswith("[")
                else line.strip()
            )
            if wanted.lower() in head.lower() and not head.startswith("#"):
                return number
    return None


#: The field that a source's own addresses are about; the runner reads it in every mapped row.
WORK_EMAIL_FIELD = WORK_EMAIL
