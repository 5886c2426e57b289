"""The ``jazzhr`` kind of source: hires of JazzHR, each with its applicant and its job."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any

from app.sources.adapter import Delivery, Hint, Receipt, SourceContext
from app.sources.records import Check, Page, RecordField
from app.vendors.jazzhr import checking, records, webhook
from app.vendors.jazzhr.client import client_of
from app.vendors.jazzhr.guide import GUIDE
from app.vendors.jazzhr.hires import Hires
from app.vendors.jazzhr.settings import OPTIONS, SECRETS, includes_salary, settled


class JazzHRSource:
    """Reads hires. The person is the applicant; a second hire of the same person is not a second person."""

    kind = "jazzhr"
    label = "JazzHR"
    options = OPTIONS
    secrets = SECRETS
    # Applicants have personal addresses only.
    default_work_email = "none"
    needs_consent = True
    # "12:00 AM PST" of the guide.
    default_schedule = "daily 00:00 America/Los_Angeles"
    lists_everyone = True
    webhook_secrets = webhook.SECRETS
    guide = GUIDE

    def settle(self, settings: Mapping[str, str]) -> dict[str, str]:
        """Return the settings with their defaults filled in. Raises ``WrongSource``."""
        return settled(settings)

    def record_fields(self, context: SourceContext) -> tuple[RecordField, ...]:
        """Return the fields of a hire with its applicant and job."""
        return records.record_fields()

    def default_mapping(self) -> str | None:
        """Return the bundled mapping (``mapping.toml``)."""
        return files("app.vendors.jazzhr").joinpath("mapping.toml").read_text(encoding="utf-8")

    def guessed_mapping(self, context: SourceContext) -> str | None:
        """None: the fields of JazzHR are known, there is nothing to guess."""
        return None

    def check(self, context: SourceContext) -> list[Check]:
        """Return whether JazzHR answers, takes the key, and shows hires, applicants and jobs."""
        return checking.findings(context)

    def read(self, context: SourceContext, resume: Mapping[str, Any] | None) -> Iterator[Page]:
        """Yield one record per hired person. There is no watermark: JazzHR does not tell what has changed."""
        return _hires(context).all(resume)

    def read_some(self, context: SourceContext, hints: Sequence[Hint]) -> Iterator[Page]:
        """Yield what JazzHR says now of single applicants."""
        return _hires(context).some(hints)

    def receive(self, context: SourceContext, delivery: Delivery) -> Receipt:
        """Return whom a candidate export is about. Raises ``DeliveryRefused``."""
        return webhook.receive(context, delivery)


def _hires(context: SourceContext) -> Hires:
    return Hires(client_of(context), includes_salary(context.settings))
