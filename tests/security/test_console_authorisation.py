"""Who may call what of the console: every route with every role, and with things of another tenant.

A new route gets one line in ``CONSOLE``: endpoint, the role it asks for, its methods, and where it needs one, a form
(``{employee_id}`` and the like stand for this tenant's things) or a query.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from app.access import roles, tenants
from app.access.roles import ADMIN, HR, OWNER, VIEWER
from app.access.tables import AuditRow
from app.access.tenants import Tenant
from app.database import reading, writing
from app.web.console.blueprint import blueprint
from tests.harness.isolation import watched
from tests.security.console_things import Things, made, signed_in

GET, POST, BOTH = ("GET",), ("POST",), ("GET", "POST")


class Row(NamedTuple):
    """A route: the role it asks for (None: open to all), its methods, and what is sent with them."""

    role: str | None
    methods: tuple[str, ...] = GET
    body: Mapping[str, str] = {}
    query: str = ""


_PROVIDER = {"issuer": "https://idp.example", "client_id": "rollcall", "client_secret": "x"}
CONSOLE: dict[str, Row] = {
    "console.start": Row(VIEWER),
    "console.account": Row(VIEWER, BOTH),
    "console.end_session": Row(VIEWER, POST, {"session": "others"}),
    "console.choose_theme": Row(VIEWER, POST),
    "console.approvals": Row(VIEWER),
    "console.decide_look_alike": Row(HR, POST, {"answer": "same", "record": "1", "source": "{source_id}"}),
    "console.plan": Row(VIEWER),
    "console.approve_plan": Row(ADMIN, POST, {"which": "all", "upto": "9"}),
    "console.reject_plan": Row(ADMIN, POST, {"which": "all", "upto": "9"}),
    "console.audit": Row(VIEWER),
    "console.audit_download": Row(VIEWER),
    "console.audit_chain": Row(VIEWER, BOTH),
    "console.deliveries": Row(VIEWER, query="employee={employee_id}&target={target_id}"),
    "console.delivery": Row(VIEWER),
    "console.developer": Row(VIEWER),
    "console.inbound_request": Row(VIEWER),
    "console.first_run": Row(None, BOTH),
    "console.choose_password": Row(VIEWER, BOTH),
    "console.people": Row(VIEWER),
    "console.people_file": Row(VIEWER),
    "console.person": Row(VIEWER),
    "console.person_details": Row(VIEWER),
    "console.person_fields": Row(VIEWER),
    "console.hold_person": Row(HR, POST, {"target": "{target_id}", "note": "why"}),
    "console.let_go_person": Row(HR, POST, {"target": "{target_id}"}),
    "console.pin_value": Row(HR, BOTH),
    "console.push_person": Row(HR, POST, {"target": ""}),
    "console.reveal_value": Row(HR, POST, {"path": "hr.salary.amount"}),
    "console.person_timeline": Row(VIEWER),
    "console.unpin_value": Row(HR, POST),
    "console.save_view": Row(VIEWER, POST, {"name": "mine", "query": "q=a"}),
    "console.delete_view": Row(VIEWER, POST),
    "console.rename_view": Row(VIEWER, POST, {"name": "renamed"}),
    "console.prove": Row(VIEWER, BOTH),
    "console.prove_at_provider": Row(VIEWER),
    "console.runs": Row(VIEWER, query="source={source_id}"),
    "console.run": Row(VIEWER),
    "console.approve_run": Row(ADMIN, POST),
    "console.cancel_run": Row(HR, POST),
    "console.discard_run": Row(ADMIN, POST),
    "console.run_errors": Row(VIEWER),
    "console.retry_run": Row(HR, POST),
    "console.run_warnings": Row(VIEWER),
    "console.search": Row(VIEWER, query="q=X"),
    "console.settings": Row(VIEWER),
    "console.settings_keys": Row(VIEWER),
    "console.settings_notices": Row(VIEWER),
    "console.remove_channel": Row(ADMIN, BOTH),
    "console.rotate_channel": Row(ADMIN, BOTH),
    "console.channel_secret": Row(ADMIN),
    "console.try_channel": Row(ADMIN, POST),
    "console.add_channel": Row(ADMIN, BOTH),
    "console.settings_people": Row(VIEWER),
    "console.settings_person": Row(OWNER),
    "console.issue_password": Row(OWNER, POST),
    "console.remove_admin": Row(OWNER, POST),
    "console.give_role": Row(OWNER, POST, {"role": "hr"}),
    "console.invite_admin": Row(OWNER, BOTH, {"email": "eve@acme.example", "role": "hr"}),
    "console.settings_precedence": Row(VIEWER),
    "console.edit_precedence": Row(ADMIN, BOTH),
    "console.move_writer": Row(ADMIN, POST),
    "console.remove_precedence": Row(ADMIN, POST),
    "console.settings_retention": Row(VIEWER),
    "console.settings_sign_in": Row(OWNER),
    "console.change_sign_in": Row(OWNER, BOTH, _PROVIDER),
    "console.check_sign_in": Row(OWNER),
    "console.remove_sign_in": Row(OWNER, POST),
    "console.settings_welcome": Row(VIEWER),
    "console.edit_welcome": Row(ADMIN, BOTH),
    "console.welcome_off": Row(ADMIN, POST),
    "console.sign_in": Row(None, BOTH, {"tenant": "acme", "email": "x@acme.example", "password": "x"}),
    "console.sign_in_callback": Row(None),
    "console.provider_sign_in": Row(None, query="tenant=acme"),
    "console.sign_out": Row(VIEWER, POST),
    "console.sources": Row(VIEWER),
    "console.source": Row(VIEWER),
    "console.connect_step": Row(ADMIN, BOTH),
    "console.replace_file": Row(ADMIN, BOTH),
    "console.disconnect_source": Row(ADMIN, BOTH),
    "console.switch_export": Row(ADMIN, POST),
    "console.import_source": Row(HR, POST),
    "console.source_mapping": Row(VIEWER),
    "console.look_at_source": Row(HR),
    "console.pause_source": Row(ADMIN, POST),
    "console.remove_source": Row(ADMIN, BOTH),
    "console.resume_source": Row(ADMIN, POST),
    "console.source_runs": Row(VIEWER),
    "console.source_settings": Row(VIEWER),
    "console.change_source_settings": Row(ADMIN, POST),
    "console.source_webhook": Row(VIEWER),
    "console.make_webhook_secret": Row(ADMIN, POST),
    "console.subscribe_webhook": Row(ADMIN, POST),
    "console.unsubscribe_webhook": Row(ADMIN, POST),
    "console.connect_source": Row(ADMIN, BOTH),
    "console.connect_file": Row(ADMIN, BOTH),
    "console.targets": Row(VIEWER),
    "console.target": Row(VIEWER),
    "console.change_address": Row(ADMIN, BOTH),
    "console.check_target": Row(ADMIN),
    "console.target_drift": Row(VIEWER),
    "console.compare_target": Row(HR, BOTH),
    "console.target_fields": Row(VIEWER),
    "console.change_fields": Row(ADMIN, BOTH),
    "console.clear_orphan": Row(ADMIN, POST),
    "console.pause_target": Row(ADMIN, POST),
    "console.target_people": Row(VIEWER),
    "console.target_plans": Row(VIEWER),
    "console.undo_plan": Row(ADMIN, POST),
    "console.target_progress": Row(VIEWER),
    "console.remove_target": Row(ADMIN, BOTH),
    "console.resume_target": Row(ADMIN, POST),
    "console.resync_target": Row(HR, POST),
    "console.review_target": Row(ADMIN, BOTH),
    "console.save_target": Row(ADMIN, POST),
    "console.change_schedule": Row(ADMIN, BOTH),
    "console.set_up_target": Row(ADMIN),
    "console.target_settings": Row(VIEWER),
    "console.change_rules": Row(ADMIN, BOTH),
    "console.start_target": Row(ADMIN, BOTH),
    "console.suit_target": Row(ADMIN, POST),
    "console.new_token": Row(ADMIN, BOTH),
    "console.connect_target": Row(ADMIN),
    "console.new_target": Row(ADMIN, BOTH),
    "console.tokens": Row(VIEWER),
    "console.revoke_token": Row(ADMIN, BOTH),
    "console.rotate_token": Row(ADMIN, BOTH),
    "console.token_value": Row(ADMIN),
    "console.clients": Row(VIEWER),
    "console.client": Row(VIEWER),
    "console.end_secret": Row(ADMIN, BOTH),
    "console.secret_value": Row(ADMIN),
    "console.new_secret": Row(ADMIN, BOTH),
    "console.client_settings": Row(ADMIN, BOTH),
    "console.new_client": Row(ADMIN, BOTH),
    "console.make_token": Row(ADMIN, BOTH, {"client": "{client_id}"}),
}
#: Who asks → the role that they hold; None: it lets nobody in.
WHO: dict[str, str | None] = {
    "nobody": None,
    "made up": None,
    "one-time password": None,
    "viewer": VIEWER,
    "hr": HR,
    "admin": ADMIN,
    "owner": OWNER,
}
#: What is open before a password of one's own is chosen.
_BEFORE_PASSWORD = ("console.choose_password", "console.sign_out")
#: Parts of addresses that name no thing of a tenant.
_OF_NOBODY = {"kind", "step"}


class Asked(NamedTuple):
    """A request to a route, ready to be sent."""

    rule: Rule
    method: str
    path: str
    body: dict[str, str]

    @property
    def row(self) -> Row:
        """The route's row."""
        return CONSOLE[self.rule.endpoint]

    @property
    def names_a_thing(self) -> bool:
        """Whether the address names something that belongs to a tenant."""
        return bool(self.rule.arguments - _OF_NOBODY)

    def sent(self, client: FlaskClient) -> TestResponse:
        """Return the answer."""
        return client.open(self.path, method=self.method, data=self.body if self.method == "POST" else None)

    def __str__(self) -> str:
        return f"{self.method} {self.rule.rule}"


def requests_with(app: Flask, things: Things) -> Iterator[Asked]:
    """Yield every route with every method, about these things; the sign-out comes last."""
    rules = [rule for rule in app.url_map.iter_rules() if _is_page(rule)]
    for rule in sorted(
        rules, key=lambda each: (each.endpoint == "console.sign_out", each.endpoint, each.rule)
    ):
        row = CONSOLE[rule.endpoint]
        filled = {name: value.format(**things._asdict()) for name, value in row.body.items()}
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield Asked(rule, method, _path(rule, row, things), filled)


def _is_page(rule: Rule) -> bool:
    return rule.endpoint.startswith("console.") and rule.endpoint != "console.static"


def _path(rule: Rule, row: Row, things: Things) -> str:
    built = rule.build({name: getattr(things, name) for name in rule.arguments})
    assert built is not None, rule
    query = row.query.format(**things._asdict())
    return built[1] + (f"?{query}" if query else "")


def _deeds(*tenant_ids: int) -> int:
    """Return how many rows the audit chains of tenants have: whatever is changed is there."""
    table = AuditRow.__table__
    with reading() as connection:
        counted = select(func.count()).select_from(table).where(table.c.tenant_id.in_(tenant_ids))
        return connection.scalar(counted) or 0


@pytest.fixture
def plain(app: Flask) -> Flask:
    """Give the application without its guard against forged forms, which has a test of its own."""
    app.config.update(WTF_CSRF_ENABLED=False, WTF_CSRF_METHODS=())
    return app


@pytest.fixture
def ours(tenant: Tenant, tmp_path: Path) -> Things:
    """Give what the tenant has."""
    return made(tenant, tmp_path, "oursome")


def _client(app: Flask, tenant: Tenant, who: str) -> FlaskClient:
    """Return a browser in which somebody is signed in, or nobody."""
    client, role = app.test_client(), WHO[who]
    if who == "made up":
        client.set_cookie("rollcall", f"{tenant.token_key}.{'x' * 43}")
    elif who == "one-time password":
        client.set_cookie(
            "rollcall", signed_in(tenant, "new@acme.example", OWNER, has_one_time_password=True)
        )
    elif role is not None:
        client.set_cookie("rollcall", signed_in(tenant, f"{role}@acme.example", role))
    return client


def test_every_route_of_the_console_has_a_row(app: Flask) -> None:
    routes: dict[str, set[str]] = {}
    for rule in app.url_map.iter_rules():
        if _is_page(rule):
            routes.setdefault(rule.endpoint, set()).update((rule.methods or set()) - {"HEAD", "OPTIONS"})
    assert set(routes) == set(CONSOLE), "say in CONSOLE of this file which role it asks for"
    assert {endpoint: set(row.methods) for endpoint, row in CONSOLE.items()} == routes
    assert {endpoint: row.role for endpoint, row in CONSOLE.items()} == blueprint.roles


def _wanted(asked: Asked, who: str) -> str:
    """Return what has to come of it: ``in``, ``sign-in``, ``password`` or ``forbidden``."""
    held, role = WHO[who], asked.row.role
    if role is None:
        return "in"
    if who == "one-time password":
        return "in" if asked.rule.endpoint in _BEFORE_PASSWORD else "password"
    if held is None:
        return "sign-in"
    return "in" if roles.includes(held, role) else "forbidden"


def _came(answer: TestResponse, asked: Asked) -> str:
    """Return what came of a request, in the words of :func:`_wanted`."""
    where = answer.headers.get("Location", "").partition("?")[0]
    if answer.status_code == 303 and where == "/sign-in" and asked.row.role is not None:
        return "in" if asked.rule.endpoint == "console.sign_out" else "sign-in"
    if answer.status_code == 303 and where == "/password":
        return "password"
    if answer.status_code == 403 and asked.row.role is not None:
        return "forbidden"
    is_asked_again = where == "/prove" and asked.rule.endpoint != "console.prove_at_provider"
    is_broken = (
        answer.status_code >= 500 and answer.status_code != 502
    )  # 502: nobody is at the target's address
    if is_broken or answer.status_code in (401, 405) or is_asked_again:
        return f"status {answer.status_code} {where}"
    return "in"


@pytest.mark.parametrize("who", WHO)
def test_every_route_asks_for_its_role(plain: Flask, tenant: Tenant, ours: Things, who: str) -> None:
    client, wrong = _client(plain, tenant, who), []
    for asked in requests_with(plain, ours):
        before, wanted = _deeds(tenant.id), _wanted(asked, who)
        if asked.rule.endpoint == "console.sign_out" and wanted == "sign-in":
            wanted = "in"  # whoever is not signed in is led to the sign-in page by both ways
        came = _came(asked.sent(client), asked)
        if came != wanted:
            wrong.append(f"{asked} by {who}: {came}, not {wanted}")
        if wanted != "in" and _deeds(tenant.id) != before:
            wrong.append(f"{asked} by {who} did something")
    assert "\n".join(wrong) == ""


@pytest.fixture
def stranger(plain: Flask, ours: Things) -> tuple[Tenant, FlaskClient]:
    """Give another tenant, which has nothing, and a browser in which its only owner is signed in."""
    with writing() as connection:
        other = tenants.create(connection, "stranger")
    client = plain.test_client()
    for number in range(ours.admin_id):  # none of its people has the number of ours
        signed_in(other, f"{number}@stranger.example", VIEWER)
    client.set_cookie("rollcall", signed_in(other, "owner@stranger.example", OWNER))
    return other, client


def test_things_of_another_tenant_are_not_found_not_shown_and_not_changed(
    plain: Flask, tenant: Tenant, ours: Things, stranger: tuple[Tenant, FlaskClient]
) -> None:
    other, client = stranger
    wrong, before = [], _deeds(tenant.id)
    ids = (ours.employee_id, ours.delivery_id, ours.request_id, ours.name)
    for asked in requests_with(plain, ours._replace(admin_id=999)):
        here = _deeds(other.id)
        answer = asked.sent(client)
        if asked.names_a_thing and answer.status_code != 404:
            wrong.append(f"{asked} answered {answer.status_code} {answer.headers.get('Location', '')}")
        if asked.names_a_thing and _deeds(other.id) != here:
            wrong.append(f"{asked} did something in the other tenant")
        shown = [text for text in ids if text in answer.text.replace(asked.path, "")]
        if shown and not asked.row.query:
            wrong.append(f"{asked} shows {shown}")
    assert "\n".join(wrong) == ""
    assert _deeds(tenant.id) == before


def test_no_route_reaches_beyond_its_tenant(plain: Flask, tenant: Tenant, ours: Things) -> None:
    client = _client(plain, tenant, "owner")
    with watched() as watch:
        for asked in requests_with(plain, ours):
            asked.sent(client)
    assert watch.taken() == []


def test_every_form_that_the_console_did_not_make_is_refused(
    app: Flask, tenant: Tenant, ours: Things
) -> None:
    client, before = _client(app, tenant, "owner"), _deeds(tenant.id)
    taken = [
        str(asked)
        for asked in requests_with(app, ours)
        if asked.method == "POST" and asked.sent(client).status_code != 400
    ]
    assert taken == []
    assert _deeds(tenant.id) == before


def test_what_a_viewer_sees_holds_no_button_that_needs_more(
    plain: Flask, tenant: Tenant, ours: Things
) -> None:
    client, adapter = _client(plain, tenant, "viewer"), plain.url_map.bind("localhost")
    wrong: list[str] = []
    for asked in requests_with(plain, ours):
        if asked.method != "GET" or asked.row.role != VIEWER:
            continue
        for action in _actions(asked.sent(client).text):
            endpoint, _ = adapter.match(action, method="POST")
            if not roles.includes(VIEWER, CONSOLE[endpoint].role or VIEWER):
                wrong.append(f"{asked} shows a viewer the button of {endpoint}")
    assert "\n".join(wrong) == ""


def _actions(html: str) -> list[str]:
    """Return where the forms of a page that have a button are sent to with POST."""
    forms = re.findall(r"<form\b([^>]*)>(.*?)</form>", html, re.DOTALL)
    sent = (
        re.search(r'action="([^"?]*)', head)
        for head, inside in forms
        if "<button" in inside and "post" in head
    )
    return [found[1] for found in sent if found]
