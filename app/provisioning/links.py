"""Links as values: what the planner and the deliverer know of one, and the words of their states. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.provisioning.tables import link_table

_COLUMNS = link_table.c


@dataclass(frozen=True, slots=True)
class Link:
    """One employee at one target, as it was read or claimed (columns of the same names: tables.py)."""

    employee_id: str
    state: str = "new"
    remote_id: str | None = None
    external_id: str | None = None
    user_name_key: str | None = None
    active_there: bool | None = None
    reason_code: str | None = None
    reason: str | None = None
    generation: int = 0
    due_generation: int = 0
    delivered_generation: int = 0
    priority: int = 2
    sent: Mapping[str, Any] = field(default_factory=dict)
    normalised: Mapping[str, Any] = field(default_factory=dict)
    protected: str | None = None
    compare_since: str | None = None
    attempt_kind: str | None = None
    attempt_started_at: str | None = None
    sending: Mapping[str, Any] = field(default_factory=dict)
    gate_run: int | None = None
    waits_for: str | None = None
    refused_digest: str | None = None
    frozen: Mapping[str, Any] | None = None
    tries: int = 0
    first_failed_at: str | None = None
    lease_token: int = 0
    sync_id: int | None = None
    plan_id: int | None = None
    delivered_at: str | None = None
    delivered_version: int | None = None
    #: Classes of change that are not sent for this person → the plan in which they wait, None when discarded.
    gates: Mapping[str, int | None] = field(default_factory=dict)

    def shuts(self, change: str) -> bool:
        """Whether a class of change (gates.py) is not sent: at a gate, or before its import run has ended."""
        return change in self.gates or (self.gate_run is not None and not change.startswith(UNJUDGED))

    @property
    def is_held(self) -> bool:
        """Whether an admin holds the person at this target (holding.py)."""
        return HOLD in self.gates

    @property
    def is_uncertain(self) -> bool:
        """Whether an attempt was started whose outcome is not known: the target must be looked at first."""
        return self.attempt_kind is not None

    @property
    def is_dirty(self) -> bool:
        """Whether a mark asked for a push that has not been delivered (a plan may make a clean link due)."""
        return self.due_generation > self.delivered_generation or self.compare_since is not None

    @property
    def compares(self) -> bool:
        """Whether the target itself is compared, not what was last sent."""
        return self.compare_since is not None or self.is_uncertain


#: Classes that no breaker judges: only an undo shuts them.
UNJUDGED = ("activate", "value:")
#: The gate of an admin who holds the person: shut for everything but a suspend, no breaker and no undo opens it.
HOLD = "hold"
NAMES: tuple[str, ...] = tuple(name for name in Link.__dataclass_fields__ if name != "gates")
COLUMNS = tuple(_COLUMNS[name] for name in NAMES)
_MAPPINGS = tuple(NAMES.index(name) for name in ("sent", "normalised", "sending"))
_LEASE_TOKEN = NAMES.index("lease_token")


def link_of(row: Any, *, lease_token: int | None = None) -> Link:
    """The link of a row that begins with `COLUMNS`; with another `lease_token` where one is given."""
    values = list(row[: len(NAMES)])
    for place in _MAPPINGS:
        values[place] = values[place] or {}
    if lease_token is not None:
        values[_LEASE_TOKEN] = lease_token
    return Link(*values)


def digest_of(changed: Mapping[str, Any]) -> str:
    """A digest of a difference, by which a refused one is known again."""
    return hashlib.sha256(json.dumps(dict(changed), sort_keys=True).encode()).hexdigest()
