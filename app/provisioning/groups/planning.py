"""The planner of groups: a group link, its people and what was seen at the target in, a decision out. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from app.provisioning.adapter import GroupAccount
from app.provisioning.groups.links import GroupLink
from app.provisioning.policies import Policy

_VANISHED = "the group is no longer at the target; restore it there, or set `vanished=recreate`"


class Look(Enum):
    """What must be read at the target before a group can be decided."""

    NOTHING = "nothing"
    GROUP = "the group with the stored id"
    NAME = "the groups of this name"


@dataclass(frozen=True, slots=True)
class Roll:
    """Who should be in a group, and whom we put there: `ours` were last sent, or may have arrived."""

    wanted: frozenset[str] = frozenset()
    ours: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Changes:
    """Accounts to be put in and taken out."""

    add: frozenset[str] = frozenset()
    remove: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.add or self.remove)


@dataclass(frozen=True, slots=True)
class GroupDecision:
    """What becomes of a group: the state that it has once the changes are made (or at once, without any).

    `creates` asks for a new group, with `changes.add` as its members. `forgets` drops an id that is gone.
    """

    state: str
    code: str | None = None
    reason: str | None = None
    remote_id: str | None = None
    creates: bool = False
    changes: Changes = Changes()
    forgets: bool = False

    @property
    def writes(self) -> bool:
        """Whether requests have to be sent."""
        return self.creates or bool(self.changes)


def look_needed(link: GroupLink, roll: Roll) -> Look:
    """What must be read before `decide` can be asked. Nothing, on an ordinary tick of a group that is there."""
    if link.remote_id is None:
        return Look.NAME if roll.wanted or link.is_uncertain else Look.NOTHING
    return Look.GROUP if link.compares else Look.NOTHING


def decide(
    link: GroupLink, roll: Roll, policy: Policy, look: Look, seen: tuple[GroupAccount, ...] = ()
) -> GroupDecision:
    """What is to be done about one group; `seen` are the groups that the look found."""
    if look is Look.NAME:
        return _named(link, roll, policy, seen)
    if link.remote_id is None:
        return GroupDecision("new", reason="nobody is in this department: no group is needed")
    if look is Look.GROUP and not seen:
        if policy.vanished == "recreate":
            return GroupDecision("new", "vanished", "the group vanished and is created again", forgets=True)
        return GroupDecision("vanished", "vanished", _VANISHED, link.remote_id)
    if look is Look.NOTHING and link.state == "vanished":
        return GroupDecision("vanished", link.reason_code, link.reason, link.remote_id)
    return _there(link, roll, policy, link.remote_id, seen[0] if seen else None)


def _named(link: GroupLink, roll: Roll, policy: Policy, seen: tuple[GroupAccount, ...]) -> GroupDecision:
    if len(seen) > 1:
        ids = ", ".join(group.remote_id for group in seen)
        reason = (
            f"{len(seen)} groups at the target are called {link.name!r}: {ids}; rename or remove all but one"
        )
        return GroupDecision("held", "ambiguous_group", reason)
    if seen:
        return _there(link, roll, policy, seen[0].remote_id, seen[0])
    if not roll.wanted:
        return GroupDecision("new", reason="nobody is in this department: no group is needed")
    return GroupDecision("linked", creates=True, changes=Changes(add=roll.wanted))


def _there(
    link: GroupLink, roll: Roll, policy: Policy, remote_id: str, group: GroupAccount | None
) -> GroupDecision:
    is_exact = policy.group_members == "exact"
    changes = changes_of(roll, group, is_exact=is_exact, is_uncertain=link.is_uncertain)
    return GroupDecision("linked", remote_id=remote_id, changes=changes)


def changes_of(
    roll: Roll, group: GroupAccount | None, *, is_exact: bool = False, is_uncertain: bool = False
) -> Changes:
    """The accounts to put in and to take out.

    Without a `group` that shows its members, what was last sent decides; after an attempt of which nothing is known
    everybody is then put in again, which changes nothing for those who are in. Members whom we never put there stay
    (adoption never blanks: rule 3), unless `is_exact`.
    """
    if group is None or not group.shows_members:
        held = frozenset() if is_uncertain else roll.ours
        return Changes(roll.wanted - held, roll.ours - roll.wanted)
    goners = group.member_ids - roll.wanted
    return Changes(roll.wanted - group.member_ids, goners if is_exact else goners & roll.ours)
