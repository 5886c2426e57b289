"""User names of new accounts (rule 4): what a person would get, and the numbered ones where that is taken. Pure."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import replace

from app.provisioning.operations import Decision, Operation
from app.provisioning.people import Person
from app.provisioning.policies import Policy
from scim.keys import comparison_key

#: The last number that is tried: whoever has more namesakes than that needs a person.
LAST_NUMBER = 30


def candidates(person: Person, policy: Policy) -> tuple[str, ...]:
    """The user names that a person may get, the wanted one first: `ana`, and with numbers `ana2` `ana3` ….

    A number stands before the @ of a user name that is an address.
    """
    wanted = str(person.values.get("userName", ""))
    if not policy.numbers_user_names or not wanted:
        return (wanted,)
    name, at, domain = wanted.partition("@")
    return (wanted, *(f"{name}{number}{at}{domain}" for number in range(2, LAST_NUMBER + 1)))


def free(
    names: Sequence[str], policy: Policy, taken: Container[str], *, refused: str | None
) -> tuple[str, ...]:
    """Those of the names that are nobody's and not reserved; after the one that the target refused last, if any.

    `taken` and `refused` are comparison keys.
    """
    keys = [comparison_key(name) for name in names]
    start = keys.index(refused) + 1 if refused in keys and policy.numbers_user_names else 0
    return tuple(
        name
        for name, key in zip(names[start:], keys[start:], strict=True)
        if key not in taken and key not in policy.reserved
    )


def numbered(decisions: Sequence[Decision]) -> list[Decision]:
    """The decisions, those given another user name that would create one that an earlier employee of them gets."""
    used: set[str] = set()
    renamed: dict[str, Operation] = {}
    creations = [d.operation for d in decisions if d.operation is not None and d.operation.creates]
    for operation in sorted(creations, key=lambda each: each.employee_id):
        names = (str(operation.values.get("userName", "")), *operation.other_names)
        unused = [name for name in names if comparison_key(name) not in used]
        if not unused:
            continue
        used.add(comparison_key(unused[0]))
        if unused[0] != names[0]:
            renamed[operation.employee_id] = named(operation, unused)
    return [_with(decision, renamed) for decision in decisions]


def named(operation: Operation, names: Sequence[str]) -> Operation:
    """The creation with the first of these user names; the others are what it may fall back on."""
    values = {**operation.values, "userName": names[0]}
    return replace(operation, values=values, other_names=tuple(names[1:]))


def _with(decision: Decision, renamed: dict[str, Operation]) -> Decision:
    operation = decision.operation
    if operation is None or operation.employee_id not in renamed:
        return decision
    return replace(decision, operation=renamed[operation.employee_id])
