"""intelliHR's unsigned webhooks: taken behind the connection key only, and as hints; subscriptions kept and renewed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sources.adapter import Delivery, SourceContext
from app.sources.errors import DeliveryRefused, IncompleteRead, SourceUnavailable
from app.vendors.intellihr.hooks import EVENTS
from app.vendors.intellihr.source import IntelliHRSource

ON = {"api_key": "k", "webhook_on": "yes"}
PERSON = "0b6f0d0e-1111-4c1c-9c1c-000000000001"
#: The example of vendors.md §4.4.
BODY = {
    "id": PERSON,
    "event": "person.updated",
    "timestamp": "2026-03-02T00:00:00+00:00",
    "links": {"self": f"https://api.intellihr.io/v1/people/{PERSON}", "selfEncoded": "…"},
    "updated_attributes": ["first_name", "email_addresses"],
}


def delivery(body: Any = BODY, *, is_keyed: bool = True) -> Delivery:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Delivery({"content-type": "application/json"}, raw, datetime.now(UTC), is_keyed)


def hints(body: Any, secrets: dict[str, str] = ON) -> list[dict[str, Any]]:
    receipt = IntelliHRSource().receive(SourceContext("ihr", {}, secrets), delivery(body))
    assert (receipt.status, receipt.delivery_id) == (202, None)
    return [dict(hint) for hint in receipt.hints]


def test_the_example_of_the_documentation_hints_at_its_person():
    assert hints(BODY) == [{"person": PERSON}]


@pytest.mark.parametrize("event", EVENTS)
def test_each_event_hints_at_its_person_or_job(event):
    assert hints({**BODY, "event": event}) == [{event.partition(".")[0]: PERSON}]


@pytest.mark.parametrize(
    "event", ["user.created", "training.completed", "job_remuneration.update_scheduled", "x", "", None]
)
def test_other_events_are_taken_and_hint_at_nobody(event):
    assert hints({**BODY, "event": event}) == []


def test_a_call_without_the_key_in_its_address_is_refused():
    with pytest.raises(DeliveryRefused, match="key") as caught:
        IntelliHRSource().receive(SourceContext("ihr", {}, ON), delivery(is_keyed=False))
    assert caught.value.status == 401


@pytest.mark.parametrize("secrets", [{}, {"api_key": "k"}, {"api_key": "k", "webhook_on": ""}])
def test_a_call_to_a_source_that_has_not_subscribed_is_refused(secrets):
    with pytest.raises(DeliveryRefused, match="not subscribed"):
        hints(BODY, secrets)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'"text"', b"NaN", b"{" * 5000])
def test_what_is_no_json_object_is_400(body):
    with pytest.raises(DeliveryRefused) as caught:
        hints(body)
    assert caught.value.status == 400


@pytest.mark.parametrize("record_id", ["", None, "../jobs", "a b", "x" * 65, {"a": 1}, "http://127.0.0.1/"])
def test_an_id_that_cannot_be_one_hints_at_nobody(record_id):
    assert hints({**BODY, "id": record_id}) == []


@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.dictionaries(st.sampled_from(["id", "event", "links", "x"]), inner),
    ).map(lambda value: json.dumps(value).encode())
)
def test_any_body_is_a_receipt_or_a_refusal(body):
    try:
        receipt = IntelliHRSource().receive(SourceContext("ihr", {}, ON), delivery(body))
    except DeliveryRefused as refused:
        assert refused.status == 400
    else:
        assert receipt.status == 202


def test_an_old_delivery_is_a_hint_like_any_other():
    assert hints({**BODY, "timestamp": "2001-01-01T00:00:00+00:00"}) == [{"person": PERSON}]


def test_links_are_never_followed(account):
    ihr, elsewhere = account(2), account(2)
    person = next(iter(ihr.simulator.company.people))
    body = {**BODY, "id": person, "links": {"self": f"{elsewhere.url}/people/{person}"}}
    pages = list(IntelliHRSource().read_some(ihr.context(), hints(body)))
    assert len(pages[0].records) == 1
    assert elsewhere.paths() == []


# --- subscriptions --------------------------------------------------------------------------------------------------


class Kept(dict[str, str]):
    """What the adapter had stored, as the catalogue would: "" forgets."""

    def keep(self, secrets: Any) -> None:
        for name, value in secrets.items():
            if value:
                self[name] = value
            else:
                self.pop(name, None)


@pytest.fixture
def kept() -> Kept:
    return Kept(api_key="simulator-key")


def subscribe(ihr: Any, kept: Kept, url: str = "http://127.0.0.1:9/api/intellihr/webhook/t/key") -> None:
    IntelliHRSource().subscribe(ihr.context(secrets=dict(kept)), url, kept.keep)


def hooks_of(ihr: Any) -> dict[str, dict[str, Any]]:
    rows = list(ihr.simulator.hooks.rows.values())
    found = {row["webhookEvent"]: row for row in rows}
    assert len(found) == len(rows)
    return found


@pytest.mark.parametrize("faults", ["", "event-objects", "404:path=webhook-events", "page-cap:size=3"])
def test_a_subscription_makes_one_hook_for_each_event(account, kept, faults):
    ihr = account(1, faults)
    subscribe(ihr, kept)
    hooks = hooks_of(ihr)
    assert set(hooks) == set(EVENTS)
    assert {row["isEnabled"] for row in hooks.values()} == {True}
    assert json.loads(kept["webhook_ids"]) == {event: row["id"] for event, row in hooks.items()}
    assert kept["webhook_on"] == "yes"


def test_subscribing_again_adds_nothing(account, kept):
    ihr = account(1, "page-cap:size=5")
    subscribe(ihr, kept)
    before = hooks_of(ihr)
    subscribe(ihr, kept)
    assert hooks_of(ihr) == before


def test_another_address_is_told_to_the_hooks_that_are_there(account, kept):
    ihr = account(1)
    subscribe(ihr, kept)
    before = hooks_of(ihr)
    subscribe(ihr, kept, "http://127.0.0.1:9/another")
    after = hooks_of(ihr)
    assert {row["url"] for row in after.values()} == {"http://127.0.0.1:9/another"}
    assert {row["id"] for row in after.values()} == {row["id"] for row in before.values()}


def test_hooks_that_were_deleted_or_switched_off_are_made_good(account, kept):
    ihr = account(1)
    subscribe(ihr, kept)
    first, second = list(ihr.simulator.hooks.rows)[:2]
    ihr.simulator.hooks.remove(first)
    ihr.simulator.hooks.change(second, {"isEnabled": False})
    subscribe(ihr, kept)
    assert set(hooks_of(ihr)) == set(EVENTS)
    assert all(row["isEnabled"] for row in hooks_of(ihr).values())


@pytest.mark.parametrize("made", range(len(EVENTS)))
def test_a_subscription_that_broke_off_goes_on_without_a_second_hook(account, kept, made):
    ihr = account(1, f"400:method=POST,after={made}")
    with pytest.raises(IncompleteRead):
        subscribe(ihr, kept)
    assert kept["webhook_on"] == "yes"
    ihr.simulator.plan_faults("")
    # The kill came before the last id was kept.
    kept.pop("webhook_ids", None)
    subscribe(ihr, kept)
    assert set(hooks_of(ihr)) == set(EVENTS)


def test_an_account_that_refuses_webhooks_says_where_it_is_mended(account, kept):
    with pytest.raises(SourceUnavailable, match="Public API Access Keys"):
        subscribe(account(1, "403:path=/webhooks"), kept)


def test_unsubscribing_deletes_what_was_made_and_forgets_it(account, kept):
    ihr = account(1)
    subscribe(ihr, kept)
    ihr.simulator.hooks.remove(next(iter(ihr.simulator.hooks.rows)))
    IntelliHRSource().unsubscribe(ihr.context(secrets=dict(kept)), kept.keep)
    assert ihr.simulator.hooks.rows == {}
    assert dict(kept) == {"api_key": "simulator-key"}


def test_hooks_of_others_stay(account, kept):
    ihr = account(1)
    other = ihr.simulator.hooks.create({"url": "http://127.0.0.1:9/other", "webhookEvent": "person.updated"})
    subscribe(ihr, kept)
    IntelliHRSource().unsubscribe(ihr.context(secrets=dict(kept)), kept.keep)
    assert list(ihr.simulator.hooks.rows) == [other["id"]]


def test_the_parts_can_do_what_their_protocols_say():
    from app.sources.adapter import Acknowledges, ReadsSome, Subscribes, TakesWebhooks

    source = IntelliHRSource()
    assert isinstance(source, ReadsSome)
    assert isinstance(source, TakesWebhooks)
    assert isinstance(source, Subscribes)
    assert not isinstance(source, Acknowledges)
    assert set(source.webhook_secrets) <= {option.name for option in source.secrets}
