"""Attribute notation (RFC 7644 §3.10): text such as `name.givenName` or `urn:…:User:manager.value` to
attributes."""

from __future__ import annotations

from dataclasses import dataclass

from scim.attributes import Attribute
from scim.schema import ResourceType

#: Canonical names: extension URN (None for the core schema), attribute, sub-attribute (None for the
#: attribute itself).
Names = tuple[str | None, str, str | None]


@dataclass(frozen=True, slots=True)
class AttributePath:
    """A resolved attribute, or one of its sub-attributes; `schema_urn` is None for the core schema."""

    schema_urn: str | None
    attribute: Attribute
    sub_attribute: Attribute | None = None

    @property
    def target(self) -> Attribute:
        """The attribute that the path ends in."""
        return self.sub_attribute or self.attribute

    @property
    def names(self) -> Names:
        """The path as canonical names, for example `(None, "emails", "value")`."""
        sub_name = self.sub_attribute.name if self.sub_attribute else None
        return (self.schema_urn, self.attribute.name, sub_name)

    def of(self, sub_attribute: Attribute) -> AttributePath:
        """Return the path of a sub-attribute of this path's attribute."""
        return AttributePath(self.schema_urn, self.attribute, sub_attribute)

    def __str__(self) -> str:
        name = (
            f"{self.attribute.name}.{self.sub_attribute.name}" if self.sub_attribute else self.attribute.name
        )
        return f"{self.schema_urn}:{name}" if self.schema_urn else name


def resolve(text: str, resource_type: ResourceType) -> AttributePath | None:
    """Return the attribute that a text names in a resource type, in any case; None when it names none.

    Extension attributes need their URN; that of the core schema may be written or left out.
    """
    schema, rest = resource_type.split(text)
    if schema is None:
        return None
    name, dot, sub_name = rest.partition(".")
    attribute = resource_type.attributes_of(schema).get(name.lower())
    if attribute is None:
        return None
    urn = None if schema is resource_type.schema else schema.id
    if not dot:
        return AttributePath(urn, attribute)
    sub_attribute = attribute.sub_attribute(sub_name)
    return AttributePath(urn, attribute, sub_attribute) if sub_attribute else None
