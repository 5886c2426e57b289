"""The chain in the browser: where it ends, whether it stands still, what a check finds."""

from __future__ import annotations

from sqlalchemy import update

from app import clock
from app.access import audit
from app.access.tables import AuditRow
from app.access.tenants import Tenant
from app.database import writing
from tests.web.console.browser import Browser, Page
from tests.web.console.tokens.steps import deeds, typed

_audit = AuditRow.__table__


def seal(tenant: Tenant) -> int:
    with writing() as connection:
        return audit.seal(connection, tenant.id)


def test_the_page_says_up_to_which_deed_the_chain_is_sealed(signed_in: Browser, tenant: Tenant) -> None:
    assert "No deed is sealed yet." in signed_in.page("/audit").text
    number = seal(tenant)
    text = signed_in.page("/audit").text
    assert f"Sealed up to deed number {number} ." in text and "No deed waits for its seal." in text


def test_a_sealer_that_stands_still_is_told_with_who_must_act(signed_in: Browser, tenant: Tenant) -> None:
    seal(tenant)
    with writing() as connection:
        row = audit.row(tenant.id, "system:cli", "welcome.set", "welcome", {}, clock.after(-3600))
        connection.execute(_audit.insert(), row)
    text = signed_in.page("/audit").text
    assert "Deeds have been waiting for their seal since" in text
    assert "rollcall doctor says what is missing" in text


def test_a_whole_chain_is_said_to_be_whole_and_nothing_is_written(signed_in: Browser, tenant: Tenant) -> None:
    number, before = seal(tenant), deeds(tenant.id)
    answer = typed(signed_in, "/audit/chain", {})
    assert answer.status_code == 200
    assert f"All {number} sealed deeds are as they were." in Page(answer.text).text
    assert deeds(tenant.id) == before


def test_a_changed_line_is_found_and_named(signed_in: Browser, tenant: Tenant) -> None:
    seal(tenant)
    with writing() as connection:
        connection.execute(
            update(_audit)
            .where(_audit.c.tenant_id == tenant.id, _audit.c.seal_number == 1)
            .values(actor="admin:nobody@acme.example")
        )
    text = Page(typed(signed_in, "/audit/chain", {}).text).text
    assert "The chain is broken: 1 finding" in text
    assert "row 1 of the audit chain" in text


def test_a_visit_alone_checks_nothing(signed_in: Browser, tenant: Tenant) -> None:
    seal(tenant)
    assert "What the check found" not in signed_in.page("/audit/chain").text
