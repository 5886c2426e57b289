"""Schemas and resource types that a tenant loads from JSON documents (RFC 7643 §7, §6), and takes away again.

A document replaces the one loaded before under its URN or name; the others stay. All of them are compiled together
before anything is written, and what would make stored values unreadable is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, exists, or_, select

from app.access import audit
from app.access.tables import Tenant
from app.database import require_writing, upsert
from app.directory import json_sql
from app.directory.listeners import Actor
from app.directory.reading import total
from app.directory.schemas import tenant_schemas
from app.directory.shelves import shelf_of
from app.directory.tables import Counter, LoadedSchemas, SealedValue
from app.errors import NotFoundError, WrongUse
from scim.errors import InvalidValue, echo
from scim.resources import standard_schema_set
from scim.schema import ResourceType, SchemaDocument, SchemaSet
from scim.schema_bundle import Bundle, bundled
from scim.schema_changes import Break, breaks

_tenant, _loaded, _sealed = Tenant.__table__, LoadedSchemas.__table__, SealedValue.__table__
_LONGEST_NAME: int = Counter.__table__.c.resource.type.length  # type: ignore[attr-defined]
_LONGEST_SEALED_PATH: int = _sealed.c.path.type.length  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load makes new or different: URNs of schemas and names of resource types; nothing: it wrote nothing."""

    schemas: tuple[str, ...]
    resource_types: tuple[str, ...]
    #: URNs and names whose documents were loaded before, the same.
    unchanged: tuple[str, ...]
    #: The tenant's schema version afterwards.
    version: int


@dataclass(frozen=True, slots=True)
class LoadedDocument:
    """One loaded document: a schema by its URN, or a resource type by its name."""

    kind: str
    name: str
    description: str
    #: Of a resource type; None for a schema.
    endpoint: str | None = None
    resources: int | None = None


def load(connection: Connection, tenant_id: int, actor: Actor, documents: Mapping[str, Any]) -> Loaded:
    """Load schemas and resource types; return what is new.

    Every process knows it :data:`app.directory.schemas.BELIEF_SECONDS` after the commit, this one at its next question.

    :param documents: file name (or what else a person knows it by) → JSON value: a Schema, a ResourceType, a list of
        them, or a ListResponse of them.
    :raises WrongUse: a document is malformed, redefines what is standard, or would make stored values unreadable. The
        message names the file, the document and the place in it. Nothing is written then.
    """
    require_writing(connection)
    _lock(connection, tenant_id)
    version, before = _read(connection, tenant_id)
    after, loaded = _checked(connection, tenant_id, version, before, documents)
    if loaded.schemas or loaded.resource_types:
        said = {"schemas": loaded.schemas, "resource_types": loaded.resource_types}
        _write(connection, tenant_id, actor, "schema.loaded", loaded.version, after, said)
    return loaded


def rehearse(connection: Connection, tenant_id: int, documents: Mapping[str, Any]) -> Loaded:
    """Return what :func:`load` would say, and raise what it would raise; nothing is written."""
    version, before = _read(connection, tenant_id)
    return _checked(connection, tenant_id, version, before, documents)[1]


def remove(connection: Connection, tenant_id: int, actor: Actor, urn_or_name: str) -> int:
    """Take a loaded schema or resource type away; return the tenant's schema version afterwards.

    :raises NotFoundError: the tenant loaded none of that URN or name.
    :raises WrongUse: resources of the type, or values of the attributes that would go, exist; or a resource type
        refers to the schema.
    """
    require_writing(connection)
    _lock(connection, tenant_id)
    version, before = _read(connection, tenant_id)
    key = urn_or_name.lower()
    if key not in before.schemas and key not in before.resource_types:
        raise NotFoundError(
            f"This tenant loaded no schema or resource type {echo(urn_or_name)}; rollcall schema list shows them."
        )
    for described in before.resource_types.values():
        if key in _schemas_of(described):
            raise WrongUse(
                f"The resource type {described['name']} refers to the schema {urn_or_name}. "
                f"Remove {described['name']} first, or load it without the schema."
            )
    after = before.without(key)
    _refuse_breaks(connection, tenant_id, before, after)
    _write(connection, tenant_id, actor, "schema.removed", version + 1, after, {"removed": urn_or_name})
    return version + 1


def listed(connection: Connection, tenant_id: int) -> list[LoadedDocument]:
    """Return what the tenant loaded: schemas by URN, then resource types by name with how many resources they have."""
    _, documents = _read(connection, tenant_id)
    schemas = [
        LoadedDocument("schema", document["id"], document.get("description") or document.get("name") or "")
        for _, document in sorted(documents.schemas.items())
    ]
    return schemas + [
        LoadedDocument(
            "resource type",
            document["name"],
            document.get("description") or "",
            document["endpoint"],
            total(connection, tenant_id, document["name"]),
        )
        for _, document in sorted(documents.resource_types.items())
    ]


def shown(connection: Connection, tenant_id: int, urn_or_name: str) -> SchemaDocument:
    """Return the document that the tenant loaded under a URN or name, or that of a standard schema.

    :raises NotFoundError: there is none.
    """
    _, documents = _read(connection, tenant_id)
    key = urn_or_name.lower()
    if found := documents.schemas.get(key) or documents.resource_types.get(key):
        return found
    if standard := standard_schema_set().schema(key):
        return standard.document
    raise NotFoundError(
        f"This tenant has no schema and loaded no resource type {echo(urn_or_name)}; "
        "rollcall schema list shows what it loaded."
    )


# ------------------------------------------------------------------------------------ what documents are


def _checked(
    connection: Connection, tenant_id: int, version: int, before: Bundle, documents: Mapping[str, Any]
) -> tuple[Bundle, Loaded]:
    """Return all documents after a load and what is new among them; raises ``WrongUse``."""
    try:
        given = bundled(documents)
    except InvalidValue as error:
        raise WrongUse(error.detail) from error
    after = given.over(before)
    schemas, same_schemas = _told_apart(before.schemas, given.schemas, "id")
    types, same_types = _told_apart(before.resource_types, given.resource_types, "name")
    _refuse_breaks(connection, tenant_id, before, after)
    is_new = bool(schemas or types)
    return after, Loaded(schemas, types, (*same_schemas, *same_types), version + is_new)


def _told_apart(
    before: Mapping[str, SchemaDocument], given: Mapping[str, SchemaDocument], member: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names of the documents that are new or different, and of those that are as before."""
    same = {key for key, document in given.items() if before.get(key) == document}
    return (
        tuple(document[member] for key, document in given.items() if key not in same),
        tuple(given[key][member] for key in given if key in same),
    )


def _compiled(documents: Bundle) -> SchemaSet:
    """Return the schema set of documents on top of the standard one; raises ``WrongUse``."""
    try:
        compiled = SchemaSet.from_documents(
            documents.schemas.values(), documents.resource_types.values(), base=standard_schema_set()
        )
    except InvalidValue as error:
        raise WrongUse(error.detail) from error
    for found in compiled.resource_types.values():
        _check_can_be_kept(found)
    return compiled


def _schemas_of(document: SchemaDocument) -> set[str]:
    """Return the lower-case URNs that a resource type document refers to."""
    extensions = document.get("schemaExtensions") or ()
    return {document["schema"].lower(), *(entry["schema"].lower() for entry in extensions)}


def _check_can_be_kept(found: ResourceType) -> None:
    """Raise ``WrongUse`` where the directory has no place for what is sound SCIM."""
    standard = standard_schema_set()
    if len(found.name) > _LONGEST_NAME:
        raise WrongUse(f"Resource type {echo(found.name)}: a name has at most {_LONGEST_NAME} characters.")
    if standard.resource_type(found.name) is None and standard.schema(found.schema.id):
        raise WrongUse(
            f"Resource type {found.name}: the schema {found.schema.id} belongs to a built-in resource type. "
            "Extend that one, or write a core schema of your own."
        )
    for attribute in found.walk():
        if attribute.returned == "never" and len(attribute.path) > _LONGEST_SEALED_PATH:
            raise WrongUse(
                f"Attribute {echo(attribute.path)} is never returned, and the path of such a one has at most "
                f"{_LONGEST_SEALED_PATH} characters with its URN."
            )


# -------------------------------------------------------------------------------- what values stand against


def _refuse_breaks(connection: Connection, tenant_id: int, before: Bundle, after: Bundle) -> None:
    """Raise ``WrongUse`` when stored values would not survive the change."""
    for found in breaks(_compiled(before), _compiled(after)):
        if not _is_stored(connection, tenant_id, found):
            continue
        name = found.resource_type.name
        if found.attribute is None:
            raise WrongUse(
                f"Resource type {name}: {found.change}, and resources of it exist. Delete them first."
            )
        raise WrongUse(
            f"Resource type {name}: {found.change}, and resources have values there. "
            "Remove the values first, or give what is new another name."
        )


def _is_stored(connection: Connection, tenant_id: int, found: Break) -> bool:
    """True when a resource exists that the change would break."""
    shelf = shelf_of(found.resource_type)
    query = select(shelf.table.c.id).where(*shelf.mine())
    if found.attribute is not None:
        functions = json_sql.of(connection.dialect.name)
        value = functions.value(shelf.table.c.compared, found.attribute.keys, "string")
        is_sealed = exists().where(
            _sealed.c.tenant_id == shelf.table.c.tenant_id,
            _sealed.c.resource_id == shelf.table.c.id,
            _sealed.c.path == found.attribute.path,
        )
        query = query.where(or_(value.is_not(None), is_sealed))
    return connection.execute(query.limit(1), {"tenant_id": tenant_id}).first() is not None


# ------------------------------------------------------------------------------------------------- rows


def _lock(connection: Connection, tenant_id: int) -> None:
    """Have loads of one tenant follow each other; SQLite's writing transactions do so anyway."""
    connection.execute(select(_tenant.c.id).where(_tenant.c.id == tenant_id).with_for_update(key_share=True))


def _read(connection: Connection, tenant_id: int) -> tuple[int, Bundle]:
    """Return the tenant's schema version and what it loaded."""
    row = connection.execute(select(_loaded).where(_loaded.c.tenant_id == tenant_id)).first()
    if row is None:
        return 0, Bundle()
    return row.version, Bundle(
        {document["id"].lower(): document for document in row.schemas},
        {document["name"].lower(): document for document in row.resource_types},
    )


def _write(
    connection: Connection,
    tenant_id: int,
    actor: Actor,
    action: str,
    version: int,
    documents: Bundle,
    said: dict[str, Any],
) -> None:
    """Store the tenant's documents under a new version, with an audit row."""
    values = {
        "version": version,
        "schemas": list(documents.schemas.values()),
        "resource_types": list(documents.resource_types.values()),
    }
    connection.execute(
        upsert(connection, _loaded)
        .values(tenant_id=tenant_id, **values)
        .on_conflict_do_update(index_elements=["tenant_id"], set_=values)
    )
    audit.record(
        connection, tenant_id, actor.name, action, f"schemas:{version}", {"version": version, **said}
    )
    tenant_schemas().forget(tenant_id)
