"""Where the values of an employee come from: who owns each, and the revision that made it what it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from app import directory
from app.access import clients


@dataclass(frozen=True, slots=True)
class Origin:
    """Who wrote the value of a path, as owners name them (`client:3`) and as people do (`client idp`), and when.

    `revision` is the last one that changed the value. An emptied value has an origin too.
    """

    path: str
    owner: str
    writer: str
    revision: int
    at: str
    run: int | None


def of(connection: Connection, tenant_id: int, employee_id: str) -> dict[str, Origin]:
    """Path → origin, of every value that an employee has or had; {} for an erased one."""
    owners = directory.owners(connection, tenant_id, employee_id)
    found: dict[str, Origin] = {}
    names: dict[str, str] = {}
    for revision in directory.revisions(connection, tenant_id, employee_id):
        for path in revision["changes"]:
            if path in found:
                continue
            owner = owners.get(path, revision["actor"])
            if owner not in names:
                names[owner] = writer_named(connection, tenant_id, owner)
            # Who said later what stood already owns it, and did not write it: the run is that of the writer.
            run = revision["run"] if revision["actor"] == owner else None
            rest = {"revision": revision["number"], "at": revision["at"], "run": run}
            found[path] = Origin(path, owner, names[owner], **rest)
    return found


def writer_named(connection: Connection, tenant_id: int, owner: str) -> str:
    """What people call a writer: `client idp` for `client:3`."""
    kind, _, id_ = owner.partition(":")
    if kind == "client" and id_.isdecimal():
        client = clients.with_id(connection, tenant_id, int(id_))
        return f"client {client.name if client else id_}"
    return f"{kind} {id_}"


def shown(origin: Origin) -> str:
    """An origin in a few words.

    >>> shown(Origin("title", "source:hr", "source hr", 3, "2026-11-22T11:14:19.000000Z", 7))
    'source hr, run 7, revision 3 of 2026-11-22 11:14'
    """
    run = f", run {origin.run}" if origin.run else ""
    return f"{origin.writer}{run}, revision {origin.revision} of {origin.at[:10]} {origin.at[11:16]}"


def latest(origins: Iterable[Origin]) -> Origin | None:
    """The one that was made last, None of none."""
    return max(origins, key=lambda origin: origin.revision, default=None)


def to_json(origins: Mapping[str, Origin]) -> dict[str, Any]:
    """Path → members, for `--json`."""
    return {
        path: {
            "owner": o.owner,
            "writer": o.writer,
            "revision": o.revision,
            "at": o.at,
            "run": o.run,
        }
        for path, o in sorted(origins.items())
    }
