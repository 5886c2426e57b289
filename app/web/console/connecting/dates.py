"""Dates as a source writes them, read in each way that they could be meant: so that nobody has to guess."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from app.sources.dates import compile_date, is_empty_date
from app.sources.mapping_writing import DATE_WORDS, FORMS, Parts, date_rules, in_order
from app.sources.records import SourceRecord

WORDS = {
    "iso": "Year first (2026-03-04)",
    "month-first": "Month first (3/4/2026 is 4 March)",
    "day-first": "Day first (3/4/2026 is 3 April)",
}
_MOST = 4


@dataclass(frozen=True, slots=True)
class Reading:
    """One date of the source, and what it is in each order; None where it cannot be read so."""

    column: str
    text: str
    meant: dict[str, str | None]

    @property
    def tells(self) -> int:
        """How little it tells: 0 when only one order can read it, 1 when orders make different days of it."""
        days = [meaning for meaning in self.meant.values() if meaning]
        return 0 if len(days) == 1 else 1 if len(set(days)) > 1 else 2


def readings(parts: Parts, records: Sequence[SourceRecord]) -> list[Reading]:
    """Return some of a source's dates in each order; those that tell most come first."""
    seen: dict[tuple[str, str], Reading] = {}
    for column, form in _columns(parts):
        for record in records:
            text = (record.values.get(column) or "").strip()
            if text and not is_empty_date(text) and (column, text) not in seen:
                seen[column, text] = Reading(
                    column, text, {order: _read(text, form, order) for order in FORMS}
                )
    return sorted(seen.values(), key=lambda reading: reading.tells)[:_MOST]


def _columns(parts: Parts) -> list[tuple[str, str]]:
    """Column → the format in which it is read now; only of rules that read a column themselves."""
    found = []
    for rule in date_rules(parts).values():
        form = next(rule[word] for word in DATE_WORDS if word in rule)
        form = form[0] if isinstance(form, list) else form
        for word in ("from", "first_of"):
            columns = rule.get(word, [])
            found += [(column, form) for column in ([columns] if isinstance(columns, str) else columns)]
    return found


def _read(text: str, form: str, order: str) -> str | None:
    for tried in (in_order(form, order), FORMS[order]):
        day = compile_date(tried).parse(text)
        if day is not None:
            return spelt(day)
    return None


def spelt(day: date) -> str:
    """Return a day with the name of its month: nobody can read it in two ways.

    >>> spelt(date(2026, 3, 4))
    '4 March 2026'
    """
    return f"{day.day} {day:%B %Y}"
