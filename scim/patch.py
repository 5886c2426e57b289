"""PATCH (RFC 7644 §3.5.2): operations applied to a document, in the dialects that clients really speak.

Where the RFC leaves a choice or clients differ from it (scim.md §1, §2):

* `null`, `""` and `[]` unassign; adding them to a multi-valued attribute adds nothing.
* add and replace of a complex value, and of the values that a filter selects, keep the sub-attributes
  that are not named (§3.5.2.3).
* remove of what is not there succeeds and changes nothing.
* Read-only targets of a path are refused (mutability); in path-less values they are ignored, as
  clients send back the `id`, `meta` and `groups` they have read.
* Unassigning a required attribute is mutability (§3.5.2.2, SHALL), whichever verb does it.

What multi-valued attributes do is in `scim.patch_values`. Only values that an operation touches are
validated, by the codec; the rest of the document is not read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scim.attributes import Attribute
from scim.codec import Codec
from scim.errors import Mutability
from scim.operations import MOST_OPERATIONS, PATCH_SCHEMA, Operation, Patch, is_unassigned, parse_patch
from scim.patch_checks import Checks, refuse_unassigning
from scim.patch_values import PatchValues
from scim.paths import Path

__all__ = ["MOST_OPERATIONS", "PATCH_SCHEMA", "Operation", "Patch", "Patched", "apply_patch", "parse_patch"]

_EXTERNAL_ID = "externalId"


@dataclass(frozen=True, slots=True)
class Patched:
    """A resource after a PATCH, and what the PATCH says beside the document.

    `external_id` is the new one, None when it was not set; removed, "externalId" is in `cleared`. `secrets`
    maps the path of a never-returned attribute, or of its sub-attribute (`urn:…:User:salary.amount`), to
    its new value. `cleared` are the canonical paths that were unassigned, `dropped` the unknown names.
    """

    document: dict[str, Any]
    changed: bool
    external_id: str | None
    secrets: Mapping[str, Any]
    cleared: frozenset[str]
    dropped: tuple[str, ...]


def apply_patch(document: Mapping[str, Any], patch: Patch, codec: Codec) -> Patched:
    """Return the document after all operations; the one passed in is not changed.

    Operations see what the ones before them did. Raises InvalidValue when a value does not fit its
    attribute, Mutability on read-only and assigned immutable attributes and when a required one is
    unassigned, NoTarget when the filter of an add or replace selects nothing. Then nothing is to be stored.
    """
    work = _Work(document, codec)
    for operation in patch.operations:
        work.apply(operation)
    return work.result(document, patch.dropped)


class _Work:
    """The document between two operations: top and extensions copied, multi-valued attributes opened on
    demand."""

    def __init__(self, document: Mapping[str, Any], codec: Codec) -> None:
        self._type = codec.resource_type
        self._extensions = {extension.id for extension, _required in self._type.extensions}
        self._document = {
            name: dict(value) if name in self._extensions else value for name, value in document.items()
        }
        self._checks = Checks(codec)
        self._opened: dict[str, tuple[str | None, PatchValues]] = {}
        self._external_id: str | None = None
        self._secrets: dict[str, Any] = {}

    def apply(self, operation: Operation) -> None:
        """Apply one operation."""
        path, attribute = operation.path, operation.path.attribute
        if attribute is None:
            self._remove_extension(path.schema_urn or "")
            return
        _check_writable(path)
        if attribute.returned == "never":
            self._apply_secret(operation, attribute)
        elif attribute.path == _EXTERNAL_ID:
            self._apply_external_id(operation)
        elif attribute.multi_valued:
            self._values(path.schema_urn, attribute).apply(operation)
        elif attribute.is_complex:
            self._apply_complex(operation, attribute)
        else:
            self._apply_simple(operation, attribute)

    def result(self, before: Mapping[str, Any], dropped: tuple[str, ...]) -> Patched:
        """Return the document in canonical form, and what was said beside it."""
        for urn, values in self._opened.values():
            self._put(urn, values.attribute, values.elements.values() or None)
        present = [
            extension.id for extension, _required in self._type.extensions if self._document.get(extension.id)
        ]
        rest = {
            name: value
            for name, value in self._document.items()
            if name != "schemas" and (value or name not in self._extensions)
        }
        document = {"schemas": [self._type.schema.id, *present], **rest}
        return Patched(
            document,
            document != before,
            self._external_id,
            self._secrets,
            frozenset(self._checks.cleared),
            (*dropped, *self._checks.dropped),
        )

    def _apply_simple(self, operation: Operation, attribute: Attribute) -> None:
        urn = operation.path.schema_urn
        if operation.op == "remove" or is_unassigned(operation.value):
            refuse_unassigning(attribute)
            self._checks.note_cleared(attribute.path)
            self._set(urn, attribute, None)
        else:
            self._set(urn, attribute, self._checks.checked(urn, attribute, operation.value))

    def _apply_complex(self, operation: Operation, attribute: Attribute) -> None:
        """Merge into a single complex value; without anything left it is unassigned (RFC 7643 §2.5)."""
        urn, sub_attribute = operation.path.schema_urn, operation.path.sub_attribute
        old = self._get(urn, attribute) or {}
        removes = operation.op == "remove" or is_unassigned(operation.value)
        if removes and sub_attribute is None:
            refuse_unassigning(attribute)
            self._checks.note_cleared(attribute.path)
            self._set(urn, attribute, None)
            return
        value = (
            {sub_attribute.name: None if removes else operation.value} if sub_attribute else operation.value
        )
        new = self._checks.merged(urn, attribute, old, value)
        if not new:
            refuse_unassigning(attribute)
        self._set(urn, attribute, new or None)

    def _apply_secret(self, operation: Operation, attribute: Attribute) -> None:
        """Note a value that no document holds; the codec lets nothing of discarded ones (password)
        through."""
        urn, sub_attribute = operation.path.schema_urn, operation.path.sub_attribute
        target = sub_attribute or attribute
        if operation.op == "remove" or is_unassigned(operation.value):
            if not self._checks.is_discarded(urn, attribute):
                self._forget_secret(target.path)
                self._checks.note_cleared(target.path)
            return
        value = {sub_attribute.name: operation.value} if sub_attribute else operation.value
        kept = self._checks.secret(urn, attribute, value)
        if kept is None:
            return
        self._forget_secret(target.path)
        whole = self._secrets.get(attribute.path)
        if sub_attribute and isinstance(whole, dict):
            self._secrets[attribute.path] = {**whole, **kept}
        else:
            self._secrets[target.path] = kept[sub_attribute.name] if sub_attribute else kept
        self._checks.cleared.discard(target.path)

    def _forget_secret(self, path: str) -> None:
        for known in [known for known in self._secrets if known == path or known.startswith(path + ".")]:
            del self._secrets[known]
        parent, _dot, name = path.rpartition(".")
        if isinstance(self._secrets.get(parent), dict):
            self._secrets[parent] = {
                key: value for key, value in self._secrets[parent].items() if key != name
            }

    def _apply_external_id(self, operation: Operation) -> None:
        if operation.op == "remove" or is_unassigned(operation.value):
            self._external_id = None
            self._checks.note_cleared(_EXTERNAL_ID)
        else:
            self._external_id = self._checks.external_id(operation.value)
            self._checks.cleared.discard(_EXTERNAL_ID)

    def _remove_extension(self, urn: str) -> None:
        if any(required for extension, required in self._type.extensions if extension.id == urn):
            raise Mutability(f"The extension {urn} is required and cannot be removed.")
        for path in [path for path, (owner, _values) in self._opened.items() if owner == urn]:
            del self._opened[path]
        self._document.pop(urn, None)
        self._checks.note_cleared(urn)

    def _values(self, urn: str | None, attribute: Attribute) -> PatchValues:
        opened = self._opened.get(attribute.path)
        if opened is None:
            values = PatchValues(attribute, self._get(urn, attribute) or [], self._checks, urn)
            opened = self._opened[attribute.path] = (urn, values)
        return opened[1]

    def _get(self, urn: str | None, attribute: Attribute) -> Any:
        holder = self._document.get(urn, {}) if urn else self._document
        return holder.get(attribute.name)

    def _set(self, urn: str | None, attribute: Attribute, value: Any) -> None:
        old = self._get(urn, attribute)
        if attribute.mutability == "immutable" and old is not None and old != value:
            raise Mutability(f"{attribute.path} is immutable: it has a value and keeps it.")
        self._put(urn, attribute, value)

    def _put(self, urn: str | None, attribute: Attribute, value: Any) -> None:
        holder = self._document.setdefault(urn, {}) if urn else self._document
        if value is None:
            holder.pop(attribute.name, None)
        else:
            holder[attribute.name] = value


def _check_writable(path: Path) -> None:
    for level in (path.attribute, path.sub_attribute):
        if level is not None and level.mutability == "readOnly":
            raise Mutability(f"{level.path} is read-only: the server sets it. Leave it out.")
