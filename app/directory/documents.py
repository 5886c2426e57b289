"""From a canonical document to the columns of its row: wire text, on-request text, comparison keys, e-mails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Any

from pydantic_core import from_json, to_json

from app.directory.values import Document
from scim.filter_tree import stored_key
from scim.keys import comparison_key
from scim.resources import ENTERPRISE, user_type
from scim.schema import Attribute

_attributes = user_type().attributes
_extensions = {schema.id.lower(): schema for schema, _ in user_type().extensions}
#: Stands in stored text for the address under which the SCIM API is reached; put in when it is read.
BASE_MARK = '"$ref":"rollcall:base/'


def dumped(value: Any) -> str:
    """Return compact JSON text of plain data."""
    return to_json(value).decode()


def loaded(text: str | None) -> Any:
    """Return the plain data of stored JSON text; NULL is an empty document."""
    return from_json(text) if text else {}


def split(document: Document) -> tuple[Document, Document]:
    """Return (what every answer may show, what must be asked for by name) of a document."""
    shown: Document = {}
    asked: Document = {}
    for name, value in document.items():
        extension = _extensions.get(name.lower()) if name.startswith("urn:") else None
        if extension is None:
            attribute = _attributes.get(name.lower())
            (asked if attribute is not None and attribute.returned == "request" else shown)[name] = value
            continue
        for inner, inner_value in value.items():
            attribute = extension.attributes.get(inner.lower())
            side = asked if attribute is not None and attribute.returned == "request" else shown
            side.setdefault(name, {})[inner] = inner_value
    return shown, asked


def wire_text(shown: Document) -> str:
    """Return the stored text of what every answer shows; a manager's ``$ref`` that nobody sent is already in it."""
    manager = shown.get(ENTERPRISE, {}).get("manager")
    if manager and "$ref" not in manager:
        named = {**manager, "$ref": f"rollcall:base/Users/{manager['value']}"}
        shown = {**shown, ENTERPRISE: {**shown[ENTERPRISE], "manager": named}}
    return dumped(shown)


def joined(wire: str, on_request: str | None) -> Document:
    """Return the whole document of a row."""
    document: Document = loaded(wire)
    if BASE_MARK in wire:
        del document[ENTERPRISE]["manager"]["$ref"]
    for name, value in loaded(on_request).items():
        if isinstance(value, dict):
            document[name] = {**document.get(name, {}), **value}
        else:
            document[name] = value
    return document


def comparison_document(document: Document) -> Document:
    """Return the document as filters compare it: folded strings, instants in UTC, the rest as it is."""
    return _document_fold(document)


Fold = Callable[[Any], Any]
_FOLDED_TYPES = frozenset({"string", "reference", "dateTime"})


def _members_fold(folds: Mapping[str, Fold | None]) -> Fold:
    """Return what folds the members of an object; what no schema knows stays as it is."""

    def fold(members: Document) -> Document:
        folded = {}
        for name, value in members.items():
            inner = folds.get(name)
            if inner is None:
                folded[name] = value
            elif type(value) is list:
                folded[name] = [inner(entry) for entry in value]
            else:
                folded[name] = inner(value)
        return folded

    return fold


def _fold_of(attribute: Attribute) -> Fold | None:
    """Return what turns a value of this attribute into its comparison key, None where it is that already."""
    if attribute.sub_attributes:
        return _members_fold({sub.name: _fold_of(sub) for sub in attribute.sub_attributes.values()})
    if attribute.type not in _FOLDED_TYPES or (attribute.case_exact and attribute.type != "dateTime"):
        return None
    return partial(stored_key, attribute)


_document_fold = _members_fold(
    {attribute.name: _fold_of(attribute) for attribute in _attributes.values()}
    | {
        schema.id: _members_fold(
            {attribute.name: _fold_of(attribute) for attribute in schema.attributes.values()}
        )
        for schema in _extensions.values()
    }
)


def columns(document: Document) -> dict[str, Any]:
    """Return the searched and stored columns of a document's row, without identity, version and times."""
    shown, asked = split(document)
    enterprise = document.get(ENTERPRISE, {})
    return {
        "active": bool(document.get("active", True)),
        "user_name_key": comparison_key(document["userName"]),
        "display_name_key": _key(document.get("displayName")),
        "employee_number_key": _key(enterprise.get("employeeNumber")),
        "wire": wire_text(shown),
        "on_request": dumped(asked) if asked else None,
    }


def _key(text: str | None) -> str | None:
    return None if text is None else comparison_key(text)


def emails(document: Document) -> list[tuple[str, str]]:
    """Return (type key, address key) of each e-mail, in the document's order."""
    return [
        (comparison_key(entry.get("type") or ""), comparison_key(entry["value"]))
        for entry in document.get("emails", ())
        if entry.get("value")
    ]


@lru_cache(maxsize=4096)
def is_concealed(path: str) -> bool:
    """True when a value path names a value that revisions and audit rows must not show."""
    urn, _, rest = path.rpartition(":")
    name = (rest if urn else path).split(".")[0].split("[")[0].lower()
    schema = _extensions.get(urn.lower())
    attributes = (schema.attributes if schema else {}) if urn else _attributes
    attribute = attributes.get(name)
    return attribute is not None and attribute.returned in ("request", "never")


def sealed_path(path: str) -> tuple[str, str | None]:
    """Return (path of the sealed value, name of the member meant or None) of a never-returned path.

    >>> sealed_path("urn:rollcall:params:scim:schemas:extension:hr:2.0:User:salary.amount")[1]
    'amount'
    """
    urn, _, rest = path.rpartition(":")
    whole, dot, member = rest.partition(".")
    return (f"{urn}:{whole}" if urn else whole), (member if dot else None)
