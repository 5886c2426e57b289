"""Two ways to send a request: to the application in this process, and over a socket to a server process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.harness.wire import Answer, Connection, Unanswered
from tests.security.fuzz.hostile import Request

Sender = Callable[[Request], Answer]

#: Bytes of a body beyond which a server may answer and close before it has read all.
_READ_WHOLE = 1 << 20
_NO_ANSWER = Answer(400, {}, b"")


def to_application(wsgi: Any) -> Sender:
    """Return what calls a WSGI application as a server would; an exception that comes out is a 500 with its name."""

    def send(request: Request) -> Answer:
        begun: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], _error: Any = None) -> Any:
            begun[:] = [int(status.split(" ", 1)[0]), {name.lower(): value for name, value in headers}]

        try:
            answered = wsgi(request.environ(), start_response)
            try:
                body = b"".join(answered)
            finally:
                getattr(answered, "close", lambda: None)()
        except Exception as error:
            return Answer(500, {}, f"{type(error).__name__}: {error}".encode(errors="replace"))
        return Answer(begun[0], begun[1], body)

    return send


def to_port(port: int) -> Sender:
    """Return what sends to a server of loopback on one connection, opened anew whenever it was closed.

    A server may close without an answer what HTTP does not allow, and what is too large; that counts as refused.
    """
    connection = Connection(port)

    def send(request: Request) -> Answer:
        wire = request.wire()
        try:
            return connection.exchange(wire, request.method, is_whole=request.is_sound)
        except Unanswered as error:
            if not request.is_sound:
                return _NO_ANSWER
            if len(request.body) > _READ_WHOLE:
                return Answer(413, {"content-type": "application/scim+json"}, _TOO_LARGE)
            return Answer(500, {}, f"no answer: {error}".encode())

    return send


_TOO_LARGE = (
    b'{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"413","detail":"closed while it was sent"}'
)  # fmt: skip
