"""Lists that go upwards, such as the rows of a file, by pages: keysets as in ``app.web.console.paging``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Select, tuple_

from app.web.console.paging import PAGE

Row = TypeVar("Row")
Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Rising(Generic[Row]):
    """Some rows of a list, and the keys before and behind which there are more; None: there are none."""

    rows: Sequence[Row] = ()
    before: Key | None = None
    after: Key | None = None


def rising_page(
    connection: Connection,
    query: Select[Any],
    key: Sequence[Any],
    line: Callable[[Any], Row],
    *,
    after: Key | None = None,
    before: Key | None = None,
) -> Rising[Row]:
    """Return the rows behind ``after``, or those before ``before``; with neither the first ones.

    The columns of ``key`` stand in the query under their own names.
    """
    position, wanted = tuple_(*key), query
    if before is not None:
        wanted = query.where(position < before).order_by(*(column.desc() for column in key))
    else:
        wanted = (query if after is None else query.where(position > after)).order_by(*key)
    found = list(connection.execute(wanted.limit(PAGE + 1)))
    goes_on, shown = len(found) > PAGE, found[:PAGE]
    if not shown and (after or before):
        return rising_page(connection, query, key, line)
    if not shown:
        return Rising()
    if before is not None:
        shown.reverse()
    first, last = (tuple(getattr(row, column.name) for column in key) for row in (shown[0], shown[-1]))
    has_before = goes_on if before is not None else after is not None
    has_after = True if before is not None else goes_on
    return Rising([line(row) for row in shown], first if has_before else None, last if has_after else None)
