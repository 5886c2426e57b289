"""A receiver of webhooks that believes nothing: it checks signature and time as Standard Webhooks tells it to."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Callable, Iterable
from typing import Any

TOLERANCE_SECONDS = 300


def verify(secret: str, headers: dict[str, str], body: bytes, now: float | None = None) -> str | None:
    """Return why a webhook is not believed, None when it is; written from the specification, not from our signing."""
    key = base64.b64decode(secret.split("_", 1)[1])
    stamp = headers.get("webhook-timestamp", "")
    if not stamp.isdigit() or abs((time.time() if now is None else now) - int(stamp)) > TOLERANCE_SECONDS:
        return "too old or too new"
    signed = b".".join([headers["webhook-id"].encode(), stamp.encode(), body])
    wanted = hmac.new(key, signed, hashlib.sha256).digest()
    for each in headers.get("webhook-signature", "").split(" "):
        version, _, value = each.partition(",")
        try:
            if version == "v1" and hmac.compare_digest(base64.b64decode(value, validate=True), wanted):
                return None
        except binascii.Error:
            continue
    return "no signature fits"


class Receiver:
    """A WSGI application: keeps every call, answers as it was told, 204 at the end of the list and for good ones."""

    def __init__(self, statuses: Iterable[str] = ()) -> None:
        self.secrets: list[str] = []
        self.calls: list[tuple[dict[str, str], bytes]] = []
        self.paths: list[str] = []
        self.statuses = list(statuses)
        self.headers: list[tuple[str, str]] = []
        self.answer: Callable[[], str] | None = None

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        headers = {
            name.removeprefix("HTTP_").replace("_", "-").lower(): value
            for name, value in environ.items()
            if name.startswith("HTTP_")
        }
        self.calls.append((headers | {"content-type": environ.get("CONTENT_TYPE", "")}, body))
        self.paths.append(
            environ["PATH_INFO"] + (f"?{environ['QUERY_STRING']}" if environ["QUERY_STRING"] else "")
        )
        start_response(self._status(headers, body), [("Content-Length", "0"), *self.headers])
        return [b""]

    def _status(self, headers: dict[str, str], body: bytes) -> str:
        if self.statuses:
            return self.statuses.pop(0)
        is_good = any(verify(secret, headers, body) is None for secret in self.secrets)
        return "204 No Content" if is_good else "401 Unauthorized"
