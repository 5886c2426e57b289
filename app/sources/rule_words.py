"""The words of a rule, compiled: each with what it may be given, and a sentence for everything else.

``docs/mapping.md`` has the same list for people.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from typing import Any

from app.sources.columns import Columns
from app.sources.dates import DateFormat, compile_date, month_first
from app.sources.fields import Kind
from app.sources.names import PARTS, SPLITTERS
from app.sources.phones import is_region
from app.sources.rules import Input, Rule
from app.sources.templates import ALIASES, compile_template
from app.sources.transforms import CASES, NUMBER_STYLES, TEXT_TRANSFORMS

_INPUTS = ("from", "first_of", "constant", "template", "all_of", "any_of")


@dataclass(frozen=True, slots=True)
class Scope:
    """What the rules of one mapping may refer to: columns and named values, and the mapped fields (in templates)."""

    columns: Columns
    fields: dict[str, str]
    """Lower-case spelling → name, of the fields that templates may use."""

    @classmethod
    def of(cls, columns: Columns, fields: Iterable[str] = ()) -> Scope:
        """Return the scope of these columns and these fields, by their names."""
        return cls(columns, {name.lower(): name for name in fields})

    def column(self, text: Any) -> str:
        """Return the column that a rule names; raises ``ValueError``."""
        if not isinstance(text, str):
            raise ValueError(f"a column name must be text in quotes, not {text!r}")
        found = self.columns.find(text)
        if found is None:
            raise ValueError(self.columns.complaint(text))
        return found

    def placeholder(self, text: str) -> str:
        """Return the name that a template looks up: a column, a named value, or ``field:`` and a mapped field."""
        found = self.columns.find(text)
        if found is not None:
            return found
        name = self.fields.get(ALIASES.get(text.lower(), text).lower())
        if name is not None:
            return f"field:{name}"
        if text.lower() in ALIASES:
            raise ValueError(
                f"{{{text}}} stands for {ALIASES[text.lower()]}, which is not mapped without a template"
            )
        raise ValueError(self.columns.complaint(text))


def compile_rule(
    name: str,
    written: Any,
    scope: Scope,
    *,
    kind: Kind | None = None,
    quotable: bool = True,
    as_address: bool = False,
) -> Rule:
    """Return the compiled rule of one field or named value.

    :raises ValueError: a sentence that says what is wrong and what would be right.
    """
    words = {"from": written} if isinstance(written, str) else written
    if not isinstance(words, dict):
        raise ValueError(f"write a column name in quotes or a rule in braces, not {written!r}")
    _check_words(words)
    parts: dict[str, Any] = {"source": _input(name, words, scope, as_address), "steps": tuple(_steps(words))}
    for word, value in words.items():
        if word in _MEANINGS:
            parts |= _MEANINGS[word](value)
    if "default" in words:
        parts.setdefault("when_empty", words["default"])
        if "map" in words:
            parts.setdefault("otherwise", words["default"])
    _check_together(words, kind)
    return Rule(name=name, kind=kind, quotable=quotable, **parts)


def _check_words(words: dict[str, Any]) -> None:
    for word in words:
        if word not in ALL_WORDS:
            close = get_close_matches(word, ALL_WORDS, n=1)
            hint = f"did you mean {close[0]!r}?" if close else "the words are " + ", ".join(sorted(ALL_WORDS))
            raise ValueError(f"{word!r} is not a word of the mapping language; {hint}")
    inputs = [word for word in _INPUTS if word in words]
    if len(inputs) != 1:
        found = "none" if not inputs else " and ".join(inputs)
        raise ValueError(f"a rule needs exactly one of {', '.join(_INPUTS)}; it has {found}")


def _check_together(words: dict[str, Any], kind: Kind | None) -> None:
    if "active_until" in words and "active_from" in words:
        raise ValueError("active_until and active_from cannot stand in one rule; join two rules with all_of")
    if "part" in words and "split" not in words:
        raise ValueError("part needs split beside it")
    if "join" in words and "from" not in words:
        raise ValueError("join needs from = [columns] beside it")
    if kind == "boolean" and "date" in words:
        raise ValueError('a date says nothing about yes and no; use active_until = "M/D/YYYY"')


# --- inputs ---------------------------------------------------------------------------------------------------------


def _input(name: str, words: dict[str, Any], scope: Scope, as_address: bool) -> Input:
    if "constant" in words:
        return Input("constant", constant=_constant(words["constant"]))
    if "template" in words:
        template = compile_template(
            _text("template", words["template"]), scope.placeholder, as_address=as_address
        )
        return Input("template", template=template)
    for how in ("all_of", "any_of"):
        if how in words:
            return _combination(name, how, words[how], scope)
    how = "first_of" if "first_of" in words else "from"
    columns = tuple(scope.column(column) for column in _as_list(words[how]))
    if not columns:
        raise ValueError(f"{how} names no column")
    if how == "first_of":
        return Input("first_of", columns)
    separator = words.get("join", " ")
    return Input("join", columns, separator=_text("join", separator))


def _combination(name: str, how: Any, written: Any, scope: Scope) -> Input:
    if not isinstance(written, list) or len(written) < 2:
        raise ValueError(f"{how} needs a list of at least two rules")
    return Input(how, rules=tuple(compile_rule(name, rule, scope, kind="boolean") for rule in written))


def _constant(value: Any) -> Any:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, bool):
        return value
    if isinstance(value, (str, int, float)):
        return str(value)
    raise ValueError(f"a constant is text, a number, true or false, not {value!r}")


# --- transforms -----------------------------------------------------------------------------------------------------


def _steps(words: dict[str, Any]) -> Iterator[tuple[Callable[[Any, Any], Any], Any]]:
    for word, function in TEXT_TRANSFORMS:
        if word not in words:
            continue
        argument = _split(words) if word == "split" else _ARGUMENTS[word](word, words[word])
        yield function, argument


def _split(words: dict[str, Any]) -> tuple[str, str | int]:
    how, part = _text("split", words["split"]), words.get("part")
    if part is None:
        raise ValueError("split needs part beside it: " + ", ".join(PARTS) + ", or a number for a separator")
    if how == "":
        raise ValueError('split needs a separator such as ";", or last_first or first_last')
    if how in SPLITTERS:
        if part not in PARTS:
            raise ValueError(f"part = {part!r} is no part of a name; the parts are " + ", ".join(PARTS))
        return how, part
    if isinstance(part, bool) or not isinstance(part, int) or part == 0:
        raise ValueError(
            f"part = {part!r}: count from 1, or from -1 at the end ({', '.join(SPLITTERS)} have named parts)"
        )
    return how, part


def _text(word: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{word} takes text in quotes, not {value!r}")
    return value


def _filled_text(word: str, value: Any) -> str:
    if _text(word, value) == "":
        raise ValueError(f"{word} needs a text that is not empty")
    return str(value)


def _one_of(*allowed: str) -> Callable[[str, Any], str]:
    def check(word: str, value: Any) -> str:
        if value not in allowed:
            raise ValueError(f"{word} = {value!r} is unknown; use one of " + ", ".join(allowed))
        return str(value)

    return check


def _texts(word: str, value: Any) -> tuple[str, ...]:
    items = _as_list(value)
    if not items or not all(isinstance(item, str) and item for item in items):
        raise ValueError(f"{word} takes a text or a list of texts")
    return tuple(items)


def _pairs(word: str, value: Any) -> dict[str, str]:
    if (
        not isinstance(value, dict)
        or not value
        or not all(isinstance(new, str) and old for old, new in value.items())
    ):
        raise ValueError(f'{word} takes pairs such as {{ "old" = "new" }}')
    return value


def _flag(word: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{word} takes true or false, not {value!r}")
    return value


def _width(word: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 100:
        raise ValueError(f"{word} takes a width between 1 and 100, not {value!r}")
    return value


def _dates(word: str, value: Any) -> tuple[DateFormat, ...]:
    formats = tuple(compile_date(text) for text in _texts(word, value))
    orders = {month_first(date_format.text) for date_format in formats} - {None}
    if len(orders) > 1:
        raise ValueError(
            f"{word} mixes month-first and day-first formats: 3/4/2024 would be a guess; keep one of them"
        )
    return formats


def _region(word: str, value: Any) -> str:
    if not isinstance(value, str) or not is_region(value.upper()):
        raise ValueError(
            f"{word} takes the country code of numbers without one, such as US or GB, not {value!r}"
        )
    return value.upper()


_ARGUMENTS: dict[str, Callable[[str, Any], Any]] = {
    "before": _filled_text,
    "after": _filled_text,
    "remove": _texts,
    "replace": _pairs,
    "case": _one_of(*CASES),
    "ascii": _flag,
    "pad": _width,
    "number": _one_of(*NUMBER_STYLES),
    "date": _dates,
    "phone": _region,
}


# --- meanings -------------------------------------------------------------------------------------------------------


def _map(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or not value:
        raise ValueError('map takes pairs such as { "Active" = true, "Terminated" = false }')
    entries = {" ".join(word.split()).lower(): _meaning("map", meaning) for word, meaning in value.items()}
    # The longest prefix first, so that "Term – vol*" is not hidden by "Term*".
    prefixes = sorted(((w[:-1], m) for w, m in entries.items() if w.endswith("*")), key=lambda e: -len(e[0]))
    return {"words": {w: m for w, m in entries.items() if not w.endswith("*")}, "_prefixes": tuple(prefixes)}


def _meaning(word: str, value: Any) -> Any:
    try:
        return _constant(value)
    except ValueError:
        raise ValueError(f"{word}: a meaning is text, a number, true or false, not {value!r}") from None


_MEANINGS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "map": _map,
    "otherwise": lambda value: {"otherwise": _meaning("otherwise", value)},
    "when_empty": lambda value: {"when_empty": _meaning("when_empty", value)},
    "active_until": lambda value: {"until": _dates("active_until", value)},
    "active_from": lambda value: {"since": _dates("active_from", value)},
    "empty": lambda value: {"empty": _one_of("clear", "keep", "error")("empty", value)},
    "on_error": lambda value: {"on_error": _one_of("row", "warn")("on_error", value)},
    "once": lambda value: {"once": _flag("once", value)},
}
ALL_WORDS = frozenset({*_INPUTS, *_ARGUMENTS, *_MEANINGS, "join", "split", "part", "default"})


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
