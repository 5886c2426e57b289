"""Queries, paths and headers, right ones and ones that nobody should send."""

from __future__ import annotations

from functools import partial
from random import Random
from urllib.parse import quote, quote_plus

from tests.security.fuzz import filters, values
from tests.security.fuzz.known import STRANGER, Known

BASE = "/scim/v2"
ENDPOINTS = ("/Users", "/Groups")
_BROKEN = (
    b"%",
    b"%zz",
    b"%ff%fe",
    b"%00",
    b"%c0%80",
    b"%ed%a0%80",
    b"%u0041",
    b"+",
    b"&&",
    b"=",
    b"a=b=c",
    b";",
    b"#",
    b"\xe9",
)
_INTEGERS = (
    "0",
    "1",
    "2",
    "-1",
    "1000",
    "1001",
    "99999999999999999999",
    "1.5",
    "",
    " 1",
    "٣",
    "1_0",
    "0x10",
    "NaN",
    "a",
)
_ORDERS = ("ascending", "descending", "Descending", "DESC", "", "x")
_PATHS = (
    "/", "", "//Users", "/Users/", "/Users//", "/users", "/Users/..", "/Users/../Groups", "/./Users", "/%2e%2e/Users",
    "/Users/%2e%2e%2fGroups", "/Users%00", "/%00", "/Users/%00", "/Users/%ff%fe", "/Users/%ed%a0%80", "/Users/a%2fb",
    "/Users/a/b/c", "/Users/.search", "/Groups/.search", "/.search", "/Schemas/", "/Schemas/urn:x", "/Schemas/%00",
    "/ResourceTypes/User", "/ResourceTypes/user", "/ResourceTypes/" + "x" * 3000, "/Bulk", "/bulk", "/Bulk/1", "/Me",
    "/Me/x", "/Nothing", "/" + "a" * 6000, "/Users/" + "9" * 5000, "/" + "%2f" * 500, "/ServiceProviderConfig",
    "/ServiceProviderConfig/x", "/Schemas", "/ResourceTypes", "/Users/*", "/Users/null", "/Users/1%20OR%201=1",
    "/Users;x=1", "/Users/{id}", "/Users/é", "/Users:x", "/Users/" + STRANGER.upper(), "/Users/bulkId:a",
)  # fmt: skip
_PREFIXES = (
    "/scim/v2", "/scim/v2", "/scim/v2", "/scim/v1", "/scim", "/scim/V2", "/SCIM/v2", "//scim/v2", "/t/acme/scim/v2",
    "/t/other/scim/v2", "/t/%00/scim/v2", "/t//scim/v2", "/t/" + "x" * 500 + "/scim/v2", "/scim/v2/scim/v2",
)  # fmt: skip
#: Names and values of headers beside those that every request has.
_HEADERS: tuple[tuple[str, tuple[bytes, ...]], ...] = (
    ("If-Match", (
        b"*", b'W/"1"', b'"1"', b"W/1", b"", b'W/"', b'W/"1", W/"2"', b"x" * 5000, b'W/"\xff"', b'W/"%s"' % (b"9" * 30),
    )),
    ("If-None-Match", (b"*", b'W/"1"', b"", b'"', b",,,", b"W/" * 1000)),
    ("Prefer", (
        b"return=minimal", b"return=representation", b"RETURN = MINIMAL", b"return", b"=", b"x" * 4000,
        b'return=minimal; a="',
    )),
    ("Authorization", (
        b"", b"Bearer", b"Bearer ", b"bearer x", b"Basic YTpi", b"Basic \xff", b"Bearer " + b"x" * 5000,
        b"Bearer rc_a_b", b"Bearer rc__", b"Bearer \xff\xfe", b"Bearer a b c", b"Negotiate x",
    )),
    ("Accept", (b"text/html", b"*/*;q=0", b"application/scim+json;q=2", b"x", b",", b"application/json", b"\xff")),
    ("Accept-Language", (b"tlh", b"*", b"," * 1000)),
    ("Accept-Encoding", (b"gzip", b"identity;q=0", b"*;q=0")),
    ("Host", (
        b"", b"evil.example", b"[::1", b"[::1]:x", b"localhost:99999", b"a b", b"localhost, evil.example", b"\xff",
        b"x" * 3000, b"127.0.0.1:80", b"user@localhost", b"localhost/../x", b"%00", b"LOCALHOST", b"[v1.x]", b"xn--a",
    )),
    ("X-Forwarded-Host", (b"evil.example",)),
    ("X-Forwarded-Proto", (b"https", b"javascript")),
    ("X-HTTP-Method-Override", (b"DELETE", b"TRACE")),
    ("Content-Encoding", (b"gzip", b"identity", b"br", b"x")),
    ("Expect", (b"100-continue", b"200-ok")),
    ("Range", (b"bytes=0-1", b"bytes=-1", b"x")),
    ("Cookie", (b"session=x", b"a" * 3000, b"\xff")),
    ("Upgrade", (b"h2c", b"websocket")),
    ("X-" + "A" * 200, (b"y",)),
)  # fmt: skip
_CONTENT_TYPES = (
    b"application/json", b"application/scim+json; charset=utf-8", b'application/json;charset="utf-8"; x=y', b"",
    b"APPLICATION/JSON", b"text/plain", b"application/xml", b"application/x-www-form-urlencoded",
    b"multipart/form-data; boundary=x", b"application/scim+json; charset=utf-16", b"application", b";", b"/",
    b"application/scim+json; charset=none-such", b"application/scim+json, text/html", b"application/scim+jsonx",
    b"\xff/\xff", b"x" * 3000,
)  # fmt: skip
METHODS = (
    "TRACE",
    "PROPFIND",
    "OPTIONS",
    "HEAD",
    "CONNECT",
    "get",
    "Post",
    "PATCH",
    "DELETE",
    "PUT",
    "POST",
    "X",
    "M-SEARCH",
    "G3T",
)


def path(chance: Random) -> str:
    """Return a path, most of them to nowhere."""
    return chance.choice(_PREFIXES) + chance.choice(_PATHS)


def headers(chance: Random) -> list[tuple[str, bytes]]:
    """Return one or two headers with values from the edge."""
    chosen = chance.sample(_HEADERS, chance.choice((1, 1, 2)))
    return [(name, chance.choice(texts)) for name, texts in chosen]


def content_type(chance: Random) -> bytes:
    """Return a content type, mostly the right one."""
    return b"application/scim+json" if chance.random() < 0.92 else chance.choice(_CONTENT_TYPES)


def query(chance: Random, known: Known) -> bytes:
    """Return the query of a list request, encoded in one way or another, sometimes broken."""
    pairs = parameters(chance, known)
    if pairs and chance.random() < 0.1:
        pairs.append((pairs[0][0], chance.choice(pairs)[1]))
    chance.shuffle(pairs)
    encode = partial(chance.choice((quote, quote_plus)), errors="surrogatepass")
    parts = [f"{encode(name)}={encode(text)}".encode() for name, text in pairs]
    if chance.random() < 0.08:
        parts.insert(chance.randint(0, len(parts)), chance.choice(_BROKEN))
    text = b"&".join(parts)
    if text and chance.random() < 0.05:
        place = chance.randrange(len(text))
        text = text[:place] + chance.choice(_BROKEN) + text[place:]
    return text


def parameters(chance: Random, known: Known) -> list[tuple[str, str]]:
    """Return names and values of parameters (RFC 7644 §3.4.2, RFC 9865 §2)."""
    pairs = [(name, make(chance, known)) for name, likely, make in _PARAMETERS if chance.random() < likely]
    if chance.random() < 0.05:
        pairs.append((values.text(chance)[:300], values.text(chance)[:300]))
    return pairs


def _count(chance: Random, _known: Known) -> str:
    return str(chance.randint(0, 12)) if chance.random() < 0.8 else chance.choice(_INTEGERS)


def _cursor(chance: Random, known: Known) -> str:
    if not known.cursors or chance.random() < 0.3:
        return chance.choice(("", "x", "A" * 40, "A" * 2001, values.text(chance)[:3000]))
    cursor = chance.choice(known.cursors)
    if chance.random() < 0.4:
        place = chance.randrange(len(cursor) or 1)
        return cursor[:place] + chance.choice("Aa-_=.") + cursor[place + chance.randint(0, 2) :]
    return cursor


def _attributes(chance: Random, _known: Known) -> str:
    names = [filters.attribute(chance) for _ in range(chance.choice((1, 1, 2, 3, 40)))]
    return chance.choice((",", ", ", " ", ",,")).join(names)


_PARAMETERS = (
    ("filter", 0.6, lambda chance, _: filters.filter_text(chance)),
    ("count", 0.9, _count),
    ("startIndex", 0.3, lambda chance, _: chance.choice(_INTEGERS)),
    ("cursor", 0.2, _cursor),
    ("sortBy", 0.25, lambda chance, _: filters.attribute(chance)),
    ("sortOrder", 0.2, lambda chance, _: chance.choice(_ORDERS)),
    ("attributes", 0.2, _attributes),
    ("excludedAttributes", 0.15, _attributes),
    ("aadOptscim062020", 0.03, lambda _chance, _known: ""),
)
