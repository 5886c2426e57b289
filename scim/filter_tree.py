"""What a SCIM filter is once its names are resolved, and when a resource fits it.

What an expression means (RFC 7644 §3.4.2.2), so that SQL can say the same (`matches` is the referee):

* Two-valued logic. Every expression is true or false; `not (x)` is true exactly where `x` is false.
* A path stands for the list of its values: every element of a multi-valued attribute counts, an unassigned
  attribute gives none. A complex attribute that has a `value` sub-attribute stands for that in comparisons.
* `pr`: at least one non-empty value. `eq null` is `not (… pr)`, `ne null` is `pr` (RFC 7643 §2.5).
* `eq`, `co`, `sw`, `ew`, `gt`, `ge`, `lt`, `le`: at least one value fits. No value, no match.
* `ne` is `not (… eq …)`: no value equals the operand, and so it is true for an unassigned attribute. RFC
  7644 is silent on `ne` over many values; scim2-models (`_Evaluator.visit_comparison`) takes the same
  reading, and any other would let one person match `emails.type eq "work"` and `emails.type ne "work"` at
  once.
* `attribute[…]`: at least one element fits the whole expression; inside, the rules above hold for that
  element. `attribute[…].sub eq "x"` (Entra ID) is `attribute[… and sub eq "x"]`.
* Strings compare by code point: as written where `caseExact`, else by `scim.keys.comparison_key`.
  References and binary values are compared as written or by the same rule. dateTimes compare as instants,
  numbers by value.
* Booleans and binary values know `eq` and `ne` only (RFC 7644 table 3); so do dateTimes and numbers `co`,
  `sw`, `ew` not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from scim.attributes import Attribute
from scim.keys import comparison_key, instant_key
from scim.notation import Names

#: What a comparison compares with: folded or exact text, an instant's text, a number, a boolean, or None
#: for null.
Key = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """`path operator value`: the path in canonical names (extension URN or None, attribute, sub-attribute
    or None).

    `operand` is the value as written, `key` the same in the form that `stored_key` gives stored values;
    both are None for `null` only.
    `multi_valued` says whether the attribute (not its sub-attribute) holds many values, `type` and
    `case_exact` belong to the attribute that the path ends in.
    """

    path: Names
    operator: str
    operand: Key
    key: Key
    multi_valued: bool
    type: str
    case_exact: bool
    attribute: Attribute = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Present:
    """`path pr`: true where at least one non-empty value stands under the path."""

    path: Names
    multi_valued: bool
    type: str
    attribute: Attribute = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ValuePath:
    """`attribute[filter]`: true where one element fits the whole filter; the filter's paths start with this
    path."""

    path: Names
    filter: Filter
    attribute: Attribute = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Not:
    """True where the term is false."""

    term: Filter


@dataclass(frozen=True, slots=True)
class And:
    """True where all terms (two or more) are true."""

    terms: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """True where one of the terms (two or more) is true."""

    terms: tuple[Filter, ...]


Filter = And | Or | Not | Comparison | Present | ValuePath


def stored_key(attribute: Attribute, value: Any) -> Key:
    """Return a stored value in the form in which it is compared: the key that SQL columns should hold."""
    if attribute.type == "dateTime":
        return instant_key(value)
    if isinstance(value, str) and not attribute.case_exact and attribute.type != "binary":
        return comparison_key(value)
    return value  # type: ignore[no-any-return]


def matches(tree: Filter, document: Mapping[str, Any]) -> bool:
    """Whether a resource fits a filter: the document with `id`, `externalId`, `meta` and `groups` spliced
    in."""
    if isinstance(tree, And):
        return all(matches(term, document) for term in tree.terms)
    if isinstance(tree, Or):
        return any(matches(term, document) for term in tree.terms)
    if isinstance(tree, Not):
        return not matches(tree.term, document)
    if isinstance(tree, ValuePath):
        return any(matches_element(tree.filter, element) for element in _elements(tree.path, document))
    return _test_values(tree, _values(tree.path, _elements(tree.path, document)))


def matches_element(tree: Filter, element: Any) -> bool:
    """Whether one element of a multi-valued attribute fits the filter in its brackets."""
    if isinstance(tree, And):
        return all(matches_element(term, element) for term in tree.terms)
    if isinstance(tree, Or):
        return any(matches_element(term, element) for term in tree.terms)
    if isinstance(tree, Not):
        return not matches_element(tree.term, element)
    if isinstance(tree, ValuePath):
        return False  # The parser refuses brackets within brackets.
    return _test_values(tree, _values(tree.path, [element]))


def _elements(path: Names, document: Mapping[str, Any]) -> list[Any]:
    urn, name, _sub_name = path
    holder = document.get(urn) if urn else document
    value = holder.get(name) if isinstance(holder, Mapping) else None
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def _values(path: Names, elements: list[Any]) -> Iterator[Any]:
    sub_name = path[2]
    for element in elements:
        value = element.get(sub_name) if sub_name and isinstance(element, Mapping) else element
        yield from value if isinstance(value, list) else [value]


def _test_values(test: Comparison | Present, values: Iterator[Any]) -> bool:
    present = (value for value in values if is_present(value))
    if isinstance(test, Present):
        return any(True for _ in present)
    if test.key is None:
        return any(True for _ in present) is (test.operator == "ne")
    keys = (stored_key(test.attribute, value) for value in present)
    if test.operator == "ne":
        return all(key != test.key for key in keys)
    compare = COMPARE[test.operator]
    return any(compare(key, test.key) for key in keys)


def is_present(value: Any) -> bool:
    """Whether a value counts as assigned: not null, "", [] or {}, and not made of such only (RFC 7643
    §2.5)."""
    if isinstance(value, Mapping):
        return any(is_present(item) for item in value.values())
    if isinstance(value, list):
        return any(is_present(item) for item in value)
    return value is not None and value != ""


COMPARE: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "eq": lambda value, operand: value == operand,
    "co": lambda value, operand: operand in value,
    "sw": lambda value, operand: value.startswith(operand),
    "ew": lambda value, operand: value.endswith(operand),
    "gt": lambda value, operand: value > operand,
    "ge": lambda value, operand: value >= operand,
    "lt": lambda value, operand: value < operand,
    "le": lambda value, operand: value <= operand,
}
