"""Immutable values (RFC 7643 §7): once set they stay, whichever verb would change them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from scim.attributes import Attribute
from scim.errors import Mutability
from scim.schema import ResourceType


def check_immutable(before: Mapping[str, Any], after: Mapping[str, Any], resource_type: ResourceType) -> None:
    """Return when every immutable value of a document is in the one that replaces it, the same.

    A sub-attribute goes with its attribute. Those of multi-valued attributes are not looked at: an entry
    with another value is another entry (members of a Group).

    :raises Mutability: a value would change or be unassigned (RFC 7644 §3.5.1, §3.5.2); the message names it.
    """
    for attribute in _immutable_attributes(resource_type):
        old = _value(before, attribute.keys)
        if old is None or _value(after, attribute.keys) == old:
            continue
        is_sub = attribute.path.rpartition(":")[2].count(".") > 0
        if is_sub and _value(after, attribute.keys[:-1]) is None:
            continue
        raise Mutability(f"{attribute.path} is immutable: it has a value and keeps it.")


@lru_cache(maxsize=256)
def _immutable_attributes(resource_type: ResourceType) -> tuple[Attribute, ...]:
    found: list[Attribute] = []
    for schema in resource_type.schemas:
        for attribute in schema.attributes.values():
            if attribute.mutability == "immutable":
                found.append(attribute)
            elif not attribute.multi_valued:
                found += [sub for sub in attribute.sub_attributes.values() if sub.mutability == "immutable"]
    return tuple(found)


def _value(document: Mapping[str, Any], keys: tuple[str, ...]) -> Any:
    value: Any = document
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value
