"""Schemas and resource types: what a resource of each kind holds, from scim2-models classes or JSON.

Both ways meet in one: a class is written out as its RFC 7643 §7 document, and a document becomes a
table of attributes (:mod:`scim.attributes`). So the scim2-models classes stay the single definition.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import scim2_models

from scim.attributes import (
    COMMON_ATTRIBUTES,
    Attribute,
    Hint,
    SchemaDocument,
    attribute_table,
    hints_of_model,
    served_document,
)
from scim.errors import InvalidValue, echo
from scim.schema_documents import check_resource_type_document, check_schema_document

__all__ = ["Attribute", "Hint", "ResourceType", "Schema", "SchemaDocument", "SchemaSet"]


@dataclass(frozen=True, slots=True, eq=False)
class Schema:
    """A schema: its attributes by lower-case name, and the document that /Schemas serves."""

    id: str
    name: str
    description: str
    attributes: Mapping[str, Attribute] = field(repr=False)
    document: SchemaDocument = field(repr=False)
    extends: bool = False
    """Whether it is an extension: its attributes live in an object under its URN."""

    @classmethod
    def from_document(
        cls,
        document: SchemaDocument,
        *,
        extends: bool = False,
        hints: Mapping[str, frozenset[Hint]] | None = None,
    ) -> Schema:
        """Return the schema that an RFC 7643 §7 document describes.

        :param extends: the schema is an extension: its paths start with its URN.
        :param hints: by path relative to the schema (``emails.value``).
        :raises InvalidValue: the document is not a schema; the message names the place.
        """
        check_schema_document(document)
        urn = document["id"]
        return cls(
            id=urn,
            name=document.get("name") or urn,
            description=document.get("description") or "",
            attributes=attribute_table(document["attributes"], urn, extends=extends, hints=hints),
            document=served_document(document),
            extends=extends,
        )

    @classmethod
    def from_model(cls, model: type[Any]) -> Schema:
        """Return the schema of a scim2-models ``Resource`` or ``Extension`` class."""
        document = model.to_schema().model_dump(exclude_none=True)
        extends = issubclass(model, scim2_models.Extension)
        return cls.from_document(document, extends=extends, hints=dict(hints_of_model(model)))


@dataclass(frozen=True, slots=True, eq=False)
class ResourceType:
    """A kind of resource (RFC 7643 §6): its core schema, and the extensions it may carry."""

    name: str
    endpoint: str
    schema: Schema
    extensions: tuple[tuple[Schema, bool], ...] = ()
    """Extension and whether a resource must carry it."""
    description: str = ""
    served: bool = True
    """Whether clients reach it; what is not served is not listed by discovery either."""
    attributes: Mapping[str, Attribute] = field(init=False, repr=False)
    """The core schema's attributes and the common ones (``id``, ``meta``, …), by lower-case name."""
    _schemas: Mapping[str, Schema] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "attributes", {**COMMON_ATTRIBUTES, **self.schema.attributes})
        schemas = {schema.id.lower(): schema for schema in self.schemas}
        object.__setattr__(self, "_schemas", schemas)

    @property
    def schemas(self) -> tuple[Schema, ...]:
        """The core schema, then the extensions in their declared order."""
        return (self.schema, *(extension for extension, _ in self.extensions))

    def schema_of(self, urn: str) -> Schema | None:
        """Return the core or extension schema with that URN in any case, or None."""
        return self._schemas.get(urn.lower())

    def attributes_of(self, schema: Schema) -> Mapping[str, Attribute]:
        """Return what may follow a schema's URN; for the core schema the common attributes too."""
        return self.attributes if schema is self.schema else schema.attributes

    def split(self, text: str) -> tuple[Schema | None, str]:
        """Return the schema that a path starts with and the rest: ``urn:…:User:name.givenName``.

        Without a URN the core schema; a bare URN leaves ``""``; an unknown URN gives None. The
        longest URN wins, since one may be the beginning of another.
        """
        if text[:4].lower() != "urn:":
            return self.schema, text
        if exact := self.schema_of(text):
            return exact, ""
        found = [s for urn, s in self._schemas.items() if text[: len(urn) + 1].lower() == urn + ":"]
        if not found:
            return None, text
        schema = max(found, key=lambda candidate: len(candidate.id))
        return schema, text[len(schema.id) + 1 :]

    def resolve(self, text: str) -> Attribute | None:
        """Return the attribute or sub-attribute that RFC 7644 §3.10 notation names, or None.

        Names and URNs in any case; no value filters. A bare URN is a schema: see :meth:`split`.
        """
        schema, rest = self.split(text)
        if schema is None or not rest:
            return None
        name, dot, sub_name = rest.partition(".")
        attribute = self.attributes_of(schema).get(name.lower())
        if attribute is None or not dot:
            return attribute
        return attribute.sub_attribute(sub_name)

    def walk(self) -> Iterator[Attribute]:
        """Yield every attribute of the type, each followed by its sub-attributes."""
        for table in (self.attributes, *(extension.attributes for extension, _ in self.extensions)):
            for attribute in table.values():
                yield attribute
                yield from attribute.sub_attributes.values()


@dataclass(frozen=True, slots=True, eq=False)
class SchemaSet:
    """All that one tenant can hold: resource types by lower-case name, schemas by lower-case URN."""

    resource_types: Mapping[str, ResourceType]
    schemas: Mapping[str, Schema]

    @classmethod
    def of(cls, resource_types: Iterable[ResourceType], further: Iterable[Schema] = ()) -> SchemaSet:
        """Return the set of these resource types, their schemas, and further schemas to serve."""
        types = {resource_type.name.lower(): resource_type for resource_type in resource_types}
        schemas = {s.id.lower(): s for resource_type in types.values() for s in resource_type.schemas}
        return cls(types, {**schemas, **{schema.id.lower(): schema for schema in further}})

    @classmethod
    def from_models(cls, *models: type[Any], served: Sequence[str] | None = None) -> SchemaSet:
        """Return the set of scim2-models resource classes, such as ``User[EnterpriseUser]``.

        :param served: the names of the resource types that clients reach; all by default.
        """
        return cls.of(_resource_type_of_model(model, served) for model in models)

    @classmethod
    def from_documents(
        cls,
        schemas: Iterable[SchemaDocument],
        resource_types: Iterable[SchemaDocument],
        *,
        base: SchemaSet | None = None,
    ) -> SchemaSet:
        """Return the set that RFC 7643 §7 and §6 documents describe, on top of ``base``.

        A resource type of a name that ``base`` knows adds its extensions to it: so a document extends
        User, whose own extensions stay whether the document names them or not. Schemas of ``base`` may
        be referred to, not redefined.

        :raises InvalidValue: a document is malformed, refers to an unknown schema, moves a resource
            type of ``base``, or takes the URN, name or endpoint of another one.
        """
        type_documents = list(resource_types)
        for document in type_documents:
            check_resource_type_document(document)
        extending = {e["schema"].lower() for d in type_documents for e in d.get("schemaExtensions") or ()}
        known = dict(base.schemas) if base else {}
        for document in schemas:
            check_schema_document(document)
            schema = Schema.from_document(document, extends=document["id"].lower() in extending)
            if schema.id.lower() in known:
                raise InvalidValue(f"The schema {echo(schema.id)} exists already. Give yours another URN.")
            known[schema.id.lower()] = schema
        types = dict(base.resource_types) if base else {}
        described: set[str] = set()
        for document in type_documents:
            resource_type = _resource_type_of_document(document, known)
            name = resource_type.name.lower()
            if name in described:
                raise InvalidValue(f"The resource type {echo(resource_type.name)} is described twice.")
            described.add(name)
            types[name] = _extended(types[name], resource_type) if name in types else resource_type
        _check_endpoints(types.values())
        return cls(types, known)

    def resource_type(self, name: str) -> ResourceType | None:
        """Return the resource type of that name in any case, or None."""
        return self.resource_types.get(name.lower())

    def at(self, endpoint: str) -> ResourceType | None:
        """Return the served resource type at an endpoint such as ``/Users`` or ``Users``, or None."""
        wanted = "/" + endpoint.strip("/")
        return next((t for t in self.resource_types.values() if t.served and t.endpoint == wanted), None)

    def schema(self, urn: str) -> Schema | None:
        """Return the schema with that URN in any case, or None."""
        return self.schemas.get(urn.lower())


def _resource_type_of_model(model: type[Any], served: Sequence[str] | None) -> ResourceType:
    described = scim2_models.ResourceType.from_resource(model).model_dump()
    schema = Schema.from_model(model)
    models = model.get_extension_models()
    extensions = tuple(
        (Schema.from_model(models[extension["schema"]]), bool(extension["required"]))
        for extension in described.get("schemaExtensions") or ()
    )
    name = described["name"]
    is_served = served is None or name in served
    return ResourceType(name, described["endpoint"], schema, extensions, schema.description, is_served)


def _resource_type_of_document(document: SchemaDocument, known: Mapping[str, Schema]) -> ResourceType:
    def schema_at(urn: str, *, extends: bool) -> Schema:
        schema = known.get(urn.lower())
        if schema is None:
            raise InvalidValue(
                f"The resource type {echo(document['name'])} refers to the schema {echo(urn)}, which is "
                "neither built in nor among the documents. Load its schema document with it."
            )
        if schema.extends != extends:
            raise InvalidValue(f"The schema {echo(urn)} cannot be a core schema and an extension at once.")
        return schema

    core = schema_at(document["schema"], extends=False)
    if clash := COMMON_ATTRIBUTES.keys() & core.attributes.keys():
        name = core.attributes[min(clash)].name
        raise InvalidValue(
            f"Schema {echo(core.id)}, attribute {echo(name)}: every resource has it (RFC 7643 §3.1), "
            "and the server gives it its meaning. Leave it out of the schema."
        )
    return ResourceType(
        name=document["name"],
        endpoint=document["endpoint"],
        schema=core,
        extensions=tuple(
            (schema_at(entry["schema"], extends=True), entry.get("required", False))
            for entry in document.get("schemaExtensions") or ()
        ),
        description=document.get("description") or "",
    )


def _extended(built_in: ResourceType, described: ResourceType) -> ResourceType:
    """Return a resource type of the base with the extensions that a document describes beside its own."""
    if (described.endpoint, described.schema) != (built_in.endpoint, built_in.schema):
        raise InvalidValue(
            f"The resource type {built_in.name} is built in, at {built_in.endpoint} with the schema "
            f"{built_in.schema.id}: a document of that name adds extensions and changes nothing else."
        )
    extensions = {**dict(built_in.extensions), **dict(described.extensions)}
    return replace(built_in, extensions=tuple(extensions.items()))


def _check_endpoints(types: Iterable[ResourceType]) -> None:
    taken: dict[str, str] = {}
    for resource_type in types:
        other = taken.setdefault(resource_type.endpoint.lower(), resource_type.name)
        if other != resource_type.name:
            raise InvalidValue(
                f"The resource types {echo(other)} and {echo(resource_type.name)} both have the endpoint "
                f"{echo(resource_type.endpoint)}. Give one of them another."
            )
