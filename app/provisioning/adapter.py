"""The small interface between provisioning and the systems it writes to.

An adapter turns field values into requests and answers into accounts. It decides nothing: matching, holding,
retrying and ordering are the planner's and the deliverer's. It keeps no state and may be used by several
threads at once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from app.outbound import OutboundError, OutboundSession, Response
from app.provisioning.errors import TargetError, from_outbound
from app.provisioning.fields import Value


@dataclass(frozen=True, slots=True)
class Request:
    """A request exactly as it will be sent.

    `path` is relative to the target's base URL, already percent-encoded, without a query. `body` are the
    bytes on the wire. `headers` hold what belongs to the body; the session adds the credentials.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Account:
    """An account as the target holds it.

    `values` has the neutral fields (app/provisioning/fields.py) that could be read, the empty ones left out.
    `protected` says why the account must not be changed without approval, None when it may be. `raw` is the
    target's own document.
    """

    remote_id: str
    email: str | None
    user_name: str | None
    active: bool
    external_id: str | None = None
    protected: str | None = None
    values: Mapping[str, Value] = field(default_factory=dict)
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class GroupAccount:
    """A group as the target holds it. `member_ids` are remote ids of accounts.

    `shows_members` is False where the target does not tell who is in a group: then `member_ids` is empty and
    says nothing.
    """

    remote_id: str
    name: str
    member_ids: frozenset[str] = frozenset()
    shows_members: bool = True


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a target said about itself; the caller keeps it in the settings' `capabilities`."""

    patch: bool = True
    filter: bool = True
    page_size: int = 100
    notes: tuple[str, ...] = ()

    def to_settings(self) -> dict[str, Any]:
        """A JSON object for the target's settings."""
        return {
            "patch": self.patch,
            "filter": self.filter,
            "page_size": self.page_size,
            "notes": list(self.notes),
        }

    @classmethod
    def from_settings(cls, stored: Mapping[str, Any]) -> Capabilities:
        """The capabilities that `to_settings` wrote; members that are missing take their defaults."""
        return cls(
            patch=bool(stored.get("patch", True)),
            filter=bool(stored.get("filter", True)),
            page_size=int(stored.get("page_size", 100)),
            notes=tuple(stored.get("notes", ())),
        )


class TargetAdapter(Protocol):
    """The shape of the classes in the registry's group `rollcall.targets`.

    A class is built with the target's settings, `Adapter(settings)`; it reads `capabilities` (what
    `Capabilities.to_settings` wrote), `profile` and what else is its own, and raises ValueError naming the
    setting that is wrong. The token goes into `auth_header`, after `auth_prefix`, unless the target says
    otherwise. Every method that takes `http` sends requests and raises the `TargetError` family of errors.py.
    All others are pure.
    """

    kind: ClassVar[str]
    label: ClassVar[str]

    def __init__(self, settings: Mapping[str, Any]) -> None:
        """An adapter with these settings."""

    @property
    def auth_header(self) -> str:
        """The header that carries the token, if the target does not name another."""

    @property
    def auth_prefix(self) -> str:
        """What stands before the token in `auth_header`: `"Bearer "`, or nothing."""

    @property
    def supported_fields(self) -> frozenset[str]:
        """The names of the fields that this target can hold."""

    @property
    def freezes_inactive(self) -> bool:
        """Whether a suspended account takes no change but its re-activation; other changes wait for that."""

    @property
    def takes_groups(self) -> bool:
        """Whether the target keeps groups and this adapter is a `GroupAdapter` for it."""

    @property
    def profile_defaults(self) -> Mapping[str, Any]:
        """Settings of `policies.SETTINGS` that suit this kind of target: `rate`, `concurrency`, `user_name` …

        They hold where the admin has set nothing; empty where nothing is known.
        """

    def describe(self, http: OutboundSession) -> Capabilities:
        """What the target can do, asked with read-only requests."""

    def find(self, http: OutboundSession, *, external_id: str | None, email: str | None) -> list[Account]:
        """The accounts that carry the external id we gave, or this work e-mail; each once.

        Compared here, exactly, with the comparison key: targets may ignore filters. More than one hit is the
        caller's to judge.
        """

    def fetch(self, http: OutboundSession, remote_id: str) -> Account | None:
        """The account with this remote id; None when the target answers that there is none."""

    def list_accounts(self, http: OutboundSession) -> Iterator[Account]:
        """Every account of the target, page by page.

        Raises `IncompleteListing` when totals lie, a page repeats or the cap is reached: then nothing may be
        concluded from who is missing.
        """

    def create_request(self, values: Mapping[str, Value], external_id: str) -> Request:
        """The request that creates the account."""

    def update_request(
        self,
        remote_id: str,
        changed: Mapping[str, Value | None],
        values: Mapping[str, Value],
        account_before: Account | None,
    ) -> Request:
        """The one request that writes the changed fields (None clears) and nothing else.

        `values` are all values that the target should hold; `account_before` is required when
        `needs_account_for_update(changed)`; its `active` must be the state in which the account is to stay
        when `changed` does not name it (a PUT carries the whole account). A user name is never changed: a PUT
        sends back the one that the account has.
        """

    def activation_request(self, remote_id: str, active: bool, account_before: Account | None) -> Request:
        """The request that suspends or re-activates, and changes nothing else.

        `account_before` is required when `needs_account_for_activation`.
        """

    def needs_account_for_update(self, changed: Mapping[str, Value | None]) -> bool:
        """Whether the update can only be written by someone who has just read the account."""

    @property
    def needs_account_for_activation(self) -> bool:
        """Whether a suspend needs the account just read (targets that only know PUT)."""

    def account_from(self, document: Mapping[str, Any]) -> Account:
        """The account in an answer's JSON document. Raises `Unintelligible` when it is none."""

    def account_in(self, response: Response) -> Account | None:
        """The account that the answer of a create or update carries; None when it carries none (204).

        Raises `error_from` on an answer that is not a success, `Unintelligible` on one that is no account.
        """

    def error_from(self, response: Response) -> TargetError:
        """The answer that is not a success, as a `TargetError`."""


class GroupAdapter(TargetAdapter, Protocol):
    """A target adapter that also writes groups (RFC 7643 §4.2), where `takes_groups` is true.

    Groups hold members by remote id, so accounts come first. Everything without `http` is pure.
    """

    def find_groups(self, http: OutboundSession, name: str) -> list[GroupAccount]:
        """The groups of this name, compared here with the comparison key; more than one is the caller's to judge."""

    def fetch_group(self, http: OutboundSession, remote_id: str) -> GroupAccount | None:
        """The group with this remote id; None when the target answers that there is none."""

    def create_group_request(self, name: str, member_ids: Collection[str] = ()) -> Request:
        """The request that creates the group, with as many of the members as the target takes at once.

        Who does not fit follows by `member_requests`: compare `group_in` of the answer with who should be in.
        """

    def first_members(self, member_ids: Collection[str]) -> tuple[str, ...]:
        """Those of the members that `create_group_request` takes along, in the order in which it names them."""

    def member_requests(self, remote_id: str, add: Collection[str], remove: Collection[str]) -> list[Request]:
        """The requests that put members in and take members out, removals first, each within the target's limit.

        Sending one again changes nothing; all others in the group stay.
        """

    def group_from(self, document: Mapping[str, Any]) -> GroupAccount:
        """The group in an answer's JSON document. Raises `Unintelligible` when it is none."""

    def group_in(self, response: Response) -> GroupAccount | None:
        """The group that the answer of a create or change carries; None when it carries none (204).

        Raises `error_from` on an answer that is not a success, `Unintelligible` on one that is no group.
        """


def send(http: OutboundSession, request: Request) -> Response:
    """The answer to the request, whatever its status. Raises `TargetError` when there is no usable one."""
    try:
        return http.call(
            request.method, request.path, query=request.query, body=request.body, headers=request.headers
        )
    except OutboundError as error:
        raise from_outbound(error) from error
