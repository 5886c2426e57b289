"""PATCH paths (RFC 7644 §3.5.2, figure 7): `emails[type eq "work"].value` to resolved attributes."""

from __future__ import annotations

from dataclasses import dataclass

from scim.attributes import Attribute
from scim.errors import InvalidPath, echo
from scim.filters import Filter, parse_value_filter
from scim.grammar import Limits, Tokens
from scim.notation import AttributePath, resolve
from scim.schema import ResourceType


@dataclass(frozen=True, slots=True)
class Path:
    """Where a PATCH operation applies.

    `schema_urn` is the extension's URN, None for the core schema. Without `attribute` the path is a bare
    URN: the whole extension, or with `schema_urn` None the resource itself. `value_filter` selects
    elements of a multi-valued attribute; `sub_attribute` is what stands behind the dot.
    """

    schema_urn: str | None
    attribute: Attribute | None
    value_filter: Filter | None = None
    sub_attribute: Attribute | None = None

    @property
    def target(self) -> Attribute | None:
        """The attribute that the path ends in; None for a bare URN."""
        return self.sub_attribute or self.attribute


def parse_path(text: str, resource_type: ResourceType) -> Path:
    """Return the path that a text stands for; names, URNs and operators in any case.

    Raises InvalidPath when it names nothing in the resource type or is malformed; InvalidFilter when the
    expression in its brackets is wrong (RFC 7644 §3.12, table 9, knows both for PATCH).
    """
    head, bracket, rest = text.strip().partition("[")
    if bracket:
        return _filtered(text, resolve(head.strip(), resource_type), rest, resource_type)
    resolved = resolve(head, resource_type)
    if resolved is not None:
        return Path(resolved.schema_urn, resolved.attribute, None, resolved.sub_attribute)
    schema = resource_type.schema_of(head)
    if schema is None:
        raise _unknown(text, resource_type)
    return Path(None if schema is resource_type.schema else schema.id, None)


def _filtered(text: str, parent: AttributePath | None, rest: str, resource_type: ResourceType) -> Path:
    if parent is None:
        raise _unknown(text, resource_type)
    if parent.sub_attribute is not None or not parent.attribute.multi_valued:
        raise InvalidPath(f"{parent} is not multi-valued, so {echo(text)} cannot select values with [ ].")
    tokens = Tokens(rest, Limits())
    value_filter = parse_value_filter(tokens, parent, resource_type)
    tokens.expect_mark("]")
    sub_attribute = None
    if tokens.current.kind == "word":
        word = tokens.take().text
        sub_attribute = parent.attribute.sub_attribute(word[1:]) if word.startswith(".") else None
        if sub_attribute is None:
            raise InvalidPath(f"{parent} has no sub-attribute {echo(word.removeprefix('.'))}.")
    if tokens.current.kind != "end":
        raise InvalidPath(f"The path {echo(text)} goes on behind its end.")
    return Path(parent.schema_urn, parent.attribute, value_filter, sub_attribute)


def _unknown(text: str, resource_type: ResourceType) -> InvalidPath:
    return InvalidPath(f"The path {echo(text)} names no attribute of {resource_type.name}.")
