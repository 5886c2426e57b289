"""Sealing of secrets at rest with AES-256-GCM, and keyed digests that tell "changed" without telling the value.

A sealed value is bound to its tenant, to the place it stands in and to its key, so that it opens nowhere else
(a static IV or an unbound value can be swapped between rows unnoticed; docs/decisions).
"""

from __future__ import annotations

import hashlib
import hmac
import os
from dataclasses import dataclass, field
from functools import cached_property

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import current_app

from app.errors import RollcallError

_FORMAT = b"\x01"
_NONCE_BYTES = 12


class UnsealError(RollcallError):
    """A sealed value does not open here: another key ring, another place, or changed bytes."""


@dataclass(frozen=True)
class KeyRing:
    """The installation's keys, ``{key id: 32 bytes}``; the first one seals, all of them open."""

    keys: dict[str, bytes] = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> KeyRing:
        """Return the ring written as ``id:hex,id:hex``; raises ``ValueError`` on anything else."""
        keys: dict[str, bytes] = {}
        for part in filter(None, (item.strip() for item in text.split(","))):
            key_id, separator, digits = part.partition(":")
            if not separator or not key_id or len(digits) != 64:
                raise ValueError("a key is written as id:64 hexadecimal digits, several separated by commas")
            keys[key_id] = bytes.fromhex(digits)
        if not keys:
            raise ValueError("the key ring is empty; give at least one id:64 hexadecimal digits")
        return cls(keys)

    @property
    def current(self) -> str:
        """Return the id of the key that seals."""
        return next(iter(self.keys))

    @cached_property
    def _ciphers(self) -> dict[str, AESGCM]:
        return {key_id: AESGCM(self._derived(key_id, b"seal")) for key_id in self.keys}

    def _derived(self, key_id: str, purpose: bytes) -> bytes:
        return hmac.digest(self.keys[key_id], b"rollcall/" + purpose, hashlib.sha256)

    def seal(self, tenant_id: int, context: str, plaintext: bytes) -> bytes:
        """Return the sealed bytes of ``plaintext`` for the place ``context`` (table/row/column) of a tenant."""
        key_id = self.current
        nonce = os.urandom(_NONCE_BYTES)
        name = key_id.encode()
        sealed = self._ciphers[key_id].encrypt(nonce, plaintext, _bound_to(tenant_id, context, key_id))
        return _FORMAT + bytes([len(name)]) + name + nonce + sealed

    def unseal(self, tenant_id: int, context: str, sealed: bytes) -> bytes:
        """Return what was sealed for this place; raises :class:`UnsealError`."""
        length = sealed[1] if len(sealed) > 2 and sealed[:1] == _FORMAT else 0
        key_id = sealed[2 : 2 + length].decode(errors="replace")
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise UnsealError(
                f"A value in {context} is sealed with key {key_id!r}, which the key ring does not hold."
            )
        body = sealed[2 + length :]
        try:
            return cipher.decrypt(
                body[:_NONCE_BYTES], body[_NONCE_BYTES:], _bound_to(tenant_id, context, key_id)
            )
        except InvalidTag as error:
            raise UnsealError(
                f"A value in {context} does not open: it was changed, or belongs elsewhere."
            ) from error

    def digest(self, tenant_id: int, value: bytes) -> str:
        """Return a keyed digest (24 hex digits and the key id): equal values of a tenant have equal digests."""
        key = self._derived(self.current, b"digest")
        return f"{self.current}:{hmac.digest(key, b'%d/' % tenant_id + value, hashlib.sha256).hex()[:24]}"

    def cursor_key(self) -> bytes:
        """Return the key of SCIM cursors: they end with the key that is current when the process starts."""
        return self._derived(self.current, b"cursor")

    def audit_mac(self, message: bytes, key_id: str | None = None) -> str:
        """Return ``key id:hex`` MAC of an audit chain link."""
        key_id = key_id or self.current
        return f"{key_id}:{hmac.digest(self._derived(key_id, b'audit'), message, hashlib.sha256).hex()[:48]}"


def _bound_to(tenant_id: int, context: str, key_id: str) -> bytes:
    return f"{tenant_id}/{context}/{key_id}".encode()


def key_ring() -> KeyRing:
    """Return the running application's key ring."""
    ring: KeyRing = current_app.extensions["rollcall.key_ring"]
    return ring


def seal(tenant_id: int, context: str, plaintext: bytes) -> bytes:
    """Seal with the application's ring; see :meth:`KeyRing.seal`."""
    return key_ring().seal(tenant_id, context, plaintext)


def unseal(tenant_id: int, context: str, sealed: bytes) -> bytes:
    """Open with the application's ring; see :meth:`KeyRing.unseal`."""
    return key_ring().unseal(tenant_id, context, sealed)


def digest(tenant_id: int, value: bytes) -> str:
    """Return the keyed digest of a value; see :meth:`KeyRing.digest`."""
    return key_ring().digest(tenant_id, value)
