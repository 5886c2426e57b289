"""Finding out what a target really does (rule 20): findings in words, and the settings that would suit it.

An adapter that knows its protocol asks more (`Prober`); every other one is asked what the protocol of adapters allows.
Nothing is deleted: an account that a writing probe made is left suspended, and named.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from app.outbound import OutboundError, OutboundSession
from app.provisioning.adapter import Account, Capabilities, TargetAdapter, send
from app.provisioning.errors import Conflict, TargetError, Unauthorised
from app.provisioning.fields import Value

#: A domain that no mail can reach (RFC 2606).
NOWHERE = "example.invalid"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found out. `state` is `ok`, `note`, `warning`, or `unknown` when it could not be told."""

    name: str
    state: str
    words: str


@dataclass(frozen=True, slots=True)
class Difference:
    """A member of a profile that the target has otherwise; `setting` is its text in `--set`."""

    member: str
    profile_says: Any
    found: Any
    setting: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """The shipped profile that is nearest to what was found, and what differs from it all the same."""

    profile: str
    label: str
    differences: tuple[Difference, ...] = ()
    unverified: tuple[str, ...] = ()

    def set_lines(self, settings: Mapping[str, Any]) -> list[str]:
        """The `KEY=VALUE` of the `--set` options that would make a target with these settings fit."""
        wanted = {"profile": self.profile} | {each.member: each.setting for each in self.differences}
        held = {"profile": "generic"} | {name: str(value) for name, value in settings.items()}
        return [f"{name}={text}" for name, text in wanted.items() if held.get(name) != text]


@dataclass(slots=True)
class Report:
    """What a probe found. `left` names accounts that it made and left suspended."""

    capabilities: Capabilities = field(default_factory=Capabilities)
    findings: list[Finding] = field(default_factory=list)
    has_accounts: bool = False
    proposal: Proposal | None = None
    left: list[str] = field(default_factory=list)

    def add(self, name: str, state: str, words: str) -> None:
        """Note a finding."""
        self.findings.append(Finding(name, state, words))

    @contextmanager
    def asking(self, name: str) -> Iterator[None]:
        """Turn an error into a finding `unknown`. Raises `Unauthorised`: nothing else would succeed."""
        try:
            yield
        except Unauthorised:
            raise
        except TargetError as error:
            self.add(name, "unknown", f"It could not be found out: {error.message}")
        except OutboundError as error:
            self.add(name, "unknown", f"It could not be found out: {error.message}")


@runtime_checkable
class Prober(Protocol):
    """An adapter that finds out more about its target than every adapter can."""

    def probe(self, http: OutboundSession, *, writes: bool) -> Report:
        """What the target does. Raises `TargetError` when it cannot be reached, or refuses the credentials."""


def probe(adapter: TargetAdapter, http: OutboundSession, *, writes: bool = False) -> Report:
    """What the target does; with `writes`, found out with an account made for it.

    Raises `TargetError` when the target cannot be reached, refuses the credentials, or is none.
    """
    if isinstance(adapter, Prober):
        return adapter.probe(http, writes=writes)
    report = Report(capabilities=adapter.describe(http))
    report.add("reachable", "ok", "It answers, and takes the token.")
    with report.asking("list"):
        report.has_accounts = next(iter(adapter.list_accounts(http)), None) is not None
        report.add(
            "list", "ok", "Accounts can be listed." if report.has_accounts else "There is no account yet."
        )
    with report.asking("lookup"):
        strangers = adapter.find(http, external_id=None, email=nobody())
        state, words = (
            ("warning", "A look-up for nobody found somebody.") if strangers else ("ok", "Look-ups look up.")
        )
        report.add("lookup", state, words)
    if writes:
        write(adapter, http, report, values_of_nobody(adapter))
    return report


def nobody() -> str:
    """An e-mail address that nobody has."""
    return f"rollcall-probe-{secrets.token_hex(6)}@{NOWHERE}"


def values_of_nobody(adapter: TargetAdapter) -> dict[str, Value]:
    """The values of an account that stands for nobody; its user name has what careless targets rewrite."""
    email = nobody()
    values: dict[str, Value] = {
        "givenName": "Rollcall",
        "familyName": "Probe",
        "active": True,
        "workEmail": email,
        "userName": email if adapter.profile_defaults.get("user_name") == "email" else _dotted(email),
        "displayName": "Rollcall Probe",
        "middleName": "X",
        "title": "Made by a probe",
        "department": "Probes",
    }
    return {name: value for name, value in values.items() if name in adapter.supported_fields}


def _dotted(email: str) -> str:
    return email.partition("@")[0].replace("rollcall-probe-", "Rollcall.Probe.")


def write(
    adapter: TargetAdapter, http: OutboundSession, report: Report, values: Mapping[str, Value]
) -> Account | None:
    """Make an account, see what was kept, whether a second one like it is refused, and whether a suspend sticks."""
    account = created(adapter, http, report, values)
    if account is None:
        return None
    judge_kept(report, account, values)
    ask_for_twin(adapter, http, report, values, account)
    leave_suspended(adapter, http, report, account)
    return account


def created(
    adapter: TargetAdapter, http: OutboundSession, report: Report, values: Mapping[str, Value]
) -> Account | None:
    """The account, as it reads back; None when it was refused, which is a finding."""
    with report.asking("create"):
        made = adapter.account_in(send(http, adapter.create_request(values, "rollcall-probe")))
        account = adapter.fetch(http, made.remote_id) if made else None
        if account is not None:
            report.add("create", "ok", f"An account was made: {values['workEmail']}.")
            return account
        report.add("create", "warning", "The account was accepted, but cannot be read back.")
    return None


def judge_kept(report: Report, account: Account, values: Mapping[str, Value]) -> None:
    """Say what the account holds otherwise than it was given."""
    lost = [name for name in values if name != "userName" and account.values.get(name) != values[name]]
    if lost:
        report.add("kept", "warning", f"It keeps something else than it was given: {', '.join(lost)}.")
    else:
        report.add("kept", "ok", "It keeps what it is given.")
    is_same = account.user_name == values.get("userName")
    words = (
        "The user name is kept as it was given." if is_same else "The user name is rewritten by the target."
    )
    report.add("user_name", "ok" if is_same else "note", words)
    if account.external_id is None:
        report.add("external_id", "note", "It keeps no external id: people are recognised by their e-mail.")


def ask_for_twin(
    adapter: TargetAdapter, http: OutboundSession, report: Report, values: Mapping[str, Value], first: Account
) -> None:
    """Say whether a second account like the first is refused; one that is not is left suspended too."""
    twin: Account | None = None
    with report.asking("uniqueness"):
        try:
            twin = adapter.account_in(send(http, adapter.create_request(values, "rollcall-probe")))
        except Conflict as error:
            report.add("uniqueness", "ok", f"A second account like it is refused ({error.status}).")
            return
        report.add("uniqueness", "warning", "It makes two accounts with one user name and e-mail address.")
    if twin is not None and twin.remote_id != first.remote_id:
        leave_suspended(adapter, http, report, twin)


def leave_suspended(adapter: TargetAdapter, http: OutboundSession, report: Report, account: Account) -> None:
    """Suspend the account, read it back, and say what is left at the target."""
    report.left.append(f"{account.email or account.user_name} ({account.remote_id})")
    with report.asking("suspend"):
        before = adapter.fetch(http, account.remote_id) if adapter.needs_account_for_activation else None
        response = send(http, adapter.activation_request(account.remote_id, False, before))
        if not response.ok:
            raise adapter.error_from(response)
        after = adapter.fetch(http, account.remote_id)
        if after is not None and after.active:
            report.add(
                "suspend",
                "warning",
                "It accepts a suspend, and the account stays active. Suspend it by hand.",
            )
        else:
            report.add("suspend", "ok", "A suspend is kept, and reads back.")
