"""What stands beside every page: where one can go, and how many approvals wait."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from flask import g, request
from sqlalchemy.exc import OperationalError

from app.access import roles
from app.database import reading
from app.web.console.appearance import COOKIE
from app.web.console.blueprint import blueprint
from app.web.console.waiting import waiting_approvals


@dataclass(frozen=True, slots=True)
class Item:
    """A place: its words, its page, its picture (``_icons.html``), and the rooms that belong to it."""

    label: str
    endpoint: str
    icon: str
    #: How the addresses of its pages begin.
    prefix: str


ITEMS = (
    Item("Home", "console.start", "home", ""),
    Item("People", "console.people", "people", "/people"),
    Item("Sources", "console.sources", "source", "/sources"),
    Item("History", "console.runs", "history", "/runs"),
    Item("Targets", "console.targets", "target", "/targets"),
    Item("Deliveries", "console.deliveries", "delivery", "/deliveries"),
    Item("Approvals", "console.approvals", "approval", "/approvals"),
    Item("Tokens", "console.tokens", "token", "/tokens"),
    Item("Audit", "console.audit", "audit", "/audit"),
    Item("Settings", "console.settings", "settings", "/settings"),
    Item("Developer", "console.developer", "developer", "/developer"),
)


def is_here(item: Item) -> bool:
    """Return whether the page that is shown belongs to this place."""
    if not item.prefix:
        return request.path == "/"
    return request.path == item.prefix or request.path.startswith(f"{item.prefix}/")


@blueprint.app_context_processor
def surroundings() -> dict[str, object]:
    """Give templates the places, who is signed in and may do what, how many approvals wait, and light or dark."""
    admin = g.get("console_admin")
    if admin is None or admin.must_change_password:
        return {"places": (), "approvals_waiting": 0, "theme": _theme()}
    number = 0
    # The page that says that the database is away must not need it.
    with suppress(OperationalError), reading() as connection:
        number = waiting_approvals(connection, admin.tenant_id)
    return {
        "admin": admin,
        "may": lambda role: roles.includes(admin.role, role),
        "places": ITEMS,
        "is_here": is_here,
        "approvals_waiting": number,
        "theme": _theme(),
    }


def _theme() -> str | None:
    chosen = request.cookies.get(COOKIE)
    return chosen if chosen in ("light", "dark") else None
