"""What every SCIM exchange shares: the request as it came, who asks, and the form of answers.

The SCIM API is a WSGI application of its own: Flask's request, session and response objects cost a read of one person
more than the whole rest of it (docs/decisions).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from http.client import responses
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl

from pydantic_core import to_json

from app.access.tokens import Principal
from app.directory.scopes import Scope
from scim.errors import InternalError, InvalidSyntax, PayloadTooLarge, ScimError, UnsupportedMediaType

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

CONTENT_TYPE = "application/scim+json"
ACCEPTED_TYPES = frozenset({CONTENT_TYPE, "application/json"})
MAX_BODY_BYTES = 1 << 20
#: On Groups, whose members may be 20,000 (scim.md §4).
MAX_GROUP_BODY_BYTES = 4 << 20
_MOST_PARAMETERS = 100
#: Digits of a length of a body: more of them are never a body that is taken, and Python reads no endless number.
_LONGEST_LENGTH = 18


class Answer(NamedTuple):
    """An answer: status, body and the headers beyond the content type."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = {}

    @property
    def line(self) -> str:
        """Return the status line, such as ``404 Not Found``."""
        return _LINES.get(self.status) or f"{self.status} Unknown"


_LINES = {int(status): f"{int(status)} {reason}" for status, reason in responses.items()}


@dataclass
class Exchange:
    """One request, as its WSGI environment has it, and who asks once that is known."""

    environ: WSGIEnvironment
    method: str
    #: What follows the prefix of the API: ``/Users/42``.
    path: str
    #: The address of the API in every URL of the answer.
    base_url: str
    tenant_slug: str | None = None
    _principal: Principal | None = None
    #: Unknown attributes that were left out, as they were spelled: for the client's log.
    dropped: tuple[str, ...] = ()

    @property
    def principal(self) -> Principal:
        """Return who asks; only open endpoints are served without."""
        if self._principal is None:
            raise InternalError("This endpoint was reached without credentials.")
        return self._principal

    @principal.setter
    def principal(self, principal: Principal) -> None:
        self._principal = principal

    @property
    def is_known(self) -> bool:
        """True once the request's token was found to be good."""
        return self._principal is not None

    @cached_property
    def scope(self) -> Scope:
        """Return the scope of searches and reads."""
        return Scope(self.principal.tenant_id, self.principal.client_id, self.base_url)

    @property
    def sees_sensitive(self) -> bool:
        """True when sensitive attributes may be read, filtered and sorted by."""
        return self.principal.may("scim:sensitive")

    def header(self, name: str) -> str | None:
        """Return a header's value, None when it was not sent; ``name`` in WSGI's spelling (``IF_MATCH``)."""
        value: str | None = self.environ.get("HTTP_" + name)
        return value

    @cached_property
    def query(self) -> Mapping[str, str]:
        """Return the query's parameters, the first value of each; raises ``InvalidSyntax`` for no UTF-8."""
        text = self.environ.get("QUERY_STRING")
        if not text:
            return {}
        try:
            pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS)
        except UnicodeDecodeError:
            raise InvalidSyntax("The query is not UTF-8; percent-encode its characters so.") from None
        except ValueError:
            raise InvalidSyntax(f"The query has more than {_MOST_PARAMETERS} parameters.") from None
        return dict(reversed(pairs))

    def body(self, limit: int = MAX_BODY_BYTES) -> bytes:
        """Return the request's body.

        :raises UnsupportedMediaType: another content type. :raises PayloadTooLarge: more than ``limit`` bytes; the
            body is then not read. :raises InvalidSyntax: the length that was sent is no number.
        """
        kind = self.environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
        if kind not in ACCEPTED_TYPES:
            raise UnsupportedMediaType(f"Send the body as {CONTENT_TYPE} or application/json.")
        stream, length = self.environ["wsgi.input"], self.environ.get("CONTENT_LENGTH")
        if length:
            if not length.isascii() or not length.isdigit():
                raise InvalidSyntax("The Content-Length of this request is not a number.")
            if len(length) > _LONGEST_LENGTH or int(length) > limit:
                raise PayloadTooLarge(
                    f"The body has {length[:20]} bytes; at most {limit} are taken. Send less at once."
                )
            data: bytes = stream.read(int(length))
            return data
        if "HTTP_TRANSFER_ENCODING" not in self.environ:
            return b""
        data = stream.read(limit + 1)
        if len(data) > limit:
            raise PayloadTooLarge(
                f"The body has more than the {limit} bytes that are taken. Send less at once."
            )
        return data


def text_answer(text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """Return an answer of ready JSON text."""
    return Answer(status, text.encode(), headers or {})


def json_answer(document: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """Return an answer with this document."""
    return Answer(status, to_json(document), headers or {})


def error_answer(error: ScimError) -> Answer:
    """Return the SCIM Error of RFC 7644 §3.12, with the headers that belong to it."""
    return json_answer(error.to_document(), error.status, error.headers)
