"""The SCIM 2.0 target: any service provider of RFC 7643 and 7644, spoken to as its profile says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, TypeVar
from urllib.parse import quote

from app.outbound import Exchange, OutboundError, OutboundSession, Response
from app.provisioning import errors
from app.provisioning.adapter import Account, Capabilities, Request
from app.provisioning.fields import Value
from app.vendors.scim import mapping, profile
from app.vendors.scim.places import entries_of, member
from scim import client_errors
from scim.client import ScimClient, equals, patch_body, resource_body
from scim.keys import comparison_key

Answer = TypeVar("Answer")

_KINDS: tuple[tuple[type[client_errors.ClientError], type[errors.TargetError], str], ...] = (
    (client_errors.CredentialsRefused, errors.Unauthorised, "unauthorised"),
    (client_errors.ResourceMissing, errors.Vanished, "vanished"),
    (client_errors.ResourceConflict, errors.Conflict, "conflict"),
    (client_errors.VersionConflict, errors.RetryLater, "version_conflict"),
    (client_errors.RateLimited, errors.RetryLater, "rate_limited"),
    (client_errors.RequestRefused, errors.Refused, "refused"),
    (client_errors.ServerFailed, errors.RetryLater, "server_error"),
    (client_errors.IncompleteListing, errors.IncompleteListing, "incomplete_listing"),
    (client_errors.AnswerUnusable, errors.Unintelligible, "unintelligible"),
    (client_errors.ClientError, errors.RetryLater, "scim_error"),
)
_NOT_IMPLEMENTED = 501
_TOO_EARLY = (408, 425)


class ScimTarget:
    """A `TargetAdapter`. Settings: `profile` (default `generic`), `capabilities`."""

    kind: ClassVar[str] = "scim"
    label: ClassVar[str] = "SCIM 2.0"

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.profile = profile.load(str(settings.get("profile") or "generic"))
        stored = settings.get("capabilities")
        self.capabilities = Capabilities.from_settings(stored) if stored else self._assumed()

    @property
    def auth_header(self) -> str:
        """The header that the profile names for the token."""
        return self.profile.auth_header

    @property
    def auth_prefix(self) -> str:
        """What stands before the token in it."""
        return self.profile.auth_prefix

    @property
    def supported_fields(self) -> frozenset[str]:
        """The fields that the profile has a place for."""
        return frozenset(self.profile.places)

    @property
    def needs_account_for_activation(self) -> bool:
        """True where only PUT is known."""
        return not self._patches

    # --- requests that only read ---

    def describe(self, http: OutboundSession) -> Capabilities:
        """What /ServiceProviderConfig says; the profile's assumptions where there is none."""
        try:
            config = self._client(http).service_provider_config()
        except client_errors.CredentialsRefused as error:
            raise _translated(error, _last(http)) from error
        except (client_errors.RequestRefused, client_errors.ServerFailed) as error:
            if error.status in (404, 400, 405, _NOT_IMPLEMENTED):
                return self._assumed(f"no ServiceProviderConfig (status {error.status})")
            raise _translated(error, _last(http)) from error
        except client_errors.ClientError as error:
            raise _translated(error, _last(http)) from error
        except OutboundError as error:
            raise errors.from_outbound(error) from error
        return self._read_config(config)

    def find(self, http: OutboundSession, *, external_id: str | None, email: str | None) -> list[Account]:
        """The accounts with our external id, or with the work e-mail, each once."""
        found: dict[str, Account] = {}
        for path, wanted, fits in (
            ("externalId", external_id, lambda account, value: account.external_id == value),
            ("emails.value", email, _has_email),
        ):
            if wanted:
                candidates = self._candidates(http, path, wanted)
                found.update({a.remote_id: a for a in candidates if fits(a, wanted)})
        return list(found.values())

    def fetch(self, http: OutboundSession, remote_id: str) -> Account | None:
        """The account, None on 404 and 410."""
        try:
            return self.account_from(_asked(http, lambda: self._client(http).get(remote_id)))
        except errors.Vanished:
            return None

    def list_accounts(self, http: OutboundSession) -> Iterator[Account]:
        """Every account, page by page."""
        return self._listed(http, None)

    # --- requests that write ---

    def create_request(self, values: Mapping[str, Value], external_id: str) -> Request:
        """A POST of the whole user."""
        document = mapping.new_document(values, external_id, self.profile)
        return self._request("POST", "/Users", resource_body(document))

    def update_request(
        self,
        remote_id: str,
        changed: Mapping[str, Value | None],
        values: Mapping[str, Value],
        account_before: Account | None,
    ) -> Request:
        """A PATCH of the changed fields; where only PUT is known, the remote document with the changes."""
        before = account_before.raw if account_before else None
        if self._patches:
            steps = mapping.operations(changed, values, before, self.profile)
            return self._request("PATCH", _address(remote_id), patch_body(steps))
        if before is None:
            raise ValueError("a PUT needs the account as it is now")
        # The flag as the caller knows it: a suspend may have gone out since the account was read.
        changed = {"active": account_before.active, **changed} if account_before else changed
        document = mapping.changed_document(before, changed, values, self.profile)
        return self._request("PUT", _address(remote_id), resource_body(mapping.document_to_put(document)))

    def activation_request(self, remote_id: str, active: bool, account_before: Account | None) -> Request:
        """`active` alone."""
        return self.update_request(remote_id, {"active": active}, {}, account_before)

    def needs_account_for_update(self, changed: Mapping[str, Value | None]) -> bool:
        """True for PUT, and in multi-valued attributes, where it matters whether the entry is there."""
        return not self._patches or mapping.needs_document(changed, self.profile)

    # --- answers ---

    def account_from(self, document: Mapping[str, Any]) -> Account:
        """The account in a user resource."""
        remote_id = member(document, "id") if isinstance(document, Mapping) else None
        if not isinstance(remote_id, str) or remote_id in ("", ".", ".."):
            raise errors.Unintelligible("no_account", "The answer holds no user with a usable id.")
        values = mapping.values_of(document, self.profile)
        external_id = member(document, "externalId")
        return Account(
            remote_id=remote_id,
            email=_text(values.get("workEmail")),
            user_name=_text(values.get("userName")),
            active=mapping.is_active(document),
            external_id=external_id if isinstance(external_id, str) else None,
            protected=self._protection(document),
            values=values,
            raw=document,
        )

    def account_in(self, response: Response) -> Account | None:
        """The account in the answer to a create or update; None when it has no body."""
        if not response.ok:
            raise self.error_from(response)
        if not response.body.strip():
            return None
        try:
            return self.account_from(response.json())
        except OutboundError as error:
            raise errors.from_outbound(error) from error

    def error_from(self, response: Response) -> errors.TargetError:
        """The answer as a `TargetError` with the provider's own words."""
        error = client_errors.error_of(response.status, response.headers, response.body, datetime.now(UTC))
        return _translated(error, response.exchange)

    # --- within ---

    @property
    def _patches(self) -> bool:
        return self.capabilities.patch if self.profile.update == "auto" else self.profile.update == "patch"

    def _assumed(self, *notes: str) -> Capabilities:
        return Capabilities(patch=self.profile.assume_patch, page_size=self.profile.page_size, notes=notes)

    def _read_config(self, config: Mapping[str, Any]) -> Capabilities:
        filters = member(config, "filter")
        most = member(filters, "maxResults") if isinstance(filters, dict) else None
        page_size = self.profile.page_size
        return Capabilities(
            patch=_is_supported(config, "patch", self.profile.assume_patch),
            filter=_is_supported(config, "filter", True),
            page_size=min(page_size, most) if isinstance(most, int) and most > 0 else page_size,
        )

    def _client(self, http: OutboundSession) -> ScimClient:
        return ScimClient(http, "", content_type=self.profile.content_type)

    def _request(self, method: str, path: str, body: bytes) -> Request:
        headers = (
            ("Content-Type", self.profile.content_type),
            ("Accept", "application/scim+json, application/json"),
        )
        return Request(method, path, body=body, headers=headers)

    def _candidates(self, http: OutboundSession, path: str, value: str) -> Iterator[Account]:
        """The accounts that a filter gives; all of them where there is no filter for this attribute."""
        if path in self.profile.filterable and self.capabilities.filter:
            try:
                yield from list(self._listed(http, equals(path, value)))
                return
            except errors.TargetError as error:
                if error.status not in (400, _NOT_IMPLEMENTED):
                    raise
        yield from self.list_accounts(http)

    def _listed(self, http: OutboundSession, condition: str | None) -> Iterator[Account]:
        documents = self._client(http).list_users(page_size=self.capabilities.page_size, filter=condition)
        while True:
            try:
                document = _asked(http, lambda: next(documents, None))
            except errors.Vanished as error:
                raise errors.Unintelligible(
                    "wrong_url",
                    "There is no /Users at this address: check the target's URL.",
                    status=error.status,
                ) from error
            if document is None:
                return
            yield self.account_from(document)

    def _protection(self, document: Mapping[str, Any]) -> str | None:
        for entry in entries_of(document, "roles"):
            role = member(entry, "value") or member(entry, "display")
            if isinstance(role, str) and role.lower() in self.profile.protected_roles:
                return f"the account has the role {role}"
        return None


def _asked(http: OutboundSession, ask: Callable[[], Answer]) -> Answer:
    """The answer to a question of the SCIM client, its errors as `TargetError`."""
    try:
        return ask()
    except client_errors.ClientError as error:
        raise _translated(error, _last(http)) from error
    except OutboundError as error:
        raise errors.from_outbound(error) from error


def _translated(error: client_errors.ClientError, exchange: Exchange | None) -> errors.TargetError:
    kind, code = next((kind, code) for family, kind, code in _KINDS if isinstance(error, family))
    if error.scim_type == "uniqueness":
        kind, code = errors.Conflict, "conflict"
    elif error.status in _TOO_EARLY:
        kind, code = errors.RetryLater, "server_error"
    elif error.status == _NOT_IMPLEMENTED:
        kind, code = errors.Refused, "not_implemented"
    return kind(
        code,
        error.detail,
        status=error.status,
        retry_after=error.retry_after,
        may_have_been_processed=error.status is None or error.status < 400 or error.status >= 500,
        exchange=exchange,
    )


def _last(http: OutboundSession) -> Exchange | None:
    try:
        return http.last_exchange
    except LookupError:
        return None


def _has_email(account: Account, email: str) -> bool:
    return account.email is not None and comparison_key(account.email) == comparison_key(email)


def _is_supported(config: Mapping[str, Any], feature: str, otherwise: bool) -> bool:
    stated = member(config, feature)
    supported = member(stated, "supported") if isinstance(stated, dict) else None
    return supported if isinstance(supported, bool) else otherwise


def _text(value: Value | None) -> str | None:
    return value if isinstance(value, str) else None


def _address(remote_id: str) -> str:
    return f"/Users/{quote(remote_id, safe='')}"
