"""The session that one connection to one other system uses."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import requests
from urllib3 import HTTPConnectionPool

from app import clock
from app.outbound.addresses import AddressPolicy, check_url, origin_of
from app.outbound.answers import Response
from app.outbound.errors import AddressRefused, BadStatus, OutboundError
from app.outbound.exchange import Exchange
from app.outbound.redaction import Redactor
from app.outbound.transport import GuardedAdapter, Limits

Pairs = Iterable[tuple[str, str]]


class OutboundSession(requests.Session):
    """Calls one base URL, guarded and recorded; may be shared by threads.

    `headers` and `query` go with every call and carry the credentials; their values, and `secrets`, never
    appear in records and messages. `observe` gets the `Exchange` of every call, in the calling thread, without bodies
    unless `keeps_bodies`. It is a `requests.Session`, so that the SCIM client can be given it: relative URLs belong to
    the base URL, absolute ones must have its origin. Nothing is taken from the environment, no cookie is kept, no
    redirect followed.
    """

    def __init__(
        self,
        base_url: str,
        *,
        headers: Mapping[str, str] | None = None,
        query: Pairs = (),
        secrets: Iterable[str] = (),
        policy: AddressPolicy | None = None,
        limits: Limits | None = None,
        pool_size: int = 10,
        observe: Callable[[Exchange], None] | None = None,
        keeps_bodies: bool = True,
    ) -> None:
        super().__init__()
        parts = check_url(base_url)
        self.base_url = base_url.partition("#")[0].partition("?")[0].rstrip("/")
        self._origin = origin_of(self.base_url)
        self._query = tuple(query)
        self._observe = observe
        self._keeps_bodies = keeps_bodies
        self._thread = threading.local()
        self._pool: HTTPConnectionPool | None = None
        self._redactor = Redactor(
            [*secrets, *_secrets_in(headers or {}), *(value for _, value in self._query)]
        )
        self.trust_env = False
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.headers.clear()
        self.headers.update({"User-Agent": "Rollcall", "Accept-Encoding": "gzip, deflate", "Accept": "*/*"})
        self.headers.update(headers or {})
        self.adapters.clear()
        self._guarded = GuardedAdapter(policy or AddressPolicy(), limits or Limits(), pool_size)
        self.mount(f"{parts.scheme.lower()}://", self._guarded)

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Pairs = (),
        body: bytes | None = None,
        headers: Pairs = (),
    ) -> Response:
        """The complete answer, whatever its status.

        `path` begins with `/` and is percent-encoded already; `body` leaves byte for byte. Raises the
        `OutboundError` family, each with its `exchange`.
        """
        url = _with_query(_with_query(self._absolute(path), query), self._query)
        own = dict(headers)
        named = {name.lower() for name in own}
        sent = {name: str(value) for name, value in self.headers.items() if name.lower() not in named} | own
        target = url[url.index("/", 8) :] if "/" in url[8:] else "/"
        with self.passage():
            started_at, start = clock.now(), time.monotonic()
            try:
                status, received, content = self._guarded.exchange(
                    self._connections(), method.upper(), target, body, sent
                )
            except OutboundError as error:
                error.exchange = self._record(method, url, body, started_at, start, error=error)
                raise
            exchange = self._record(method, url, body, started_at, start, status=status, content=content)
        return Response(status, received, content, exchange)

    def passage(self) -> AbstractContextManager[None]:
        """What every call goes through; a subclass may make it wait, or refuse it."""
        return nullcontext()

    def _connections(self) -> HTTPConnectionPool:
        if self._pool is None:
            self._pool = self._guarded.pool_for(self.base_url, True if self.verify is None else self.verify)
        return self._pool

    def get_json(self, path: str, params: Mapping[str, str] | Pairs = ()) -> Any:
        """The JSON that a GET is answered with. Raises `BadStatus` for no success, `NotJson`, …"""
        pairs = tuple(params.items()) if isinstance(params, Mapping) else tuple(params)
        response = self.call("GET", path, query=pairs, headers=(("Accept", "application/json"),))
        if not response.ok:
            error = BadStatus(
                f"GET {path} was answered with status {response.status}.",
                status=response.status,
                retryable=response.status == 429 or response.status >= 500,
                retry_after=response.retry_after,
            )
            error.exchange = response.exchange
            raise error
        return response.json()

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        """As `requests.Session.request`, within base URL and limits. Raises the `OutboundError` family."""
        target = self._absolute(url if isinstance(url, str) else url.decode())
        kwargs["allow_redirects"] = False
        kwargs.pop("stream", None)
        return super().request(method, _with_query(target, self._query), *args, **kwargs)

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send a prepared request and record the exchange. Raises the `OutboundError` family."""
        url = request.url or ""
        self._absolute(url)
        body = request.body.encode() if isinstance(request.body, str) else request.body
        sent = (request.method or "", url, body if isinstance(body, bytes) else None)
        with self.passage():
            started_at, start = clock.now(), time.monotonic()
            try:
                answer = super().send(request, **kwargs)
            except OutboundError as error:
                error.exchange = self._record(*sent, started_at, start, error=error)
                raise
            self._record(*sent, started_at, start, status=answer.status_code, content=answer.content)
        return answer

    @property
    def last_exchange(self) -> Exchange:
        """The record of the last call that the asking thread made. Raises LookupError before the first."""
        exchange = getattr(self._thread, "exchange", None)
        if not isinstance(exchange, Exchange):
            raise LookupError("this thread has made no call yet")
        return exchange

    def _absolute(self, url: str) -> str:
        """The URL within the base URL. Raises `AddressRefused` for another origin."""
        if url.startswith("/"):
            return self.base_url + url
        check_url(url)
        if origin_of(url) != self._origin:
            raise AddressRefused(
                f"A call to {origin_of(url)} was refused: this connection is for {self._origin} only.",
                code="other_host",
            )
        return url

    def _record(
        self,
        method: str,
        url: str,
        body: bytes | None,
        started_at: str,
        start: float,
        *,
        status: int | None = None,
        content: bytes | None = None,
        error: OutboundError | None = None,
    ) -> Exchange:
        parts = urlsplit(url)
        query = self._redactor.query(parts.query)
        exchange = Exchange(
            method=method,
            path=self._redactor.text(parts.path) + (f"?{query}" if query else ""),
            status=error.status if error else status,
            started_at=started_at,
            duration_ms=round((time.monotonic() - start) * 1000),
            request_body=self._redactor.body(body) if self._keeps_bodies else None,
            response_body=self._redactor.body(content) if self._keeps_bodies else None,
            error=error.code if error else None,
        )
        if error is not None:
            error.message = self._redactor.text(error.message)
            error.args = (error.message,)
        self._thread.exchange = exchange
        if self._observe is not None:
            self._observe(exchange)
        return exchange


def _with_query(url: str, query: Pairs) -> str:
    pairs = tuple(query)
    if not pairs:
        return url
    return url + ("&" if "?" in url else "?") + urlencode(pairs, quote_via=quote)


_PUBLIC_HEADERS = frozenset({"accept", "user-agent", "content-type", "accept-language"})


def _secrets_in(headers: Mapping[str, str]) -> Iterable[str]:
    """Header values that may be credentials, with and without the scheme word."""
    for name, value in headers.items():
        if name.lower() not in _PUBLIC_HEADERS:
            yield value
            yield value.rpartition(" ")[2]
