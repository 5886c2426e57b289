"""Who may open what beside the APIs: pages, health, OAuth; asserted from the URL map as for the SCIM API."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
import requests
from flask import Flask
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from app import directory
from app.access import admins, clients, oauth, tenants
from app.access.oauth import IssuedSecret
from app.access.tables import Admin
from app.access.tenants import Tenant
from app.database import writing
from app.web.transport import cookies_of
from scim.resources import USER
from tests.security.routing import path_of, routes
from tests.web.console.browser import Browser

OPEN, SESSION, SECRET = "open", "session", "client secret"


class Page(NamedTuple):
    """A route beside the SCIM API: its guard, status and Location for who may, the file in its path, its form."""

    guard: str
    status: int = 200
    leads_to: str | None = None
    file: str = ""
    form: dict[str, str] = {}


#: 404: Flask's own folder of static files, which Rollcall does not have; 422: a form with nothing in it.
#: An address of nobody: who is believed is asserted in tests/web/test_webhooks.py.
HOOK = {"kind": "jazzhr", "public_id": "00000000-0000-0000-0000-000000000000", "hook_key": "none"}
PAGES: dict[tuple[str, str], Page] = {
    ("POST", "webhooks.deliver"): Page(OPEN, 404),
    ("POST", "webhooks.token"): Page(OPEN, 404),
    ("GET", "static"): Page(OPEN, 404, file="none.css"),
    ("GET", "bootstrap.static"): Page(OPEN, file="css/bootstrap.min.css"),
    ("GET", "console.static"): Page(OPEN, file="console.css"),
    ("GET", "health.healthz"): Page(OPEN),
    ("GET", "health.readyz"): Page(OPEN),
    # Open on loopback, where these tests call from; who else may see it is asserted in tests/web/test_metrics.py.
    ("GET", "metrics.metrics"): Page(OPEN),
    ("GET", "oauth.metadata"): Page(OPEN),
    ("POST", "oauth.token"): Page(SECRET, form={"grant_type": "client_credentials"}),
    ("POST", "oauth.revoke"): Page(SECRET, form={"token": "rc_none"}),
    ("POST", "oauth.introspect"): Page(SECRET, form={"token": "rc_none"}),
    ("GET", "console.sign_in"): Page(OPEN),
    ("POST", "console.sign_in"): Page(OPEN, 422),
    ("POST", "console.sign_out"): Page(SESSION, 303, "/sign-in"),
    ("GET", "console.start"): Page(SESSION),
    ("GET", "console.choose_password"): Page(SESSION, 303, "/"),
    ("POST", "console.choose_password"): Page(SESSION, 303, "/"),
}


def test_every_other_route_has_a_row_and_every_row_a_route(app: Flask) -> None:
    pages = {(method, rule.endpoint) for rule, method in routes(app) if not rule.endpoint.startswith("scim.")}
    # The rest of the console asks for roles: tests/security/test_console_authorisation.py has a row for each of it.
    pages = {page for page in pages if page in PAGES or not page[1].startswith("console.")}
    assert pages - set(PAGES) == set(), "say in PAGES of this file what guards these"
    assert set(PAGES) - pages == set(), "PAGES of this file names routes that are gone"


def _secret(tenant: Tenant) -> IssuedSecret:
    with writing() as connection:
        client = clients.named_or_made(connection, tenant.id, "idp")
        return oauth.make_secret(connection, tenant, client)


def _guarded(app: Flask, guard: str) -> Iterator[tuple[str, str, Page]]:
    """Yield method, path and row of the routes with this guard."""
    for rule, method in routes(app):
        page = PAGES.get((method, rule.endpoint))
        if page is not None and page.guard == guard:
            yield method, path_of(rule, filename=page.file, **HOOK), page


@pytest.fixture
def base(app: Flask, serve: Callable[[Any], str]) -> str:
    """Give the address of the served application."""
    return serve(app)


def _visited(app: Flask, base: str, session: str, method: str, path: str) -> requests.Response:
    """Return the answer to a page's address, or to a form sent there, in a browser with a session's cookie."""
    browser = Browser(base)
    if session:
        browser.http.cookies.set(cookies_of(app.extensions["rollcall.settings"]).session, session)
    if method == "GET":
        return browser.get(path, allow_redirects=False)
    return browser.post(path, browser.page("/sign-in").forms[0][1])


@pytest.fixture
def admin(tenant: Tenant) -> str:
    """Give the e-mail address of an admin of the tenant who has chosen a password."""
    with writing() as connection:
        admins.create(connection, tenant, "hr@acme.example")
        connection.execute(update(Admin.__table__).values(must_change_password=False))
    return "hr@acme.example"


def _session(tenant: Tenant, email: str) -> str:
    with writing() as connection:
        table = Admin.__table__
        found = connection.execute(select(table.c.id, table.c.password_hash)).one()
        opened = admins.open_session(connection, tenant, admins.Match(*found), email)
        assert opened is not None
        return opened


def test_open_pages_ask_for_nothing(app: Flask, base: str, admin: str) -> None:
    for method, path, page in _guarded(app, OPEN):
        answer = _visited(app, base, "", method, path)
        assert (answer.status_code, answer.headers.get("Location")) == (page.status, None), path


@pytest.mark.parametrize("cookie", ["", "unknown", "{key}.unknown", "token"])
def test_pages_of_the_console_send_who_is_not_signed_in_to_the_sign_in_page(
    app: Flask, base: str, tenant: Tenant, token: str, cookie: str
) -> None:
    shown = token if cookie == "token" else cookie.format(key=tenant.token_key)
    for method, path, _ in _guarded(app, SESSION):
        answer = _visited(app, base, shown, method, path)
        sent_to = answer.headers["Location"].partition("?")[0]
        assert (answer.status_code, sent_to) == (303, "/sign-in"), f"{method} {path}"


def test_pages_of_the_console_open_to_a_session(app: Flask, base: str, tenant: Tenant, admin: str) -> None:
    for method, path, page in _guarded(app, SESSION):
        answer = _visited(app, base, _session(tenant, admin), method, path)
        assert (answer.status_code, answer.headers.get("Location")) == (page.status, page.leads_to), path


def test_forms_that_the_console_did_not_make_are_refused_with_a_session_too(
    app: Flask, base: str, tenant: Tenant, admin: str
) -> None:
    for method, path, _ in _guarded(app, SESSION):
        if method == "POST":
            browser = Browser(base)
            name = cookies_of(app.extensions["rollcall.settings"]).session
            browser.http.cookies.set(name, _session(tenant, admin))
            assert browser.post(path, {}).status_code == 400, path


def test_the_console_shows_nobody_of_another_tenant(
    app: Flask, base: str, tenant: Tenant, admin: str
) -> None:
    with writing() as connection:
        stranger = tenants.create(connection, "stranger")
        by = directory.Actor("admin", "test")
        theirs = directory.create(connection, stranger.id, by, {"schemas": [USER], "userName": "theirs"}).id
    for method, path, page in _guarded(app, SESSION):
        if method == "GET" and page.status == 200:
            text = _visited(app, base, _session(tenant, admin), method, path).text
            assert "theirs" not in text, path
            assert theirs not in text, path


@pytest.mark.parametrize("shown", ["nothing", "nobody", "a wrong secret", "a token", "a stranger", "ended"])
def test_oauth_refuses_who_is_no_client(app: Flask, tenant: Tenant, token: str, shown: str) -> None:
    secret = _secret(tenant)
    if shown == "ended":
        with writing() as connection:
            client = clients.named(connection, tenant.id, "idp")
            oauth.make_secret(connection, tenant, client, overlap_hours=0)
    if shown == "a stranger":
        with writing() as connection:
            stranger = tenants.create(connection, "stranger")
        other = _secret(stranger)
    pairs = {
        "nothing": None,
        "nobody": ("rcc_nobody_1", secret.text),
        "a wrong secret": (secret.client_id, "rcs_wrong"),
        "a token": (secret.client_id, token),
        "a stranger": (secret.client_id, other.text) if shown == "a stranger" else None,
        "ended": (secret.client_id, secret.text),
    }
    for method, path, page in _guarded(app, SECRET):
        answer = _with_secret(app, method, path, page, pairs[shown])
        assert (answer.status_code, answer.json and answer.json["error"]) == (401, "invalid_client"), path


def test_oauth_answers_a_client(app: Flask, tenant: Tenant) -> None:
    secret = _secret(tenant)
    for method, path, page in _guarded(app, SECRET):
        answer = _with_secret(app, method, path, page, (secret.client_id, secret.text))
        assert answer.status_code == page.status, f"{path}: {answer.text}"


def _with_secret(
    app: Flask, method: str, path: str, page: Page, pair: tuple[str, str] | None
) -> TestResponse:
    headers = {"Authorization": "Basic " + b64encode(":".join(pair).encode()).decode()} if pair else {}
    with app.test_client() as client:
        return client.open(path, method=method, data=page.form, headers=headers)
