"""A real HTTP server for a WSGI application: threads, keep-alive, and connections that can be cut.

Werkzeug's own handler closes every connection and waits 10 ms for left-over input after each answer, so a
push of 10,000 people would spend two minutes waiting. This handler reads the whole body first, which makes
keep-alive safe.
"""

from __future__ import annotations

import io
import socket
import struct
import threading
from collections.abc import Iterable
from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING, Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from app.simulation.errors import AddressTaken

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

IDLE_SECONDS = 60


class Dropped(ConnectionError):
    """Raised by an application, or while its answer is iterated, to cut the connection there.

    ``reset`` sends RST instead of FIN; bytes on their way may then be lost too.
    """

    def __init__(self, reset: bool = True) -> None:
        super().__init__("connection dropped on purpose")
        self.reset = reset


class _Handler(WSGIRequestHandler):
    """Answers requests of one connection, one after the other."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes; Nagle would hold the second for 40 ms
    timeout = IDLE_SECONDS
    server: _Listener

    def run_wsgi(self) -> None:
        """Answer one request."""
        if self.headers.get("Expect", "").lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        try:
            environ = self._environ_with_body()
            self._send(environ, self.server.app)
        except Dropped as dropped:
            self._cut(reset=dropped.reset)
        except (ConnectionError, TimeoutError):
            self._cut(reset=False)

    def _environ_with_body(self) -> dict[str, Any]:
        environ = self.make_environ()
        source = environ["wsgi.input"]
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = source.read() if environ.get("wsgi.input_terminated") else source.read(length)
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        return environ

    def _send(self, environ: dict[str, Any], application: WSGIApplication) -> None:
        head: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            head[:] = [status, headers]
            return self.wfile.write

        chunks: Iterable[bytes] = application(environ, start_response)
        try:
            waiting = iter(chunks)
            first = next(waiting, b"")  # an application that cuts here sends nothing at all
            self._send_head(*head)
            for chunk in chain([first], waiting):
                if environ["REQUEST_METHOD"] != "HEAD":
                    self.wfile.write(chunk)
        finally:
            close = getattr(chunks, "close", None)
            if close is not None:
                close()

    def _send_head(self, status: str, headers: list[tuple[str, str]]) -> None:
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        for name, value in headers:
            self.send_header(name, value)
        sized = any(name.lower() == "content-length" for name, _ in headers)
        if not sized and int(code) not in (204, 304):
            self.send_header("Connection", "close")
        self.end_headers()

    def _cut(self, reset: bool) -> None:
        self.close_connection = True
        if reset:
            with suppress(OSError):
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: the call log knows more."""


class _Listener(ThreadedWSGIServer):
    """Listens, and knows its open connections so that stopping really ends them."""

    def __init__(self, host: str, port: int, application: WSGIApplication) -> None:
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        super().__init__(host, port, application, handler=_Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection, then serve it in a thread of its own."""
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close without a FIN of our own first, so that a reset stays a reset."""
        with self._open_lock:
            self._open.discard(request)
        with suppress(OSError):
            request.close()

    def cut_all(self) -> None:
        """Shut every open connection down."""
        with self._open_lock:
            connections = list(self._open)
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class Server:
    """A running HTTP server; also a context manager that stops it."""

    def __init__(self, application: WSGIApplication, host: str, port: int) -> None:
        try:
            self._listener = _Listener(host, port, application)
        except SystemExit:  # werkzeug leaves the process when the port is taken
            raise AddressTaken(
                f"{host}:{port} is in use: choose another --port, or 0 for a free one"
            ) from None
        self.host = host
        self.port: int = self._listener.port
        self._thread = threading.Thread(
            target=self._listener.serve_forever,
            kwargs={"poll_interval": 0.05},
            daemon=True,
            name=f"simulator-{self.port}",
        )
        self._thread.start()

    @property
    def url(self) -> str:
        """Base URL without a trailing slash."""
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{shown}:{self.port}"

    def stop(self) -> None:
        """Stop listening and cut every open connection; safe to call twice."""
        if self._thread.is_alive():
            self._listener.shutdown()
            self._thread.join()
        self._listener.server_close()
        self._listener.cut_all()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def serve(application: WSGIApplication, host: str = "127.0.0.1", port: int = 0) -> Server:
    """Return a started server for ``application``; port 0 takes a free one.

    Raises :class:`AddressTaken`. The application may raise :class:`Dropped` to cut the connection.
    """
    return Server(application, host, port)
