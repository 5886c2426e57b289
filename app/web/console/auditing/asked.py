"""What the address of the audit asks for: who, which deeds, about whom, when, which words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from flask import url_for

from app import clock
from app.web.console.auditing.words import DEEDS, FAMILIES
from app.web.console.paging import Place

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
LONGEST = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """The filters and the place; ``""``: not asked for. What has not the right form counts as not asked for."""

    who: str = ""
    deed: str = ""
    about: str = ""
    since: str = ""
    until: str = ""
    text: str = ""
    older: str = ""
    newer: str = ""

    @classmethod
    def of(cls, arguments: Mapping[str, str]) -> Asked:
        """Return what a query string asks for."""
        deed = arguments.get("deed", "")
        return cls(
            who=_words(arguments.get("who", "")),
            deed=deed if deed in DEEDS or deed in FAMILIES else "",
            about=_words(arguments.get("about", "")),
            since=_day(arguments.get("from", "")),
            until=_day(arguments.get("to", "")),
            text=_words(arguments.get("text", "")),
            older=_id(arguments.get("older", "")),
            newer=_id(arguments.get("newer", "")),
        )

    @property
    def place(self) -> Place:
        """Where in the list."""
        return Place((self.older,) if self.older else None, (self.newer,) if self.newer else None)

    @property
    def filters(self) -> dict[str, Any]:
        """The filters as the address has them."""
        named = {
            "who": self.who,
            "deed": self.deed,
            "about": self.about,
            "from": self.since,
            "to": self.until,
            "text": self.text,
        }
        return {name: text for name, text in named.items() if text}

    @property
    def actions(self) -> list[str]:
        """The actions that are asked for; none: all."""
        if self.deed in FAMILIES:
            return list(FAMILIES[self.deed][1])
        return [self.deed] if self.deed else []

    @property
    def starts_at(self) -> str | None:
        """The first instant (the day in UTC) that is asked for."""
        return clock.instant(_midnight(self.since)) if self.since else None

    @property
    def ends_at(self) -> str | None:
        """The first instant that is not asked for any more."""
        return clock.instant(_midnight(self.until) + timedelta(days=1)) if self.until else None

    def download(self) -> str:
        """Return the address of the file with all of these deeds."""
        return url_for("console.audit_download", **self.filters)

    def address(self, place: Place | None = None) -> str:
        """Return the address of these deeds at a place."""
        older, newer = (place.older_than, place.newer_than) if place else (None, None)
        return url_for("console.audit", **self.filters, older=older and older[0], newer=newer and newer[0])


def _words(text: str) -> str:
    found = text.strip()[:LONGEST]
    return found if found.isprintable() else ""


def _day(text: str) -> str:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return ""
    return found.isoformat() if 2000 <= found.year <= 2999 else ""


def _id(text: str) -> str:
    return text if _ID.fullmatch(text) else ""


def _midnight(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)
