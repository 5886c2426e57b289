"""Sealing at rest."""

from __future__ import annotations

import pytest

from app.access.encryption import KeyRing, UnsealError

OLD, NEW = "11" * 32, "22" * 32


def test_what_was_sealed_opens_in_its_place_and_nowhere_else() -> None:
    ring = KeyRing.parse(f"k1:{OLD}")
    sealed = ring.seal(1, "employee_secret/a/salary", b"72000")
    assert ring.unseal(1, "employee_secret/a/salary", sealed) == b"72000"
    for tenant_id, place in ((2, "employee_secret/a/salary"), (1, "employee_secret/b/salary")):
        with pytest.raises(UnsealError):
            ring.unseal(tenant_id, place, sealed)


def test_a_changed_byte_anywhere_does_not_open() -> None:
    ring = KeyRing.parse(f"k1:{OLD}")
    sealed = ring.seal(1, "place", b"secret")
    for position in range(len(sealed)):
        changed = bytearray(sealed)
        changed[position] ^= 1
        with pytest.raises(UnsealError):
            ring.unseal(1, "place", bytes(changed))


def test_equal_values_are_sealed_differently() -> None:
    ring = KeyRing.parse(f"k1:{OLD}")
    assert ring.seal(1, "place", b"x") != ring.seal(1, "place", b"x")


def test_a_rotated_ring_opens_the_old_and_seals_with_the_new() -> None:
    sealed = KeyRing.parse(f"k1:{OLD}").seal(1, "place", b"x")
    ring = KeyRing.parse(f"k2:{NEW},k1:{OLD}")
    assert ring.unseal(1, "place", sealed) == b"x"
    with pytest.raises(UnsealError, match="'k2', which the key ring does not hold"):
        KeyRing.parse(f"k1:{OLD}").unseal(1, "place", ring.seal(1, "place", b"x"))


def test_digests_tell_equal_values_within_one_tenant_only() -> None:
    ring = KeyRing.parse(f"k1:{OLD}")
    assert ring.digest(1, b"72000") == ring.digest(1, b"72000")
    assert ring.digest(1, b"72000") != ring.digest(2, b"72000")


@pytest.mark.parametrize("text", ["", "k1", "k1:zz", "k1:" + "1" * 63, ":" + OLD])
def test_a_malformed_ring_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"key|non-hexadecimal"):
        KeyRing.parse(text)


def test_a_ring_never_shows_its_keys() -> None:
    assert OLD not in repr(KeyRing.parse(f"k1:{OLD}"))
