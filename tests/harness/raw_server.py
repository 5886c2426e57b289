"""A server of raw bytes, for answers that no decent HTTP server would give."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType

Behaviour = Callable[[socket.socket, bytes], None]


class RawServer:
    """Accepts connections on loopback, reads one request of each and hands both to `behave`, in a thread.

    `requests` are the bytes received, `hosts` counts the connections.
    """

    def __init__(
        self, behave: Behaviour, *, wrap: Callable[[socket.socket], socket.socket] | None = None
    ) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self._behave = behave
        self._wrap = wrap
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.stopped = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> RawServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopped.set()
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while not self.stopped.is_set():
                connection, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            wrapped = self._wrap(connection) if self._wrap else connection
            with wrapped:
                request = read_request(wrapped)
                self.requests.append(request)
                self._behave(wrapped, request)


def read_request(connection: socket.socket) -> bytes:
    """One request with its body; what came so far when the peer closes."""
    received = b""
    while b"\r\n\r\n" not in received:
        chunk = connection.recv(65536)
        if not chunk:
            return received
        received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    length = next(
        (
            int(line.split(b":")[1])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length")
        ),
        0,
    )
    while len(body) < length:
        chunk = connection.recv(65536)
        if not chunk:
            break
        body += chunk
        received += chunk
    return received


def answer(
    body: bytes, *, status: str = "200 OK", content_type: str = "application/json", **headers: str
) -> bytes:
    """A complete answer; underscores in header names become hyphens."""
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {content_type}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
