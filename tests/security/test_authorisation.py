"""Who may call what of the SCIM API, asserted from the URL map: a route without a row fails, and a row without one."""

from __future__ import annotations

from itertools import count
from typing import Any, NamedTuple

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from app import directory
from app.access import clients, oauth, tenants, tokens
from app.access.tenants import Tenant
from app.database import reading, writing
from app.directory import schema_loading
from app.directory.tables import Revision
from app.web.scim.application import PREFIXES
from app.web.scim.routes import ROUTES
from scim.errors import ERROR_SCHEMA
from scim.resources import GROUP, USER
from tests.device_schemas import DEVICE, everything
from tests.security.routing import path_of, routes

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


# --- what is in the map


def _scim_routes(app: Flask) -> list[tuple[Rule, str]]:
    return [(rule, method) for rule, method in routes(app) if rule.endpoint.startswith("scim.")]


def test_every_route_of_the_scim_api_has_a_row_and_every_row_a_route(app: Flask) -> None:
    scim = {rule.endpoint for rule, _ in _scim_routes(app)}
    assert scim - set(SCIM) == set(), "say in SCIM of this file which scope these take (None: open to all)"
    assert set(SCIM) - scim == set(), "SCIM of this file names routes that are gone"


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
    path = path_of(rule, **{"endpoint": "Users", "name": row.name} | values)
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
            path = path_of(rule, tenant_slug="acme", endpoint=endpoint, resource_id=theirs[endpoint])
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
