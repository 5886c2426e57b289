"""The guarded transport: checked addresses, one deadline for the whole call, a bounded answer.

`GuardedAdapter` is a transport adapter for `requests`. What a call may do travels with the thread that makes
it (`Call`): the connection asks it which address to use, the socket asks it how much time and how many bytes
are left. That covers the name, TCP, TLS, a dripping header and a dripping body alike.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import DecodeError, HTTPError, IncompleteRead, NewConnectionError, ReadTimeoutError
from urllib3.util.ssl_ import create_urllib3_context

from app.outbound.addresses import AddressPolicy
from app.outbound.errors import (
    Broken,
    ConnectFailed,
    DeadlineExceeded,
    OutboundError,
    Redirected,
    TooLarge,
)

_CHUNK = 64 * 1024
_HEADER_ROOM = 256 * 1024
#: By how much of a call's time an operation may end sooner or later than the call.
_SLACK = 0.005


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one call: seconds and bytes (quality.md §3)."""

    connect_seconds: float = 5.0
    total_seconds: float = 30.0
    max_bytes: int = 4 * 1024 * 1024


@dataclass(slots=True)
class Call:
    """What the call in progress may still use, and how far it got."""

    policy: AddressPolicy
    limits: Limits
    deadline: float
    received: int = 0
    was_sent: bool = False
    failure: OutboundError | None = field(default=None)

    def remaining(self) -> float:
        """Seconds left. Raises TimeoutError when there are none."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the call's time is over")
        return left

    def fail(self, error: OutboundError) -> OutboundError:
        """Remember why the call fails: urllib3 wraps every OSError that passes through it."""
        self.failure = error
        return error

    def count(self, received: int) -> None:
        """Take note of bytes off the wire. Raises `TooLarge` past the limit."""
        self.received += received
        if self.received > self.limits.max_bytes + _HEADER_ROOM:
            raise self.fail(too_large(self.limits))


_current = threading.local()


def _call() -> Call:
    call = getattr(_current, "call", None)
    if not isinstance(call, Call):
        raise RuntimeError("a guarded connection was used outside of a guarded call")
    return call


class _Deadline(socket.socket):
    """A socket whose every operation, once it is open, ends with the call in progress.

    Its time is set anew only where it is off by more than `_SLACK`: each setting asks the system and lets go of the
    interpreter, and among busy threads a call then waits for its turn. urllib3 sets it twice a call.
    """

    is_open = False

    def settimeout(self, seconds: float | None) -> None:
        """Set the time of an operation, before the socket is open; after that the call's time counts."""
        if not self.is_open:
            super().settimeout(seconds)

    def bound(self) -> Call:
        """The call in progress, by whose end the next operation will have ended. Raises TimeoutError when it has."""
        call = _call()
        left = call.remaining()
        if abs((self.gettimeout() or 0.0) - left) > _SLACK * call.limits.total_seconds:
            super().settimeout(left)
        return call

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        call = self.bound()
        received = super().recv_into(*args, **kwargs)
        call.count(received)
        return received


class _DeadlineTls(_Deadline, ssl.SSLSocket):
    def send(self, *args: Any, **kwargs: Any) -> int:
        self.bound()
        return super().send(*args, **kwargs)


class _Guarded(HTTPConnection):
    """Connects to a checked address only; Host header, SNI and certificate check keep the name."""

    #: A `_Deadline` while there is a connection.
    sock: Any
    #: What of a request waits to be sent with the rest of it; None while no request is made.
    _held: list[bytes] | None = None

    def _new_conn(self) -> socket.socket:
        call = _call()
        try:
            addresses = call.policy.resolve(
                self._dns_host, self.port, min(call.limits.connect_seconds, call.remaining())
            )
        except OutboundError as error:
            raise call.fail(error) from error
        last: OSError = OSError("no address")
        for family, address in addresses:
            connection = _Deadline(family, socket.SOCK_STREAM)
            try:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection.settimeout(min(call.limits.connect_seconds, call.remaining()))
                connection.connect(address)
            except OSError as error:
                connection.close()
                last = error
            else:
                return connection
        raise NewConnectionError(self, f"{self.host}:{self.port}: {last}") from last

    def connect(self) -> None:
        """Open the socket; from here on its time is that of the calls."""
        super().connect()
        self.sock.is_open = True

    def request(self, *args: Any, **kwargs: Any) -> None:
        """Send a request, its head and a small body at once: two packets cost both sides twice the turns."""
        self._held = []
        try:
            super().request(*args, **kwargs)
        finally:
            held, self._held = self._held, None
        if held:
            self.send(b"".join(held))

    def send(self, data: Any) -> None:
        """Send, noting that from here on the other side may have acted."""
        held = self._held
        if held is not None and isinstance(data, bytes) and sum(map(len, held)) + len(data) <= _CHUNK:
            held.append(data)
            return
        if self.sock is None:
            self.connect()
        self.sock.bound().was_sent = True
        if held:
            super().send(b"".join(held))
            held.clear()
            self.sock.bound()
        super().send(data)


class _GuardedTls(_Guarded, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Guarded


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _GuardedTls


def _tls_context() -> ssl.SSLContext:
    context = create_urllib3_context()
    context.sslsocket_class = _DeadlineTls
    return context


class GuardedAdapter(HTTPAdapter):
    """Sends one request and reads its whole answer within the limits; never follows a redirect.

    `pool_size` connections are kept per host; more threads than that wait for one.
    """

    def __init__(self, policy: AddressPolicy, limits: Limits, pool_size: int) -> None:
        self.policy = policy
        self.limits = limits
        super().__init__(pool_connections=8, pool_maxsize=pool_size, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools out of guarded connections."""
        super().init_poolmanager(*args, ssl_context=_tls_context(), **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        """The pool key, always with our TLS context, whose sockets know the deadline."""
        host, tls = super().build_connection_pool_key_attributes(request, verify, cert)
        return host, {key: value for key, value in tls.items() if key != "ssl_context"}

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """The complete answer, its body decompressed. Raises the `OutboundError` family."""
        kwargs.update(
            stream=True,
            timeout=(self.limits.connect_seconds, self.limits.total_seconds),
            proxies=None,
        )
        with self._guarded() as call:
            response = super().send(request, **kwargs)
            response._content = _read(response.raw, call)
            response._content_consumed = True  # type: ignore[attr-defined]
        return response

    def pool_for(self, url: str, verify: bool | str) -> HTTPConnectionPool:
        """The connections to the origin of this URL, certificates checked as `requests` checks them."""
        pool = self.get_connection_with_tls_context(requests.Request("GET", url).prepare(), verify)
        self.cert_verify(pool, url, verify, None)
        assert isinstance(pool, HTTPConnectionPool)
        return pool

    def exchange(
        self,
        pool: HTTPConnectionPool,
        method: str,
        target: str,
        body: bytes | None,
        headers: Mapping[str, str],
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and decompressed body of the answer. Raises the `OutboundError` family.

        What `requests` does around a call (hooks, cookies, redirects, merging of settings) takes as long as the call
        itself; none of it is wanted for one that is complete already.
        """
        with self._guarded() as call:
            answer = pool.urlopen(
                method,
                target,
                body=body,
                headers=headers,
                redirect=False,
                retries=False,
                timeout=Timeout(self.limits.connect_seconds, self.limits.total_seconds),
                preload_content=False,
                decode_content=False,
            )
            return answer.status, answer.headers, _read(answer, call)

    @contextmanager
    def _guarded(self) -> Iterator[Call]:
        """Let this thread make one call; whatever breaks it becomes one of our errors."""
        call = Call(self.policy, self.limits, time.monotonic() + self.limits.total_seconds)
        _current.call = call
        try:
            yield call
        except OutboundError:
            raise
        except (requests.RequestException, HTTPError, OSError) as error:
            raise (call.failure or _translated(error, call)) from error
        finally:
            _current.call = None


def _read(raw: Any, call: Call) -> bytes:
    """The whole body, or an error; a connection that is not read to its end is closed."""
    finished = False
    try:
        if 300 <= raw.status < 400 and raw.status != 304:
            raise Redirected(
                f"The other side redirects (status {raw.status}). Give the final address instead.",
                status=raw.status,
            )
        content = bytearray()
        for chunk in raw.stream(_CHUNK, decode_content=True):
            content += chunk
            if len(content) > call.limits.max_bytes:
                raise too_large(call.limits, raw.status)
            call.remaining()
        finished = True
        return bytes(content)
    finally:
        if finished:
            raw.release_conn()
        else:
            raw.close()


def too_large(limits: Limits, status: int | None = None) -> TooLarge:
    """The error for an answer past the limit."""
    return TooLarge(f"The answer is larger than {limits.max_bytes // 1024} KiB.", status=status)


def _translated(error: Exception, call: Call) -> OutboundError:
    """The exception of requests, urllib3 or the system as one of ours."""
    chain = list(_causes(error))
    if not call.was_sent:
        return _connect_failure(error, chain, call)
    if any(isinstance(e, TimeoutError | ReadTimeoutError | requests.Timeout) for e in chain):
        return DeadlineExceeded(f"No complete answer within {call.limits.total_seconds:g} seconds.")
    if any(isinstance(e, DecodeError | requests.exceptions.ContentDecodingError) for e in chain):
        return Broken("The answer's compression is broken.", code="bad_encoding")
    if any(isinstance(e, IncompleteRead) for e in chain):
        return Broken("The connection ended in the middle of the answer.", code="incomplete_body")
    return Broken("The connection broke before the answer was complete.")


def _connect_failure(error: Exception, chain: list[BaseException], call: Call) -> OutboundError:
    if any(isinstance(e, TimeoutError) for e in chain):
        return ConnectFailed(
            f"No connection within {call.limits.connect_seconds:g} seconds.", code="connect_timeout"
        )
    tls = next((e for e in chain if isinstance(e, ssl.SSLError | ssl.CertificateError)), None)
    if tls is not None:
        reason = getattr(tls, "verify_message", "") or getattr(tls, "reason", "") or "handshake failed"
        return ConnectFailed(f"No secure connection: {reason}.", code="tls_failed")
    system = next(
        (e for e in chain if type(e) is not OSError and isinstance(e, OSError) and e.strerror), None
    )
    reason = system.strerror if isinstance(system, OSError) and system.strerror else "the connection failed"
    return ConnectFailed(f"No connection: {reason}.")


def _causes(error: BaseException) -> Any:
    """The exception and everything wrapped in it: as cause, context, argument or `reason`."""
    pending: list[object] = [error]
    seen: set[int] = set()
    while pending:
        current = pending.pop(0)
        if not isinstance(current, BaseException) or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        pending += [current.__cause__, current.__context__, getattr(current, "reason", None), *current.args]
