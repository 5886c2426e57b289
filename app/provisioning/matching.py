"""Which account at the target is this person's (rules 2 and 3). Pure.

The match order is: the stored remote id, the external id that we gave, the work e-mail; never the user name.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.provisioning.adapter import Account
from app.provisioning.links import Link
from app.provisioning.operations import Owner, Sight
from app.provisioning.people import Person
from scim.keys import comparison_key


@dataclass(frozen=True, slots=True)
class Match:
    """The account of a person without a stored remote id, or why none can be named.

    `is_ours` says that an earlier attempt of ours created it. `owner` is the orphan link that holds it.
    """

    account: Account | None = None
    key: str | None = None
    is_ours: bool = False
    owner: Owner | None = None
    code: str | None = None
    reason: str | None = None


def match(person: Person, link: Link, sight: Sight) -> Match:
    """The account among those seen that is this person's; `Match()` when there is none."""
    by_external_id = [a for a in sight.accounts if a.external_id == link.employee_id]
    by_pending = _with_email(sight, _pending_email(link))
    by_email = _with_email(sight, person.email)
    found = {account.remote_id: account for account in (*by_external_id, *by_pending, *by_email)}
    if not found:
        return Match()
    if len(found) > 1:
        names = ", ".join(f"{a.remote_id} ({a.email or a.user_name})" for a in found.values())
        return Match(
            code="ambiguous_match",
            reason=f"{len(found)} accounts at the target match {person.label}: {names}; remove or merge all but one",
        )
    account = next(iter(found.values()))
    owner = sight.owners.get(account.remote_id)
    if owner is not None and owner.employee_id != link.employee_id and owner.state != "orphan":
        return Match(
            code="account_of_another",
            reason=f"the account {account.remote_id} belongs to {owner.label} already; one of the addresses is wrong",
        )
    is_ours = bool(by_external_id) or (link.is_uncertain and bool(by_pending))
    return Match(account, "externalId" if by_external_id else "work e-mail", is_ours and owner is None, owner)


def lookup_emails(person: Person, link: Link) -> tuple[str, ...]:
    """The addresses to look for: the present one, and the one under which an unanswered attempt may have created."""
    emails = {comparison_key(e): e for e in (person.email, _pending_email(link)) if e}
    return tuple(emails.values())


def _pending_email(link: Link) -> str | None:
    value = link.sending.get("workEmail") if link.attempt_kind == "create" else None
    return value if isinstance(value, str) else None


def _with_email(sight: Sight, email: str | None) -> list[Account]:
    if email is None:
        return []
    return [
        a for a in sight.accounts if a.email is not None and comparison_key(a.email) == comparison_key(email)
    ]
