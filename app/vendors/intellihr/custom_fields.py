"""Custom fields of people and jobs: only those that the settings name are read, others may hold anything."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from app.vendors.intellihr.settings import Choices

_ABSENT: Any = object()
Row = Mapping[str, Any]


def custom_column(name: str) -> str:
    """Return the name that a custom field has in records.

    >>> custom_column("T-shirt size")
    'custom_T-shirt size'
    """
    return f"custom_{name}"


def custom_values(choices: Choices, *rows: Row | None) -> dict[str, str | None]:
    """Return the chosen custom fields of a person or job; the first that has one by this name counts."""
    wanted = {custom_column(name): name for name in choices.custom_fields}
    if choices.cost_centre_field:
        wanted["cost_centre"] = choices.cost_centre_field
    values: dict[str, str | None] = {}
    for column, name in wanted.items():
        for row in rows:
            found = _custom(row, name)
            if found is not _ABSENT:
                values[column] = found
                break
    return values


def _custom(row: Row | None, wanted: str) -> Any:
    held = row.get("customFields") if row is not None else None
    for slug, entry in _entries(held):
        if _plain(wanted) in (_plain(slug), _plain(str(entry.get("name") or ""))):
            return _text(entry.get("value"))
    return _ABSENT


def _entries(held: Any) -> Iterator[tuple[str, Row]]:
    for slug, entry in held.items() if isinstance(held, Mapping) else ():
        if isinstance(entry, Mapping):
            yield str(slug), entry


def _plain(name: str) -> str:
    """Return a name without what people write differently: ``Cost centre`` is ``costCentre``."""
    return re.sub(r"[\W_]", "", name).lower()


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value).strip() or None if isinstance(value, (str, int, float)) else None
