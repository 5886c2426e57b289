"""Who may call what of the admin API: every route with every credential, and with things of another tenant."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.routing import Rule

from app import directory
from app.access import clients, oauth, tenants, tokens
from app.access.tables import AuditRow
from app.access.tenants import Tenant
from app.database import reading, writing
from app.provisioning import plans, targets
from app.sources import catalog, drafts, runner
from scim.resources import USER
from tests.harness.isolation import watched
from tests.web.api.conftest import HUMAN, MAPPING, Caller, problem

READ, WRITE = "admin:read", "admin:write"


class Row(NamedTuple):
    """A route: the scope it asks for (None: open to all) and a body that it takes."""

    scope: str | None
    body: dict[str, Any] | None = None


ADMIN: dict[str, Row] = {
    "api.describe_api": Row(None),
    "api.list_vendors": Row(READ),
    "api.show_vendor": Row(READ),
    "api.enable_vendor": Row(WRITE),
    "api.disable_vendor": Row(WRITE),
    "api.list_sources": Row(READ),
    "api.add_source": Row(WRITE, {"kind": "jazzhr", "name": "another"}),
    "api.show_source": Row(READ),
    "api.change_source": Row(WRITE, {"schedule": "1h"}),
    "api.remove_source": Row(WRITE),
    "api.show_policy": Row(READ),
    "api.give_consent": Row(WRITE, {"by": "hr@acme.example"}),
    "api.check_source": Row(WRITE),
    "api.preview_source": Row(WRITE),
    "api.publish_source": Row(WRITE),
    "api.pause_source": Row(WRITE),
    "api.resume_source": Row(WRITE),
    "api.disconnect_source": Row(WRITE),
    "api.import_source": Row(WRITE),
    "api.show_export": Row(READ),
    "api.set_export": Row(WRITE, {"on": True}),
    "api.show_webhook": Row(READ),
    "api.generate_webhook_secret": Row(WRITE),
    "api.subscribe_webhook": Row(WRITE),
    "api.unsubscribe_webhook": Row(WRITE),
    "api.list_suggestions": Row(READ),
    "api.confirm_suggestion": Row(WRITE, {"record_id": "1", "same": True}),
    "api.show_precedence": Row(READ),
    "api.set_precedence": Row(WRITE, {"field": "title", "writers": []}),
    "api.show_welcome": Row(READ),
    "api.set_welcome": Row(WRITE, {"link": "https://acme.example/begin"}),
    "api.remove_welcome": Row(WRITE),
    "api.list_runs": Row(READ),
    "api.show_run": Row(READ),
    "api.cancel_run": Row(WRITE),
    "api.approve_run": Row(WRITE),
    "api.retry_run": Row(WRITE),
    "api.list_run_errors": Row(READ),
    "api.list_run_warnings": Row(READ),
    "api.list_targets": Row(READ),
    "api.show_target": Row(READ),
    "api.show_target_status": Row(READ),
    "api.sync_target": Row(WRITE),
    "api.pause_target": Row(WRITE),
    "api.resume_target": Row(WRITE),
    "api.list_plans": Row(READ),
    "api.show_plan": Row(READ),
    "api.list_operations": Row(READ),
    "api.approve_plan": Row(WRITE),
    "api.discard_plan": Row(WRITE),
    "api.list_employees": Row(READ),
    "api.show_employee": Row(READ),
    "api.explain_employee": Row(READ),
    "api.list_pins": Row(READ),
    "api.pin_value": Row(WRITE, {"field": "title", "value": "Countess"}),
    "api.unpin_value": Row(WRITE, {"field": "title"}),
}
#: Credential → the scopes that it carries; None: it lets nobody in.
CREDENTIALS: dict[str, frozenset[str] | None] = {
    "none": None,
    "unknown": None,
    "expired": None,
    "revoked": None,
    "a client's secret": None,
    "every scope of SCIM": frozenset(),
    "read": frozenset({READ}),
    "write": frozenset({READ, WRITE}),
    "read by OAuth": frozenset({READ}),
}


class Things(NamedTuple):
    """What a tenant has: the values of the parts of addresses."""

    name: str
    number: int
    employee_id: str
    kind: str = "jazzhr"

    def path(self, rule: Rule) -> str:
        """Return the address of a route with these things in it."""
        built = rule.build({name: getattr(self, name) for name in rule.arguments})
        assert built is not None
        return built[1].removeprefix("/api/v1")


def _routes(app: Flask) -> Iterator[tuple[Rule, str]]:
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("api."):
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield rule, method


def _made(tenant: Tenant, folder: Path, name: str) -> Things:
    """Make a source with a run, a target with a plan, and an employee, all of the same name; the plan is number 1."""
    path = folder / f"{tenant.slug}.csv"
    path.write_text(f"ID,First,Last,Email\n1,{name},X,{name}@acme.example\n")
    with writing() as connection:
        draft = drafts.drafted("csv", name, {"path": str(path), "mapping": MAPPING}, {})
        source = catalog.add(connection, tenant.id, draft, "system:test")
        employee = directory.create(
            connection, tenant.id, HUMAN, {"schemas": [USER], "userName": f"u-{name}"}
        )
        target = targets.add(
            connection, tenant.id, "test", kind="scim", name=name, url="http://127.0.0.1:9/v2", token="x"
        )
        plan = plans.create(connection, tenant.id, target.id, plans.DRY_RUN, "draft", name)
    run = runner.import_now(source, dry_run=False, requested_by="system:test")
    assert run.id == plan == 1
    return Things(name, 1, employee.id)


@pytest.fixture
def ours(tenant: Tenant, tmp_path: Path) -> Things:
    """Give what the tenant has."""
    return _made(tenant, tmp_path, "ours")


@pytest.fixture
def credentials(tenant: Tenant) -> dict[str, str | None]:
    """Give a token of each kind in ``CREDENTIALS``."""
    with writing() as connection:
        client = clients.named_or_made(connection, tenant.id, "script")
        clients.change(connection, tenant.id, "script", {"oauth_scopes": READ})
        client = clients.named(connection, tenant.id, "script")
        expired = tokens.issue(connection, tenant, client.id, (WRITE,), -1)
        revoked = tokens.create(connection, tenant, "script", scopes=(WRITE,))
        tokens.revoke(connection, tenant.id, revoked.id)
        secret = oauth.make_secret(connection, tenant, client)
        caller = oauth.caller_with(connection, secret.client_id, secret.text)
        assert caller is not None
        bought = oauth.issue(connection, caller, (READ,), 60)
        assert bought is not None
        scim = ("scim:read", "scim:write", "scim:sensitive")

        def fresh(*scopes: str) -> str:
            return tokens.create(connection, tenant, "script", scopes=scopes).text

        return {
            "none": None,
            "unknown": f"rc_{tenant.token_key}_{'x' * 43}",
            "expired": expired.text,
            "revoked": revoked.text,
            "a client's secret": secret.text,
            "every scope of SCIM": fresh(*scim),
            "read": fresh(READ),
            "write": fresh(WRITE),
            "read by OAuth": bought.text,
        }


def _deeds(tenant_id: int) -> int:
    """Return how many rows the audit chain of a tenant has: whatever is changed is there."""
    table = AuditRow.__table__
    with reading() as connection:
        counted = select(func.count()).select_from(table).where(table.c.tenant_id == tenant_id)
        return connection.scalar(counted) or 0


def test_every_route_of_the_admin_api_has_a_row(app: Flask) -> None:
    assert {rule.endpoint for rule, _ in _routes(app)} == set(ADMIN), (
        "say in ADMIN of this file which scope it takes"
    )


@pytest.mark.parametrize("credential", CREDENTIALS)
def test_every_route_of_the_admin_api_asks_for_its_scope(
    app: Flask, tenant: Tenant, ours: Things, credentials: dict[str, str | None], credential: str
) -> None:
    held, call = CREDENTIALS[credential], Caller(app, credentials[credential])
    for rule, method in _routes(app):
        row, said = ADMIN[rule.endpoint], f"{method} {rule.rule} with {credential}"
        is_let_in = row.scope is None or row.scope in (held or ())
        before = _deeds(tenant.id)
        answer = call(method, ours.path(rule), row.body)
        if is_let_in:
            assert answer.status_code < 500, f"{said}: {answer.text}"
            assert answer.status_code not in (401, 403, 405), f"{said}: {answer.text}"
            continue
        assert problem(answer) == ((401, "unauthenticated") if held is None else (403, "scope_missing")), said
        assert _deeds(tenant.id) == before, said


@pytest.mark.parametrize("credential", CREDENTIALS)
def test_head_is_refused_where_get_is(
    app: Flask, ours: Things, credentials: dict[str, str | None], credential: str
) -> None:
    call = Caller(app, credentials[credential])
    for rule, method in _routes(app):
        if method == "GET":
            head, get = (call(each, ours.path(rule)) for each in ("HEAD", "GET"))
            assert (head.status_code, head.data) == (get.status_code, b""), rule.rule


@pytest.fixture
def theirs(tenant: Tenant, tmp_path: Path) -> tuple[Tenant, Things]:
    """Give another tenant and what it has, with numbers and a name that ours has not."""
    with writing() as connection:
        other = tenants.create(connection, "stranger")
    return other, _made(other, tmp_path, "theirs")


def test_things_of_another_tenant_are_not_found(
    app: Flask, credentials: dict[str, str | None], theirs: tuple[Tenant, Things]
) -> None:
    other, things = theirs
    call, before = Caller(app, credentials["write"]), _deeds(other.id)
    for rule, method in _routes(app):
        if rule.arguments - {"kind"}:
            answer = call(method, things.path(rule), ADMIN[rule.endpoint].body)
            assert problem(answer) == (404, "not_found"), f"{method} {rule.rule}"
    assert _deeds(other.id) == before


def test_no_answer_shows_what_another_tenant_has(
    app: Flask, ours: Things, credentials: dict[str, str | None], theirs: tuple[Tenant, Things]
) -> None:
    _, things = theirs
    call = Caller(app, credentials["write"])
    for rule, method in _routes(app):
        text = call(method, ours.path(rule), ADMIN[rule.endpoint].body).text
        assert things.name not in text, rule.rule
        assert things.employee_id not in text, rule.rule
    for query in ("runs?source", "plans?target"):
        assert problem(call("GET", f"/{query}=theirs")) == (404, "not_found")
    assert call.get("/employees?q=u-theirs")["total"] == 0


def test_no_route_reaches_beyond_its_tenant(
    app: Flask, ours: Things, credentials: dict[str, str | None]
) -> None:
    call = Caller(app, credentials["write"])
    with watched() as watch:
        for rule, method in _routes(app):
            call(method, ours.path(rule), ADMIN[rule.endpoint].body)
        call("GET", f"/runs/{ours.number}/errors", headers={"Accept": "text/csv"})
    assert watch.taken() == []


def test_a_plan_decides_about_no_employee_of_another_tenant(
    app: Flask, ours: Things, credentials: dict[str, str | None], theirs: tuple[Tenant, Things]
) -> None:
    call = Caller(app, credentials["write"])
    for step in ("approve", "discard"):
        answer = call("POST", f"/plans/{ours.number}/{step}", {"employees": [theirs[1].employee_id]})
        assert problem(answer) == (409, "not_possible")


def test_a_token_of_the_admin_api_has_no_right_in_scim(
    app: Flask, credentials: dict[str, str | None], serve: Callable[[Any], str]
) -> None:
    with app.test_client() as client:
        answer = client.get("/scim/v2/Users", headers={"Authorization": f"Bearer {credentials['write']}"})
    assert answer.status_code == 403
