"""The addresses that vendors call: who is believed, what is answered, and what is kept."""

from __future__ import annotations

import base64
import json
import logging
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select, update
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from app import clock
from app.access.tenants import Tenant
from app.database import Model, db, reading, writing
from app.log import init_logging
from app.sources import catalog, drafts, hooks, inbox, life, vendors
from app.sources.catalog import Source
from app.sources.inbox import Refusal, Taken
from app.sources.tables import source
from app.vendors.icims import signing
from app.vendors.jazzhr.simulator import signature
from app.vendors.jazzhr.source import JazzHRSource
from app.web import webhooks
from tests.harness.connecting import connect

SECRET = "test-secret-not-real"
VERIFY = b'{"data":"JazzHR Verify Event"}'
NOWHERE = "http://127.0.0.1:9/v1"
Add = Callable[..., Source]


@pytest.fixture
def add(tenant: Tenant) -> Add:
    """Give a function that adds a published source; nobody is called."""

    def added(
        name: str = "jazz", kind: str = "jazzhr", secrets: dict[str, str] | None = None, **settings: str
    ) -> Source:
        known = {"api_key": "k", "webhook_secret": SECRET} if secrets is None else secrets
        given = settings or {"base_url": NOWHERE}
        with writing() as connection:
            return connect(connection, tenant.id, drafts.drafted(kind, name, given, known))

    return added


def export(person: str = "prospect_1", **members: Any) -> bytes:
    """Return the body of a candidate export."""
    opening = {"positionOpeningId": {"value": "job_1"}, "candidateStatus": {"category": "Hired"}}
    candidate = {
        "person": {"id": {"value": person}, **members},
        "profiles": [{"associatedPositionOpenings": [opening]}],
    }
    return json.dumps({"candidate": candidate}).encode()


@pytest.fixture
def send(app: Flask, tenant: Tenant) -> Callable[..., TestResponse]:
    """Give a function that calls the tenant's address as JazzHR does."""

    def post(body: bytes, *, secret: str | None = SECRET, end: str = "", **headers: str) -> TestResponse:
        sent = {"X-JazzHR-Event": "CANDIDATE-EXPORT"}
        sent |= {"X-JazzHR-Signature": signature(secret, body)} if secret else {}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return app.test_client().post(f"/api/jazzhr/webhook/{tenant.public_id}{end}", data=body, headers=sent)

    return post


def kept(known: Source) -> list[Taken]:
    with reading() as connection:
        return inbox.recent(connection, known)


def refused(known: Source) -> list[Refusal]:
    with reading() as connection:
        return inbox.refusals(connection, known)


# --- who is called


@pytest.mark.parametrize(
    "path",
    [
        "/api/jazzhr/webhook/nobody",
        "/api/jazzhr/webhook/00000000-0000-0000-0000-000000000000",
        "/api/unheard-of/webhook/{tenant}",
        "/api/icims/webhook/{tenant}",
        "/api/csv/webhook/{tenant}",
        "/api/jazzhr/webhook/{tenant}/another-key",
        "/api/jazzhr/webhook/{TENANT}",
        "/api/jazzhr/webhook/{tenant}/token",
    ],
)
def test_what_is_no_address_of_a_source_is_404(app: Flask, tenant: Tenant, add: Add, path: str) -> None:
    add()
    place = path.replace("{tenant}", tenant.public_id).replace("{TENANT}", tenant.public_id.upper())
    answer = app.test_client().post(place, data=VERIFY)
    assert (answer.status_code, answer.data) == (404, b"not found\n")


def test_without_a_secret_there_is_nothing_at_the_address(
    add: Add, send: Callable[..., TestResponse]
) -> None:
    add(secrets={"api_key": "k"})
    assert send(VERIFY).status_code == 404


def test_a_draft_is_not_called(tenant: Tenant, send: Callable[..., TestResponse]) -> None:
    draft = drafts.drafted(
        "jazzhr", "jazz", {"base_url": NOWHERE}, {"api_key": "k", "webhook_secret": SECRET}
    )
    with writing() as connection:
        vendors.enable(connection, tenant.id, "jazzhr", "test")
        catalog.add(connection, tenant.id, draft, "test")
    assert send(VERIFY).status_code == 404


def test_the_secret_picks_the_connection(add: Add, send: Callable[..., TestResponse]) -> None:
    one = add("one", secrets={"api_key": "k", "webhook_secret": "secret one"})
    other = add("other", secrets={"api_key": "k", "webhook_secret": "secret other"})
    assert send(export(), secret="secret other").status_code == 200
    assert (len(kept(one)), len(kept(other))) == (0, 1)
    assert send(export(), secret="secret of nobody").status_code == 401
    assert [len(refused(each)) for each in (one, other)] == [1, 1]


def test_the_connection_key_in_the_address_picks_it_too(add: Add, send: Callable[..., TestResponse]) -> None:
    one, other = add("one"), add("other")
    assert send(export(), end=f"/{other.hook_key}").status_code == 200
    assert (len(kept(one)), len(kept(other))) == (0, 1)


def test_a_call_that_may_be_for_a_source_that_cannot_be_opened_is_asked_for_again(
    add: Add, send: Callable[..., TestResponse]
) -> None:
    known, lost = add("known"), add("lost", secrets={"api_key": "k", "webhook_secret": "secret lost"})
    with writing() as connection:
        connection.execute(update(source).where(source.c.id == lost.id).values(secrets=b"k9:damaged"))
    assert send(export()).status_code == 200
    assert len(kept(known)) == 1
    for end in ("", f"/{lost.hook_key}"):
        answer = send(export(), secret="secret lost", end=end)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, str(webhooks.RETRY_SECONDS))
    assert send(export(), secret="secret lost", end=f"/{known.hook_key}").status_code == 401


def test_one_tenants_secret_opens_no_other_tenants_address(
    app: Flask, add: Add, send: Callable[..., TestResponse]
) -> None:
    from app.access import tenants

    known = add()
    with writing() as connection:
        other = tenants.create(connection, "globex")
        draft = drafts.drafted(
            "jazzhr", "jazz", {"base_url": NOWHERE}, {"api_key": "k", "webhook_secret": "x"}
        )
        theirs = connect(connection, other.id, draft)
    body = export()
    answer = app.test_client().post(
        f"/api/jazzhr/webhook/{other.public_id}",
        data=body,
        headers={"X-JazzHR-Signature": signature(SECRET, body)},
    )
    assert answer.status_code == 401
    assert (kept(known), kept(theirs)) == ([], [])


# --- who is believed


def test_the_verify_call_is_answered_with_exactly_200(add: Add, send: Callable[..., TestResponse]) -> None:
    known = add()
    answer = send(VERIFY, X_JazzHR_Event="VERIFY")
    assert (answer.status_code, answer.data) == (200, b"")
    assert "Set-Cookie" not in answer.headers
    assert [(each.state, each.hints) for each in kept(known)] == [("done", 0)]


@pytest.mark.parametrize("secret", [None, "another", SECRET.upper()])
def test_a_call_that_is_not_signed_with_the_secret_is_401_and_noted(
    add: Add, send: Callable[..., TestResponse], secret: str | None
) -> None:
    known = add()
    answer = send(export(), secret=secret)
    assert (answer.status_code, answer.data) == (401, b"refused\n")
    assert kept(known) == []
    assert [(each.status, each.times) for each in refused(known)] == [(401, 1)]


def test_the_signature_is_over_the_very_bytes(add: Add, send: Callable[..., TestResponse]) -> None:
    add()
    body = export()
    spaced = json.dumps(json.loads(body), indent=1).encode()
    assert send(spaced, X_JazzHR_Signature=signature(SECRET, body)).status_code == 401
    assert send(spaced).status_code == 200


@pytest.mark.parametrize("body", [b"", b"not JSON", b"[1]", b"\xff\xfe", b"[" * 100_000, b'{"candidate":7}'])
def test_a_signed_body_that_cannot_be_read_is_400(
    add: Add, send: Callable[..., TestResponse], body: bytes
) -> None:
    known = add()
    assert send(body).status_code == 400
    assert (kept(known), [each.status for each in refused(known)]) == ([], [400])


def test_strangers_cannot_fill_the_notes(add: Add, send: Callable[..., TestResponse]) -> None:
    known = add()
    assert {send(export(str(number)), secret="x").status_code for number in range(40)} == {401}
    [noted] = refused(known)
    assert noted.times <= webhooks.NOTED_AT_ONCE + 1


def test_the_old_secret_is_good_for_a_day_beside_the_new_one(
    add: Add, send: Callable[..., TestResponse]
) -> None:
    known = add()
    with writing() as connection:
        new = hooks.generate(connection, known, "test")
    assert [send(export(), secret=secret).status_code for secret in (SECRET, new)] == [200, 200]
    with writing() as connection:
        ended = {"webhook_secret_previous": f"{clock.after(-1)}|{SECRET}"}
        catalog.keep_secrets(connection, known, ended)
    assert [send(export(), secret=secret).status_code for secret in (SECRET, new)] == [401, 200]


# --- what is kept and answered


def test_a_body_of_more_than_a_megabyte_is_413(add: Add, send: Callable[..., TestResponse]) -> None:
    known = add()
    assert send(b"x" * (webhooks.MAX_BODY_BYTES + 1)).status_code == 413
    assert (kept(known), refused(known)) == ([], [])


def test_the_address_is_for_posts_only(app: Flask, tenant: Tenant, add: Add) -> None:
    add()
    assert app.test_client().get(f"/api/jazzhr/webhook/{tenant.public_id}").status_code == 405


def test_a_source_that_is_paused_takes_calls(add: Add, send: Callable[..., TestResponse]) -> None:
    known = add()
    with writing() as connection:
        life.pause(connection, known, "test")
    assert send(export()).status_code == 200
    assert [each.state for each in kept(known)] == ["waiting"]


def test_many_equal_calls_at_once_are_one_delivery(
    add: Add, send: Callable[..., TestResponse], app: Flask
) -> None:
    known = add()
    statuses: list[int] = []

    def call() -> None:
        for _ in range(5):
            statuses.append(send(export(), X_JazzHR_UUID=str(uuid.uuid4())).status_code)

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(statuses) == {200}
    assert [each.times for each in kept(known)] == [40]


@contextmanager
def _failing(words: str) -> Iterator[None]:
    """Let the database fail at statements that begin with these words."""

    def fail(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith(words):
            raise OperationalError(statement, {}, Exception("disk full"))

    event.listen(db.engine, "before_cursor_execute", fail)
    try:
        yield
    finally:
        event.remove(db.engine, "before_cursor_execute", fail)


def test_what_cannot_be_stored_is_asked_for_again_and_then_taken(
    add: Add, send: Callable[..., TestResponse]
) -> None:
    known = add()
    with _failing("INSERT INTO webhook_delivery"):
        answer = send(export(), X_JazzHR_UUID="one")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, str(webhooks.RETRY_SECONDS))
    assert send(export(), X_JazzHR_UUID="one").status_code == 200
    assert [each.times for each in kept(known)] == [1]


def test_a_defect_of_an_adapter_is_500_and_tells_nothing_of_the_body(
    add: Add, send: Callable[..., TestResponse], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: object, context: object, delivery: Any) -> None:
        raise ValueError(delivery.body.decode())

    monkeypatch.setattr(JazzHRSource, "receive", broken)
    add()
    with capture_logs() as lines:
        answer = send(export("canary-person"))
    assert (answer.status_code, answer.data) == (500, b"failed\n")
    assert [(line["event"], line["error"]) for line in lines] == [("a webhook call failed", "ValueError")]
    assert "canary-person" not in str(lines)


def test_nothing_of_a_body_is_stored_or_logged(
    capfd: pytest.CaptureFixture[str],
    add: Add,
    send: Callable[..., TestResponse],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    init_logging("debug")
    add()
    body = export(name={"given": "Canary-Name"}, communication={"email": "canary@example.org"})
    assert send(body).status_code == 200
    send(body, secret="wrong")
    send(body[:-1])
    with reading() as connection:
        stored = "".join(
            str(tuple(row)) for t in Model.metadata.sorted_tables for row in connection.execute(select(t))
        )
    spoken = capfd.readouterr()
    assert "a webhook call was refused" in spoken.err
    for text in (stored, caplog.text, spoken.out, spoken.err):
        assert "anary" not in text
        assert SECRET not in text


# --- other vendors' ways


def test_icims_fetches_a_token_and_calls_with_it(app: Flask, tenant: Tenant, add: Add) -> None:
    secrets = {"client_id": "c", "client_secret": "s", "webhook_secret": "hook-secret"}
    known = add("icims", "icims", secrets, customer_id="1234")
    place = f"/api/icims/webhook/{tenant.public_id}"
    client = app.test_client()
    form = {"grant_type": "client_credentials", "client_id": "rollcall", "client_secret": "hook-secret"}
    for address in (f"{place}/token", f"{place}/{known.hook_key}/token"):
        given = client.post(address, data=form)
        assert (given.status_code, given.headers["Cache-Control"]) == (200, "no-store")
        bearer = {"Authorization": f"Bearer {given.json['access_token']}"}
        event_body = json.dumps({"customerId": "1234", "personId": "77"})
        assert client.post(place, data=event_body, headers=bearer).status_code == 200
    assert client.post(place, data=event_body, headers={"Authorization": "Bearer x"}).status_code == 401
    basic = base64.b64encode(b"rollcall:hook-secret").decode()
    assert client.post(place, data=event_body, headers={"Authorization": f"Basic {basic}"}).status_code == 200


def test_icims_signs_the_path_and_query_that_it_calls(app: Flask, tenant: Tenant, add: Add) -> None:
    secrets = {"client_id": "c", "client_secret": "s", "webhook_secret": "hook-secret"}
    add("icims", "icims", secrets, customer_id="1234")
    body = json.dumps({"customerId": "1234", "personId": "77"}).encode()
    target = f"/api/icims/webhook/{tenant.public_id}?of=1&more=%20x"
    headers = {
        "content-type": "application/json",
        "host": "localhost",
        "x-icims-content-sha256": signing.content_digest(body),
        "x-icims-date": clock.now(),
    }
    digest = signing.signed("hook-secret", "POST", target, headers)
    headers["Authorization"] = str(signing.Signature("rollcall", signing.SIGNED_HEADERS, digest))
    client = app.test_client()
    assert client.post(target, data=body, headers=headers).status_code == 200
    assert client.post(target.replace("of=1", "of=2"), data=body, headers=headers).status_code == 401


def test_a_token_is_not_given_for_other_credentials_and_the_try_is_noted(
    app: Flask, tenant: Tenant, add: Add
) -> None:
    secrets = {"client_id": "c", "client_secret": "s", "webhook_secret": "hook-secret"}
    known = add("icims", "icims", secrets, customer_id="1234")
    form = {"grant_type": "client_credentials", "client_id": "rollcall", "client_secret": "guessed"}
    answer = app.test_client().post(f"/api/icims/webhook/{tenant.public_id}/token", data=form)
    assert (answer.status_code, answer.json) == (401, {"error": "invalid_client"})
    assert [each.status for each in refused(known)] == [401]


def test_a_token_request_larger_than_a_form_is_413(app: Flask, tenant: Tenant, add: Add) -> None:
    add("icims", "icims", {"client_id": "c", "client_secret": "s", "webhook_secret": "x"}, customer_id="1")
    form = {"grant_type": "client_credentials", "client_id": "x" * webhooks.MAX_FORM_BYTES}
    answer = app.test_client().post(f"/api/icims/webhook/{tenant.public_id}/token", data=form)
    assert answer.status_code == 413


def test_handshakes_of_strangers_are_answered_and_leave_nothing_behind(
    app: Flask, tenant: Tenant, add: Add
) -> None:
    secrets = {"api_key": "k", "subscription": "sub-1", "signing_key": "s"}
    known = add("smart", "smartrecruiters", secrets, base_url=NOWHERE)
    place, client = f"/api/smartrecruiters/webhook/{tenant.public_id}", app.test_client()
    for body in (b"", b"one", b"another"):
        answer = client.post(place, data=body, headers={"X-Hook-Secret": "4jn8fs"})
        assert (answer.status_code, answer.headers["X-Hook-Secret"]) == (200, "4jn8fs")
    assert (kept(known), refused(known)) == ([], [])


def test_a_basic_header_that_is_not_even_ascii_is_401(app: Flask, tenant: Tenant, add: Add) -> None:
    add("icims", "icims", {"client_id": "c", "client_secret": "s", "webhook_secret": "x"}, customer_id="1")
    place, client = f"/api/icims/webhook/{tenant.public_id}", app.test_client()
    headers = {"Authorization": "Basic \xfcber"}
    assert client.post(place, data=b"{}", headers=headers).status_code == 401
    form = {"grant_type": "client_credentials"}
    assert client.post(f"{place}/token", data=form, headers=headers).status_code == 401


def test_unsigned_calls_need_the_connection_key(app: Flask, tenant: Tenant, add: Add) -> None:
    known = add("hr", "intellihr", {"api_key": "k", "webhook_on": "yes"}, subdomain="acme")
    body = json.dumps({"event": "person.updated", "id": "11111111-1111-1111-1111-111111111111"})
    place = f"/api/intellihr/webhook/{tenant.public_id}"
    client = app.test_client()
    assert client.post(place, data=body).status_code == 401
    assert client.post(f"{place}/{known.hook_key}", data=body).status_code == 202
    assert [each.hints for each in kept(known)] == [1]
