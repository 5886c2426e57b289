"""Bodies: a JSON value as bytes, mostly as it should be, else cut, encoded, wrapped or nested as it should not."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from random import Random
from typing import Any

from tests.security.fuzz import values

_MEBIBYTE = 1 << 20
_FRAMINGS = (
    "chunked",
    "short",
    "long",
    "none",
    "=abc",
    "=-1",
    "=",
    "=1e3",
    "=+5",
    "=18446744073709551616",
    "=0",
    "=٣",
)
_DEPTHS = (31, 32, 33, 100, 1000, 20_000, 100_000)


def body(chance: Random, tree: Any) -> bytes:
    """Return a JSON value as bytes; one in twelve is not what it should be."""
    raw = values.dumped(tree, chance)
    return chance.choice(_WRONGS)(chance, raw) if chance.random() < 0.08 else raw


def framing(chance: Random) -> str:
    """Return how the body's size is told, mostly by its length."""
    roll = chance.random()
    if roll < 0.94:
        return "length"
    # Texts that are not ASCII cannot be sent as a header.
    return chance.choice([each for each in _FRAMINGS if each.isascii()]) if roll < 0.98 else "chunked"


def _cut(chance: Random, raw: bytes) -> bytes:
    return raw[: chance.randint(0, len(raw))]


def _flipped(chance: Random, raw: bytes) -> bytes:
    changed = bytearray(raw)
    for _ in range(chance.randint(1, 5)):
        if changed:
            changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _nested(chance: Random, _raw: bytes) -> bytes:
    depth = chance.choice(_DEPTHS)
    opening, closing = chance.choice(((b"[", b"]"), (b'{"a":', b"}"), (b'[{"value":', b"}]"), (b"[", b"")))
    return opening * depth + b"1" + closing * depth


def _large(chance: Random, raw: bytes) -> bytes:
    """A body around the limit of 1 MiB, or around that of groups, 4 MiB; seldom, because it takes long to send."""
    if chance.random() < 0.85:
        return raw + b" " * 20_000
    size = chance.choice((_MEBIBYTE - 1, _MEBIBYTE, _MEBIBYTE + 1, 4 * _MEBIBYTE + 1))
    return raw + b" " * (size - len(raw))


def _numbers(chance: Random, _raw: bytes) -> bytes:
    digits = chance.choice((b"9" * 5000, b"1e" + b"9" * 300, b"0." + b"3" * 5000, b"-" * 100, b"1" * 100_000))
    return b'{"schemas":[],"userName":' + digits + b"}"


_WRONGS: tuple[Callable[[Random, bytes], bytes], ...] = (
    _cut,
    _cut,
    _flipped,
    _flipped,
    _nested,
    _large,
    _numbers,
    lambda _, raw: b"\xef\xbb\xbf" + raw,
    lambda _, raw: raw.decode("utf-8", "replace").encode("utf-16"),
    lambda _, raw: raw.decode("utf-8", "replace").encode("utf-32-be"),
    lambda _, raw: raw.decode("utf-8", "replace").encode("latin-1", "replace"),
    lambda _, raw: gzip.compress(raw, 1, mtime=0),
    lambda _, raw: raw + raw,
    lambda _, raw: raw + b"\0",
    lambda _, raw: b"",
    lambda _, raw: b" \r\n\t",
    lambda _, raw: b"// comment\n" + raw,
    lambda _, raw: raw.replace(b'"', b"'"),
    lambda _, raw: raw.replace(b"}", b",}"),
    lambda _, raw: b"userName=ada&active=true",
    lambda _, raw: b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>',
    lambda _, raw: b"[" + raw + b"]",
    lambda _, raw: b'"' + raw.replace(b'"', b'\\"') + b'"',
    lambda _, raw: b"[" + b"[]," * 20_000 + b"[]]",
    lambda _, raw: b"{" + b",".join(b'"%d":1' % n for n in range(5000)) + b"}",
    lambda _, raw: b"null",
    lambda _, raw: b"\xff\xfe\xfd",
)
