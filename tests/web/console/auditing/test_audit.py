"""The audit in the browser: filters, names, values before and after, pages."""

from __future__ import annotations

import pytest

from app import directory
from app.access import audit, clients, tenants, tokens
from app.access.tables import AuditRow
from app.access.tenants import Tenant
from app.database import writing
from app.keeping import erasing
from app.provisioning import targets
from app.web.console.paging import PAGE
from scim.resources import HR, USER
from tests.web.console.browser import Browser, Page
from tests.web.console.tokens.steps import PAYLOADS, is_harmless, typed

ADMIN = directory.Actor("admin", "ann@acme.example")
CLI = directory.Actor("system", "cli")


def hire(tenant: Tenant, name: str = "maya", **more: object) -> str:
    """A person's id; there is the e-mail address of their userName."""
    document = {
        "schemas": [USER],
        "userName": name,
        "displayName": name.title(),
        "emails": [{"value": f"{name}@acme.example", "type": "work"}],
    }
    with writing() as connection:
        return directory.create(connection, tenant.id, CLI, document | more).id


def record(
    tenant: Tenant, action: str, subject: str = "x:1", actor: str = "system:cli", **values: object
) -> None:
    """A line of the audit."""
    with writing() as connection:
        audit.record(connection, tenant.id, actor, action, subject, values)


def rows(browser: Browser, query: str = "") -> list[list[str]]:
    return browser.page(f"/audit?{query}").rows("deeds")


def test_a_deed_is_a_line_in_words_with_its_code_under_details(signed_in: Browser, tenant: Tenant) -> None:
    employee_id = hire(tenant)
    with writing() as connection:
        directory.merge(connection, tenant.id, employee_id, ADMIN, {"title": "Nurse"})
        directory.merge(connection, tenant.id, employee_id, ADMIN, {"title": "Head nurse"})
    page = signed_in.page("/audit?deed=employee.changed")
    newest = page.rows("deeds")[0]
    assert newest[1:4] == ["ann@acme.example", "changed a person", "Maya"]
    assert "Job title before: Nurse → after: Head nurse" in newest[4]
    assert "employee.changed" in newest[4] and f"employee:{employee_id}" in newest[4]
    assert page.links("deeds")["Maya"] == f"/people/{employee_id}"


def test_values_that_nobody_may_see_are_said_to_have_changed_only(signed_in: Browser, tenant: Tenant) -> None:
    employee_id = hire(tenant)
    with writing() as connection:
        directory.merge(connection, tenant.id, employee_id, ADMIN, {HR: {"dateOfBirth": "1990-02-03"}})
    answer = signed_in.get("/audit?deed=employee.changed")
    assert "1990-02-03" not in answer.text
    assert "(not shown)" in Page(answer.text).text


def test_each_thing_has_its_name_and_its_page(signed_in: Browser, tenant: Tenant) -> None:
    with writing() as connection:
        clients.create(connection, tenant.id, "okta", {})
        target = targets.add(
            connection,
            tenant.id,
            "test",
            kind="jumpcloud",
            name="accounts",
            url="https://1.1.1.1",
            token="secret",
        )
    record(tenant, "import.approved", "run:7", "client:1", run=7)
    record(tenant, "plan.approved", "plan:9", "system:breaker", people=3)
    page = signed_in.page("/audit")
    links = page.links("deeds")
    assert links["Client okta"] == "/tokens/clients/1"
    assert links["Target accounts"] == f"/targets/{target.id}"
    assert links["Import run 7"] == "/runs/7"
    assert links["Changes 9"] == "/approvals/plans/9"
    assert [row[1:3] for row in page.rows("deeds")[:2]] == [
        ["Rollcall's circuit breaker", "approved changes"],
        ["Client okta", "approved an import"],
    ]


def test_what_is_gone_keeps_its_name_without_a_link(signed_in: Browser, tenant: Tenant) -> None:
    employee_id = hire(tenant)
    with writing() as connection:
        directory.delete(connection, tenant.id, employee_id, ADMIN)
    page = signed_in.page("/audit?deed=employee")
    assert {row[3] for row in page.rows("deeds")} == {"maya"}
    assert "maya" not in page.links("deeds")


def test_an_erased_person_leaves_deeds_without_values(signed_in: Browser, tenant: Tenant) -> None:
    employee_id = hire(tenant)
    erasing.erase(tenant.id, employee_id, CLI)
    text = signed_in.get("/audit").text
    assert f"employee:{employee_id}" in text
    assert "displayName" not in text
    assert "Erased with the person; the chain still proves the deed." in text


@pytest.mark.parametrize("words", ["Özlem", "özlem", "ÖZLEM"])
def test_a_name_is_found_however_its_letters_are_written(
    signed_in: Browser, tenant: Tenant, words: str
) -> None:
    record(tenant, "source.paused", "source:Özlem", "admin:Özlem@acme.example")
    for filter_ in ("who", "about", "text"):
        assert len(rows(signed_in, f"{filter_}={words}")) == 1, filter_


FILTERS = [
    ("who=okta", ["revoked a token"]),
    ("who=ANN@", ["made a token", "paused a source"]),
    ("who=command", ["created the organisation"]),
    ("deed=token", ["made a token", "revoked a token"]),
    ("deed=source.paused", ["paused a source"]),
    ("about=hr-system", ["paused a source"]),
    ("text=marker", ["made a token"]),
    ("text=100%25", []),
    ("deed=token&who=okta", ["revoked a token"]),
]


@pytest.fixture
def chronicle(signed_in: Browser, tenant: Tenant) -> Browser:
    """A browser, and deeds of three people."""
    with writing() as connection:
        clients.create(connection, tenant.id, "okta", {}, "admin:setup@acme.example")
    record(tenant, "source.paused", "source:hr-system", "admin:ann@acme.example")
    record(tenant, "token.revoked", "token:1", "client:1")
    record(tenant, "token.created", "token:2", "admin:ann@acme.example", client="Marker")
    return signed_in


def test_filters_stand_in_the_address_and_in_the_form(chronicle: Browser) -> None:
    known = {"revoked a token", "made a token", "paused a source", "created the organisation"}
    for query, wanted in FILTERS:
        found = [row[2] for row in rows(chronicle, query) if row[2] in known]
        assert sorted(found) == wanted, query
    page = chronicle.page("/audit?who=ann&deed=token.revoked&from=2026-01-02")
    inputs = {
        found["name"]: found.get("value")
        for tag, found in page.elements
        if tag == "input" and "name" in found
    }
    assert (inputs["who"], inputs["from"]) == ("ann", "2026-01-02")
    chosen = [found["value"] for tag, found in page.elements if tag == "option" and "selected" in found]
    assert chosen == ["token.revoked"]


def test_nothing_found_says_so_and_leads_back(chronicle: Browser) -> None:
    page = chronicle.page("/audit?text=nowhere")
    assert "No deed is like that." in page.text
    assert ("a", {"class": "btn btn-outline-secondary", "href": "/audit"}) in page.elements


def test_days_are_whole_days_of_utc(signed_in: Browser, tenant: Tenant) -> None:
    for at in ("2026-01-01T23:59:59.999999Z", "2026-01-02T00:00:00.000000Z", "2026-01-02T23:59:59.999999Z",
               "2026-01-03T00:00:00.000000Z"):  # fmt: skip
        with writing() as connection:
            row = audit.row(tenant.id, "system:cli", "welcome.set", "welcome", {}, at)
            connection.execute(AuditRow.__table__.insert(), row)
    assert len(rows(signed_in, "deed=welcome.set&from=2026-01-02&to=2026-01-02")) == 2
    assert len(rows(signed_in, "deed=welcome.set&from=2026-01-02")) == 3
    assert len(rows(signed_in, "deed=welcome.set&to=2026-01-01")) == 1


def test_about_takes_a_persons_address_user_name_and_id(signed_in: Browser, tenant: Tenant) -> None:
    employee_id = hire(tenant)
    hire(tenant, "noah")
    for about in ("maya", "Maya@acme.example", employee_id):
        assert [row[3] for row in rows(signed_in, f"about={about}")] == ["Maya"], about


def test_many_deeds_come_in_pages_both_ways_and_keep_the_filter(signed_in: Browser, tenant: Tenant) -> None:
    for number in range(PAGE + 2):
        record(tenant, "welcome.set", "welcome", link=f"https://x.example/{number:03}")
    first = signed_in.page("/audit?deed=welcome.set")
    second = signed_in.page(first.links("deeds")["Older"])
    assert (len(first.rows("deeds")), len(second.rows("deeds"))) == (PAGE, 2)
    assert "/001" in second.rows("deeds")[0][4] and "/000" in second.rows("deeds")[1][4]
    back = signed_in.page(second.links("deeds")["Newer"])
    assert back.rows("deeds") == first.rows("deeds")


NONSENSE = (
    "older=x&newer=%01",
    "from=yesterday&to=9999-99-99",
    "who=%01&text=%F0%9F%98%80%5C",
    f"older={'0' * 36}",
    "deed=%27--",
    "about=%25%5F&text=_%25",
    "from=0001-01-01&to=9999-12-31",
)


def test_an_address_that_makes_no_sense_shows_the_page(signed_in: Browser) -> None:
    for query in NONSENSE:
        assert signed_in.get(f"/audit?{query}").status_code == 200, query


def test_another_tenants_deeds_and_names_are_not_there(signed_in: Browser, tenant: Tenant) -> None:
    with writing() as connection:
        other = tenants.create(connection, "other")
        tokens.create(connection, other, "stranger")
        audit.record(connection, tenant.id, "client:1", "token.revoked", "client:1", {})
    text = signed_in.get("/audit").text
    assert "stranger" not in text
    assert "stranger" not in signed_in.get("/audit/audit.csv").text
    assert rows(signed_in, "who=stranger") == []


def test_scripts_in_names_and_values_are_text(signed_in: Browser, tenant: Tenant) -> None:
    for payload in PAYLOADS:
        hire(tenant, payload.replace(" ", ""), title=payload)
        record(tenant, payload[:60], f"source:{payload}", f"admin:{payload}", note=payload)
    page = signed_in.page("/audit")
    assert is_harmless(page)
    assert all(payload in page.text for payload in PAYLOADS)


def test_nobody_who_is_not_signed_in_reads_the_audit(browser: Browser, tenant: Tenant) -> None:
    for path in ("/audit", "/audit/audit.csv", "/audit/chain"):
        answer = browser.get(path, allow_redirects=False)
        assert (answer.status_code, answer.headers["Location"].startswith("/sign-in")) == (303, True), path


def test_a_form_of_the_chain_needs_its_token(signed_in: Browser) -> None:
    assert signed_in.post("/audit/chain", {}).status_code == 400
    assert typed(signed_in, "/audit/chain", {}).status_code == 200
