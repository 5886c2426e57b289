"""Who calls the admin API, and whether they may: looked at before anything of the request is read."""

from __future__ import annotations

import math

from flask import Response, current_app, g, request

from app.access.rates import RateLimiter, budget
from app.access.tokens import Authenticator, Principal
from app.config import Settings
from app.web.api.blueprint import blueprint
from app.web.api.problems import Problem
from app.web.transport import is_safe

_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="rollcall"'}
JSON = ("application/json",)


def principal() -> Principal:
    """Return who asks; only of routes with a scope."""
    known: Principal = g.admin_api_principal
    return known


def tenant_id() -> int:
    """Return the tenant that the request's token belongs to: everything else does not exist."""
    return principal().tenant_id


def by() -> str:
    """Return who asks, as audit rows name it."""
    return f"client:{principal().client_id}"


@blueprint.before_request
def admit() -> None:
    """Raise ``Problem`` unless the caller may have this route: 401, 403, 406 or 429."""
    endpoint = request.endpoint or ""
    scope = blueprint.scopes[endpoint]
    if scope is not None:
        _identify(scope)
    offers = blueprint.offers.get(endpoint, JSON)
    if request.accept_mimetypes and request.accept_mimetypes.best_match(offers) is None:
        raise Problem("not_acceptable", f"This address answers with {' or '.join(offers)}.")


def _identify(scope: str) -> None:
    settings: Settings = current_app.extensions["rollcall.settings"]
    if not is_safe(settings, request):
        raise Problem(
            "insecure_transport",
            "Tokens and secrets do not travel over plain http. Set ROLLCALL_PUBLIC_URL=https://… and call that.",
        )
    found = _bearer()
    _limit(settings, found)
    g.admin_api_principal = found
    if not found.may(scope):
        detail = f"The token of client {found.client_name!r} lacks the scope {scope}."
        raise Problem("scope_missing", f"{detail} Make one with `rollcall token create --scope {scope}`.")


def _bearer() -> Principal:
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not text:
        detail = (
            "This request carries no bearer token; send Authorization: Bearer with a token of the tenant."
        )
        raise Problem("unauthenticated", detail, headers=_CHALLENGE)
    authenticator: Authenticator = current_app.extensions["rollcall.authenticator"]
    found = authenticator.principal(text.strip())
    if found is None:
        detail = "The bearer token is unknown, expired or revoked; `rollcall token create` makes another."
        headers = {"WWW-Authenticate": f'{_CHALLENGE["WWW-Authenticate"]}, error="invalid_token"'}
        raise Problem("unauthenticated", detail, headers=headers)
    return found


def _limit(settings: Settings, found: Principal) -> None:
    limiter: RateLimiter = current_app.extensions["rollcall.rates"]
    rate, burst = budget(settings, found.settings)
    wait = limiter.take(found.tenant_id, found.rate_key, rate, burst)
    if wait > 0:
        detail = f"This token may send {rate} requests a second; wait and repeat the request."
        raise Problem("too_many_requests", detail, headers={"Retry-After": str(max(1, math.ceil(wait)))})


@blueprint.after_request
def keep_nowhere(response: Response) -> Response:
    """Return the response with the word that no cache may keep it."""
    response.headers["Cache-Control"] = "no-store"
    return response
