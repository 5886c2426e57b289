"""Dates as people write them: formats such as ``M/D/YYYY``, Excel's day numbers, ISO 8601."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_MONTH_NUMBERS = {name[:3]: number for number, name in enumerate(_MONTHS, 1)}
_DAY_NAMES = "mon|tue|wed|thu|fri|sat|sun"

#: Token → regular expression. Longer tokens come first, for the format is read from the left.
_TOKENS: dict[str, str] = {
    "YYYY": r"(?P<year>\d{4})",
    "YY": r"(?P<short_year>\d{2})",
    "MMMM": r"(?P<month_name>[A-Za-z]{3,9})\.?",
    "MMM": r"(?P<month_name>[A-Za-z]{3,9})\.?",
    "MM": r"(?P<month>\d{2})",
    "M": r"(?P<month>\d{1,2})",
    "DD": r"(?P<day>\d{2})",
    "D": r"(?P<day>\d{1,2})(?:st|nd|rd|th)?",
    "dddd": rf"(?:{_DAY_NAMES})[a-z]*\.?",
    "ddd": rf"(?:{_DAY_NAMES})[a-z]*\.?",
}
_LOOSE = {"MM": _TOKENS["M"], "DD": _TOKENS["D"]}
_TOKEN = re.compile("|".join(sorted(_TOKENS, key=len, reverse=True)))
#: A time of day behind the date says nothing about the day and is passed over.
_TIME_OF_DAY = re.compile(
    r"(?:[T ]+\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?: ?[AaPp]\.?[Mm]\.?)?(?: ?(?:Z|UTC|GMT|[+-]\d{2}:?\d{2}))?)$"
)
_TIME_TOKENS = re.compile(r"[ T,]+(?:HH?|hh?)[:.]mm.*$")
_STRPTIME = {
    "%Y": "YYYY",
    "%y": "YY",
    "%m": "M",
    "%d": "D",
    "%b": "MMM",
    "%B": "MMMM",
    "%e": "D",
    "%a": "ddd",
    "%A": "dddd",
}
_EXCEL_DAY_ZERO = date(1899, 12, 30)  # Excel counts a 29 February 1900 that never was
_EMPTY_DATE = re.compile(r"[0/.\- ]+(?:00:00(?::00)?)?")

TOKENS_HELP = "YYYY YY MMMM MMM MM M DD D dddd ddd, or the words iso and excel"


@dataclass(frozen=True, slots=True)
class DateFormat:
    """A compiled date format; ``text`` is the way it was written."""

    text: str
    read: Callable[[str], date | None]

    def parse(self, text: str) -> date | None:
        """Return the date, or None when the text is not of this format or names no day of the calendar."""
        return self.read(text.strip())


def compile_date(text: str) -> DateFormat:
    """Return the compiled format; raises ``ValueError`` naming the part that is not understood.

    >>> compile_date("M/D/YYYY").parse("03/01/2024 0:00")
    datetime.date(2024, 3, 1)
    """
    if text.lower() in _WORDS:
        return DateFormat(text.lower(), _WORDS[text.lower()])
    pattern = re.compile(_pattern(_normal_form(text)), re.IGNORECASE)
    return DateFormat(text, lambda value: _read(pattern, value))


def is_empty_date(text: str) -> bool:
    """True for the dates that systems write for "none": ``0000-00-00``, ``00/00/0000``."""
    return "0" in text and _EMPTY_DATE.fullmatch(text) is not None


def month_first(text: str) -> bool | None:
    """True when the format has the month number before the day, False when behind, None when it has no two numbers."""
    form = _TIME_TOKENS.sub("", text)
    month, day = re.search(r"(?<!M)M{1,2}(?!M)", form), re.search(r"D", form)
    if month is None or day is None or form.startswith("YYYY"):
        return None
    return month.start() < day.start()


def _normal_form(text: str) -> str:
    """The format in our tokens, also when it was written Excel's (dd/mm/yyyy) or strptime's (%d/%m/%Y) way."""
    for theirs, ours in _STRPTIME.items():
        text = text.replace(theirs, ours)
    text = _TIME_TOKENS.sub("", text)
    if "Y" not in text and "y" in text:
        text = text.replace("y", "Y").replace("d", "D").replace("m", "M")
    return text


def _pattern(text: str) -> str:
    pieces: list[str] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            character = text[position]
            if character.isalpha() and character != "T":
                raise ValueError(f"{character!r} in the date format {text!r} is no token ({TOKENS_HELP})")
            pieces.append(r"\s*" if character == " " else re.escape(character))
            position += 1
            continue
        token = match.group()
        is_packed = _TOKEN.match(text, match.end()) or (position and text[position - 1].isalpha())
        pieces.append(_TOKENS[token] if is_packed else _LOOSE.get(token, _TOKENS[token]))
        position = match.end()
    return _whole("".join(pieces), text)


def _whole(pattern: str, text: str) -> str:
    for needed in ("year", "month", "day"):
        if not re.search(rf"\(\?P<(?:short_)?{needed}(?:_name)?>", pattern):
            raise ValueError(f"the date format {text!r} has no {needed} ({TOKENS_HELP})")
    try:
        re.compile(pattern)
    except re.error:
        raise ValueError(f"the date format {text!r} names a part twice") from None
    return pattern


def _read(pattern: re.Pattern[str], value: str) -> date | None:
    match = pattern.fullmatch(value) or pattern.fullmatch(_TIME_OF_DAY.sub("", value))
    if match is None:
        return None
    parts = match.groupdict()
    month = (
        int(parts["month"])
        if parts.get("month")
        else _MONTH_NUMBERS.get((parts.get("month_name") or "")[:3].lower(), 0)
    )
    if parts.get("month_name") and not _is_month(parts["month_name"]):
        return None
    year = int(parts["year"]) if parts.get("year") else _full_year(int(parts["short_year"]))
    return _day(year, month, int(parts["day"]))


def _is_month(word: str) -> bool:
    return any(month.startswith(word.lower()) for month in _MONTHS) or word.lower() == "sept"


def _full_year(short: int) -> int:
    # The POSIX pivot (strptime): 69–99 belong to the last century.
    return 1900 + short if short >= 69 else 2000 + short


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _iso(text: str) -> date | None:
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        return _read(_ISO_LOOSE, text)


def _excel(text: str) -> date | None:
    match = re.fullmatch(r"(\d{1,7})(?:\.\d{1,15})?", text)
    if match is None or not 1 <= int(match[1]) <= 2_958_465:
        return None
    return _EXCEL_DAY_ZERO + timedelta(days=int(match[1]))


_ISO_LOOSE = re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})")
_WORDS: dict[str, Callable[[str], date | None]] = {"iso": _iso, "excel": _excel}
