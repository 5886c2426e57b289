"""Files of schemas and resource types, as people keep them and servers hand them out: what is in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from scim.attributes import SCHEMA_URN, SchemaDocument
from scim.discovery import RESOURCE_TYPE_URN
from scim.errors import BadRequest, InvalidValue, echo
from scim.parse import check_texts
from scim.resources import discovery_schemas, standard_schema_set
from scim.schema_documents import check_resource_type_document, check_schema_document

_MESSAGES = "urn:ietf:params:scim:api:"


@dataclass(frozen=True, slots=True)
class Bundle:
    """Sound documents: schemas by lower-case URN, resource types by lower-case name."""

    schemas: dict[str, SchemaDocument] = field(default_factory=dict)
    resource_types: dict[str, SchemaDocument] = field(default_factory=dict)

    def over(self, other: Bundle) -> Bundle:
        """Return the documents of both; those of ``self`` replace others of their URN or name."""
        return Bundle({**other.schemas, **self.schemas}, {**other.resource_types, **self.resource_types})

    def without(self, key: str) -> Bundle:
        """Return the documents without the one of a lower-case URN or name."""
        return Bundle(
            {urn: document for urn, document in self.schemas.items() if urn != key},
            {name: document for name, document in self.resource_types.items() if name != key},
        )


def bundled(files: Mapping[str, Any]) -> Bundle:
    """Return the documents in JSON values; whether they fit each other is not looked at.

    A value is a Schema (RFC 7643 §7), a ResourceType (§6), a list of them, or a ListResponse of them as
    another server's /Schemas answers it.

    :param files: what a person knows the value by, such as a file's name → the value.
    :raises InvalidValue: a document is malformed, given twice, or redefines a standard schema; the message
        names the file, the document in it, and the place in that. Or there is no document at all.
    """
    bundle = Bundle()
    places: dict[str, str] = {}
    for file, value in files.items():
        for place, document in _unfolded(file, value):
            try:
                key, kept = _kept(document, bundle)
            except BadRequest as error:
                raise InvalidValue(f"{place}: {error.detail}") from error
            if key in places:
                raise InvalidValue(f"{place}: {echo(key)} is given twice; {places[key]} has it too.")
            places[key] = place
            # A copy from another server says where that server has it.
            kept[key] = {name: item for name, item in document.items() if name != "meta"}
    if not places:
        raise InvalidValue("Nothing to load: there is no schema and no resource type in what was given.")
    return bundle


def _unfolded(place: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield (place, document) of each document in a JSON value: lists and ListResponses hold many."""
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _unfolded(f"{place}[{number}]", item)
    elif isinstance(value, dict) and isinstance(value.get("Resources"), list):
        yield from _unfolded(f"{place}: Resources", value["Resources"])
    else:
        yield place, value


def _kept(document: Any, bundle: Bundle) -> tuple[str, dict[str, SchemaDocument]]:
    """Return the key of a sound document and the part of a bundle that it belongs to; raises BadRequest."""
    check_texts(document)
    members = document if isinstance(document, dict) else {}
    declared = members.get("schemas")
    urns = [urn.lower() for urn in declared if isinstance(urn, str)] if isinstance(declared, list) else []
    if SCHEMA_URN.lower() in urns or "attributes" in members:
        check_schema_document(document)
        _refuse_standard(document["id"])
        return document["id"].lower(), bundle.schemas
    if RESOURCE_TYPE_URN.lower() in urns or "endpoint" in members:
        check_resource_type_document(document)
        return document["name"].lower(), bundle.resource_types
    raise InvalidValue(
        f"{echo(document, 60)} is neither a schema (with 'attributes') nor a resource type (with 'endpoint')."
    )


def _refuse_standard(urn: str) -> None:
    standard = {schema.id.lower() for schema in discovery_schemas()} | standard_schema_set().schemas.keys()
    if urn.lower() in standard or urn.lower().startswith(_MESSAGES):
        raise InvalidValue(
            f"The schema {echo(urn)} is a standard one and cannot be redefined. "
            "Put what you add into an extension with a URN of your own."
        )
