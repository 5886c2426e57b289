"""Group links as values: what the planner and the drain know of one group at one target. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.provisioning.tables import group_link_table

_COLUMNS = group_link_table.c


@dataclass(frozen=True, slots=True)
class GroupLink:
    """One group at one target, as it was read or claimed (columns of the same names: tables.py)."""

    key: str
    name: str
    remote_id: str | None = None
    state: str = "new"
    reason_code: str | None = None
    reason: str | None = None
    generation: int = 1
    compare_since: str | None = None
    attempt_started_at: str | None = None
    tries: int = 0
    first_failed_at: str | None = None
    lease_token: int = 0
    delivered_at: str | None = None

    @property
    def is_uncertain(self) -> bool:
        """Whether an attempt was started that is not known to have ended: the target must be looked at first."""
        return self.attempt_started_at is not None

    @property
    def compares(self) -> bool:
        """Whether the group itself is compared, not what was last sent."""
        return self.compare_since is not None or self.is_uncertain


NAMES: tuple[str, ...] = tuple(GroupLink.__dataclass_fields__)
COLUMNS = tuple(_COLUMNS[name] for name in NAMES)


def group_link_of(row: Any) -> GroupLink:
    """The group link of a row that has `COLUMNS`."""
    return GroupLink(**{name: getattr(row, name) for name in NAMES})
