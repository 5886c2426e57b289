"""The audit chain."""

from __future__ import annotations

from sqlalchemy import text

from app.access import audit
from app.access.tenants import Tenant
from app.database import reading, writing


def _deeds(tenant: Tenant, number: int) -> None:
    with writing() as connection:
        for deed in range(number):
            audit.record(connection, tenant.id, "admin:1", "token.created", f"token:{deed}", {"deed": deed})


def _sealed(tenant: Tenant) -> int:
    with writing() as connection:
        return audit.seal(connection, tenant.id)


def _report(tenant: Tenant) -> audit.ChainReport:
    with reading() as connection:
        return audit.verify(connection, tenant.id)


def _tamper(statement: str) -> None:
    with writing() as connection:
        assert connection.execute(text(statement)).rowcount >= 1


def test_sealed_rows_verify_and_the_unsealed_tail_is_counted(tenant: Tenant) -> None:
    _deeds(tenant, 5)
    sealed = _sealed(tenant)
    _deeds(tenant, 2)
    assert _report(tenant) == audit.ChainReport(sealed, 2, ())


def test_sealing_goes_on_where_it_stopped(tenant: Tenant) -> None:
    for _ in range(3):
        _deeds(tenant, 2)
        _sealed(tenant)
    assert _report(tenant).findings == ()
    assert _sealed(tenant) == 0


def test_a_flipped_column_is_found(tenant: Tenant) -> None:
    _deeds(tenant, 3)
    _sealed(tenant)
    _tamper("UPDATE audit SET actor = 'admin:2' WHERE seal_number = 2")
    assert any("row 2" in finding for finding in _report(tenant).findings)


def test_changed_values_are_found(tenant: Tenant) -> None:
    _deeds(tenant, 3)
    _sealed(tenant)
    _tamper("""UPDATE audit SET "values" = '{}' WHERE seal_number = 3""")
    assert _report(tenant).findings == (next(f for f in _report(tenant).findings if "values of row 3" in f),)


def test_a_deleted_row_is_found(tenant: Tenant) -> None:
    _deeds(tenant, 4)
    _sealed(tenant)
    _tamper("DELETE FROM audit WHERE seal_number = 2")
    assert any("rows 2 to 2" in finding for finding in _report(tenant).findings)


def test_reordered_rows_are_found(tenant: Tenant) -> None:
    _deeds(tenant, 4)
    _sealed(tenant)
    _tamper("UPDATE audit SET seal_number = 99 WHERE seal_number = 2")
    _tamper("UPDATE audit SET seal_number = 2 WHERE seal_number = 3")
    _tamper("UPDATE audit SET seal_number = 3 WHERE seal_number = 99")
    assert _report(tenant).findings


def test_erased_values_leave_the_chain_whole(tenant: Tenant) -> None:
    _deeds(tenant, 3)
    _sealed(tenant)
    _tamper("""UPDATE audit SET "values" = NULL, salt = NULL WHERE seal_number = 2""")
    assert _report(tenant).findings == ()
