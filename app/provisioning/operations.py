"""Operations and decisions: what the planner answers. Pure values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from app.provisioning.adapter import Account, Request, TargetAdapter
from app.provisioning.readers import Value

Changed = Mapping[str, Value | None]


class Reading(Enum):
    """What must be read at the target before a link can be decided."""

    NOTHING = "nothing"
    ACCOUNT = "account"
    KEYS = "keys"


@dataclass(frozen=True, slots=True)
class Owner:
    """The link that an account belongs to already."""

    employee_id: str
    state: str
    is_busy: bool
    label: str
    #: Field → value that Rollcall last sent for the owner.
    sent: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sight:
    """What was seen at the target: nothing, one account by its remote id, or the hits of the keys."""

    looked: Reading = Reading.NOTHING
    accounts: tuple[Account, ...] = ()
    owners: Mapping[str, Owner] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Operation:
    """What is done to one account.

    A `suspends` operation suspends first, by remote id and `active` alone, and writes `changed` afterwards, if
    there is any. `account` is the account as it was read, None when there was no need. `other_names` are the user
    names that a creation may fall back on, in their order.
    """

    kind: str
    employee_id: str
    label: str
    version: int
    values: Mapping[str, Value]
    reason: str
    remote_id: str | None = None
    key: str | None = None
    suspends: bool = False
    changed: Changed = field(default_factory=dict)
    before: Changed = field(default_factory=dict)
    account: Account | None = None
    other_names: tuple[str, ...] = ()

    @property
    def creates(self) -> bool:
        """Whether a new account is asked for."""
        return self.kind == "create" and self.remote_id is None

    @property
    def after(self) -> Changed:
        """Field → value that the operation leaves behind, of the fields that it touches."""
        if self.creates:
            return dict(self.values)
        return dict(self.changed) | ({"active": False} if self.suspends else {})


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a link: the operation, and the state it has once that is done (or at once, without one).

    `counts` is the counter that the outcome adds to. `account` was seen and found to be this person's.
    """

    state: str
    counts: str
    code: str | None = None
    reason: str | None = None
    operation: Operation | None = None
    account: Account | None = None
    #: The operation waits for an admin.
    needs_approval: bool = False
    #: The deleted employee whose account this one takes over.
    takes_over: str | None = None
    #: Seconds after which to look again; nothing is settled yet.
    again_in: float | None = None
    #: The instant at which to decide anew: the link stays due until then, and what it is waiting for is settled.
    wakes_at: str | None = None
    #: The employee without an account yet whom this one is to name as manager.
    waits_for: str | None = None
    #: Every selected field is as wanted once the operation is done.
    is_confirmed: bool = False
    #: Field of ours → value that the account was seen to hold, where it was compared.
    known: Mapping[str, Value | None] | None = None
    #: The remote id is forgotten: the account vanished and is to be created again.
    forgets: bool = False
    #: Fields that are not written now (a gate, create-only): what the target holds of them stays as it is.
    withheld: frozenset[str] = frozenset()
    #: The row itself goes: a deleted employee without an account.
    drops: bool = False


@dataclass(frozen=True, slots=True)
class Outlook:
    """What must be read before a link can be decided; the decision, where the planner had to make it to tell."""

    reading: Reading = Reading.NOTHING
    decision: Decision | None = None


def requests_of(operation: Operation, adapter: TargetAdapter) -> tuple[Request, ...]:
    """The writing requests of an operation in their order, byte for byte; () when nothing has to be written."""
    if operation.creates:
        return (adapter.create_request(operation.values, operation.employee_id),)
    if operation.remote_id is None:
        return ()
    requests = []
    account = operation.account
    if operation.suspends:
        requests.append(adapter.activation_request(operation.remote_id, False, account))
        account = replace(account, active=False) if account else None
    if operation.changed:
        requests.append(
            adapter.update_request(operation.remote_id, operation.changed, operation.values, account)
        )
    return tuple(requests)
