"""Hostile texts and JSON values, and JSON texts of them that no serialiser would write."""

from __future__ import annotations

import json
import re
from random import Random
from typing import Any

TEXTS = (
    "", " ", "\0", "a\0b", "\ud800", "x\udfff", "\ud83d\ude00", "\ufeff", "\ufffe", "\U0010ffff", "\u202e", "\u200b",
    "é", "e\u0301", "ﬁ", "ß", "İ", "ı", "ſ", "Å", "A\u030a", "\u1e9e", "한", "\u1112\u1161\u11ab", "🧑‍🚀", "ｆｕｌｌ",
    "\t", "\n", "\r\nX-Injected: 1", "\x7f", "\x85", "\x1b[31m", '"', "\\", '\\"', "'", "' OR 1=1 --", "%", "%00",
    "_", "*", "$", "$ref", "?", "{{7*7}}", "${jndi:ldap://x}", "<script>alert(1)</script>", "../../etc/passwd",
    "%s%n%x", "null", "true", "False", "NaN", "Infinity", "-0", "1e999", "0x7f", "9" * 400, "bulkId:x", "bulkId:",
    "urn:", "urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:core:2.0:User:userName",
    "__proto__", "constructor", "id", "meta", "schemas", "members", "2020-13-45T99:99:99Z", "0000-00-00",
    "2020-02-30", "2026-04-01T00:00:00+99:00", "9999-12-31T23:59:60Z", "-0001-01-01T00:00:00Z", "====", "AAAA=", "@",
    "a@b@c", "http://[::1", "javascript:alert(1)", "00000000-0000-0000-0000-000000000000", "٣٤", "1_000", "１２",
)  # fmt: skip
#: Sizes at and around limits: names, key columns, filter (4,096), echo (200).
SIZES = (199, 200, 201, 255, 256, 1023, 1024, 1025, 4095, 4096, 4097, 10_000, 70_000)
_NUMBERS = (
    "0", "-0", "-0.0", "1", "-1", "1.0", "1e2", "1E400", "1e999", "-1e999", "1e-999", "0.1", "1e16",
    "1.7976931348623157e308",
    "9007199254740993", "2147483648", "9223372036854775807", "9223372036854775808", "-9223372036854775809",
    "3.141592653589793238462643383279", "1" * 400, "9" * 5000, "NaN", "Infinity", "-Infinity", "01", "+1", ".5", "1.",
)  # fmt: skip
_RAW = re.compile(r'"@raw:([^"]*)@"')
_TWICE = '@twice"'


def text(chance: Random) -> str:
    """Return a hostile text: one of the table, several joined, or a long one."""
    roll = chance.random()
    if roll < 0.6:
        return chance.choice(TEXTS)
    if roll < 0.85:
        return "".join(chance.choices(TEXTS, k=chance.randint(2, 4)))
    if roll < 0.99:
        return chance.choice("aÅ한\ud800\0\"\\'%_") * chance.choice(SIZES[:-2])
    return chance.choice("aÅ🧑") * chance.choice(SIZES[-2:])


def number(chance: Random) -> str:
    """Return a placeholder that :func:`dumped` writes as a bare number, well-formed or not."""
    return f"@raw:{chance.choice(_NUMBERS)}@"


def nested(chance: Random, depth: int) -> Any:
    """Return a value this many containers deep."""
    value: Any = chance.choice((None, 1, "x", [], {}))
    for _ in range(depth):
        value = [value] if chance.random() < 0.5 else {chance.choice(("value", "members", "a")): value}
    return value


def value(chance: Random) -> Any:
    """Return a hostile JSON value of any kind."""
    roll = chance.random()
    if roll < 0.4:
        return text(chance)
    if roll < 0.55:
        return number(chance)
    if roll < 0.7:
        return chance.choice((None, True, False, [], {}, [[]], [{}], [None], {"": ""}, 0, 1))
    if roll < 0.8:
        return {text(chance): text(chance), "value": text(chance)}
    if roll < 0.9:
        return [text(chance) for _ in range(chance.randint(1, 4))]
    if roll < 0.97:
        return nested(chance, chance.choice((2, 5, 20, 29, 30, 31, 32, 33, 40)))
    start = chance.choice(TEXTS)
    return [{"value": f"{start}{n}"} for n in range(chance.choice((10, 100, 100, 2001)))]


def twice(name: str) -> str:
    """Return a name that :func:`dumped` writes as ``name``, so that an object has it a second time."""
    return f"{name}@twice"


def dumped(tree: Any, chance: Random) -> bytes:
    """Return a JSON text of a tree, numbers as its placeholders say; half of the time beyond ASCII unescaped."""
    escapes = chance.random() < 0.5
    written = json.dumps(tree, ensure_ascii=escapes, separators=chance.choice(((",", ":"), (", ", ": "))))
    if "@raw:" in written:
        written = _RAW.sub(r"\1", written)
    # Unescaped lone surrogates become bytes that are not UTF-8, which is one of the things to be tried.
    return written.replace(_TWICE, '"').encode("utf-8", "surrogatepass")
