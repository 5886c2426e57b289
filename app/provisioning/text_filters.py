"""The filters of mappings (expressions.py): pure functions of a text and constants, linear in its length."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

#: The longest text that any step of a mapping may give.
LONGEST_VALUE = 4096
_UNFOLDED = str.maketrans(
    {"ß": "ss", "ẞ": "SS", "ø": "o", "Ø": "O", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ł": "l", "Ł": "L",
     "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "ı": "i", "ħ": "h", "Ħ": "H"}
)  # fmt: skip
_OF_NAMES = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.-_")


class TooLong(ValueError):
    """A step of a mapping gives more text than any field takes."""


def bounded(text: str) -> str:
    """The text itself. Raises `TooLong`."""
    if len(text) > LONGEST_VALUE:
        raise TooLong(f"it gives more than {LONGEST_VALUE} characters")
    return text


@dataclass(frozen=True, slots=True)
class TextFilter:
    """A filter: what it does, the types of its constants, how many of them must be given, a line for people."""

    apply: Callable[..., str]
    takes: tuple[type, ...]
    needs: int
    says: str


def _title(text: str) -> str:
    # str.title() would make "O'neil'S": only what follows a space, a hyphen or an apostrophe in the word's front rises.
    rises, result = True, []
    for position, character in enumerate(text):
        result.append(character.upper() if rises else character.lower())
        is_front_apostrophe = character in "'’" and (position < 2 or text[position - 2] in " -")
        rises = character in " -/." or is_front_apostrophe
    return "".join(result)


def _replace(text: str, old: str, new: str) -> str:
    if len(text) + text.count(old) * (len(new) - len(old)) > LONGEST_VALUE:
        raise TooLong(f"replace gives more than {LONGEST_VALUE} characters")
    return text.replace(old, new)


def _ascii(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.translate(_UNFOLDED))
    return decomposed.encode("ascii", "ignore").decode()


def _slug(text: str) -> str:
    kept = "".join(character for character in _ascii(text).lower() if character in _OF_NAMES)
    return ".".join(part for part in kept.split(".") if part).strip("-_")


def _initials(text: str) -> str:
    return "".join(word[0] for word in text.replace("-", " ").split()).upper()


def _word(text: str, position: int) -> str:
    words = text.split()
    return words[position] if words else ""


#: Name of a filter → what it does.
FILTERS: dict[str, TextFilter] = {
    "lower": TextFilter(str.lower, (), 0, "small letters"),
    "upper": TextFilter(str.upper, (), 0, "capital letters"),
    "title": TextFilter(_title, (), 0, "a capital letter at the beginning of every word"),
    "trim": TextFilter(str.strip, (), 0, "without white space around it"),
    "replace": TextFilter(_replace, (str, str), 2, "every occurrence of the first text becomes the second"),
    "default": TextFilter(lambda text, other: text or other, (str,), 1, "the given text where it is empty"),
    "ascii": TextFilter(_ascii, (), 0, "plain letters: Müller-Sørensen becomes Muller-Sorensen"),
    "slug": TextFilter(_slug, (), 0, "fit for a user name: plain small letters, digits, dot, hyphen, underscore"),
    "initials": TextFilter(_initials, (), 0, "the first letter of every word"),
    "truncate": TextFilter(lambda text, length: text[:length], (int,), 1, "at most so many characters"),
    "pad": TextFilter(lambda text, width: text.rjust(width, "0"), (int,), 1, "zeros before it up to this width"),
    "before": TextFilter(
        lambda text, mark: text.partition(mark)[0], (str,), 1, "what stands before the first such mark, else all"
    ),
    "after": TextFilter(
        lambda text, mark: text.partition(mark)[2], (str,), 1, "what stands behind the first such mark, else nothing"
    ),
    "first": TextFilter(lambda text: _word(text, 0), (), 0, "the first word"),
    "last": TextFilter(lambda text: _word(text, -1), (), 0, "the last word"),
    "digits": TextFilter(
        lambda text: "".join(c for c in text if c in "0123456789"), (), 0, "the digits alone"
    ),
}  # fmt: skip


def complaint(name: str, arguments: list[Any]) -> str | None:
    """What is wrong with the constants given to a filter of `FILTERS`; None when nothing is."""
    known = FILTERS[name]
    if not known.needs <= len(arguments) <= len(known.takes):
        number = {0: "nothing", 1: "one constant", 2: "two constants"}[known.needs]
        return f"{name} takes {number} in parentheses"
    for position, (value, kind) in enumerate(zip(arguments, known.takes, strict=False)):
        if type(value) is not kind:
            return f"{name} takes {'a number' if kind is int else 'a text in quotes'} in parentheses"
        if isinstance(value, int) and not 1 <= value <= 1000:
            return f"{name} takes a number from 1 to 1000"
        if kind is str and not value and position == 0 and name != "default":
            return f"{name} takes a text that is not empty"
    return None
