"""What a change of schemas would break: stored values that the new schemas would read differently.

Only what is stored counts. What a schema demands of requests (``required``, ``canonicalValues``, whether
an attribute is ``immutable``) may change at any time and holds for the writes that follow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scim.schema import Attribute, ResourceType, Schema, SchemaSet


@dataclass(frozen=True, slots=True)
class Break:
    """One change that stored values do not survive."""

    resource_type: ResourceType
    """As it was before."""
    attribute: Attribute | None
    """The top-level attribute whose values are in danger; None: every resource of the type is."""
    change: str
    """What would happen, as the end of a sentence: ``type would change from string to integer``."""


def breaks(before: SchemaSet, after: SchemaSet) -> Iterator[Break]:
    """Yield what would break for values stored under ``before``, were they read under ``after``.

    Whether there are such values is for the caller to find out.
    """
    for name, old in before.resource_types.items():
        new = after.resource_types.get(name)
        if new is None:
            yield Break(old, None, "it would be removed")
        elif new is not old:
            yield from _of_type(old, new)


def _of_type(old: ResourceType, new: ResourceType) -> Iterator[Break]:
    for word, value_of in _IDENTITY.items():
        if value_of(old) != value_of(new):
            yield Break(old, None, f"its {word} would change from {value_of(old)} to {value_of(new)}")
    for schema in old.schemas:
        kept = new.schema_of(schema.id)
        if kept is not schema:
            yield from _of_schema(old, schema, kept)


_IDENTITY: dict[str, Callable[[ResourceType], str]] = {
    "name": lambda described: described.name,
    "endpoint": lambda described: described.endpoint,
    "schema": lambda described: described.schema.id,
}


def _of_schema(resource_type: ResourceType, old: Schema, new: Schema | None) -> Iterator[Break]:
    # Values stand under the URN and the names as they were spelled when they were written.
    kept = new.attributes if new is not None and new.id == old.id else {}
    for name, attribute in old.attributes.items():
        for change in _differences(attribute, kept.get(name)):
            yield Break(resource_type, attribute, change)


def _differences(old: Attribute, new: Attribute | None) -> Iterator[str]:
    if new is None:
        yield f"{old.path} would be removed"
        return
    for word, value_of in _CHARACTERISTICS.items():
        if value_of(old) != value_of(new):
            yield f"{word} of {old.path} would change from {_word(old, word)} to {_word(new, word)}"
    if old.uniqueness == "none" != new.uniqueness:
        yield f"uniqueness of {old.path} would change from none to {new.uniqueness}"
    for name, sub in old.sub_attributes.items():
        yield from _differences(sub, new.sub_attributes.get(name))


def _kept_apart(groups: Mapping[str, str], characteristic: str) -> Callable[[Attribute], Any]:
    """Return what of a characteristic decides how values are kept: some of its words come to the same."""

    def value_of(attribute: Attribute) -> Any:
        word = getattr(attribute, characteristic)
        return groups.get(word, word)

    return value_of


_CHARACTERISTICS: dict[str, Callable[[Attribute], Any]] = {
    "name": lambda attribute: attribute.name,
    "type": lambda attribute: attribute.type,
    "multiValued": lambda attribute: attribute.multi_valued,
    "caseExact": lambda attribute: attribute.case_exact,
    "mutability": _kept_apart({"immutable": "readWrite"}, "mutability"),
    "returned": _kept_apart({"always": "default"}, "returned"),
}
_FIELDS = {"multiValued": "multi_valued", "caseExact": "case_exact"}


def _word(attribute: Attribute, characteristic: str) -> str:
    value = getattr(attribute, _FIELDS.get(characteristic, characteristic))
    return str(value).lower() if isinstance(value, bool) else str(value)
