"""The onboarding status, written back for candidates that wait to be taken over (vendors.md §3.5)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.sources.adapter import Imported
from app.sources.errors import SourceUnavailable
from app.vendors.smartrecruiters.client import CREDENTIALS_PAGE, LABEL, Client, path_of
from app.vendors.smartrecruiters.hires import Hires
from app.vendors.smartrecruiters.records import text_of

READY, SUCCESSFUL, FAILED = "READY_TO_ONBOARD", "ONBOARDING_SUCCESSFUL", "ONBOARDING_FAILED"
#: What became of a record → what is written. Who was skipped is in the directory already.
WRITTEN = {"added": SUCCESSFUL, "updated": SUCCESSFUL, "skipped": SUCCESSFUL, "errored": FAILED}


def tell(client: Client, hires: Hires, outcomes: Sequence[Imported]) -> None:
    """Write the status of those candidates that are ready to be onboarded; told again, it finds nobody ready.

    :raises SourceUnavailable: the credential may not write. :raises IncompleteRead: no usable answer came.
    """
    words = {each.record_id: WRITTEN[each.word] for each in outcomes if each.word in WRITTEN}
    for candidate_id in _ready(client):
        if candidate_id in words:
            _write(client, hires, candidate_id, words[candidate_id])


def _ready(client: Client) -> list[str]:
    pages = client.by_page_id("/candidates", [("onboardingStatus", READY)])
    # Listed to the end before anything is written: writing takes candidates out of this very list.
    return list(dict.fromkeys(text_of(row.get("id")) or "" for page in pages for row in page.rows))


def _write(client: Client, hires: Hires, candidate_id: str, status: str) -> None:
    for place in _places(client, hires, candidate_id):
        held = client.optional(place)
        if not isinstance(held, dict) or held.get("onboardingStatus") != READY:
            continue
        answer = client.caller.answer("PUT", place, body={"onboardingStatus": status}, expected=(403, 404))
        if answer.status == 403:
            raise SourceUnavailable(
                f"{LABEL} does not let the onboarding status be written: the credential lacks candidates_manage. "
                f"Grant it in SmartRecruiters ({CREDENTIALS_PAGE}), or set write_onboarding_status=no."
            )


def _places(client: Client, hires: Hires, candidate_id: str) -> Iterator[str]:
    document = client.optional(path_of("candidates", candidate_id))
    if not isinstance(document, dict):
        return
    for each in hires.applications(candidate_id, document):
        if each.is_hired and each.job_id:
            yield path_of("candidates", candidate_id, "jobs", each.job_id, "onboardingStatus")
