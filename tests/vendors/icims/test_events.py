"""Event notifications of iCIMS: three forms of credentials, what they are about, and what is refused."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.wrappers import Request, Response

from app.simulation import serve
from app.sources.adapter import Delivery, SourceContext
from app.sources.errors import DeliveryRefused
from app.vendors.icims import signing, tokens
from app.vendors.icims.simulator import CUSTOMER, ICIMSSimulator
from app.vendors.icims.simulator.events import body_of, signed_headers, status_change
from app.vendors.icims.source import ICIMSSource

SOURCE = ICIMSSource()
SECRET, PREVIOUS = "canary-webhook-secret", "canary-webhook-before"
URL = "https://rollcall.example/api/icims/webhook/8c1f?x=1"
TARGET = "/api/icims/webhook/8c1f?x=1"
EVENT = status_change(CUSTOMER, 22, 77, "C2039", "C2040", "https://api.icims.com/customers/1234")
NOW = datetime(2026, 11, 22, 14, 30, tzinfo=UTC)
KNOWN_SIGNATURE = "d53c0266434b9228a4440822411f7d1246454f9fdbd87f225a6d59210cf07e5e"


def context(account_settings: dict[str, str] | None = None, **secrets: str) -> Any:
    given_secrets = secrets or {"webhook_secret": SECRET, "webhook_secret_previous": PREVIOUS}
    return SourceContext(
        "icims", SOURCE.settle({"customer_id": CUSTOMER, **(account_settings or {})}), given_secrets
    )


def delivery(
    headers: dict[str, str], body: bytes, received_at: datetime = NOW, target: str = TARGET
) -> Delivery:
    """Return a delivery as the web room makes it."""
    named = {name.lower(): value for name, value in headers.items()}
    return Delivery(headers=named, body=body, received_at=received_at, target=target)


def basic(user: str = "rollcall", secret: str = SECRET) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode()}


def signed(
    secret: str = SECRET, *, body: bytes, user: str = "rollcall", at: datetime = NOW
) -> dict[str, str]:
    made = signed_headers(URL, user, secret, body, f"{at:%Y-%m-%dT%H:%M:%SZ}")
    return {"Content-Type": "application/json", "Host": "rollcall.example", **made}


def people(receipt: Any) -> list[Any]:
    return [dict(hint) for hint in receipt.hints]


# --- what an event is about


def test_a_status_change_names_its_person_and_is_answered_with_200(account):
    receipt = SOURCE.receive(context(), delivery(basic(), body_of(EVENT)))
    assert (people(receipt), receipt.status, receipt.delivery_id) == ([{"person": "22"}], 200, None)


def test_the_person_of_an_event_may_stand_in_its_links_only():
    links = [
        {"rel": "self", "url": "https://api.icims.com/customers/1234/jobs/7"},
        {"rel": "associatedprofile", "url": "https://api.icims.com/customers/1234/people/22?x=1"},
        {"rel": "x", "url": None},
        "nonsense",
    ]
    event = {"eventType": "OnboardPortalTaskEvent", "customerId": 1234, "links": links, "userId": "5"}
    assert people(SOURCE.receive(context(), delivery(basic(), body_of(event)))) == [{"person": "22"}]


@pytest.mark.parametrize(
    "event",
    [{"eventType": "JobPostEvent", "jobId": "7"}, {"personId": None}, {"personId": "../1"}, {"links": {}}],
)
def test_an_event_about_nobody_is_taken_and_reads_nobody(event):
    assert people(SOURCE.receive(context(), delivery(basic(), body_of(event)))) == []


def test_an_uncompressed_event_is_taken_too():
    assert people(SOURCE.receive(context(), delivery(basic(), body_of(EVENT, compressed=False)))) == [
        {"person": "22"}
    ]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no json",
        b"[]",
        b'"text"',
        b'{"personId": NaN}',
        b"[" * 100_000,
        gzip.compress(b"no json", mtime=0),
        gzip.compress(b'{"personId":"22"}', mtime=0)[:-9],
        gzip.compress(b" " * 5_000_000, mtime=0),
        b"\x1f\x8b broken",
    ],
)
def test_what_is_no_event_is_400(body):
    with pytest.raises(DeliveryRefused) as caught:
        SOURCE.receive(context(), delivery(basic(), body))
    assert caught.value.status == 400


def test_an_event_of_another_customer_is_400():
    with pytest.raises(DeliveryRefused, match="another customer") as caught:
        SOURCE.receive(context(), delivery(basic(), body_of({**EVENT, "customerId": "77"})))
    assert caught.value.status == 400


@given(st.dictionaries(st.text(max_size=8), st.recursive(st.none() | st.booleans() | st.text(), st.lists)))
def test_any_object_is_an_event_or_refused_with_400(event):
    try:
        SOURCE.receive(context(), delivery(basic(), gzip.compress(json.dumps(event).encode())))
    except DeliveryRefused as refused:
        assert refused.status == 400


# --- who sends it


def forms(body: bytes) -> dict[str, dict[str, str]]:
    with time_machine.travel(NOW, tick=False):
        token = tokens.issue("rollcall", SECRET)
    return {"basic": basic(), "hmac": signed(body=body), "oauth2": {"Authorization": f"bearer {token}"}}


@pytest.mark.parametrize("form", ["basic", "hmac", "oauth2"])
def test_every_form_of_credentials_is_taken(form):
    body = body_of(EVENT)
    with time_machine.travel(NOW, tick=False):
        assert SOURCE.receive(context(), delivery(forms(body)[form], body)).hints


@pytest.mark.parametrize("form", ["basic", "hmac", "oauth2"])
def test_the_secret_before_this_one_is_still_taken(form):
    body = body_of(EVENT)
    with time_machine.travel(NOW, tick=False):
        held = context(webhook_secret="a-new-one", webhook_secret_previous=SECRET)
        assert SOURCE.receive(held, delivery(forms(body)[form], body)).hints
        with pytest.raises(DeliveryRefused):
            SOURCE.receive(context(webhook_secret="a-new-one"), delivery(forms(body)[form], body))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Negotiate x"},
        {"Authorization": SECRET},
        basic(secret="wrong"),
        basic(secret=""),
        basic(user="other"),
        {"Authorization": "Basic !!!"},
        {"Authorization": "Basic \xfcber"},
        {"Authorization": "Basic " + base64.b64encode(b"\xff\xfe").decode()},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer " + tokens.issue("other", SECRET)},
        {"Authorization": "Bearer " + tokens.issue("rollcall", "wrong")},
        {"Authorization": "Bearer " + SECRET},
        {"Authorization": "x-icims-v1-hmac-sha256 user=rollcall"},
        signed("wrong", body=body_of(EVENT)),
        signed(user="other", body=body_of(EVENT)),
        signed(body=b"another body"),
        signed(body=body_of(EVENT), at=NOW - timedelta(minutes=16)),
        signed(body=body_of(EVENT), at=NOW + timedelta(minutes=16)),
        {**signed(body=body_of(EVENT)), "x-icims-date": "soon"},
        {**signed(body=body_of(EVENT)), "x-icims-date": f"{NOW - timedelta(minutes=1):%Y-%m-%dT%H:%M:%SZ}"},
        {**signed(body=body_of(EVENT)), "Host": "elsewhere.example"},
    ],
)
def test_what_proves_nothing_is_401(headers):
    with pytest.raises(DeliveryRefused) as caught:
        SOURCE.receive(context(), delivery(headers, body_of(EVENT)))
    assert caught.value.status == 401
    assert SECRET not in str(caught.value)


def test_a_signature_is_over_the_bytes_as_they_were_sent():
    body = body_of(EVENT)
    with pytest.raises(DeliveryRefused):
        SOURCE.receive(context(), delivery(signed(body=body), gzip.decompress(body)))


def test_a_signature_that_leaves_body_or_date_out_proves_nothing():
    body = body_of(EVENT)
    headers = {name.lower(): value for name, value in signed(body=body).items()}
    for names in (("host", "x-icims-date"), ("host", "x-icims-content-sha256")):
        digest = signing.signed(SECRET, "POST", TARGET, headers, names)
        forged = {**headers, "authorization": str(signing.Signature("rollcall", names, digest))}
        with pytest.raises(DeliveryRefused):
            SOURCE.receive(context(), delivery(forged, body))


def test_a_signature_is_for_the_address_that_was_called():
    body = body_of(EVENT)
    with pytest.raises(DeliveryRefused):
        SOURCE.receive(context(), delivery(signed(body=body), body, target="/api/icims/webhook/other"))


def test_a_source_without_a_secret_takes_nothing():
    for secrets in ({"client_id": "x"}, {"webhook_secret": ""}):
        with pytest.raises(DeliveryRefused, match="no webhook_secret"):
            SOURCE.receive(context(**secrets), delivery(basic(secret=""), body_of(EVENT)))


def test_the_signature_of_a_known_request():
    """The form of API calls, over a fixed request; computed with openssl."""
    headers = {
        "content-type": "application/json",
        "host": "rollcall.example",
        "x-icims-content-sha256": signing.content_digest(b"{}"),
        "x-icims-date": "2026-11-22T14:30:00Z",
    }
    assert (
        headers["x-icims-content-sha256"]
        == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    )
    assert signing.signed("test-secret-not-real", "post", "/hook", headers) == KNOWN_SIGNATURE


# --- tokens of ours


def form(**changed: str) -> dict[str, str]:
    asked = {"grant_type": "client_credentials", "client_id": "rollcall", "client_secret": SECRET, **changed}
    return {name: value for name, value in asked.items() if value}


def test_client_credentials_get_a_token_of_the_form_that_icims_wants():
    receipt = SOURCE.token(context(), form(), None)
    answer = json.loads(receipt.body)
    assert receipt.status == 200
    assert receipt.headers == {"Content-Type": "application/json", "Cache-Control": "no-store"}
    assert answer.keys() == {"access_token", "token_type", "expires_in"}
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 86_400)
    taken = SOURCE.receive(
        context(), delivery({"Authorization": f"Bearer {answer['access_token']}"}, body_of(EVENT))
    )
    assert people(taken) == [{"person": "22"}]


def test_client_credentials_may_come_in_the_header():
    asked = {"grant_type": "client_credentials"}
    assert SOURCE.token(context(), asked, basic()["Authorization"]).status == 200
    assert SOURCE.token(context(), asked, basic(secret="wrong")["Authorization"]).status == 401


@pytest.mark.parametrize(
    ("asked", "status", "error"),
    [
        ({}, 400, "invalid_request"),
        (form(grant_type="password"), 400, "unsupported_grant_type"),
        (form(client_secret=""), 401, "invalid_client"),
        (form(client_secret="wrong"), 401, "invalid_client"),
        (form(client_id="other"), 401, "invalid_client"),
    ],
)
def test_other_token_requests_get_an_oauth_error(asked, status, error):
    receipt = SOURCE.token(context(), asked, None)
    assert (receipt.status, json.loads(receipt.body)) == (status, {"error": error})
    assert SECRET not in str(receipt)


def test_a_token_ends_after_a_day_and_with_its_secret():
    with time_machine.travel(NOW, tick=False) as moment:
        token = tokens.issue("rollcall", SECRET)
        moment.move_to(NOW + timedelta(hours=23, minutes=59))
        assert tokens.is_valid(token, "rollcall", [SECRET])
        assert not tokens.is_valid(token, "rollcall", ["another", ""])
        moment.move_to(NOW + timedelta(hours=24, minutes=1))
        assert not tokens.is_valid(token, "rollcall", [SECRET])


# --- over real HTTP


class Receiver:
    """Answers as our routes will: events at /hook, tokens at /token."""

    def __init__(self) -> None:
        self.context = context()
        self.receipts: list[Any] = []

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        if request.path == "/token":
            receipt = SOURCE.token(self.context, request.form, request.headers.get("Authorization"))
        else:
            receipt = self._event(request)
        return Response(receipt.body, receipt.status, dict(receipt.headers))(environ, start_response)

    def _event(self, request: Request) -> Any:
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            receipt = SOURCE.receive(
                self.context,
                delivery(headers, request.get_data(), datetime.now(UTC), request.full_path.rstrip("?")),
            )
        except DeliveryRefused as refused:
            return SimpleNamespace(body=str(refused).encode(), status=refused.status, headers={})
        self.receipts.append(receipt)
        return receipt


@pytest.fixture
def sender() -> Iterator[tuple[ICIMSSimulator, Receiver, str]]:
    with ExitStack() as servers:
        receiver = Receiver()
        url = servers.enter_context(serve(receiver)).url
        yield ICIMSSimulator(people=3), receiver, url


@pytest.mark.parametrize("form", ["basic", "hmac", "oauth2"])
@pytest.mark.parametrize("kind", ["status", "task"])
def test_the_simulators_events_are_taken(sender, form, kind):
    simulator, receiver, url = sender
    simulator.subscribe("us", url + "/hook", form=form, secret=SECRET, token_url=url + "/token")
    assert [sent.status for sent in simulator.notify(3, kind=kind)] == [200]
    assert [people(receipt) for receipt in receiver.receipts] == [[{"person": "3"}]]


@pytest.mark.parametrize("form", ["basic", "hmac", "oauth2"])
@pytest.mark.parametrize("sign", ["bad", "missing"])
def test_the_simulators_forgeries_are_not(sender, form, sign):
    simulator, receiver, url = sender
    simulator.subscribe("us", url + "/hook", form=form, secret=SECRET, token_url=url + "/token")
    assert [sent.status for sent in simulator.notify(3, sign=sign)] == [401]
    assert receiver.receipts == []


def test_an_old_signature_is_not_taken(sender):
    simulator, _, url = sender
    simulator.subscribe("us", url + "/hook", form="hmac", secret=SECRET)
    assert [sent.status for sent in simulator.notify(3, sign="old")] == [401]


def test_duplicates_are_the_same_bytes(sender):
    simulator, receiver, url = sender
    simulator.plan_faults("duplicate-events:times=3")
    simulator.subscribe("us", url + "/hook", secret=SECRET)
    assert len(simulator.notify(3)) == len(receiver.receipts) == 3
