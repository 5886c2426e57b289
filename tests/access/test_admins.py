"""Admins, sign-in and sessions."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from app import clock
from app.access import admins
from app.access.tenants import Tenant
from app.database import reading, writing
from app.errors import WrongUse


def _made(tenant: Tenant) -> str:
    with writing() as connection:
        return admins.create(connection, tenant, "Ada@Example.com")


def test_the_one_time_password_signs_in_whatever_the_case_of_the_address(tenant: Tenant) -> None:
    password = _made(tenant)
    with writing() as connection:
        admin_id = admins.verified(connection, tenant, "ada@example.COM", password)
        assert admin_id is not None
        cookie = admins.open_session(connection, tenant, admin_id, "ada@example.com")
    with reading() as connection:
        assert admins.admin_of_session(connection, cookie) == admins.Admin(
            tenant.id, "acme", admin_id, "Ada@Example.com"
        )


def test_wrong_password_unknown_address_and_unknown_tenant_are_alike(tenant: Tenant) -> None:
    password = _made(tenant)
    with reading() as connection:
        assert admins.verified(connection, tenant, "ada@example.com", password + "x") is None
        assert admins.verified(connection, tenant, "eve@example.com", password) is None
        assert admins.verified(connection, None, "ada@example.com", password) is None


def test_guessing_is_slowed_down_and_forgotten_after_a_sign_in(tenant: Tenant) -> None:
    password = _made(tenant)
    with writing() as connection:
        for _ in range(admins.FREE_FAILURES + 3):
            admins.note_failure(connection, tenant, "ada@example.com")
        assert admins.wait_seconds(connection, tenant, "ada@example.com") > 4
        assert admins.wait_seconds(connection, tenant, "eve@example.com") == 0
        admin_id = admins.verified(connection, tenant, "ada@example.com", password)
        admins.open_session(connection, tenant, admin_id or 0, "ada@example.com")
        assert admins.wait_seconds(connection, tenant, "ada@example.com") == 0


def test_a_session_ends_by_closing_by_time_and_by_a_new_password(tenant: Tenant) -> None:
    _made(tenant)
    with writing() as connection:
        first, second, third = (
            admins.open_session(connection, tenant, 1, "ada@example.com") for _ in range(3)
        )
        admins.close_session(connection, first)
        assert admins.admin_of_session(connection, first) is None
        assert admins.admin_of_session(connection, second)
    with (
        time_machine.travel(clock.utcnow() + timedelta(hours=admins.SESSION_HOURS, seconds=1), tick=False),
        reading() as connection,
    ):
        assert admins.admin_of_session(connection, second) is None
    _made(tenant)
    with reading() as connection:
        assert admins.admin_of_session(connection, third) is None


def test_something_that_is_no_address_is_refused(tenant: Tenant) -> None:
    with writing() as connection, pytest.raises(WrongUse, match="not an e-mail address"):
        admins.create(connection, tenant, "ada")
