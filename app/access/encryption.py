"""Sealing of secrets at rest with AES-256-GCM, and keyed digests that tell "changed" without telling the value.

A sealed value is bound to its tenant, to the place it stands in and to its key, so that it opens nowhere else
(a static IV or an unbound value can be swapped between rows unnoticed; docs/decisions).
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass, field
from functools import cached_property

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import current_app

from app.access.key_file import KeyFile, key_file_of
from app.errors import RollcallError

log = structlog.get_logger(__name__)

_FORMAT = b"\x01"
_NONCE_BYTES = 12
#: Stands in a written ring before what is left of a retired key.
_CHAIN = "audit"
_RING, _FILE = "rollcall.key_ring", "rollcall.key_file"


class UnsealError(RollcallError):
    """A sealed value does not open here: another key ring, another place, or changed bytes."""


@dataclass(frozen=True)
class KeyRing:
    """The installation's keys, ``{key id: 32 bytes}``; the first one seals, all of them open.

    ``chain_keys`` is what is left of retired ones: they prove old rows of the audit chain, and open nothing.
    """

    keys: dict[str, bytes] = field(repr=False)
    chain_keys: dict[str, bytes] = field(default_factory=dict, repr=False)

    @classmethod
    def parse(cls, text: str) -> KeyRing:
        """Return the ring written as ``id:hex,id:hex``, retired ones as ``id:audit:hex``.

        :raises ValueError: on anything else.
        """
        keys: dict[str, bytes] = {}
        chain_keys: dict[str, bytes] = {}
        for part in filter(None, (item.strip() for item in text.split(","))):
            key_id, separator, digits = part.partition(":")
            kind, mark, rest = digits.partition(":")
            if mark and kind == _CHAIN:
                digits = rest
            if not separator or not key_id or len(digits) != 64:
                raise ValueError("a key is written as id:64 hexadecimal digits, several separated by commas")
            (chain_keys if mark else keys)[key_id] = bytes.fromhex(digits)
        if not keys:
            raise ValueError("the key ring is empty; give at least one id:64 hexadecimal digits")
        return cls(keys, chain_keys)

    def text(self) -> str:
        """Return the ring as :meth:`parse` reads it: every key in clear."""
        written = [f"{key_id}:{key.hex()}" for key_id, key in self.keys.items()]
        return ",".join(
            [*written, *(f"{key_id}:{_CHAIN}:{key.hex()}" for key_id, key in self.chain_keys.items())]
        )

    def with_new_key(self) -> KeyRing:
        """Return the ring with a new key that seals from now on; its id was in this ring never before.

        >>> list(KeyRing({"k9": bytes(32), "old": bytes(32)}, {"k1": bytes(32)}).with_new_key().keys)
        ['k10', 'k9', 'old']
        """
        known = [*self.keys, *self.chain_keys]
        numbers = [int(name[1:]) for name in known if name[:1] == "k" and name[1:].isdecimal()]
        fresh = f"k{max(numbers, default=len(known)) + 1}"
        return KeyRing({fresh: secrets.token_bytes(32), **self.keys}, self.chain_keys)

    def without(self, key_id: str) -> KeyRing:
        """Return the ring in which this key opens nothing any more and only proves what it signed in the chain."""
        kept = {name: key for name, key in self.keys.items() if name != key_id}
        return KeyRing(kept, {**self.chain_keys, key_id: self._derived(key_id, b"audit")})

    def print_of(self, key_id: str) -> str:
        """Return a fingerprint of a key, retired or not, by which it is known again without being told."""
        return self.audit_mac(b"print", key_id).partition(":")[2][:16]

    def prints(self) -> dict[str, str]:
        """Return the fingerprints of all keys, retired ones too."""
        return {key_id: self.print_of(key_id) for key_id in (*self.keys, *self.chain_keys)}

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
        sealed = self._ciphers[key_id].encrypt(nonce, plaintext, _bound_to(tenant_id, context, key_id))
        return sealed_prefix(key_id) + nonce + sealed

    def unseal(self, tenant_id: int, context: str, sealed: bytes) -> bytes:
        """Return what was sealed for this place; raises :class:`UnsealError`."""
        length = sealed[1] if len(sealed) > 2 and sealed[:1] == _FORMAT else 0
        key_id = key_id_of(sealed)
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
        """Return the key of SCIM cursors, from the oldest key of the ring.

        Processes that started before and after a rotation then read each other's; retiring the oldest ends them.
        """
        return self._derived(next(reversed(self.keys)), b"cursor")

    def audit_mac(self, message: bytes, key_id: str | None = None) -> str:
        """Return ``key id:hex`` MAC of an audit chain link."""
        key_id = key_id or self.current
        key = self.chain_keys.get(key_id) or self._derived(key_id, b"audit")
        return f"{key_id}:{hmac.digest(key, message, hashlib.sha256).hex()[:48]}"

    def proves(self, key_id: str) -> bool:
        """True when links of the audit chain that were made with this key can be checked."""
        return key_id in self.keys or key_id in self.chain_keys


def _bound_to(tenant_id: int, context: str, key_id: str) -> bytes:
    return f"{tenant_id}/{context}/{key_id}".encode()


def key_id_of(sealed: bytes) -> str:
    """Return the id of the key that a value is sealed with; empty for bytes that nobody sealed."""
    length = sealed[1] if len(sealed) > 2 and sealed[:1] == _FORMAT else 0
    return sealed[2 : 2 + length].decode(errors="replace")


def sealed_prefix(key_id: str) -> bytes:
    """Return what every value that is sealed with this key begins with."""
    name = key_id.encode()
    return _FORMAT + bytes([len(name)]) + name


def key_ring() -> KeyRing:
    """Return the running application's key ring; when its file has changed, it is read anew."""
    extensions = current_app.extensions
    file = extensions.get(_FILE)
    if file is None:
        file = extensions[_FILE] = key_file_of(extensions["rollcall.settings"])
    text = file.news()
    if text is not None:
        extensions[_RING] = _renewed(extensions[_RING], text)
    ring: KeyRing = extensions[_RING]
    return ring


def key_file() -> KeyFile:
    """Return the file that the running application's ring is read from."""
    key_ring()
    file: KeyFile = current_app.extensions[_FILE]
    return file


def _renewed(ring: KeyRing, text: str) -> KeyRing:
    """Return the ring of a file, or the one at hand when the file is not its next state."""
    try:
        found = KeyRing.parse(text)
    except ValueError as error:
        log.warning("the key ring's file cannot be read; the ring stays as it was", error=str(error))
        return ring
    if not any(found.proves(name) and _is_same(ring, found, name) for name in (*ring.keys, *ring.chain_keys)):
        log.warning(
            "the key ring's file holds another ring than this process was started with; it is not used"
        )
        return ring
    return found


def _is_same(ring: KeyRing, found: KeyRing, key_id: str) -> bool:
    return ring.print_of(key_id) == found.print_of(key_id)


def seal(tenant_id: int, context: str, plaintext: bytes) -> bytes:
    """Seal with the application's ring; see :meth:`KeyRing.seal`."""
    return key_ring().seal(tenant_id, context, plaintext)


def unseal(tenant_id: int, context: str, sealed: bytes) -> bytes:
    """Open with the application's ring; see :meth:`KeyRing.unseal`."""
    return key_ring().unseal(tenant_id, context, sealed)


def digest(tenant_id: int, value: bytes) -> str:
    """Return the keyed digest of a value; see :meth:`KeyRing.digest`."""
    return key_ring().digest(tenant_id, value)
