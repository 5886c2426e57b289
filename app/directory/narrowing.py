"""Which filters an index can narrow: the others look through every resource of the type."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from app.directory.columns import EXTERNAL_ID, stored_column
from app.directory.shelves import Shelf
from scim.filter_tree import And, Comparison, Filter, Or, ValuePath
from scim.notation import Names

_BEGINNINGS = frozenset({"eq", "sw"})
_INSTANTS = frozenset({(None, "meta", "lastModified")})
_RANGES = frozenset({"eq", "gt", "ge", "lt", "le"})
_EMAIL: Names = (None, "emails", "value")
#: Paths beside the columns of the row that an index knows, and with which operators.
_OF_PEOPLE: Mapping[Names, frozenset[str]] = {
    _EMAIL: _BEGINNINGS,
    (None, "groups", "value"): frozenset({"eq"}),
    (None, "groups", "display"): _BEGINNINGS,
}
_OF_GROUPS: Mapping[Names, frozenset[str]] = {(None, "members", "value"): frozenset({"eq"})}


def narrows(tree: Filter, is_enough: Callable[[Comparison], bool]) -> bool:
    """True when only what passes some test that ``is_enough`` can fit: any term of ``and``, all of ``or``."""
    if isinstance(tree, And):
        return any(narrows(term, is_enough) for term in tree.terms)
    if isinstance(tree, Or):
        return all(narrows(term, is_enough) for term in tree.terms)
    if isinstance(tree, ValuePath):
        return narrows(tree.filter, is_enough)
    return isinstance(tree, Comparison) and is_enough(tree)


def is_look_up(test: Comparison) -> bool:
    """True for a test on equality with a value."""
    return test.operator == "eq" and test.key is not None


def is_narrowed(tree: Filter, shelf: Shelf) -> bool:
    """True when an index leads to what fits the filter, without a look at every resource of the type."""
    return narrows(tree, lambda test: _is_led_by_an_index(test, shelf))


def _is_led_by_an_index(test: Comparison, shelf: Shelf) -> bool:
    # Null and the empty text lead nowhere: anything may have no value, and everything starts with nothing.
    if test.key is None or test.key == "":
        return False
    path, operator = test.path, test.operator
    if path in _INSTANTS:
        return operator in _RANGES
    if path == EXTERNAL_ID or stored_column(shelf, path) is not None:
        return operator in _BEGINNINGS
    if shelf.is_people:
        return operator in _OF_PEOPLE.get(path, ())
    return shelf.is_groups and operator in _OF_GROUPS.get(path, ())
