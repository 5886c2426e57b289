"""What every way into the console ends with: a session, its cookie, and the page that was wanted."""

from __future__ import annotations

from flask import flash, redirect, request, session, url_for
from werkzeug.wrappers import Response

from app.access import admins, tenants
from app.access.tenants import Tenant
from app.database import reading, writing
from app.errors import NotFoundError
from app.web.console.sessions import own_path, set_session_cookie

#: What stands in the header ``User-Agent`` → the browser and the system; the first that fits counts.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def tenant_called(slug: str) -> Tenant | None:
    """Return the tenant with this short name, or None; who is not signed in is not told which ones there are."""
    if not slug.isprintable():
        return None
    with reading() as connection:
        try:
            return tenants.named(connection, slug)
        except NotFoundError:
            return None


def place() -> str:
    """Return in words from where the browser asks: "Firefox on Linux, 192.0.2.7"."""
    return f"{browser_of(request.user_agent.string)}, {request.remote_addr or 'unknown address'}"


def browser_of(user_agent: str) -> str:
    """Return browser and system in words.

    >>> browser_of("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"), browser_of("curl/8")
    ('Firefox on Linux', 'Another program')
    """
    browser = next((name for mark, name in BROWSERS if mark in user_agent), None)
    system = next((name for mark, name in SYSTEMS if mark in user_agent), None)
    return f"{browser or 'Another program'}{f' on {system}' if system else ''}"


def close(value: str | None) -> None:
    """End the session of a cookie's value, if there is one."""
    if value:
        with writing() as connection:
            admins.close_session(connection, value)


def welcomed(value: str, wanted: str | None, greeting: str = "") -> Response:
    """Return the way to the wanted page with the cookie of a fresh session."""
    session.clear()  # a form made before the sign-in is not good after it
    if greeting:
        flash(greeting, "success")
    response = redirect(own_path(wanted, url_for("console.start")), 303)
    set_session_cookie(response, value)
    return response
