"""Admins, sign-in and sessions."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from app import clock
from app.access import admins, admins_tries
from app.access.admins import Admin, Choice
from app.access.passwords import PasswordRefused
from app.access.tables import Admin as AdminTable
from app.access.tables import AuditRow, SignInAttempt
from app.access.tenants import Tenant
from app.database import reading, writing
from app.errors import WrongUse

CHOSEN = "correct horse battery"
TRIES = 12


def _made(tenant: Tenant) -> str:
    with writing() as connection:
        return admins.create(connection, tenant, "Ada@Example.com")


def _signed_in(tenant: Tenant, password: str, email: str = "ada@example.com") -> str:
    """The cookie of a new session."""
    with writing() as connection:
        match = admins.verified(connection, tenant, email, password)
        assert match is not None
        cookie = admins.open_session(connection, tenant, match, email)
    assert cookie is not None
    return cookie


def _choice(cookie: str, password: str) -> tuple[Admin, Choice]:
    with reading() as connection:
        admin = admins.admin_of_session(connection, cookie)
        assert admin is not None
        return admin, admins.choice(connection, admin, password)


def _choose(cookie: str, password: str = CHOSEN) -> bool:
    admin, choice = _choice(cookie, password)
    with writing() as connection:
        return admins.choose_password(connection, admin, choice, cookie)


def _is_right(tenant: Tenant, password: str) -> bool:
    with reading() as connection:
        return admins.verified(connection, tenant, "ada@example.com", password) is not None


def _is_open(cookie: str) -> bool:
    with reading() as connection:
        return admins.admin_of_session(connection, cookie) is not None


def test_the_one_time_password_signs_in_whatever_the_case_of_the_address(tenant: Tenant) -> None:
    cookie = _signed_in(tenant, _made(tenant), "ada@example.COM")
    with reading() as connection:
        admin = admins.admin_of_session(connection, cookie)
    assert admin == Admin(
        tenant.id, "acme", 1, "Ada@Example.com", must_change_password=True, role="owner", proved_at=None
    )


def test_wrong_password_unknown_address_and_unknown_tenant_are_alike(tenant: Tenant) -> None:
    password = _made(tenant)
    with reading() as connection:
        assert admins.verified(connection, tenant, "ada@example.com", password + "x") is None
        assert admins.verified(connection, tenant, "eve@example.com", password) is None
        assert admins.verified(connection, None, "ada@example.com", password) is None


# --------------------------------------------------------------------------------------- choosing a password


def test_the_one_time_password_signs_in_until_another_is_chosen_and_never_again(tenant: Tenant) -> None:
    one_time = _made(tenant)
    _signed_in(tenant, one_time)
    cookie = _signed_in(tenant, one_time)
    assert _choose(cookie)
    assert not _is_right(tenant, one_time)
    assert _is_right(tenant, CHOSEN)
    with reading() as connection:
        admin = admins.admin_of_session(connection, cookie)
    assert admin is not None and not admin.must_change_password


def test_choosing_a_password_ends_the_admins_other_sessions_and_nobody_elses(tenant: Tenant) -> None:
    with writing() as connection:
        other = admins.create(connection, tenant, "eve@example.com")
    one_time = _made(tenant)
    stays, ends = _signed_in(tenant, one_time), _signed_in(tenant, one_time)
    of_another = _signed_in(tenant, other, "eve@example.com")
    _choose(stays)
    assert [_is_open(cookie) for cookie in (stays, ends, of_another)] == [True, False, True]


def test_the_chosen_password_is_kept_as_argon2id_and_the_deed_is_audited_without_it(tenant: Tenant) -> None:
    _choose(_signed_in(tenant, _made(tenant)))
    with reading() as connection:
        kept = connection.scalar(select(AdminTable.__table__.c.password_hash))
        rows = connection.execute(select(AuditRow.__table__)).all()
    assert kept.startswith("$argon2id$")
    (changed,) = (row for row in rows if row.action == "admin.password_changed")
    assert (changed.actor, changed.subject) == ("admin:Ada@Example.com", "admin:1")
    assert CHOSEN not in str(rows) and kept not in str(rows)


UNFIT = [
    ("elevenchars", "at least 12"),
    ("x" * 1001, "at most 1000"),
    ("ADA@example.com ", "e-mail address"),
    (None, "password that you have now"),
]


@pytest.mark.parametrize(("password", "words"), UNFIT)
def test_an_unfit_password_is_not_taken(tenant: Tenant, password: str | None, words: str) -> None:
    one_time = _made(tenant)
    cookie = _signed_in(tenant, one_time)
    with pytest.raises(PasswordRefused, match=words):
        _choose(cookie, password or one_time)
    assert _is_right(tenant, one_time)


def test_a_password_is_chosen_once(tenant: Tenant) -> None:
    one_time = _made(tenant)
    first, second = _signed_in(tenant, one_time), _signed_in(tenant, one_time)
    admin, late = _choice(second, "somebody else's choice")
    assert _choose(first)
    with writing() as connection:
        assert not admins.choose_password(connection, admin, late, second)
    assert _is_right(tenant, CHOSEN)


def test_a_choice_for_a_password_that_was_issued_anew_comes_to_nothing(tenant: Tenant) -> None:
    cookie = _signed_in(tenant, _made(tenant))
    admin, late = _choice(cookie, CHOSEN)
    reissued = _made(tenant)
    with writing() as connection:
        assert not admins.choose_password(connection, admin, late, cookie)
    assert _is_right(tenant, reissued)


def test_a_password_that_was_replaced_while_it_was_verified_opens_no_session(tenant: Tenant) -> None:
    one_time = _made(tenant)
    with reading() as connection:
        match = admins.verified(connection, tenant, "ada@example.com", one_time)
    assert match is not None
    _choose(_signed_in(tenant, one_time))
    with writing() as connection:
        assert admins.open_session(connection, tenant, match, "ada@example.com") is None


# ------------------------------------------------------------------------------------- guessing, and sessions


def _try(tenant: Tenant) -> float:
    with writing() as connection:
        return admins_tries.count(connection, tenant, "ada@example.com")


def test_guessing_is_slowed_down_and_forgotten_after_a_sign_in(tenant: Tenant) -> None:
    password, now = _made(tenant), clock.utcnow()
    for number in range(admins_tries.FREE_FAILURES + 3):
        with time_machine.travel(now + timedelta(hours=number), tick=False):
            assert _try(tenant) == 0
    with time_machine.travel(now + timedelta(hours=number), tick=False):
        assert _try(tenant) == 8
        with writing() as connection:
            assert admins_tries.wait_seconds(connection, tenant, "eve@example.com") == 0
        _signed_in(tenant, password)
        assert _try(tenant) == 0


def test_a_try_during_the_wait_does_not_make_it_longer(tenant: Tenant) -> None:
    with time_machine.travel(clock.utcnow(), tick=False):
        for _ in range(admins_tries.FREE_FAILURES):
            assert _try(tenant) == 0
        assert {_try(tenant) for _ in range(10)} == {1.0}


def test_of_tries_sent_all_at_once_each_is_counted_and_none_gets_past_the_block(
    app: Flask, tenant: Tenant
) -> None:
    start = threading.Barrier(TRIES)

    def one(_: int) -> float:
        with app.app_context():
            start.wait(30)
            return _try(tenant)

    with ThreadPoolExecutor(TRIES) as pool:
        waits = list(pool.map(one, range(TRIES)))
    with reading() as connection:
        failures = connection.scalar(select(SignInAttempt.__table__.c.failures))
    assert failures == waits.count(0)
    assert admins_tries.FREE_FAILURES <= failures < TRIES


def test_a_session_ends_by_closing_by_time_and_by_a_new_password(tenant: Tenant) -> None:
    one_time = _made(tenant)
    first, second, third = (_signed_in(tenant, one_time) for _ in range(3))
    with writing() as connection:
        admins.close_session(connection, first)
    assert not _is_open(first)
    assert _is_open(second)
    over = clock.utcnow() + timedelta(hours=admins.SESSION_HOURS, seconds=1)
    with time_machine.travel(over, tick=False):
        assert not _is_open(second)
    _made(tenant)
    assert not _is_open(third)


def test_something_that_is_no_address_is_refused(tenant: Tenant) -> None:
    with writing() as connection, pytest.raises(WrongUse, match="not an e-mail address"):
        admins.create(connection, tenant, "ada")
