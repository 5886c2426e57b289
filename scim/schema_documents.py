"""Checks on schema and resource type documents (RFC 7643 §7, §6) before they become tables."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from scim.errors import InvalidValue, echo

_NAME = re.compile(r"\$?[A-Za-z][A-Za-z0-9$_-]*", re.ASCII)
# RFC 8141 without what ends a word in a filter, a path or a list of attributes: ( ) [ ] " and the comma.
_URN = re.compile(r"urn:[a-z0-9][a-z0-9-]*:[a-z0-9._~:/@%+=;$!*'-]+", re.ASCII | re.IGNORECASE)
_ENDPOINT = re.compile(r"/[A-Za-z][A-Za-z0-9_-]*", re.ASCII)
_RESERVED_ENDPOINTS = frozenset({"/bulk", "/me", "/resourcetypes", "/schemas", "/serviceproviderconfig"})
"""What RFC 7644 §3.2 keeps for the protocol itself, in lower case."""
_RESERVED_NAMES = frozenset({"resourcetype", "schema", "serviceproviderconfig"})
"""The resource types of discovery (RFC 7643 §5 to §7), in lower case."""

_KEYWORDS: dict[str, tuple[str, ...]] = {
    "type": ("string", "boolean", "decimal", "integer", "dateTime", "reference", "binary", "complex"),
    "mutability": ("readOnly", "readWrite", "immutable", "writeOnly"),
    "returned": ("always", "never", "default", "request"),
    "uniqueness": ("none", "server", "global"),
}
_FLAGS = ("multiValued", "required", "caseExact")
_TEXT_LISTS = ("canonicalValues", "referenceTypes")
_NESTING_ALLOWED_IN = "urn:ietf:params:scim:schemas:core:2.0:Schema"
"""The one schema with complex sub-attributes: RFC 7643 §7 describes itself with them."""


def check_schema_document(document: Any) -> None:
    """Return when the document is a schema this server can hold.

    :raises InvalidValue: it is not; the message names the schema, the attribute and the rule.
    """
    if not isinstance(document, dict):
        raise InvalidValue(f"A schema document is a JSON object, not {echo(document)}.")
    urn = document.get("id")
    if not isinstance(urn, str) or not _URN.fullmatch(urn):
        raise InvalidValue(
            f"The id of a schema document is a URN such as urn:example:2.0:Badge, not {echo(urn)}."
        )
    place = f"Schema {echo(urn)}"
    for key in ("name", "description"):
        if not isinstance(document.get(key), str | None):
            raise InvalidValue(f"{place}: {key!r} is a string, not {echo(document[key])}.")
    attributes = document.get("attributes")
    if not isinstance(attributes, list) or not attributes:
        raise InvalidValue(f"{place}: 'attributes' is a list with at least one attribute.")
    _check_attributes(place, attributes, parents=(), may_nest=urn == _NESTING_ALLOWED_IN)


def check_resource_type_document(document: Any) -> None:
    """Return when the document is a resource type; whether its schemas exist is not looked at.

    :raises InvalidValue: it is not; the message names the resource type and the member.
    """
    if not isinstance(document, dict):
        raise InvalidValue(f"A resource type document is a JSON object, not {echo(document)}.")
    name = document.get("name")
    place = f"Resource type {echo(name)}"
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidValue(f"{place}: 'name' is a word such as Badge.")
    if name.lower() in _RESERVED_NAMES:
        raise InvalidValue(f"{place}: discovery has this name for itself (RFC 7643 §5 to §7). Take another.")
    endpoint = document.get("endpoint")
    if not isinstance(endpoint, str) or not _ENDPOINT.fullmatch(endpoint):
        raise InvalidValue(f"{place}: 'endpoint' is a path such as /Badges, not {echo(endpoint)}.")
    if endpoint.lower() in _RESERVED_ENDPOINTS:
        raise InvalidValue(f"{place}: the protocol has {endpoint} for itself (RFC 7644 §3.2). Take another.")
    if not isinstance(document.get("schema"), str):
        core = echo(document.get("schema"))
        raise InvalidValue(f"{place}: 'schema' is the URN of its core schema, not {core}.")
    _check_extensions(place, document.get("schemaExtensions") or [])


def _check_extensions(place: str, extensions: Any) -> None:
    if not isinstance(extensions, list):
        raise InvalidValue(f"{place}: 'schemaExtensions' is a list, not {echo(extensions)}.")
    for extension in extensions:
        if not isinstance(extension, dict) or not isinstance(extension.get("schema"), str):
            raise InvalidValue(f"{place}: a schema extension has a 'schema' URN; {echo(extension)} has none.")
        if not isinstance(extension.get("required", False), bool):
            raise InvalidValue(f"{place}: 'required' of a schema extension is true or false.")
    urns = [extension["schema"].lower() for extension in extensions]
    if len(set(urns)) < len(urns):
        raise InvalidValue(f"{place}: a schema extension is named twice.")


def _check_attributes(
    place: str, attributes: Iterable[Any], parents: tuple[Any, ...], may_nest: bool
) -> None:
    names: set[str] = set()
    for attribute in attributes:
        if not isinstance(attribute, dict):
            raise InvalidValue(f"{place}: each attribute is an object, not {echo(attribute)}.")
        name = attribute.get("name")
        where = f"{place}, attribute {echo('.'.join([*(p['name'] for p in parents), str(name)]))}"
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise InvalidValue(f"{where}: a name is letters, digits, '$', '-' and '_' (RFC 7643 §2.1).")
        if name.lower() in names:
            raise InvalidValue(f"{where} is declared twice; names are case-insensitive (RFC 7643 §2.1).")
        names.add(name.lower())
        _check_characteristics(where, attribute, parents)
        _check_sub_attributes(place, where, attribute, parents, may_nest)


def _check_characteristics(where: str, attribute: dict[str, Any], parents: tuple[Any, ...]) -> None:
    if "type" not in attribute:
        raise InvalidValue(f"{where}: 'type' is missing.")
    for key, allowed in _KEYWORDS.items():
        if key in attribute and attribute[key] not in allowed:
            words = ", ".join(allowed)
            raise InvalidValue(f"{where}: {key!r} is one of {words}, not {echo(attribute[key])}.")
    for key in _FLAGS:
        if not isinstance(attribute.get(key, False), bool):
            raise InvalidValue(f"{where}: {key!r} is true or false, not {echo(attribute[key])}.")
    for key in _TEXT_LISTS:
        values = attribute.get(key) or []
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise InvalidValue(f"{where}: {key!r} is a list of strings, not {echo(values)}.")
    if not isinstance(attribute.get("description"), str | None):
        raise InvalidValue(f"{where}: 'description' is a string, not {echo(attribute['description'])}.")
    _check_secrecy(where, attribute, parents)
    if attribute.get("uniqueness", "none") != "none" and attribute["type"] == "complex":
        raise InvalidValue(
            f"{where}: 'uniqueness' of a complex attribute says nothing. Say it of a sub-attribute."
        )


def _check_secrecy(where: str, attribute: dict[str, Any], parents: tuple[Any, ...]) -> None:
    is_within_never = any(parent.get("returned") == "never" for parent in parents)
    is_never = attribute.get("returned") == "never" or is_within_never
    if attribute.get("mutability") == "writeOnly" and not is_never:
        raise InvalidValue(
            f"{where}: what is writeOnly is not returned (RFC 7643 §7). Say so: 'returned' is never."
        )
    if is_never and attribute.get("uniqueness", "none") != "none":
        # A refusal would tell whoever tries values which of them are in use.
        raise InvalidValue(f"{where}: what is never returned cannot be unique: 'uniqueness' is none.")
    if is_never and not is_within_never and any(parent.get("multiValued") for parent in parents):
        # One of many such values could not be told from its siblings without being read.
        raise InvalidValue(
            f"{where}: 'returned' cannot be never inside a multi-valued attribute. "
            "Make the whole attribute never."
        )


def _check_sub_attributes(
    place: str, where: str, attribute: dict[str, Any], parents: tuple[Any, ...], may_nest: bool
) -> None:
    subs = attribute.get("subAttributes") or []
    if attribute["type"] != "complex":
        if subs:
            raise InvalidValue(f"{where}: only a complex attribute has 'subAttributes' (RFC 7643 §7).")
        return
    if parents and not may_nest:
        raise InvalidValue(f"{where}: a complex attribute cannot hold a complex one (RFC 7643 §2.3.8).")
    if not isinstance(subs, list) or not subs:
        raise InvalidValue(f"{where}: a complex attribute has a list of 'subAttributes'.")
    _check_attributes(place, subs, (*parents, attribute), may_nest)
