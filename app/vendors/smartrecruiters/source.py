"""The ``smartrecruiters`` kind of source: hires from SmartRecruiters, each with job, offer and hiring manager."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any, ClassVar

from app.outbound import OutboundError
from app.sources.adapter import Delivery, Hint, Imported, Receipt, SourceContext
from app.sources.errors import IncompleteRead, SourceError, SourceUnavailable
from app.sources.guide import Guide
from app.sources.records import Check, Option, Page, RecordField, SourceRecord
from app.vendors.smartrecruiters import checks, listing, offers, onboarding, records, webhooks
from app.vendors.smartrecruiters import settings as choices
from app.vendors.smartrecruiters.client import LABEL, Client, client_of
from app.vendors.smartrecruiters.guide import GUIDE
from app.vendors.smartrecruiters.hires import Hires
from app.vendors.smartrecruiters.offers import OfferFields
from app.vendors.smartrecruiters.records import text_of

#: Small pages: with some six calls a person one takes a quarter of a minute at 10 calls a second, within a lease.
PAGE_PEOPLE = 25


class SmartRecruitersSource:
    """Pulls whoever is HIRED on any application. The record is the candidate, however many applications there are."""

    kind: ClassVar[str] = "smartrecruiters"
    label: ClassVar[str] = LABEL
    options: ClassVar[tuple[Option, ...]] = choices.OPTIONS
    secrets: ClassVar[tuple[Option, ...]] = choices.SECRETS
    # Candidates have personal addresses only.
    default_work_email: ClassVar[str] = "none"
    needs_consent: ClassVar[bool] = True
    default_schedule: ClassVar[str] = "off"
    lists_everyone: ClassVar[bool] = True
    webhook_secrets: ClassVar[tuple[str, ...]] = (*webhooks.KEYS, "subscription")
    guide: ClassVar[Guide] = GUIDE

    def settle(self, settings: Mapping[str, str]) -> dict[str, str]:
        """Return the settings with their defaults filled in. Raises ``WrongSource``."""
        return choices.settled(settings)

    def record_fields(self, context: SourceContext) -> tuple[RecordField, ...]:
        """Return the fields of a hire, and ``offer.<key>`` of the properties that are named or can be discovered."""
        return (*records.record_fields(), *_offer_fields_known(context).record_fields())

    def default_mapping(self) -> str | None:
        """Return the bundled mapping (``mapping.toml``)."""
        return files("app.vendors.smartrecruiters").joinpath("mapping.toml").read_text(encoding="utf-8")

    def guessed_mapping(self, context: SourceContext) -> str | None:
        """None: the fields of SmartRecruiters are known, there is nothing to guess."""
        return None

    def check(self, context: SourceContext) -> list[Check]:
        """Return what a look at the company found: reach, sign in, each permission of the guide, people."""
        return checks.found(context)

    # --- reading ----------------------------------------------------------------------------------------------------

    def read(self, context: SourceContext, resume: Mapping[str, Any] | None) -> Iterator[Page]:
        """Yield the hires that changed since the watermark, in order of their ids, behind the one ``resume`` names.

        The light list is read whole at the beginning, and again after a kill; the watermark stays the first list's.
        """
        client = client_of(context)
        known = context.watermark
        try:
            found = listing.listed(client, listing.query_of(context.settings, known))
        except IncompleteRead as error:
            # What can be read on later is not out of reach: the run waits for it.
            if resume is None and error.goes_on_in is None:
                raise SourceUnavailable(str(error)) from error
            raise
        watermark = found.watermark(known, listing.overlap_of(context.settings))
        if resume is not None:
            watermark = resume["watermark"]
        last = str(resume["candidate"]) if resume else ""
        number = int(resume["number"]) if resume else 0
        waiting = [each for each in found.waiting(known) if each > last]
        hires = _hires(client, context)
        while True:
            page, waiting = waiting[:PAGE_PEOPLE], waiting[PAGE_PEOPLE:]
            looked_up = list(_looked_up(hires, page, number, context.alive))
            number += len(page)
            last = page[-1] if page else last
            place = {"candidate": last, "number": number, "watermark": watermark}
            yield Page(
                _listed_hires(looked_up, context.settings),
                place,
                complete=not waiting,
                watermark=None if waiting else watermark,
            )
            if not waiting:
                return

    def read_some(self, context: SourceContext, hints: Sequence[Hint]) -> Iterator[Page]:
        """Yield what SmartRecruiters says now of the candidates, and the hires of the jobs, that hints point at."""
        client = client_of(context)
        ids: dict[str, None] = {}
        for hint in hints:
            if "job" in hint:
                ids.update(dict.fromkeys(_of_job(client, context, str(hint["job"]))))
            elif candidate := hint.get("candidate") or hint.get("record"):
                ids[str(candidate)] = None
        waiting, number = list(ids), 0
        hires = _hires(client, context)
        while True:
            page, waiting = waiting[:PAGE_PEOPLE], waiting[PAGE_PEOPLE:]
            found = [record for record in _looked_up(hires, page, number, context.alive) if record]
            number += len(page)
            yield Page(found, {"number": number}, complete=not waiting)
            if not waiting:
                return

    def jobs(self, context: SourceContext) -> Iterator[dict[str, str | None]]:
        """Yield every job: id, title, reference number, department and place. Raises the ``SourceError`` family."""
        for row in client_of(context).by_offset("/jobs"):
            yield {
                "job_id": text_of(row.get("id")),
                **records.read(records.JobSchema, row),
                "job_status": text_of(row.get("status")),
            }

    # --- webhooks and writing back ----------------------------------------------------------------------------------

    def receive(self, context: SourceContext, delivery: Delivery) -> Receipt:
        """Return what a webhook call means; raises ``DeliveryRefused``."""
        return webhooks.receive(context, delivery)

    def subscribe(
        self, context: SourceContext, callback_url: str, keep: Callable[[Mapping[str, str]], None]
    ) -> None:
        """Make SmartRecruiters call us, or renew the signing key of the subscription that is there."""
        webhooks.subscribe(client_of(context), context, callback_url, keep)

    def unsubscribe(self, context: SourceContext, keep: Callable[[Mapping[str, str]], None]) -> None:
        """Make SmartRecruiters stop."""
        webhooks.unsubscribe(client_of(context), context, keep)

    def acknowledge(self, context: SourceContext, outcomes: Sequence[Imported]) -> None:
        """Write the onboarding status back where the source's settings ask for it."""
        if choices.SWITCH[context.settings["write_onboarding_status"]] and outcomes:
            client = client_of(context)
            onboarding.tell(client, _hires(client, context, discover=False), outcomes)


def _hires(client: Client, context: SourceContext, *, discover: bool = True) -> Hires:
    known = offers.discovered(client.optional(offers.PROPERTIES)) if discover else None
    return Hires(client, context.settings, offers.offer_fields(context.settings, known))


def _offer_fields_known(context: SourceContext) -> OfferFields:
    """Without a credential, a way out or an answer, what the settings name is known all the same."""
    # A policy is shown before there are any settings.
    chosen = choices.settled(context.settings)
    try:
        answer = client_of(context).once(offers.PROPERTIES)
        known = offers.discovered(answer.json()) if answer.ok else None
    except (SourceError, OutboundError, LookupError):
        known = None
    return offers.offer_fields(chosen, known)


def _looked_up(
    hires: Hires, candidates: Sequence[str], number: int, alive: Callable[[], None]
) -> Iterator[SourceRecord | None]:
    for offset, candidate in enumerate(candidates, 1):
        alive()
        yield hires.record(number + offset, candidate)


def _listed_hires(found: Sequence[SourceRecord | None], chosen: Mapping[str, str]) -> list[SourceRecord]:
    """Return the records of a page; of a list of all candidates only those that are hired.

    :raises IncompleteRead: a member that a person cannot do without has vanished from all of them.
    """
    kept = [record for record in found if record and not (record.gone and chosen["candidates"] == "all")]
    read = [record for record in kept if not record.gone and record.problem is None]
    if len(read) > 1 and not any("email" in record.values for record in read):
        raise IncompleteRead(
            f"{LABEL} shows {len(read)} candidates in a row without the member email. Either the API has changed, or "
            "the credential may not see it any more. Nobody of these is changed; look at `rollcall source check`."
        )
    return kept


def _of_job(client: Client, context: SourceContext, job_id: str) -> list[str]:
    query = [*listing.query_of(context.settings, None), ("jobId", job_id)]
    return list(listing.listed(client, query).changed)
