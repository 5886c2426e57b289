"""`bulkId:` references (RFC 7644 §3.7.2): ids that do not exist yet, found and replaced in JSON values.

The prefix is read in any case, the bulkId behind it as it is written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final

_PREFIX: Final = "bulkid:"
_QUOTED: Final = re.compile(r'"bulkid:(?:[^"\\]|\\.)*"', re.IGNORECASE)


def bulk_id_in(text: str) -> str | None:
    """Return the bulkId that a text refers to, None when it is no reference.

    >>> bulk_id_in("bulkId:qwerty")
    'qwerty'
    >>> bulk_id_in("see bulkId:qwerty") is None
    True
    """
    return text[len(_PREFIX) :] if text[: len(_PREFIX)].lower() == _PREFIX else None


def with_ids(value: Any, id_of: Callable[[str], str], member: str = "") -> Any:
    """Return a JSON value with what `id_of` says in place of every reference; the one passed in is not changed.

    References are strings that are nothing else (`"value": "bulkId:qwerty"`), the last segment of a `$ref`
    (`"https://…/Users/bulkId:qwerty"`), and quoted texts within a `path`, where PATCH has its filters
    (`members[value eq "bulkId:qwerty"]`).

    :param member: the name under which the value stands.
    """
    if isinstance(value, dict):
        return {name: with_ids(item, id_of, name) for name, item in value.items()}
    if isinstance(value, list):
        return [with_ids(item, id_of, member) for item in value]
    if not isinstance(value, str):
        return value
    bulk_id = bulk_id_in(value)
    if bulk_id is not None:
        return id_of(bulk_id)
    within = _WITHIN.get(member.lower())
    return within(value, id_of) if within else value


def references_in(value: Any) -> frozenset[str]:
    """Return the bulkIds that a JSON value refers to."""
    found: set[str] = set()

    def note(bulk_id: str) -> str:
        found.add(bulk_id)
        return bulk_id

    with_ids(value, note)
    return frozenset(found)


def _in_filter(text: str, id_of: Callable[[str], str]) -> str:
    def replaced(quoted: re.Match[str]) -> str:
        try:
            literal = json.loads(quoted[0])
        except ValueError:
            return quoted[0]  # No string of the filter grammar either: the filter's parser says so.
        return json.dumps(id_of(literal[len(_PREFIX) :]))

    return _QUOTED.sub(replaced, text)


def _in_url(text: str, id_of: Callable[[str], str]) -> str:
    head, slash, last = text.rpartition("/")
    bulk_id = bulk_id_in(last)
    return text if bulk_id is None else head + slash + id_of(bulk_id)


#: By lower-case name: the members in whose texts references stand among other things.
_WITHIN: Final = {"path": _in_filter, "$ref": _in_url}
