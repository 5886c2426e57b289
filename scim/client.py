"""A SCIM 2.0 client (RFC 7644) over a session that is passed in; request bodies are bytes built beforehand.

Bodies are built by pure functions (`resource_body`, `patch_body`) because plans store the exact bytes
and sending a plan must send them unchanged. The error family is in `scim.client_errors`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Protocol
from urllib.parse import quote

from scim.client_errors import (
    AnswerUnusable,
    ClientError,
    CredentialsRefused,
    IncompleteListing,
    RateLimited,
    RequestRefused,
    ResourceConflict,
    ResourceMissing,
    ServerFailed,
    VersionConflict,
    error_of,
    read_json,
)

__all__ = [
    "Answer",
    "AnswerUnusable",
    "ClientError",
    "CredentialsRefused",
    "IncompleteListing",
    "RateLimited",
    "RequestRefused",
    "ResourceConflict",
    "ResourceMissing",
    "Response",
    "ScimClient",
    "ServerFailed",
    "Session",
    "VersionConflict",
    "equals",
    "patch_body",
    "resource_body",
]

CONTENT_TYPE: Final = "application/scim+json"
PATCH_SCHEMA: Final = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
_MOST_PAGES: Final = 10_000
_MOST_RESOURCES: Final = 500_000

Document = dict[str, Any]


class Response(Protocol):
    """What a session answers with: the part of `requests.Response` that is used here."""

    @property
    def status_code(self) -> int:
        """The HTTP status."""

    @property
    def content(self) -> bytes:
        """The whole body, decompressed."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers; look-ups ignore case."""


class Session(Protocol):
    """What sends requests: the part of `requests.Session` that is used here."""

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        allow_redirects: bool = True,
    ) -> Response:
        """Send one request and return its answer, whatever the status."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a write: the status, the resource (None without a body) and its version (ETag or
    `meta.version`)."""

    status: int
    resource: Document | None
    version: str | None


def resource_body(document: Mapping[str, Any]) -> bytes:
    """Return a resource as the bytes of a POST or PUT body: compact JSON in the document's own order,
    UTF-8."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def patch_body(operations: Sequence[Mapping[str, Any]]) -> bytes:
    """Return PATCH operations as the bytes of a PATCH body (RFC 7644 §3.5.2).

    >>> patch_body([{"op": "replace", "path": "active", "value": False}])[-72:]
    b'PatchOp"],"Operations":[{"op":"replace","path":"active","value":false}]}'
    """
    return resource_body({"schemas": [PATCH_SCHEMA], "Operations": [dict(each) for each in operations]})


def equals(path: str, value: str) -> str:
    """Return the filter that compares an attribute with a string, quoted as JSON.

    >>> equals("userName", 'o"neil')
    'userName eq "o\\\\"neil"'
    """
    return f"{path} eq {json.dumps(value, ensure_ascii=False)}"


def _utcnow() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class ScimClient:
    """Calls one service provider's users.

    `base_url` is the address that `/Users` is appended to, `headers` go with every request (credentials,
    profile headers), `content_type` labels request bodies. Every method raises ClientError or what the
    session raises; redirects are never followed, since a POST would arrive as a GET.
    """

    session: Session
    base_url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    content_type: str = CONTENT_TYPE
    endpoint: str = "/Users"
    now: Callable[[], datetime] = field(default=_utcnow, repr=False)

    def service_provider_config(self) -> Document:
        """Return the service provider's /ServiceProviderConfig (RFC 7643 §5)."""
        return self._object(self._call("GET", "/ServiceProviderConfig"))

    def find(self, filter: str, *, page_size: int = 100, most_pages: int = 100) -> list[Document]:
        """Return all users that the service provider gives for a filter.

        Some ignore filters and give everybody: compare what comes back. Raises IncompleteListing as
        `list_users` does.
        """
        return list(self.list_users(page_size=page_size, filter=filter, most_pages=most_pages))

    def list_users(
        self, *, page_size: int = 100, filter: str | None = None, most_pages: int = _MOST_PAGES
    ) -> Iterator[Document]:
        """Yield every user once, page by page (RFC 7644 §3.4.2.4).

        Servers that give fewer per page than asked for are followed by what they gave. Raises
        IncompleteListing, at the end or as soon as it is seen, when pages repeat, stop early, shrink
        or do not add up to `totalResults`; until the iterator ends, nobody may be taken as missing.
        """
        params = {"filter": filter} if filter is not None else {}
        listing = _Listing(page_size)
        for _ in range(most_pages):
            page_params = {**params, "startIndex": str(listing.next_index), "count": str(page_size)}
            yield from listing.add(self._object(self._call("GET", self.endpoint, params=page_params)))
            if listing.is_over:
                return
        raise listing.failure(f"did not end within {most_pages} pages")

    def get(self, id: str) -> Document:
        """Return one user; raises ResourceMissing when there is none with this id."""
        return self._object(self._call("GET", self._address(id)))

    def create(self, body: bytes) -> Answer:
        """Send a POST; the answer's resource always has an id, else AnswerUnusable is raised."""
        answer = self._written(self._call("POST", self.endpoint, body=body))
        if answer.resource is None or not _is_id(answer.resource.get("id")):
            raise AnswerUnusable("The answer to a create names no id.", status=answer.status)
        return answer

    def patch(self, id: str, body: bytes, *, if_match: str | None = None) -> Answer:
        """Send a PATCH; the answer's resource is None on 204."""
        return self._written(self._call("PATCH", self._address(id), body=body, if_match=if_match))

    def replace(self, id: str, body: bytes, *, if_match: str | None = None) -> Answer:
        """Send a PUT; the answer's resource is None on 204."""
        return self._written(self._call("PUT", self._address(id), body=body, if_match=if_match))

    def _address(self, id: str) -> str:
        if not _is_id(id):
            raise ResourceMissing(f"{id[:50]!r} cannot be the id of a resource.")
        return f"{self.endpoint}/{quote(id, safe='')}"

    def _call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        if_match: str | None = None,
    ) -> Response:
        headers = {"Accept": f"{CONTENT_TYPE}, application/json", **self.headers}
        if body is not None:
            headers["Content-Type"] = self.content_type
        if if_match is not None:
            headers["If-Match"] = if_match
        url = self.base_url.rstrip("/") + path
        response = self.session.request(
            method, url, params=params, data=body, headers=headers, allow_redirects=False
        )
        if not 200 <= response.status_code < 300:
            raise error_of(response.status_code, response.headers, response.content, self.now())
        return response

    def _written(self, response: Response) -> Answer:
        resource = self._object(response) if response.content.strip() else None
        meta = resource.get("meta") if resource else None
        version = response.headers.get("ETag") or (meta.get("version") if isinstance(meta, dict) else None)
        return Answer(response.status_code, resource, version if isinstance(version, str) else None)

    def _object(self, response: Response) -> Document:
        # The label is not trusted in either direction: HTML comes as 200, and SCIM as text/html.
        status = response.status_code
        try:
            document = read_json(response.content)
        except ValueError:
            label = response.headers.get("Content-Type") or "no content type"
            raise AnswerUnusable(
                f"HTTP {status} whose body is not JSON ({label[:100]}).", status=status
            ) from None
        if not isinstance(document, dict):
            raise AnswerUnusable(f"HTTP {status} whose body is not a JSON object.", status=status)
        return document


class _Listing:
    """What has been read of a list, and whether it is whole."""

    def __init__(self, page_size: int) -> None:
        self.next_index = 1
        self.is_over = False
        self._page_size = page_size
        self._ids: set[str] = set()
        self._announced: int | None = None
        self._is_total_believed = True

    def add(self, page: Document) -> list[Document]:
        """Take the next page; return its resources that were not seen before."""
        resources = _resources(page)
        fresh = {each["id"]: each for each in resources if each["id"] not in self._ids}
        if resources and not fresh:
            if len(self._ids) != self._announced:
                raise self.failure("gave a page again that it had given before")
            resources = []
        self._note_total(page.get("totalResults"))
        self._ids.update(fresh)
        self.next_index += len(resources)
        self.is_over = self._ends_with(resources)
        return list(fresh.values())

    def failure(self, what: str) -> IncompleteListing:
        """Return the error that says what the service provider did, and how far the reading came."""
        announced = "no total" if self._announced is None else f"totalResults {self._announced}"
        detail = (
            f"The service provider {what}: {len(self._ids)} users read, {announced}. Read the list again."
        )
        return IncompleteListing(detail, read=len(self._ids), announced=self._announced)

    def _note_total(self, total: Any) -> None:
        announced = total if isinstance(total, int) and not isinstance(total, bool) and total >= 0 else None
        before, self._announced = self._announced, announced
        is_lowered = before is not None and announced is not None and announced < before
        if self._is_total_believed and is_lowered and len(self._ids) < (before or 0):
            # Whoever followed a removed resource has moved to a page that was read already.
            raise self.failure(f"lowered totalResults from {before} while it was read")

    def _ends_with(self, resources: list[Document]) -> bool:
        read = len(self._ids)
        if read > _MOST_RESOURCES:
            raise self.failure(f"gave more than {_MOST_RESOURCES} resources")
        total = self._announced if self._is_total_believed else None
        if not resources:
            if total is not None and read < total:
                raise self.failure("stopped giving users before the end")
            return True
        if total is None or self.next_index <= total:
            return False
        if read < total:
            raise self.failure("gave some users twice and others not at all")
        # Some servers put the page's length where the list's belongs. More than the total proves it; one
        # full page that claims to be everything needs one more request to tell.
        self._is_total_believed = read == total
        return self._is_total_believed and not len(resources) == read == self._page_size


def _resources(page: Document) -> list[Document]:
    resources = page.get("Resources") or []
    if not isinstance(resources, list) or not ("Resources" in page or "totalResults" in page):
        raise AnswerUnusable("The answer to a list is not a ListResponse.", status=200)
    for each in resources:
        if not isinstance(each, dict) or not _is_id(each.get("id")):
            raise AnswerUnusable("A list holds a resource without a usable id.", status=200)
    return resources


def _is_id(value: Any) -> bool:
    # "." and ".." would climb out of the endpoint: URL normalisation knows no escape for them.
    return isinstance(value, str) and value not in ("", ".", "..")
