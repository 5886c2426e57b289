"""Bearer tokens that iCIMS fetches from us to send event notifications with (vendors.md §2.6).

They carry nothing but the client id and the time of issue, signed with the source's own webhook secret: nothing is
stored, and a new secret ends the tokens of the old one.
"""

from __future__ import annotations

from collections.abc import Iterable

from itsdangerous import BadData, URLSafeTimedSerializer

LIFE_SECONDS = 86_400
_SALT = "rollcall icims event notifications"


def issue(client_id: str, secret: str) -> str:
    """Return a token for a client whose credentials have been checked."""
    return str(_serializer(secret).dumps(client_id))


def is_valid(token: str, client_id: str, secrets: Iterable[str]) -> bool:
    """Return whether a token of this client was issued with one of the secrets, in the last 24 hours."""
    return any(_is_issued(token, client_id, secret) for secret in secrets if secret)


def _is_issued(token: str, client_id: str, secret: str) -> bool:
    try:
        return bool(_serializer(secret).loads(token, max_age=LIFE_SECONDS) == client_id)
    except BadData:
        return False


def _serializer(secret: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(secret, salt=_SALT)
