"""The last page of a directory is found as a client finds it: by going there."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from bench.contestants import Running
from bench.errors import BenchError
from bench.operations import Audience
from bench.processes import ServerProcess
from bench.walking import last_cursor

Paged = Callable[[int, str], Running]


class _Pages(BaseHTTPRequestHandler):
    """Pages of ``people`` numbers; a cursor is the number after which a page begins."""

    protocol_version = "HTTP/1.1"
    people = 0
    #: When the cursors end: with the last page, with an empty one after it, or before they begin.
    end = "prompt"

    def do_GET(self) -> None:
        asked = parse_qs(urlsplit(self.path).query, keep_blank_values=True)
        start, count = int(asked["cursor"][0] or 0), int(asked["count"][0])
        following = min(start + count, self.people)
        answer: dict[str, Any] = {"totalResults": self.people, "Resources": list(range(start, following))}
        goes_on = {"prompt": following < self.people, "late": start < following, "never": False}
        if goes_on[self.end]:
            answer["nextCursor"] = str(following)
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


@pytest.fixture
def paged(tmp_path: Path) -> Iterator[Paged]:
    """Give a function that serves so many people, with cursors that end in this way, and returns the server."""
    with ExitStack() as stack:

        def start(people: int, end: str) -> Running:
            handler = type("Pages", (_Pages,), {"people": people, "end": end})
            server = stack.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), handler))
            threading.Thread(target=server.serve_forever, daemon=True).start()
            stack.callback(server.shutdown)
            process = stack.enter_context(ServerProcess("pages", ["true"], server.server_port, {}, tmp_path))
            return Running("pages", process, 1, Audience("", "word", ["1"]))

        yield start


@pytest.mark.parametrize("end", ["prompt", "late"])
@pytest.mark.parametrize(("people", "last"), [(3300, "3200"), (3000, "2900"), (1001, "1000"), (300, "200")])
def test_the_cursor_of_the_last_page_is_found(paged: Paged, people: int, last: str, end: str) -> None:
    assert last_cursor(paged(people, end), 100) == last


@pytest.mark.parametrize("end", ["prompt", "late"])
def test_a_directory_of_one_page_begins_with_its_last(paged: Paged, end: str) -> None:
    assert last_cursor(paged(100, end), 100) == ""


def test_a_server_without_cursors_is_refused(paged: Paged) -> None:
    with pytest.raises(BenchError, match="no nextCursor"):
        last_cursor(paged(1100, "never"), 100)
