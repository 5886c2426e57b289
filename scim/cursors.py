"""Cursors (RFC 9865): the place in a list that a page lies beyond, sealed for one query.

Clients cannot read a cursor, forge one, or use it for another query (RFC 9865 §5.2).
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from scim.errors import ExpiredCursor, InvalidCursor
from scim.filter_tree import Key

CURSOR_TIMEOUT = 3_600
"""Seconds between two pages."""
MAX_CURSOR = 2_000
"""Characters of a cursor that is looked at."""
MAX_KEY = 200
"""Characters of a sort key that a cursor carries; a longer one goes as its digest."""

_NONCE_BYTES: Final = 12
_START_AGAIN: Final = "Start again with an empty cursor, and keep all other parameters from page to page."

#: What a cursor belongs to: tenant, endpoint, filter, sortBy, sortOrder, what the client may see. The filter
#: as ``repr`` of its tree lets clients change its spelling, as the example of RFC 9865 §2 does.
Query = tuple[str, ...]

#: Where a resource stands in the order of a list: its sort key (`scim.sorting.sort_key`) and its id.
Place = tuple[Key, str]


@dataclass(frozen=True, slots=True)
class Position:
    """The place that a page lies beyond, and on which side of it."""

    key: Key
    """None for a resource without a value, and while only the digest is known."""
    id: str
    is_backward: bool = False
    """Whether the page ends before the place instead of beginning after it."""
    digest: str | None = None
    """Stands for a key too long for a cursor: look the key up by ``id`` and call :meth:`resumed`."""

    @classmethod
    def at(cls, place: Place, *, is_backward: bool) -> Position:
        """Return the position beyond a place, fit for a cursor."""
        key, resource_id = place
        if isinstance(key, str) and len(key) > MAX_KEY:
            return cls(None, resource_id, is_backward, _digest(key))
        return cls(key, resource_id, is_backward)

    def resumed(self, key: Key) -> Position:
        """Return the position with its long key, given the one that the resource has now (None: it is gone).

        :raises ExpiredCursor: it is not the key that the resource had; its place is lost.
        """
        if not isinstance(key, str) or _digest(key) != self.digest:
            raise ExpiredCursor(f"The resource that the cursor names has moved. {_START_AGAIN}")
        return Position(key, self.id, self.is_backward)


@dataclass(frozen=True, slots=True)
class CursorPage:
    """How many resources a page holds at most, 0 to 1,000, and beyond which position; None: from the start."""

    count: int
    position: Position | None = None

    @property
    def is_backward(self) -> bool:
        """Whether the resources are to be read against the order of the list, from the position."""
        return self.position is not None and self.position.is_backward

    @property
    def limit(self) -> int:
        """How many resources to read: one more than are shown tells whether there is a page beyond."""
        return self.count + 1 if self.count else 0


class CursorSeal:
    """Makes and opens cursors with AES-GCM; those of another key are invalid.

    :param key: 16, 24 or 32 bytes, for cursors only.
    """

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, page: CursorPage, query: Query, now: int) -> str:
        """Return the cursor of a page as URL-safe text, another one each time.

        :param now: epoch seconds; a cursor ages from here.
        """
        at = page.position
        position = (at.key, at.id, at.is_backward, at.digest) if at else None
        content = json.dumps((now, page.count, position), ensure_ascii=False, separators=(",", ":"))
        nonce = os.urandom(_NONCE_BYTES)
        return _text_of(nonce + self._cipher.encrypt(nonce, content.encode(), _bound_to(query)))

    def open(self, text: str, query: Query, now: int, timeout: int = CURSOR_TIMEOUT) -> CursorPage:
        """Return the page that a cursor asks for.

        :param timeout: seconds that a cursor lives.
        :raises InvalidCursor: it was changed, is of another query, or was not made here; which of them is
            not told (RFC 9865 §5.2).
        :raises ExpiredCursor: it is older than the timeout.
        """
        issued_at, count, position = json.loads(self._opened(text, query))
        if now - issued_at > timeout:
            raise ExpiredCursor(f"The cursor is older than {timeout} seconds. {_START_AGAIN}")
        return CursorPage(count, Position(*position) if position else None)

    def _opened(self, text: str, query: Query) -> bytes:
        try:
            sealed = _bytes_of(text)
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _bound_to(query))
        except (ValueError, InvalidTag):
            raise InvalidCursor(f"The cursor is not one of this query. {_START_AGAIN}") from None


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def _bound_to(query: Query) -> bytes:
    """Return what binds a cursor to its query and to this layout of its content."""
    return hashlib.sha256(json.dumps(["cursor/1", *query]).encode()).digest()


def _text_of(sealed: bytes) -> str:
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def _bytes_of(text: str) -> bytes:
    if len(text) > MAX_CURSOR:
        raise ValueError
    sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if _text_of(sealed) != text:
        raise ValueError  # Base64 can be spelled in many ways; each cursor has one.
    return sealed
