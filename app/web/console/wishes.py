"""What the address of the start page asks for: which people, which links, from where on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from flask import url_for

from app.web.console.overview import Place
from app.web.console.wording import LINK_STATES

ACTIVITY = {"active": True, "inactive": False}
_EMPLOYEE = r"[0-9a-f-]{36}"
_NUMBER = r"[1-9][0-9]{0,8}"
_FORMS = {
    "people": re.compile("|".join(ACTIVITY)),
    "people_older": re.compile(_EMPLOYEE),
    "people_newer": re.compile(_EMPLOYEE),
    "state": re.compile("|".join(LINK_STATES)),
    "target": re.compile(_NUMBER),
    "links_older": re.compile(rf"{_EMPLOYEE}\.{_NUMBER}"),
    "links_newer": re.compile(rf"{_EMPLOYEE}\.{_NUMBER}"),
}


@dataclass(frozen=True, slots=True)
class Wish:
    """The filters and places of the page's two lists as the address has them; ``""``: not asked for.

    A place is what stands beside it: an employee's id, for links with the target's number behind a dot.
    """

    people: str = ""
    people_older: str = ""
    people_newer: str = ""
    state: str = ""
    target: str = ""
    links_older: str = ""
    links_newer: str = ""

    @classmethod
    def of(cls, arguments: Mapping[str, str]) -> Wish:
        """Return the wish of a query string; what has not the right form counts as not asked for."""
        given = {name: arguments.get(name, "") for name in _FORMS}
        return cls(**{name: text for name, text in given.items() if _FORMS[name].fullmatch(text)})

    @property
    def active(self) -> bool | None:
        """Whether active or inactive people are asked for; None: both."""
        return ACTIVITY.get(self.people)

    @property
    def people_place(self) -> Place:
        """Where in the list of people."""
        return Place(_key(self.people_older), _key(self.people_newer))

    @property
    def links_place(self) -> Place:
        """Where in the list of links."""
        return Place(_key(self.links_older), _key(self.links_newer))

    def people_from(self, place: Place | None = None, *, people: str | None = None) -> str:
        """Return the address of the people at a place, or of other people from the newest on; links stay."""
        older, newer = _texts(place)
        chosen = self.people if people is None else people
        return replace(self, people=chosen, people_older=older, people_newer=newer)._url("people")

    def links_from(
        self, place: Place | None = None, *, state: str | None = None, target: object = None
    ) -> str:
        """Return the address of the links at a place, or of other links from the newest on; people stay."""
        older, newer = _texts(place)
        chosen = replace(self, links_older=older, links_newer=newer)
        if state is not None:
            chosen = replace(chosen, state=state, target="" if target is None else str(target))
        return chosen._url("links")

    def _url(self, anchor: str) -> str:
        return url_for("console.start", **{k: v for k, v in asdict(self).items() if v}, _anchor=anchor)


def _key(text: str) -> tuple[str | int, ...] | None:
    employee_id, _, target = text.partition(".")
    if not employee_id:
        return None
    return (employee_id, int(target)) if target else (employee_id,)


def _texts(place: Place | None) -> tuple[str, str]:
    older, newer = (place.older_than, place.newer_than) if place else (None, None)
    return ".".join(map(str, older or ())), ".".join(map(str, newer or ()))
