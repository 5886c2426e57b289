"""The roster: a short line for each employee, by which lists of people are searched, filtered and counted.

A document has some 1.5 kB, its line 200 bytes: looking through 100,000 lines takes a few hundredths of a second. A line
follows from the document alone and is written by the one write path, only when it differs.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import bindparam, update

from app.directory.tables import RosterLine
from app.directory.together import Recipe, Write, inserting
from app.directory.values import Document, work_email
from scim.keys import comparison_key
from scim.resources import ENTERPRISE, HR

_roster = RosterLine.__table__
#: Characters of a name, an address or a department that are looked at; an index takes no long keys.
LONGEST = 200
#: Characters of all words of one person, and how many words are looked for.
MOST_WORDS, _MOST_ASKED = 2000, 8
#: What stands between the words of a name, and between those of an address before the ``@``.
_WITHIN_NAMES, _WITHIN_ADDRESSES = re.compile(r"[\s\-'’.,]+"), re.compile(r"[.\-_+]")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_NAMES = ("formatted", "givenName", "middleName", "familyName")
#: How the value paths begin that a line follows from.
_FROM = (
    *("active", "displayName", "emails", "name.", "nickName", "userName"),
    *(f"{ENTERPRISE}:{name}" for name in ("department", "employeeNumber")),
    *(f"{HR}:{name}" for name in ("startDate", "terminationDate")),
)


def is_touched(paths: Iterable[str]) -> bool:
    """True when a change of these value paths may change the line."""
    return any(path.startswith(_FROM) for path in paths)


def line_of(document: Document) -> dict[str, Any]:
    """Return the columns of a person's line, without the key."""
    enterprise, hr = document.get(ENTERPRISE, {}), document.get(HR, {})
    return {
        "active": document.get("active") is not False,
        "name_key": comparison_key(shown_name(document))[:LONGEST],
        "words": _joined(_words(document)),
        "department": (enterprise.get("department") or "")[:LONGEST] or None,
        "starts_on": _day(hr.get("startDate")),
        "ends_on": _day(hr.get("terminationDate")),
        "has_work_email": work_email(document) is not None,
    }


def shown_name(document: Document) -> str:
    """Return what a person is called in lists: display name, else the parts of the name, else the userName."""
    name = document.get("name") or {}
    parts = " ".join(part for part in (name.get(part) for part in _NAMES[1:]) if part)
    return str(
        document.get("displayName") or name.get("formatted") or parts or document.get("userName") or ""
    )


def asked_words(text: str) -> list[str]:
    """Return the words that somebody typed, as lines hold them; a line fits when each begins one of its words.

    >>> asked_words(" Zoë  O'KAFOR "), asked_words("maya@acme.example")
    (['zoe', "o'kafor"], ['maya@acme.example'])
    """
    return [plain(word)[:LONGEST] for word in comparison_key(text).split()][:_MOST_ASKED]


def plain(word: str) -> str:
    """Return a word without the marks on its letters: people type ``muller`` and mean ``müller``.

    >>> plain("müller")
    'muller'
    """
    if word.isascii():
        return word
    return "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c))


def _words(document: Document) -> Iterator[str]:
    name = document.get("name") or {}
    called = [document.get("displayName"), document.get("nickName"), *(name.get(part) for part in _NAMES)]
    for text in filter(None, called):
        whole = comparison_key(text)
        yield from whole.split()
        yield from _WITHIN_NAMES.split(whole)
    addresses = [entry.get("value") for entry in document.get("emails", ())]
    for text in filter(None, [document.get("userName"), *addresses]):
        whole = "".join(comparison_key(text).split())
        yield whole
        beginning, _, domain = whole.partition("@")
        pieces = _WITHIN_ADDRESSES.split(beginning)
        for number in range(1, len(pieces)):
            yield pieces[number] + (f"@{domain}" if number == len(pieces) - 1 and domain else "")
    yield from comparison_key(document.get(ENTERPRISE, {}).get("employeeNumber") or "").split()


def _joined(words: Iterator[str]) -> str:
    """Return words with a space before each, every one once."""
    found = dict.fromkeys(plain(word)[:LONGEST] for word in words)
    found.pop("", None)
    # A word that begins another one adds nothing.
    kept = [w for w in found if not any(o != w and o.startswith(w) for o in found)]
    return "".join(f" {word}" for word in kept)[:MOST_WORDS]


def _day(text: Any) -> str | None:
    return text if isinstance(text, str) and _DATE.fullmatch(text) else None


# --- writing ------------------------------------------------------------------------------------------------------

_ADD = inserting(_roster)


def added(tenant_id: int, employee_id: str, document: Document) -> Write:
    """Return the insert of somebody's line."""
    return Write(_ADD, {"tenant_id": tenant_id, "employee_id": employee_id} | line_of(document))


def changed(tenant_id: int, employee_id: str, before: Document, after: Document) -> list[Write]:
    """Return the update of somebody's line, where it differs."""
    line = line_of(after)
    if line == line_of(before):
        return []
    return [Write(_CHANGE, {"tenant_id": tenant_id, "b_employee": employee_id} | line)]


def _change(_dialect: Any, prefix: str) -> Any:
    names = [column.name for column in _roster.c if not column.primary_key]
    return (
        update(_roster)
        .where(
            _roster.c.tenant_id == bindparam(f"{prefix}tenant_id"),
            _roster.c.employee_id == bindparam(f"{prefix}b_employee"),
        )
        .values({name: bindparam(prefix + name) for name in names})
    )


_CHANGE: Recipe = _change
