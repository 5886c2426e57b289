"""A served console with one admin, and browsers for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from app.access import admins
from app.access.tables import Admin as AdminTable
from app.access.tenants import Tenant
from app.database import writing
from tests.web.console.browser import Browser

EMAIL = "hr@acme.example"


@pytest.fixture
def one_time(tenant: Tenant) -> str:
    """Give the one-time password of the tenant's admin."""
    with writing() as connection:
        return admins.create(connection, tenant, EMAIL)


@pytest.fixture
def password(one_time: str) -> str:
    """Give the password of the tenant's admin, who need not choose another (hashing one more costs 50 ms)."""
    with writing() as connection:
        connection.execute(update(AdminTable.__table__).values(must_change_password=False))
    return one_time


@pytest.fixture
def browser(app: Flask, serve: Callable[[Any], str]) -> Browser:
    """Give a browser at the console, nobody signed in."""
    return Browser(serve(app))


@pytest.fixture
def signed_in(browser: Browser, tenant: Tenant, password: str) -> Browser:
    """Give a browser in which the tenant's admin is signed in."""
    assert browser.sign_in(tenant.slug, EMAIL, password).status_code == 303
    return browser


@pytest.fixture
def as_role(browser: Browser, tenant: Tenant) -> Callable[[str], Browser]:
    """Give a function that signs an admin with a role in, in a browser of their own."""

    def signed(role: str) -> Browser:
        email = f"{role}@acme.example"
        with writing() as connection:
            password = admins.create(connection, tenant, email, role)
            connection.execute(update(AdminTable.__table__).values(must_change_password=False))
        another = Browser(browser.base)
        assert another.sign_in(tenant.slug, email, password).status_code == 303
        return another

    return signed
