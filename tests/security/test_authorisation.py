"""Who may call what, asserted from the URL map: a route without a row fails, and so does a row without a route."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any, NamedTuple

import pytest
import requests
from flask import Flask
from sqlalchemy import func, select, update
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from app import directory
from app.access import admins, clients, oauth, tenants, tokens
from app.access.oauth import IssuedSecret
from app.access.tables import Admin
from app.access.tenants import Tenant
from app.database import reading, writing
from app.directory import schema_loading
from app.directory.tables import Revision
from app.web.scim.application import PREFIXES
from app.web.scim.routes import ROUTES
from app.web.transport import cookies_of
from scim.errors import ERROR_SCHEMA
from scim.resources import GROUP, USER
from tests.device_schemas import DEVICE, everything
from tests.web.console.browser import Browser

MESSAGES = "urn:ietf:params:scim:api:messages:2.0:"
HUMAN = directory.Actor("admin", "test")
READ, WRITE, SENSITIVE = "scim:read", "scim:write", "scim:sensitive"


class Row(NamedTuple):
    """A route of the SCIM API: the scope it needs (None: open to all), a body, the status for who may."""

    scope: str | None
    status: int = 200
    body: dict[str, Any] | None = None
    name: str = ""


SEARCH: dict[str, Any] = {"schemas": [f"{MESSAGES}SearchRequest"]}
PATCH: dict[str, Any] = {
    "schemas": [f"{MESSAGES}PatchOp"],
    "Operations": [{"op": "replace", "path": "displayName", "value": "Changed"}],
}
BULK: dict[str, Any] = {
    "schemas": [f"{MESSAGES}BulkRequest"],
    "Operations": [{"method": "POST", "path": "/Users", "bulkId": "1", "data": {"userName": "by bulk"}}],
}
PERSON: dict[str, Any] = {"schemas": [USER], "userName": "replaced for each request"}

#: 501: the tokens of these tests are bound to no employee.
SCIM: dict[str, Row] = {
    "scim.list_everything": Row(READ),
    "scim.search_everything": Row(READ, 200, SEARCH),
    "scim.bulk": Row(WRITE, 200, BULK),
    "scim.read_me": Row(READ, 501),
    "scim.replace_me": Row(WRITE, 501, PERSON),
    "scim.patch_me": Row(WRITE, 501, PATCH),
    "scim.delete_me": Row(WRITE, 501),
    "scim.service_provider_config": Row(None),
    "scim.list_resource_types": Row(READ),
    "scim.read_resource_type": Row(READ, name="User"),
    "scim.list_schemas": Row(READ),
    "scim.read_schema": Row(READ, name=USER),
    "scim.list_resources": Row(READ),
    "scim.create_resource": Row(WRITE, 201, PERSON),
    "scim.search_resources": Row(READ, 200, SEARCH),
    "scim.read_resource": Row(READ),
    "scim.replace_resource": Row(WRITE, 200, PERSON),
    "scim.patch_resource": Row(WRITE, 200, PATCH),
    "scim.delete_resource": Row(WRITE, 204),
}
#: Credential → the scopes that it carries; None: it lets nobody in.
CREDENTIALS: dict[str, frozenset[str] | None] = {
    "none": None,
    "unknown": None,
    "expired": None,
    "revoked": None,
    "a client's secret": None,
    "read": frozenset({READ}),
    "write": frozenset({READ, WRITE}),
    "sensitive": frozenset({SENSITIVE}),
    "admin": frozenset(),
    "read by OAuth": frozenset({READ}),
}
#: Endpoint → a whole resource of its type.
KINDS: dict[str, dict[str, Any]] = {
    "Users": {"schemas": [USER], "userName": "theirs"},
    "Groups": {"schemas": [GROUP], "displayName": "theirs"},
    "Devices": {"schemas": [DEVICE], "serialNumber": "theirs"},
}
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


# --- what is in the map


def _routes(app: Flask) -> Iterator[tuple[Rule, str]]:
    """Yield rule and method of the map; HEAD goes with GET, and OPTIONS only lists methods.

    Those of the admin API have their rows in test_admin_authorisation.py.
    """
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("api."):
            continue
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield rule, method


def _scim_routes(app: Flask) -> list[tuple[Rule, str]]:
    return [(rule, method) for rule, method in _routes(app) if rule.endpoint.startswith("scim.")]


def _path(rule: Rule, **values: str) -> str:
    built = rule.build({name: values[name] for name in rule.arguments})
    assert built is not None
    return built[1]


def test_every_route_has_a_row_and_every_row_a_route(app: Flask) -> None:
    scim = {rule.endpoint for rule, _ in _scim_routes(app)}
    pages = {(method, rule.endpoint) for rule, method in _routes(app)} - {
        (method, rule.endpoint) for rule, method in _scim_routes(app)
    }
    # The rest of the console asks for roles: tests/security/test_console_authorisation.py has a row for each of it.
    pages = {page for page in pages if page in PAGES or not page[1].startswith("console.")}
    assert scim - set(SCIM) == set(), "say in SCIM of this file which scope these take (None: open to all)"
    assert pages - set(PAGES) == set(), "say in PAGES of this file what guards these"
    assert set(SCIM) - scim == set(), "SCIM of this file names routes that are gone"
    assert set(PAGES) - pages == set(), "PAGES of this file names routes that are gone"


def test_the_map_lists_what_the_scim_api_answers_under_both_prefixes(app: Flask) -> None:
    listed = {(rule.rule, method, rule.endpoint) for rule, method in _scim_routes(app)}
    served = {
        (prefix + rule, method, f"scim.{route.name}")
        for prefix in PREFIXES
        for rule, methods in ROUTES.items()
        for method, route in methods.items()
    }
    assert listed == served


# --- the SCIM API


@pytest.fixture
def credentials(tenant: Tenant) -> dict[str, str | None]:
    """Give a token of each kind in ``CREDENTIALS``."""
    with writing() as connection:
        client = clients.named_or_made(connection, tenant.id, "idp")
        expired = tokens.issue(connection, tenant, client.id, (WRITE,), -1)
        revoked = tokens.create(connection, tenant, "idp", scopes=(WRITE,))
        tokens.revoke(connection, tenant.id, revoked.id)
        secret = oauth.make_secret(connection, tenant, client)
        caller = oauth.caller_with(connection, secret.client_id, secret.text)
        assert caller is not None
        bought = oauth.issue(connection, caller, (READ,), 60)
        assert bought is not None
        admin = tokens.create(connection, tenant, "idp", scopes=("admin:write",)).text
        alone = {
            name: tokens.create(connection, tenant, "idp", scopes=(f"scim:{name}",)).text
            for name in ("read", "write", "sensitive")
        }
    unknown = f"rc_{tenant.token_key}_{'x' * 43}"
    return {"none": None, "unknown": unknown, "expired": expired.text, "revoked": revoked.text} | {
        "a client's secret": secret.text,
        "admin": admin,
        "read by OAuth": bought.text,
        **alone,
    }


_names = count()


def _hired(tenant: Tenant) -> str:
    with writing() as connection:
        document = {"schemas": [USER], "userName": f"hired{next(_names)}"}
        return directory.create(connection, tenant.id, HUMAN, document).id


def _revisions() -> int:
    with reading() as connection:
        return connection.scalar(select(func.count()).select_from(Revision.__table__)) or 0


def _call(
    app: Flask, token: str | None, method: str, path: str, body: dict[str, Any] | None = None
) -> TestResponse:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with app.test_client() as client:
        return client.open(path, method=method, headers=headers, json=body)


def _asked(app: Flask, token: str | None, rule: Rule, method: str, **values: str) -> TestResponse:
    """Return the answer of a SCIM route to the request of its row."""
    row = SCIM[rule.endpoint]
    body = row.body
    if body and "userName" in body:
        body = body | {"userName": f"sent{next(_names)}"}
    path = _path(rule, **{"endpoint": "Users", "name": row.name} | values)
    return _call(app, token, method, path, body)


def _is_refusal(answer: TestResponse, status: int) -> bool:
    is_error = answer.json is not None and answer.json["schemas"] == [ERROR_SCHEMA]
    is_challenged = answer.headers.get("WWW-Authenticate", "").startswith("Bearer") or status != 401
    return is_error and is_challenged and answer.json["status"] == str(status)  # type: ignore[index]


@pytest.mark.parametrize("credential", CREDENTIALS)
def test_every_scim_route_asks_for_its_scope(
    app: Flask, tenant: Tenant, credentials: dict[str, str | None], credential: str
) -> None:
    held, token = CREDENTIALS[credential], credentials[credential]
    for rule, method in _scim_routes(app):
        row, said = SCIM[rule.endpoint], f"{method} {rule.rule} with {credential}"
        is_open = row.scope is None
        expected = row.status if is_open or row.scope in (held or ()) else 401 if held is None else 403
        person = _hired(tenant)
        written = _revisions()
        answer = _asked(app, token, rule, method, tenant_slug="acme", resource_id=person)
        assert answer.status_code == expected, f"{said}: {answer.text}"
        if expected in (401, 403):
            assert _is_refusal(answer, expected), f"{said}: {answer.headers} {answer.text}"
            assert _revisions() == written, said


@pytest.mark.parametrize("credential", CREDENTIALS)
def test_head_is_refused_where_get_is(
    app: Flask, tenant: Tenant, credentials: dict[str, str | None], credential: str
) -> None:
    values, token = {"tenant_slug": "acme", "resource_id": _hired(tenant)}, credentials[credential]
    for rule, method in _scim_routes(app):
        if method == "GET":
            head, get = (_asked(app, token, rule, each, **values) for each in ("HEAD", "GET"))
            assert (head.status_code, head.data) == (get.status_code, b""), rule.rule


@pytest.fixture
def stranger(tenant: Tenant) -> str:
    """Give a token of another tenant; both have loaded Device."""
    with writing() as connection:
        other = tenants.create(connection, "stranger")
        for each in (tenant, other):
            schema_loading.load(connection, each.id, HUMAN, everything())
        return tokens.create(connection, other, "idp").text


@pytest.fixture
def theirs(app: Flask, stranger: str) -> dict[str, str]:
    """Give endpoint → id of a resource of another tenant."""
    made = {name: _call(app, stranger, "POST", f"/scim/v2/{name}", body) for name, body in KINDS.items()}
    return {name: answer.json["id"] for name, answer in made.items()}  # type: ignore[index]


@pytest.mark.parametrize("slug", ["stranger", "nobody"])
def test_a_token_opens_no_other_tenants_address(
    app: Flask, token: str, stranger: str, theirs: dict[str, str], slug: str
) -> None:
    for rule, method in _scim_routes(app):
        if "tenant_slug" in rule.arguments:
            answer = _asked(app, token, rule, method, tenant_slug=slug, resource_id=theirs["Users"])
            is_open = SCIM[rule.endpoint].scope is None
            assert (answer.status_code == 200) if is_open else _is_refusal(answer, 401), rule.rule


@pytest.mark.parametrize("endpoint", KINDS)
def test_an_id_of_another_tenant_is_not_found(
    app: Flask, token: str, stranger: str, theirs: dict[str, str], endpoint: str
) -> None:
    own = f"/scim/v2/{endpoint}/{theirs[endpoint]}"
    before = _call(app, stranger, "GET", own).json
    bodies = {"PUT": KINDS[endpoint], "PATCH": PATCH}
    for rule, method in _scim_routes(app):
        if "resource_id" in rule.arguments:
            path = _path(rule, tenant_slug="acme", endpoint=endpoint, resource_id=theirs[endpoint])
            answer = _call(app, token, method, path, bodies.get(method))
            assert _is_refusal(answer, 404), f"{method} {path}: {answer.text}"
    assert _call(app, stranger, "GET", own).json == before


def test_a_bulk_request_finds_no_id_of_another_tenant(app: Flask, token: str, theirs: dict[str, str]) -> None:
    operations = [
        {"method": method, "path": f"/{endpoint}/{theirs[endpoint]}", "data": data}
        for endpoint, whole in KINDS.items()
        for method, data in (("PUT", whole), ("PATCH", PATCH), ("DELETE", None))
    ]
    answer = _call(app, token, "POST", "/scim/v2/Bulk", BULK | {"Operations": operations})
    assert answer.json is not None
    assert [each["status"] for each in answer.json["Operations"]] == ["404"] * len(operations)


def test_no_answer_shows_what_another_tenant_has(app: Flask, token: str, theirs: dict[str, str]) -> None:
    for rule, method in _scim_routes(app):
        if "resource_id" in rule.arguments:
            continue
        for endpoint in KINDS if "endpoint" in rule.arguments else ("Users",):
            answer = _asked(app, token, rule, method, tenant_slug="acme", endpoint=endpoint)
            assert not any(each in answer.text for each in ("theirs", *theirs.values())), rule.rule


@pytest.mark.parametrize(
    "query",
    [
        'Users?filter=id eq "{Users}"',
        'Users?filter=userName eq "theirs"',
        'Users?filter=groups.value eq "{Groups}"',
        "Users?filter=userName pr&sortBy=userName",
        "Users?cursor&count=10",
        'Groups?filter=members.value eq "{Users}"',
        'Groups?filter=displayName co "their"',
        'Devices?filter=serialNumber eq "theirs"',
        '?filter=id eq "{Users}"',
    ],
)
def test_no_search_finds_what_another_tenant_has(
    app: Flask, token: str, theirs: dict[str, str], query: str
) -> None:
    answer = _call(app, token, "GET", "/scim/v2/" + query.format(**theirs))
    assert answer.json is not None
    assert (answer.status_code, answer.json["totalResults"]) == (200, 0), answer.text


def test_a_member_of_another_tenant_is_refused(app: Flask, token: str, theirs: dict[str, str]) -> None:
    body = {"schemas": [GROUP], "displayName": "ours", "members": [{"value": theirs["Users"]}]}
    answer = _call(app, token, "POST", "/scim/v2/Groups", body)
    assert _is_refusal(answer, 400), answer.text


def test_a_token_bound_to_an_employee_of_another_tenant_is_bound_to_nobody(
    app: Flask, tenant: Tenant, theirs: dict[str, str]
) -> None:
    with writing() as connection:
        bound = tokens.create(connection, tenant, "idp", employee_id=theirs["Users"]).text
    for method, body in (("GET", None), ("PUT", PERSON), ("PATCH", PATCH), ("DELETE", None)):
        assert _is_refusal(_call(app, bound, method, "/scim/v2/Me", body), 404)


# --- pages and OAuth


def _secret(tenant: Tenant) -> IssuedSecret:
    with writing() as connection:
        client = clients.named_or_made(connection, tenant.id, "idp")
        return oauth.make_secret(connection, tenant, client)


def _guarded(app: Flask, guard: str) -> Iterator[tuple[str, str, Page]]:
    """Yield method, path and row of the routes with this guard."""
    for rule, method in _routes(app):
        page = PAGES.get((method, rule.endpoint))
        if page is not None and page.guard == guard:
            yield method, _path(rule, filename=page.file, **HOOK), page


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
    app: Flask, base: str, tenant: Tenant, admin: str, theirs: dict[str, str]
) -> None:
    for method, path, page in _guarded(app, SESSION):
        if method == "GET" and page.status == 200:
            text = _visited(app, base, _session(tenant, admin), method, path).text
            assert not any(each in text for each in ("theirs", *theirs.values())), path


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
