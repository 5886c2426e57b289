"""What PATCH asks the codec: single values checked and made canonical, without the document around them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scim.attributes import Attribute
from scim.codec import Codec, Decoded
from scim.errors import ECHO_LIMIT, Mutability


class Checks:
    """Checks values as fragments of a document; gathers what was cleared and what was unknown."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self.cleared: set[str] = set()
        self.dropped: dict[str, None] = {}

    def checked(self, urn: str | None, attribute: Attribute, value: Any) -> Any:
        """Return a value in canonical form, None when nothing is left of it; raises InvalidValue."""
        return self._value(urn, attribute, self._decode(urn, attribute, value))

    def merged(
        self, urn: str | None, attribute: Attribute, old: Mapping[str, Any], value: Any
    ) -> dict[str, Any]:
        """Return a complex value with the sub-attributes of a new one put in; raises InvalidValue.

        A text stands for the sub-attribute `value`. Raises Mutability when a required sub-attribute would go alone.
        """
        if isinstance(value, str) and attribute.sub_attribute("value"):
            value = {"value": value}
        decoded = self._decode(urn, attribute, _completed(attribute, old, value))
        new = self._value(urn, attribute, decoded) or {}
        gone = {path.removeprefix(attribute.path + ".") for path in decoded.cleared}
        result = {**{name: item for name, item in old.items() if name not in gone}, **new}
        if "$ref" not in new and result.get("value") != old.get("value"):
            result.pop("$ref", None)  # it spoke of the one named before
        for sub in attribute.sub_attributes.values():
            if result and sub.required and sub.name not in result:
                # The codec has refused what never had it; here it had, and is unassigned.
                raise Mutability(f"{sub.path} is required and cannot be removed without {attribute.path}.")
        return result

    def secret(self, urn: str | None, attribute: Attribute, value: Any) -> Any:
        """Return a never-returned value in canonical form, None when it is of the discarded kind."""
        return self._decode(urn, attribute, value).secrets.get(attribute.path)

    def is_discarded(self, urn: str | None, attribute: Attribute) -> bool:
        """Whether the codec throws this attribute away whatever its value (password)."""
        return not self._codec.check(_fragment(urn, attribute, None), partial=True).cleared

    def external_id(self, value: Any) -> str | None:
        """Return an externalId that may be kept; raises InvalidValue."""
        return self._codec.check({"externalId": value}, partial=True).external_id

    def note_cleared(self, path: str) -> None:
        """Remember that a path was unassigned on purpose."""
        self.cleared.add(path)

    def drop(self, name: str) -> None:
        """Remember an unknown name."""
        self.dropped[name[:ECHO_LIMIT]] = None

    def _decode(self, urn: str | None, attribute: Attribute, value: Any) -> Decoded:
        decoded = self._codec.check(_fragment(urn, attribute, value), partial=True)
        self.dropped.update(dict.fromkeys(decoded.dropped))
        self.cleared |= decoded.cleared
        return decoded

    def _value(self, urn: str | None, attribute: Attribute, decoded: Decoded) -> Any:
        holder = decoded.document.get(urn, {}) if urn else decoded.document
        value = holder.get(attribute.name)
        if value is not None:
            self.cleared.discard(attribute.path)
        if isinstance(value, dict):
            self.cleared -= {f"{attribute.path}.{name}" for name in value}
        return value


def _fragment(urn: str | None, attribute: Attribute, value: Any) -> dict[str, Any]:
    return {urn: {attribute.name: value}} if urn else {attribute.name: value}


def _completed(attribute: Attribute, old: Mapping[str, Any], value: Any) -> Any:
    """Return a partial complex value with the required sub-attributes that the old one has."""
    if not isinstance(value, dict):
        return value
    given = {name.lower() for name in value}
    required = [sub.name for sub in attribute.sub_attributes.values() if sub.required and sub.name in old]
    if "$ref" in given or not given:
        return value  # A reference may be named by `$ref` alone; the codec reads the id from it.
    return {**{name: old[name] for name in required if name.lower() not in given}, **value}


def refuse_unassigning(attribute: Attribute) -> None:
    """Raise Mutability when the attribute is required: RFC 7644 §3.5.2.2 has that scimType for it (SHALL)."""
    if attribute.required:
        raise Mutability(f"{attribute.path} is required and cannot be unassigned.")
