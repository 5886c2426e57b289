"""A client of the SCIM API that speaks through Flask's test client, as an identity provider would."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.access import tenants, tokens
from app.access.tenants import Tenant
from app.database import writing


@dataclass
class ScimCaller:
    """Calls paths under ``/scim/v2`` with a bearer token."""

    app: Flask
    token: str | None
    prefix: str = "/scim/v2"

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        """Return the answer; ``body`` is JSON data, or bytes as they are."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        arguments: dict[str, Any] = {"headers": sent}
        if isinstance(body, bytes):
            arguments["data"] = body
        elif body is not None:
            arguments["json"] = body
        if body is not None:
            arguments["content_type"] = sent.pop("Content-Type", "application/scim+json")
        with self.app.test_client() as client:
            return client.open(self.prefix + path, method=method, **arguments)


@pytest.fixture
def scim(app: Flask, token: str) -> ScimCaller:
    """Give a caller that may read and write."""
    return ScimCaller(app, token)


@pytest.fixture
def caller(app: Flask, tenant: Tenant) -> Callable[..., ScimCaller]:
    """Give a function that makes callers with chosen scopes, of a client of that name."""

    def make(name: str, *scopes: str) -> ScimCaller:
        with writing() as connection:
            return ScimCaller(
                app, tokens.create(connection, tenant, name, scopes=scopes or ("scim:write",)).text
            )

    return make


@pytest.fixture
def stranger(app: Flask) -> ScimCaller:
    """Give a caller of another tenant."""
    with app.app_context(), writing() as connection:
        other = tenants.create(connection, "stranger")
        return ScimCaller(app, tokens.create(connection, other, "stranger", scopes=("scim:write",)).text)
