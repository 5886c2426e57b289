"""The signature ``x-icims-v1-hmac-sha256`` (vendors.md §2.1), as public clients of the API make it.

What is signed of an event notification is not documented: we take the form of API calls (§2.6, §10) [G].
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

ALGORITHM = "x-icims-v1-hmac-sha256"
SIGNED_HEADERS = ("content-type", "host", "x-icims-content-sha256", "x-icims-date")
_PART = re.compile(r"(user|signedheaders|signature)=([^,\s]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Signature:
    """What an ``Authorization`` header of this form holds; `headers` are the names that were signed."""

    user: str
    headers: tuple[str, ...]
    digest: str

    def __str__(self) -> str:
        return (
            f"{ALGORITHM} user={self.user}, signedheaders={';'.join(self.headers)}, signature={self.digest}"
        )


def parse(authorization: str) -> Signature | None:
    """Return the signature of an ``Authorization`` header, None when it is of another form."""
    scheme, _, rest = authorization.strip().partition(" ")
    parts = {name.lower(): value for name, value in _PART.findall(rest)}
    if scheme.lower() != ALGORITHM or len(parts) != 3:
        return None
    names = tuple(name.strip().lower() for name in parts["signedheaders"].split(";"))
    return Signature(parts["user"], names, parts["signature"].lower())


def content_digest(body: bytes) -> str:
    """Return what ``x-icims-content-sha256`` holds: the digest of the body as it is sent, compressed [G]."""
    return hashlib.sha256(body).hexdigest()


def signed(
    secret: str, method: str, target: str, headers: Mapping[str, str], names: Sequence[str] = SIGNED_HEADERS
) -> str:
    """Return the signature of a request: lower-case hex of HMAC-SHA256 over algorithm, date and request digest.

    `target` is path and query as called; `headers` are named in lower case. A header that is missing is signed empty.
    """
    path, _, query = target.partition("?")
    lines = [f"{name}: {headers.get(name, '')}" for name in sorted(names)]
    request = "\n".join([method.upper(), path, query, *lines, "", ";".join(sorted(names))])
    text = "\n".join(
        [ALGORITHM, headers.get("x-icims-date", ""), hashlib.sha256(request.encode()).hexdigest()]
    )
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
