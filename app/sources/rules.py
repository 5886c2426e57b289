"""Rules: what one field of a mapping becomes, for one row.

A rule reads an input, transforms the text, gives it a meaning and converts it to the field's kind. Its words are
compiled in ``app.sources.rule_words``; this module only evaluates.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final, Literal

from app.sources.dates import DateFormat, compile_date
from app.sources.fields import Kind
from app.sources.records import RowProblem, Values
from app.sources.templates import Template
from app.sources.transforms import BadValue, clean, number, quoted, read_date, to_boolean


class Unknown:
    """The source did not say anything about a field: it stays as it is."""


UNKNOWN: Final = Unknown()
_ISO = (compile_date("iso"),)
_MISSING: Final = object()
_BETWEEN_WORDS = re.compile(r"[,\n]")
MOST_WORDS, LONGEST_WORD = 100, 200


class Row:
    """One record while it is mapped: its cells, the named values, and the day on which it is read."""

    def __init__(
        self,
        values: Values,
        today: date,
        *,
        empty_words: frozenset[str],
        named: Mapping[str, Rule],
        fields: Mapping[str, Rule],
    ) -> None:
        self.today = today
        self._values = values
        self._empty_words = empty_words
        self._named = named
        self._fields = fields
        self._known: dict[str, Any] = {}

    def read(self, name: str) -> Any:
        """Return the text of a column, named value or (``field:`` before it) mapped field; None if empty."""
        if name not in self._known:
            self._known[name] = self._look_up(name)
        return self._known[name]

    def _look_up(self, name: str) -> Any:
        if name.startswith("field:"):
            return _as_text(self._fields[name.removeprefix("field:")].evaluate(self))
        if name in self._named:
            return _as_text(self._named[name].evaluate(self))
        if name not in self._values:
            return UNKNOWN
        text = clean(self._values[name] or "", lines=True)
        return None if text in self._empty_words or not text else text


@dataclass(frozen=True, slots=True)
class Input:
    """Where a rule's text comes from."""

    how: Literal["join", "first_of", "constant", "template", "all_of", "any_of"]
    columns: tuple[str, ...] = ()
    separator: str = " "
    constant: Any = None
    template: Template | None = None
    rules: tuple[Rule, ...] = ()

    def read(self, row: Row) -> Any:
        """Return the text, a constant, a bool of combined rules, None when empty, or `UNKNOWN`."""
        return _READERS[self.how](self, row)


def _joined(source: Input, row: Row) -> Any:
    texts = [row.read(column) for column in source.columns]
    if all(text is UNKNOWN for text in texts):
        return UNKNOWN
    return source.separator.join(text for text in texts if isinstance(text, str)) or None


def _first(source: Input, row: Row) -> Any:
    texts = [row.read(column) for column in source.columns]
    if all(text is UNKNOWN for text in texts):
        return UNKNOWN
    return next((text for text in texts if isinstance(text, str)), None)


def _filled(source: Input, row: Row) -> Any:
    assert source.template is not None
    if any(row.read(name) is UNKNOWN for name in source.template.names):
        return UNKNOWN
    return source.template.fill(row.read)


def _combined(source: Input, row: Row) -> Any:
    results = [rule.evaluate(row) for rule in source.rules]
    said = [result for result in results if isinstance(result, bool)]
    if not said:
        return UNKNOWN if all(result is UNKNOWN for result in results) else None
    return all(said) if source.how == "all_of" else any(said)


_READERS: dict[str, Callable[[Input, Row], Any]] = {
    "join": _joined,
    "first_of": _first,
    "constant": lambda source, row: source.constant,
    "template": _filled,
    "all_of": _combined,
    "any_of": _combined,
}


@dataclass(frozen=True, slots=True)
class Rule:
    """A compiled rule. `kind` None (a named value) leaves the text as it is.

    `on_error` `warn` drops a value that does not fit and goes on; `empty` says what an empty input means:
    `clear` empties the field, `keep` leaves it, `error` refuses the row. A `once` rule speaks at creation only.
    """

    name: str
    source: Input
    kind: Kind | None = None
    quotable: bool = True
    steps: tuple[tuple[Callable[[Any, Any], Any], Any], ...] = ()
    words: Mapping[str, Any] | None = None
    otherwise: Any = _MISSING
    when_empty: Any = _MISSING
    until: tuple[DateFormat, ...] = ()
    since: tuple[DateFormat, ...] = ()
    empty: Literal["clear", "keep", "error"] = "clear"
    once: bool = False
    on_error: Literal["row", "warn"] = "row"
    _prefixes: tuple[tuple[str, Any], ...] = field(default=())

    @property
    def column(self) -> str:
        """The column to name in the error file: the first that the rule reads."""
        if self.source.rules:
            return self.source.rules[0].column
        return self.source.columns[0] if self.source.columns else ""

    def evaluate(self, row: Row) -> Any:
        """Return the value (text, bool, number), None to empty the field, or `UNKNOWN`; raises `BadValue`."""
        text = self.source.read(row)
        if text is UNKNOWN:
            return UNKNOWN
        value = self._dated(text, row) if self.until or self.since else self._meaning(text)
        return self._finished(value)

    def problem(self, error: BadValue) -> RowProblem:
        """Return the line of the error file for a value that did not fit; secret values are not quoted."""
        value = quoted(error.text) if self.quotable else "the value (not shown)"
        severity: Literal["error", "warning"] = "warning" if self.on_error == "warn" else "error"
        return RowProblem(error.code, f"{self.name}: {value} {error.complaint}", self.column, severity)

    def _dated(self, text: Any, row: Row) -> bool:
        if text is None:
            return True
        for function, argument in self.steps:
            text = function(text, argument)
        if self.until:
            last_day = read_date(text, self.until) if text else None
            return last_day is None or row.today <= last_day
        first_day = read_date(text, self.since) if text else None
        return first_day is None or row.today >= first_day

    def _meaning(self, text: Any) -> Any:
        if isinstance(text, str):
            for function, argument in self.steps:
                text = function(text, argument)
        if text is None or text == "":
            return self._for_empty()
        if self.words is not None:
            return self._looked_up(text)
        return text if self.otherwise is _MISSING else self.otherwise

    def _for_empty(self) -> Any:
        if self.words is not None and "" in self.words:
            return self.words[""]
        return None if self.when_empty is _MISSING else self.when_empty

    def _looked_up(self, text: Any) -> Any:
        assert self.words is not None
        word = clean(str(text)).lower()
        if word in self.words:
            return self.words[word]
        for prefix, value in self._prefixes:
            if word.startswith(prefix):
                return value
        if self.otherwise is _MISSING:
            known = ", ".join(f"'{entry}'" for entry in self.words) or "none"
            raise BadValue("unknown_value", str(text), f"has no entry in the map (entries: {known})")
        return self.otherwise

    def _finished(self, value: Any) -> Any:
        if value is None or value == "":
            if self.empty == "error":
                raise BadValue("required_value_missing", "", "is empty, and this field must have a value")
            # An empty status is no status: it must neither let a leaver in again nor put anyone out.
            return UNKNOWN if self.empty == "keep" or self.kind == "boolean" else None
        return value if self.kind is None else CONVERSIONS[self.kind](value)


def _as_text(value: Any) -> Any:
    if value is None or value is UNKNOWN or isinstance(value, str):
        return value
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _plain(value: Any) -> str | None:
    return clean(str(_as_text(value))) or None


def _lines(value: Any) -> str | None:
    return clean(str(value), lines=True) or None


def _email(value: Any) -> str:
    text = clean(str(value))
    text = text[7:] if text.lower().startswith("mailto:") else text
    local, at, domain = text.rpartition("@")
    if not (local and at and domain) or any(c.isspace() or c in '<>,;:"()' for c in text) or "@" in local:
        raise BadValue("invalid_email", text, "is not one e-mail address")
    return text


def _date(value: Any) -> str | None:
    day = read_date(clean(str(value)), _ISO)
    return None if day is None else day.isoformat()


def _boolean(value: Any) -> bool:
    return value if isinstance(value, bool) else to_boolean(str(value))


def _decimal(value: Any) -> int | float:
    amount = Decimal(number(str(value), "point"))
    return int(amount) if amount == amount.to_integral_value() else float(amount)


def _integer(value: Any) -> int:
    amount = _decimal(value)
    if not isinstance(amount, int):
        raise BadValue("invalid_number", str(value), "is not a whole number")
    return amount


def _decimal_text(value: Any) -> str:
    """Digits that say a share exactly: ``0.8``, never ``0.80`` or ``8E-1``."""
    plain = Decimal(number(str(value), "point")).normalize()
    return format(plain, "f")


def _words(value: Any) -> list[str] | None:
    """Words between commas or lines, each once, in the order in which they are written."""
    found = list(dict.fromkeys(word for part in _BETWEEN_WORDS.split(str(value)) if (word := clean(part))))
    if len(found) > MOST_WORDS or any(len(word) > LONGEST_WORD for word in found):
        raise BadValue(
            "invalid_value", str(value), f"is not up to {MOST_WORDS} words of {LONGEST_WORD} characters"
        )
    return found or None


CONVERSIONS: dict[Kind, Callable[[Any], Any]] = {
    "text": _plain,
    "lines": _lines,
    "email": _email,
    "date": _date,
    "boolean": _boolean,
    "decimal": _decimal,
    "integer": _integer,
    "decimal text": _decimal_text,
    "words": _words,
}
