"""From the TOML text of a mapping to a compiled one, with every mistake told at once.

Each finding names its line, the field or column, and what would be right.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from datetime import UTC, tzinfo
from difflib import get_close_matches
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.sources.columns import Columns
from app.sources.errors import MappingError
from app.sources.fields import FieldTable, TargetField, user_fields
from app.sources.mapping import Mapping, RowFilter
from app.sources.rule_words import Scope, compile_rule
from app.sources.rules import Rule
from app.sources.transforms import DEFAULT_EMPTY_WORDS, clean

_TABLES = ("record", "values", "fields")
#: Names that are no fields, only the front of some: an unquoted ``name.givenName`` is a table in a table.
_BRANCHES = frozenset({"name", "hr", "enterprise", "hr.salary", "hr.nationalId"})
_RECORD_WORDS = ("key", "empty_words", "skip_rows", "only_rows", "timezone")


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
        except RecursionError:
            raise MappingError(["it is nested too deeply to be a mapping"]) from None
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
                named[name] = compile_rule(name, rule, Scope.of(self.columns))
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
                found.append(Scope.of(self.columns).column(name))
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
        targets = self._targets(flattened(written))
        referable = {name: rule for name, (_, rule) in targets.items() if not _is_template(rule)}
        scope = Scope.of(self.columns, referable)
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


def _is_template(written: Any) -> bool:
    return isinstance(written, dict) and "template" in written


def _is_address(field: TargetField) -> bool:
    return field.kind == "email" or field.name == "userName"


def flattened(written: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return the rules by full field name, also when a bare ``name.givenName = …`` made TOML nest them."""
    flat: dict[str, Any] = {}
    for name, value in written.items():
        is_branch = isinstance(value, dict) and prefix + name in _BRANCHES
        flat |= flattened(value, f"{prefix}{name}.") if is_branch else {prefix + name: value}
    return flat


def _line_of(text: str, key: str) -> int | None:
    """The line on which a key, or the last part of it, is written."""
    heads = [(number, _head(line)) for number, line in enumerate(text.splitlines(), 1)]
    for wanted in (key.lower(), key.rpartition(".")[2].lower()):
        for number, head in heads:
            if wanted in head:
                return number
    return None


def _head(line: str) -> str:
    """What a line of TOML is about, in lower case: its table or the left side of its equals sign."""
    line = line.strip().lower()
    if line.startswith("#"):
        return ""
    return line if line.startswith("[") else line.partition("=")[0]
