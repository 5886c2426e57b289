"""Fixtures of notices: a tenant whose notices go to a real receiver of webhooks and a real mail server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from app.access.tenants import Tenant
from app.config import Settings
from tests.notices.desk import Desk
from tests.notices.mailbox import Mailbox, mailbox


@pytest.fixture
def box() -> Iterator[Mailbox]:
    """A mail server."""
    with mailbox() as running:
        yield running


@pytest.fixture
def settings(settings: Settings, box: Mailbox) -> Settings:
    """Settings with that mail server."""
    return replace(
        settings,
        smtp_url=f"smtp://127.0.0.1:{box.port}",
        mail_from="rollcall@acme.example",
        connect_timeout=2.0,
        call_timeout=5.0,
    )


@pytest.fixture
def desk(app: Flask, tenant: Tenant, serve: Callable[[Any], str]) -> Desk:
    """One tenant's notices."""
    return Desk(app, tenant, serve)
