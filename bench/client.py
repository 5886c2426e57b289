"""A lean HTTP/1.1 client: ready bytes out, one answer in, on connections that stay open."""

from __future__ import annotations

import socket

_TIMEOUT = 60.0  # seconds; a server that hangs must not hang the run


class Connection:
    """One kept-alive connection to loopback."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=_TIMEOUT)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_failure: object) -> None:
        self._socket.close()

    def exchange(self, request: bytes) -> bytes:
        """Return the whole answer, head and body, to a whole request."""
        self._socket.sendall(request)
        answer = bytearray(self._more())
        while (end := answer.find(b"\r\n\r\n")) < 0:
            answer += self._more()
        head = bytes(answer[:end]).lower()
        length = head.find(b"\r\ncontent-length:")
        if length >= 0:
            size = end + 4 + int(head[length + 17 :].split(b"\r\n", 1)[0])
            while len(answer) < size:
                answer += self._more()
        elif b"\r\ntransfer-encoding: chunked" in head:
            while not answer.endswith(b"\r\n0\r\n\r\n"):
                answer += self._more()
        return bytes(answer)

    def _more(self) -> bytes:
        piece = self._socket.recv(1 << 18)
        if not piece:
            raise ConnectionResetError("the server closed the connection in the middle of an answer")
        return piece


def status_of(answer: bytes) -> int:
    """Return the status of an answer.

    >>> status_of(b"HTTP/1.1 201 Created")
    201
    """
    return int(answer[9:12])


def body_of(answer: bytes) -> bytes:
    """Return the body of an answer whose length was in its head.

    >>> body_of(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\n{}")
    b'{}'
    """
    return answer.partition(b"\r\n\r\n")[2]
