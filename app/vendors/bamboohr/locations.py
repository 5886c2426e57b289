"""The addresses of locations by name: an employee carries nothing of its location but the name (vendors.md §5.3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.sources.records import Values
from app.vendors.bamboohr import records
from app.vendors.bamboohr.client import BambooHRClient


@dataclass(frozen=True, slots=True)
class Locations:
    """The addresses that a read works with; None when they are not known, so that nothing is cleared."""

    addresses: Mapping[str, Values] | None = None

    def of(self, values: Values) -> Values:
        """Return the address that goes with an employee's location.

        Nothing while addresses, or the employee's location, are unknown; an empty address for a place without one.
        """
        if not self.addresses or records.LOCATION not in values:
            return {}
        return self.addresses.get(_folded(values[records.LOCATION] or ""), records.no_address())


def read_locations(client: BambooHRClient, way: str) -> Locations:
    """Return the addresses as BambooHR has them now; unknown ones when `way` is ``none`` or the key may not see them.

    Raises as the client. An empty list counts as unknown: it is not believed to take everybody's address away.
    """
    if way == "none":
        return Locations()
    _, rows = client.locations(way)
    return Locations(by_name(rows) or None)


def by_name(rows: Iterable[tuple[str, Mapping[str, Any]]]) -> dict[str, Values]:
    """Return name → address; the first of equal names counts."""
    found: dict[str, Values] = {}
    for name, row in rows:
        if name.strip():
            found.setdefault(_folded(name), records.address_of(row))
    return found


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()
