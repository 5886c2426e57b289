"""A far side with a tap on its wire: every request as it came, past everything that Rollcall says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import requests
from werkzeug.wrappers import Request, Response

from app.simulation import serve
from tests.provisioning.far import Far, is_write


class Tapped:
    """A far side behind a proxy that keeps every request as it came: method, address, content type, body."""

    def __init__(self, far: Far) -> None:
        self._far = far
        self._origin, self._base = _parts(far.url)
        self._session = requests.Session()
        self._session.trust_env = False
        self._server = serve(self._forward)
        self.url = self._server.url + self._base
        self.received: list[tuple[str, str, str | None, bytes]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._far, name)

    def _forward(self, environ: Any, start_response: Any) -> Any:
        request, address = Request(environ), environ["REQUEST_URI"]
        self.received.append((request.method, address, request.content_type, request.get_data()))
        headers = {name: value for name, value in request.headers.items() if name != "Host"}
        answer = self._session.request(
            request.method, self._origin + address, data=request.get_data(), headers=headers, timeout=10
        )
        kind = answer.headers.get("Content-Type", "application/json")
        return Response(answer.content, answer.status_code, content_type=kind)(environ, start_response)

    def writes(self) -> list[tuple[str, str, str | None, bytes]]:
        return [each for each in self.received if is_write(each[0], each[1])]

    def in_wire_form(self, shown: Mapping[str, Any]) -> tuple[str, str, str | None, bytes]:
        """A request of a plan as it has to come in."""
        query = "?" + urlencode(shown["query"], quote_via=quote) if shown["query"] else ""
        kind = {name.lower(): value for name, value in shown["headers"]}.get("content-type")
        body = (shown["body"] or "").encode()
        return shown["method"], self._base + shown["path"] + query, kind, body

    def close(self) -> None:
        self._server.stop()
        self._session.close()


def _parts(url: str) -> tuple[str, str]:
    split = urlsplit(url)
    return f"{split.scheme}://{split.netloc}", split.path
