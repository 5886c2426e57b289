"""``python -m bench.slow_target``: a SCIM target that answers every call after a fixed time and is cheap itself.

It keeps no accounts: a search finds nobody, everything that is written is accepted and echoed. So what a push takes is
what the one who pushes takes.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys

_IDS = itertools.count(1)


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float) -> None:
    while head := await _head(reader):
        method, path, length = head
        body = await reader.readexactly(length) if length else b""
        await asyncio.sleep(seconds)
        status, document = _answer(method, path, body)
        writer.write(
            b"HTTP/1.1 %s\r\nContent-Type: application/scim+json\r\nContent-Length: %d\r\n\r\n%s"
            % (status, len(document), document)
        )
    writer.close()


async def _head(reader: asyncio.StreamReader) -> tuple[str, str, int] | None:
    """Method, path and length of the next request; None at the end of the connection."""
    try:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    method, path, _ = lines[0].split(" ", 2)
    lengths = [int(line[15:]) for line in lines if line[:15].lower() == "content-length:"]
    return method, path, lengths[0] if lengths else 0


def _answer(method: str, path: str, body: bytes) -> tuple[bytes, bytes]:
    if method == "POST":
        return b"201 Created", json.dumps(json.loads(body) | {"id": f"u{next(_IDS)}"}).encode()
    if method == "GET" and path.startswith("/Users"):
        return b"200 OK", b'{"totalResults":0,"itemsPerPage":0,"startIndex":1,"Resources":[]}'
    if method == "GET":
        return b"200 OK", b'{"patch":{"supported":true},"filter":{"supported":true,"maxResults":200}}'
    return b"204 No Content", b""


async def _run(seconds: float) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _serve(reader, writer, seconds)

    server = await asyncio.start_server(handle, "127.0.0.1", 0, backlog=256)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_run(float(sys.argv[1])))
