"""Who is asking: what every request to the console passes before its page is made."""

from __future__ import annotations

from typing import cast

from flask import Response, current_app, g, redirect, render_template, request, url_for
from flask_wtf.csrf import CSRFProtect
from werkzeug.wrappers import Response as AnyResponse

from app.access import admins
from app.access.admins import Admin
from app.config import Settings
from app.database import reading
from app.web.console.blueprint import blueprint
from app.web.console.transport import Cookies, cookies_of, is_safe

csrf = CSRFProtect()
#: Bytes; the console's forms are small, and it takes no files yet.
LARGEST_FORM = 64 * 1024
_STATIC = "console.static"
#: Pages that nobody has to be signed in for.
_OPEN = frozenset({_STATIC, "console.sign_in"})
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
def limit_body() -> None:
    """Let nobody send more than a form; a larger body is answered with 413 before it is read."""
    request.max_content_length = LARGEST_FORM


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
def require_sign_in() -> Response | AnyResponse | None:
    """Send whoever is not signed in to the sign-in page, and who has a one-time password to choose another."""
    if request.endpoint in _OPEN:
        return None
    value = session_value()
    admin = None
    if value:
        with reading() as connection:
            admin = admins.admin_of_session(connection, value)
    if admin is None:
        return redirect(url_for("console.sign_in"), 303)
    if admin.must_change_password and request.endpoint not in _BEFORE_PASSWORD:
        return redirect(url_for("console.choose_password"), 303)
    g.console_admin = admin
    return None
