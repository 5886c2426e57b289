"""Webhooks: the vendor's sample signature, forged and old calls, the activation's echo, subscribing and new keys."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.wrappers import Request, Response

from app.simulation import serve
from app.sources.adapter import Delivery, SourceContext
from app.sources.errors import DeliveryRefused, IncompleteRead, SourceUnavailable
from app.vendors.smartrecruiters.settings import EVENTS
from app.vendors.smartrecruiters.source import SmartRecruitersSource
from app.vendors.smartrecruiters.webhooks import signature

SOURCE = SmartRecruitersSource()
EVENT = "application.status.updated"
#: The vendor's published sample (vendors.md §3.6).
KEY = "HeBVky2bccvvkcXPimH8c"
BODY = b'{"job_id":"jid","candidate_id":"cid"}'
HEADERS = {
    "smartrecruiters-timestamp": "1574080897",
    "event-id": "123",
    "event-name": "application.created",
    "event-version": "v201910",
    "link": "<http://smartrecruiters.com/endpoint>; rel=self",
    "smartrecruiters-signature": "v1=2e9291f10d44ca10204a4cd81b05d73b6a316b2b605d4e2e0e0b37b40198ce1f",
}
SIGNED_AT = datetime.fromtimestamp(1574080897, UTC)


def context(**secrets: str) -> SourceContext:
    """What a source that subscribed works with."""
    settings = SOURCE.settle({"webhook_minutes": secrets.pop("minutes", "5")})
    held = {"subscription": "sub-1", "signing_key": KEY, **secrets}
    return SourceContext("smart", settings, {name: value for name, value in held.items() if value})


def delivery(headers: dict[str, str] = HEADERS, body: bytes = BODY, after: float = 1) -> Delivery:
    return Delivery(headers, body, SIGNED_AT + timedelta(seconds=after))


def without(name: str) -> dict[str, str]:
    return {each: value for each, value in HEADERS.items() if each != name}


# --- what proves a call -------------------------------------------------------------------------------------


def test_the_vendors_sample_is_taken_and_points_at_the_candidate():
    receipt = SOURCE.receive(context(), delivery())
    assert (receipt.status, receipt.delivery_id) == (202, "123")
    assert receipt.hints == ({"candidate": "cid"},)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (HEADERS, BODY + b" "),
        (HEADERS, b""),
        *((without(name), BODY) for name in HEADERS),
        ({**HEADERS, "event-id": "124"}, BODY),
        ({**HEADERS, "link": "<http://elsewhere.example>; rel=self"}, BODY),
        ({**HEADERS, "smartrecruiters-signature": ""}, BODY),
        ({**HEADERS, "smartrecruiters-signature": HEADERS["smartrecruiters-signature"][3:]}, BODY),
        ({**HEADERS, "smartrecruiters-signature": "v2" + HEADERS["smartrecruiters-signature"][2:]}, BODY),
        ({**HEADERS, "smartrecruiters-signature": "v1=" + "0" * 64}, BODY),
    ],
)
def test_a_call_that_was_changed_on_its_way_or_not_signed_is_refused(headers, body):
    with pytest.raises(DeliveryRefused) as refused:
        SOURCE.receive(context(), delivery(headers, body))
    assert refused.value.status == 401


@pytest.mark.parametrize("key", ["", "another"])
def test_a_call_signed_with_a_key_that_is_not_ours_is_refused(key):
    with pytest.raises(DeliveryRefused):
        SOURCE.receive(context(signing_key=key), delivery())


@given(st.binary(max_size=200), st.text(max_size=20), st.text(st.characters(max_codepoint=255), max_size=20))
def test_nothing_but_the_right_signature_is_right(body, key, event_id):
    headers = {**HEADERS, "event-id": event_id}
    headers["smartrecruiters-signature"] = f"v1={signature(key, headers, body)}"
    with pytest.raises(DeliveryRefused):
        SOURCE.receive(context(signing_key="the-real-one"), delivery(headers, body))


@pytest.mark.parametrize(
    "form", ["{new};{old}", "{old};{new}", "{old}", "{new}", " {old} ; {new}", "{other};{old}"]
)
def test_while_keys_rotate_a_signature_of_either_key_is_enough(form):
    signed = {
        name: f"v1={signature(key, HEADERS, BODY)}"
        for name, key in (("old", KEY), ("new", "n"), ("other", "o"))
    }
    headers = {**HEADERS, "smartrecruiters-signature": form.format(**signed)}
    assert SOURCE.receive(context(signing_key="n", signing_key_previous=KEY), delivery(headers)).status == 202


@pytest.mark.parametrize("seconds", [301, 86_400, -301])
def test_a_call_that_was_signed_long_ago_or_ahead_is_refused(seconds):
    with pytest.raises(DeliveryRefused, match="5 minutes"):
        SOURCE.receive(context(), delivery(after=seconds))


@pytest.mark.parametrize("seconds", [0, 299, -299])
def test_a_call_within_five_minutes_is_taken(seconds):
    assert SOURCE.receive(context(), delivery(after=seconds)).status == 202


def test_the_age_that_is_allowed_can_be_set():
    assert SOURCE.receive(context(minutes="60"), delivery(after=3500)).status == 202
    assert SOURCE.receive(context(minutes="0"), delivery(after=10**7)).status == 202


@pytest.mark.parametrize("stamp", ["", "soon", "-1", "١٥", "9" * 30])
def test_a_timestamp_that_is_no_moment_is_refused(stamp):
    headers = {**HEADERS, "smartrecruiters-timestamp": stamp}
    headers["smartrecruiters-signature"] = f"v1={signature(KEY, headers, BODY)}"
    with pytest.raises(DeliveryRefused):
        SOURCE.receive(context(), delivery(headers))


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{", 400), (b"[]", 400), (b'{"candidate_id":', 400), (b"\xff", 400)],
)
def test_a_signed_body_that_cannot_be_read_is_refused_as_such(body, status):
    headers = {**HEADERS, "smartrecruiters-signature": f"v1={signature(KEY, HEADERS, body)}"}
    with pytest.raises(DeliveryRefused) as refused:
        SOURCE.receive(context(), delivery(headers, body))
    assert refused.value.status == status


@pytest.mark.parametrize(
    ("body", "hints"),
    [
        ({"candidate_id": "c", "job_id": "j", "offer_id": "o"}, ({"candidate": "c"},)),
        ({"job_id": "j"}, ({"job": "j"},)),
        ({"position_id": "p"}, ()),
        ({"candidate_id": None}, ()),
    ],
)
def test_a_call_points_at_the_candidate_else_at_the_job(body, hints):
    sent = json.dumps(body).encode()
    headers = {**HEADERS, "smartrecruiters-signature": f"v1={signature(KEY, HEADERS, sent)}"}
    assert SOURCE.receive(context(), delivery(headers, sent)).hints == hints


def test_a_call_without_an_id_of_its_own_has_none():
    headers = without("event-id")
    headers["smartrecruiters-signature"] = f"v1={signature(KEY, headers, BODY)}"
    assert SOURCE.receive(context(), delivery(headers)).delivery_id is None


# --- the handshake ------------------------------------------------------------------------------------------


def test_the_activation_is_answered_with_its_own_secret():
    receipt = SOURCE.receive(context(), delivery({"x-hook-secret": "4jn8fs9011jj8"}, b""))
    assert (receipt.status, receipt.headers, receipt.hints) == (200, {"X-Hook-Secret": "4jn8fs9011jj8"}, ())
    assert not receipt.is_kept


def test_nothing_is_echoed_where_no_subscription_is_being_made():
    with pytest.raises(DeliveryRefused) as refused:
        SOURCE.receive(context(subscription=""), delivery({"x-hook-secret": "4jn8fs9011jj8"}, b""))
    assert refused.value.status == 401


@pytest.mark.parametrize("secret", ["", "a\r\nSet-Cookie: a=b", "a b", "ü", "x" * 513])
def test_a_secret_of_an_odd_form_is_not_echoed(secret):
    with pytest.raises(DeliveryRefused) as refused:
        SOURCE.receive(context(), delivery({"x-hook-secret": secret}, b""))
    assert refused.value.status == 400


def test_a_signature_is_looked_at_even_beside_a_secret():
    with pytest.raises(DeliveryRefused):
        SOURCE.receive(context(), delivery({**HEADERS, "x-hook-secret": "a"}, b"forged"))


# --- subscribing --------------------------------------------------------------------------------------------


class Rollcall:
    """What stands at our end of the address: it answers with what the adapter says, from the secrets that are kept."""

    def __init__(self) -> None:
        self.secrets: dict[str, str] = {}
        self.kept: list[dict[str, str]] = []
        self.hints: list[Any] = []
        self.base: SourceContext | None = None

    def keep(self, secrets: Any) -> None:
        self.kept.append(dict(secrets))
        self.secrets = {name: value for name, value in {**self.secrets, **secrets}.items() if value}

    def context(self) -> SourceContext:
        assert self.base is not None
        return SourceContext(
            "smart",
            self.base.settings,
            {**self.base.secrets, **self.secrets},
            open_session=self.base.open_session,
        )

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            receipt = SOURCE.receive(self.context(), Delivery(headers, request.get_data(), datetime.now(UTC)))
        except DeliveryRefused as refused:
            return Response(str(refused), refused.status)(environ, start_response)
        self.hints += receipt.hints
        return Response(receipt.body, receipt.status, headers=dict(receipt.headers))(environ, start_response)


@contextmanager
def rollcall_for(account: Any, **settings: str) -> Iterator[tuple[Rollcall, str]]:
    ours = Rollcall()
    ours.base = account.context(**settings)
    with serve(ours) as server:
        yield ours, f"{server.url}/api/smartrecruiters/webhook/tenant"


def test_subscribing_keeps_the_id_and_the_key_before_the_vendor_calls_and_then_events_arrive(company):
    account = company(people=1)
    with rollcall_for(account) as (ours, address):
        SOURCE.subscribe(ours.context(), address, ours.keep)
        [subscription] = account.simulator.webhooks.subscriptions.values()
        assert (subscription.status, subscription.events) == ("active", list(EVENTS))
        assert ours.kept[0] == {"subscription": subscription.id}
        assert ours.secrets["signing_key"] == subscription.keys[0]
        candidate = next(iter(account.company.candidates))
        assert [each.status for each in account.simulator.send(EVENT, candidate, "job-1", times=2)] == [
            202,
            202,
        ]
        assert ours.hints == [{"candidate": candidate}] * 2


@pytest.mark.parametrize("choice", [{"sign": "bad"}, {"sign": "missing"}, {"age": 400.0}])
def test_forged_unsigned_and_old_events_are_refused(company, choice):
    account = company(people=1)
    with rollcall_for(account) as (ours, address):
        SOURCE.subscribe(ours.context(), address, ours.keep)
        candidate = next(iter(account.company.candidates))
        assert [each.status for each in account.simulator.send(EVENT, candidate, **choice)] == [401]
        assert ours.hints == []


def test_subscribing_again_makes_a_new_key_beside_the_old_one_and_no_second_subscription(company):
    account = company(people=1)
    with rollcall_for(account) as (ours, address):
        SOURCE.subscribe(ours.context(), address, ours.keep)
        SOURCE.subscribe(ours.context(), address, ours.keep)
        [subscription] = account.simulator.webhooks.subscriptions.values()
        assert [ours.secrets["signing_key_previous"], ours.secrets["signing_key"]] == subscription.keys
        candidate = next(iter(account.company.candidates))
        assert account.simulator.send(EVENT, candidate)[0].status == 202
        account.simulator.webhooks.expire_keys()
        assert account.simulator.send(EVENT, candidate)[0].status == 202


def test_events_signed_with_the_old_key_only_are_taken_until_the_next_renewal(company):
    account = company(people=1)
    with rollcall_for(account) as (ours, address):
        SOURCE.subscribe(ours.context(), address, ours.keep)
        [subscription] = account.simulator.webhooks.subscriptions.values()
        old = list(subscription.keys)
        SOURCE.subscribe(ours.context(), address, ours.keep)
        subscription.keys[:] = old
        candidate = next(iter(account.company.candidates))
        assert account.simulator.send(EVENT, candidate)[0].status == 202
        subscription.keys[:] = []
        SOURCE.subscribe(ours.context(), address, ours.keep)
        subscription.keys[:] = old
        assert account.simulator.send(EVENT, candidate)[0].status == 401


def test_another_address_takes_the_place_of_the_old_one(company):
    account = company()
    with rollcall_for(account) as (ours, address):
        SOURCE.subscribe(ours.context(), address, ours.keep)
        SOURCE.subscribe(ours.context(), address + "/moved", ours.keep)
        [subscription] = account.simulator.webhooks.subscriptions.values()
        assert (subscription.url, subscription.status) == (address + "/moved", "active")
        assert ours.secrets["subscription"] == subscription.id


def test_a_subscription_that_was_removed_there_is_made_anew(company):
    account = company()
    with rollcall_for(account) as (ours, address):
        SOURCE.subscribe(ours.context(), address, ours.keep)
        account.simulator.webhooks.subscriptions.clear()
        SOURCE.subscribe(ours.context(), address, ours.keep)
        assert list(account.simulator.webhooks.subscriptions) == [ours.secrets["subscription"]]


@pytest.mark.parametrize(("faults", "subscriptions"), [("", 1), ("no-subscription-list", 2)])
def test_a_subscription_whose_maker_died_is_taken_over_where_it_can_be_listed(company, faults, subscriptions):
    account = company(faults=faults)
    with rollcall_for(account) as (ours, address):
        account.simulator.webhooks.add({"callbackUrl": address, "events": [EVENT]})
        SOURCE.subscribe(ours.context(), address, ours.keep)
        assert len(account.simulator.webhooks.subscriptions) == subscriptions


@pytest.mark.parametrize("member", ["secret_key", "key", "secret", "value"])
def test_the_new_key_is_found_under_any_name_it_may_have(company, member):
    account = company(faults=f"key-member:name={member}")
    with rollcall_for(account) as (ours, address):
        SOURCE.subscribe(ours.context(), address, ours.keep)
        assert ours.secrets["signing_key"]


def test_a_key_that_is_not_told_is_said_by_the_names_of_the_answer_only(company):
    account = company(faults="key-member:name=somethingElse")
    with rollcall_for(account) as (ours, address):
        with pytest.raises(SourceUnavailable, match="somethingElse") as told:
            SOURCE.subscribe(ours.context(), address, ours.keep)
        [subscription] = account.simulator.webhooks.subscriptions.values()
        assert subscription.keys[0] not in str(told.value)


def test_without_the_permission_subscribing_says_so(company):
    account = company(faults="missing-scope:name=webhooks_manage")
    with (
        rollcall_for(account) as (ours, address),
        pytest.raises(SourceUnavailable, match="lacks a permission"),
    ):
        SOURCE.subscribe(ours.context(), address, ours.keep)


def test_an_address_that_does_not_echo_is_told(company):
    account = company()
    with rollcall_for(account) as (ours, _), pytest.raises(IncompleteRead, match="HANDSHAKE_FAILED"):
        SOURCE.subscribe(ours.context(), "http://127.0.0.1:9/nobody", ours.keep)


def test_unsubscribing_takes_it_back_and_forgets_the_keys(company):
    account = company()
    with rollcall_for(account) as (ours, address):
        SOURCE.subscribe(ours.context(), address, ours.keep)
        SOURCE.unsubscribe(ours.context(), ours.keep)
        assert (account.simulator.webhooks.subscriptions, ours.secrets) == ({}, {})
        SOURCE.unsubscribe(ours.context(), ours.keep)


def test_unsubscribing_what_is_gone_already_is_no_error(company):
    account = company()
    with rollcall_for(account) as (ours, address):
        SOURCE.subscribe(ours.context(), address, ours.keep)
        account.simulator.webhooks.subscriptions.clear()
        SOURCE.unsubscribe(ours.context(), ours.keep)
        assert ours.secrets == {}


def test_events_to_be_told_of_can_be_chosen(company):
    account = company()
    with rollcall_for(account, webhook_events="application.status.updated, offer.updated") as (ours, address):
        SOURCE.subscribe(ours.context(), address, ours.keep)
        [subscription] = account.simulator.webhooks.subscriptions.values()
        assert subscription.events == ["application.status.updated", "offer.updated"]
