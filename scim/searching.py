"""The body of a search by POST (RFC 7644 §3.4.3, RFC 9865 §3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scim.errors import InvalidSyntax, InvalidValue, echo

SEARCH_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"


def _is_names(value: Any) -> bool:
    return isinstance(value, str) or (
        isinstance(value, list) and all(isinstance(name, str) for name in value)
    )


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_MEMBERS: dict[str, tuple[str, Callable[[Any], bool], str]] = {
    name.lower(): (name, fits, kind)
    for name, fits, kind in (
        ("attributes", _is_names, "a list of names"),
        ("excludedAttributes", _is_names, "a list of names"),
        ("filter", _is_text, "a string"),
        ("sortBy", _is_text, "a string"),
        ("sortOrder", _is_text, "a string"),
        ("startIndex", _is_integer, "an integer"),
        ("cursor", _is_text, "a string"),
        ("count", _is_integer, "an integer"),
    )
}


def search_request(payload: Any) -> dict[str, Any]:
    """Return the query parameters that a SearchRequest holds, by their names in a URL; unknown members are ignored.

    :raises InvalidSyntax: the body is no object, or its ``schemas`` are not those of a SearchRequest.
    :raises InvalidValue: a member is of the wrong kind.
    """
    if not isinstance(payload, dict):
        raise InvalidSyntax("The body is not a JSON object with the members of a SearchRequest.")
    schemas = payload.get("schemas") or [SEARCH_SCHEMA]
    urns = [urn.lower() for urn in schemas if isinstance(urn, str)] if isinstance(schemas, list) else []
    if SEARCH_SCHEMA.lower() not in urns:
        raise InvalidSyntax(f"schemas: {echo(schemas)} is not a SearchRequest. Send {SEARCH_SCHEMA}.")
    parameters = {}
    for key, value in payload.items():
        known = _MEMBERS.get(key.lower())
        if known is None or value is None:
            continue
        name, fits, kind = known
        if not fits(value):
            raise InvalidValue(f"{name}: {echo(value)} is not {kind}.")
        parameters[name] = value
    return parameters
