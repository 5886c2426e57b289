"""Which deliveries the address asks for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from typing import Any

from flask import url_for

from app.web.console.paging import Place

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
#: Value of the filter → its words.
STATUSES = {
    "2xx": "2xx: done",
    "3xx": "3xx: sent elsewhere",
    "4xx": "4xx: refused",
    "5xx": "5xx: target in trouble",
    "none": "no answer",
}
OUTCOMES = {"done": "Done", "failed": "Anything else"}
EMPLOYEE = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PLACE = re.compile(rf"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{6}}Z~{EMPLOYEE.pattern}")
_LONGEST = 200


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _is_text(text: str) -> bool:
    return len(text) <= _LONGEST and text.isprintable()


_FITS: Mapping[str, Callable[[str], object]] = {
    "employee": _is_text,
    "target": re.compile(r"[1-9][0-9]{0,8}").fullmatch,
    "method": METHODS.__contains__,
    "status": re.compile(r"[2-5]xx|none|[1-5][0-9]{2}").fullmatch,
    "outcome": OUTCOMES.__contains__,
    "from": _is_day,
    "to": _is_day,
    "path": _is_text,
    "older": _PLACE.fullmatch,
    "newer": _PLACE.fullmatch,
}
#: Names that Python keeps for itself.
_ATTRIBUTES = {"from": "from_"}


@dataclass(frozen=True, slots=True)
class Filters:
    """The filters and the place as the address has them; ``""``: not asked for.

    ``employee`` is an id or a work e-mail address; ``from_`` and ``to`` are days in UTC, both included.
    """

    employee: str = ""
    target: str = ""
    method: str = ""
    status: str = ""
    outcome: str = ""
    from_: str = ""
    to: str = ""
    path: str = ""
    older: str = ""
    newer: str = ""

    @classmethod
    def of(cls, arguments: Mapping[str, str]) -> Filters:
        """Return the filters of a query string; what has not the right form counts as not asked for."""
        given = {name: arguments.get(name, "").strip() for name in _FITS}
        fitting = {name: text for name, text in given.items() if text and _FITS[name](text)}
        return cls(**{_ATTRIBUTES.get(name, name): text for name, text in fitting.items()})

    @property
    def asked(self) -> dict[str, str]:
        """What is filtered by, without the place."""
        return {name: text for name, text in self._arguments().items() if name not in ("older", "newer")}

    @property
    def since(self) -> str | None:
        """The instant from which on; None: from the first."""
        return f"{self.from_}T00:00:00.000000Z" if self.from_ else None

    @property
    def before(self) -> str | None:
        """The instant before which; None: to the last."""
        if not self.to or self.to == date.max.isoformat():
            return None
        return f"{date.fromisoformat(self.to) + timedelta(days=1)}T00:00:00.000000Z"

    @property
    def place(self) -> Place:
        """Where in the list."""
        return Place(_key(self.older), _key(self.newer))

    def at(self, place: Place | None = None) -> str:
        """Return the address of these filters at a place; without one, of the newest."""
        older, newer = (_text(place.older_than), _text(place.newer_than)) if place else ("", "")
        return replace(self, older=older, newer=newer)._url()

    def without(self, name: str) -> str:
        """Return the address without one of the filters, from the newest on."""
        return replace(self, older="", newer="", **{_ATTRIBUTES.get(name, name): ""})._url()

    def _arguments(self) -> dict[str, str]:
        names = {attribute: name for name, attribute in _ATTRIBUTES.items()}
        return {names.get(name, name): text for name, text in asdict(self).items() if text}

    def _url(self) -> str:
        arguments: dict[str, Any] = dict(self._arguments())
        return url_for("console.deliveries", **arguments)


def _key(text: str) -> tuple[str, ...] | None:
    return tuple(text.split("~")) if text else None


def _text(key: tuple[str, ...] | None) -> str:
    return "~".join(key or ())
