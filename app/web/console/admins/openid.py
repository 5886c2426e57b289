"""OpenID Connect as Rollcall speaks it: authorization code with PKCE, state and nonce (OpenID Connect Core 1.0 §3.1).

Authlib writes the requests and checks the answers; every call goes through ``app.outbound``, so that an address typed
by an owner reaches no private network.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

import structlog
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.base_client import OpenIDMixin
from authlib.integrations.requests_client.oauth2_session import OAuth2ClientAuth
from authlib.oauth2.client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc.errors import JoseError

from app.access.oidc import Provider, require_web_address
from app.errors import RollcallError, WrongUse
from app.outbound import AddressPolicy, Limits, OutboundError, OutboundSession
from app.web.console.sessions import settings

log = structlog.get_logger(__name__)

SCOPE = "openid email"
#: Seconds: how long the provider's description is believed, how long a call may take, and a sign-in there.
KEPT_SECONDS, CALL_SECONDS, FLOW_SECONDS = 300.0, 10.0, 600.0
#: Seconds by which two clocks may differ.
LEEWAY = 120
#: Signatures that only the provider can make; never ``none``, nor one with a secret that both sides know.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_LOCK = threading.Lock()
DESCRIPTIONS: dict[str, tuple[float, dict[str, Any]]] = {}


class SignInFailed(RollcallError):
    """The provider cannot be reached, or its answer proves nothing; the message is fit for who signs in."""


@dataclass(frozen=True, slots=True)
class Flow:
    """What is kept in the browser, signed, from the way out to the provider until the way back."""

    state: str
    nonce: str
    verifier: str
    tenant: str
    issuer: str
    next: str
    #: Seconds since 1970.
    started_at: int
    #: Whether somebody who is signed in proves again who they are.
    is_proof: bool

    @classmethod
    def begun(cls, tenant: str, issuer: str, wanted: str, *, is_proof: bool) -> Flow:
        """Return a fresh one."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        return cls(state, nonce, verifier, tenant, issuer, wanted, int(time.time()), is_proof)

    @classmethod
    def kept(cls, values: Any) -> Flow | None:
        """Return what :meth:`as_kept` was; None for nothing, and for what is too old."""
        try:
            flow = cls(**values)
        except TypeError:
            return None
        return flow if time.time() - flow.started_at < FLOW_SECONDS else None

    def as_kept(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return asdict(self)


class _Client(OAuth2Client):
    client_auth_class = OAuth2ClientAuth


class _Tokens(OpenIDMixin):
    """Authlib's check of ID tokens, with the keys fetched through the guarded door."""

    def __init__(self, client_id: str, described: dict[str, Any]) -> None:
        self.client_id, self.server_metadata = client_id, described

    def load_server_metadata(self) -> dict[str, Any]:
        return self.server_metadata

    def fetch_jwk_set(self, force: bool = False) -> Any:
        return _json_at(self.server_metadata["jwks_uri"])


def described(provider: Provider, *, anew: bool = False) -> dict[str, Any]:
    """Return what the provider says of itself (OpenID Connect Discovery 1.0 §4), with safe algorithms only.

    :raises SignInFailed: it cannot be reached, or says what cannot be used.
    """
    with _LOCK:
        kept_at, kept = DESCRIPTIONS.get(provider.issuer, (0.0, {}))
    if kept and not anew and time.monotonic() - kept_at < KEPT_SECONDS:
        return dict(kept)
    found = _json_at(provider.issuer.rstrip("/") + "/.well-known/openid-configuration")
    if found.get("issuer") != provider.issuer:
        raise SignInFailed(
            f"{provider.host} calls itself by another issuer, {str(found.get('issuer'))[:200]!r}. An owner compares "
            "that with Settings, Sign-in: every character counts."
        )
    for name in _ENDPOINTS:
        try:
            require_web_address(str(found.get(name) or ""))
        except WrongUse as error:
            raise SignInFailed(f"{provider.host} names no usable {name}: {error}") from error
    offered = found.get("id_token_signing_alg_values_supported") or ["RS256"]
    usable = [name for name in ALGORITHMS if name in offered]
    if not usable:
        raise SignInFailed(f"{provider.host} signs with no algorithm that Rollcall trusts.")
    found["id_token_signing_alg_values_supported"] = usable
    with _LOCK:
        DESCRIPTIONS[provider.issuer] = (time.monotonic(), found)
    return dict(found)


def number_of_keys(provider: Provider) -> int:
    """Return how many keys the provider publishes. Raises ``SignInFailed``."""
    keys = _json_at(described(provider)["jwks_uri"]).get("keys")
    return len(keys) if isinstance(keys, list) else 0


def address_to_go_to(provider: Provider, flow: Flow, redirect_uri: str) -> str:
    """Return the provider's address for the browser. Raises ``SignInFailed``."""
    client = _Client(
        None, provider.client_id, scope=SCOPE, redirect_uri=redirect_uri, code_challenge_method="S256"
    )
    again = {"prompt": "login", "max_age": "0"} if flow.is_proof else {}
    address, _ = client.create_authorization_url(
        described(provider)["authorization_endpoint"],
        state=flow.state,
        code_verifier=flow.verifier,
        nonce=flow.nonce,
        **again,
    )
    return str(address)


def claims_for(
    provider: Provider, secret: str, flow: Flow, code: str, redirect_uri: str
) -> Mapping[str, Any]:
    """Return the validated claims that a code is worth (OpenID Connect Core 1.0 §3.1.3.7). Raises ``SignInFailed``."""
    about = described(provider)
    options = {
        "iss": {"essential": True, "value": provider.issuer},
        "aud": {"essential": True, "value": provider.client_id},
    }
    try:
        token = _bought(
            provider, secret, about, code=code, code_verifier=flow.verifier, redirect_uri=redirect_uri
        )
        claims = _Tokens(provider.client_id, about).parse_id_token(
            token, flow.nonce, claims_options=options, claims_cls=CodeIDToken, leeway=LEEWAY
        )
    except (AuthlibBaseError, JoseError, OutboundError, ValueError, TypeError) as error:
        log.warning("a sign-in at the provider failed", host=provider.host, cause=_cause(error))
        raise SignInFailed(
            f"What {provider.host} answered does not prove who you are ({_cause(error)}). Sign in again; "
            "if it stays so, an owner looks at Settings, Sign-in."
        ) from error
    if claims is None or not _is_name(claims.get("sub")):
        raise SignInFailed(f"{provider.host} answered without saying who you are.")
    _require_fresh(provider, flow, claims)
    return dict(claims)


def _is_name(subject: Any) -> bool:
    """Return whether a claim ``sub`` can be one (OpenID Connect Core 1.0 §2: at most 255 characters)."""
    return isinstance(subject, str) and 0 < len(subject) <= 255 and subject.isprintable()


def _require_fresh(provider: Provider, flow: Flow, claims: Mapping[str, Any]) -> None:
    """Raise ``SignInFailed`` when a proof was asked for and the sign-in at the provider is an old one."""
    if not flow.is_proof:
        return
    signed_in_at = claims.get("auth_time")
    if not isinstance(signed_in_at, int | float) or signed_in_at < flow.started_at - LEEWAY:
        raise SignInFailed(f"{provider.host} did not ask you again who you are. Use your password instead.")


def _bought(provider: Provider, secret: str, about: dict[str, Any], **grant: str) -> Any:
    methods = about.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    method = "client_secret_basic" if "client_secret_basic" in methods else "client_secret_post"
    with _session(about["token_endpoint"], secret) as session:
        client = _Client(session, provider.client_id, secret, token_endpoint_auth_method=method)
        return client.fetch_token(about["token_endpoint"], grant_type="authorization_code", **grant)


def _json_at(address: str) -> dict[str, Any]:
    """Return the JSON object at an address of a provider. Raises ``SignInFailed``."""
    parts = urlsplit(address)
    try:
        with _session(address) as session:
            found = session.get_json(parts.path + (f"?{parts.query}" if parts.query else ""))
    except OutboundError as error:
        raise SignInFailed(f"{parts.netloc} gave no usable answer. {error.message}") from error
    if not isinstance(found, dict):
        raise SignInFailed(f"{parts.netloc} answered with something else than was asked for.")
    return found


def _session(address: str, *hidden: str) -> OutboundSession:
    known, parts = settings(), urlsplit(address)
    return OutboundSession(
        f"{parts.scheme}://{parts.netloc}",
        policy=AddressPolicy(known.allow_private_targets, frozenset(known.allowed_addresses)),
        limits=Limits(known.connect_timeout, min(known.call_timeout, CALL_SECONDS)),
        secrets=hidden,
        keeps_bodies=False,
    )


def _cause(error: Exception) -> str:
    """Return why in one word of the protocol; never what the other side wrote beside it."""
    for name in ("error", "code"):
        told = getattr(error, name, None)
        if isinstance(told, str) and told.replace("_", "").isalnum() and len(told) <= 40:
            claim = getattr(error, "claim", None)
            return f"{told}: {claim}" if isinstance(claim, str) else told
    return "unreadable"
