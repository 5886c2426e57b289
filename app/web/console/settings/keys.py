"""The keys that seal secrets at rest: which seals what of this tenant, never the keys themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import render_template
from sqlalchemy import Connection, func, select

from app.access.encryption import KeyRing, key_file, key_ring
from app.database import reading
from app.keeping.sealed import SEALED
from app.web.console.blueprint import blueprint
from app.web.console.sessions import current_admin
from app.web.console.wording import Word

SEALS = Word("Seals", "Whatever is kept from now on is sealed with it.", "success")
OPENS = Word("Opens only", "It still opens what was sealed with it before.", "warning")
RETIRED = Word("Retired", "It opens nothing any more, and still proves old lines of the audit.", "secondary")
MISSING = Word("Missing", "Values are sealed with a key that this installation does not have.", "danger")


@dataclass(frozen=True, slots=True)
class KeyLine:
    """A key by its name, what it is for, and what is sealed with it: (what, how many)."""

    name: str
    role: Word
    seals: Sequence[tuple[str, int]]

    @property
    def total(self) -> int:
        """How many values are sealed with it."""
        return sum(number for _, number in self.seals)


@blueprint.shows("/settings/keys")
def settings_keys() -> str:
    """Show the keys, and whether a rotation is not done yet."""
    ring = key_ring()
    with reading() as connection:
        lines = lines_of(connection, current_admin().tenant_id, ring)
    return render_template(
        "console/settings/keys.html",
        lines=lines,
        old=sum(line.total for line in lines if line.role is OPENS),
        missing=sum(line.total for line in lines if line.role is MISSING),
        is_ours=key_file().is_ours,
    )


def lines_of(connection: Connection, tenant_id: int, ring: KeyRing) -> list[KeyLine]:
    """Return the keys with what each seals of one tenant; the missing ones last, if values need them."""
    found: dict[str, list[tuple[str, int]]] = {name: [] for name in ring.keys}
    unknown: list[tuple[str, int]] = []
    for column in SEALED:
        counted = [func.count(), *(func.count().filter(column.sealed_with(name)) for name in ring.keys)]
        total, *numbers = connection.execute(select(*counted).where(*column.of(tenant_id))).one()
        for name, number in zip(ring.keys, numbers, strict=True):
            if number:
                found[name].append((column.holds, number))
        if total > sum(numbers):
            unknown.append((column.holds, total - sum(numbers)))
    lines = [KeyLine(name, SEALS if name == ring.current else OPENS, found[name]) for name in ring.keys]
    lines += [KeyLine(name, RETIRED, []) for name in ring.chain_keys]
    return lines + ([KeyLine("(unknown)", MISSING, unknown)] if unknown else [])
