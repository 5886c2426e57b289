"""The headers of every answer but the SCIM API's, so that a browser does nothing with it that it need not do."""

from __future__ import annotations

from flask import Response

from app.web.console.blueprint import blueprint
from app.web.console.sessions import settings
from app.web.transport import is_https

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
#: A year (RFC 6797); only over https does a browser heed it.
STRICT_TRANSPORT = "max-age=31536000"


@blueprint.after_app_request
def add_headers(response: Response) -> Response:
    """Return the response with the security headers; what is not a static file is kept by no cache."""
    for name, value in HEADERS.items():
        response.headers[name] = value
    if is_https(settings()):
        response.headers["Strict-Transport-Security"] = STRICT_TRANSPORT
    response.headers.setdefault("Cache-Control", "no-store")
    return response
