"""What a mapping can do to one value: pure functions of the text, one per word of the mapping language.

Each takes the text and the word's argument and returns the new text; a value that does not fit raises
``BadValue`` with the code that docs/error-codes.md explains. None of them is a regular expression of the user's.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from app.sources.dates import DateFormat, is_empty_date
from app.sources.names import SPLITTERS
from app.sources.phones import normal_phone

DEFAULT_EMPTY_WORDS = ("N/A", "n/a", "#N/A", "NULL", "null", "(null)", "(blank)", "-", "--", "–", "—")
#: What exports put around values and no eye sees: no-break and zero-width spaces, byte-order marks.
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff"), None)
_TRUE = frozenset(["true", "yes", "y", "t", "1", "on", "x", "active", "enabled", "current", "employed"])
_FALSE = frozenset(
    ["false", "no", "n", "f", "0", "off", "inactive", "disabled", "terminated", "former", "left"]
)
_UNFOLDED = str.maketrans(
    {"ß": "ss", "ẞ": "SS", "ø": "o", "Ø": "O", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ł": "l", "Ł": "L",
     "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "ı": "i", "ħ": "h", "Ħ": "H"}
)  # fmt: skip
_SLUG_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.-_")


class BadValue(Exception):
    """A value does not fit; ``complaint`` continues a sentence that begins with the value itself."""

    def __init__(self, code: str, text: str, complaint: str) -> None:
        self.code = code
        self.text = text
        self.complaint = complaint
        super().__init__(code)


def clean(text: str, *, lines: bool = False) -> str:
    """Return the text without outer white space and invisible marks; inner white space becomes one space.

    ``lines`` keeps line breaks (addresses), each line cleaned.
    """
    text = text.translate(_INVISIBLE)
    if lines:
        return "\n".join(filter(None, (" ".join(line.split()) for line in text.splitlines())))
    return " ".join(text.split())


def ascii_fold(text: str) -> str:
    """Return the text in plain ASCII: accents dropped, ``ß`` → ``ss``, ``ø`` → ``o``; what has no likeness is left out.

    >>> ascii_fold("Łukasz Müller-Sørensen")
    'Lukasz Muller-Sorensen'
    """
    decomposed = unicodedata.normalize("NFKD", text.translate(_UNFOLDED))
    return decomposed.encode("ascii", "ignore").decode()


def slug(text: str) -> str:
    """Return the text as part of an address: ASCII, lower case, only letters, digits, dot, hyphen, underscore.

    >>> slug("Mary Ann O'Neil-Æsir")
    'maryannoneil-aesir'
    """
    kept = "".join(character for character in ascii_fold(text).lower() if character in _SLUG_CHARACTERS)
    while ".." in kept:
        kept = kept.replace("..", ".")
    return kept.strip(".-_")


def split(text: str, argument: tuple[str, str | int]) -> str:
    """Return one part of a whole name, or of a text with a separator (counted from 1, or from -1 at the end)."""
    how, part = argument
    if how in SPLITTERS:
        splitter, complaint = SPLITTERS[how]
        name = splitter(text)
        if name is None:
            raise BadValue("invalid_name", text, complaint)
        return str(getattr(name, str(part)))
    pieces = [piece.strip() for piece in text.split(how)]
    index = int(part) - 1 if int(part) > 0 else int(part)
    return pieces[index] if -len(pieces) <= index < len(pieces) else ""


def before(text: str, mark: str) -> str:
    """Return what stands before the first ``mark``; the whole text when there is none."""
    return text.partition(mark)[0].strip()


def after(text: str, mark: str) -> str:
    """Return what stands behind the first ``mark``; the empty text when there is none."""
    return text.partition(mark)[2].strip()


def remove(text: str, pieces: Sequence[str]) -> str:
    """Return the text without any of these pieces."""
    for piece in pieces:
        text = text.replace(piece, "")
    return clean(text, lines=True)


def replace(text: str, pairs: Mapping[str, str]) -> str:
    """Return the text with each piece on the left replaced by the one on the right, in the order written."""
    for old, new in pairs.items():
        text = text.replace(old, new)
    return clean(text, lines=True)


def _title(text: str) -> str:
    # str.title() would make "O'neil'S": only what follows a space, hyphen or an apostrophe in the word's front rises.
    rises, result = True, []
    for position, character in enumerate(text):
        result.append(character.upper() if rises else character.lower())
        is_front_apostrophe = character in "'’" and (position < 2 or text[position - 2] in " -")
        rises = character in " -/." or is_front_apostrophe
    return "".join(result)


_CASES: dict[str, Callable[[str], str]] = {"lower": str.lower, "upper": str.upper, "title": _title}
CASES = tuple(_CASES)


def case(text: str, how: str) -> str:
    """Return the text in lower, upper or title case ("MARY O'NEIL-SMITH" → "Mary O'Neil-Smith")."""
    return _CASES[how](text)


def to_ascii(text: str, wanted: bool) -> str:
    """Return the text in plain ASCII when that is wanted."""
    return ascii_fold(text) if wanted else text


def pad(text: str, width: int) -> str:
    """Return the text with zeros before it up to ``width`` characters ("123" → "00123")."""
    return text.rjust(width, "0")


_CURRENCY_CODE = re.compile(r"^[A-Za-z]{3}(?![A-Za-z])|(?<![A-Za-z])[A-Za-z]{3}$")
_PLAIN_NUMBER = re.compile(r"[-+]?(?:\d{1,25}(?:\.\d{1,15})?|\.\d{1,15})")
_NUMBER_MARKS = {"point": (",", "."), "comma": (".", ",")}
NUMBER_STYLES = tuple(_NUMBER_MARKS)


def number(text: str, style: str) -> str:
    """Return a number as digits with a decimal point; currency signs, codes, spaces and grouping marks go.

    >>> number("USD 72,000.50", "point"), number("72.000,50 €", "comma"), number("(1,200)", "point")
    ('72000.50', '72000.50', '-1200')
    """
    grouping, decimal_mark = _NUMBER_MARKS[style]
    # A currency's code may stand before or behind; other letters ("72k", "per hour") would change the number.
    bare = _CURRENCY_CODE.sub("", text.strip())
    kept = "".join(c for c in bare if not (c.isspace() or unicodedata.category(c) == "Sc"))
    kept = kept.replace(grouping, "").replace("'", "").replace("’", "").replace(decimal_mark, ".")
    if kept.startswith("(") and kept.endswith(")"):
        kept = "-" + kept[1:-1]
    kept = kept.removesuffix("-").removesuffix(".")
    if not _PLAIN_NUMBER.fullmatch(kept):
        raise BadValue("invalid_number", text, "is not a number")
    return format(Decimal(kept), "f")


def read_date(text: str, formats: Sequence[DateFormat]) -> date | None:
    """Return the day that the text names in the first format that fits; None for zeros (``0000-00-00``).

    :raises BadValue: ``invalid_date``.
    """
    if is_empty_date(text):
        return None
    for date_format in formats:
        day = date_format.parse(text)
        if day is not None:
            return day
    wanted = " or ".join(date_format.text for date_format in formats)
    raise BadValue("invalid_date", text, f"is not a date of the form {wanted}")


def to_iso_date(text: str, formats: Sequence[DateFormat]) -> str:
    """Return the day as ``YYYY-MM-DD``, the empty text for zeros."""
    day = read_date(text, formats)
    return "" if day is None else day.isoformat()


def phone(text: str, region: str) -> str:
    """Return a telephone number as ``+15550100123;ext=12``; the region is that of numbers without a country code."""
    normal = normal_phone(text, region)
    if normal is None:
        raise BadValue("invalid_phone", text, f"is not a telephone number (region {region})")
    return normal


def to_boolean(text: str) -> bool:
    """Return what a word such as yes, 0, Active or Terminated means; raises ``BadValue`` ``invalid_boolean``."""
    word = text.strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise BadValue("invalid_boolean", text, "is neither yes nor no; give the word a meaning with map = {…}")


def quoted(text: str) -> str:
    """Return the text in quotes, fit for one line of an error file: at most 60 characters."""
    text = " ".join(text.split())
    return f"'{text if len(text) <= 60 else text[:59] + '…'}'"


#: The words that change a text, in the order in which they work, whatever the order in which they are written.
TEXT_TRANSFORMS: tuple[tuple[str, Callable[[str, Any], Any]], ...] = (
    ("split", split),
    ("before", before),
    ("after", after),
    ("remove", remove),
    ("replace", replace),
    ("case", case),
    ("ascii", to_ascii),
    ("pad", pad),
    ("number", number),
    ("date", to_iso_date),
    ("phone", phone),
)
