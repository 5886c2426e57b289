"""Light, dark, or as the system says: a cookie, as it belongs to the screen and not to the person."""

from __future__ import annotations

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from app.access.roles import VIEWER
from app.web.console.blueprint import blueprint
from app.web.console.sessions import cookies, own_path

COOKIE, A_YEAR = "rollcall-theme", 365 * 86400


@blueprint.does("/appearance", VIEWER)
def choose_theme() -> Response:
    """Keep the chosen colours in this browser and go back to the page."""
    response = redirect(own_path(request.form.get("next"), url_for("console.start")), 303)
    chosen = request.form.get("theme")
    if chosen in ("light", "dark"):
        response.set_cookie(
            COOKIE, chosen, max_age=A_YEAR, secure=cookies().secure, httponly=True, samesite="Lax"
        )
    else:
        response.delete_cookie(COOKIE, secure=cookies().secure, httponly=True, samesite="Lax")
    return response
