"""The counters of a sync, in the words of `rollcall target sync --json`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

NAMES = ("created", "adopted", "updated", "suspended", "activated", "unchanged", "held", "waiting", "failed")


class Counts(Counter[str]):
    """Counter name → number of people."""

    def to_json(self) -> dict[str, int]:
        """Every counter, the zero ones too, in their order.

        >>> Counts(created=2).to_json()["created"]
        2
        """
        return {name: self[name] for name in NAMES}

    @property
    def written(self) -> int:
        """How many people something was written for."""
        return sum(self[name] for name in ("created", "adopted", "updated", "suspended", "activated"))


def counts_of(row: Mapping[str, int]) -> Counts:
    """The counters of a plan's row."""
    return Counts({name: row[name] for name in NAMES})
