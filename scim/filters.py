"""SCIM filters (RFC 7644 §3.4.2.2): text to a tree with resolved attributes and ready comparison keys.

What the tree means, and its evaluation in memory, is in `scim.filter_tree`. Refused here: operators that a
type does not know (booleans and binary values know `eq` and `ne` only, table 3; dateTimes and numbers no
`co`, `sw`, `ew`), operands of another type, and attributes that a filter could be used to guess. `returned:
never` gives invalidFilter whatever the operator; sensitive attributes (scim.md §2) give 403 unless allowed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from scim.errors import InvalidFilter, Sensitive, echo
from scim.filter_tree import (
    And,
    Comparison,
    Filter,
    Key,
    Not,
    Or,
    Present,
    ValuePath,
    matches,
    matches_element,
    stored_key,
)
from scim.grammar import OPERATORS, Limits, Literal, Tokens, literal
from scim.notation import AttributePath, resolve
from scim.schema import ResourceType

__all__ = [
    "And",
    "Comparison",
    "Filter",
    "Key",
    "Limits",
    "Not",
    "Or",
    "Present",
    "ValuePath",
    "check_readable",
    "matches",
    "matches_element",
    "parse_filter",
    "parse_value_filter",
    "stored_key",
]

_EQUALITY: Final = frozenset({"eq", "ne"})
_SUBSTRING: Final = frozenset({"co", "sw", "ew"})
_ORDERED: Final = OPERATORS - _SUBSTRING
_OPERATORS_OF: Final[Mapping[str, frozenset[str]]] = {
    "string": OPERATORS,
    "reference": OPERATORS,
    "dateTime": _ORDERED,
    "integer": _ORDERED,
    "decimal": _ORDERED,
    "boolean": _EQUALITY,
    "binary": _EQUALITY,
}


def parse_filter(
    text: str,
    resource_type: ResourceType,
    *,
    others: Sequence[ResourceType] = (),
    sensitive_allowed: bool = False,
    limits: Limits = Limits(),
) -> Filter:
    """Return the tree of a filter, attributes resolved and operands turned into comparison keys.

    Raises InvalidFilter on bad syntax, unknown attributes and operators, operands that do not fit the
    attribute's type, `returned: never` attributes, and filters beyond the limits;
    Sensitive when a sensitive attribute is named and `sensitive_allowed` is False.

    `others` are further types that the search covers: an attribute of theirs counts as one without a value here
    (RFC 7644 §3.4.2.1, SHALL).
    """
    parser = _Parser(Tokens(text, limits), resource_type, sensitive_allowed, limits, others)
    tree = parser.alternatives(None)
    parser.expect_end()
    return tree


def parse_value_filter(tokens: Tokens, parent: AttributePath, resource_type: ResourceType) -> Filter:
    """Return the tree of what stands in the brackets of a PATCH path; the cursor then stands on the `]`.

    Raises InvalidFilter as `parse_filter` does.
    """
    return _Parser(tokens, resource_type, True, Limits()).alternatives(parent)


class _Parser:
    """Recursive descent over `or`, `and`, `not` and tests; only brackets recurse, and they are counted."""

    def __init__(
        self,
        tokens: Tokens,
        resource_type: ResourceType,
        sensitive_allowed: bool,
        limits: Limits,
        others: Sequence[ResourceType] = (),
    ) -> None:
        self._others = others
        self._tokens = tokens
        self._resource_type = resource_type
        self._sensitive_allowed = sensitive_allowed
        self._limits = limits
        self._depth = 0
        self._comparisons = 0

    def alternatives(self, parent: AttributePath | None) -> Filter:
        """Return what `or` joins; inside brackets, `parent` is the attribute before them."""
        terms = [self._conjunction(parent)]
        while self._tokens.takes_word("or"):
            terms.append(self._conjunction(parent))
        return terms[0] if len(terms) == 1 else Or(tuple(terms))

    def expect_end(self) -> None:
        """Raise InvalidFilter when anything is left to read."""
        if self._tokens.current.kind != "end":
            self._tokens.refuse('"and", "or" or the end')

    def _conjunction(self, parent: AttributePath | None) -> Filter:
        terms = [self._term(parent)]
        while self._tokens.takes_word("and"):
            terms.append(self._term(parent))
        return terms[0] if len(terms) == 1 else And(tuple(terms))

    def _term(self, parent: AttributePath | None) -> Filter:
        if self._tokens.at_words("not", "("):
            self._tokens.take()
            return Not(self._nested("(", ")", parent))
        if self._tokens.current[:2] == ("mark", "("):
            return self._nested("(", ")", parent)
        return self._expression(parent)

    def _nested(self, opening: str, closing: str, parent: AttributePath | None) -> Filter:
        self._tokens.expect_mark(opening)
        self._depth += 1
        if self._depth > self._limits.depth:
            raise InvalidFilter(
                f"The filter nests more than {self._limits.depth} brackets; write it flatter."
            )
        inner = self.alternatives(parent)
        self._tokens.expect_mark(closing)
        self._depth -= 1
        return inner

    def _expression(self, parent: AttributePath | None) -> Filter:
        text = self._tokens.expect_word("an attribute").text
        if parent is None and self._is_of_another(text):
            return self._without_value()
        path = self._path(text, parent)
        if self._tokens.current[:2] == ("mark", "["):
            return self._value_path(path, nested=parent is not None)
        return self._test(path)

    def _is_of_another(self, text: str) -> bool:
        is_unknown = resolve(text, self._resource_type) is None
        return is_unknown and any(resolve(text, other) is not None for other in self._others)

    def _without_value(self) -> Filter:
        """Read a test on an attribute that this type does not have, and return what no resource fits.

        RFC 7644 §3.4.2.1: such a test is false. The operand is judged where the attribute is known.
        """
        nothing = Not(self._present(self._path("id", None)))
        if self._tokens.current[:2] == ("mark", "["):
            while self._tokens.current[:2] != ("mark", "]"):
                if self._tokens.take().kind == "end":
                    self._tokens.refuse('"]"')
            self._tokens.take()
            if not self._tokens.current.text.startswith("."):
                return nothing
            self._tokens.take()
        if self._tokens.expect_word("an operator").text.lower() != "pr":
            literal(self._tokens.take())
        return nothing

    def _value_path(self, path: AttributePath, *, nested: bool) -> Filter:
        has_elements = path.attribute.multi_valued or path.attribute.is_complex
        if nested or path.sub_attribute or not has_elements:
            raise InvalidFilter(f"{path} has no values to choose from with [ ]; compare it directly.")
        inner = self._nested("[", "]", path)
        if self._tokens.current.kind == "word" and self._tokens.current.text.startswith("."):
            chosen = self._test(self._path(self._tokens.take().text[1:], path))
            inner = And((*inner.terms, chosen) if isinstance(inner, And) else (inner, chosen))
        return ValuePath(path.names, inner, path.attribute)

    def _test(self, path: AttributePath) -> Filter:
        self._comparisons += 1
        if self._comparisons > self._limits.comparisons:
            raise InvalidFilter(
                f"The filter holds more than {self._limits.comparisons} comparisons; split it up."
            )
        operator = self._tokens.expect_word(f"an operator behind {path}")
        name = operator.text.lower()
        if name == "pr":
            return self._present(path)
        if name not in OPERATORS:
            raise InvalidFilter(
                f"The operator {echo(operator.text)} is not supported; "
                "use eq, ne, co, sw, ew, gt, ge, lt, le or pr."
            )
        return _comparison(path, name, literal(self._tokens.take()))

    @staticmethod
    def _present(path: AttributePath) -> Present:
        return Present(path.names, path.attribute.multi_valued, path.target.type, path.target)

    def _path(self, text: str, parent: AttributePath | None) -> AttributePath:
        path = _inside(text, parent) if parent else resolve(text, self._resource_type)
        if path is None:
            where = f"attribute {parent}" if parent else f"resource type {self._resource_type.name}"
            raise InvalidFilter(f"The {where} has no attribute {echo(text)}.")
        check_readable(path, sensitive_allowed=self._sensitive_allowed)
        return path


def check_readable(path: AttributePath, *, sensitive_allowed: bool) -> None:
    """Raise when a request may not learn the attribute by filtering or sorting.

    InvalidFilter for write-only and `returned: never` attributes; Sensitive (403) for sensitive ones
    unless allowed.
    """
    levels = (path.attribute, path.target)
    if any(level.returned == "never" or level.mutability == "writeOnly" for level in levels):
        raise InvalidFilter(f"The attribute {path} is never returned and cannot be filtered or sorted by.")
    if not sensitive_allowed and any(level.is_sensitive for level in levels):
        raise Sensitive(f"The attribute {path} is sensitive; the token needs the scope scim:sensitive.")


def _inside(text: str, parent: AttributePath) -> AttributePath | None:
    if parent.attribute.type != "complex":
        # schemas[value eq "urn:…"]: a plain value is addressed as `value`.
        return parent if text.lower() == "value" else None
    sub_attribute = parent.attribute.sub_attribute(text)
    return parent.of(sub_attribute) if sub_attribute else None


def _comparison(path: AttributePath, operator: str, value: Literal) -> Comparison:
    if value is not None and path.target.type == "complex":
        default = path.attribute.sub_attribute("value")
        if default is None:
            raise InvalidFilter(f"{path} is complex; name one of its sub-attributes.")
        path = path.of(default)
    target = path.target
    allowed = _EQUALITY if value is None else _OPERATORS_OF[target.type]
    if operator not in allowed:
        what = "null" if value is None else f"the {target.type} attribute {path}"
        raise InvalidFilter(f'The operator "{operator}" does not apply to {what}.')
    key = None if value is None else _operand_key(path, value)
    return Comparison(
        path.names, operator, value, key, path.attribute.multi_valued, target.type, target.case_exact, target
    )


def _operand_key(path: AttributePath, value: Literal) -> Key:
    target = path.target
    if target.type == "boolean" and isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"  # Entra ID writes booleans as strings.
    fits = _OPERAND_FITS[target.type]
    try:
        if fits(value):
            return stored_key(target, value)
    except ValueError:
        pass
    raise InvalidFilter(f"The value compared with {path} is not of type {target.type}.")


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


_OPERAND_FITS: Final[Mapping[str, Callable[[Any], bool]]] = {
    "string": _is_text,
    "reference": _is_text,
    "binary": _is_text,
    "dateTime": _is_text,
    "integer": _is_number,
    "decimal": _is_number,
    "boolean": lambda value: isinstance(value, bool),
}
