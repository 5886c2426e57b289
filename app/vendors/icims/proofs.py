"""What proves that a call comes from iCIMS: Basic, a signature, or a bearer token of ours (vendors.md §2.6)."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote_plus

from app.sources.adapter import Delivery, SourceContext
from app.sources.errors import DeliveryRefused
from app.vendors.icims import signing, tokens
from app.vendors.icims.signing import ALGORITHM

#: How far the date of a signature may lie from ours, as with other signatures of this form [G].
SKEW = timedelta(minutes=15)


@dataclass(frozen=True)
class Client:
    """Whom we take calls from: the user (client id), and its secret of today beside the one before."""

    user: str
    secrets: tuple[str, ...]

    def has(self, user: str, secret: str) -> bool:
        """Whether this is its user and one of its secrets, in a time that does not tell."""
        fits = [hmac.compare_digest(secret.encode(), known.encode()) for known in self.secrets]
        return any(fits) & hmac.compare_digest(user.encode(), self.user.encode())


def client_in(context: SourceContext) -> Client:
    """Return the client of a source. Raises ``DeliveryRefused`` when no secret is set."""
    names = ("webhook_secret", "webhook_secret_previous")
    secrets = tuple(context.secrets[name] for name in names if context.secrets.get(name))
    if not secrets:
        raise DeliveryRefused("This source takes no event notifications: it has no webhook_secret.")
    return Client(context.settings.get("webhook_user") or "rollcall", secrets)


def prove(client: Client, delivery: Delivery) -> None:
    """Return when the delivery comes from the client.

    :raises DeliveryRefused: it is not proven to.
    """
    authorization = delivery.headers.get("authorization", "")
    scheme = authorization.strip().partition(" ")[0].lower()
    proof = {"basic": _is_basic, "bearer": _is_bearer, ALGORITHM: _is_signed}.get(scheme)
    if proof is None:
        raise DeliveryRefused(
            "The call is not signed in. Have iCIMS send Basic, HMAC or OAuth2 credentials with its event notifications."
        )
    if not proof(client, delivery, authorization):
        raise DeliveryRefused(
            f"The {scheme} credentials of the call are not those of this source, or too old: webhook_user and "
            "webhook_secret must be what iCIMS was given."
        )


def basic_pair(authorization: str | None) -> tuple[str, str] | None:
    """Return user and password of a Basic header (RFC 7617), None when it is no such header.

    >>> basic_pair("Basic cm9sbGNhbGw6YTpi")
    ('rollcall', 'a:b')
    """
    scheme, _, rest = (authorization or "").strip().partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(rest.strip(), validate=True).decode().partition(":")
    except ValueError:  # no Base64, no UTF-8, or a header that is not even ASCII
        return None
    return (user, password) if colon else None


def form_pair(form: Mapping[str, str], authorization: str | None) -> tuple[str, str] | None:
    """Return client id and secret of a token request: in its header, else in its form (RFC 6749 §2.3.1)."""
    pair = basic_pair(authorization)
    if pair is not None:
        return unquote_plus(pair[0]), unquote_plus(pair[1])
    if "client_id" in form and "client_secret" in form:
        return form["client_id"], form["client_secret"]
    return None


def _is_basic(client: Client, delivery: Delivery, authorization: str) -> bool:
    pair = basic_pair(authorization)
    return pair is not None and client.has(*pair)


def _is_bearer(client: Client, delivery: Delivery, authorization: str) -> bool:
    return tokens.is_valid(authorization.strip().partition(" ")[2].strip(), client.user, client.secrets)


def _is_signed(client: Client, delivery: Delivery, authorization: str) -> bool:
    """A signature must cover the body, by its digest, and the date; the host and path are as we were called."""
    found = signing.parse(authorization)
    if found is None or not {"x-icims-content-sha256", "x-icims-date"} <= set(found.headers):
        return False
    digest = delivery.headers.get("x-icims-content-sha256", "").strip().lower()
    whole = hmac.compare_digest(digest.encode(), signing.content_digest(delivery.body).encode())
    is_user = hmac.compare_digest(found.user.encode(), client.user.encode())
    fits = [_fits(secret, delivery, found) for secret in client.secrets]
    return any(fits) & whole & is_user & _is_now(delivery)


def _fits(secret: str, delivery: Delivery, found: signing.Signature) -> bool:
    wanted = signing.signed(secret, "POST", delivery.target, delivery.headers, found.headers)
    return hmac.compare_digest(wanted.encode(), found.digest.encode())


def _is_now(delivery: Delivery) -> bool:
    """Whether the signature's date (ISO 8601) is near enough: an old delivery cannot be sent again."""
    try:
        signed_at = datetime.fromisoformat(delivery.headers.get("x-icims-date", "").strip())
    except ValueError:
        return False
    if signed_at.tzinfo is None:
        signed_at = signed_at.replace(tzinfo=UTC)
    return abs(delivery.received_at - signed_at) <= SKEW
