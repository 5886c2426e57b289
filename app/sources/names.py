"""One cell with a whole name, taken apart: "O'Neil, Mary Ann Jr." and "Dr. Ludwig van der Berg"."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

_SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv", "phd", "esq", "cpa", "mba", "dds"})
_PREFIXES = frozenset({"mr", "mrs", "ms", "miss", "mx", "dr", "prof"})
_PARTICLES = frozenset(
    ("van", "von", "der", "den", "de", "del", "della", "di", "da", "das", "dos", "du", "la", "le", "lo", "ter",
     "ten", "zu", "zur", "al", "el", "bin", "ibn", "ben", "st", "st.")
)  # fmt: skip
_NICKNAME = re.compile(r"\(([^()]{0,80})\)|[\"“]([^\"“”]{0,80})[\"”]")

PARTS = ("first", "last", "middle", "first_word", "suffix", "prefix", "nickname")


@dataclass(frozen=True, slots=True)
class NameParts:
    """A name in parts; a part that the name does not have is the empty text.

    `first` has all given names ("Mary Ann"), `first_word` the first of them and `middle` the others.
    """

    first: str = ""
    last: str = ""
    suffix: str = ""
    prefix: str = ""
    nickname: str = ""

    @property
    def first_word(self) -> str:
        """The first of the given names."""
        return self.first.split(" ", 1)[0]

    @property
    def middle(self) -> str:
        """The given names behind the first."""
        return self.first.partition(" ")[2]


def last_first(text: str) -> NameParts | None:
    """Return the parts of ``Last, First Middle Suffix``; None when there is no comma, or nothing on one side of it.

    >>> last_first("O'Neil, Mary Ann Jr.")
    NameParts(first='Mary Ann', last="O'Neil", suffix='Jr.', prefix='', nickname='')
    """
    text, nickname = _without_nickname(text)
    pieces = [piece for piece in (part.strip() for part in text.split(",")) if piece]
    suffixes = [piece for piece in pieces[1:] if _is_suffix(piece)]
    pieces = [pieces[0], *(piece for piece in pieces[1:] if not _is_suffix(piece))] if pieces else []
    if len(pieces) != 2 or text.lstrip().startswith(","):
        return None
    last, last_suffix = _without_suffix(pieces[0])
    prefix, first = _without_prefix(pieces[1])
    first, first_suffix = _without_suffix(first)
    return NameParts(
        first, last, " ".join(filter(None, [last_suffix, first_suffix, *suffixes])), prefix, nickname
    )


def first_last(text: str) -> NameParts | None:
    """Return the parts of ``First Middle Last Suffix``; None when there is only one word.

    Particles belong to the last name.

    >>> first_last("Ludwig van der Berg").last
    'van der Berg'
    """
    text, nickname = _without_nickname(text)
    prefix, text = _without_prefix(text.replace(",", " "))
    text, suffix = _without_suffix(" ".join(text.split()))
    words = text.split()
    if len(words) < 2:
        return None
    cut = len(words) - 1
    while cut > 1 and words[cut - 1].lower() in _PARTICLES:
        cut -= 1
    return NameParts(" ".join(words[:cut]), " ".join(words[cut:]), suffix, prefix, nickname)


SPLITTERS: dict[str, tuple[Callable[[str], NameParts | None], str]] = {
    "last_first": (last_first, "is not of the form 'Last, First'"),
    "first_last": (first_last, "is not of the form 'First Last'"),
}


def _without_nickname(text: str) -> tuple[str, str]:
    match = _NICKNAME.search(text)
    if match is None:
        return text, ""
    nickname = (match[1] or match[2] or "").strip()
    return " ".join((text[: match.start()] + " " + text[match.end() :]).replace(" ,", ",").split()), nickname


def _is_suffix(word: str) -> bool:
    # "M.D." with its dots only: Md is a given name of many.
    return word.replace(".", "").lower() in _SUFFIXES or word in ("M.D.", "M.D")


def _without_suffix(text: str) -> tuple[str, str]:
    words = text.split()
    cut = len(words)
    while cut > 1 and _is_suffix(words[cut - 1]):
        cut -= 1
    return " ".join(words[:cut]), " ".join(words[cut:])


def _without_prefix(text: str) -> tuple[str, str]:
    first, _, rest = text.strip().partition(" ")
    if rest.strip() and first.rstrip(".").lower() in _PREFIXES:
        return first, rest.strip()
    return "", text.strip()
