"""The planner: a person, a link and what was seen at the target in, a decision out. Pure: no SQL, no HTTP, no time.

The rules are those of provisioning.md §2; the number stands where one is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from app.provisioning import user_names
from app.provisioning.adapter import Account, TargetAdapter
from app.provisioning.gates import CREATE, why_closed
from app.provisioning.guards import WAY_OUT, guarded, user_name_taken
from app.provisioning.known import blocked, held_by_hand, written
from app.provisioning.links import Link, digest_of
from app.provisioning.matching import Match, match
from app.provisioning.operations import Decision, Operation, Outlook, Reading, Sight
from app.provisioning.people import Person
from app.provisioning.policies import Policy
from app.provisioning.starting import starts_later
from scim.keys import comparison_key

_VANISHED = "the account is no longer at the target; restore it there, or set `vanished=recreate`"
_NO_RECORD = "not needed: no record of this source is this person"


def outlook(person: Person, link: Link, policy: Policy, adapter: TargetAdapter) -> Outlook:
    """What must be read at the target before `decide` can be asked, and its answer where that shows it already."""
    if link.remote_id is None:
        return Outlook(_keys_needed(person, link, policy))
    if link.state == "vanished" and not link.compares and not _may_be_a_leaver(person, link, policy):
        return Outlook(Reading.NOTHING)
    if link.compares or link.state == "vanished":
        return Outlook(Reading.ACCOUNT)
    decision = decide(person, link, policy, Sight())
    draft = decision.operation
    if draft is None:
        return Outlook(Reading.NOTHING, decision)
    needs = draft.suspends and adapter.needs_account_for_activation
    if needs or adapter.needs_account_for_update(draft.changed):
        return Outlook(Reading.ACCOUNT)
    return Outlook(Reading.NOTHING, decision)


def _may_be_a_leaver(person: Person, link: Link, policy: Policy) -> bool:
    """Whether an account that vanished would be one to suspend, had it only seemed so (rule 1)."""
    return not person.active and link.active_there is not False and policy.inactive != "keep"


def _keys_needed(person: Person, link: Link, policy: Policy) -> Reading:
    if policy.only_known:
        return Reading.NOTHING
    if link.is_uncertain:
        return Reading.KEYS
    is_settled = not person.active and link.state == "not_needed" and link.compare_since is None
    is_blocked = (
        person.is_gone
        or link.is_held
        or blocked(person, policy) is not None
        or starts_later(person, policy) is not None
    )
    return Reading.NOTHING if is_blocked or is_settled or link.gate_run is not None else Reading.KEYS


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
    if person.waits_for is not None:
        decision = replace(decision, waits_for=person.waits_for)
    if not is_approved:
        return guarded(decision, policy, link)
    return replace(decision, needs_approval=False) if decision.needs_approval else decision


# --- a person with a stored remote id ----------------------------------------------------------------------------


def _linked(person: Person, link: Link, policy: Policy, sight: Sight) -> Decision:
    account = sight.accounts[0] if sight.accounts else None
    if sight.looked is Reading.ACCOUNT and account is None:
        return _vanished(person, policy)
    if link.state == "vanished" and account is None:
        return Decision("vanished", "held", link.reason_code, link.reason)
    return written(person, link, policy, account, key="remote id")


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


# --- a person without one ----------------------------------------------------------------------------------------


def _unlinked(person: Person, link: Link, policy: Policy, sight: Sight, taken: Mapping[str, str]) -> Decision:
    if policy.only_known:
        return Decision("not_needed", "unchanged", "no_record", _NO_RECORD, drops=person.is_gone)
    found = match(person, link, sight)
    if found.account is not None and found.is_ours:
        return _recovered(person, link, policy, found.account, found.key or "")
    if person.is_gone:
        return Decision("orphan", "unchanged", drops=True)
    hindrance = held_by_hand(link) or blocked(person, policy) or starts_later(person, policy)
    if hindrance is not None:
        return hindrance
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
    decision = written(person, known, policy, account, key=key)
    if decision.operation is None or not decision.operation.suspends:
        counts = "created" if decision.state in ("linked", "orphan") else decision.counts
        decision = replace(decision, counts=counts)
    return decision


def _adopted(person: Person, link: Link, policy: Policy, found: Match, account: Account) -> Decision:
    if found.owner is not None and found.owner.is_busy:
        reason = f"the account {account.remote_id} is being written for {found.owner.label}"
        return Decision(link.state, "waiting", "account_busy", reason, again_in=5.0)
    known = replace(link, remote_id=account.remote_id, gates={}, gate_run=None)
    inherited = found.owner.sent if found.owner else ()
    decision = written(person, known, policy, account, key=found.key or "", kind="adopt", inherited=inherited)
    takes_over = found.owner.employee_id if found.owner else None
    is_both = decision.operation is not None and decision.operation.suspends
    return replace(decision, takes_over=takes_over, needs_approval=is_both or policy.adopt == "hold")


def _created(person: Person, link: Link, policy: Policy, taken: Mapping[str, str]) -> Decision:
    if link.shuts(CREATE):
        return Decision("waiting", "waiting", "create_waits", why_closed(link, [CREATE]))
    names = user_names.candidates(person, policy)
    if comparison_key(names[0]) in policy.reserved:
        reason = f"the user name {names[0]!r} of {person.label} is reserved; {WAY_OUT}"
        return Decision("held", "held", "user_name_reserved", reason)
    free = user_names.free(names, policy, taken, refused=link.user_name_key)
    if not free:
        return user_name_taken(names[0], taken.get(comparison_key(names[0]), "an account at the target"))
    values = {**person.values, "userName": free[0]}
    if link.refused_digest == digest_of(values):
        return Decision("held", "held", link.reason_code, link.reason)
    operation = Operation(
        kind="create",
        employee_id=person.employee_id,
        label=person.label,
        version=person.version,
        values=values,
        reason="no account with this external id or work e-mail exists",
        other_names=free[1:],
    )
    return Decision("linked", "created", operation=operation, is_confirmed=True)
