"""JSON texts from outside, read so that nothing in them can surprise the rooms behind."""

from __future__ import annotations

import json
import math
import re
from decimal import Decimal, InvalidOperation
from typing import Any

from scim.errors import InvalidSyntax, echo

MAX_DEPTH = 32
#: What no text may hold: NUL, which PostgreSQL refuses and SQLite cuts lists at, and halves of a surrogate pair.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def parse_json(raw: bytes, max_depth: int = MAX_DEPTH) -> Any:
    """Return the value of a JSON text (RFC 8259) in UTF-8, as dict, list, str, int, float, bool or None.

    Every number comes back as it was written or not at all. A name twice in one object is refused
    (RFC 8259 §4 leaves its meaning open, and the one reader's first is the other's last).

    :raises InvalidSyntax: no JSON, no UTF-8, nested deeper than ``max_depth``, NaN or Infinity, a
        number that cannot be held exactly, NUL or a lone surrogate in a string, a name twice.
    """
    try:
        value = _DECODER.decode(raw.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        if not raw.strip():
            raise InvalidSyntax("The body is empty; this operation takes a JSON object.") from None
        place = f"line {error.lineno}, column {error.colno}"
        raise InvalidSyntax(f"The body is not JSON: {error.msg} at {place}.") from None
    except UnicodeDecodeError as error:
        raise InvalidSyntax(f"The body is not UTF-8: byte {error.start} cannot be read.") from None
    except RecursionError:
        raise InvalidSyntax(_too_deep(max_depth)) from None
    except ValueError:  # Python's own limit on the digits of an integer
        raise InvalidSyntax("A number in the body has too many digits.") from None
    if raw.count(b"{") + raw.count(b"[") > max_depth and _is_deeper(value, max_depth):
        raise InvalidSyntax(_too_deep(max_depth))
    if b"\\u" in raw:
        # Only an escape can write NUL or half a surrogate pair; without one there is nothing to look for.
        check_texts(value)
    return value


def check_texts(value: Any) -> None:
    """Return when every string and name in a JSON value can be stored and sent as UTF-8.

    :raises InvalidSyntax: a string holds NUL or a lone surrogate, or a name is no string.
    """
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            _check_text(item)
        elif isinstance(item, dict):
            for name in item:
                if not isinstance(name, str):
                    raise InvalidSyntax(f"The name {echo(name)} is not a string.")
                _check_text(name)
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)


def _check_text(text: str) -> None:
    if "\0" in text:
        raise InvalidSyntax(f"The text {echo(text)} holds the character NUL, which cannot be stored.")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidSyntax(f"The text {echo(text)} holds half a surrogate pair (RFC 8259 §8.2).") from None


def _is_deeper(value: Any, max_depth: int) -> bool:
    level = [value]
    for _ in range(max_depth + 1):
        containers = [item for item in level if isinstance(item, (dict, list))]
        if not containers:
            return False
        level = [
            child
            for container in containers
            for child in (container.values() if isinstance(container, dict) else container)
        ]
    return True


def _too_deep(max_depth: int) -> str:
    return f"The body is nested deeper than {max_depth} levels."


def _exact(text: str) -> float:
    number = float(text)
    try:
        is_exact = math.isfinite(number) and Decimal(repr(number)) == Decimal(text)
    except InvalidOperation:
        is_exact = False
    if not is_exact:
        raise InvalidSyntax(f"The number {echo(text, 40)} is out of range or has too many digits to be kept.")
    return number


def _refuse_constant(name: str) -> None:
    raise InvalidSyntax(f"{name} is not JSON (RFC 8259 §6); leave the value out or send null.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidSyntax(f"The name {echo(twice)} appears twice in one object; which value holds is open.")
    return members


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_exact, parse_constant=_refuse_constant, strict=True
)
