"""Sorting (RFC 7644 §3.4.2.3): ``sortBy`` and ``sortOrder`` to an order, and that order over documents.

The order, so that SQL can give the same (`in_order` and `beyond` are the referees):

* A multi-valued attribute counts with its primary value, else with its first one. A complex attribute that
  has a `value` sub-attribute stands for that, as in filters; of any other a sub-attribute must be named.
* Strings compare by code point: as written where `caseExact`, else by `scim.keys.comparison_key`. dateTimes
  compare as instants, numbers by value, false is less than true.
* Resources without a value come last in ascending order and first in descending order.
* Equal ones follow each other by `id`, ascending in both orders: so every list has one order only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from scim.attributes import Attribute
from scim.cursors import CursorPage, Place
from scim.errors import InvalidValue, echo
from scim.filter_tree import Key, is_present, stored_key
from scim.filters import check_readable
from scim.notation import AttributePath, Names, resolve
from scim.schema import ResourceType

Document = Mapping[str, Any]

_DESCENDING: Final = {"": False, "ascending": False, "descending": True}


@dataclass(frozen=True, slots=True)
class Sort:
    """By what to sort: the path in canonical names, and which way.

    `multi_valued` says whether the attribute (not its sub-attribute) holds many values, `type` and
    `case_exact` belong to the attribute that the path ends in.
    """

    path: Names
    attribute: Attribute = field(compare=False, repr=False)
    type: str
    case_exact: bool
    multi_valued: bool
    descending: bool


def parse_sort(
    sort_by: str | None,
    sort_order: str | None,
    resource_type: ResourceType,
    *,
    sensitive_allowed: bool = False,
) -> Sort | None:
    """Return what `sortBy` and `sortOrder` ask for; None without a `sortBy`, whatever the `sortOrder`.

    Raises InvalidValue on an unknown attribute, a complex one without `value`, and any order but
    "ascending" and "descending" (in any case); InvalidFilter and Sensitive as filters do on attributes that
    an order would tell about: see `scim.filters.check_readable`.
    """
    if not sort_by:
        return None
    descending = _DESCENDING.get((sort_order or "").lower())
    if descending is None:
        raise InvalidValue(f"sortOrder: {echo(sort_order, 60)} is neither ascending nor descending.")
    path = resolve(sort_by, resource_type)
    if path is None:
        raise InvalidValue(f"sortBy: {resource_type.name} has no attribute {echo(sort_by)}.")
    check_readable(path, sensitive_allowed=sensitive_allowed)
    path = _with_value(path, sensitive_allowed)
    target = path.target
    return Sort(path.names, target, target.type, target.case_exact, path.attribute.multi_valued, descending)


def _with_value(path: AttributePath, sensitive_allowed: bool) -> AttributePath:
    """Return the path down to a plain value."""
    if not path.target.is_complex:
        return path
    default = path.attribute.sub_attribute("value")
    if default is not None:
        path = path.of(default)
        check_readable(path, sensitive_allowed=sensitive_allowed)
        return path
    choices = [
        sub.name
        for sub in path.attribute.sub_attributes.values()
        if sub.returned != "never" and (sensitive_allowed or not sub.is_sensitive)
    ]
    raise InvalidValue(f"sortBy: {path} is complex; add one of its sub-attributes: {', '.join(choices)}.")


def sort_key(sort: Sort | None, document: Document) -> Key:
    """Return what a resource is sorted by, None when it has no such value.

    The document has `id`, `externalId`, `meta` and `groups` spliced in.
    """
    if sort is None:
        return None
    urn, name, sub_name = sort.path
    holder = document.get(urn) if urn else document
    value = _leading(holder.get(name)) if isinstance(holder, Mapping) else None
    if sub_name is not None:
        value = _leading(value.get(sub_name)) if isinstance(value, Mapping) else None
    return stored_key(sort.attribute, value) if is_present(value) else None


def place(sort: Sort | None, document: Document) -> Place:
    """Return where a resource stands in the order: what a cursor names."""
    return sort_key(sort, document), document["id"]


def in_order(sort: Sort | None, documents: Iterable[Document]) -> list[Document]:
    """Return resources in order; without a sort in that of their ids."""
    by_id = sorted(documents, key=lambda document: document["id"])
    if sort is None:
        return by_id
    # A reversed sort keeps equal ones in order too: ids ascend both ways.
    return sorted(by_id, key=lambda document: _rank(sort_key(sort, document)), reverse=sort.descending)


def beyond(sort: Sort | None, documents: Iterable[Document], page: CursorPage) -> list[Document]:
    """Return what a database must read for a page: up to `page.limit` resources, in the order of reading."""
    ordered = in_order(sort, documents)
    if page.is_backward:
        ordered.reverse()
    position = page.position
    if position is None:
        return ordered[: page.limit]
    start = (position.key, position.id)
    places = [(place(sort, document), document) for document in ordered]
    reached = [
        document
        for here, document in places
        if (_is_after(sort, start, here) if page.is_backward else _is_after(sort, here, start))
    ]
    return reached[: page.limit]


def _is_after(sort: Sort | None, one: Place, other: Place) -> bool:
    if one[0] == other[0]:
        return one[1] > other[1]
    return (_rank(one[0]) > _rank(other[0])) is not (sort is not None and sort.descending)


def _rank(key: Key) -> tuple[bool, Any]:
    return key is None, key if key is not None else 0


def _leading(value: Any) -> Any:
    """Return the one of many values that counts: the primary one, else the first."""
    if not isinstance(value, list):
        return value
    primary = (item for item in value if isinstance(item, Mapping) and item.get("primary") is True)
    return next(primary, value[0] if value else None)
