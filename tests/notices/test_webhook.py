"""Webhooks as a receiver sees them: Standard Webhooks 1.0, checked by code that was written from its text."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest
from flask import Flask

from app.config import Settings
from app.database import writing
from app.notices import channels, delivering, signing
from tests.notices.desk import Desk
from tests.notices.receiver import TOLERANCE_SECONDS, verify


def test_a_webhook_is_signed_and_says_what_happened(desk: Desk) -> None:
    hook = desk.webhook(path="/in?key=k")
    desk.tell()
    assert delivering.drain(desk.tenant.id) == 1
    (headers, body), path = hook.calls[0], hook.paths[0]
    assert verify(hook.secrets[0], headers, body) is None
    assert path == "/in?key=k"
    assert headers["content-type"] == "application/json"
    notice = desk.notices()[0]
    assert headers["webhook-id"] == notice.message_id
    assert json.loads(body) == {
        "type": "target.paused",
        "timestamp": notice.at,
        "data": {
            "tenant": "acme",
            "about": "target:far",
            "state": "paused",
            "title": "far is paused",
            "text": "The target far is paused.",
            "details": {"target": "far"},
            "reminder": False,
        },
    }
    assert desk.deliveries()[0].state == "sent"


def test_a_wrong_secret_a_changed_body_and_an_old_webhook_are_not_believed(desk: Desk) -> None:
    hook = desk.webhook()
    desk.tell()
    delivering.drain(desk.tenant.id)
    headers, body = hook.calls[0]
    secret = hook.secrets[0]
    assert verify(signing.new_secret(), headers, body) == "no signature fits"
    assert verify(secret, headers, body.replace(b"paused", b"active")) == "no signature fits"
    assert verify(secret, headers | {"webhook-id": "another"}, body) == "no signature fits"
    later = time.time() + TOLERANCE_SECONDS + 5
    assert verify(secret, headers, body, now=later) == "too old or too new"
    replayed = headers | {"webhook-timestamp": str(int(later))}
    assert verify(secret, replayed, body, now=later) == "no signature fits"


def test_a_receiver_that_knows_another_secret_gets_no_further_than_its_refusal(desk: Desk) -> None:
    hook = desk.webhook()
    hook.secrets = [signing.new_secret()]
    desk.tell()
    assert delivering.drain(desk.tenant.id) == 0
    assert (desk.deliveries()[0].state, desk.deliveries()[0].tries) == ("pending", 1)
    assert desk.deliveries()[0].error == "The receiver answered with status 401."


def test_every_try_has_the_same_id_and_a_time_of_its_own(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.notices.deliveries.FIRST_PAUSE", 0.001)
    hook = desk.webhook(statuses=("503 Busy", "503 Busy"))
    desk.tell()
    deadline = time.monotonic() + 20
    while delivering.drain(desk.tenant.id) == 0:
        assert time.monotonic() < deadline
    assert len(hook.calls) == 3
    assert len({headers["webhook-id"] for headers, _ in hook.calls}) == 1
    assert len({body for _, body in hook.calls}) == 1
    assert all(verify(hook.secrets[0], headers, body) is None for headers, body in hook.calls)


def test_while_a_rotation_overlaps_both_secrets_are_good_and_then_only_the_new_one(desk: Desk) -> None:
    hook = desk.webhook()
    old = hook.secrets[0]

    def rotated(hours: int) -> str:
        with writing() as connection:
            known = channels.named(connection, desk.tenant.id, "hook")
            return channels.rotate(connection, known, "test", hours)

    fresh = rotated(24)
    desk.tell("paused")
    assert delivering.drain(desk.tenant.id) == 1
    headers, body = hook.calls[-1]
    assert len(headers["webhook-signature"].split(" ")) == 2
    assert verify(old, headers, body) is verify(fresh, headers, body) is None

    last = rotated(0)
    hook.secrets = [last]
    desk.tell("active")
    assert delivering.drain(desk.tenant.id) == 1
    headers, body = hook.calls[-1]
    assert len(headers["webhook-signature"].split(" ")) == 1
    assert verify(fresh, headers, body) == verify(old, headers, body) == "no signature fits"


def test_an_overlap_ends_by_itself(desk: Desk) -> None:
    desk.webhook()
    with writing() as connection:
        channels.rotate(connection, channels.named(connection, desk.tenant.id, "hook"), "test", 24)
        known = channels.named(connection, desk.tenant.id, "hook")
    assert known.previous_until is not None
    assert len(known.secrets("2020")) == 2
    assert len(known.secrets(known.previous_until)) == 1


def test_private_addresses_are_refused_and_not_tried_again(
    app: Flask, desk: Desk, settings: Settings
) -> None:
    hook = desk.webhook()
    app.extensions["rollcall.settings"] = replace(settings, allow_private_targets=False)
    desk.tell()
    assert delivering.drain(desk.tenant.id) == 0
    assert hook.calls == []
    delivery = desk.deliveries()[0]
    assert delivery.state == "failed"
    assert "loopback" in delivery.error


def test_a_redirect_is_not_followed(desk: Desk) -> None:
    other = desk.webhook("other", kinds=["breaker"])
    hook = desk.webhook(statuses=("302 Found",))
    hook.headers = [("Location", "http://127.0.0.1:9/elsewhere")]
    desk.tell()
    assert delivering.drain(desk.tenant.id) == 0
    assert desk.deliveries()[0].state == "pending"
    assert other.calls == []


def test_a_receiver_that_is_gone_for_good_is_not_asked_again(desk: Desk) -> None:
    hook = desk.webhook(statuses=("410 Gone",))
    desk.tell()
    delivering.drain(desk.tenant.id)
    assert (desk.deliveries()[0].state, len(hook.calls)) == ("failed", 1)


def test_a_key_in_the_address_is_in_no_error(desk: Desk) -> None:
    hook = desk.webhook(path="/services/T0/canary-in-path?key=canary-in-query", statuses=("500 Broken",))
    hook.headers = [("Retry-After", "0")]
    desk.tell()
    delivering.drain(desk.tenant.id)
    assert "canary" not in str(desk.deliveries()[0].error)
