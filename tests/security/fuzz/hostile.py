"""A hostile request as a value: as bytes for a wire, as a WSGI server would hand it on, as a line for replay."""

from __future__ import annotations

import base64
import io
import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from urllib.parse import unquote_to_bytes

SERVER = "localhost"
#: Framings under which an HTTP server gives the application exactly the body.
SOUND_FRAMINGS = frozenset({"none", "length", "chunked"})
_PLAIN_TARGET = re.compile(rb"/[!$%&'()*+,./0-9:;=?@A-Z\[\]_a-z~|^`{}\"\\-]*")
_PLAIN_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
_LONGEST_HEAD = 8_000  # bytes; the web server refuses much longer ones by itself


@dataclass(frozen=True)
class Request:
    """One request. ``recipe`` names what made it.

    ``framing``: ``none`` (the body is not sent), ``length`` and ``chunked`` (as HTTP wants it), ``short`` and ``long``
    (a Content-Length below and above the body's size), or ``=TEXT``: that text as Content-Length.
    """

    recipe: str
    method: str
    target: bytes
    headers: tuple[tuple[str, bytes], ...] = ()
    body: bytes = b""
    framing: str = "none"

    @cached_property
    def path(self) -> str:
        """The decoded path; what is no UTF-8 in it comes as replacement characters."""
        return unquote_to_bytes(self.target.partition(b"?")[0]).decode(errors="replace")

    @property
    def is_sound(self) -> bool:
        """True when HTTP itself has nothing against it, so that the answer must be the application's."""
        plain = _PLAIN_TARGET.fullmatch(self.target) and self.method.isalpha() and self.method.isascii()
        values = all(_PLAIN_VALUE.fullmatch(value) for name, value in self.headers)
        hosts = [value for name, value in self.headers if name == "Host"]
        is_long = len(self.target) + sum(len(value) for _, value in self.headers) > _LONGEST_HEAD
        return bool(plain) and values and not is_long and not hosts and self.framing in SOUND_FRAMINGS

    @property
    def stated_length(self) -> str | None:
        """The text of Content-Length, None when there is no such header."""
        if self.framing.startswith("="):
            return self.framing[1:]
        sizes = {"length": 0, "short": -len(self.body) // 3, "long": 7}
        return str(len(self.body) + sizes[self.framing]) if self.framing in sizes else None

    def wire(self) -> bytes:
        """Return the bytes that go over a connection."""
        lines = [(b"Host", SERVER.encode())] if all(name != "Host" for name, _ in self.headers) else []
        lines += [(name.encode(), value) for name, value in self.headers]
        body = self.body
        if self.framing == "chunked":
            lines.append((b"Transfer-Encoding", b"chunked"))
            body = b"".join(_chunks(body))
        elif self.framing == "none":
            body = b""
        elif self.stated_length is not None:
            lines.append((b"Content-Length", self.stated_length.encode()))
        head = b"".join(name + b": " + value + b"\r\n" for name, value in lines)
        return b"%s %s HTTP/1.1\r\n%s\r\n%s" % (self.method.encode(), self.target, head, body)

    def environ(self) -> dict[str, Any]:
        """Return what a WSGI server would call the application with (PEP 3333)."""
        path, _, query = self.target.partition(b"?")
        values = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in self.headers}
        values.setdefault("HTTP_HOST", SERVER.encode())
        environ: dict[str, Any] = {name: value.decode("latin-1") for name, value in values.items()}
        environ["CONTENT_TYPE"] = environ.pop("HTTP_CONTENT_TYPE", "")
        body = self.body
        if self.framing == "chunked":
            environ |= {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
        elif self.stated_length is not None:
            environ["CONTENT_LENGTH"] = self.stated_length
            body = body[: int(self.stated_length)] if self.framing == "short" else body
        return environ | {
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query.decode("latin-1"),
            "SERVER_NAME": SERVER,
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(b"" if self.framing == "none" else body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }

    def with_token(self, token: str) -> Request:
        """Return the same request with another bearer token, if it had one of the usual form."""
        fresh = ("Authorization", f"Bearer {token}".encode())
        return replace(
            self,
            headers=tuple(
                fresh if value.startswith(b"Bearer rc_") else (name, value) for name, value in self.headers
            ),
        )

    def as_line(self) -> str:
        """Return one line of JSON from which :func:`from_line` makes the same request."""
        return json.dumps(
            {
                "recipe": self.recipe,
                "method": self.method,
                "target": self.target.decode("latin-1"),
                "headers": [(name, value.decode("latin-1")) for name, value in self.headers],
                "framing": self.framing,
                "body": base64.b64encode(zlib.compress(self.body)).decode(),
            }
        )


def from_line(line: str) -> Request:
    """Return the request of a line that :meth:`Request.as_line` made."""
    kept: Mapping[str, Any] = json.loads(line)
    return Request(
        kept["recipe"],
        kept["method"],
        kept["target"].encode("latin-1"),
        tuple((name, value.encode("latin-1")) for name, value in kept["headers"]),
        zlib.decompress(base64.b64decode(kept["body"])),
        kept["framing"],
    )


def _chunks(body: bytes) -> list[bytes]:
    """Return the body in chunks of at most 1,000 bytes, and the empty one that ends it (RFC 9112 §7.1)."""
    pieces = [body[start : start + 1000] for start in range(0, len(body), 1000)]
    return [b"%x\r\n%s\r\n" % (len(piece), piece) for piece in [*pieces, b""]]
