"""A mapping as parts that a form can change, and the TOML text of such parts.

The text stays the truth: what a form does not understand it hands back as it was.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from app.sources.dates import month_first
from app.sources.mapping_text import flattened

#: Words of a rule that take formats of dates.
DATE_WORDS = ("date", "active_until", "active_from")
#: The order of a date → the format that a rule gets which had another kind of format.
FORMS = {"iso": "iso", "month-first": "M/D/YYYY", "day-first": "D/M/YYYY"}
_ORDERS = {True: "month-first", False: "day-first"}
_DAY_OR_MONTH = re.compile(r"M+|D+")
_BARE = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Parts:
    """What a mapping's text holds, as TOML has it; ``fields`` by full name."""

    record: Mapping[str, Any]
    values: Mapping[str, Any]
    fields: Mapping[str, Any]

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that identify a person."""
        written = self.record.get("key", [])
        return tuple(written) if isinstance(written, list) else (written,)

    def text(self) -> str:
        """Return the TOML of these parts."""
        named = {"record": self.record, "values": self.values, "fields": self.fields}
        tables = [
            "\n".join([f"[{name}]", *(f"{_key(key)} = {_toml(value)}" for key, value in table.items())])
            for name, table in named.items()
            if table
        ]
        return "\n\n".join(tables) + "\n"


def parts_of(text: str) -> Parts:
    """Return the parts of a mapping that compiles."""
    content = tomllib.loads(text.lstrip("\ufeff"))
    return Parts(content.get("record", {}), content.get("values", {}), flattened(content.get("fields", {})))


def date_rules(parts: Parts) -> dict[str, Mapping[str, Any]]:
    """Return the rules that read dates, by the name of their field or value."""
    rules = {**parts.values, **parts.fields}
    return {
        name: rule
        for name, rule in rules.items()
        if isinstance(rule, dict) and any(word in rule for word in DATE_WORDS)
    }


def date_order(parts: Parts) -> str | None:
    """Return ``iso``, ``month-first`` or ``day-first`` where all dates are read one way; None: in several, or no dates.

    >>> date_order(parts_of('[record]\\nkey = "a"\\n[fields]\\n"hr.startDate" = { from = "b", date = "D.M.YYYY" }'))
    'day-first'
    """
    orders = {
        _order(form)
        for rule in date_rules(parts).values()
        for word in DATE_WORDS
        if word in rule
        for form in _as_list(rule[word])
    }
    return orders.pop() if len(orders) == 1 else None


def with_date_order(parts: Parts, order: str) -> Parts:
    """Return the parts with all dates read in one order (a key of :data:`FORMS`)."""

    def reordered(rules: Mapping[str, Any]) -> dict[str, Any]:
        wanted = date_rules(parts)
        return {n: _with_order(rule, order) if n in wanted else rule for n, rule in rules.items()}

    return replace(parts, values=reordered(parts.values), fields=reordered(parts.fields))


def in_order(form: str, order: str) -> str:
    """Return a date format with day and month in an order.

    >>> in_order("M/D/YYYY", "day-first"), in_order("DD.MM.YY", "day-first"), in_order("iso", "month-first")
    ('D/M/YYYY', 'DD.MM.YY', 'M/D/YYYY')
    """
    now = _order(form)
    if now == order:
        return form
    if order == "iso" or now not in _ORDERS.values():
        return FORMS[order]
    return _DAY_OR_MONTH.sub(lambda found: ("D" if found[0][0] == "M" else "M") * len(found[0]), form)


def _order(form: Any) -> str | None:
    if not isinstance(form, str):
        return None
    if form.lower() == "iso" or form.upper().startswith("YYYY"):
        return "iso"
    first = month_first(form)
    return None if first is None else _ORDERS[first]


def _with_order(rule: Mapping[str, Any], order: str) -> dict[str, Any]:
    def changed(written: Any) -> Any:
        forms = list(dict.fromkeys(in_order(form, order) for form in _as_list(written)))
        return forms if len(forms) > 1 else forms[0]

    return {word: changed(value) if word in DATE_WORDS else value for word, value in rule.items()}


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _key(text: str) -> str:
    return text if _BARE.fullmatch(text) else _text(text)


def _text(text: str) -> str:
    # JSON's escapes are TOML's, but for the one control character that JSON lets pass.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _table(value: Mapping[str, Any]) -> str:
    return "{ " + ", ".join(f"{_key(name)} = {_toml(inner)}" for name, inner in value.items()) + " }"


_WRITERS: tuple[tuple[type | tuple[type, ...], Callable[[Any], str]], ...] = (
    (bool, lambda value: "true" if value else "false"),
    (str, _text),
    ((int, float), str),
    ((datetime, date), lambda value: value.isoformat()),
    (list, lambda value: "[" + ", ".join(map(_toml, value)) + "]"),
    (dict, _table),
)


def _toml(value: Any) -> str:
    return next(write(value) for kinds, write in _WRITERS if isinstance(value, kinds))
