"""The ``intellihr`` kind of source: everybody in intelliHR, each with the job that counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any

from app.sources.adapter import Delivery, Hint, Receipt, SourceContext
from app.sources.records import Check, Option, Page, RecordField
from app.vendors.intellihr import checking, hooks, reading, records
from app.vendors.intellihr.client import IntelliHRClient, client_of
from app.vendors.intellihr.guide import GUIDE
from app.vendors.intellihr.joining import Joiner
from app.vendors.intellihr.settings import OPTIONS, choices_of, settled


class IntelliHRSource:
    """Reads people and jobs with an API key and the company's subdomain (guide S4)."""

    kind = "intellihr"
    label = "intelliHR"
    options = OPTIONS
    secrets = (
        Option("api_key", "API key (Settings > Public API Access Keys in intelliHR)", required=True),
        Option(hooks.SWITCH, "Whether intelliHR was asked to call; kept by Rollcall"),
        Option(hooks.IDS, "The webhooks made at intelliHR; kept by Rollcall"),
    )
    default_work_email = "source"
    needs_consent = True
    # Jobs begin and end at midnight in the company's zone and intelliHR is at home in Australia: this is past midnight
    # in all of Australia and New Zealand, all year, and before anybody starts to work.
    default_schedule = "daily 03:00 Australia/Brisbane"
    lists_everyone = True
    webhook_secrets = (hooks.SWITCH,)
    guide = GUIDE

    def settle(self, settings: Mapping[str, str]) -> dict[str, str]:
        """Return the settings with their defaults filled in. Raises ``WrongSource``."""
        return settled(settings)

    def record_fields(self, context: SourceContext) -> tuple[RecordField, ...]:
        """Return the fields of a person with a job, and the custom fields that the settings name."""
        return records.record_fields(choices_of(context.settings))

    def default_mapping(self) -> str | None:
        """Return the bundled mapping (``mapping.toml``)."""
        return files("app.vendors.intellihr").joinpath("mapping.toml").read_text(encoding="utf-8")

    def guessed_mapping(self, context: SourceContext) -> str | None:
        """None: the fields of intelliHR are known, there is nothing to guess."""
        return None

    def check(self, context: SourceContext) -> list[Check]:
        """Return the findings: reach, sign in, permissions, people."""
        return checking.checks(context)

    def read(self, context: SourceContext, resume: Mapping[str, Any] | None) -> Iterator[Page]:
        """Yield everybody, or with a watermark those who may have changed; goes on behind ``resume``."""
        client, joiner = _parts(context)
        progress = reading.progress_of(client, context.watermark, resume)
        yield from reading.read(client, joiner, progress)

    def read_some(self, context: SourceContext, hints: Sequence[Hint]) -> Iterator[Page]:
        """Yield the people that hints of webhooks, or ids of records, point at."""
        client, joiner = _parts(context)
        yield from reading.read_some(client, joiner, hints)

    def receive(self, context: SourceContext, delivery: Delivery) -> Receipt:
        """Return what a webhook hints at. Raises ``DeliveryRefused``."""
        return hooks.receive(context.secrets, delivery)

    def subscribe(
        self, context: SourceContext, callback_url: str, keep: Callable[[Mapping[str, str]], None]
    ) -> None:
        """Make intelliHR call ``callback_url`` for each event that may change a person."""
        hooks.subscribe(client_of(context), hooks.kept_ids(context.secrets), callback_url, keep)

    def unsubscribe(self, context: SourceContext, keep: Callable[[Mapping[str, str]], None]) -> None:
        """Delete the webhooks that were made."""
        hooks.unsubscribe(client_of(context), hooks.kept_ids(context.secrets), keep)


def _parts(context: SourceContext) -> tuple[IntelliHRClient, Joiner]:
    client = client_of(context)
    return client, Joiner(client, choices_of(context.settings))
