"""Requests with symbolic names for resources, and the answers of one server with its own names taken out."""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

CONTENT_TYPE = "application/scim+json"
#: ``{u1}`` stands for the id of the resource that the step named ``u1`` created, ``{base}`` for the server's address.
_NAME = re.compile(r"\{([ug]\d+)\}")
#: ``{version:u1}`` stands for its newest entity tag, ``{first:u1}`` for its first.
_TAG = re.compile(r"\{(version|first):([ug]\d+)\}")


@dataclass(frozen=True)
class Step:
    """One request. Path, query, headers and body may hold names; ``creates`` is the name that it gives away."""

    method: str
    path: str
    body: Any = None
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    creates: str | None = None
    #: A body that is not JSON.
    raw: str | None = None

    def __str__(self) -> str:
        query = "?" + "&".join(f"{name}={value}" for name, value in self.query) if self.query else ""
        headers = "".join(f"\n    {name}: {value}" for name, value in self.headers)
        text = self.raw if self.body is None else json.dumps(self.body, ensure_ascii=False)
        body = "" if text is None else f"\n    {text}"
        return f"{self.method} {self.path}{query}{headers}{body}"


def name_of(step: Step) -> str | None:
    """Return the name of the resource that a step makes or is about."""
    named = _NAME.search(step.path)
    return step.creates or (named[1] if named else None)


@dataclass(frozen=True)
class Answer:
    """What a server said, in symbolic names: ids, addresses, versions and instants are comparable."""

    status: int
    content_type: str | None
    #: The headers that SCIM gives a meaning; the rest is the server's own business.
    etag: str | None = None
    location: str | None = None
    body: Any = None


@dataclass
class Names:
    """What one server calls the resources of a sequence, and which versions of them it has shown."""

    base_url: str
    ids: dict[str, str] = field(default_factory=dict)
    versions: dict[str, list[str]] = field(default_factory=dict)
    #: Resource and version → what was shown of it.
    contents: dict[tuple[str, str], Any] = field(default_factory=dict)

    def given(self, text: str) -> str:
        """Return a text with names replaced by this server's ids and tags; a name of nothing by an unknown id."""
        text = _TAG.sub(lambda found: self._tag(*found.groups()), text.replace("{base}", self.base_url))
        return _NAME.sub(lambda found: self.ids.get(found[1], f"absent-{found[1]}"), text)

    def _tag(self, which: str, name: str) -> str:
        seen = self.versions.get(name) or ['W/"none"']
        return seen[0 if which == "first" else -1]

    def taken(self, text: str) -> str:
        """Return a text of the server with its ids and address replaced by names."""
        for name, identifier in self.ids.items():
            text = text.replace(identifier, f"{{{name}}}")
        return text.replace(self.base_url, "{base}")

    def ordinal(self, name: str, version: str) -> str:
        """Return a version as its place among those of the resource that this server has shown, from 1."""
        seen = self.versions.setdefault(name, [])
        if version not in seen:
            seen.append(version)
        return f"version {seen.index(version) + 1}"


def call(
    wsgi: Any, method: str, path: str, query: str, headers: dict[str, str], raw: bytes | None
) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers (lower-case names) and body of one request to a WSGI application, in this thread."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path.encode().decode("latin-1"),
        "QUERY_STRING": query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(raw or b""),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        **{"HTTP_" + name.upper().replace("-", "_"): value for name, value in headers.items()},
    }
    if raw is not None:
        environ |= {"CONTENT_LENGTH": str(len(raw)), "CONTENT_TYPE": CONTENT_TYPE}
    told: dict[str, Any] = {}

    def start_response(status: str, pairs: list[tuple[str, str]], _: Any = None) -> None:
        told.update(status=int(status.split()[0]), headers={name.lower(): value for name, value in pairs})

    answer = wsgi(environ, start_response)
    try:
        content = b"".join(answer)
    finally:
        if hasattr(answer, "close"):
            answer.close()
    return told["status"], told["headers"], content


class Server:
    """One of the two servers: sends steps and returns answers in symbolic names."""

    #: What the server is called in reports.
    title: str
    #: The path under which it serves SCIM, and headers of every request.
    prefix: str
    wsgi: Any

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Forget the sequence before."""
        self.names = Names("http://localhost" + self.prefix)
        self.credentials: dict[str, str] = {}

    def send(self, step: Step) -> Answer:
        """Return the answer to a step; a created resource is known by the step's name from then on."""
        query = "&".join(f"{name}={quote(self.names.given(value), safe='')}" for name, value in step.query)
        text = step.raw if step.body is None else json.dumps(step.body)
        raw = None if text is None else self.names.given(text).encode()
        headers = {name: self.names.given(value) for name, value in step.headers}
        status, told, content = call(
            self.wsgi,
            step.method,
            self.prefix + self.names.given(step.path),
            query,
            self.credentials | headers,
            raw,
        )
        if status == HTTPStatus.CREATED and step.creates:
            self.names.ids[step.creates] = json.loads(content)["id"]
        if step.path == "/Bulk" and status == HTTPStatus.OK:
            self._learn(json.loads(content)["Operations"])
        return self._answer(step, status, told, content)

    def _learn(self, operations: list[dict[str, Any]]) -> None:
        """Take the ids of what a bulk request has created; its bulkIds are names."""
        for each in operations:
            if each["method"] == "POST" and "location" in each:
                self.names.ids[each["bulkId"]] = each["location"].rpartition("/")[2]

    def _answer(self, step: Step, status: int, told: dict[str, str], content: bytes) -> Answer:
        body = json.loads(self.names.taken(content.decode())) if content else None
        location = self.names.taken(told["location"]) if status == HTTPStatus.CREATED else None
        etag = told.get("etag")
        name = name_of(step)
        if etag and name:
            etag = self.names.ordinal(name, etag)
        return Answer(status, told.get("content-type") if content else None, etag, location, body)
