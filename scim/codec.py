"""Request bodies to canonical documents and back: one compiled codec per resource type.

A *document* is a plain dict with canonical names that holds no ``id``, ``externalId``, ``meta``,
``groups`` or other read-only attribute, no secret, no null and nothing empty. Decoding runs in two
halves: :mod:`scim.shaping` (names, unassigned values), :mod:`scim.validation` (kinds of values).

Defaults: a created User without ``active`` is active. A replaced one without ``active`` has none in
its document: the caller keeps what the person had, so that no PUT by omission lets a leaver in again
(RFC 7644 §3.5.1 leaves the choice to the server). Nothing else is invented.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from pydantic import TypeAdapter
from pydantic_core import ValidationError, to_json

from scim.errors import InvalidSyntax, InvalidValue, echo
from scim.parse import check_texts, parse_json
from scim.resources import GROUP, USER
from scim.schema import Attribute, ResourceType
from scim.shaping import Notes, fields_of, shape
from scim.validation import refusal, validator_of

MAX_VALUES = 2_000
"""Values in one multi-valued attribute, and in all of a resource but a group (scim.md §4)."""
MAX_MEMBERS = 20_000
MAX_EXTERNAL_ID = 1_024
"""Characters in an ``externalId``."""

_DISCARDED = {USER: frozenset({"password"})}
"""By core schema: what is accepted and thrown away (scim.md §2)."""
_CREATE_DEFAULTS: dict[str, dict[str, Any]] = {USER: {"active": True}}


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a request or a source says about one resource."""

    document: dict[str, Any]
    external_id: str | None = None
    secrets: Mapping[str, Any] = field(default_factory=dict)
    """Path → value of the attributes that are never returned, such as salary."""
    cleared: frozenset[str] = frozenset()
    """Paths sent as ``null``, ``""`` or ``[]``; ``externalId`` and whole extension URNs among them."""
    dropped: tuple[str, ...] = ()
    """Unknown attributes and URNs, as they were spelled."""


@lru_cache(maxsize=256)
def codec_of(resource_type: ResourceType) -> Codec:
    """Return the compiled codec of a resource type, the same one every time."""
    return Codec(resource_type)


class Codec:
    """Decodes and encodes the resources of one type. Compiling takes some 50 ms: use :func:`codec_of`."""

    def __init__(self, resource_type: ResourceType) -> None:
        self.resource_type = resource_type
        core = resource_type.schema.id
        self._core = core
        self._extensions = tuple(extension.id for extension, _ in resource_type.extensions)
        self._known = {schema.id.lower() for schema in resource_type.schemas}
        discarded = _DISCARDED.get(core, frozenset())
        self._fields = fields_of(resource_type, discarded=discarded, max_values=_max_values)
        self._defaults = _CREATE_DEFAULTS.get(core, {})
        self._secrets = _secret_attributes(resource_type, discarded)

    @cached_property
    def _whole(self) -> TypeAdapter[Any]:
        return validator_of(self.resource_type, whole=True)

    @cached_property
    def _partial(self) -> TypeAdapter[Any]:
        return validator_of(self.resource_type, whole=False)

    def decode_create(self, source: bytes | Mapping[str, Any]) -> Decoded:
        """Return what the body of a POST says (RFC 7644 §3.3), defaults filled in.

        :param source: the body, or what a bulk request's body has in its place.

        :raises InvalidSyntax: the body is not a JSON object, or not one that can be kept.
        :raises InvalidValue: a value is missing or does not fit; the message names its path.
        """
        decoded = self._decode(_parsed(source), self._whole)
        for name, value in self._defaults.items():
            decoded.document.setdefault(name, value)
        return decoded

    def decode_replace(self, source: bytes | Mapping[str, Any]) -> Decoded:
        """Return what the body of a PUT says (RFC 7644 §3.5.1); ``cleared`` tells null from absent.

        :raises InvalidSyntax: as for :meth:`decode_create`.
        :raises InvalidValue: as for :meth:`decode_create`.
        """
        return self._decode(_parsed(source), self._whole)

    def check(self, document: Mapping[str, Any], *, partial: bool = False) -> Decoded:
        """Return what a source, or the result of a PATCH, says: the same rules on a dict.

        The argument is not changed. Numbers may be ``Decimal``.

        :param partial: a fragment: what is required for a resource may be absent.
        :raises InvalidSyntax: a text cannot be stored.
        :raises InvalidValue: as for :meth:`decode_create`.
        """
        check_texts(document)
        return self._decode(document, self._partial if partial else self._whole)

    @staticmethod
    def encode(document: Mapping[str, Any]) -> bytes:
        """Return a document as JSON text; decoding it gives the document again."""
        return to_json(document)

    def _decode(self, source: Any, validator: TypeAdapter[Any]) -> Decoded:
        if not isinstance(source, dict):
            name = self.resource_type.name
            raise InvalidSyntax(f"The body is not a JSON object with the attributes of a {name}.")
        notes = Notes()
        self._check_schemas(source, notes)
        shaped = shape(self._fields, source, notes)
        if notes.flat:
            _fold(shaped, notes)
        if self._core != GROUP:
            _check_total(shaped)
        external_id = shaped.pop("externalId", None)
        if external_id is not None:
            _check_external_id(external_id)
        try:
            document = validator.validate_python(shaped)
        except ValidationError as error:
            raise refusal(error, self.resource_type) from None
        if notes.cleared:
            _check_cleared(document, external_id, notes)
        secrets = self._take_secrets(document)
        return Decoded(
            self._with_schemas(document), external_id, secrets, frozenset(notes.cleared), tuple(notes.dropped)
        )

    def _check_schemas(self, source: dict[str, Any], notes: Notes) -> None:
        """Note unknown URNs of ``schemas``; refuse the list when it is of another resource type.

        ``schemas`` may be absent (Entra ID), and extensions alone are understood.
        """
        name = "schemas" if "schemas" in source else _spelling(source, "schemas")
        declared = source.get(name)
        if not declared:
            return
        if not isinstance(declared, list) or not all(isinstance(urn, str) for urn in declared):
            raise InvalidValue(f"schemas: {echo(declared)} is not a list of URNs.")
        unknown = [urn for urn in declared if urn.lower() not in self._known]
        if unknown and self._core.lower() not in map(str.lower, declared):
            raise InvalidValue(
                f"schemas: {echo(declared)} is not a {self.resource_type.name}. "
                f"Send {self._core}, or leave 'schemas' out."
            )
        for urn in unknown:
            notes.drop("", urn)

    def _with_schemas(self, document: dict[str, Any]) -> dict[str, Any]:
        """Return the document with ``schemas`` for what is in it, first (RFC 7643 §3)."""
        return {"schemas": [self._core, *(urn for urn in self._extensions if urn in document)], **document}

    def _take_secrets(self, document: dict[str, Any]) -> dict[str, Any]:
        """Move the attributes that are never returned out of a document."""
        secrets: dict[str, Any] = {}
        for attribute in self._secrets:
            holders = [document]
            for key in attribute.keys[:-1]:
                holders.append(holders[-1].get(key) or {})
            if attribute.name in holders[-1]:
                secrets[attribute.path] = holders[-1].pop(attribute.name)
                for holder, key in zip(holders[-2::-1], attribute.keys[-2::-1], strict=True):
                    if not holder[key]:
                        del holder[key]
        return secrets


def _parsed(source: bytes | Mapping[str, Any]) -> Any:
    return parse_json(source) if isinstance(source, bytes) else source


def _max_values(attribute: Attribute) -> int:
    is_members = attribute.schema_id == GROUP and attribute.path == "members"
    return MAX_MEMBERS if is_members else MAX_VALUES


def _secret_attributes(resource_type: ResourceType, discarded: frozenset[str]) -> tuple[Attribute, ...]:
    secret: list[Attribute] = []
    for attribute in resource_type.walk():
        is_within = any(attribute.path.startswith(known.path + ".") for known in secret)
        if attribute.returned == "never" and attribute.path not in discarded and not is_within:
            secret.append(attribute)
    return tuple(secret)


def _spelling(source: Mapping[str, Any], name: str) -> str:
    return next((key for key in source if key.lower() == name), name)


def _fold(shaped: dict[str, Any], notes: Notes) -> None:
    """Move extension attributes that came under their full path into their extension's object."""
    for attribute in notes.flat:
        if attribute.path not in shaped:
            continue
        value = shaped.pop(attribute.path)
        extension = shaped.setdefault(attribute.keys[0], {})
        if not isinstance(extension, dict):
            continue  # the validator says so
        if attribute.name in extension:
            raise InvalidValue(f"{attribute.path} is given twice, in its extension and beside it.")
        extension[attribute.name] = value


def _check_total(shaped: Mapping[str, Any]) -> None:
    """Refuse more values than are taken in one request, all multi-valued attributes together (scim.md §4)."""
    total = 0
    for name, value in shaped.items():
        inner = value.values() if name[:4] == "urn:" and isinstance(value, dict) else (value,)
        total += sum(len(each) for each in inner if isinstance(each, list))
    if total > MAX_VALUES:
        raise InvalidValue(
            f"The resource has {total} values in lists; at most {MAX_VALUES:,} are taken together."
        )


def _check_external_id(value: Any) -> None:
    if not isinstance(value, str):
        raise InvalidValue(f"externalId: {echo(value)} is not a string (RFC 7643 §3.1).")
    if len(value) > MAX_EXTERNAL_ID:
        raise InvalidValue(f"externalId: {echo(value, 60)} has more than {MAX_EXTERNAL_ID:,} characters.")


def _check_cleared(document: Mapping[str, Any], external_id: str | None, notes: Notes) -> None:
    """Refuse a request that both unassigns and sets an attribute, under two spellings of it."""
    if external_id is not None and "externalId" in notes.cleared:
        raise InvalidValue("externalId is given twice, under different spellings of its name.")
    for path, keys in notes.cleared.items():
        value: Any = document
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
        if value is not None:
            raise InvalidValue(f"{path} is given twice, once with a value and once without.")
