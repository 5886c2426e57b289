"""How fast Rollcall is to be: what each comparison is to reach, as a share of the other's speed."""

from __future__ import annotations

from dataclasses import dataclass

from bench import memberships, operations
from bench.contestants import BARE, PEER
from bench.operations import SIDE_BY_SIDE


@dataclass(frozen=True)
class Aim:
    """The ratio that is wanted, and the one below which something is wrong."""

    wanted: float
    floor: float

    def reached(self, ratio: float) -> str:
        """Return ``yes``, ``no``, or ``floor`` for what lies between the two.

        >>> [Aim(0.8, 0.7).reached(ratio) for ratio in (0.9, 0.75, 0.6)]
        ['yes', 'floor', 'no']
        """
        if ratio >= self.wanted:
            return "yes"
        return "floor" if ratio >= self.floor else "no"


#: What a page of the console may take on the server with 100,000 people, and a first visit on the wire.
CONSOLE_MS, CONSOLE_KB = 300.0, 90.0
_WRITE = Aim(0.5, 0.4)
_BESIDE_BARE = {
    operations.GET.name: Aim(0.8, 0.7),
    operations.FILTER.name: Aim(0.6, 0.6),
    operations.CREATE.name: _WRITE,
    operations.REPLACE.name: _WRITE,
    operations.PATCH.name: _WRITE,
}
_LIST_BESIDE_PEER = Aim(100.0, 100.0)
#: Database → single operations beside scim2-server, which keeps nothing: PostgreSQL pays for its round trips.
_BESIDE_PEER = {"sqlite": Aim(3.0, 3.0), "postgresql": Aim(2.0, 2.0)}
#: A large group beside a small one, where both answers leave the members out.
_BY_SIZE = Aim(0.8, 0.8)
_MEMBERSHIPS = frozenset(operation.name for operation in memberships.PAIRS[0])
_LIST, _SINGLE = operations.LIST.name, frozenset(operation.name for operation in SIDE_BY_SIDE)


def aim_of(database: str, operation: str, beside: str) -> Aim | None:
    """Return what Rollcall is to reach in an operation beside another server, None where nothing was set."""
    if operation in _MEMBERSHIPS:
        return _BY_SIZE
    if beside == BARE:
        return _BESIDE_BARE.get(operation)
    if beside != PEER or operation not in _SINGLE:
        return None
    return _LIST_BESIDE_PEER if operation == _LIST else _BESIDE_PEER[database]
