"""Filters from the grammar of RFC 7644 §3.4.2.2, beyond its limits, and with letters out of place; paths of PATCH."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random

from scim.resources import GROUP, USER, group_type, user_type
from tests.security.fuzz import values

_ATTRIBUTES = tuple(a.path for a in (*user_type().walk(), *group_type().walk()))
_MULTI_VALUED = ("emails", "phoneNumbers", "members", "addresses", "roles", "groups", "photos")
_SUB_ATTRIBUTES = ("value", "type", "primary", "display", "$ref", "VALUE", "x")
_ODD_ATTRIBUTES = (
    "", ".", "..", "userName.", ".userName", "userName.x", "emails.value.x", "name..givenName", "emails[0]", "x" * 300,
    "urn:", "urn:ietf:params:scim:schemas:core:2.0:User:", f"{USER}:{USER}:userName", f"{GROUP}:userName", "1name",
    "$ref", "-", "user_name", "usérName", "userName\u200b", "meta.x", "password", "schemas", "urn:x:y:z.a", "and",
    "not", "or", "pr", "eq", "true", "null", f"{USER.upper()}:USERNAME", "urn:x:" + "a:" * 200 + "b",
)  # fmt: skip
_OPERATORS = ("eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "EQ", "Co", "pr", "re", "=", "", "not")
_LITERALS = (
    "true", "false", "null", "True", "1", "-1", "0.5", "1e5", "1e999", "-0", "9223372036854775808", "9" * 500, "NaN",
    "01", "abc",
    "'a'", '"a', 'a"', '""', '"%"', '"_"', '"*"', '"2026-01-01T00:00:00Z"', '"2026-02-30T00:00:00Z"', "[]", "{}",
)  # fmt: skip
_PLAIN = ("pool3@example.com", "ada", "work", "Lovelace", "ö", "", "user-", "1", "2026")
_NOISE = (*'()[]"\\.:$ \t\n\0,;=', "\u00a0", "é", "\ud800", " and ", " or ", "not ", " pr", "%00", '"')
_DEPTHS = (2, 16, 31, 32, 33, 64, 1000, 2000)


def filter_text(chance: Random) -> str:
    """Return a filter: most of them right, some beyond a limit, some with letters out of place."""
    roll = chance.random()
    if roll < 0.06:
        return chance.choice(_BEYOND)(chance)
    made = _alternatives(chance, 3)
    return _scrambled(chance, made) if roll > 0.7 else made


def attribute(chance: Random) -> str:
    """Return an attribute path, mostly one that there is, in some spelling."""
    roll = chance.random()
    if roll < 0.1:
        return chance.choice(_ODD_ATTRIBUTES)
    path = chance.choice(_ATTRIBUTES)
    if roll < 0.2 and not path.startswith("urn:"):
        return f"{chance.choice((USER, GROUP, USER.lower()))}:{path}"
    return path.swapcase() if roll < 0.3 else path


def patch_path(chance: Random) -> str:
    """Return a path of a PATCH operation (RFC 7644 §3.5.2, figure 1), sometimes with letters out of place."""
    roll = chance.random()
    if roll < 0.5:
        path = attribute(chance)
    else:
        sub = chance.choice(("", f".{chance.choice(_SUB_ATTRIBUTES)}"))
        path = f"{chance.choice(_MULTI_VALUED)}[{_value_filter(chance)}]{sub}"
    return _scrambled(chance, path) if chance.random() < 0.2 else path


def _alternatives(chance: Random, depth: int) -> str:
    terms = [_term(chance, depth) for _ in range(chance.choice((1, 1, 1, 2, 3)))]
    return chance.choice((" or ", " and ", " OR ", " aNd ")).join(terms)


def _term(chance: Random, depth: int) -> str:
    roll = chance.random()
    if depth and roll < 0.1:
        return f"({_alternatives(chance, depth - 1)})"
    if depth and roll < 0.2:
        return f"{chance.choice(('not ', 'not', 'NOT '))}({_alternatives(chance, depth - 1)})"
    if roll < 0.35:
        return f"{chance.choice(_MULTI_VALUED)}[{_value_filter(chance)}]"
    return _comparison(chance, attribute(chance))


def _value_filter(chance: Random) -> str:
    terms = [_comparison(chance, chance.choice(_SUB_ATTRIBUTES)) for _ in range(chance.choice((1, 1, 2)))]
    return chance.choice((" and ", " or ")).join(terms)


def _comparison(chance: Random, path: str) -> str:
    operator = chance.choice(_OPERATORS)
    return f"{path} pr" if operator == "pr" else f"{path} {operator} {_operand(chance)}"


def _operand(chance: Random) -> str:
    roll = chance.random()
    if roll < 0.5:
        return json.dumps(chance.choice(_PLAIN), ensure_ascii=False)
    if roll < 0.75:
        return json.dumps(values.text(chance)[:3000], ensure_ascii=chance.random() < 0.5)
    return chance.choice(_LITERALS)


def _scrambled(chance: Random, text: str) -> str:
    """Return the text with one to four pieces put in, taken out or cut off."""
    for _ in range(chance.randint(1, 4)):
        place = chance.randint(0, len(text))
        text = chance.choice(
            (
                text[:place] + chance.choice(_NOISE) + text[place:],
                text[:place] + text[place + chance.randint(1, 3) :],
                text[:place],
                text[place:] + text[:place],
                text[:place] + text[place:].swapcase(),
            )
        )
    return text


def _many(chance: Random) -> str:
    number = chance.choice((49, 50, 51, 52, 200))
    return chance.choice((" or ", " and ")).join(f'title eq "{n}"' for n in range(number))


def _long(chance: Random) -> str:
    return f'userName eq "{"a" * chance.choice((4079, 4080, 4081, 10_000, 30_000))}"'


def _deep(chance: Random) -> str:
    opening, closing = chance.choice((("(", ")"), ("not (", ")"), ("not(", ")"), ("emails[", "]"), ("(", "")))
    depth = chance.choice(_DEPTHS)
    return f"{opening * depth}title pr{closing * depth}"


def _alike(chance: Random) -> str:
    """A condition that a database looks up by pattern or in many values, at its largest."""
    pattern = chance.choice(("%_", "\\", "a%", "[", "*", "é"))
    return " or ".join([f"emails.value co {json.dumps(pattern * 30)}"] * 50)[:4096]


_BEYOND: tuple[Callable[[Random], str], ...] = (_many, _long, _deep, _deep, _alike)
