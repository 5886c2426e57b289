"""What is to be written to an account that is known to be a person's, and what keeps it from being written. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from app.provisioning.adapter import Account
from app.provisioning.fields import difference
from app.provisioning.gates import SUSPEND, closed, why_closed
from app.provisioning.links import Link, digest_of
from app.provisioning.operations import Decision, Operation
from app.provisioning.people import Person
from app.provisioning.policies import Policy
from app.provisioning.readers import Value

_ORPHAN = "the employee was deleted; the account stays at the target until someone clears it"
_KEPT = "inactive in the directory; the account is left as it is (`inactive=keep`)"
_FROZEN = "the target changes nothing of a suspended account; it gets this when it is active again"
BY_HAND = "held_by_hand"
HELD_BY_HAND = "an admin holds this person at this target: nothing but a suspend is sent until they let go"
COUNTERS = {
    "create": "created",
    "adopt": "adopted",
    "update": "updated",
    "activate": "activated",
    "suspend": "suspended",
}


def written(
    person: Person,
    link: Link,
    policy: Policy,
    account: Account | None,
    *,
    key: str,
    kind: str | None = None,
    inherited: Collection[str] = (),
) -> Decision:
    """The decision about an account that is known to be this person's.

    `inherited` are the fields that Rollcall sent for whose account it was before: those of an adopted one may be
    cleared, what only the target knows may not (rule 3).
    """
    compared = account if link.compares or kind is not None else None
    held = _held_there(link, compared, person.values)
    if policy.only_known and compared is not None:
        held = _unowed(link, held, person.values)
    leaves = not person.active and policy.inactive == "suspend"
    suspends = leaves and not link.shuts(SUSPEND) and held.get("active") is not False
    standing = _standing(person, link, policy)
    changed: dict[str, Value | None] = {}
    if standing.state in ("linked", "orphan"):
        own = tuple(inherited) if kind == "adopt" else (*link.sent, *link.sending)
        clearable = [n for n in own if policy.clears_field(n) and not (n == "manager" and person.waits_for)]
        changed = difference(person.values, held, clearable, policy.selection.create_only)
        if not person.active:
            changed.pop("active", None)
    withheld = policy.selection.create_only
    says: dict[str, Any] = {"account": account}
    if policy.freezes_inactive and changed and not person.active:
        withheld |= changed.keys()
        says |= {"counts": "waiting", "code": "change_waits", "reason": _FROZEN}
        changed = {}
    shut = closed(link, changed)
    if shut:
        changed = {name: value for name, value in changed.items() if name not in shut}
        withheld |= shut.keys()
        says |= {"counts": "waiting", "code": "change_waits", "reason": why_closed(link, shut.values())}
    if changed and link.refused_digest == digest_of(changed):
        changed = {}
        says |= {"state": "held", "code": link.reason_code, "reason": link.reason, "counts": "held"}
    elif standing.state in ("linked", "orphan"):
        says["is_confirmed"] = True
    if compared is not None:
        says["known"] = {name: held.get(name) for name in (*link.sent, *link.sending)}
    operation = _operation(person, link, account, suspends, changed, held, key, kind)
    if operation is not None:
        says |= {"operation": operation, "counts": COUNTERS[operation.kind]}
    return replace(standing, withheld=withheld, **says)


def _operation(
    person: Person,
    link: Link,
    account: Account | None,
    suspends: bool,
    changed: Mapping[str, Value | None],
    held: Mapping[str, Value],
    key: str,
    kind: str | None,
) -> Operation | None:
    """What writes this to the account; None when there is nothing to write, and it is not adopted either."""
    if not suspends and not changed and kind is None:
        return None
    if kind is None:
        kind = "suspend" if suspends else "activate" if changed.get("active") is True else "update"
    touched = [*changed, *(["active"] if suspends else [])]
    return Operation(
        kind=kind,
        employee_id=person.employee_id,
        label=person.label,
        version=person.version,
        values=person.values,
        reason=_why(kind, suspends, changed, key),
        remote_id=link.remote_id,
        key=key,
        suspends=suspends,
        changed=changed,
        before={name: held.get(name) for name in touched},
        account=account,
    )


def _why(kind: str, suspends: bool, changed: Mapping[str, Value | None], key: str) -> str:
    parts = []
    if kind == "adopt":
        parts.append(f"an account with the same {key} exists")
    if suspends:
        parts.append("inactive in the directory")
    if changed:
        parts.append("differs in " + ", ".join(changed))
    return "; ".join(parts) or "nothing to write"


def _held_there(link: Link, account: Account | None, wanted: Mapping[str, Value]) -> dict[str, Value]:
    """Field → value as the target holds it: from the account itself when compared, else from what was last sent."""
    if account is None:
        return {name: value for name, value in link.sent.items() if value is not None}
    held = dict(account.values) | {"active": account.active}
    if account.email is not None:
        held["workEmail"] = account.email
    for name, kept in link.normalised.items():
        if name in wanted and link.sent.get(name) == wanted[name] and held.get(name) == kept:
            held[name] = wanted[name]
    return held


def _unowed(link: Link, held: Mapping[str, Value], wanted: Mapping[str, Value]) -> dict[str, Value]:
    """What a source holds, but for what it is not owed: there its own word may be newer than the last import."""
    owed = {name for name in (*wanted, *link.sent) if link.sent.get(name) != wanted.get(name)}
    owed |= link.sending.keys()
    return {name: value for name, value in held.items() if name in owed} | {
        name: value for name, value in wanted.items() if name not in owed
    }


def _standing(person: Person, link: Link, policy: Policy) -> Decision:
    """The state of a link whose account is known, once all that may be sent is sent (rule 1)."""
    if person.is_gone:
        return Decision("orphan", "unchanged", "deleted", _ORPHAN)
    hindrance = held_by_hand(link) or blocked(person, policy)
    if hindrance is not None:
        return hindrance
    if not person.active and policy.inactive == "keep":
        return Decision("linked", "unchanged", "inactive_kept", _KEPT)
    if not person.active and link.shuts(SUSPEND):
        return Decision("linked", "waiting", "suspend_waits", why_closed(link, [SUSPEND]))
    return Decision("linked", "unchanged")


def held_by_hand(link: Link) -> Decision | None:
    """The decision about someone whom an admin holds at this target; None when nobody does."""
    return Decision("held", "held", BY_HAND, HELD_BY_HAND) if link.is_held else None


def blocked(person: Person, policy: Policy) -> Decision | None:
    """The decision about someone of whom nothing but a suspend may be sent; None where there is no hindrance.

    Who is known by a source's record needs no address of their own.
    """
    if policy.only_known:
        return _unmappable(person)
    if person.email is None:
        return Decision("waiting", "waiting", "no_work_email", "waiting: no work e-mail")
    if person.sharers:
        others = ", ".join(person.sharers)
        return Decision(
            "held",
            "held",
            "work_email_not_unique",
            f"work e-mail not unique: {person.email} belongs to {person.label} [{person.employee_id}] and {others}",
        )
    return _unmappable(person)


def _unmappable(person: Person) -> Decision | None:
    if person.unmapped:
        why = "; ".join(f"the mapping of {name} fails: {reason}" for name, reason in person.unmapped.items())
        return Decision("held", "held", "mapping_failed", f"{why}; change the mapping, or {person.label}")
    if person.flapping is not None:
        return Decision("held", "held", "flapping", person.flapping.reason, wakes_at=person.flapping.until)
    return None
