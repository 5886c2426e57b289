"""The form of a CSV file, found from its bytes: encoding, delimiter, header."""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from app.sources.errors import SourceUnavailable, WrongSource

DELIMITERS = (",", ";", "\t", "|", ":")
_NAMED_DELIMITERS = {
    "\\t": "\t", "tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "colon": ":", "space": " ",
}  # fmt: skip
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CHUNK = 1 << 20
_SAMPLE_LINES = 50
#: What Windows calls Latin-1: cp1252, with Latin-1's meaning for the five bytes that cp1252 leaves open.
WINDOWS_LATIN = "cp1252"
UNDEFINED_AS_LATIN_1 = "rollcall.latin1"
_LATIN_NAMES = frozenset({"iso8859-1", "latin-1", "cp1252", "iso8859_1", "latin_1"})


def _as_latin_1(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error(UNDEFINED_AS_LATIN_1, _as_latin_1)


@dataclass(frozen=True, slots=True)
class Encoding:
    """How bytes become text: a codec's name, and what happens with bytes that it does not know."""

    name: str
    errors: str = "strict"


def named_delimiter(text: str) -> str:
    """Return the delimiter that a setting means: one character, ``\\t``, or a word such as ``tab``.

    :raises WrongSource: anything else.
    """
    delimiter = _NAMED_DELIMITERS.get(text.lower(), text)
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise WrongSource(
            f"delimiter={text!r} cannot separate cells; use one character, \\t, or tab, comma, semicolon."
        )
    return delimiter


def named_encoding(text: str) -> Encoding:
    """Return the encoding that a setting names; ``latin-1`` is read as Windows writes it (cp1252).

    :raises WrongSource: Python knows no such encoding.
    """
    try:
        name = codecs.lookup(text).name
    except LookupError:
        raise WrongSource(
            f"encoding={text!r} is unknown; use utf-8, utf-16, cp1252, latin-1 or another one."
        ) from None
    if name in _LATIN_NAMES:
        return Encoding(WINDOWS_LATIN, UNDEFINED_AS_LATIN_1)
    return Encoding("utf-8-sig" if name == "utf-8" else name)


def find_encoding(path: Path) -> Encoding:
    """Return the encoding of a file: by its mark, else UTF-8 when all of it is, else UTF-16 or Windows Latin.

    The file is read once, in pieces. :raises SourceUnavailable: it cannot be read.
    """
    with opened(path) as file:
        head = file.read(4096)
    for mark, name in _BOMS:
        # A mark alone proves nothing: some exports put UTF-8's before Latin-1 text.
        if head.startswith(mark) and undecodable_at(path, Encoding(name)) is None:
            return Encoding(name)
    # Half of the bytes of Western text in UTF-16 are zero, and no other encoding has any.
    if head[1::2].count(0) * 3 > len(head) // 2:
        return Encoding("utf-16-le")
    if head[0::2].count(0) * 3 > len(head) // 2:
        return Encoding("utf-16-be")
    utf_8 = Encoding("utf-8-sig")
    return utf_8 if undecodable_at(path, utf_8) is None else Encoding(WINDOWS_LATIN, UNDEFINED_AS_LATIN_1)


def undecodable_at(path: Path, encoding: Encoding) -> int | None:
    """Return the line on which the file is not of this encoding, None when all of it is."""
    decoder = codecs.getincrementaldecoder(encoding.name)(encoding.errors)
    line = 1
    with opened(path) as file:
        while True:
            chunk = file.read(_CHUNK)
            try:
                line += decoder.decode(chunk, final=not chunk).count("\n")
            except UnicodeDecodeError as error:
                return line + error.object[: error.start].count(b"\n")
            if not chunk:
                return None


def opened(path: Path) -> BinaryIO:
    """Return the file opened for reading bytes; raises ``SourceUnavailable`` with the system's reason."""
    try:
        return path.open("rb")
    except OSError as error:
        raise SourceUnavailable(
            f"{path} cannot be read ({error.strerror}); check the path and its permissions."
        ) from None


def find_delimiter(lines: Iterable[str]) -> str:
    """Return the delimiter of a file's first lines: the one that most lines have equally often; comma if none.

    Delimiters inside quotes do not count.
    """
    outside = [_outside_quotes(line) for line in lines][:_SAMPLE_LINES]
    filled = [line for line in outside if line.strip()]
    best, best_score = ",", 0.0
    for delimiter in DELIMITERS:
        counts = [line.count(delimiter) for line in filled]
        usual = max(set(counts), key=counts.count, default=0)
        if usual == 0:
            continue
        # Agreement first, then the number of cells: "12:30" in two cells must not win over ten semicolons.
        score = counts.count(usual) / len(counts) + usual / 1000
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _outside_quotes(line: str) -> str:
    return "".join(line.split('"')[0::2])
