"""The console: sign-in and the pages that admins see. ``init_console`` joins it to the application."""

from __future__ import annotations

from flask import Flask
from flask_bootstrap import Bootstrap5

from app.web import converters
from app.web.console import (
    admins,
    appearance,
    approvals,
    auditing,
    connecting,
    deliveries,
    developer,
    headers,
    home,
    navigation,
    password,
    people,
    problems,
    runs,
    sessions,
    settings,
    sign_in,
    sources,
    targets,
    tokens,
    wording,
)
from app.web.console.blueprint import blueprint
from app.web.transport import cookies_of

_bootstrap = Bootstrap5()
#: What surrounds every page, and the rooms with the pages; importing a room puts its routes on the blueprint.
_HOOKS = (sessions, headers, problems, wording, navigation, appearance)
_ROOMS = (
    sign_in,
    password,
    admins,
    home,
    people,
    sources,
    connecting,
    runs,
    targets,
    deliveries,
    approvals,
    tokens,
    auditing,
    settings,
    developer,
)


def init_console(app: Flask) -> None:
    """Join the console: its pages, the CSRF guard of its forms, Bootstrap from this server, the headers.

    Flask's own session cookie carries nothing but the CSRF secret of one browser; who is signed in stands in
    the database (``app.access.admins``).
    """
    cookies = cookies_of(app.extensions["rollcall.settings"])
    app.config.update(
        BOOTSTRAP_SERVE_LOCAL=True,
        WTF_CSRF_CHECK_DEFAULT=False,  # bearer tokens need no CSRF guard; the console's hook asks for it
        WTF_CSRF_TIME_LIMIT=None,  # a page that stood open over lunch still works
        SESSION_COOKIE_NAME=cookies.form,
        SESSION_COOKIE_SECURE=cookies.secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
    )
    converters.join(app)
    _bootstrap.init_app(app)
    sessions.csrf.init_app(app)
    app.register_blueprint(blueprint)


__all__ = ["blueprint", "init_console"]
