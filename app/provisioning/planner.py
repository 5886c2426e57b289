"""The planner: a person, a link and what was seen at the target in, a decision out. Pure: no SQL, no HTTP, no time.

The rules are those of provisioning.md §2; the number stands where one is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from app.provisioning.adapter import Account, TargetAdapter
from app.provisioning.fields import difference
from app.provisioning.gates import CREATE, SUSPEND, closed, why_closed
from app.provisioning.guards import WAY_OUT, guarded, user_name_taken
from app.provisioning.links import Link, digest_of
from app.provisioning.matching import Match, match
from app.provisioning.operations import Decision, Operation, Reading, Sight
from app.provisioning.people import Person
from app.provisioning.policies import Policy
from app.provisioning.readers import Value
from scim.keys import comparison_key

_ORPHAN = "the employee was deleted; the account stays at the target until someone clears it"
_VANISHED = "the account is no longer at the target; restore it there, or set `vanished=recreate`"
_COUNTERS = {
    "create": "created",
    "adopt": "adopted",
    "update": "updated",
    "activate": "activated",
    "suspend": "suspended",
}


def reading(person: Person, link: Link, policy: Policy, adapter: TargetAdapter) -> Reading:
    """What must be read at the target before `decide` can be asked."""
    if link.remote_id is None:
        return _keys_needed(person, link)
    if link.state == "vanished" and not link.compares:
        return Reading.NOTHING
    if link.compares:
        return Reading.ACCOUNT
    draft = decide(person, link, policy, Sight()).operation
    if draft is None:
        return Reading.NOTHING
    needs = draft.suspends and adapter.needs_account_for_activation
    return Reading.ACCOUNT if needs or adapter.needs_account_for_update(draft.changed) else Reading.NOTHING


def _keys_needed(person: Person, link: Link) -> Reading:
    if link.is_uncertain:
        return Reading.KEYS
    is_settled = not person.active and link.state == "not_needed" and link.compare_since is None
    blocked = (
        person.is_gone or person.email is None or person.sharers or is_settled or link.gate_run is not None
    )
    return Reading.NOTHING if blocked else Reading.KEYS


def decide(
    person: Person,
    link: Link,
    policy: Policy,
    sight: Sight,
    *,
    taken_user_names: Mapping[str, str] | None = None,
    is_approved: bool = False,
) -> Decision:
    """What is to be done about one link.

    `taken_user_names` are comparison key → label of those who hold a user name at this target through us.
    `is_approved` lets pass what needs an admin's approval.
    """
    if link.remote_id is not None:
        decision = _linked(person, link, policy, sight)
    else:
        decision = _unlinked(person, link, policy, sight, taken_user_names or {})
    return replace(decision, needs_approval=False) if is_approved else guarded(decision, policy, link)


# --- a person with a stored remote id ----------------------------------------------------------------------------


def _linked(person: Person, link: Link, policy: Policy, sight: Sight) -> Decision:
    account = sight.accounts[0] if sight.accounts else None
    if sight.looked is Reading.ACCOUNT and account is None:
        return _vanished(person, policy)
    if link.state == "vanished" and account is None:
        return Decision("vanished", "held", link.reason_code, link.reason)
    return _written(person, link, policy, account, key="remote id")


def _vanished(person: Person, policy: Policy) -> Decision:
    if person.is_gone:
        return Decision(
            "orphan", "unchanged", "vanished", "the employee was deleted and the account is gone too"
        )
    if policy.vanished == "recreate":
        return Decision(
            "new",
            "unchanged",
            "vanished",
            "the account vanished and is created again",
            forgets=True,
            again_in=0,
        )
    return Decision("vanished", "held", "vanished", _VANISHED)


def _written(
    person: Person, link: Link, policy: Policy, account: Account | None, *, key: str, kind: str | None = None
) -> Decision:
    """The decision about an account that is known to be this person's."""
    compared = account if link.compares or kind is not None else None
    held = _held_there(link, compared, person.values)
    suspends = not person.active and not link.shuts(SUSPEND) and held.get("active") is not False
    standing = _standing(person, link)
    changed: dict[str, Value | None] = {}
    if standing.state in ("linked", "orphan"):
        own = () if kind == "adopt" else (*link.sent, *link.sending)
        changed = difference(person.values, held, [name for name in own if policy.selection.sends(name)])
        if not person.active:
            changed.pop("active", None)
    shut = closed(link, changed)
    if shut:
        changed = {name: value for name, value in changed.items() if name not in shut}
        standing = replace(
            standing,
            counts="waiting",
            code="change_waits",
            reason=why_closed(link, shut.values()),
            withheld=frozenset(shut),
        )
    if changed and link.refused_digest == digest_of(changed):
        changed = {}
        standing = replace(standing, state="held", code=link.reason_code, reason=link.reason, counts="held")
    elif standing.state in ("linked", "orphan"):
        standing = replace(standing, is_confirmed=True)
    if compared is not None:
        standing = replace(standing, known={name: held.get(name) for name in (*link.sent, *link.sending)})
    return _decision(person, link, account, standing, suspends, changed, held, key, kind)


def _decision(
    person: Person,
    link: Link,
    account: Account | None,
    standing: Decision,
    suspends: bool,
    changed: Mapping[str, Value | None],
    held: Mapping[str, Value],
    key: str,
    kind: str | None,
) -> Decision:
    standing = replace(standing, account=account)
    if not suspends and not changed and kind is None:
        return standing
    if kind is None:
        kind = "suspend" if suspends else "activate" if changed.get("active") is True else "update"
    touched = [*changed, *(["active"] if suspends else [])]
    operation = Operation(
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
    return replace(standing, operation=operation, counts=_COUNTERS[kind])


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


def _standing(person: Person, link: Link) -> Decision:
    """The state of a link whose account is known, once all that may be sent is sent (rule 1)."""
    if person.is_gone:
        return Decision("orphan", "unchanged", "deleted", _ORPHAN)
    blocked = _blocked(person)
    if blocked is not None:
        return blocked
    if not person.active and link.shuts(SUSPEND):
        return Decision("linked", "waiting", "suspend_waits", why_closed(link, [SUSPEND]))
    return Decision("linked", "unchanged")


def _blocked(person: Person) -> Decision | None:
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
    return None


# --- a person without one ----------------------------------------------------------------------------------------


def _unlinked(person: Person, link: Link, policy: Policy, sight: Sight, taken: Mapping[str, str]) -> Decision:
    found = match(person, link, sight)
    if found.account is not None and found.is_ours:
        return _recovered(person, link, policy, found.account, found.key or "")
    if person.is_gone:
        return Decision("orphan", "unchanged", drops=True)
    blocked = _blocked(person)
    if blocked is not None:
        return blocked
    if sight.looked is Reading.NOTHING and link.state == "not_needed" and not person.active:
        return Decision("not_needed", "unchanged", link.reason_code, link.reason)
    if found.code is not None:
        return Decision("held", "held", found.code, found.reason)
    if found.account is not None:
        return _adopted(person, link, policy, found, found.account)
    if not person.active:
        return Decision("not_needed", "unchanged", "inactive", "not needed: inactive")
    return _created(person, link, policy, taken)


def _recovered(person: Person, link: Link, policy: Policy, account: Account, key: str) -> Decision:
    """An earlier attempt of ours did create the account: it is this person's, whatever else is owed."""
    known = replace(link, remote_id=account.remote_id, attempt_kind=link.attempt_kind or "create")
    decision = _written(person, known, policy, account, key=key)
    if decision.operation is None or not decision.operation.suspends:
        counts = "created" if decision.state in ("linked", "orphan") else decision.counts
        decision = replace(decision, counts=counts)
    return decision


def _adopted(person: Person, link: Link, policy: Policy, found: Match, account: Account) -> Decision:
    if found.owner is not None and found.owner.is_busy:
        reason = f"the account {account.remote_id} is being written for {found.owner.label}"
        return Decision(link.state, "waiting", "account_busy", reason, again_in=5.0)
    known = replace(link, remote_id=account.remote_id, gates={}, gate_run=None)
    decision = _written(person, known, policy, account, key=found.key or "", kind="adopt")
    takes_over = found.owner.employee_id if found.owner else None
    is_both = decision.operation is not None and decision.operation.suspends
    return replace(decision, takes_over=takes_over, needs_approval=is_both)


def _created(person: Person, link: Link, policy: Policy, taken: Mapping[str, str]) -> Decision:
    if link.shuts(CREATE):
        return Decision("waiting", "waiting", "create_waits", why_closed(link, [CREATE]))
    if link.refused_digest == digest_of(person.values):
        return Decision("held", "held", link.reason_code, link.reason)
    user_name = str(person.values.get("userName", ""))
    key = comparison_key(user_name)
    if key in policy.reserved:
        reason = f"the user name {user_name!r} of {person.label} is reserved; {WAY_OUT}"
        return Decision("held", "held", "user_name_reserved", reason)
    if key in taken:
        return user_name_taken(user_name, taken[key])
    operation = Operation(
        kind="create",
        employee_id=person.employee_id,
        label=person.label,
        version=person.version,
        values=person.values,
        reason="no account with this external id or work e-mail exists",
    )
    return Decision("linked", "created", operation=operation, is_confirmed=True)
