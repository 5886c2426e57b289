"""Webhooks of sources over the admin API."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

from flask import Flask

from app import create_app
from app.access.tenants import Tenant
from tests.conftest import make_settings
from tests.web.api.conftest import Caller, problem


def test_a_secret_is_shown_once_and_proves_a_call(
    call: Caller, app: Flask, tenant: Tenant, published: Callable[..., Any]
) -> None:
    published()
    before = call.get("/sources/jazz/webhook")
    assert (before["has_secret"], before["made_by"]) == (False, "rollcall")
    assert before["tenant_id"] == tenant.public_id
    assert before["address"] == f"/api/jazzhr/webhook/{tenant.public_id}"
    made = call.post("/sources/jazz/webhook/generate")
    secret = made.pop("webhook_secret")
    assert made == call.get("/sources/jazz/webhook")
    assert made["has_secret"] is True
    assert secret not in call("GET", "/sources/jazz").text + call("GET", "/sources/jazz/webhook").text
    body = json.dumps({"candidate": {"person": {"id": {"value": "prospect_1"}}}}).encode()
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    with app.test_client() as vendor:
        headers = {"X-JazzHR-Signature": signature, "X-JazzHR-Event": "CANDIDATE-EXPORT"}
        for sent, expected in ((headers, {200, 202, 204}), ({}, {401})):
            answer = vendor.post(made["address"], data=body, headers=sent, content_type="application/json")
            assert answer.status_code in expected, answer.text
    after = call.get("/sources/jazz/webhook")
    assert [delivery["state"] for delivery in after["deliveries"]] == ["waiting"]
    assert [refused["status"] for refused in after["refused"]] == [401]


def test_another_secret_lets_the_old_one_go_on_for_a_day(call: Caller, published: Callable[..., Any]) -> None:
    published()
    first = call.post("/sources/jazz/webhook/generate")
    second = call.post("/sources/jazz/webhook/generate")
    assert first["webhook_secret"] != second["webhook_secret"]
    assert (first["previous_secret_until"], second["previous_secret_until"] is None) == (None, False)


def test_addresses_are_whole_where_the_installation_knows_its_own(
    call: Caller, published: Callable[..., Any], database_url: str, tmp_path: Any
) -> None:
    published()
    app = create_app(make_settings(database_url, tmp_path, public_url="https://rollcall.acme.example"))
    shown = Caller(app, call.token).get("/sources/jazz/webhook")
    assert shown["keyed_address"].startswith(f"{shown['address']}/")
    assert shown["address"].startswith("https://rollcall.acme.example/api/jazzhr/webhook/")


def test_who_is_not_told_by_api_cannot_be_subscribed_to(call: Caller, published: Callable[..., Any]) -> None:
    published()
    for step in ("subscribe", "unsubscribe"):
        assert problem(call("POST", f"/sources/jazz/webhook/{step}")) == (409, "not_possible")


def test_a_file_calls_nobody(call: Caller, file_source: Callable[..., Any]) -> None:
    file_source("1,Ada,Byron,ada@acme.example")
    assert problem(call("GET", "/sources/hr/webhook")) == (409, "not_possible")
