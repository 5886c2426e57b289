"""The ``bamboohr`` kind of source: employees read from BambooHR, each with the address of its location."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any

from app.sources.adapter import Delivery, Hint, Receipt, SourceContext
from app.sources.records import Check, Page, RecordField
from app.vendors.bamboohr import records, settings, webhooks
from app.vendors.bamboohr.checks import findings
from app.vendors.bamboohr.client import client_of
from app.vendors.bamboohr.guide import GUIDE
from app.vendors.bamboohr.reading import read_pages, read_records

Keep = Callable[[Mapping[str, str]], None]


class BambooHRSource:
    """Pulls employees. The id stays when somebody leaves and is hired again: it is the same person."""

    kind = "bamboohr"
    label = "BambooHR"
    options = settings.OPTIONS
    secrets = settings.SECRETS
    default_work_email = "source"
    needs_consent = True
    default_schedule = "every 15m"
    # The feed says who was deleted; somebody who is not named may only be hidden from the key by now.
    lists_everyone = False
    webhook_secrets = webhooks.SECRETS
    guide = GUIDE

    def settle(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return the settings with their defaults filled in. Raises ``WrongSource``."""
        return settings.settle(given)

    def record_fields(self, context: SourceContext) -> tuple[RecordField, ...]:
        """Return the fields of an employee, of the address of a location, and the source's extra fields."""
        return records.record_fields(settings.extra_fields(context.settings))

    def default_mapping(self) -> str | None:
        """Return the bundled mapping (``mapping.toml``)."""
        return files("app.vendors.bamboohr").joinpath("mapping.toml").read_text(encoding="utf-8")

    def guessed_mapping(self, context: SourceContext) -> str | None:
        """None: the fields of BambooHR are known, there is nothing to guess."""
        return None

    def check(self, context: SourceContext) -> list[Check]:
        """Return whether BambooHR answers, takes the key, and which of the fields the key may see."""
        return findings(context)

    def read(self, context: SourceContext, resume: Mapping[str, Any] | None) -> Iterator[Page]:
        """Yield everybody, or with a watermark who changed since, a minute of overlap included.

        Edits of a location's address change no employee: only reading everybody finds them (vendors.md §5.4).
        """
        return read_pages(context, client_of(context), resume)

    def read_some(self, context: SourceContext, hints: Sequence[Hint]) -> Iterator[Page]:
        """Yield what BambooHR says now of the employees that hints point at."""
        ids = [str(hint["record"]) for hint in hints if hint.get("record")]
        return read_records(context, client_of(context), ids)

    def receive(self, context: SourceContext, delivery: Delivery) -> Receipt:
        """Return the employees that a webhook points at. Raises ``DeliveryRefused``."""
        return webhooks.receipt_of(context, delivery)

    def subscribe(self, context: SourceContext, callback_url: str, keep: Keep) -> None:
        """Make BambooHR call ``callback_url`` when somebody is hired, changed or deleted."""
        webhooks.subscribe(context, client_of(context), callback_url, keep)

    def unsubscribe(self, context: SourceContext, keep: Keep) -> None:
        """Take the webhook back and forget its key."""
        webhooks.unsubscribe(context, client_of(context), keep)
