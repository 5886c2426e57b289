"""Pages of lists: read from a key on (a keyset), so that the last page costs what the first does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from flask import request, url_for

Row = TypeVar("Row")


def page_of(
    rows: Sequence[Row], asked: Mapping[str, Any], key: str, place: Any, **address: Any
) -> tuple[list[Row], str | None]:
    """Return (the rows of the page, the address of the next one or None).

    :param rows: up to one more than ``asked["limit"]``. :param key: the parameter that says from where on.
    :param place: function of a row: the value of that parameter. :param address: the parts of the path.
    """
    shown = list(rows[: asked["limit"]])
    if len(rows) <= len(shown) or not shown:
        return shown, None
    given = {name: _text(value) for name, value in asked.items() if value is not None}
    return shown, url_for(str(request.endpoint), **address, **given | {key: place(shown[-1])})


def _text(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value
