"""The SCIM 2.0 target: any service provider of RFC 7643 and 7644, spoken to as its profile says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

from app.outbound import OutboundError, OutboundSession, Response
from app.provisioning import errors
from app.provisioning.adapter import Account, Capabilities, Request
from app.provisioning.fields import Value
from app.provisioning.probing import Report
from app.vendors.scim import answers, email_index, mapping, profile
from app.vendors.scim.answers import NOT_IMPLEMENTED, asked, last, translated
from app.vendors.scim.describing import assumed, described
from app.vendors.scim.groups import GroupMethods, write_headers
from app.vendors.scim.listing import documents
from app.vendors.scim.places import entries_of, member
from app.vendors.scim.probing import Questions
from app.vendors.scim.proposing import proposal
from app.vendors.scim.write_probing import Trials
from scim import client_errors
from scim.client import ScimClient, equals, patch_body, resource_body
from scim.keys import comparison_key


class ScimTarget(GroupMethods):
    """A `TargetAdapter` and a `GroupAdapter`.

    Settings: `profile` (default `generic`), members of it that this target has otherwise (profile.ADJUSTABLE),
    `capabilities`.
    """

    kind: ClassVar[str] = "scim"
    label: ClassVar[str] = "SCIM 2.0"

    @classmethod
    def choices(cls) -> Mapping[str, Mapping[str, str]]:
        """Setting → value → its words, of the settings that are best chosen from a list."""
        labels = {name: profile.load(name).label for name in profile.names()}
        return {"profile": {"generic": labels.pop("generic"), **labels}}

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.profile = profile.adjusted(settings)
        stored = settings.get("capabilities")
        self.capabilities = Capabilities.from_settings(stored) if stored else assumed(self.profile)

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
    def freezes_inactive(self) -> bool:
        """Whether a deactivated account takes no change but its re-activation."""
        return self.profile.reactivate_first

    @property
    def profile_defaults(self) -> Mapping[str, Any]:
        """The profile's `[defaults]`, and the work e-mail as create-only where it cannot change."""
        fixed = {} if self.profile.email_mutable else {"create_only": ["workEmail"]}
        return {**fixed, **self.profile.defaults}

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
            raise translated(error, last(http)) from error
        except (client_errors.RequestRefused, client_errors.ServerFailed) as error:
            if error.status in (404, 400, 405, NOT_IMPLEMENTED):
                return assumed(self.profile, f"no ServiceProviderConfig (status {error.status})")
            raise translated(error, last(http)) from error
        except client_errors.ClientError as error:
            raise translated(error, last(http)) from error
        except OutboundError as error:
            raise errors.from_outbound(error) from error
        return described(config, self.profile)

    def find(self, http: OutboundSession, *, external_id: str | None, email: str | None) -> list[Account]:
        """The accounts with our external id, or with the work e-mail, each once."""
        found: dict[str, Account] = {}
        if external_id:
            candidates = self._candidates(http, "externalId", external_id)
            found |= {a.remote_id: a for a in candidates if a.external_id == external_id}
        if email:
            found |= {a.remote_id: a for a in self._with_email(http, email) if _has_email(a, email)}
        return list(found.values())

    def fetch(self, http: OutboundSession, remote_id: str) -> Account | None:
        """The account, None on 404 and 410."""
        try:
            return self.account_from(asked(http, lambda: self._client(http).get(remote_id)))
        except errors.Vanished:
            return None

    def probe(self, http: OutboundSession, *, writes: bool) -> Report:
        """What the provider does, as answers show it, and the profile that fits; see `provisioning.probing`."""
        questions = Questions(http, self.profile, self.describe(http))
        questions.ask_all()
        if writes:
            Trials(self, http, questions.report, questions.observed).run()
        questions.report.proposal = proposal(
            questions.observed, self.profile, urlsplit(http.base_url).hostname or ""
        )
        return questions.report

    def list_accounts(self, http: OutboundSession) -> Iterator[Account]:
        """Every account, page by page. Raises `IncompleteListing` where the provider has no list of everybody."""
        if not self.profile.lists_all:
            raise errors.IncompleteListing(
                "no_listing",
                f"{self.profile.label} lists nobody without a filter: accounts are read one by one.",
            )
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
            return self.patch_request(remote_id, patch_body(steps))
        if before is None:
            raise ValueError("a PUT needs the account as it is now")
        # The flag as the caller knows it: a suspend may have gone out since the account was read.
        changed = {"active": account_before.active, **changed} if account_before else changed
        document = mapping.changed_document(before, changed, values, self.profile)
        return self._request("PUT", _address(remote_id), resource_body(mapping.document_to_put(document)))

    def patch_request(self, remote_id: str, body: bytes) -> Request:
        """A PATCH with this body."""
        return self._request("PATCH", _address(remote_id), body)

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
            email=_text(values.get("workEmail")) or self._address_in_user_name(values),
            user_name=_text(values.get("userName")),
            active=mapping.is_active(document),
            external_id=external_id if isinstance(external_id, str) else None,
            protected=self._protection(document),
            values=values,
            raw=document,
        )

    def account_in(self, response: Response) -> Account | None:
        """The account in the answer to a create or update; None when it has no body, or an empty object."""
        if not response.ok:
            raise self.error_from(response)
        if not response.body.strip():
            return None
        try:
            document = response.json()
        except OutboundError as error:
            raise errors.from_outbound(error) from error
        # Some answer a PATCH with an object that holds nothing.
        return self.account_from(document) if document != {} else None

    def error_from(self, response: Response) -> errors.TargetError:
        """The answer as a `TargetError` with the provider's own words."""
        return answers.error_from(response)

    # --- within ---

    @property
    def _patches(self) -> bool:
        return self.capabilities.patch if self.profile.update == "auto" else self.profile.update == "patch"

    def _client(self, http: OutboundSession) -> ScimClient:
        return ScimClient(http, "", headers=self.profile.headers, content_type=self.profile.content_type)

    def _request(self, method: str, path: str, body: bytes) -> Request:
        return Request(method, path, body=body, headers=write_headers(self.profile))

    def _with_email(self, http: OutboundSession, email: str) -> Iterator[Account]:
        """Accounts among which is everyone with this address.

        Where only the list knows, what was read of it a moment ago will do, as long as accounts of our own are found
        by their external id.
        """
        keys = self.profile.email_keys
        path = next((each for each in keys if each in self.profile.filterable), keys[0])
        if self._filters_by(path) or not self._filters_by("externalId") or not self.profile.lists_all:
            return self._candidates(http, path, email)
        ids = email_index.ids_of(http, email, lambda: self.list_accounts(http))
        return (account for each in ids if (account := self.fetch(http, each)) is not None)

    def _filters_by(self, path: str) -> bool:
        return self.capabilities.filter and path in self.profile.filterable

    def _candidates(self, http: OutboundSession, path: str, value: str) -> Iterator[Account]:
        """The accounts that the filter by this attribute gives; all of them where it cannot be filtered by.

        Nobody where the provider has no such list either: whoever is there already is met as a conflict.
        """
        if self._filters_by(path):
            try:
                yield from list(self._listed(http, equals(path, value)))
                return
            except errors.TargetError as error:
                if error.status not in (400, NOT_IMPLEMENTED):
                    raise
        if self.profile.lists_all:
            yield from self.list_accounts(http)

    def _listed(self, http: OutboundSession, condition: str | None) -> Iterator[Account]:
        listed = documents(
            http,
            "/Users",
            self.profile,
            page_size=self.capabilities.page_size,
            condition=condition,
        )
        while True:
            try:
                document = asked(http, lambda: next(listed, None))
            except errors.Vanished as error:
                raise errors.Unintelligible(
                    "wrong_url",
                    "There is no /Users at this address: check the target's URL.",
                    status=error.status,
                ) from error
            if document is None:
                return
            yield self.account_from(document)

    def _address_in_user_name(self, values: Mapping[str, Value]) -> str | None:
        """The user name of an account without a work e-mail, where the profile says that it is one."""
        user_name = _text(values.get("userName")) or ""
        return user_name if "userName" in self.profile.email_keys and "@" in user_name else None

    def _protection(self, document: Mapping[str, Any]) -> str | None:
        for entry in entries_of(document, "roles"):
            role = member(entry, "value") or member(entry, "display")
            if isinstance(role, str) and role.lower() in self.profile.protected_roles:
                return f"the account has the role {role}"
        return None


def _has_email(account: Account, email: str) -> bool:
    return account.email is not None and comparison_key(account.email) == comparison_key(email)


def _text(value: Value | None) -> str | None:
    return value if isinstance(value, str) else None


def _address(remote_id: str) -> str:
    return f"/Users/{quote(remote_id, safe='')}"
