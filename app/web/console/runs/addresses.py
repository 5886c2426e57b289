"""What the address of a run's page asks for: which rows, and from where on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import url_for

from app.sources.runs import Run
from app.web.console.runs.rising import Key
from app.web.console.runs.wording import RESULTS
from app.web.converters import EmployeeId

WARNED = "warned"
#: Of a run that waits for approval: who would become inactive.
LEAVING = "leaving"
LISTED = (*RESULTS, WARNED, LEAVING)
LONGEST_TEXT = 200
_CODE = re.compile(r"[a-z_]{1,40}")
_NUMBER = re.compile(r"[0-9]{1,9}")
_LINE = re.compile(r"([0-9]{1,9})\.([0-9]{1,9})")
_PERSON = re.compile(rf"({EmployeeId.regex})\.([0-9]{{1,9}})")


@dataclass(frozen=True, slots=True)
class Wish:
    """The rows that are wanted of a run. ``result`` is "" when the address names none."""

    run_id: int
    result: str = ""
    code: str = ""
    text: str = ""
    after: str = ""
    before: str = ""

    @classmethod
    def of(cls, run_id: int, arguments: Mapping[str, str]) -> Wish:
        """Return the wish of a query string; what has not the right form counts as not asked for."""
        result, code = arguments.get("result", ""), arguments.get("code", "")
        places = (arguments.get(name, "")[:LONGEST_TEXT] for name in ("after", "before"))
        return cls(
            run_id,
            result if result in LISTED else "",
            code if _CODE.fullmatch(code) else "",
            arguments.get("q", "").strip()[:LONGEST_TEXT].replace("\0", ""),
            *places,
        )

    def to(self, result: str, **more: str) -> str:
        """Return the address of the rows of a result, from the first on."""
        query: dict[str, Any] = {"run_id": self.run_id, "result": result, **more}
        return url_for("console.run", **query, _anchor="rows")

    def at(self, name: str, key: Key) -> str:
        """Return the address of the same rows ``before`` or ``after`` a key."""
        kept = {"code": self.code, "q": self.text} if self.code or self.text else {}
        filled = {word: value for word, value in kept.items() if value}
        return self.to(self.result, **filled, **{name: ".".join(map(str, key))})

    def places(self, result: str) -> dict[str, Key | None]:
        """Return the keys before and after which rows are wanted."""
        return {"after": _key(result, self.after), "before": _key(result, self.before)}


def _key(result: str, text: str) -> Key | None:
    if not text:
        return None
    if result == "deleted":
        return (text.replace("\0", ""),)
    if result == LEAVING:
        return (int(text),) if _NUMBER.fullmatch(text) else None
    form = _PERSON if result in ("added", "updated") else _LINE
    found = form.fullmatch(text)
    if found is None:
        return None
    return (found[1] if form is _PERSON else int(found[1]), int(found[2]))


def first_shown(run: Run, warnings: int) -> str:
    """Return the result whose rows are shown unless one is asked for: what failed, else the first that there is."""
    counts = run.counts.as_dict()
    order = ("errored", "added", "updated", "deleted")
    return next((name for name in order if counts[name]), WARNED if warnings else "skipped")
