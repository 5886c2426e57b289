"""What every answer of the SCIM API has in common: content types, errors, and the addresses in it."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from app import create_app
from app.access.tenants import Tenant
from app.config import Settings
from app.database import db
from scim.resources import ENTERPRISE
from tests.conftest import make_settings
from tests.web.scim.conftest import ScimCaller
from tests.web.scim.exchanges import created, refused


@pytest.mark.parametrize("accept", ["application/scim+json", "application/json", "*/*", "text/html"])
def test_answers_are_exactly_scim_json_whatever_is_accepted(scim: ScimCaller, accept: str) -> None:
    for answer in (
        scim("GET", "/Users", Accept=accept),
        scim("POST", "/Users", {"userName": "ada"}, Accept=accept),
        scim("GET", "/Users/nobody", Accept=accept),
        scim("GET", "/ServiceProviderConfig", Accept=accept),
    ):
        assert answer.headers["Content-Type"] == "application/scim+json"


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/scim+json", 201),
        ("application/json", 201),
        ("Application/SCIM+JSON; charset=UTF-8; x=y", 201),
        ("application/json;charset=utf-8", 201),
        ("text/plain", 415),
        ("application/xml", 415),
        ("application/x-www-form-urlencoded", 415),
    ],
)
def test_json_of_both_names_is_taken_and_nothing_else(scim: ScimCaller, kind: str, status: int) -> None:
    answer = scim("POST", "/Users", b'{"userName":"ada"}', Content_Type=kind)
    assert answer.status_code == status
    if status != 201:
        refused(answer, status)


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer wrong", "Basic YTpi", "Digest x"])
def test_a_401_carries_www_authenticate_and_a_scim_error(
    app: Flask, tenant: Tenant, header: str | None
) -> None:
    nobody = ScimCaller(app, None)
    answer = nobody("GET", "/Users", **({} if header is None else {"Authorization": header}))
    refused(answer, 401)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "scim_type"),
    [
        ("GET", "/Users/nobody", None, 404, None),
        ("GET", "/Nothing", None, 404, None),
        ("GET", "/Users/a/b/c", None, 404, None),
        ("PUT", "/Users", {}, 405, None),
        ("BREW", "/Users", None, 405, None),
        ("POST", "/Users", b"{", 400, "invalidSyntax"),
        ("POST", "/Users", {}, 400, "invalidValue"),
        ("GET", "/Users?filter=x", None, 400, "invalidFilter"),
        ("GET", "/Me", None, 501, None),
        ("POST", "/Users", b"x" * (1 << 21), 413, None),
    ],
)
def test_every_error_is_a_scim_error_with_its_status_as_a_string(
    scim: ScimCaller, method: str, path: str, body: Any, status: int, scim_type: str | None
) -> None:
    refused(scim(method, path, body), status, scim_type)


def test_paths_beside_the_api_are_scim_errors_too(scim: ScimCaller) -> None:
    for prefix in ("/scim", "/scim/v1", "/scim/v2x", "/t/acme/scim", "/t/acme/scim/v3"):
        scim.prefix = prefix
        refused(scim("GET", "/Users"), 404)


def test_a_defect_is_a_500_and_a_database_away_is_a_503_as_scim_errors(
    scim: ScimCaller, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = created(scim)

    def fails(error: Exception) -> int:
        def fail(*_arguments: Any) -> None:
            raise error

        monkeypatch.setattr("app.directory.wires.wire_row", fail)
        answer = scim("GET", f"/Users/{user['id']}")
        assert "secret" not in refused(answer, answer.status_code)
        return int(answer.status_code)

    assert fails(RuntimeError("secret")) == 500
    assert fails(OperationalError("SELECT secret", {}, Exception("secret"))) == 503


LONG = "q" * 5_000


@pytest.mark.parametrize(
    ("method", "path", "body", "headers"),
    [
        ("GET", f"/Users/{LONG}", None, {}),
        ("GET", f"/{LONG}", None, {}),
        (LONG, "/Users", None, {}),
        ("GET", f"/Schemas/{LONG}", None, {}),
        ("GET", f"/Users?filter={LONG[:4000]} eq 1", None, {}),
        ("GET", f"/Users?sortBy={LONG}", None, {}),
        ("GET", f"/Users?sortBy=userName&sortOrder={LONG}", None, {}),
        ("GET", f"/Users?count={LONG}", None, {}),
        ("GET", f"/Users?cursor={LONG}", None, {}),
        ("POST", "/Users", {"userName": {LONG: 1}}, {}),
        ("POST", "/Users", {"userName": "a", "active": LONG}, {}),
        ("POST", "/Users", {"userName": "a", "schemas": [LONG]}, {}),
        ("POST", "/Users", {"userName": "a", "emails": [{"value": LONG}]}, {}),
        ("POST", "/Users", {"userName": "a", "externalId": LONG}, {}),
        ("POST", "/Groups", {"displayName": "a", "members": [{"value": LONG}]}, {}),
        ("POST", "/Bulk", {"Operations": [{"method": LONG, "path": f"/{LONG}"}]}, {}),
        ("POST", "/Users", b"{", {"Content-Type": LONG}),
        ("PATCH", "/Users/{id}", {"Operations": [{"op": LONG}]}, {}),
        ("PATCH", "/Users/{id}", {"Operations": [{"op": "add", "path": LONG, "value": 1}]}, {}),
        (
            "PATCH",
            "/Users/{id}",
            {"Operations": [{"op": "add", "path": f'emails[{LONG[:3000]} eq "1"]', "value": 1}]},
            {},
        ),
        ("PATCH", "/Users/{id}", {"Operations": [{"op": "add", "path": "active", "value": LONG}]}, {}),
        ("PUT", "/Users/{id}", {"userName": "a"}, {"If-Match": LONG}),
        ("GET", "/Users", None, {"Authorization": f"Bearer {LONG}"}),
    ],
)
def test_no_more_than_200_characters_of_the_input_are_echoed(
    scim: ScimCaller, method: str, path: str, body: Any, headers: dict[str, str]
) -> None:
    user = created(scim, "someone")
    sent = {name.replace("-", "_"): value for name, value in headers.items()}
    answer = scim(method, path.replace("{id}", user["id"]), body, **sent)
    assert answer.status_code >= 400 or path == "/Bulk", answer.text[:300]
    assert "q" * 201 not in answer.text
    assert not any("q" * 201 in value for value in answer.headers.values())


def test_every_url_in_answers_comes_from_the_public_url(
    settings: Settings, tenant: Tenant, token: str
) -> None:
    public = "https://people.example.com"
    app = create_app(make_settings(settings.database_url, settings.instance_path, public_url=public))
    with app.app_context():
        scim = ScimCaller(app, token)
        boss = created(scim, "boss")
        user = created(scim, **{ENTERPRISE: {"manager": {"value": boss["id"]}}})
        body = {"displayName": "All", "members": [{"value": user["id"]}]}
        group = scim("POST", "/Groups", body, Host="evil.example")
        texts = [
            scim("GET", path, Host="evil.example", X_Forwarded_Host="evil.example").text
            for path in ("/Users", "/Groups", "/", "/Schemas", "/ResourceTypes", "/ServiceProviderConfig")
        ]
        db.engine.dispose()
    assert group.headers["Location"].startswith(f"{public}/scim/v2/Groups/")
    assert user[ENTERPRISE]["manager"]["$ref"] == f"{public}/scim/v2/Users/{boss['id']}"
    for text in (*texts, group.text):
        assert f"{public}/scim/v2/" in text
        assert "evil.example" not in text
        assert "localhost" not in text
