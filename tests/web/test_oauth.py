"""OAuth over HTTP: RFC 6749 §4.4, §5.2; RFC 7009; RFC 7662; RFC 8414."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
import requests
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from app import create_app
from app.access import clients, oauth, tenants, tokens
from app.access.clients import SCOPES
from app.access.oauth import IssuedSecret
from app.access.tables import Token
from app.access.tenants import Tenant
from app.access.tokens import Authenticator
from app.config import Settings
from app.database import reading, writing
from app.web import oauth as web_oauth
from tests.conftest import make_settings

GRANT = {"grant_type": "client_credentials"}


@dataclass
class OAuthCaller:
    """A client that calls ``/oauth/…`` with its secret."""

    app: Flask
    secret: IssuedSecret

    def __call__(self, path: str, form: Any, *, basic: str | None = None, **options: Any) -> TestResponse:
        """Return the answer; ``basic`` replaces the right ``id:secret`` of the header, ``""`` leaves it out."""
        shown = f"{self.secret.client_id}:{self.secret.text}" if basic is None else basic
        headers = {"Authorization": "Basic " + b64encode(shown.encode("latin-1")).decode()} if shown else {}
        headers |= options.pop("headers", {})
        with self.app.test_client() as client:
            return client.post(f"/oauth/{path}", data=form, headers=headers, **options)

    def token(self) -> str:
        """Return a fresh access token."""
        return str(self("token", GRANT).json["access_token"])  # type: ignore[index]

    def is_active(self, token: str) -> bool:
        """Return what introspection says of a token."""
        return bool(self("introspect", {"token": token}).json["active"])  # type: ignore[index]


@pytest.fixture
def call(app: Flask, tenant: Tenant) -> OAuthCaller:
    """Give a client that may write and so read."""
    return _caller(app, tenant, "idp")


def _caller(app: Flask, tenant: Tenant, name: str) -> OAuthCaller:
    with writing() as connection:
        client = clients.named_or_made(connection, tenant.id, name)
        return OAuthCaller(app, oauth.make_secret(connection, tenant, client))


def _refused(answer: TestResponse, status: int, error: str) -> None:
    assert (answer.status_code, answer.json["error"]) == (status, error)  # type: ignore[index]
    assert answer.mimetype == "application/json"
    assert "no-store" in answer.headers["Cache-Control"]
    assert set(answer.json) <= {"error", "error_description"}  # type: ignore[arg-type]


def test_a_secret_in_the_header_buys_an_access_token(call: OAuthCaller) -> None:
    answer = call("token", GRANT)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json is not None
    assert set(answer.json) == {"access_token", "token_type", "expires_in", "scope"}
    assert (answer.json["token_type"], answer.json["expires_in"]) == ("Bearer", 3600)
    principal = Authenticator().principal(answer.json["access_token"])
    assert principal is not None
    assert principal.client_name == "idp"


def test_a_secret_in_the_body_buys_an_access_token(call: OAuthCaller) -> None:
    shown = {"client_id": call.secret.client_id, "client_secret": call.secret.text}
    assert call("token", GRANT | shown, basic="").status_code == 200


def test_an_access_token_opens_the_scim_api(call: OAuthCaller, serve: Callable[[Any], str]) -> None:
    base = serve(call.app)
    shown = (call.secret.client_id, call.secret.text)
    bought = requests.post(f"{base}/oauth/token", data=GRANT, auth=shown, timeout=30).json()
    headers = {"Authorization": f"Bearer {bought['access_token']}"}
    assert requests.get(f"{base}/scim/v2/Users", headers=headers, timeout=30).status_code == 200


def test_a_percent_encoded_header_is_understood(call: OAuthCaller) -> None:
    shown = ":".join(
        quote(part, safe="").replace("_", "%5F") for part in (call.secret.client_id, call.secret.text)
    )
    assert call("token", GRANT, basic=shown).status_code == 200


def test_the_scope_asked_for_is_the_scope_given(call: OAuthCaller) -> None:
    answer = call("token", GRANT | {"scope": "scim:read"})
    assert answer.json is not None
    assert answer.json["scope"] == "scim:read"
    principal = Authenticator().principal(answer.json["access_token"])
    assert principal is not None
    assert not principal.may("scim:write")


def test_a_scope_that_the_client_may_not_have_is_refused(call: OAuthCaller) -> None:
    _refused(call("token", GRANT | {"scope": "scim:read scim:sensitive"}), 400, "invalid_scope")


@pytest.mark.parametrize(
    "basic",
    [
        ":",
        "rcc_x_1:wrong",
        "{id}:",
        "{id}:wrong",
        "{id}",
        "wrong:{secret}",
        "{id}:\xff\xfe",
        "{id}\x00:{secret}",
    ],
)
@pytest.mark.parametrize("path", ["token", "revoke", "introspect"])
def test_wrong_credentials_are_one_refusal_whatever_is_wrong(
    call: OAuthCaller, basic: str, path: str
) -> None:
    shown = basic.format(id=call.secret.client_id, secret=call.secret.text)
    answer = call(path, GRANT | {"token": "x"}, basic=shown)
    _refused(answer, 401, "invalid_client")
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")
    assert answer.json == call(path, GRANT | {"token": "x"}, basic="a:b").json


@pytest.mark.parametrize("header", ["Basic", "Basic !!!", "Basic ä", "Bearer x", "basic  "])
def test_a_header_that_cannot_be_read_is_refused(call: OAuthCaller, header: str) -> None:
    answer = call("token", GRANT, basic="", headers={"Authorization": header.encode().decode("latin-1")})
    _refused(answer, 401, "invalid_client")


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": ""}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "authorization_code"}, "unsupported_grant_type"),
        ({"grant_type": ["client_credentials", "client_credentials"]}, "invalid_request"),
        (GRANT | {"client_secret": "x"}, "invalid_request"),
        (GRANT | {"scope": "admin"}, "invalid_scope"),
        (GRANT | {"scope": 'a"b\\c'}, "invalid_scope"),
    ],
)
def test_a_wrong_request_is_refused_by_the_word_of_the_rfc(
    call: OAuthCaller, form: dict[str, Any], error: str
) -> None:
    _refused(call("token", form), 400, error)


def test_parameters_in_the_address_are_not_read(call: OAuthCaller) -> None:
    _refused(call("token?grant_type=client_credentials", {}), 400, "invalid_request")


def test_only_a_form_is_taken_and_no_large_one(call: OAuthCaller) -> None:
    _refused(
        call("token", '{"grant_type": "client_credentials"}', content_type="application/json"),
        400,
        "invalid_request",
    )
    _refused(call("token", GRANT | {"scope": "x" * 20_000}), 413, "invalid_request")


def test_nothing_that_was_sent_is_repeated(call: OAuthCaller) -> None:
    for form in ({"grant_type": "canary"}, GRANT | {"scope": "canary"}, {"canary": ["1", "2"]}):
        assert "canary" not in call("token", form).get_data(as_text=True)


def test_a_revoked_token_is_refused_and_revoking_twice_is_well(call: OAuthCaller) -> None:
    token = call.token()
    for _time in range(2):
        assert call("revoke", {"token": token, "token_type_hint": "refresh_token"}).status_code == 200
    assert Authenticator().principal(token) is None
    assert not call.is_active(token)


def test_revoking_what_is_no_token_of_ones_own_is_well_and_changes_nothing(
    call: OAuthCaller, tenant: Tenant, token: str
) -> None:
    other = _caller(call.app, tenant, "hr")
    for text in (other.token(), "rc_x_y", "\x00", "token"):
        answer = call("revoke", {"token": text})
        assert (answer.status_code, answer.json) == (200, {})
    assert other.is_active(other.token())
    _refused(call("revoke", {}), 400, "invalid_request")


def test_introspection_says_what_a_token_is_good_for(call: OAuthCaller) -> None:
    token = call("token", GRANT | {"scope": "scim:read"}).json["access_token"]  # type: ignore[index]
    said = call("introspect", {"token": token, "token_type_hint": "nonsense"}).json
    assert said is not None
    assert (said["active"], said["scope"], said["token_type"]) == (True, "scim:read", "Bearer")
    assert said["client_id"] == call.secret.client_id
    assert said["exp"] - said["iat"] == 3600


def test_introspection_knows_no_tokens_of_others(call: OAuthCaller, tenant: Tenant) -> None:
    with writing() as connection:
        elsewhere = tokens.create(connection, tenants.create(connection, "other"), "idp")
    for text in (_caller(call.app, tenant, "hr").token(), elsewhere.text, "nonsense"):
        assert call("introspect", {"token": text}).json == {"active": False}


def test_a_fresh_secret_without_overlap_ends_the_old_one_and_what_it_bought(
    call: OAuthCaller, tenant: Tenant
) -> None:
    token = call.token()
    with writing() as connection:
        client = clients.named(connection, tenant.id, "idp")
        fresh = oauth.make_secret(connection, tenant, client, overlap_hours=0)
    _refused(call("token", GRANT), 401, "invalid_client")
    assert not OAuthCaller(call.app, fresh).is_active(token)


def test_guessing_is_slowed_and_so_is_a_client_that_asks_before_every_call(call: OAuthCaller) -> None:
    answers = [
        call("token", GRANT, basic=f"{call.secret.client_id}:{guess}")
        for guess in range(web_oauth.CALLS_AT_ONCE + 5)
    ]
    assert answers[0].status_code == 401
    _refused(answers[-1], 429, "temporarily_unavailable")
    assert int(answers[-1].headers["Retry-After"]) >= 1
    assert call("token", GRANT).status_code == 429
    with reading() as connection:
        assert connection.scalar(select(func.count()).select_from(Token.__table__)) == 0


def test_another_client_is_not_slowed_by_that(call: OAuthCaller, tenant: Tenant) -> None:
    for _guess in range(web_oauth.CALLS_AT_ONCE + 5):
        call("token", GRANT, basic=f"{call.secret.client_id}:x")
    assert _caller(call.app, tenant, "hr")("token", GRANT).status_code == 200


def test_metadata_names_what_is_offered(call: OAuthCaller) -> None:
    with call.app.test_client() as client:
        said = client.get("/.well-known/oauth-authorization-server").json
    assert said is not None
    assert said["issuer"] == "http://localhost"
    assert said["token_endpoint"] == "http://localhost/oauth/token"
    assert said["grant_types_supported"] == ["client_credentials"]
    assert said["scopes_supported"] == list(SCOPES)


@pytest.mark.parametrize(
    "options",
    [
        {"base_url": "http://rollcall.example.com"},
        {"headers": {"X-Forwarded-For": "192.0.2.1"}},
        {"environ_base": {"REMOTE_ADDR": "192.0.2.1"}},
    ],
)
def test_secrets_do_not_travel_over_plain_http(call: OAuthCaller, options: dict[str, Any]) -> None:
    _refused(call("token", GRANT, **options), 400, "invalid_request")


def test_behind_a_proxy_the_public_address_counts(
    settings: Settings, tenant: Tenant, call: OAuthCaller
) -> None:
    proxied = create_app(
        make_settings(settings.database_url, settings.instance_path, public_url="https://people.example.com")
    )
    with proxied.app_context():
        caller = OAuthCaller(proxied, call.secret)
        answer = caller("token", GRANT, base_url="http://10.0.0.7", headers={"X-Forwarded-Proto": "https"})
        assert answer.status_code == 200
        with proxied.test_client() as client:
            said = client.get("/.well-known/oauth-authorization-server", base_url="http://evil.example").json
        from app.database import db

        db.engine.dispose()
    assert said is not None
    assert said["token_endpoint"] == "https://people.example.com/oauth/token"


def test_a_database_that_is_away_is_503_with_a_time_to_come_back(
    call: OAuthCaller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_arguments: Any) -> None:
        raise OperationalError("SELECT", {}, Exception("the server closed the connection"))

    monkeypatch.setattr(oauth, "caller_with", away)
    answer = call("token", GRANT)
    _refused(answer, 503, "temporarily_unavailable")
    assert answer.headers["Retry-After"] == "1"


def test_no_secret_is_logged(call: OAuthCaller) -> None:
    with capture_logs() as events:
        token = call.token()
        call("token", GRANT, basic=f"{call.secret.client_id}:canary")
    assert [event["event"] for event in events] == ["an OAuth client was refused"]
    for canary in (call.secret.text, token, "canary"):
        assert canary not in str(events)
