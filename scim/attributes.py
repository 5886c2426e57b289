"""Attribute tables: the characteristics of every attribute, read from schema documents.

What JSON cannot say (a string that is an e-mail address or a calendar date, an attribute that is
sensitive) is a :class:`Hint`, taken from the annotations of a scim2-models class.

Paths are canonical and unique within a resource type: ``userName``, ``name.givenName``,
``urn:…:enterprise:2.0:User:manager.value``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

import scim2_models
from pydantic import EmailStr

Type = Literal["string", "boolean", "decimal", "integer", "dateTime", "reference", "binary", "complex"]
SchemaDocument = dict[str, Any]

SCHEMA_URN = "urn:ietf:params:scim:schemas:core:2.0:Schema"


class Hint(StrEnum):
    """What an annotation on a scim2-models field adds to the RFC's characteristics."""

    date = "date"
    """A string that is a calendar date, ``YYYY-MM-DD``."""
    decimal = "decimal"
    """A decimal number kept as text, so that no digit is lost; a JSON number is taken too."""
    email = "email"
    """A string that is an e-mail address, ``local@domain``."""
    sensitive = "sensitive"
    """Read, filtered and sorted by only with the scope ``scim:sensitive``."""


@dataclass(frozen=True, slots=True, eq=False)
class Attribute:
    """One attribute or sub-attribute, with the characteristics of RFC 7643 §2.2 and §7.

    A sub-attribute of one that is never returned, read-only, write-only or sensitive is so too,
    whatever its own document says: the tables hold what is in force.
    """

    name: str
    type: Type
    multi_valued: bool
    required: bool
    case_exact: bool
    mutability: Literal["readOnly", "readWrite", "immutable", "writeOnly"]
    returned: Literal["always", "never", "default", "request"]
    uniqueness: Literal["none", "server", "global"]
    canonical_values: tuple[str, ...]
    reference_types: tuple[str, ...]
    description: str = field(repr=False)
    sub_attributes: Mapping[str, Attribute] = field(repr=False)
    """By lower-case name; empty unless complex."""
    path: str
    """Canonical path: ``emails.value``, ``urn:…:User:department``."""
    schema_id: str = ""
    """The URN of the schema that defines it; ``""`` for the common attributes of RFC 7643 §3.1."""
    keys: tuple[str, ...] = ()
    """The way through a document: ``("emails", "value")``, ``("urn:…:User", "department")``."""
    hints: frozenset[Hint] = frozenset()

    @property
    def is_complex(self) -> bool:
        """Whether values are objects of sub-attributes."""
        return self.type == "complex"

    @property
    def is_sensitive(self) -> bool:
        """Whether reading or searching it needs the scope ``scim:sensitive``."""
        return Hint.sensitive in self.hints

    def sub_attribute(self, name: str) -> Attribute | None:
        """Return the sub-attribute of that name in any case, or None."""
        return self.sub_attributes.get(name.lower())


Hints = Mapping[str, frozenset[Hint]]
"""By path within the schema: ``emails.value``."""


def attribute_table(
    documents: Iterable[SchemaDocument], urn: str, *, extends: bool = False, hints: Hints | None = None
) -> dict[str, Attribute]:
    """Return the attributes of a checked schema document by lower-case name.

    :param urn: the schema's URN, ``""`` for the common attributes.
    :param extends: the schema is an extension, whose paths start with its URN.
    """
    builder = _Builder(urn, urn if extends else "", hints or {})
    return {document["name"].lower(): builder.build(document, None) for document in documents}


@dataclass(frozen=True, slots=True)
class _Builder:
    """Turns the attribute documents of one schema into attributes."""

    schema_id: str
    prefix: str
    hints: Hints

    def build(self, document: SchemaDocument, parent: Attribute | None) -> Attribute:
        """Return the attribute with its sub-attributes."""
        names = (
            (*(parent.keys[1:] if self.prefix else parent.keys), document["name"])
            if parent
            else (document["name"],)
        )
        path = ".".join(names)
        kind: Type = document["type"]
        sub_attributes: dict[str, Attribute] = {}
        attribute = Attribute(
            name=document["name"],
            type=kind,
            multi_valued=document.get("multiValued", False),
            required=document.get("required", False),
            # RFC 7643 §2.3.6 and §2.3.7: binary and reference values are case-exact.
            case_exact=document.get("caseExact", kind in ("binary", "reference")),
            mutability=_inherited(parent, "mutability", document.get("mutability", "readWrite")),
            returned=_inherited(parent, "returned", document.get("returned", "default")),
            uniqueness=document.get("uniqueness", "none"),
            canonical_values=tuple(document.get("canonicalValues") or ()),
            reference_types=tuple(document.get("referenceTypes") or ()),
            description=" ".join((document.get("description") or "").split()),
            sub_attributes=sub_attributes,
            path=f"{self.prefix}:{path}" if self.prefix else path,
            schema_id=self.schema_id,
            keys=(self.prefix, *names) if self.prefix else names,
            hints=self.hints.get(path, frozenset()) | _inherited_hints(parent),
        )
        for sub in document.get("subAttributes") or ():
            sub_attributes[sub["name"].lower()] = self.build(sub, attribute)
        return attribute


_IN_FORCE_BELOW = {"mutability": ("readOnly", "writeOnly"), "returned": ("never",)}


def _inherited(parent: Attribute | None, characteristic: str, own: Any) -> Any:
    """Return a parent's characteristic where it rules its sub-attributes, else their own."""
    above = getattr(parent, characteristic, None)
    return above if above in _IN_FORCE_BELOW[characteristic] else own


def _inherited_hints(parent: Attribute | None) -> frozenset[Hint]:
    return parent.hints & {Hint.sensitive} if parent else frozenset()


def served_document(document: SchemaDocument) -> SchemaDocument:
    """Return a schema document as /Schemas serves it: descriptions on one line, nothing that is null."""

    def tidy(attribute: SchemaDocument) -> SchemaDocument:
        tidied = {key: value for key, value in attribute.items() if value is not None}
        if "description" in tidied:
            tidied["description"] = " ".join(tidied["description"].split())
        if tidied.get("subAttributes"):
            tidied["subAttributes"] = [tidy(sub) for sub in tidied["subAttributes"]]
        return tidied

    served = {key: document[key] for key in ("id", "name", "description") if document.get(key)}
    if "description" in served:
        served["description"] = " ".join(served["description"].split())
    attributes = [tidy(attribute) for attribute in document["attributes"]]
    return {"schemas": [SCHEMA_URN], **served, "attributes": attributes}


def hints_of_model(model: type[Any], prefix: str = "") -> Iterator[tuple[str, frozenset[Hint]]]:
    """Yield (path within the schema, hints) for the fields of a class that carry some."""
    for name, info in model.model_fields.items():
        root = model.get_field_root_type(name)
        path = f"{prefix}{info.serialization_alias}"
        found = {item for item in info.metadata if isinstance(item, Hint)}
        if root is EmailStr:
            found.add(Hint.email)
        if found:
            yield path, frozenset(found)
        if isinstance(root, type) and issubclass(root, scim2_models.ComplexAttribute) and not prefix:
            yield from hints_of_model(root, f"{path}.")


def _common_model() -> Any:
    """Return the attributes that every resource has (RFC 7643 §3.1), as scim2-models defines them."""
    base: Any = scim2_models.Resource
    names = ("id", "external_id", "meta")
    members = {
        "__schema__": scim2_models.URN("urn:ietf:params:scim:schemas:core:2.0:Resource"),
        "__annotations__": {name: base.__annotations__[name] for name in names},
        **dict.fromkeys(names),
    }
    # Declared anew: to_schema leaves out what a class inherits from Resource.
    return type("Resource", (base[Any],), members)


_SCHEMAS: SchemaDocument = {
    # readOnly: the server rebuilds it from what the resource holds, whatever a request says.
    "name": "schemas",
    "type": "string",
    "multiValued": True,
    "mutability": "readOnly",
    "returned": "always",
    "description": "The URNs of the schemas whose attributes are present.",
}

COMMON_ATTRIBUTES: Mapping[str, Attribute] = attribute_table(
    [_SCHEMAS, *_common_model().to_schema().model_dump(exclude_none=True)["attributes"]], ""
)
"""``schemas``, ``id``, ``externalId`` and ``meta`` by lower-case name (RFC 7643 §3, §3.1)."""
