"""One operation carried out over HTTP. No database here: marks were committed before, results are written after."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from app.outbound import Exchange, OutboundError, OutboundSession
from app.provisioning.adapter import Account, Request, TargetAdapter, send
from app.provisioning.errors import (
    Conflict,
    RetryLater,
    TargetError,
    Unauthorised,
    Unintelligible,
    Vanished,
    from_outbound,
)
from app.provisioning.links import Link
from app.provisioning.matching import lookup_emails
from app.provisioning.operations import Operation, Reading, Sight
from app.provisioning.people import Person
from app.provisioning.wire import Stopped


@dataclass(slots=True)
class Outcome:
    """What came of reading for, or carrying out, one operation.

    `kind` is `done`, `unsent` (nothing, or nothing more, left), or the `outcome` of the error: `retry`,
    `unauthorised`, `refused`, `conflict`, `vanished`. `suspended` says that the suspend was delivered and read back.
    `account` is the account as the last answer showed it. `hits` are what a look-up after a conflict found.
    """

    kind: str = "done"
    suspended: bool = False
    account: Account | None = None
    error: TargetError | None = None
    hits: tuple[Account, ...] = ()
    exchanges: list[Exchange] = field(default_factory=list)

    @property
    def is_transient(self) -> bool:
        """Whether the target itself, not the person's data or account, is in the way."""
        return self.kind == "retry" and (self.error is None or self.error.code not in _OF_ONE)

    @property
    def is_throttled(self) -> bool:
        """Whether the target asked to be left alone for a while."""
        return self.error is not None and self.error.status in (429, 503)

    @property
    def asks_to_wait(self) -> bool:
        """Whether it did so in so many words: a 503 that names no time may as well be a target that is broken."""
        return self.error is not None and (
            self.error.status == 429 or (self.is_throttled and self.error.retry_after is not None)
        )


#: What is wrong with one account, or with Rollcall: the target answered, and others need not wait for it.
_OF_ONE = frozenset({"suspend_without_effect", "internal_error"})
#: An address that may not be called stays one: the target pauses, as it does for credentials that are refused.
_BAD_ADDRESS = frozenset({"address_refused", "bad_url", "other_host"})


def pauses(error: TargetError) -> bool:
    """Whether every other call to the target would fail too, until a person does something."""
    return isinstance(error, Unauthorised) or error.code in _BAD_ADDRESS


@contextmanager
def _judging(outcome: Outcome) -> Iterator[None]:
    """Turn whatever the exchange raises into the outcome's kind."""
    try:
        yield
    except Stopped:
        outcome.kind = "unsent"
    except TargetError as error:
        outcome.error = error
    except OutboundError as error:
        outcome.error = from_outbound(error)
    if outcome.error is not None:
        outcome.kind = "unauthorised" if pauses(outcome.error) else outcome.error.outcome


def look(
    adapter: TargetAdapter, http: OutboundSession, person: Person, link: Link, what: Reading
) -> tuple[Sight, Outcome]:
    """What is at the target for this person: the account of the stored remote id, or the hits of the keys."""
    outcome = Outcome()
    accounts: dict[str, Account] = {}
    with _judging(outcome):
        if what is Reading.ACCOUNT and link.remote_id is not None:
            account = adapter.fetch(http, link.remote_id)
            accounts = {} if account is None else {account.remote_id: account}
        elif what is Reading.KEYS:
            external_id: str | None = link.employee_id
            for email in lookup_emails(person, link) or (None,):
                for account in adapter.find(http, external_id=external_id, email=email):
                    accounts[account.remote_id] = account
                external_id = None
    return Sight(what, tuple(accounts.values())), outcome


def carry_out(
    adapter: TargetAdapter,
    http: OutboundSession,
    operation: Operation,
    requests: Sequence[Request],
    *,
    reads_back: bool = False,
) -> Outcome:
    """Send the requests of an operation in order and say what came of it.

    A suspend is read back: an answer of 200 that changed nothing is an error (rule 6). `reads_back` also reads the
    account after other writes whose answer does not show it.
    """
    outcome = Outcome()
    remaining = list(requests)
    with _judging(outcome):
        if operation.suspends:
            _suspend(adapter, http, operation, remaining.pop(0), outcome)
        for request in remaining:
            outcome.account = adapter.account_in(send(http, request))
            if outcome.account is None and operation.creates:
                raise Unintelligible(
                    "no_account",
                    "The target answered the creation without the account.",
                    may_have_been_processed=True,
                )
            if outcome.account is None and reads_back and operation.remote_id is not None:
                outcome.account = adapter.fetch(http, operation.remote_id)
    if outcome.kind == "conflict" and operation.creates:
        _look_after_conflict(adapter, http, operation, outcome)
    return outcome


def _suspend(
    adapter: TargetAdapter, http: OutboundSession, operation: Operation, request: Request, outcome: Outcome
) -> None:
    response = send(http, request)
    if not response.ok:
        raise adapter.error_from(response)
    account = adapter.fetch(http, operation.remote_id or "")
    if account is None:
        raise Vanished("vanished", "The account is no longer at the target.", status=404)
    if account.active:
        raise RetryLater(
            "suspend_without_effect", "The target accepted the suspend, but the account is still active."
        )
    outcome.suspended, outcome.account = True, account


def _look_after_conflict(
    adapter: TargetAdapter, http: OutboundSession, operation: Operation, outcome: Outcome
) -> None:
    """409 on create: an account with this external id or work e-mail may be adopted, whatever else is held."""
    looked = Outcome()
    email = operation.values.get("workEmail")
    with _judging(looked):
        found = adapter.find(
            http, external_id=operation.employee_id, email=email if isinstance(email, str) else None
        )
        outcome.hits = tuple(found)
    if looked.kind != "done":
        outcome.kind, outcome.error = looked.kind, looked.error


def is_conflict(outcome: Outcome) -> bool:
    """Whether the outcome is a conflict that a look-up could not explain."""
    return isinstance(outcome.error, Conflict) and not outcome.hits
