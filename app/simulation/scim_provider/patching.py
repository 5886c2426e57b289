"""PATCH (RFC 7644 §3.5.2) as forgiving providers do it: operations in any case, with and without paths."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from app.simulation.scim_provider.errors import ScimRefusal
from app.simulation.scim_provider.paths import Path, holds, key_of, parse_path

MULTI_VALUED = frozenset(
    [
        "emails",
        "phonenumbers",
        "addresses",
        "ims",
        "photos",
        "entitlements",
        "roles",
        "x509certificates",
        "groups",
        "tags",
    ]
)
READ_ONLY = frozenset({"id", "meta", "groups"})


def patched(document: Mapping[str, Any], body: Any) -> dict[str, Any]:
    """Return ``document`` after the operations of a PATCH body; raises ScimRefusal (400)."""
    operations = body.get(key_of(body, "Operations")) if isinstance(body, dict) else None
    if not isinstance(operations, list) or not operations:
        raise ScimRefusal(400, "Operations is missing", "invalidSyntax")
    changed = copy.deepcopy(dict(document))
    for operation in operations:
        _apply(changed, operation)
    return changed


def _apply(document: dict[str, Any], operation: Mapping[str, Any]) -> None:
    kind = str(operation.get("op", "")).lower()
    if kind not in ("add", "replace", "remove"):
        raise ScimRefusal(400, f"op {kind[:50]!r} is not add, replace or remove", "invalidSyntax")
    path, value = operation.get("path"), operation.get("value")
    if path:
        _at_path(document, kind, parse_path(path), value)
    elif kind == "remove":
        raise ScimRefusal(400, "remove needs a path", "noTarget")
    elif isinstance(value, dict):
        for key, member in value.items():
            _at_path(document, kind, parse_path(key), member)
    else:
        raise ScimRefusal(400, "a path-less operation needs an object as value", "invalidValue")


def _at_path(document: dict[str, Any], kind: str, path: Path, value: Any) -> None:
    if path.attribute.lower() in READ_ONLY and path.urn is None:
        return
    home = document if path.urn is None else document.setdefault(key_of(document, path.urn), {})
    if not path.attribute:
        _whole_extension(document, home, kind, path, value)
    elif path.condition is not None:
        _in_entries(home, kind, path, value)
    elif path.sub is not None:
        _sub_attribute(home, kind, path, value)
    else:
        _attribute(home, kind, path.attribute, value)


def _whole_extension(
    document: dict[str, Any], home: dict[str, Any], kind: str, path: Path, value: Any
) -> None:
    if kind == "remove":
        document.pop(key_of(document, path.urn or ""), None)
        return
    if kind == "replace":
        home.clear()
    for key, member in (value or {}).items():
        _attribute(home, "replace", key, member)


def _attribute(home: dict[str, Any], kind: str, name: str, value: Any) -> None:
    key = key_of(home, name)
    if kind == "remove" or value in (None, "", []):
        home.pop(key, None)
    elif kind == "add" and (isinstance(home.get(key), list) or name.lower() in MULTI_VALUED):
        held = home.setdefault(key, [])
        held.extend(entry for entry in (value if isinstance(value, list) else [value]) if entry not in held)
    elif isinstance(home.get(key), dict) and isinstance(value, dict):
        for sub, member in value.items():  # a complex value is merged by its sub-attributes (§3.5.2.3)
            _attribute(home[key], "replace", sub, member)
    else:
        home[key] = value if not (name.lower() in MULTI_VALUED and isinstance(value, dict)) else [value]


def _sub_attribute(home: dict[str, Any], kind: str, path: Path, value: Any) -> None:
    key = key_of(home, path.attribute)
    held = home.setdefault(key, {})
    for entry in held if isinstance(held, list) else [held]:
        if isinstance(entry, dict):
            _attribute(entry, kind, path.sub or "", value)
    if not held:
        home.pop(key)


def _in_entries(home: dict[str, Any], kind: str, path: Path, value: Any) -> None:
    key = key_of(home, path.attribute)
    entries = home.setdefault(key, [])
    hits = [entry for entry in entries if isinstance(entry, dict) and holds(path.condition or (), entry)]
    if kind == "remove" and path.sub is None:
        entries[:] = [entry for entry in entries if entry not in hits]
    elif not hits and kind != "remove":
        hits = [{clause.path.attribute: clause.value for clause in path.condition or ()}]
        entries.extend(hits)
    for entry in hits if kind != "remove" or path.sub else []:
        if path.sub is not None:
            _attribute(entry, kind, path.sub, value)
        elif isinstance(value, dict):
            entry.update(value)
    if not entries:
        home.pop(key)
