"""What the address of the list of people asks for: words, filters, order, place."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace

from flask import url_for

from app.directory.finding import LEAVING, STARTING, STARTING_WITH_EMAIL, Place
from app.web.console.wording import LINK_STATES

STATES = {"active": True, "inactive": False}
MOMENTS = (STARTING, STARTING_WITH_EMAIL, LEAVING)
ORDERS = {"name": "Name", "change": "Last change"}
LONGEST = 200
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
_ID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
#: An id, behind the instant of the last change where the list is ordered by that.
_PLACE = re.compile(rf"(?:\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{6}}Z~)?{_ID}")


def _is_text(text: str) -> bool:
    return len(text) <= LONGEST and text.isprintable()


_FITS: Mapping[str, Callable[[str], object]] = {
    "q": _is_text,
    "state": STATES.__contains__,
    "moment": MOMENTS.__contains__,
    "department": _is_text,
    "source": _NUMBER.fullmatch,
    "target": _NUMBER.fullmatch,
    "at": LINK_STATES.__contains__,
    "sort": ORDERS.__contains__,
    "after": _PLACE.fullmatch,
    "before": _PLACE.fullmatch,
}
#: What narrows the list, in the order of the facets.
FILTERS = ("state", "moment", "target", "at", "department", "source")


@dataclass(frozen=True, slots=True)
class Asked:
    """The words, filters, order and place as the address has them; ``""``: not asked for.

    ``at`` is a state of links at ``target``. ``after`` and ``before`` are places in the list.
    """

    q: str = ""
    state: str = ""
    moment: str = ""
    department: str = ""
    source: str = ""
    target: str = ""
    at: str = ""
    sort: str = ""
    after: str = ""
    before: str = ""

    @classmethod
    def of(cls, arguments: Mapping[str, str]) -> Asked:
        """Return what a query string asks for; what has not the right form counts as not asked for."""
        given = {name: arguments.get(name, "").strip() for name in _FITS}
        fitting = {name: text for name, text in given.items() if text and _FITS[name](text)}
        if "target" not in fitting or "at" not in fitting:
            fitting = {name: text for name, text in fitting.items() if name not in ("target", "at")}
        return cls(**fitting)

    @property
    def order(self) -> str:
        """The order of the list."""
        return self.sort or "name"

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but the order is asked for."""
        return bool(self.q or self.filters)

    @property
    def filters(self) -> dict[str, str]:
        """The filters that are chosen, without the words."""
        return {name: text for name, text in asdict(self).items() if name in FILTERS and text}

    @property
    def query(self) -> str:
        """What stands behind ``?`` in the address of this list's beginning: what a saved view keeps."""
        return self.url().partition("?")[2]

    def hidden(self) -> dict[str, str]:
        """What a form of the words and the order must carry along."""
        return self.filters

    def url(self, **changes: str) -> str:
        """Return the address of this list with something changed, from its beginning on."""
        changed = replace(self, **{"after": "", "before": "", **changes})
        return url_for("console.people", **{name: text for name, text in asdict(changed).items() if text})

    def file_url(self) -> str:
        """Return the address of the whole list as a file."""
        chosen = {name: text for name, text in asdict(replace(self, after="", before="")).items() if text}
        return url_for("console.people_file", **chosen)

    def without(self, name: str) -> str:
        """Return the address without a filter."""
        return self.url(**({"target": "", "at": ""} if name in ("target", "at") else {name: ""}))


def place_of(text: str) -> Place | None:
    """Return (key or ``""``, id) of a place in an address, None for no place."""
    key, _, employee_id = text.rpartition("~")
    return (key, employee_id) if text else None
