"""How a browser reaches the console: over https, or over plain http on the machine itself, or not at all.

A password and a session cookie must not travel readable. TLS ends in a proxy before Rollcall, so only the operator
can say that it is there: with ``ROLLCALL_PUBLIC_URL``.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import Request

from app.config import Settings

#: What a proxy adds; with one of them, the browser may be anywhere although the connection comes from loopback.
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Via")


@dataclass(frozen=True, slots=True)
class Cookies:
    """The names of the console's cookies and whether they are for https only."""

    session: str
    form: str
    secure: bool


#: ``__Host-`` makes browsers insist on Secure, the path ``/`` and this very host (RFC 6265bis §4.1.3.2).
_HTTPS = Cookies("__Host-rollcall", "__Host-rollcall-form", secure=True)
_LOOPBACK = Cookies("rollcall", "rollcall-form", secure=False)


def is_https(settings: Settings) -> bool:
    """Return whether browsers reach this installation over https."""
    return settings.public_url.startswith("https://")


def cookies_of(settings: Settings) -> Cookies:
    """Return the cookies of this installation."""
    return _HTTPS if is_https(settings) else _LOOPBACK


def is_safe(settings: Settings, request: Request) -> bool:
    """Return whether a password may be typed into a page that came this way.

    An operator who sets ``ROLLCALL_PUBLIC_URL=http://localhost:…`` (a container whose port is published on loopback)
    answers for the connection's other end; else that has to be loopback too.
    """
    if is_https(settings):
        return True
    came_through_proxy = any(name in request.headers for name in _FORWARDED)
    if came_through_proxy or not is_loopback(urlsplit(f"//{request.host}").hostname):
        return False
    return is_loopback(urlsplit(settings.public_url).hostname) or is_loopback(request.remote_addr)


def is_loopback(host: str | None) -> bool:
    """Return whether a host name or address means this machine.

    >>> [is_loopback(host) for host in ("localhost", "127.0.0.2", "::1", "10.0.0.1", "localhost.example.com", None)]
    [True, True, True, False, False, False]
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False
