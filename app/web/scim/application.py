"""``/scim/v2`` as a WSGI application: who asks, which route, and every failure as a SCIM Error."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import structlog
from flask import Flask
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.routing import Rule

from app.access.inbound import InboundLog
from app.access.rates import RateLimiter, budget
from app.access.tokens import Authenticator, Principal
from app.config import Settings
from app.web.scim.exchange import CONTENT_TYPE, Answer, Exchange, error_answer
from app.web.scim.routes import ROUTES, found
from scim.errors import (
    Forbidden,
    InternalError,
    NotFound,
    ScimError,
    TooManyRequests,
    Unauthorized,
    Unavailable,
)

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

log = structlog.get_logger(__name__)

PREFIXES = ("/scim/v2", "/t/<tenant_slug>/scim/v2")
#: Answers are for programs: no browser is to do anything with them.
_HEADERS = (
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("X-Content-Type-Options", "nosniff"),
)
#: A year (RFC 6797); only over https does a browser heed it.
_STRICT_TRANSPORT = (("Strict-Transport-Security", "max-age=31536000"),)


def is_scim_path(path: str) -> bool:
    """True for the paths on which every answer is a SCIM one."""
    if path.startswith("/scim"):
        return True
    parts = path.split("/", 4)
    return len(parts) > 3 and parts[1] == "t" and parts[3] == "scim"


class ScimApplication:
    """The SCIM API of one composed application."""

    def __init__(self, app: Flask) -> None:
        settings: Settings = app.extensions["rollcall.settings"]
        self._app = app
        self._settings, self._public_url = settings, settings.public_url
        self._authenticator: Authenticator = app.extensions["rollcall.authenticator"]
        self._rates: RateLimiter = app.extensions["rollcall.rates"]
        self._inbound: InboundLog = app.extensions["rollcall.inbound"]
        is_https = (settings.public_url or "").startswith("https:")
        self._headers = [*_HEADERS, *(_STRICT_TRANSPORT if is_https else ())]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        with self._app.app_context():
            answer = self._answer(environ)
        headers = [
            ("Content-Length", str(len(answer.body))),
            *answer.headers.items(),
            *self._headers,
        ]
        if answer.body:
            headers.append(("Content-Type", CONTENT_TYPE))
        start_response(answer.line, headers)
        return (b"",) if environ["REQUEST_METHOD"] == "HEAD" else (answer.body,)

    def _answer(self, environ: WSGIEnvironment) -> Answer:
        exchange: Exchange | None = None
        try:
            exchange = self._exchange(environ)
            route, values = found(exchange.method, exchange.path)
            if route.scope is not None:
                self._admit(exchange, route.scope)
            answer = route.view(exchange, *values)
            if exchange.dropped:
                self._note(exchange, answer.status, dropped=exchange.dropped)
            return answer
        except ScimError as error:
            if exchange is not None and exchange.is_known:
                self._note(exchange, error.status, error=error)
            return error_answer(error)
        except (OperationalError, PoolTimeout) as error:
            cause = str(getattr(error, "orig", error))
            log.warning("the database does not answer", path=environ["PATH_INFO"], error=cause)
            return error_answer(_unavailable(cause))
        except Exception as error:  # noqa: BLE001  the one edge where a defect becomes an answer
            return self._failed(environ, error)

    def _failed(self, environ: WSGIEnvironment, error: Exception) -> Answer:
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            return error_answer(Unavailable("The directory is restarting; try again in a moment.", 1))
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        log.error("a request failed", path=path, method=method, exc_info=error)
        return error_answer(
            InternalError("This request met a defect of Rollcall; the server's log has its trace.")
        )

    def _exchange(self, environ: WSGIEnvironment) -> Exchange:
        path: str = environ["PATH_INFO"]
        if not path.isascii():
            path = path.encode("latin-1").decode("utf-8", "replace")
        slug, prefix, tail = None, path[:8], path[8:]
        if path.startswith("/t/"):
            slug, _, rest = path[3:].partition("/")
            prefix, tail = "/" + rest[:7], rest[7:]
        if prefix != "/scim/v2" or tail[:1] not in ("", "/") or "\0" in path:
            raise NotFound("There is no such endpoint here; the SCIM API starts at /scim/v2.")
        return Exchange(environ, environ["REQUEST_METHOD"], tail, self._base_url(environ, slug), slug)

    def _base_url(self, environ: WSGIEnvironment, slug: str | None) -> str:
        """Return the address of the API for this request; a Host header is believed on loopback only."""
        path = "/scim/v2" if slug is None else f"/t/{slug}/scim/v2"
        if self._public_url:
            return self._public_url + path
        host = environ.get("HTTP_HOST", "")
        return _local_address(environ["wsgi.url_scheme"], host, environ.get("SERVER_PORT", "80")) + path

    def _admit(self, exchange: Exchange, scope: str) -> None:
        """Find out who asks, and whether they may; raises ``Unauthorized``, ``Forbidden`` or ``TooManyRequests``."""
        scheme, _, text = (exchange.header("AUTHORIZATION") or "").partition(" ")
        if scheme.lower() != "bearer" or not text:
            raise Unauthorized(
                "This request carries no bearer token; send Authorization: Bearer with a token of this tenant."
            )
        principal = self._authenticator.principal(text.strip())
        slug = exchange.tenant_slug
        if principal is None or (slug is not None and principal.tenant_slug != slug):
            raise Unauthorized(
                "The bearer token is unknown, expired or revoked; ask an admin of Rollcall for a new one."
            )
        self._limit(principal)
        exchange.principal = principal
        if not principal.may(scope):
            raise Forbidden(f"The token of client {principal.client_name!r} lacks the scope {scope}.")

    def _limit(self, principal: Principal) -> None:
        rate, burst = budget(self._settings, principal.settings)
        wait = self._rates.take(principal.tenant_id, principal.rate_key, rate, burst)
        if wait > 0:
            raise TooManyRequests(
                f"This token may send {rate} requests a second; wait and repeat the request.",
                max(1, math.ceil(wait)),
            )

    def _note(
        self,
        exchange: Exchange,
        status: int,
        *,
        error: ScimError | None = None,
        dropped: tuple[str, ...] = (),
    ) -> None:
        """Remember what was left out of a client's request, or why it was refused, for its admin to see."""
        self._inbound.note(
            exchange.principal,
            method=exchange.method,
            path=exchange.path,
            status=status,
            error=error,
            dropped=dropped,
        )


def _unavailable(cause: str) -> Unavailable:
    """Return the error of a database that refuses; of a full disk SQLite and PostgreSQL have words of their own."""
    if "disk is full" in cause or "No space left" in cause:
        return Unavailable(
            "The directory's disk is full: nothing was stored. Its operator must make room.", 60
        )
    return Unavailable("The directory is busy or restarting; try again in a moment.", 1)


@lru_cache(maxsize=64)
def _local_address(scheme: str, host: str, port: str) -> str:
    try:
        is_loopback = (urlsplit("//" + host).hostname or "") in {"localhost", "127.0.0.1", "::1"}
    except ValueError:
        is_loopback = False
    return f"{scheme}://{host if is_loopback else f'localhost:{port}'}"


def mount(app: Flask) -> None:
    """Let the SCIM API answer its paths before Flask sees them, and list its routes in Flask's map."""
    api, pages = ScimApplication(app), app.wsgi_app

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        chosen = api if is_scim_path(environ["PATH_INFO"]) else pages
        return chosen(environ, start_response)

    app.wsgi_app = serve  # type: ignore[method-assign]
    for prefix in PREFIXES:
        for rule, methods in ROUTES.items():
            for method, route in methods.items():
                app.url_map.add(
                    Rule(prefix + rule, endpoint=f"scim.{route.name}", methods=[method], build_only=True)
                )
