"""Tokens and literals of SCIM filters and PATCH paths (RFC 7644 §3.4.2.2, figure 1).

This module knows the text only; which attribute a word names is decided in `scim.notation`,
and what an expression means in `scim.filters`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final, NamedTuple, NoReturn

from scim.errors import InvalidFilter, echo
from scim.parse import UNSTORABLE

Literal = str | int | float | bool | None

OPERATORS: Final = frozenset({"eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"})
_KEYWORDS: Final[dict[str, Literal]] = {"true": True, "false": False, "null": None}
# One alternative per first character, so no input makes the scan backtrack.
_TOKEN: Final = re.compile(
    r'[ \t\r\n]+|(?P<string>"(?:[^"\\]|\\.)*")|(?P<mark>[()\[\]])|(?P<word>[^ \t\r\n()\[\]"]+)', re.DOTALL
)
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?P<fraction>\.[0-9]+)?(?P<exponent>[eE][+-]?[0-9]+)?")
_LARGEST_INTEGER: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a filter may be (scim.md §4): characters, comparisons, nesting of brackets and `not`."""

    characters: int = 4096
    comparisons: int = 50
    depth: int = 32


class Token(NamedTuple):
    """One token: its kind (`string`, `mark`, `word` or `end`), its text and its 0-based position."""

    kind: str
    text: str
    position: int


class Tokens:
    """A cursor over the tokens of one filter or path.

    Raises InvalidFilter when the text is longer than the limit, or holds a character sequence
    that starts no token (an unclosed string).
    """

    def __init__(self, text: str, limits: Limits) -> None:
        if len(text) > limits.characters:
            raise InvalidFilter(
                f"The filter is longer than {limits.characters} characters; send a shorter one."
            )
        self._tokens = list(_scan(text))
        self._next = 0

    @property
    def current(self) -> Token:
        """The token to be read next; its kind is `end` behind the last one."""
        return self._tokens[self._next]

    def take(self) -> Token:
        """Return the current token and step over it; the end is never stepped over."""
        token = self.current
        if token.kind != "end":
            self._next += 1
        return token

    def takes_mark(self, mark: str) -> bool:
        """Whether the current token was this bracket; if so it is stepped over."""
        return self._takes("mark", mark)

    def takes_word(self, word: str) -> bool:
        """Whether the current token was this word in any case; if so it is stepped over."""
        return self._takes("word", word)

    def at_words(self, word: str, mark: str) -> bool:
        """Whether the next two tokens are this word and this bracket (`not (`)."""
        token = self.current
        if token.kind != "word" or token.text.lower() != word:
            return False
        return self._tokens[self._next + 1][:2] == ("mark", mark)

    def expect_mark(self, mark: str) -> None:
        """Step over this bracket; raises InvalidFilter when another token stands there."""
        if not self.takes_mark(mark):
            self.refuse(f'"{mark}"')

    def expect_word(self, wanted: str) -> Token:
        """Return the current word and step over it; raises InvalidFilter naming what was wanted."""
        if self.current.kind != "word":
            self.refuse(wanted)
        return self.take()

    def refuse(self, wanted: str) -> NoReturn:
        """Raise InvalidFilter that says what was wanted, what stands there, and where."""
        token = self.current
        found = "the end" if token.kind == "end" else echo(token.text)
        raise InvalidFilter(
            f"Expected {wanted} at character {token.position + 1} of the filter, found {found}."
        )

    def _takes(self, kind: str, text: str) -> bool:
        token = self.current
        found = token.kind == kind and token.text.lower() == text
        self._next += found
        return found


def _scan(text: str) -> list[Token]:
    tokens: list[Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise InvalidFilter(
                f"The string that starts at character {position + 1} of the filter is not closed."
            )
        if match.lastgroup is not None:
            tokens.append(Token(match.lastgroup, match.group(), position))
        position = match.end()
    return [*tokens, Token("end", "", len(text))]


def literal(token: Token) -> Literal:
    """Return the value of a JSON literal: string, number, true, false or null (keywords in any case).

    Raises InvalidFilter on anything else, on numbers beyond a double or 64 bits, and on strings with
    NUL or lone surrogates, which no store can hold.
    """
    if token.kind == "string":
        return _string(token)
    word = token.text
    if token.kind == "word" and word.lower() in _KEYWORDS:
        return _KEYWORDS[word.lower()]
    number = _NUMBER.fullmatch(word) if token.kind == "word" else None
    if number is None:
        found = "the end" if token.kind == "end" else echo(word)
        raise InvalidFilter(
            f"Expected a value at character {token.position + 1} of the filter, found {found}; "
            'write strings in double quotes, as in userName eq "bjensen".'
        )
    if number["fraction"] is None and number["exponent"] is None:
        return _integer(word, token)
    return _decimal(word, token)


def _string(token: Token) -> str:
    try:
        value = json.loads(token.text)
    except ValueError:
        raise InvalidFilter(f"The string {echo(token.text)} is not a JSON string.") from None
    if UNSTORABLE.search(value):
        raise InvalidFilter(f"The string at character {token.position + 1} holds NUL or half a character.")
    return str(value)


def _integer(word: str, token: Token) -> int:
    if len(word) > 20 or abs(int(word)) > _LARGEST_INTEGER:
        raise InvalidFilter(f"The number at character {token.position + 1} of the filter is out of range.")
    return int(word)


def _decimal(word: str, token: Token) -> float:
    value = float(word)
    if value in (float("inf"), float("-inf")):
        raise InvalidFilter(f"The number at character {token.position + 1} of the filter is out of range.")
    return value
