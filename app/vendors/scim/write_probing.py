"""Asking a SCIM service provider what it really does with an account made for that (rule 20); it is left suspended."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from app.outbound import OutboundSession
from app.provisioning import errors
from app.provisioning.adapter import Account, send
from app.provisioning.fields import Value
from app.provisioning.probing import (
    Report,
    ask_for_twin,
    created,
    judge_kept,
    leave_suspended,
    nobody,
    values_of_nobody,
)
from app.vendors.scim.places import entries_of
from app.vendors.scim.probing import Observed
from app.vendors.scim.profile import CHOICES, Profile
from scim.client import patch_body

if TYPE_CHECKING:
    from app.vendors.scim.target import ScimTarget

# The ways to write an update, the one that the RFC prefers first: (patches, patch_form) and how to say it.
_WAYS = (
    (True, "paths", "It takes PATCH with paths."),
    (True, "path-less", "It takes PATCH only without paths."),
    (False, "paths", "It takes PUT, not PATCH."),
)


class Trials:
    """The trials on one account; what was seen goes into `observed`, in words into `report`."""

    def __init__(
        self, adapter: ScimTarget, http: OutboundSession, report: Report, observed: Observed
    ) -> None:
        self.http = http
        self.report = report
        self.observed = observed
        self._adapter = adapter

    def run(self) -> None:
        """Make the account, try everything, leave it suspended."""
        values = values_of_nobody(self._adapter)
        account = created(self._adapter, self.http, self.report, values)
        if account is None:
            return
        try:
            judge_kept(self.report, account, values)
            self.observed["user_name_rewritten"] = account.user_name != values["userName"]
            ask_for_twin(self._adapter, self.http, self.report, values, account)
            if self._way(account, values):
                self._clearing(account, values)
                self._several_values(account)
                self._email(account)
                self._user_name(account)
                self._while_suspended(account, values)
        finally:
            leave_suspended(self._adapter, self.http, self.report, account)

    def _with(self, **members: Any) -> ScimTarget:
        """The adapter with members of its profile otherwise."""
        adapter = copy.copy(self._adapter)
        adapter.profile = replace(adapter.profile, **members)
        return adapter

    def _wrote(
        self,
        adapter: ScimTarget,
        account: Account,
        changed: Mapping[str, Value | None],
        values: Mapping[str, Value],
    ) -> Account | None:
        """The account after the update; None when it was refused."""
        before = adapter.fetch(self.http, account.remote_id)
        response = send(self.http, adapter.update_request(account.remote_id, changed, values, before))
        if not response.ok:
            error = adapter.error_from(response)
            if isinstance(error, errors.RetryLater | errors.Unauthorised):
                raise error
            return None
        return adapter.fetch(self.http, account.remote_id)

    # --- how to write ---

    def _way(self, account: Account, values: Mapping[str, Value]) -> bool:
        """Whether an update could be written at all; the adapter is the one that could, from here on."""
        with self.report.asking("update"):
            for number, (patches, form, words) in enumerate(_WAYS):
                adapter = self._with(update="patch" if patches else "put", patch_form=form)
                title = f"Tried in way {number}"
                after = self._wrote(adapter, account, {"title": title}, {**values, "title": title})
                if after is not None and after.values.get("title") == title:
                    self.report.add("update", "ok" if number == 0 else "note", words)
                    self._note_way(adapter.profile)
                    self._adapter = adapter
                    return True
            self.report.add(
                "update", "warning", "It takes no update: neither PATCH nor PUT changed anything."
            )
        return False

    def _note_way(self, found: Profile) -> None:
        patches = found.update == "patch"
        self.report.capabilities = replace(self.report.capabilities, patch=patches)
        self.observed["update"] = found.update
        if patches:
            self.observed["patch_form"] = found.patch_form

    def _clearing(self, account: Account, values: Mapping[str, Value]) -> None:
        if self._adapter.profile.update != "patch":
            return
        usual = self._adapter.profile.clear_with
        styles = sorted(CHOICES["clear_with"], key=lambda each: each != usual)
        with self.report.asking("clear_with"):
            for style in styles:
                adapter = self._with(clear_with=style)
                filled = self._wrote(adapter, account, {"title": "To be cleared"}, values)
                left = {name: value for name, value in values.items() if name != "title"}
                after = self._wrote(adapter, account, {"title": None}, left)
                if filled is not None and after is not None and "title" not in after.values:
                    self.observed["clear_with"] = style
                    self.report.add("clear_with", "ok", f"An attribute is cleared with {style}.")
                    self._adapter = adapter
                    return
            self.report.add(
                "clear_with", "warning", "Nothing clears an attribute: emptied fields stay as they were."
            )

    # --- what it keeps ---

    def _several_values(self, account: Account) -> None:
        both = [{"type": "work", "value": "+1-555-0100"}, {"type": "mobile", "value": "+1-555-0101"}]
        if not self._takes_paths:
            return
        with self.report.asking("several_values"):
            after = self._patched(account, [{"op": "replace", "path": "phoneNumbers", "value": both}])
            keeps = after is not None and len(entries_of(after.raw, "phoneNumbers")) > 1
            self.observed["single_values"] = {"phoneNumbers": not keeps}
            words = "It keeps several phone numbers." if keeps else "It does not keep two phone numbers."
            self.report.add("several_values", "ok" if keeps else "note", words)

    def _email(self, account: Account) -> None:
        with self.report.asking("email_mutable"):
            email = nobody()
            after = self._wrote(self._adapter, account, {"workEmail": email}, {"workEmail": email})
            is_mutable = after is not None and after.email == email
            self.observed["email_mutable"] = is_mutable
            words = f"An e-mail address {'can' if is_mutable else 'cannot'} be changed."
            self.report.add("email_mutable", "ok" if is_mutable else "note", words)

    def _user_name(self, account: Account) -> None:
        if not self._takes_paths:
            return
        with self.report.asking("user_name_mutable"):
            name = nobody()
            after = self._patched(account, [{"op": "replace", "path": "userName", "value": name}])
            is_mutable = after is not None and (after.user_name or "").lower() == name.lower()
            can = "can be changed there; Rollcall never does" if is_mutable else "cannot be changed"
            self.report.add("user_name_mutable", "ok", f"A user name {can}.")

    def _while_suspended(self, account: Account, values: Mapping[str, Value]) -> None:
        with self.report.asking("while_suspended"):
            suspended = self._wrote(self._adapter, account, {"active": False}, values)
            if suspended is None or suspended.active:
                return
            after = self._wrote(self._adapter, suspended, {"title": "While suspended"}, values)
            is_frozen = after is None or after.values.get("title") != "While suspended"
            self.observed["reactivate_first"] = is_frozen
            words = (
                "A suspended account takes no change." if is_frozen else "A suspended account can be changed."
            )
            self.report.add("while_suspended", "note" if is_frozen else "ok", words)

    # --- within ---

    @property
    def _takes_paths(self) -> bool:
        return self._adapter.profile.update == "patch" and self._adapter.profile.patch_form == "paths"

    def _patched(self, account: Account, steps: list[dict[str, Any]]) -> Account | None:
        request = self._adapter.patch_request(account.remote_id, patch_body(steps))
        response = send(self.http, request)
        if not response.ok:
            error = self._adapter.error_from(response)
            if isinstance(error, errors.RetryLater | errors.Unauthorised):
                raise error
            return None
        return self._adapter.fetch(self.http, account.remote_id)
