"""Notices: where they go, and what was told lately."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from flask import render_template
from sqlalchemy import Connection, select

from app import clock
from app.access import roles
from app.database import reading
from app.notices import channels, shown
from app.notices.channels import WEBHOOK, Channel
from app.notices.delivering import missing_for_mail
from app.notices.kinds import KINDS, family_of
from app.notices.tables import notice_table
from app.web.console.auditing.subjects import Thing, things
from app.web.console.blueprint import blueprint
from app.web.console.paging import Page, Place, page_of
from app.web.console.sessions import current_admin, settings
from app.web.console.tokens.pages import address_of, place_asked
from app.web.console.wording import Word

DELIVERY_STATES = {
    "pending": Word("Waiting", "It is sent at the next try.", "info"),
    "sent": Word("Sent", "The other side took it.", "success"),
    "failed": Word("Failed", "It was given up.", "danger"),
}
_KINDS_WORDS = {"email": "E-mail", "webhook": "Webhook"}


@dataclass(frozen=True, slots=True)
class ChannelLine:
    """A channel as it is shown: a webhook's address may hold a key of its receiver, so not all see it whole."""

    id: int
    name: str
    kind: str
    how: str
    address: str
    told: Sequence[str]
    previous_until: str | None
    last: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class NoticeLine:
    """A notice with what became of its deliveries."""

    at: str
    title: str
    text: str
    kind: str
    about: Thing
    deliveries: Sequence[Mapping[str, Any]]


@blueprint.shows("/settings/notices")
def settings_notices() -> str:
    """Show the channels, and the newest notices."""
    admin = current_admin()
    with reading() as connection:
        last = shown.last_deliveries(connection, admin.tenant_id)
        found = channels.listed(connection, admin.tenant_id)
        page = _told(connection, admin.tenant_id, place_asked())
    sees_all = roles.includes(admin.role, roles.ADMIN)
    return render_template(
        "console/settings/notices.html",
        channels=[line_of(each, last.get(each.id), sees_all) for each in found],
        page=page,
        states=DELIVERY_STATES,
        missing=missing_for_mail(settings()),
        address=lambda place=None: address_of("console.settings_notices", place, _anchor="told"),
    )


def line_of(channel: Channel, last: Mapping[str, Any] | None, sees_all: bool) -> ChannelLine:
    """Return a channel as it is shown."""
    parts = urlsplit(channel.address)
    is_short = channel.kind == WEBHOOK and not sees_all
    address = f"{parts.scheme}://{parts.hostname}/…" if is_short else channel.address
    told = [kind_words(kind) for kind in channel.kinds or ()]
    return ChannelLine(
        channel.id,
        channel.name,
        channel.kind,
        _KINDS_WORDS[channel.kind],
        address,
        told,
        _future(channel),
        last,
    )


def _future(channel: Channel) -> str | None:
    """Return until when the secret before the last rotation signs too; None when that is over."""
    return channel.previous_until if (channel.previous_until or "") > clock.now() else None


def kind_words(kind: str) -> str:
    """Return what a kind or family says.

    >>> kind_words("target.paused"), kind_words("target")
    ('a target is paused: nothing is sent to it', 'a target is paused: nothing is sent to it; and when it is over')
    """
    if kind in KINDS:
        return KINDS[kind].words
    said = [each for name, each in KINDS.items() if family_of(name) == kind]
    begins = "; ".join(each.words for each in said if not each.ends)
    return f"{begins}; and when it is over" if any(each.ends for each in said) else begins


def _told(connection: Connection, tenant_id: int, place: Place) -> Page[NoticeLine]:
    names = ("id", "at", "kind", "about", "title", "text")
    query = select(*(notice_table.c[name] for name in names)).where(notice_table.c.tenant_id == tenant_id)
    found = page_of(connection, query, (notice_table.c.id,), place, lambda row: row)
    deliveries = shown.deliveries_of(connection, tenant_id, [row.id for row in found.rows])
    known = things(connection, tenant_id, [row.about for row in found.rows])
    lines = [
        NoticeLine(row.at, row.title, row.text, row.kind, known[row.about], deliveries[row.id])
        for row in found.rows
    ]
    return Page(lines, found.older, found.newer)
