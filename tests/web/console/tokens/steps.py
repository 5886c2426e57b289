"""Steps that the tests of tokens, audit, settings and developer share."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table, func, select, update

from app import clock
from app.access.tables import AuditRow, Session
from app.database import reading, writing
from tests.web.console.browser import Browser, Page

SCRIPT = "<script>alert(1)</script>"
PAYLOADS = (SCRIPT, '"><img src=x onerror=alert(1)>', "{{ 7 * 7 }}", "' onmouseover='alert(1)")


def prove() -> None:
    """Let everybody who is signed in have proved just now who they are."""
    with writing() as connection:
        connection.execute(update(Session.__table__).values(proved_at=clock.now()))


def rows_of(table: Table, tenant_id: int) -> list[Any]:
    """The rows of a tenant in a table."""
    with reading() as connection:
        return list(connection.execute(select(table).where(table.c.tenant_id == tenant_id)))


def number_of(table: Table) -> int:
    """How many rows there are, of all tenants."""
    with reading() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def deeds(tenant_id: int) -> list[tuple[str, str, str]]:
    """Actor, action and subject of what was audited, the oldest first."""
    found = sorted(rows_of(AuditRow.__table__, tenant_id), key=lambda row: row.id)
    return [(row.actor, row.action, row.subject) for row in found]


def typed(browser: Browser, path: str, fields: dict[str, Any], page: str | None = None) -> Any:
    """The answer to a form of a page that is filled in with these fields only."""
    form = browser.page(page or path)
    token = next(inputs["csrf_token"] for found, inputs in form.forms if found.get("action") == path)
    return browser.post(path, {"csrf_token": token, **fields})


def is_harmless(page: Page) -> bool:
    """Whether nothing that somebody typed became an element or an attribute of the page."""
    scripts = [found for tag, found in page.elements if tag == "script" and not found.get("src")]
    handlers = [name for _, found in page.elements for name in found if name.startswith("on")]
    images = [found for tag, found in page.elements if tag == "img" and found.get("src") == "x"]
    return not (scripts or handlers or images)


def shown_secret(page: Page, start: str) -> str | None:
    """The secret that a page shows, by how it begins."""
    return next((word for word in page.text.split() if word.startswith(start)), None)
