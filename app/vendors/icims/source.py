"""The ``icims`` kind of source: employees read from iCIMS, each with the job and hiring manager they were hired for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any

from app.sources.adapter import Delivery, Hint, Receipt, SourceContext, WriteBack
from app.sources.records import Check, Page, RecordField
from app.vendors.icims import checking, events, proofs, reading, records, tokens
from app.vendors.icims.guide import GUIDE
from app.vendors.icims.settings import OPTIONS, SECRETS, account_of, settled

#: The settings that the target shares with the source.
_WRITE_BACK = (
    *("customer_id", "token_url", "audience"),
    *("field_employee_number", "field_hire_date", "field_end_date"),
)
_NOT_STORED = {"Content-Type": "application/json", "Cache-Control": "no-store"}


class ICIMSSource:
    """Reads who is in the folders of employees and leavers. The key is the profile id."""

    kind = "icims"
    label = "iCIMS"
    options = OPTIONS
    secrets = SECRETS
    # The guide takes iCIMS's one address for the account's.
    default_work_email = "source"
    needs_consent = True
    # "12 AM PST" of the guide.
    default_schedule = "daily 00:00 America/Los_Angeles"
    lists_everyone = True
    webhook_secrets = ("webhook_secret", "webhook_secret_previous")
    guide = GUIDE

    def settle(self, settings: Mapping[str, str]) -> dict[str, str]:
        """Return the settings with their defaults filled in. Raises ``WrongSource``."""
        return settled(settings)

    def record_fields(self, context: SourceContext) -> tuple[RecordField, ...]:
        """Return the fields of a person with job and manager; the settings say where the customer's own are kept."""
        return records.record_fields()

    def default_mapping(self) -> str | None:
        """Return the bundled mapping (``mapping.toml``)."""
        return files("app.vendors.icims").joinpath("mapping.toml").read_text(encoding="utf-8")

    def guessed_mapping(self, context: SourceContext) -> str | None:
        """None: what iCIMS is asked for is known, there is nothing to guess."""
        return None

    def check(self, context: SourceContext) -> list[Check]:
        """Return whether iCIMS answers, takes the credentials, and shows what is read of people and jobs."""
        return checking.check(context)

    def read(self, context: SourceContext, resume: Mapping[str, Any] | None) -> Iterator[Page]:
        """Yield employees and leavers in the order of their profile ids: all, or those changed since the watermark."""
        return reading.read(account_of(context), context, resume)

    def read_some(self, context: SourceContext, hints: Sequence[Hint]) -> Iterator[Page]:
        """Yield what iCIMS says now of single people."""
        return reading.read_some(account_of(context), context, hints)

    def receive(self, context: SourceContext, delivery: Delivery) -> Receipt:
        """Return whom an event notification is about. iCIMS numbers no deliveries; it wants 200 (vendors.md §2.6).

        :raises DeliveryRefused: it is not proven to come from iCIMS (401), or is no event of this customer (400).
        """
        proofs.prove(proofs.client_in(context), delivery)
        people = events.people_in(events.event_in(delivery.body), context.settings["customer_id"])
        return Receipt(hints=tuple({"person": person} for person in people), status=200)

    def write_back(self, context: SourceContext) -> WriteBack:
        """Return the target that writes six fields back (vendors.md §7.1), with the source's own credentials."""
        told = {name: context.settings[name] for name in _WRITE_BACK if name in context.settings}
        return WriteBack(
            kind=self.kind,
            url=context.settings["base_url"],
            options={**told, "client_id": context.secrets.get("client_id", "")},
            token=context.secrets.get("client_secret"),
        )

    def token(self, context: SourceContext, form: Mapping[str, str], authorization: str | None) -> Receipt:
        """Return the answer to a token request of iCIMS, which sends its notifications with the token then.

        Client credentials (RFC 6749 §4.4) are the source's webhook_user and webhook_secret; errors are those of §5.2.
        """
        client = proofs.client_in(context)
        pair = proofs.form_pair(form, authorization)
        if form.get("grant_type") != "client_credentials":
            return _answer(
                400, {"error": "unsupported_grant_type" if form.get("grant_type") else "invalid_request"}
            )
        if pair is None or not client.has(*pair):
            return _answer(401, {"error": "invalid_client"}, {"WWW-Authenticate": 'Basic realm="rollcall"'})
        token = tokens.issue(client.user, client.secrets[0])
        return _answer(
            200, {"access_token": token, "token_type": "Bearer", "expires_in": tokens.LIFE_SECONDS}
        )


def _answer(status: int, content: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Receipt:
    return Receipt(
        status=status, headers={**_NOT_STORED, **(headers or {})}, body=json.dumps(content).encode()
    )
