"""HTTP/1.1 on loopback by hand: ready bytes out, one answer in, on a connection that stays open."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse

_TIMEOUT = 60.0  # seconds; a server that hangs must not hang the run


class Unanswered(Exception):
    """The server closed the connection without an answer that can be read."""


@dataclass(frozen=True)
class Answer:
    """An answer: its status, its headers under lower-case names, its whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Connection:
    """One kept-alive connection to a port of loopback; opened when it is needed, and anew when it was closed."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None

    def __enter__(self) -> Connection:
        self.open()
        return self

    def __exit__(self, *_failure: object) -> None:
        self.close()

    def open(self) -> socket.socket:
        """Return the connection's socket, opened now if it was not."""
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=_TIMEOUT)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._socket

    def close(self) -> None:
        """Let go of the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def exchange(self, request: bytes, method: str, *, is_whole: bool = True) -> Answer:
        """Return the answer to these bytes; after a request that is not whole, the connection is closed.

        A server may close a connection that is not in use at any time, above all when it has answered without reading
        all of a body (RFC 9112 §9.3, §9.6); on a connection that was open before, the request is sent once more on a
        new one. Raises Unanswered when there is no answer on that either.
        """
        was_open, opened = self._socket is not None, self.open()
        with suppress(OSError):  # a server may refuse and close before it has read all, and its answer counts
            opened.sendall(request)
            if not is_whole:
                opened.shutdown(socket.SHUT_WR)
        try:
            answer, is_open = _read(opened, method)
        except (HTTPException, OSError) as error:
            self.close()
            if was_open and is_whole:
                return self.exchange(request, method)
            raise Unanswered(f"{type(error).__name__}: {error}") from error
        if not (is_whole and is_open):
            self.close()
        return answer


def _read(opened: socket.socket, method: str) -> tuple[Answer, bool]:
    """Return an answer and whether the connection stays open after it."""
    response = HTTPResponse(opened, method=method)
    response.begin()
    body = response.read()
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, headers, body), not response.will_close
