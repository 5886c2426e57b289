"""The JumpCloud target: REST v1 `systemusers` (vendors.md §6)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar
from urllib.parse import quote

from app.outbound import OutboundError, OutboundSession, Response
from app.provisioning import errors
from app.provisioning.adapter import Account, Capabilities, Request, send
from app.provisioning.fields import Value
from app.vendors.jumpcloud import systemuser
from app.vendors.jumpcloud.listing import Listing
from scim.keys import comparison_key

PAGE_SIZE = 100  # above it JumpCloud answers 400
_PATH = "/systemusers"
_JSON = (("Content-Type", "application/json"), ("Accept", "application/json"))

# Duplicates are a 400 whose text is not documented (vendors.md §6.2): every known way to say it.
_DUPLICATE = re.compile(
    r"already\s+(?:\w+\s+){0,2}(?:in\s+use|exists?|taken|used|assigned)"
    r"|duplicate|must\s+be\s+unique|not\s+unique|is\s+taken",
    re.IGNORECASE,
)
_DUPLICATE_CODES = (
    ("username", "user_name_taken"),
    ("email", "email_taken"),
    ("employeeidentifier", "employee_number_taken"),
)


class JumpCloudTarget:
    """A `TargetAdapter`. Settings: `organization_id` (multi-tenant admins), `external_id_attribute` (off).

    JumpCloud has no external id; with `external_id_attribute` the employee id is kept in a custom attribute
    of that name. It cannot be searched by, so accounts are found by e-mail, and by it in a full listing.
    """

    kind: ClassVar[str] = "jumpcloud"
    label: ClassVar[str] = "JumpCloud"
    auth_header: ClassVar[str] = "x-api-key"
    auth_prefix: ClassVar[str] = ""
    needs_account_for_activation: ClassVar[bool] = False
    supported_fields: ClassVar[frozenset[str]] = systemuser.SUPPORTED
    freezes_inactive: ClassVar[bool] = False
    takes_groups: ClassVar[bool] = False
    # No numbers are published (vendors.md §6.1): the usual policy holds.
    profile_defaults: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, settings: Mapping[str, Any]) -> None:
        organization = str(settings.get("organization_id") or "")
        if organization and not organization.isalnum():
            raise ValueError("organization_id is 24 letters and digits, as JumpCloud shows it")
        self._headers = (*_JSON, *([("x-org-id", organization)] if organization else []))
        self._external_id_attribute = str(settings.get("external_id_attribute") or "")

    # --- requests that only read ---

    def describe(self, http: OutboundSession) -> Capabilities:
        """What is fixed by the API, once one account could be listed."""
        self._asked(http, self._page_request(limit=1, skip=0))
        return Capabilities(patch=False, filter=True, page_size=PAGE_SIZE)

    def find(self, http: OutboundSession, *, external_id: str | None, email: str | None) -> list[Account]:
        """The accounts with this work e-mail, suspended ones too; the external id cannot be searched by."""
        if not email:
            return []
        spellings = dict.fromkeys((email, email.lower()))  # whether the search ignores case is not documented
        for spelling in spellings:
            accounts = map(self.account_from, Listing(self._search_pages(http, spelling)))
            found = {a.remote_id: a for a in accounts if _has_email(a, email)}
            if found:
                return list(found.values())
        return []

    def fetch(self, http: OutboundSession, remote_id: str) -> Account | None:
        """The account, None on 404."""
        try:
            return self.account_from(self._asked(http, self._request("GET", _address(remote_id))))
        except errors.Vanished:
            return None

    def list_accounts(self, http: OutboundSession) -> Iterator[Account]:
        """Every account, 100 a page, sorted by `_id`."""

        def page(skip: int) -> Any:
            return self._asked(http, self._page_request(limit=PAGE_SIZE, skip=skip))

        return map(self.account_from, Listing(page))

    # --- requests that write ---

    def create_request(self, values: Mapping[str, Value], external_id: str) -> Request:
        """A POST of what has a value; the state is always said, else the organisation's default decides."""
        record = systemuser.new_record(values)
        record.setdefault("state", systemuser.ACTIVE)
        if self._external_id_attribute:
            record["attributes"] = [{"name": self._external_id_attribute, "value": external_id}]
        return self._request("POST", _PATH, record)

    def update_request(
        self,
        remote_id: str,
        changed: Mapping[str, Value | None],
        values: Mapping[str, Value],
        account_before: Account | None,
    ) -> Request:
        """A PUT of the changed members; JumpCloud merges members and replaces arrays."""
        if account_before is None and systemuser.needs_record(changed):
            raise ValueError("addresses and phone numbers can only be written with the account as it is now")
        before = account_before.raw if account_before else {}
        return self._request("PUT", _address(remote_id), systemuser.changed_members(before, changed, values))

    def activation_request(self, remote_id: str, active: bool, account_before: Account | None) -> Request:
        """`state` alone; never `suspended` beside it."""
        return self.update_request(remote_id, {"active": active}, {}, account_before)

    def needs_account_for_update(self, changed: Mapping[str, Value | None]) -> bool:
        """True when addresses or phone numbers change."""
        return systemuser.needs_record(changed)

    # --- answers ---

    def account_from(self, document: Mapping[str, Any]) -> Account:
        """The account in a systemuser record."""
        remote_id = document.get("_id") if isinstance(document, Mapping) else None
        if not isinstance(remote_id, str) or remote_id in ("", ".", ".."):
            raise errors.Unintelligible("no_account", "The answer holds no systemuser with a usable _id.")
        name = self._external_id_attribute
        return Account(
            remote_id=remote_id,
            email=systemuser.text_of(document.get("email")),
            user_name=systemuser.text_of(document.get("username")),
            active=systemuser.is_active(document),
            external_id=systemuser.attribute(document, name) if name else None,
            protected=systemuser.protection(document),
            values=systemuser.values_of(document),
            raw=document,
        )

    def account_in(self, response: Response) -> Account | None:
        """The account in the answer to a create or update."""
        return self.account_from(self._content(response))

    def error_from(self, response: Response) -> errors.TargetError:
        """The answer as a `TargetError` with JumpCloud's message; a 400 about a duplicate is a conflict."""
        status, message = response.status, _message(response)
        otherwise = (errors.RetryLater, "server_error") if status >= 500 else (errors.Refused, "refused")
        kind, code = errors.BY_STATUS.get(status, otherwise)
        if status in (400, 409, 422) and _DUPLICATE.search(message):
            kind, code = errors.Conflict, _duplicate_code(message)
        return kind(
            code,
            message,
            status=status,
            retry_after=response.retry_after,
            may_have_been_processed=status >= 500,
            exchange=response.exchange,
        )

    # --- within ---

    def _request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Request:
        text = None if body is None else json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        return Request(method, path, body=text, headers=self._headers)

    def _page_request(self, *, limit: int, skip: int) -> Request:
        query = (("limit", str(limit)), ("skip", str(skip)), ("sort", "_id"))
        return Request("GET", _PATH, query=query, headers=self._headers)

    def _search_pages(self, http: OutboundSession, email: str) -> Any:
        def page(skip: int) -> Any:
            condition = {"and": [{"email": email}]}
            body = {"filter": condition, "limit": PAGE_SIZE, "skip": skip, "sort": "_id"}
            return self._asked(http, self._request("POST", f"/search{_PATH}", body))

        return page

    def _asked(self, http: OutboundSession, request: Request) -> Any:
        """The JSON answer to a request that reads."""
        return self._content(send(http, request))

    def _content(self, response: Response) -> Any:
        if not response.ok:
            raise self.error_from(response)
        try:
            return response.json()
        except OutboundError as error:
            raise errors.from_outbound(error) from error


def _message(response: Response) -> str:
    """JumpCloud's words: `message` or `error` of a JSON object, else the status."""
    try:
        document = response.json()
    except OutboundError:
        document = None
    said = (document.get("message") or document.get("error")) if isinstance(document, dict) else None
    return (
        said[:500] if isinstance(said, str) and said else f"JumpCloud answered with status {response.status}."
    )


def _duplicate_code(message: str) -> str:
    plain = message.lower()
    return next((code for word, code in _DUPLICATE_CODES if word in plain), "conflict")


def _has_email(account: Account, email: str) -> bool:
    return account.email is not None and comparison_key(account.email) == comparison_key(email)


def _address(remote_id: str) -> str:
    return f"{_PATH}/{quote(remote_id, safe='')}"
