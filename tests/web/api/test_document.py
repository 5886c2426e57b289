"""The description of the admin API (OpenAPI 3.1)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule

from app.web.api.blueprint import PREFIX, blueprint
from tests.web.api.conftest import Caller


@pytest.fixture
def document(app: Flask) -> Any:
    """Give the description as it is served."""
    return Caller(app, None).get("/openapi.json")


def _routes(app: Flask) -> set[tuple[str, str]]:
    def path(rule: Rule) -> str:
        return "".join(f"{{{part}}}" if is_dynamic else part for is_dynamic, part in rule._trace).lstrip("|")

    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("api.")]
    return {
        (path(rule), method) for rule in rules for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def test_it_describes_every_route_and_no_other(app: Flask, document: Any) -> None:
    described = {
        (path, method.upper())
        for path, operations in document["paths"].items()
        for method in operations
        if method != "parameters"
    }
    assert document["openapi"] == "3.1.0"
    assert described == _routes(app)
    assert all(path.startswith(PREFIX) for path, _ in described)


def test_every_operation_names_its_scope_and_its_problems(document: Any) -> None:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method == "parameters":
                continue
            scope = blueprint.scopes[f"api.{operation['operationId']}"]
            assert operation["security"] == ([{"bearer": [scope]}] if scope else []), path
            assert operation["responses"]["default"] == {"$ref": "#/components/responses/DEFAULT_ERROR"}
            assert operation["summary"]
            assert method == "get" or scope == "admin:write"


def test_it_reaches_for_nothing_outside(document: Any) -> None:
    text = json.dumps(document)
    assert "http://" not in text
    assert "https://" not in text.replace("ROLLCALL_PUBLIC_URL=https://", "")


def test_no_answer_has_a_place_for_a_secret(document: Any) -> None:
    schemas = document["components"]["schemas"]
    kept = [
        (name, member)
        for name, schema in schemas.items()
        for member, form in schema.get("properties", {}).items()
        if member in ("secrets", "token", "api_key", "password") and form.get("type") != "array"
    ]
    assert sorted(kept) == [("ChangedSource", "secrets"), ("NewSource", "secrets")]
