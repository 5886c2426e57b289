"""From a canonical document to the columns of its row: wire text, on-request text, comparison keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Any

from pydantic_core import from_json, to_json

from app.directory.values import Document
from scim.errors import InvalidValue, echo
from scim.filter_tree import stored_key
from scim.keys import comparison_key
from scim.resources import ENTERPRISE, USER
from scim.schema import Attribute, ResourceType

#: Stands in stored text for the address under which the SCIM API is reached; put in when it is read.
BASE_MARK = '"$ref":"rollcall:base/'

#: PostgreSQL keeps no more than 2,704 bytes in an entry of an index.
MAX_KEY_BYTES = 2_000

Fold = Callable[[Any], Any]
_FOLDED_TYPES = frozenset({"string", "reference", "dateTime"})


def dumped(value: Any) -> str:
    """Return compact JSON text of plain data."""
    return to_json(value).decode()


def loaded(text: str | None) -> Any:
    """Return the plain data of stored JSON text; NULL is an empty document."""
    return from_json(text) if text else {}


@lru_cache(maxsize=256)
def forms_of(resource_type: ResourceType) -> Forms:
    """Return what turns the documents of a resource type into columns, the same object every time."""
    return Forms(resource_type)


class Forms:
    """Turns the documents of one resource type into what its rows hold. Use :func:`forms_of`."""

    def __init__(self, resource_type: ResourceType) -> None:
        self._attributes = resource_type.attributes
        self._extensions = {schema.id.lower(): schema for schema, _ in resource_type.extensions}
        self._asked_names = (
            frozenset(a.name for a in self._attributes.values() if a.returned == "request"),
            {
                schema.id: frozenset(a.name for a in schema.attributes.values() if a.returned == "request")
                for schema in self._extensions.values()
            },
        )
        #: Keys of complex attributes → those of their sub-attributes that must be asked for by name.
        self._asked_parts = {
            attribute.keys: names
            for table in (self._attributes, *(schema.attributes for schema in self._extensions.values()))
            for attribute in table.values()
            if attribute.returned not in ("request", "never")
            and (
                names := {sub.name for sub in attribute.sub_attributes.values() if sub.returned == "request"}
            )
        }
        self._concealed: dict[str, bool] = {}
        folds = {attribute.name: _fold_of(attribute) for attribute in self._attributes.values()}
        for schema in self._extensions.values():
            inner = {attribute.name: _fold_of(attribute) for attribute in schema.attributes.values()}
            folds[schema.id] = _members_fold(inner)
        #: The document as filters compare it: folded strings, instants in UTC, the rest as it is.
        self.compared: Fold = _members_fold(folds)
        #: What loaded schemas call unique; ``userName`` has a column of its own.
        self.unique_attributes = tuple(
            attribute
            for attribute in resource_type.walk()
            if attribute.uniqueness != "none"
            and attribute.mutability != "readOnly"
            and (attribute.schema_id, attribute.path) != (USER, "userName")
        )

    def split(self, document: Document) -> tuple[Document, Document]:
        """Return (what every answer may show, what must be asked for by name) of a document."""
        asked_names, asked_inside = self._asked_names
        shown: Document = {}
        asked: Document = {}
        for name, value in document.items():
            inside = asked_inside.get(name)
            if inside is None:
                (asked if name in asked_names else shown)[name] = value
            elif inside.isdisjoint(value):
                shown[name] = value
            else:
                for inner, inner_value in value.items():
                    side = asked if inner in inside else shown
                    side.setdefault(name, {})[inner] = inner_value
        for keys, names in self._asked_parts.items():
            _split_within(shown, asked, keys, names)
        return shown, asked

    def is_concealed(self, path: str) -> bool:
        """True when a value path names a value that revisions and audit rows must not show."""
        known = self._concealed.get(path)
        if known is None:
            if len(self._concealed) > 4096:
                self._concealed.clear()
            known = self._concealed[path] = self._is_concealed(path)
        return known

    def _is_concealed(self, path: str) -> bool:
        urn, _, rest = path.rpartition(":")
        name = (rest if urn else path).split(".")[0].split("[")[0].lower()
        schema = self._extensions.get(urn.lower())
        attributes = (schema.attributes if schema else {}) if urn else self._attributes
        attribute = attributes.get(name)
        if attribute is None:
            return False
        parts = (attribute, *attribute.sub_attributes.values())
        return any(part.returned in ("request", "never") for part in parts)


def _split_within(shown: Document, asked: Document, keys: tuple[str, ...], names: set[str]) -> None:
    """Leave of a complex attribute what every answer may show; when there is more, the whole must be asked for."""
    *urn, name = keys
    holder = shown.get(urn[0], {}) if urn else shown
    value = holder.get(name)
    rest = _without(value, names)
    if rest == value:
        return
    (asked.setdefault(urn[0], {}) if urn else asked)[name] = value
    reduced = {key: rest if key == name else item for key, item in holder.items() if key != name or rest}
    if urn and reduced:
        shown[urn[0]] = reduced
    elif urn:
        del shown[urn[0]]
    elif rest:
        shown[name] = rest
    else:
        del shown[name]


def _without(value: Any, names: set[str]) -> Any:
    """Return a complex value, or a list of them, without the members of these names."""
    if isinstance(value, list):
        return [rest for entry in value if (rest := _without(entry, names))]
    return (
        {key: item for key, item in value.items() if key not in names} if isinstance(value, dict) else value
    )


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
    return with_on_request(document, on_request)


def with_on_request(document: Document, on_request: str | None) -> Document:
    """Return a document with what must be asked for by name put in."""
    asked: Document = loaded(on_request)
    return document | {
        name: {**document.get(name, {}), **value} if isinstance(value, dict) else value
        for name, value in asked.items()
    }


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
    return comparison_key if attribute.type != "dateTime" else partial(stored_key, attribute)


def bounded(path: str, key: str, most: int = MAX_KEY_BYTES) -> str:
    """Return a key for an index; raises ``InvalidValue``, which names the path, when no index could hold it."""
    if len(key) * 4 > most and len(key.encode()) > most:
        raise InvalidValue(
            f"{path}: {echo(key, 60)} is longer than the {most} bytes that can be searched for."
        )
    return key


def index_key(path: str, text: str, most: int = MAX_KEY_BYTES) -> str:
    """Return the comparison key of a text that has an index; raises as :func:`bounded`."""
    return bounded(path, comparison_key(text), most)


def emails(document: Document) -> list[tuple[str, str]]:
    """Return (type key, address key) of each e-mail, in the document's order; raises as :func:`index_key`."""
    return [
        (index_key("emails.type", entry.get("type") or "", 500), index_key("emails.value", entry["value"]))
        for entry in document.get("emails", ())
        if entry.get("value")
    ]


def sealed_path(path: str) -> tuple[str, str | None]:
    """Return (path of the sealed value, name of the member meant or None) of a never-returned path.

    >>> sealed_path("urn:rollcall:params:scim:schemas:extension:hr:2.0:User:salary.amount")[1]
    'amount'
    """
    urn, _, rest = path.rpartition(":")
    whole, dot, member = rest.partition(".")
    return (f"{urn}:{whole}" if urn else whole), (member if dot else None)
