"""BambooHR's deliveries: proven by their signature, read for ids only; and webhooks made and taken back by API."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sources.adapter import Delivery, SourceContext, Subscribes, TakesWebhooks
from app.sources.errors import DeliveryRefused, SourceUnavailable
from app.vendors.bamboohr.source import BambooHRSource
from app.vendors.bamboohr.webhooks import MONITORED, signature

KEY = "test-key-not-real"
STAMP = "2026-03-02T09:15:01Z"
NOW = datetime(2026, 3, 2, 9, 16, tzinfo=UTC)
BODY = (
    b'{"type":"employee.updated","timestamp":"2026-03-02T09:15:00Z","data":{"companyId":"100","employeeId":"123",'
    b'"changedFields":["department"]}}'
)
VECTOR = "008a65853f28beb1deb0c66f506ed56dd9b2ae8308fbe374ef6bc3802b8f92d8"
CALLBACK = "http://127.0.0.1:1/api/bamboohr/webhook/tenant"


def received(body=BODY, sign=None, stamp=STAMP, secrets=None, at=NOW):
    """What the adapter makes of a delivery."""
    headers = {"x-bamboohr-timestamp": stamp}
    if sign != "":
        headers["x-bamboohr-signature"] = sign or signature(KEY, body, stamp)
    context = SourceContext("hr", {}, {"webhook_secret": KEY} if secrets is None else secrets)
    return BambooHRSource().receive(context, Delivery(headers, body, at))


def ids(receipt):
    return [hint["record"] for hint in receipt.hints]


def test_the_adapter_takes_and_makes_webhooks():
    assert isinstance(BambooHRSource(), TakesWebhooks)
    assert isinstance(BambooHRSource(), Subscribes)


def test_the_signature_is_the_documented_one():
    assert signature(KEY, BODY, STAMP) == VECTOR
    assert ids(received(sign=VECTOR)) == ["123"]
    assert received(sign=VECTOR.upper()).status == 202


@pytest.mark.parametrize(
    "sign",
    [
        "",
        "0" * 64,
        VECTOR[:-1],
        "ü" * 64,
        signature("another", BODY, STAMP),
        signature(KEY, STAMP.encode(), ""),
    ],
)
def test_a_delivery_that_is_not_proven_is_refused(sign):
    with pytest.raises(DeliveryRefused) as refused:
        received(sign=sign)
    assert refused.value.status == 401


def test_one_changed_byte_of_body_or_timestamp_is_refused():
    for body, stamp in (
        (BODY.replace(b"123", b"124"), STAMP),
        (BODY, "2026-03-02T09:15:02Z"),
        (BODY + b" ", STAMP),
    ):
        with pytest.raises(DeliveryRefused):
            received(body, VECTOR, stamp)


@given(st.binary(max_size=200), st.text(max_size=30), st.text(max_size=64))
def test_no_made_up_signature_is_taken(body, stamp, sign):
    with pytest.raises(DeliveryRefused):
        received(body, sign or "", stamp)


def test_both_keys_are_good_while_they_are_rotated_and_none_without_a_key():
    rotated = {"webhook_secret": "new", "webhook_secret_previous": KEY}
    assert ids(received(secrets=rotated)) == ["123"]
    assert ids(received(sign=signature("new", BODY, STAMP), secrets=rotated)) == ["123"]
    for secrets in ({"webhook_secret": "new"}, {}, {"webhook_secret": ""}):
        with pytest.raises(DeliveryRefused):
            received(secrets=secrets)
    with pytest.raises(DeliveryRefused):
        received(sign=signature("", BODY, STAMP), secrets={"webhook_secret": ""})


@pytest.mark.parametrize(
    "stamp", ["1772442901", "1772442901000", "2026-03-02T09:15:01+00:00", "2026-03-02 09:15:01"]
)
def test_every_known_form_of_a_timestamp_is_taken(stamp):
    assert ids(received(stamp=stamp)) == ["123"]


@pytest.mark.parametrize("stamp", ["", "soon", "999999999999999999999", "²"])
def test_a_timestamp_that_cannot_be_read_is_only_signed(stamp):
    assert ids(received(stamp=stamp)) == ["123"]


@pytest.mark.parametrize("stamp", [STAMP, "1772442901", "1772442901000"])
def test_a_delivery_older_than_a_day_is_refused(stamp):
    with pytest.raises(DeliveryRefused, match="older"):
        received(stamp=stamp, at=datetime(2026, 3, 4, tzinfo=UTC))


def test_the_older_family_names_its_employees_whatever_form_its_fields_have():
    for fields in ({"Department": "Operations"}, {"Department": {"value": "Operations"}}, None, []):
        entry = {"id": 123, "action": "Updated", "changedFields": ["Department"], "fields": fields}
        body = json.dumps({"employees": [entry, {"id": "124"}, entry, {"id": None}, "odd"]}).encode()
        assert ids(received(body)) == ["123", "124"]


@pytest.mark.parametrize(
    "body",
    [
        {"type": "company.updated", "data": {"companyId": "100"}},
        {"type": "employee.updated", "data": None},
        {"type": "employee.updated", "data": {"employeeId": ["1"]}},
        {"employees": None},
        {},
    ],
)
def test_events_that_name_nobody_are_taken_and_point_at_nobody(body):
    receipt = received(json.dumps(body).encode())
    assert (receipt.hints, receipt.status) == ((), 202)


@pytest.mark.parametrize("body", [b"", b"[]", b"no json", b"\xff", b'{"a":' * 100_000])
def test_a_proven_body_that_cannot_be_read_is_400(body):
    with pytest.raises(DeliveryRefused) as refused:
        received(body)
    assert refused.value.status == 400


# --- made by API -----------------------------------------------------------------------------------------------------


class Kept(dict):
    """Secrets as the product keeps them: "" forgets one; every call is noted."""

    def __init__(self, **secrets):
        super().__init__(api_key="simulator-key", **secrets)
        self.calls = []

    def __call__(self, given):
        self.calls.append(dict(given))
        for name, value in given.items():
            if value:
                self[name] = value
            else:
                self.pop(name, None)


def test_subscribing_asks_for_the_events_and_fields_of_the_guide(account):
    bamboo, kept = account(people=2), Kept()
    BambooHRSource().subscribe(bamboo.context(secrets=kept), CALLBACK, kept)
    [hook] = bamboo.simulator.webhooks.hooks.values()
    assert hook["events"] == ["employee.created", "employee.updated", "employee.deleted"]
    assert hook["monitorFields"] == list(MONITORED)
    assert (hook["url"], hook["format"], hook["postFields"]) == (CALLBACK, "json", {})
    assert (kept["webhook_secret"], kept["webhook_id"]) == (hook["privateKey"], hook["id"])


def test_subscribing_again_makes_a_new_key_keeps_the_old_one_good_and_leaves_one_webhook(account):
    bamboo, kept = account(people=2), Kept()
    adapter = BambooHRSource()
    adapter.subscribe(bamboo.context(secrets=kept), CALLBACK, kept)
    first = dict(kept)
    adapter.subscribe(bamboo.context(secrets=kept), CALLBACK + "/new", kept)
    [hook] = bamboo.simulator.webhooks.hooks.values()
    assert hook["url"] == CALLBACK + "/new"
    assert kept["webhook_secret"] == hook["privateKey"] != first["webhook_secret"]
    assert kept["webhook_secret_previous"] == first["webhook_secret"]


def test_a_webhook_whose_key_was_lost_is_taken_back_at_the_next_try(account):
    bamboo, kept = account(people=2), Kept()

    def killed(given):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        BambooHRSource().subscribe(bamboo.context(secrets=kept), CALLBACK, killed)
    assert len(bamboo.simulator.webhooks.hooks) == 1
    BambooHRSource().subscribe(bamboo.context(secrets=kept), CALLBACK, kept)
    assert list(bamboo.simulator.webhooks.hooks) == [kept["webhook_id"]]


@pytest.mark.parametrize("fault", ["drop-after-commit", "500", "500:when=after", "half-body", "drop"])
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_whichever_call_fails_once_one_webhook_is_left_and_its_key_is_kept(account, fault, nth):
    bamboo, kept = account(people=2), Kept()
    name, _, rest = fault.partition(":")
    bamboo.simulator.plan_faults(f"{name}:nth={nth}" + (f",{rest}" if rest else ""))
    BambooHRSource().subscribe(bamboo.context(secrets=kept), CALLBACK, kept)
    [hook] = bamboo.simulator.webhooks.hooks.values()
    assert (kept["webhook_secret"], kept["webhook_id"]) == (hook["privateKey"], hook["id"])


def test_fields_that_the_key_may_not_monitor_are_left_out(account):
    bamboo, kept = account(people=2, faults="no-permission:fields=homePhone+address1"), Kept()
    BambooHRSource().subscribe(bamboo.context(secrets=kept), CALLBACK, kept)
    [hook] = bamboo.simulator.webhooks.hooks.values()
    assert set(MONITORED) - set(hook["monitorFields"]) == {"homePhone", "address1"}


@pytest.mark.parametrize("url", ["http://example.com/x", "not an address"])
def test_an_address_that_bamboohr_refuses_is_one_plain_message(account, url):
    bamboo, kept = account(people=2), Kept()
    with pytest.raises(SourceUnavailable, match=r"did not make the webhook.*url.*https"):
        BambooHRSource().subscribe(bamboo.context(secrets=kept), url, kept)
    assert kept.calls == []


def test_a_key_without_the_right_to_make_webhooks_is_one_plain_message(account):
    bamboo, kept = account(people=2, faults="no-webhooks"), Kept()
    with pytest.raises(SourceUnavailable, match="permission to use webhooks"):
        BambooHRSource().subscribe(bamboo.context(secrets=kept), CALLBACK, kept)


def test_unsubscribing_takes_the_webhook_back_once_and_forgets_the_keys(account):
    bamboo, kept = account(people=2), Kept()
    adapter = BambooHRSource()
    adapter.subscribe(bamboo.context(secrets=kept), CALLBACK, kept)
    before = dict(kept)
    adapter.unsubscribe(bamboo.context(secrets=kept), kept)
    assert (bamboo.simulator.webhooks.hooks, dict(kept)) == ({}, {"api_key": "simulator-key"})
    adapter.unsubscribe(bamboo.context(secrets=before), kept)


def test_a_real_delivery_is_taken_and_a_forged_one_is_not(account, serve):
    bamboo, kept, taken = account(people=6), Kept(), []

    def receiver(environ, start_response):
        from werkzeug.wrappers import Request, Response

        request = Request(environ)
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            context = bamboo.context(secrets=kept)
            receipt = BambooHRSource().receive(
                context, Delivery(headers, request.get_data(), datetime.now(UTC))
            )
            taken.extend(ids(receipt))
            status = receipt.status
        except DeliveryRefused as error:
            status = error.status
        return Response(b"", status)(environ, start_response)

    BambooHRSource().subscribe(bamboo.context(secrets=kept), serve(receiver) + "/hook", kept)
    for form in ("time=iso", "time=epoch", "time=ms", "form=fields", "form=fields,values=object"):
        bamboo.simulator.plan_faults(f"hook-form:{form}")
        bamboo.company.change("103", {"department": form})
        assert [entry["status"] for entry in bamboo.simulator.webhooks.send()] == [202]
    assert taken == ["103"] * 5
    for sign in ("bad", "missing", "timestamp-first"):
        bamboo.company.change("103", {"department": sign})
        assert [entry["status"] for entry in bamboo.simulator.webhooks.send(sign=sign)] == [401]
