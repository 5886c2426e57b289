"""The whole target, read once for a full resync, and found again by remote id, external id and e-mail."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from app.provisioning.adapter import Account
from app.provisioning.links import Link
from app.provisioning.matching import lookup_emails
from app.provisioning.operations import Reading, Sight
from app.provisioning.people import Person
from scim.keys import comparison_key


@dataclass(slots=True)
class Listing:
    """All accounts as of an instant. `read_at` is the instant at which the reading began."""

    read_at: str
    by_remote_id: dict[str, Account] = field(default_factory=dict)
    by_external_id: dict[str, list[Account]] = field(default_factory=lambda: defaultdict(list))
    by_email: dict[str, list[Account]] = field(default_factory=lambda: defaultdict(list))

    def add(self, account: Account) -> None:
        """Take an account in; one that comes twice counts once, as it was last seen."""
        if account.remote_id in self.by_remote_id:
            return
        self.by_remote_id[account.remote_id] = account
        if account.external_id:
            self.by_external_id[account.external_id].append(account)
        if account.email:
            self.by_email[comparison_key(account.email)].append(account)

    def sight(self, person: Person, link: Link, what: Reading, *, is_proof: bool = False) -> Sight | None:
        """What it shows of this person; None when the target itself has to be asked.

        Absence from a list is no proof: pages move while they are read. So before an account is created, or taken
        for vanished, the target is asked; only an inactive person without an account needs no second look, and a
        dry run (`is_proof`), which is checked when it is applied. What was written since the reading began is not
        compared with what stood there before.
        """
        if link.is_uncertain or self._is_older_than(link):
            return None
        if what is Reading.ACCOUNT:
            found = self.by_remote_id.get(link.remote_id or "")
            return Sight(what, (found,)) if found else Sight(what) if is_proof else None
        accounts = {a.remote_id: a for a in self.by_external_id.get(link.employee_id, ())}
        for email in lookup_emails(person, link):
            accounts.update({a.remote_id: a for a in self.by_email.get(comparison_key(email), ())})
        if not accounts and person.active and not is_proof:
            return None
        return Sight(what, tuple(accounts.values()))

    def _is_older_than(self, link: Link) -> bool:
        """Whether the account was written, or another comparison asked for, since the reading began."""
        return any(at is not None and at >= self.read_at for at in (link.delivered_at, link.compare_since))


def read(accounts: Iterable[Account], read_at: str, between: Callable[[], None]) -> Listing:
    """The listing of all these accounts; `between` is called after each, so that urgent work need not wait."""
    listing = Listing(read_at)
    for account in accounts:
        listing.add(account)
        between()
    return listing
