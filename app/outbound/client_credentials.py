"""Bearer tokens for OAuth 2.0 client credentials (RFC 6749 §4.4), kept for the whole process.

Servers throttle, or lock out, a client that fetches a token for every run; all runs of a process share one.
"""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from app.outbound.addresses import check_url
from app.outbound.answers import Response
from app.outbound.errors import BadStatus, NotJson, OutboundError
from app.outbound.session import OutboundSession

#: Seconds before its end at which a token is renewed, at most a tenth of its life.
RENEW_BEFORE = 300.0
#: Seconds that a token is used whose life its server does not tell (``expires_in`` is only recommended, §5.1).
UNTOLD_LIFE = 600.0
_ERROR_CODE = re.compile(r"[a-z_]{1,40}")
Pairs = Iterable[tuple[str, str]]
OpenSession = Callable[..., OutboundSession]


class CredentialsRefused(OutboundError):
    """The token server does not take the client id and secret (RFC 6749 §5.2)."""

    code = "credentials_refused"


@dataclass(slots=True)
class _Held:
    """The token of one client, and the lock under which it is fetched."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    token: str = ""
    renew_at: float = 0.0


class TokenCache:
    """Tokens by token address, client and secret; safe to use from many threads. `clock` counts seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._held: dict[str, _Held] = {}

    def get(self, key: str, fetch: Callable[[], tuple[str, float]]) -> tuple[str, bool]:
        """Return the token of a key, and whether it is new; `fetch` gives one and the seconds that it lives.

        However many threads ask at once, one of them fetches. Raises what `fetch` raises, and keeps nothing then.
        """
        with self._lock:
            held = self._held.setdefault(key, _Held())
        with held.lock:
            if held.token and self._clock() < held.renew_at:
                return held.token, False
            asked_at = self._clock()
            held.token = ""
            held.token, life = fetch()
            held.renew_at = asked_at + life - min(RENEW_BEFORE, life / 10)
            return held.token, True

    def forget(self, key: str, token: str) -> None:
        """Drop a token that was refused, unless another one stands there by now."""
        with self._lock:
            held = self._held.get(key)
        if held is None:
            return
        with held.lock:
            if held.token == token:
                held.token = ""

    def clear(self) -> None:
        """Drop all tokens: another server may stand at an address by now."""
        with self._lock:
            self._held.clear()


#: The tokens of this process.
TOKENS = TokenCache()


@dataclass(frozen=True)
class ClientCredentials:
    """What one client proves itself with at one token address.

    `audience` and `scope` are sent where they are not empty. The secret goes in the form (RFC 6749 §2.3.1).
    """

    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    audience: str = ""
    scope: str = ""
    cache: TokenCache = field(default=TOKENS, repr=False, compare=False)

    def token(self, open_session: OpenSession) -> str:
        """Return a token that is good for some time. Raises as :meth:`fetched`."""
        return self.fetched(open_session)[0]

    def fetched(self, open_session: OpenSession) -> tuple[str, bool]:
        """Return a token that is good for some time, and whether it was fetched just now.

        `open_session` gives a guarded session for a base URL, as ``SourceContext.open_session`` does.

        :raises CredentialsRefused: the server does not take the client id and secret.
        :raises OutboundError: it cannot be reached, or does not answer with a bearer token.
        """
        return self.cache.get(self._key(), lambda: self._fetch(open_session))

    def forget(self, token: str) -> None:
        """Drop this token, which an API has refused: the next one is fetched anew."""
        self.cache.forget(self._key(), token)

    def _key(self) -> str:
        parts = (self.token_url, self.client_id, self.client_secret, self.audience, self.scope)
        return hashlib.sha256("\x00".join(parts).encode()).hexdigest()

    def _fetch(self, open_session: OpenSession) -> tuple[str, float]:
        parts = check_url(self.token_url)
        form = {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "audience": self.audience,
            "scope": self.scope,
        }
        query = f"?{parts.query}" if parts.query else ""
        with open_session(f"{parts.scheme}://{parts.netloc}", secrets=(self.client_secret,)) as session:
            response = session.call(
                "POST",
                (parts.path or "/") + query,
                body=urlencode({name: value for name, value in form.items() if value}).encode(),
                headers=(
                    ("Accept", "application/json"),
                    ("Content-Type", "application/x-www-form-urlencoded"),
                ),
            )
        if not response.ok:
            raise _refusal(response)
        return _read(response)


class BearerSession:
    """Calls one base URL with the bearer token of client credentials; thread-safe.

    Each call has a token that is still good, however long the session lives. An API that refuses a kept token (401)
    is called once more with a new one.
    """

    def __init__(self, credentials: ClientCredentials, base_url: str, open_session: OpenSession) -> None:
        self._credentials = credentials
        self._base_url = base_url
        self._open_session = open_session
        self._lock = threading.Lock()
        self._open: tuple[str, OutboundSession] | None = None

    def call(
        self, method: str, path: str, *, query: Pairs = (), body: bytes | None = None, headers: Pairs = ()
    ) -> Response:
        """Return the complete answer, whatever its status. Raises as ``OutboundSession.call`` and `fetched`."""
        query, headers = tuple(query), tuple(headers)
        token, is_new = self._credentials.fetched(self._open_session)
        response = self._session(token).call(method, path, query=query, body=body, headers=headers)
        if response.status != 401:
            return response
        self._credentials.forget(token)
        if is_new:
            return response
        token = self._credentials.token(self._open_session)
        return self._session(token).call(method, path, query=query, body=body, headers=headers)

    def _session(self, token: str) -> OutboundSession:
        """Return the session of a token: one of its own, which hides that token wherever it comes back."""
        with self._lock:
            if self._open is None or self._open[0] != token:
                session = self._open_session(
                    self._base_url, headers={"Authorization": f"Bearer {token}"}, secrets=(token,)
                )
                self._open = (token, session)
            return self._open[1]


def _refusal(response: Response) -> OutboundError:
    """Return why no token came. Only the error's code is repeated, never its text."""
    told = _error_code(response)
    place = f"status {response.status}" + (f", {told}" if told else "")
    if response.status in (400, 401, 403):
        error: OutboundError = CredentialsRefused(
            f"The token address does not take the client id and secret ({place}).", status=response.status
        )
    else:
        error = BadStatus(
            f"The token address gave no token ({place}).",
            status=response.status,
            retryable=response.status == 429 or response.status >= 500,
            retry_after=response.retry_after,
        )
    error.exchange = response.exchange
    return error


def _error_code(response: Response) -> str:
    try:
        answer: Any = response.json()
    except NotJson:
        return ""
    told = answer.get("error") if isinstance(answer, dict) else None
    return told if isinstance(told, str) and _ERROR_CODE.fullmatch(told) else ""


def _read(response: Response) -> tuple[str, float]:
    """Return the token of a successful answer and the seconds that it lives. Raises `NotJson`."""
    answer: Any = response.json()
    token = answer.get("access_token") if isinstance(answer, dict) else None
    kind = str(answer.get("token_type") or "bearer") if isinstance(answer, dict) else ""
    if not isinstance(token, str) or not _is_token(token) or kind.lower() != "bearer":
        error = NotJson("The token address answered without a bearer token.", status=response.status)
        error.exchange = response.exchange
        raise error
    return token, _life(answer.get("expires_in"))


def _is_token(text: str) -> bool:
    """Return whether it can stand in a header (RFC 6750 §2.1 allows less; servers do not keep to it)."""
    return bool(text) and text.isascii() and text.isprintable() and " " not in text


def _life(told: Any) -> float:
    """Return the seconds of ``expires_in``, which some servers write as text.

    >>> _life(86400), _life("3600"), _life(None), _life("soon")
    (86400.0, 3600.0, 600.0, 600.0)
    """
    try:
        seconds = float(told)
    except (TypeError, ValueError):
        return UNTOLD_LIFE
    return seconds if 0 < seconds < 1e9 else UNTOLD_LIFE
