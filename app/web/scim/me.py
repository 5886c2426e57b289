"""``/Me``: the employee that the token is bound to (RFC 7644 §3.11)."""

from __future__ import annotations

from app.directory.schemas import user_type
from app.directory.shelves import Shelf, shelf_of
from app.web.scim import resources
from app.web.scim.exchange import Answer, Exchange
from scim.errors import NotImplementedHere


def read(exchange: Exchange) -> Answer:
    """Answer GET /Me."""
    return resources.read_from(exchange, *_me(exchange))


def replace(exchange: Exchange) -> Answer:
    """Answer PUT /Me."""
    return resources.replace_in(exchange, *_me(exchange))


def patch(exchange: Exchange) -> Answer:
    """Answer PATCH /Me."""
    return resources.patch_in(exchange, *_me(exchange))


def delete(exchange: Exchange) -> Answer:
    """Answer DELETE /Me."""
    return resources.delete_from(exchange, *_me(exchange))


def _me(exchange: Exchange) -> tuple[Shelf, str]:
    principal = exchange.principal
    if principal.employee_id is None:
        raise NotImplementedHere(
            "/Me is offered to tokens that are bound to an employee; an admin makes one with --employee."
        )
    return shelf_of(user_type(principal.tenant_id)), principal.employee_id
