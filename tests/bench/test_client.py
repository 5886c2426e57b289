"""The lean HTTP client of the benchmark against a socket that answers in its own way."""

from __future__ import annotations

import socket
import threading

import pytest

from bench.client import Connection, status_of


def _answering(*pieces: bytes) -> int:
    """Return the port of a server that sends these pieces to its first visitor, one by one, and hangs up."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listener, listener.accept()[0] as visitor:
            visitor.recv(1 << 16)
            for piece in pieces:
                visitor.sendall(piece)

    threading.Thread(target=serve, daemon=True).start()
    return int(listener.getsockname()[1])


@pytest.mark.parametrize(
    "pieces",
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n", b"bo", b"dy"),
        (b"HTTP/1.1 200 OK\r\nContent-", b"Length: 0\r\n\r\n"),
        (b"HTTP/1.1 204 No Content\r\n\r\n",),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"4\r\nbody\r\n", b"0\r\n\r\n"),
    ],
)
def test_an_answer_is_read_to_its_end(pieces: tuple[bytes, ...]) -> None:
    with Connection(_answering(*pieces)) as connection:
        answer = connection.exchange(b"GET / HTTP/1.1\r\n\r\n")
    assert answer == b"".join(pieces)
    assert status_of(answer) in (200, 204)


def test_a_connection_closed_in_the_middle_is_an_error_and_no_answer() -> None:
    with (
        Connection(_answering(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbo")) as connection,
        pytest.raises(ConnectionResetError),
    ):
        connection.exchange(b"GET / HTTP/1.1\r\n\r\n")
