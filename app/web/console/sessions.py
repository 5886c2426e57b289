"""Who is asking: what every request to the console passes before its page is made."""

from __future__ import annotations

import re
from itertools import chain
from typing import cast

from flask import Response, current_app, g, redirect, render_template, request, url_for
from flask_wtf.csrf import CSRFProtect
from werkzeug.exceptions import BadRequest, Forbidden
from werkzeug.wrappers import Response as AnyResponse

from app.access import admins, roles
from app.access.admins import Admin
from app.config import Settings
from app.database import reading
from app.web.console.blueprint import blueprint
from app.web.transport import Cookies, cookies_of, is_safe
from scim.parse import UNSTORABLE

csrf = CSRFProtect()
#: Bytes; the console's forms are small.
LARGEST_FORM = 64 * 1024
#: Endpoint → bytes, for the pages that take files; rooms add theirs. Nobody but who is signed in may send so much.
LARGER_BODIES: dict[str, int] = {}
_STATIC = "console.static"
#: A browser reads a backslash as a slash, and drops line ends.
_UNFIT = re.compile(r"[\\\x00-\x1f]")
#: What is open to an admin who still has the one-time password.
_BEFORE_PASSWORD = frozenset({"console.choose_password", "console.sign_out"})


def settings() -> Settings:
    """Return the installation's settings."""
    return cast(Settings, current_app.extensions["rollcall.settings"])


def cookies() -> Cookies:
    """Return the names of the console's cookies."""
    return cookies_of(settings())


def session_value() -> str | None:
    """Return what the browser's session cookie carries, or None."""
    return request.cookies.get(cookies().session)


def current_admin() -> Admin:
    """Return who is signed in; only for pages behind the sign-in."""
    return cast(Admin, g.console_admin)


def set_session_cookie(response: AnyResponse, value: str) -> None:
    """Give the browser the session; it ends there when the server's session does."""
    response.set_cookie(
        cookies().session,
        value,
        max_age=admins.SESSION_HOURS * 3600,
        path="/",
        secure=cookies().secure,
        httponly=True,
        samesite="Lax",
    )


def drop_session_cookie(response: AnyResponse) -> None:
    """Take the session back from the browser."""
    response.delete_cookie(
        cookies().session, path="/", secure=cookies().secure, httponly=True, samesite="Lax"
    )


@blueprint.before_request
def refuse_unreadable_address() -> None:
    """Answer 400 to an address or a session cookie with something that is no text, before anything is looked up."""
    parts = [str(value) for value in (request.view_args or {}).values()]
    _require_text(*parts, *chain(*request.args.items(multi=True)), session_value() or "")


@blueprint.before_request
def limit_body() -> None:
    """Let nobody send more than a form; a larger body is answered with 413 before it is read."""
    larger = LARGER_BODIES.get(request.endpoint or "", LARGEST_FORM)
    value = session_value() if larger > LARGEST_FORM else None
    if value:
        with reading() as connection:
            value = value if admins.admin_of_session(connection, value) else None
    request.max_content_length = larger if value else LARGEST_FORM


@blueprint.before_request
def refuse_readable_transport() -> tuple[str, int] | None:
    """Answer 403 and say what to set when passwords would travel readable; nothing else is looked at then."""
    if request.endpoint == _STATIC or is_safe(settings(), request):
        return None
    return render_template("console/refused.html", public_url=settings().public_url), 403


@blueprint.before_request
def refuse_forged_forms() -> None:
    """Raise ``CSRFError`` (400) when a form was not made by this console for this browser."""
    csrf.protect()


@blueprint.before_request
def refuse_unreadable_forms() -> None:
    """Answer 400 to a form with something that is no text; the guard before has read it, within its limit."""
    if request.method == "POST":
        names = [file.filename or "" for file in request.files.values()]
        _require_text(*chain(*request.form.items(multi=True)), *names)


def _require_text(*found: str) -> None:
    if any(map(UNSTORABLE.search, found)):
        raise BadRequest


@blueprint.before_request
def require_sign_in() -> Response | AnyResponse | None:
    """Send whoever is not signed in to the sign-in page, and who has a one-time password to choose another.

    :raises Forbidden: when the page asks for a role that the admin has not.
    """
    role = blueprint.roles.get(request.endpoint or "", roles.OWNER)
    if request.endpoint == _STATIC or role is None:
        return None
    value = session_value()
    admin = None
    if value:
        with reading() as connection:
            admin = admins.admin_of_session(connection, value)
    if admin is None:
        return redirect(url_for("console.sign_in", next=_wanted_page()), 303)
    if admin.must_change_password and request.endpoint not in _BEFORE_PASSWORD:
        return redirect(url_for("console.choose_password"), 303)
    g.console_admin = admin
    if not roles.includes(admin.role, role):
        raise Forbidden(
            f"It asks for the role {roles.BY_NAME[role].label}; yours is {roles.BY_NAME[admin.role].label}."
        )
    return None


def _wanted_page() -> str | None:
    """Return the address of the page that was asked for, to go on there after the sign-in; None for the start page."""
    if request.method != "GET" or request.path == "/":
        return None
    return request.full_path.rstrip("?")


def own_path(text: str | None, otherwise: str) -> str:
    """Return an address of this console that a browser handed in, or ``otherwise`` for anything else.

    >>> own_path("/people?q=a", "/"), own_path("//elsewhere.example", "/"), own_path("https://elsewhere.example", "/")
    ('/people?q=a', '/', '/')
    """
    is_own = text and text.startswith("/") and not text.startswith("//") and not _UNFIT.search(text)
    return text if text and is_own else otherwise
