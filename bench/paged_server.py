"""``python -m bench.paged_server PEOPLE``: ``GET /people/N`` answers with the page behind the person number N."""

from __future__ import annotations

import asyncio
import sys

from bench.paged_source import page


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, people: int) -> None:
    while True:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            break
        body = page(int(head.split(b" ", 2)[1].rpartition(b"/")[2]), people)
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
        writer.write(head + body)
    writer.close()


async def _run(people: int) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _serve(reader, writer, people)

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_run(int(sys.argv[1])))
