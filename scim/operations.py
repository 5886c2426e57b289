"""PATCH bodies (RFC 7644 §3.5.2): JSON to operations whose paths are resolved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

from scim.errors import (
    ECHO_LIMIT,
    InvalidPath,
    InvalidSyntax,
    InvalidValue,
    NoTarget,
    PayloadTooLarge,
    echo,
)
from scim.paths import Path, parse_path
from scim.schema import ResourceType

PATCH_SCHEMA: Final = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
MOST_OPERATIONS: Final = 100

Verb = Literal["add", "remove", "replace"]
_VERBS: Final = frozenset({"add", "remove", "replace"})


@dataclass(frozen=True, slots=True)
class Operation:
    """One change: add, remove or replace `value` at `path`.

    `value` is what the client sent, None where it sent none. A path without attribute is a whole extension,
    and then the verb is always remove.
    """

    op: Verb
    path: Path
    value: Any = None


@dataclass(frozen=True, slots=True)
class Patch:
    """The operations of one PATCH body in their order, path-less ones taken apart by attribute.

    `dropped` are the unknown names in path-less values (scim.md §2: dropped, and listed in the client's
    log).
    """

    operations: tuple[Operation, ...]
    dropped: tuple[str, ...] = ()


def parse_patch(payload: Any, resource_type: ResourceType, *, most: int = MOST_OPERATIONS) -> Patch:
    """Return the operations of a PATCH body that was read from JSON; member names and verbs in any case.

    Raises InvalidSyntax when the body is no PatchOp, PayloadTooLarge beyond `most` operations, NoTarget on
    a remove without path (§3.5.2.2), InvalidPath and InvalidFilter as `scim.paths.parse_path` does,
    InvalidValue when an add or replace has no value.
    """
    body = _members(payload, "The body")
    _check_schemas(body.get("schemas"))
    listed = body.get("operations")
    if not isinstance(listed, list) or not listed:
        raise InvalidSyntax('The body has no "Operations": a PATCH carries a list of one or more of them.')
    if len(listed) > most:
        raise PayloadTooLarge(
            f"The body holds {len(listed)} operations; at most {most} are taken. Send several."
        )
    reader = _Reader(resource_type)
    operations = [operation for each in listed for operation in reader.read(each)]
    return Patch(tuple(operations), tuple(reader.dropped))


def _members(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidSyntax(f"{what} is not a JSON object.")
    return {name.lower(): member for name, member in value.items()}


def _check_schemas(schemas: Any) -> None:
    if not schemas:
        return
    urns = [schemas] if isinstance(schemas, str) else schemas
    if isinstance(urns, list) and PATCH_SCHEMA.lower() in (str(urn).lower() for urn in urns):
        return
    raise InvalidSyntax(f"schemas: {echo(schemas)} is not a PatchOp. Send {PATCH_SCHEMA}, or leave it out.")


class _Reader:
    """Reads operations one by one, remembering the unknown names met in path-less values."""

    def __init__(self, resource_type: ResourceType) -> None:
        self._resource_type = resource_type
        self.dropped: dict[str, None] = {}

    def read(self, source: Any) -> Iterator[Operation]:
        """Yield what one operation asks for: itself, or one operation per attribute of a path-less
        value."""
        members = _members(source, "An operation")
        verb, text = _verb(members.get("op")), members.get("path")
        if text is not None and not isinstance(text, str):
            raise InvalidPath(f"The path {echo(text)} is not a string.")
        if text is None and verb == "remove":
            raise NoTarget("A remove needs a path that says what to remove (RFC 7644 §3.5.2.2).")
        if verb != "remove" and "value" not in members:
            raise InvalidValue(f"The {verb} of {echo(text) if text else 'the resource'} has no value.")
        value = members.get("value")
        if text is None:
            yield from self._each(verb, "", value)
            return
        path = parse_path(text, self._resource_type)
        if path.attribute is not None:
            yield Operation(verb, path, value)
        else:
            yield from self._whole(verb, path, text, value)

    def _whole(self, verb: Verb, path: Path, text: str, value: Any) -> Iterator[Operation]:
        """Yield the changes of a whole extension (or of the resource, named by its core URN)."""
        if verb != "remove" and not is_unassigned(value):
            yield from self._each(verb, f"{path.schema_urn}:" if path.schema_urn else "", value)
        elif path.schema_urn is None:
            raise NoTarget(f"The path {echo(text)} is the whole resource, which a PATCH cannot remove.")
        else:
            yield Operation("remove", path)

    def _each(self, verb: Verb, prefix: str, value: Any) -> Iterator[Operation]:
        if not isinstance(value, Mapping):
            raise InvalidValue(f"The {verb} without an attribute in its path needs an object of attributes.")
        for name, item in value.items():
            path = self._key(prefix + name)
            if path is None:
                continue
            if path.attribute is None:
                yield from self._whole(verb, path, name, item)
            elif not _is_read_only(path):
                yield Operation(verb, path, item)

    def _key(self, name: str) -> Path | None:
        """Return the path that a key of a path-less value is (Entra ID: dots, URNs and filters), None if
        unknown."""
        try:
            return parse_path(name, self._resource_type)
        except InvalidPath:
            if "[" in name:
                raise
            self.dropped[name[:ECHO_LIMIT]] = None
            return None


def _verb(op: Any) -> Verb:
    verb = op.lower() if isinstance(op, str) else None
    if verb not in _VERBS:
        raise InvalidSyntax(f"The operation {echo(op)} is not add, remove or replace.")
    return cast(Verb, verb)


def is_unassigned(value: Any) -> bool:
    """Whether a value means that there is none (RFC 7643 §2.5)."""
    return value is None or value == "" or value == []


def _is_read_only(path: Path) -> bool:
    """Whether a path-less value may carry it without effect, as clients send `id`, `meta` and `groups`
    back."""
    return any(
        level is not None and level.mutability == "readOnly" for level in (path.attribute, path.sub_attribute)
    )
