"""What needs an admin's approval, and what shows only when several decisions are seen together. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from app.provisioning import user_names
from app.provisioning.links import Link
from app.provisioning.operations import Decision, Operation
from app.provisioning.policies import Policy
from scim.keys import comparison_key

#: Whether the account is suspended too → code and subject of the sentence.
_ADOPTIONS = {
    True: ("adopt_and_suspend", "adopting an account and suspending it at once"),
    False: ("adoption_waits", "an account with this work e-mail exists already: taking it over"),
}
#: Seconds until somebody is looked up again whose address another account is about to get.
OWED_SECONDS = 5.0
WAY_OUT = "change a work e-mail, or create the account by hand: it is adopted"


def user_name_taken(user_name: str, other: str) -> Decision:
    """The decision to hold someone whose user name another person has."""
    reason = f"the user name {user_name!r} is taken by {other}; {WAY_OUT}; or set `user_name_suffix=number`"
    return Decision("held", "held", "user_name_taken", reason)


def guarded(decision: Decision, policy: Policy, link: Link) -> Decision:
    """The decision, its operation kept for approval where a protected account, or adopt and suspend, is concerned."""
    operation, account = decision.operation, decision.account
    if operation is None or operation.creates:
        return decision
    why = (account.protected if account else None) or link.protected
    names = [operation.remote_id, link.user_name_key, link.sent.get("workEmail")]
    names += [account.user_name, account.email] if account else []
    if why is None and policy.protects(*names):
        why = "it is on the target's protected list"
    writes = operation.suspends or bool(operation.changed) or operation.kind == "adopt"
    if why is not None and writes:
        reason = f"the account is protected ({why}): {operation.kind} needs `rollcall plan approve`"
        return replace(
            decision,
            state="held",
            code="protected_account",
            reason=reason,
            counts="held",
            needs_approval=True,
        )
    if decision.needs_approval:
        code, what = _ADOPTIONS[operation.suspends]
        return replace(
            decision, state="held", code=code, reason=f"{what} needs `rollcall plan approve`", counts="held"
        )
    return decision


def unless_owed(decision: Decision, link: Link, owed: Mapping[str, str]) -> Decision:
    """The decision, put off where it creates an account under an address that a deleted employee's is about to get.

    `owed` is comparison key of the address → label of the deleted one; the next look finds that account, and takes it.
    """
    operation = decision.operation
    if operation is None or not operation.creates:
        return decision
    label = owed.get(comparison_key(str(operation.values.get("workEmail", ""))))
    if label is None:
        return decision
    reason = f"the account of {label}, deleted since, is about to get this address"
    return Decision(link.state, "waiting", "account_busy", reason, again_in=OWED_SECONDS)


def without_collisions(decisions: Iterable[Decision]) -> list[Decision]:
    """The decisions, those held that would create one user name, or write one account, twice (rules 2 and 4).

    Whoever may have a numbered user name gets one instead.
    """
    decided = user_names.numbered(list(decisions))
    names: dict[str, list[Operation]] = defaultdict(list)
    accounts: dict[str, list[Operation]] = defaultdict(list)
    for decision in decided:
        operation = decision.operation
        if operation is not None and operation.creates:
            names[comparison_key(str(operation.values.get("userName", "")))].append(operation)
        elif operation is not None and operation.remote_id is not None:
            accounts[operation.remote_id].append(operation)
    return [_uncollided(decision, names, accounts) for decision in decided]


def _uncollided(
    decision: Decision, names: Mapping[str, list[Operation]], accounts: Mapping[str, list[Operation]]
) -> Decision:
    operation = decision.operation
    if operation is None:
        return decision
    if operation.creates:
        user_name = str(operation.values.get("userName", ""))
        others = [o for o in names[comparison_key(user_name)] if o.employee_id != operation.employee_id]
        return user_name_taken(user_name, others[0].label) if others else decision
    others = [o for o in accounts[operation.remote_id or ""] if o.employee_id != operation.employee_id]
    if not others or operation.key == "remote id":
        return decision
    reason = (
        f"the account {operation.remote_id} matches {others[0].label} too; one of the two addresses is wrong"
    )
    return Decision("held", "held", "account_of_another", reason)
