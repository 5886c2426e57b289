"""Which profile fits what was observed at a service provider. Pure: observations in, a proposal out."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatch
from typing import Any

from app.provisioning.probing import Difference, Proposal
from app.vendors.scim import profile
from app.vendors.scim.profile import Profile

#: What was seen: member of `Profile` → its value; `filterable` maps attributes to yes or no. Unknown ones are missing.
Observed = Mapping[str, Any]


def proposal(observed: Observed, current: Profile, host: str = "") -> Proposal:
    """The shipped profile that fits best: the one of a vendor at this host, else the one that differs least.

    A vendor's profile brings its field list and user names along: without the vendor's host, or being the current one,
    it has to explain more than a single difference. A member that nobody has verified differs more cheaply than one
    that the vendor publishes.
    """
    known = {name: profile.load(name) for name in profile.names()}
    names = [current.name, *(name for name in ("generic", *known) if name != current.name)]

    def is_at_home(name: str) -> bool:
        return any(fnmatch(host.lower(), pattern) for pattern in known[name].hosts)

    def rank(name: str) -> tuple[bool, float, int]:
        found, is_there = known[name], is_at_home(name)
        is_strange = not is_there and (name not in (current.name, "generic"))
        return not is_there, _distance(observed, found) + is_strange, names.index(name)

    usable = [name for name in names if is_at_home(name) or known[name].auth_header == current.auth_header]
    found = known[min(usable, key=rank)]
    return Proposal(found.name, found.label, tuple(differences(observed, found)), found.unverified)


def differences(observed: Observed, against: Profile) -> list[Difference]:
    """The members that were seen otherwise than the profile says, by name."""
    found = []
    for member in profile.ADJUSTABLE.keys() & observed.keys():
        says, seen = getattr(against, member), _comparable(member, observed[member], against)
        if seen != says:
            found.append(Difference(member, _plain(says), _plain(seen), _text(seen)))
    return sorted(found, key=lambda each: each.member)


def _distance(observed: Observed, against: Profile) -> float:
    return sum(0.5 if each.member in against.unverified else 1.0 for each in differences(observed, against))


def _comparable(member: str, seen: Any, against: Profile) -> Any:
    """What was seen in the form of the profile: attributes that nobody asked about are as it says."""
    if member == "filterable":
        useful = {"externalId", *against.email_keys, *against.filterable}
        return frozenset(name for name in useful if seen.get(name, name in against.filterable))
    if member == "single_values":
        kept = {name: kind for name, kind in against.single_values.items() if name not in seen}
        return kept | {name: "work" for name, is_single in seen.items() if is_single}
    if member == "update" and against.update == "auto":
        return "auto"  # what was seen is kept as a capability, which `auto` goes by
    if member == "page_size":
        return min(seen, against.page_size)
    return seen


def _text(value: Any) -> str:
    """The value as `--set` takes it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        value = frozenset(f"{name}={kind}" for name, kind in value.items())
    return ",".join(sorted(value)) or profile.NONE if isinstance(value, frozenset) else str(value)


def _plain(value: Any) -> Any:
    """The value as JSON has it."""
    return (
        sorted(value)
        if isinstance(value, frozenset)
        else dict(value)
        if isinstance(value, Mapping)
        else value
    )
