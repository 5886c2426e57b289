"""A mapping as the lines of a table: a source field, what is done to it, and the field of ours that it fills.

A rule that the table cannot say stays as it was written, and the table says it in words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.sources.mapping_writing import Parts
from app.sources.transforms import TEXT_TRANSFORMS
from app.web.console.field_words import field_words
from app.web.console.sources.rule_lines import REQUIRED
from app.web.console.sources.rule_phrases import as_rule, columns_of, phrases

#: In place of a column: the rule stays as it is written.
AS_WRITTEN = "=written"
#: What can be done to a value, as (word, argument), and in words.
HOWS: dict[str, tuple[str, Any, str]] = {
    "title": ("case", "title", "Capital At The Front"),
    "lower": ("case", "lower", "small letters"),
    "upper": ("case", "upper", "CAPITALS"),
    "ascii": ("ascii", True, "Without accents"),
    "before-at": ("before", "@", "Only what is before @"),
    "iso": ("date", "iso", "Date, year first"),
    "month-first": ("date", "M/D/YYYY", "Date, month first"),
    "day-first": ("date", "D/M/YYYY", "Date, day first"),
    "point": ("number", "point", "Number such as 1,234.50"),
    "comma": ("number", "comma", "Number such as 1.234,50"),
    "phone-us": ("phone", "US", "Telephone, US"),
    "phone-gb": ("phone", "GB", "Telephone, UK"),
}
#: What is done to it is none of these.
KEPT = "=kept"
NEW_LINES = 3
_TRANSFORMS = frozenset({word for word, _ in TEXT_TRANSFORMS} | {"part"})
#: What a rule says beside its column and its transforms; it stays when another column is chosen.
_LASTING = ("on_error", "empty", "once")
_COMPLEX = (
    "first_of",
    "constant",
    "template",
    "all_of",
    "any_of",
    "map",
    "otherwise",
    "when_empty",
    "default",
)
_COMPLEX_DATES = ("active_until", "active_from")


@dataclass(frozen=True, slots=True)
class Line:
    """One field of ours: which column fills it (or :data:`AS_WRITTEN`), and what is done to the value."""

    field: str
    column: str
    how: str
    in_words: str
    is_required: bool

    @property
    def words(self) -> str:
        """What our field is called."""
        return field_words(self.field)

    @property
    def is_written(self) -> bool:
        """Whether the table cannot say its rule."""
        return self.column == AS_WRITTEN


def lines_of(parts: Parts) -> list[Line]:
    """Return the lines of a mapping, in its order."""
    return [_line(name, rule) for name, rule in parts.fields.items()]


def _line(name: str, rule: Any) -> Line:
    column = _column(rule)
    is_required = name in REQUIRED or (isinstance(rule, dict) and rule.get("empty") == "error")
    return Line(name, column or AS_WRITTEN, _how(rule) if column else "", in_words(rule), is_required)


def _column(rule: Any) -> str | None:
    """Return the one column that a rule reads, when a line can say it."""
    if isinstance(rule, str):
        return rule
    if not isinstance(rule, dict) or any(word in rule for word in (*_COMPLEX, *_COMPLEX_DATES)):
        return None
    columns = rule.get("from")
    columns = [columns] if isinstance(columns, str) else columns
    return columns[0] if isinstance(columns, list) and len(columns) == 1 else None


def _how(rule: Any) -> str:
    done = (
        {word: value for word, value in rule.items() if word in _TRANSFORMS} if isinstance(rule, dict) else {}
    )
    if not done:
        return ""
    return next((name for name, (word, value, _) in HOWS.items() if done == {word: value}), KEPT)


def in_words(rule: Any) -> str:
    """Return a rule in words: the columns that it reads, and what it does with them.

    >>> in_words({"from": ["city", "state"], "join": ", "}), in_words({"constant": True, "once": True})
    ('city, state: joined with “, ”', 'always “yes”; only when the person is added')
    """
    columns, said = ", ".join(columns_of(as_rule(rule))), "; ".join(phrases(as_rule(rule)))
    return ": ".join(filter(None, (columns, said)))


def changed(parts: Parts, form: Mapping[str, str], columns: Sequence[str]) -> Parts:
    """Return the parts as a sent table has them; what it does not name stays as it is."""
    fields: dict[str, Any] = {}
    for number, (name, rule) in enumerate(parts.fields.items()):
        if form.get(f"field-{number}") != name:
            fields[name] = rule
            continue
        wanted = _changed(rule, form.get(f"column-{number}", ""), form.get(f"how-{number}", ""))
        if wanted is not None:
            fields[name] = wanted
    for number in range(NEW_LINES):
        name, column = form.get(f"new-field-{number}", ""), form.get(f"new-column-{number}", "")
        if name and column:
            fields[name] = _rule({}, column, form.get(f"new-how-{number}", ""))
    key = form.get("key", AS_WRITTEN)
    record = dict(parts.record) if key not in columns or (key,) == parts.key else {**parts.record, "key": key}
    return replace(parts, record=record, fields=fields)


def _changed(rule: Any, column: str, how: str) -> Any:
    """Return the rule that a line says; None: our field is filled by nothing."""
    if column == AS_WRITTEN:
        return rule
    if not column:
        return None
    if column == _column(rule) and how == _how(rule):
        return rule
    base = rule if isinstance(rule, dict) else {}
    kept = _TRANSFORMS | set(_LASTING) if how == KEPT else set(_LASTING)
    return _rule({word: value for word, value in base.items() if word in kept}, column, how)


def _rule(base: Mapping[str, Any], column: str, how: str) -> Any:
    done = {HOWS[how][0]: HOWS[how][1]} if how in HOWS else {}
    rule = {"from": column, **done, **base}
    return column if rule == {"from": column} else rule
