"""``/oauth/…``: where clients get, end and ask about access tokens; ``join`` adds it to the application.

RFC 6749 §4.4 (client credentials), RFC 7009 (revocation), RFC 7662 (introspection, of a client's own tokens), RFC 8414
(metadata). Authlib leads through the protocol. What it leaves open or takes too lightly is decided here: parameters
are read from the body only, each may come once, and a client shows its secret in one place.
"""

from __future__ import annotations

import base64
import binascii
import math
import zlib
from typing import Any
from urllib.parse import unquote_plus

import structlog
from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.integrations.flask_oauth2.requests import FlaskOAuth2Payload, FlaskOAuth2Request
from authlib.oauth2 import OAuth2Error, OAuth2Request
from authlib.oauth2.rfc6749 import InvalidClientError, InvalidRequestError, InvalidScopeError
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from flask import Blueprint, Flask, Response, current_app, jsonify, request
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException

from app import clock
from app.access import oauth
from app.access.clients import SCOPES
from app.access.oauth import Caller, HeldToken
from app.access.rates import RateLimiter
from app.config import Settings
from app.database import reading, writing
from app.web.transport import is_safe

log = structlog.get_logger(__name__)

MAX_BODY_BYTES = 16 * 1024
#: Requests of one client to these endpoints: guessing is slowed, and a client that asks for a token before each call
#: cannot fill the database. A token lives for an hour, so that even many processes of a client need few.
CALLS_PER_SECOND, CALLS_AT_ONCE = 1, 60
AUTH_METHODS = ["client_secret_basic", "client_secret_post"]
FORM = "application/x-www-form-urlencoded"

blueprint = Blueprint("oauth", __name__)


class _TooManyRequests(OAuth2Error):
    """429: the RFCs have no word for it; this is the one that clients know from the authorization endpoint."""

    error, status_code = "temporarily_unavailable", 429

    def __init__(self, seconds: float) -> None:
        super().__init__("Too many requests of this client; an access token can be used until it expires.")
        self._seconds = math.ceil(seconds)

    def get_headers(self) -> list[tuple[str, str]]:
        return [*super().get_headers(), ("Retry-After", str(self._seconds))]


class _Payload(FlaskOAuth2Payload):
    @property
    def data(self) -> MultiDict[str, str]:
        """Return the body's parameters; those of the address are not read (RFC 6749 §2.3.1)."""
        return request.form


class _Request(FlaskOAuth2Request):
    """A request under the address that clients use: behind a proxy, the one that arrives is plain http."""

    def __init__(self) -> None:
        OAuth2Request.__init__(self, request.method, issuer() + request.path, headers=request.headers)
        self._request = request
        self.payload = _Payload(request)


class _Server(AuthorizationServer):
    def create_oauth2_request(self, request: object) -> OAuth2Request:
        return request if isinstance(request, OAuth2Request) else _Request()

    def authenticate_client(self, request: OAuth2Request, methods: list[str], endpoint: str = "token") -> Any:
        """Return the :class:`_Client`; the same refusal for an unknown id, a wrong secret and an ended one."""
        client_id, secret = _credentials()
        if client_id:
            # Counted by a number of its own: tenants begin at 1.
            wait = _limiter().take(0, zlib.crc32(client_id.encode()), CALLS_PER_SECOND, CALLS_AT_ONCE)
            if wait > 0:
                raise _TooManyRequests(wait)
        with reading() as connection:
            caller = oauth.caller_with(connection, client_id, secret)
        if caller is None:
            log.warning("an OAuth client was refused", client_id=client_id[:40], path=request.uri)
            raise InvalidClientError(
                "The client is unknown, or its secret is wrong or has ended.", status_code=401
            )
        return _Client(caller)


class _Client:
    """A caller in the words of Authlib (``ClientMixin``)."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == ClientCredentialsGrant.GRANT_TYPE


class _Grant(ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

    def generate_token(self, **_choices: Any) -> dict[str, Any]:
        """Return the answer of RFC 6749 §5.1 with a fresh access token, which is stored already."""
        caller: Caller = self.client.caller
        scopes = oauth.granted_scopes(caller, self.request.payload.scope)
        if scopes is None:
            raise InvalidScopeError(
                "This client may have " + " ".join(caller.client.settings.oauth_scopes) + "."
            )
        life_seconds = _settings().oauth_token_seconds
        with writing() as connection:
            issued = oauth.issue(connection, caller, scopes, life_seconds)
        if issued is None:
            raise InvalidClientError("The secret of this client has ended.", status_code=401)
        return {
            "access_token": issued.text,
            "token_type": "Bearer",
            "expires_in": life_seconds,
            "scope": " ".join(scopes),
        }

    def save_token(self, token: dict[str, Any]) -> None:
        """Do nothing: a token is stored when it is made."""


class _OwnTokens:
    """What revocation and introspection share: a client is told about tokens of its own, and only about them."""

    CLIENT_AUTH_METHODS = AUTH_METHODS

    def authenticate_token(self, _request: OAuth2Request, client: _Client) -> HeldToken | None:
        """Return the token; a wrong ``token_type_hint`` is no error (RFC 7009 §2.2.1 lets the server search on)."""
        text = request.form.get("token")
        if not text:
            raise InvalidRequestError("The parameter token is missing.")
        with reading() as connection:
            return oauth.token_of(connection, client.caller, text)


class _Revocation(_OwnTokens, RevocationEndpoint):
    def revoke_token(self, token: HeldToken, request: OAuth2Request) -> None:
        if token.is_active:
            caller: Caller = request.client.caller
            with writing() as connection:
                oauth.revoke(connection, caller, token)


class _Introspection(_OwnTokens, IntrospectionEndpoint):
    def create_introspection_payload(self, token: HeldToken | None) -> dict[str, Any]:
        """Return what RFC 7662 §2.2 knows; nothing but ``active`` for a token that is none (any more)."""
        if token is None or not token.is_active:
            return {"active": False}
        return {
            "active": True,
            "scope": token.scopes,
            "client_id": _credentials()[0],
            "token_type": "Bearer",
            "exp": _epoch(token.expires_at),
            "iat": _epoch(token.created_at),
            "iss": issuer(),
        }


_server = _Server()
_server.register_grant(_Grant)
_server.register_endpoint(_Revocation)
_server.register_endpoint(_Introspection)


def join(app: Flask) -> None:
    """Join the endpoints to the application."""
    app.register_blueprint(blueprint)


def issuer() -> str:
    """Return the address of this installation; a Host header is believed on loopback only, see :func:`_check`."""
    return _settings().public_url or request.host_url.rstrip("/")


@blueprint.before_request
def _check() -> Response | None:
    request.max_content_length = MAX_BODY_BYTES
    if not is_safe(_settings(), request):
        return _refusal(
            400,
            "invalid_request",
            "Secrets do not travel over plain http. Set ROLLCALL_PUBLIC_URL=https://… and call that address.",
        )
    if request.method != "POST":
        return None
    if request.mimetype != FORM:
        return _refusal(400, "invalid_request", f"Send the parameters as {FORM}.")
    twice = [name for name, values in request.form.lists() if len(values) > 1]
    if twice:
        return _refusal(400, "invalid_request", "A parameter is given twice.")
    if "client_secret" in request.form and "Authorization" in request.headers:
        return _refusal(400, "invalid_request", "Show the secret in the header or in the body, not in both.")
    return None


@blueprint.post("/oauth/token")
def token() -> Response:
    """Give an access token for the client's secret (RFC 6749 §4.4.2)."""
    grant_type = request.form.get("grant_type")
    if not grant_type:
        return _refusal(400, "invalid_request", "The parameter grant_type is missing.")
    if grant_type != ClientCredentialsGrant.GRANT_TYPE:
        return _refusal(400, "unsupported_grant_type", "Use grant_type=client_credentials.")
    answer: Response = _server.create_token_response()
    return answer


@blueprint.post("/oauth/revoke")
def revoke() -> Response:
    """End a token of the asking client; 200 for what is no token of it, too (RFC 7009 §2.2)."""
    answer: Response = _server.create_endpoint_response(_Revocation.ENDPOINT_NAME)
    return answer


@blueprint.post("/oauth/introspect")
def introspect() -> Response:
    """Say whether a token of the asking client is good, and for what (RFC 7662 §2.2)."""
    answer: Response = _server.create_endpoint_response(_Introspection.ENDPOINT_NAME)
    return answer


@blueprint.get("/.well-known/oauth-authorization-server")
def metadata() -> Response:
    """Say what is offered, and where (RFC 8414 §2)."""
    here = issuer()
    return jsonify(
        {
            "issuer": here,
            "token_endpoint": f"{here}/oauth/token",
            "revocation_endpoint": f"{here}/oauth/revoke",
            "introspection_endpoint": f"{here}/oauth/introspect",
            "grant_types_supported": [ClientCredentialsGrant.GRANT_TYPE],
            "response_types_supported": [],
            "scopes_supported": list(SCOPES),
            "token_endpoint_auth_methods_supported": AUTH_METHODS,
            "revocation_endpoint_auth_methods_supported": AUTH_METHODS,
            "introspection_endpoint_auth_methods_supported": AUTH_METHODS,
        }
    )


@blueprint.errorhandler(HTTPException)
def _refused(error: HTTPException) -> Response:
    return _refusal(error.code or 400, "invalid_request", error.description or error.name)


@blueprint.errorhandler(OperationalError)
@blueprint.errorhandler(PoolTimeout)
def _database_away(error: Exception) -> Response:
    log.warning("the database does not answer", path=request.path, error=str(getattr(error, "orig", error)))
    answer = _refusal(
        503, "temporarily_unavailable", "The directory is busy or restarting; try again in a moment."
    )
    answer.headers["Retry-After"] = "1"
    return answer


def _refusal(status: int, error: str, description: str) -> Response:
    """Return an error as RFC 6749 §5.2 writes it."""
    answer = jsonify({"error": error, "error_description": description})
    answer.status_code = status
    answer.headers.update({"Cache-Control": "no-store", "Pragma": "no-cache"})
    return answer


def _credentials() -> tuple[str, str]:
    """Return the client's id and secret, from the header or the body (RFC 6749 §2.3.1); empty where none is shown."""
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return request.form.get("client_id", ""), request.form.get("client_secret", "")
    try:
        client_id, _, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return unquote_plus(client_id), unquote_plus(secret)


def _epoch(instant: str) -> int:
    return int(clock.parse_instant(instant).timestamp())


def _settings() -> Settings:
    settings: Settings = current_app.extensions["rollcall.settings"]
    return settings


def _limiter() -> RateLimiter:
    limiter: RateLimiter = current_app.extensions["rollcall.rates"]
    return limiter
