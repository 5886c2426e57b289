"""What the developer page reads: requests of clients that were refused, or of which something was left out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for
from sqlalchemy import Connection, Select, select

from app.access.tables import Client, InboundRequest
from app.sources import catalog, hooks
from app.sources.adapter import TakesWebhooks
from app.web.console.developer.words import outcome
from app.web.console.paging import Page, Place, page_of
from app.web.console.wording import Word

_inbound, _client = InboundRequest.__table__, Client.__table__
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NUMBER = re.compile("[1-9][0-9]{0,8}")
_OF_A_PERSON = re.compile(rf"/Users/({_ID.pattern})\Z")
_STATUS = re.compile("[1-5][0-9]{2}")
REFUSED, LEFT_OUT = "refused", "left-out"


@dataclass(frozen=True, slots=True)
class Asked:
    """Which requests: ``""`` is all. ``status`` is a number, ``refused`` or ``left-out``."""

    client: str = ""
    status: str = ""
    older: str = ""
    newer: str = ""

    @classmethod
    def of(cls, arguments: Mapping[str, str]) -> Asked:
        """Return what a query string asks for; what has not the right form counts as not asked for."""
        client, status = arguments.get("client", ""), arguments.get("status", "")
        is_status = status in (REFUSED, LEFT_OUT) or _STATUS.fullmatch(status)
        places = {name: arguments.get(name, "") for name in ("older", "newer")}
        return cls(
            client=client if _NUMBER.fullmatch(client) else "",
            status=status if is_status else "",
            **{name: text for name, text in places.items() if _ID.fullmatch(text)},
        )

    @property
    def place(self) -> Place:
        """Where in the list."""
        return Place((self.older,) if self.older else None, (self.newer,) if self.newer else None)

    @property
    def is_filtered(self) -> bool:
        """Whether not all are asked for."""
        return bool(self.client or self.status)

    def address(self, place: Place | None = None) -> str:
        """Return the address of these requests at a place."""
        older, newer = (place.older_than, place.newer_than) if place else (None, None)
        return url_for(
            "console.developer",
            client=self.client or None,
            status=self.status or None,
            older=older and older[0],
            newer=newer and newer[0],
            _anchor="requests",
        )


@dataclass(frozen=True, slots=True)
class RequestLine:
    """A request as it is shown; no value that a client sent is in it."""

    id: str
    at: str
    client_id: int
    client: str
    method: str
    path: str
    status: int
    scim_type: str | None
    detail: str | None
    dropped: Sequence[str]

    @property
    def outcome(self) -> Word:
        """What became of it."""
        return outcome(self.status)

    @property
    def employee_id(self) -> str | None:
        """The person whom its address names."""
        found = _OF_A_PERSON.search(self.path)
        return found[1] if found else None


def page_of_requests(connection: Connection, tenant_id: int, asked: Asked) -> Page[RequestLine]:
    """Return a page of the requests that are asked for, newest first."""
    query = _of_tenant(tenant_id)
    if asked.client:
        query = query.where(_inbound.c.client_id == int(asked.client))
    if asked.status == REFUSED:
        query = query.where(_inbound.c.status >= 400)
    elif asked.status == LEFT_OUT:
        query = query.where(_inbound.c.status < 400)
    elif asked.status:
        query = query.where(_inbound.c.status == int(asked.status))
    return page_of(connection, query, (_inbound.c.id,), asked.place, _line)


def one_request(connection: Connection, tenant_id: int, request_id: str) -> RequestLine | None:
    """Return a request of the log, or None."""
    found = connection.execute(_of_tenant(tenant_id).where(_inbound.c.id == request_id)).first()
    return _line(found) if found else None


def webhooks(connection: Connection, tenant_id: int, public_id: str) -> list[tuple[int, str, str]]:
    """Return number, name and path of each source whose vendor can call us."""
    return [
        (known.id, known.name, hooks.path_of(known, public_id))
        for known in catalog.listed(connection, tenant_id)
        if isinstance(known.adapter(), TakesWebhooks)
    ]


def _of_tenant(tenant_id: int) -> Select[Any]:
    names = ("id", "at", "client_id", "method", "path", "status", "scim_type", "detail", "dropped")
    join = (_client.c.tenant_id == _inbound.c.tenant_id) & (_client.c.id == _inbound.c.client_id)
    query = select(*(_inbound.c[name] for name in names), _client.c.name.label("client")).join(_client, join)
    return query.where(_inbound.c.tenant_id == tenant_id)


def _line(row: Any) -> RequestLine:
    return RequestLine(**row._mapping)
