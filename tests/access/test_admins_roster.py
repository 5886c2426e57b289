"""The roster of a tenant's admins, and their sessions."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import insert, select

from app import clock
from app.access import admins, admins_roster, admins_sessions, oidc, passwords, tenants
from app.access.admins import Admin, Match
from app.access.tables import Admin as AdminTable
from app.access.tables import AuditRow, SavedView, Session
from app.access.tenants import Tenant
from app.database import reading, writing
from app.errors import NotFoundError, WrongUse

BY = "admin:ada@example.com"


def added(tenant: Tenant, email: str, role: str = "owner") -> int:
    """Add an admin without the cost of a hash; return the number."""
    with writing() as connection:
        return admins.add(connection, tenant, email, role, "no hash", must_change_password=False)


def opened(tenant: Tenant, admin_id: int, place: str = "Firefox") -> str:
    """Open a session; return the cookie."""
    with writing() as connection:
        value = admins.open_session(connection, tenant, Match(admin_id, "no hash"), "ada@example.com", place)
    assert value is not None
    return value


def asking(cookie: str) -> Admin | None:
    with reading() as connection:
        return admins.admin_of_session(connection, cookie)


def roles_of(tenant: Tenant) -> dict[str, str]:
    with reading() as connection:
        return {each.email: each.role for each in admins_roster.listed(connection, tenant.id)}


def test_an_invited_person_has_the_role_and_a_one_time_password(tenant: Tenant) -> None:
    with writing() as connection:
        password = admins_roster.invite(connection, tenant, "Eve@Example.COM", "hr", BY)
        member = admins_roster.with_email(connection, tenant.id, "eve@example.com")
        match = admins.verified(connection, tenant, "eve@example.com", password)
    assert (member.email, member.role, member.has_one_time_password) == ("Eve@example.com", "hr", True)
    assert match is not None and match.admin_id == member.id


@pytest.mark.parametrize(
    ("email", "role"), [("eve", "hr"), ("eve@", "hr"), ("ADA@example.com", "hr"), ("eve@example.com", "boss")]
)
def test_who_is_there_already_and_what_is_no_address_or_role_is_not_invited(
    tenant: Tenant, email: str, role: str
) -> None:
    added(tenant, "ada@example.com")
    with writing() as connection, pytest.raises(WrongUse):
        admins_roster.invite(connection, tenant, email, role, BY)
    assert roles_of(tenant) == {"ada@example.com": "owner"}


def test_a_known_admin_keeps_the_role_with_a_new_password(tenant: Tenant) -> None:
    added(tenant, "eve@example.com", "viewer")
    with writing() as connection:
        admins.create(connection, tenant, "eve@example.com")
        admins.create(connection, tenant, "ada@example.com")
    assert roles_of(tenant) == {"ada@example.com": "owner", "eve@example.com": "viewer"}


def test_the_last_owner_is_neither_demoted_nor_removed(tenant: Tenant) -> None:
    ada, eve = added(tenant, "ada@example.com"), added(tenant, "eve@example.com", "admin")
    with writing() as connection:
        other = tenants.create(connection, "other")
    added(other, "owner@other.example")
    for deed in (
        lambda connection: admins_roster.give_role(connection, tenant.id, ada, "admin", BY),
        lambda connection: admins_roster.remove(connection, tenant.id, ada, BY),
    ):
        with writing() as connection, pytest.raises(WrongUse, match="last owner"):
            deed(connection)
    with writing() as connection:
        admins_roster.give_role(connection, tenant.id, eve, "owner", BY)
        admins_roster.remove(connection, tenant.id, ada, BY)
    assert roles_of(tenant) == {"eve@example.com": "owner"}


def test_of_two_owners_who_remove_each_other_at_once_one_stays(app: Flask, tenant: Tenant) -> None:
    numbers = [added(tenant, "ada@example.com"), added(tenant, "eve@example.com")]
    start = threading.Barrier(2)

    def remove(number: int) -> bool:
        with app.app_context():
            start.wait(30)
            try:
                with writing() as connection:
                    admins_roster.remove(connection, tenant.id, number, BY)
            except WrongUse:
                return False
            return True

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(remove, numbers))
    assert sorted(done) == [False, True]
    assert len(roles_of(tenant)) == 1


def test_who_is_removed_leaves_no_session_and_no_saved_view(tenant: Tenant) -> None:
    added(tenant, "ada@example.com")
    eve = added(tenant, "eve@example.com", "hr")
    cookie = opened(tenant, eve)
    view = {"tenant_id": tenant.id, "id": 1, "admin_id": eve, "name": "mine", "query": "q=a"}
    with writing() as connection:
        connection.execute(insert(SavedView.__table__).values(view | {"created_at": clock.now()}))
        admins_roster.remove(connection, tenant.id, eve, BY)
        assert connection.execute(select(SavedView.__table__)).all() == []
        assert connection.execute(select(Session.__table__)).all() == []
    assert asking(cookie) is None


@pytest.mark.parametrize("is_required", [True, False])
def test_an_owner_no_more_signs_in_anew_where_passwords_are_for_owners(
    tenant: Tenant, is_required: bool
) -> None:
    ada, eve = added(tenant, "ada@example.com"), added(tenant, "eve@example.com")
    cookies = [opened(tenant, ada), opened(tenant, eve)]
    with writing() as connection:
        told = {"issuer": "https://idp.example.com", "client_id": "rollcall", "client_secret": "s"}
        oidc.keep(connection, tenant.id, BY, **told, is_required=is_required)
        admins_roster.give_role(connection, tenant.id, eve, "admin", BY)
    assert [asking(cookie) is None for cookie in cookies] == [False, is_required]


def test_a_role_that_passwords_never_opened_for_ends_no_session(tenant: Tenant) -> None:
    added(tenant, "ada@example.com")
    eve = added(tenant, "eve@example.com", "viewer")
    with writing() as connection:
        told = {"issuer": "https://idp.example.com", "client_id": "rollcall", "client_secret": "s"}
        oidc.keep(connection, tenant.id, BY, **told, is_required=True)
    cookie = opened(tenant, eve)
    with writing() as connection:
        admins_roster.give_role(connection, tenant.id, eve, "hr", BY)
    assert asking(cookie) is not None


def test_deeds_are_audited_without_passwords(tenant: Tenant) -> None:
    added(tenant, "ada@example.com")
    with writing() as connection:
        password = admins_roster.invite(connection, tenant, "eve@example.com", "hr", BY)
        eve = admins_roster.with_email(connection, tenant.id, "eve@example.com").id
        again = admins_roster.issue_password(connection, tenant, eve, BY)
        admins_roster.give_role(connection, tenant.id, eve, "admin", BY)
        admins_roster.give_role(connection, tenant.id, eve, "admin", BY)  # nothing to do, nothing to tell
        admins_roster.remove(connection, tenant.id, eve, BY)
        rows = connection.execute(select(AuditRow.__table__).order_by(AuditRow.__table__.c.at)).all()
    told = [(row.action, row.actor) for row in rows if row.subject == f"admin:{eve}"]
    issued = "admin.password_issued"
    assert told == [(issued, BY), (issued, BY), ("admin.role_given", BY), ("admin.removed", BY)]
    assert password not in str(rows) and again not in str(rows)


def test_numbers_and_addresses_of_another_tenant_are_not_there(tenant: Tenant) -> None:
    with writing() as connection:
        other = tenants.create(connection, "other")
    for number in range(3):
        added(other, f"{number}@other.example")
    with writing() as connection:
        for deed in (
            lambda: admins_roster.with_id(connection, tenant.id, 3),
            lambda: admins_roster.with_email(connection, tenant.id, "2@other.example"),
            lambda: admins_roster.give_role(connection, tenant.id, 3, "viewer", BY),
            lambda: admins_roster.issue_password(connection, tenant, 3, BY),
            lambda: admins_roster.remove(connection, tenant.id, 3, BY),
        ):
            with pytest.raises(NotFoundError):
                deed()
    assert list(roles_of(other).values()) == ["owner"] * 3


# ------------------------------------------------------------------------------------------------------ sessions


def test_sessions_are_listed_newest_first_and_end_by_their_name(tenant: Tenant) -> None:
    ada, eve = added(tenant, "ada@example.com"), added(tenant, "eve@example.com")
    first, second = opened(tenant, ada, "Firefox on Linux"), opened(tenant, ada, "Safari on iPhone")
    other = opened(tenant, eve)
    admin, stranger = asking(second), asking(other)
    assert admin is not None and stranger is not None
    with writing() as connection:
        listed = admins_sessions.listed(connection, admin, second)
        assert [(each.place, each.is_this) for each in listed] == [
            ("Safari on iPhone", True),
            ("Firefox on Linux", False),
        ]
        name = listed[1].name
        assert name not in (first, second) and len(name) == 16
        for wrong in ("", "%", name[:-1], "_" * 16):
            with pytest.raises(NotFoundError):
                admins_sessions.end(connection, admin, wrong)
        with pytest.raises(NotFoundError):
            admins_sessions.end(connection, stranger, name)
        admins_sessions.end(connection, admin, name)
    assert [asking(cookie) is not None for cookie in (first, second, other)] == [False, True, True]


def test_the_others_end_and_nobody_elses(tenant: Tenant) -> None:
    ada, eve = added(tenant, "ada@example.com"), added(tenant, "eve@example.com")
    cookies = [opened(tenant, ada) for _ in range(3)] + [opened(tenant, eve)]
    admin = asking(cookies[0])
    assert admin is not None
    with writing() as connection:
        assert admins_sessions.end_others(connection, admin, cookies[0]) == 2
        assert admins_sessions.end_others(connection, admin, cookies[0]) == 0
        told = [row.action for row in connection.execute(select(AuditRow.__table__))]
    assert told.count("admin.sessions_ended") == 1
    assert [asking(cookie) is not None for cookie in cookies] == [True, False, False, True]


def test_who_has_no_password_has_none_that_is_right(tenant: Tenant) -> None:
    with writing() as connection:
        admins.add(
            connection, tenant, "ada@example.com", "hr", passwords.NO_PASSWORD, must_change_password=False
        )
    with reading() as connection:
        for guess in ("", "nobody has this password"):
            assert admins.verified(connection, tenant, "ada@example.com", guess) is None
        assert connection.scalar(select(AdminTable.__table__.c.password_hash)) == ""
