"""The console: sign-in and the pages that admins see. ``init_console`` joins it to the application."""

from __future__ import annotations

from flask import Flask
from flask_bootstrap import Bootstrap5

from app.web.console import headers, password, problems, sessions, sign_in, start, wording
from app.web.console.blueprint import blueprint
from app.web.console.transport import cookies_of

_bootstrap = Bootstrap5()
#: The routes come from ``sign_in``, ``password`` and ``start``; these join the hooks that surround every page.
_HOOKS = (sessions, headers, problems, wording)


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
    _bootstrap.init_app(app)
    sessions.csrf.init_app(app)
    app.register_blueprint(blueprint)


__all__ = ["blueprint", "init_console", "password", "sign_in", "start"]
