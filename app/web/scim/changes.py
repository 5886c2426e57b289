"""What clients change, in two halves: reading what a request says, before any transaction, and writing it in one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from dataclasses import replace as replace_fields
from typing import Any

from sqlalchemy import Connection

from app import directory
from app.directory import members as memberships
from app.directory import membership
from app.directory.shelves import Shelf
from app.directory.writing import Held, Resource, Written
from app.sources import pushing
from app.web.scim.exchange import Exchange
from scim.codec import Codec, Decoded, codec_of
from scim.errors import InvalidValue
from scim.immutable import check_immutable
from scim.membership import MemberChange, MemberPatch, membership_of
from scim.operations import Patch, parse_patch
from scim.parse import parse_json
from scim.patch import apply_patch
from scim.resources import GROUP, USER
from scim.schema import ResourceType

#: Ids that the same bulk request makes later → their resource type.
Promised = Mapping[str, str] | None


@dataclass(frozen=True, slots=True)
class Said:
    """What the body of a POST or PUT says, a group's members apart."""

    decoded: Decoded
    members: MemberChange | None = None

    @property
    def external_id(self) -> str | None:
        """Return what the client calls the resource."""
        return self.decoded.external_id


@dataclass(frozen=True, slots=True)
class SaidPatch:
    """What the body of a PATCH says; ``members`` is None where a group's members must be looked at to know."""

    patch: Patch
    members: MemberPatch | None = None


def read_create(exchange: Exchange, shelf: Shelf, source: bytes | dict[str, Any]) -> Said:
    """Return what a POST says; raises the errors of :meth:`scim.codec.Codec.decode_create`."""
    return _read(exchange, shelf, _codec(shelf).decode_create(source), clears=False)


def read_replace(exchange: Exchange, shelf: Shelf, source: bytes | dict[str, Any]) -> Said:
    """Return what a PUT says; raises the errors of :meth:`scim.codec.Codec.decode_replace`."""
    return _read(exchange, shelf, _codec(shelf).decode_replace(source), clears=True)


def _read(exchange: Exchange, shelf: Shelf, decoded: Decoded, *, clears: bool) -> Said:
    _note_dropped(exchange, decoded.dropped)
    if not shelf.is_groups:
        return Said(decoded)
    return Said(decoded, _all_members(decoded.document.pop("members", ()), clears=clears))


def _all_members(entries: Iterable[Mapping[str, Any]], *, clears: bool) -> MemberChange:
    displays: dict[str, str | None] = {}
    for entry in entries:
        if "value" not in entry:
            raise InvalidValue("members.value is missing: a member is named by the id of a User or Group.")
        displays[entry["value"]] = entry.get("display")
    said = {member_id: display for member_id, display in displays.items() if display}
    return MemberChange(clears, tuple(displays), displays=said)


def read_patch(exchange: Exchange, shelf: Shelf, source: bytes | dict[str, Any]) -> SaidPatch:
    """Return what a PATCH says; raises the errors of :func:`scim.operations.parse_patch`."""
    patch = parse_patch(parse_json(source) if isinstance(source, bytes) else source, shelf.resource_type)
    return SaidPatch(patch, membership_of(patch, shelf.resource_type) if shelf.is_groups else None)


def hold(connection: Connection, exchange: Exchange, shelf: Shelf, resource_id: str) -> Held:
    """Return the resource, locked; raises ``NotFound``."""
    principal = exchange.principal
    return directory.read_for_change(
        connection,
        principal.tenant_id,
        resource_id,
        principal.client_id,
        resource_type=shelf.resource_type,
    )


def create(
    connection: Connection,
    exchange: Exchange,
    shelf: Shelf,
    said: Said,
    *,
    resource_id: str | None = None,
    promised: Promised = None,
) -> Resource:
    """Create what a POST says."""
    decoded = said.decoded
    return directory.create(
        connection,
        exchange.principal.tenant_id,
        _actor(exchange),
        decoded.document,
        resource_type=shelf.resource_type,
        resource_id=resource_id,
        external_id=decoded.external_id,
        client_id=exchange.principal.client_id,
        secrets=decoded.secrets,
        members=said.members,
        promised=promised,
    )


def replace(
    connection: Connection, exchange: Exchange, held: Held, said: Said, *, promised: Promised = None
) -> Written:
    """Write what a PUT says.

    What the client could not have known stays: values that are never returned or only on request, and those that a
    source wrote, unless they were unassigned by name; and whether a person is active, unless it was said.
    """
    decoded = said.decoded
    document = _with_unseen(decoded, held)
    check_immutable(held.resource.document, document, held.resource.resource_type)
    return _written(
        connection,
        exchange,
        held,
        document,
        lambda _: decoded.document,
        external_id=decoded.external_id,
        secrets={**_cleared_secrets(held.resource.resource_type, decoded.cleared), **decoded.secrets},
        members=said.members,
        promised=promised,
    )


def _written(
    connection: Connection,
    exchange: Exchange,
    held: Held,
    document: directory.Document,
    again: Callable[[directory.Document], directory.Document],
    **rest: Any,
) -> Written:
    """Write what a client may write of ``document``; ``again`` is what the request makes of another one."""
    client_id = exchange.principal.client_id
    allowed = pushing.allowed(connection, held, client_id, document, again)
    exchange.dropped += allowed.dropped
    written = directory.change(connection, held, _actor(exchange), allowed.document, **rest)
    pushing.take_over(connection, held, client_id, allowed.spoken_for)
    return written


def patch(
    connection: Connection, exchange: Exchange, held: Held, said: SaidPatch, *, promised: Promised = None
) -> tuple[Written, str | None]:
    """Write what a PATCH says; return the outcome and what the client calls the resource now."""
    resource = held.resource
    codec, document, members = codec_of(resource.resource_type), resource.document, None
    if said.members is not None:
        patched, members = apply_patch(document, said.members.rest, codec), said.members.change
        wanted = patched.document
    elif resource.resource_type.schema.id == GROUP:
        patched = apply_patch({**document, **_with_members(connection, resource)}, said.patch, codec)
        wanted = {name: value for name, value in patched.document.items() if name != "members"}
        members = _all_members(patched.document.get("members", ()), clears=True)
    else:
        patched = apply_patch(document, said.patch, codec)
        wanted = patched.document
    _note_dropped(exchange, patched.dropped)
    check_immutable(document, wanted, resource.resource_type)
    if members is not None and members.added and not exchange.principal.settings.strict:
        members = _without_strangers(connection, exchange, members, promised or {})
    external_id = patched.external_id or (None if "externalId" in patched.cleared else held.external_id)
    written = _written(
        connection,
        exchange,
        held,
        wanted,
        lambda other: apply_patch(other, said.patch, codec).document,
        external_id=external_id,
        secrets={**_cleared_secrets(resource.resource_type, patched.cleared), **patched.secrets},
        members=members,
        promised=promised,
    )
    return written, external_id


def _without_strangers(
    connection: Connection, exchange: Exchange, change: MemberChange, promised: Mapping[str, str]
) -> MemberChange:
    """Return a change without the members to add that do not exist, which the client's log names.

    A group push of a hundred must not fail because one of them left the directory a moment ago. A strict client, and
    a POST or PUT, which say how the whole group is, are told instead.
    """
    known = membership.types_of(connection, exchange.principal.tenant_id, change.added, promised)
    if len(known) == len(change.added):
        return change
    exchange.dropped += ("members.value",)
    return replace_fields(change, added=tuple(each for each in change.added if each in known))


def _with_members(connection: Connection, group: Resource) -> dict[str, Any]:
    found = memberships.members_of(connection, group.tenant_id, group.id)
    entries = [
        {"value": m.id, "type": m.type} | ({} if m.display is None else {"display": m.display}) for m in found
    ]
    return {"members": entries} if entries else {}


def delete(connection: Connection, exchange: Exchange, held: Held) -> None:
    """Delete a held resource."""
    directory.delete_held(connection, held, _actor(exchange))


def _actor(exchange: Exchange) -> directory.Actor:
    return directory.Actor("client", str(exchange.principal.client_id))


def _codec(shelf: Shelf) -> Codec:
    return codec_of(shelf.resource_type)


def _note_dropped(exchange: Exchange, dropped: tuple[str, ...]) -> None:
    """List unknown attributes in the client's log, or refuse them when the client is strict."""
    if not dropped:
        return
    if exchange.principal.settings.strict:
        raise InvalidValue(
            f"{dropped[0][:200]} is no attribute that is known here, and this client is set to strict."
        )
    exchange.dropped += dropped


def _cleared_secrets(resource_type: ResourceType, cleared: frozenset[str]) -> dict[str, None]:
    """Return None for each sealed value that was unassigned by name."""
    if not cleared:
        return {}
    sealed = {
        a.path
        for a in resource_type.walk()
        if a.returned == "never" and (a.schema_id, a.path) != (USER, "password")
    }
    return dict.fromkeys(path for path in cleared if path in sealed)


def _with_unseen(decoded: Decoded, held: Held) -> directory.Document:
    """Return the replacing document with what the client could not have known laid under it."""
    document, before = dict(decoded.document), held.resource.document
    resource_type = held.resource.resource_type
    is_person = held.resource.resource_type.schema.id == USER
    if is_person and "active" not in document and "active" in before and "active" not in decoded.cleared:
        document["active"] = before["active"]
    fed = frozenset(path for path, owner in held.owners.items() if owner.startswith("source:"))
    core = _unseen(resource_type.attributes.values(), before, decoded, fed)
    for name, value in core.items():
        document.setdefault(name, value)
    for extension, _ in resource_type.extensions:
        if extension.id in decoded.cleared:
            continue
        unseen = _unseen(extension.attributes.values(), before.get(extension.id, {}), decoded, fed)
        if unseen:
            document[extension.id] = {**unseen, **document.get(extension.id, {})}
            if extension.id not in document["schemas"]:
                document["schemas"] = [*document["schemas"], extension.id]
    return document


def _unseen(
    attributes: Any, before: Mapping[str, Any], decoded: Decoded, fed: frozenset[str]
) -> dict[str, Any]:
    """Return the values of attributes that only somebody else could have said."""
    return {
        attribute.name: before[attribute.name]
        for attribute in attributes
        if attribute.name in before
        and attribute.path not in decoded.cleared
        and (
            attribute.returned == "request"
            or attribute.mutability in ("immutable", "readOnly")
            or _is_fed(attribute.path, fed)
        )
    }


def _is_fed(path: str, fed: frozenset[str]) -> bool:
    return any(known == path or known.startswith((f"{path}.", f"{path}[")) for known in fed)
