"""What the rooms of tokens, audit, settings and developer are tested with."""

from __future__ import annotations

import pytest

from app.access import tenants, tokens
from app.access.tenants import Tenant
from app.database import writing
from tests.web.console.browser import Browser
from tests.web.console.tokens.steps import prove


@pytest.fixture
def proved(signed_in: Browser) -> Browser:
    """Give a browser whose owner has just proved again who they are."""
    prove()
    return signed_in


@pytest.fixture
def stranger(tenant: Tenant) -> Tenant:
    """Give another tenant, with ten tokens of the client ``stranger``: its numbers are higher than ours."""
    with writing() as connection:
        other = tenants.create(connection, "other")
        for _ in range(10):
            tokens.create(connection, other, "stranger")
    return other
