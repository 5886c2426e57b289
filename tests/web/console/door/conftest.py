"""A tenant whose admins may sign in at a provider."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import select

from app.access import admins, oidc
from app.access.tables import AuditRow
from app.access.tenants import Tenant
from app.database import reading, writing
from app.web.console.admins import openid
from tests.harness.openid_provider import CLIENT_ID, CLIENT_SECRET, OpenIdProvider
from tests.web.console.browser import Browser, Page
from tests.web.console.conftest import EMAIL


@pytest.fixture
def provider(tenant: Tenant, serve: Callable[[Any], str]) -> OpenIdProvider:
    """Give the tenant's provider, served; passwords go on working."""
    openid.DESCRIPTIONS.clear()
    made = OpenIdProvider(email=EMAIL).served(serve)
    keep(tenant, made)
    return made


def keep(
    tenant: Tenant, made: OpenIdProvider, *, is_required: bool = False, secret: str = CLIENT_SECRET
) -> None:
    """Set a provider up for the tenant."""
    with writing() as connection:
        oidc.keep(
            connection,
            tenant.id,
            "system:test",
            issuer=made.issuer,
            client_id=CLIENT_ID,
            client_secret=secret,
            is_required=is_required,
        )


def go(browser: Browser, tenant: str = "acme", **query: str) -> Any:
    """Go the whole way: to the provider and back, until Rollcall answers with a page."""
    return browser.get(f"/sign-in/provider?{urlencode({'tenant': tenant, **query})}")


def invited(tenant: Tenant, email: str, role: str) -> str:
    """Make an admin and return the one-time password."""
    with writing() as connection:
        return admins.create(connection, tenant, email, role)


def proved(browser: Browser, password: str) -> None:
    """Prove in a browser that it is still the same person."""
    assert browser.submit(browser.page("/prove"), "/prove", password=password).status_code == 303


def token_of(page: Page) -> str:
    """The token that a page's forms carry."""
    return next(fields["csrf_token"] for _, fields in page.forms if "csrf_token" in fields)


def deeds(*actions: str) -> list[tuple[str, str]]:
    """The audited deeds of these kinds: (action, actor)."""
    table = AuditRow.__table__
    with reading() as connection:
        rows = connection.execute(select(table.c.action, table.c.actor).order_by(table.c.at, table.c.id))
        return [(row.action, row.actor) for row in rows if row.action in actions]


def words(answer: Any) -> str:
    """The words of an answer's page."""
    return Page(answer.text).text
