"""A look at a company: does it answer, does it take the credential, what may the credential see, whom does it show."""

from __future__ import annotations

from app.outbound import OutboundError, Response
from app.sources.adapter import SourceContext
from app.sources.errors import SourceError
from app.sources.records import Check
from app.vendors.smartrecruiters import permissions
from app.vendors.smartrecruiters.client import CREDENTIALS_PAGE, LABEL, Row, client_of, told
from app.vendors.smartrecruiters.permissions import Sample
from app.vendors.smartrecruiters.records import HIRED, text_of

SAMPLE_PEOPLE = 25
#: Statuses that only somebody gets whose credential was taken.
_SIGNED_IN = frozenset({200, 403, 429})


def found(context: SourceContext) -> list[Check]:
    """Return the findings: reach, sign in, each permission of the guide, people. What fails early ends the look."""
    try:
        client = client_of(context)
    except SourceError as error:
        return [Check("sign in", False, str(error))]
    try:
        answer = client.once(f"/candidates?status={HIRED}&limit={SAMPLE_PEOPLE}")
    except OutboundError as error:
        return [Check("reach", False, f"{LABEL} cannot be reached: {error.message} Check base_url.")]
    reach = Check("reach", answer.status < 500, f"{LABEL} answered with status {answer.status}.")
    if not reach.ok:
        return [reach]
    if answer.status not in _SIGNED_IN:
        return [reach, _not_signed_in(context, answer)]
    sign_in = Check("sign in", True, f"{LABEL} takes the credential.")
    people, sample = _people(answer)
    return [reach, sign_in, *permissions.findings(client, context.settings, sample), people]


def _not_signed_in(context: SourceContext, answer: Response) -> Check:
    if answer.status != 401:
        words = f"Whether {LABEL} takes the credential cannot be seen: {told(answer)}. Check base_url."
        return Check("sign in", False, words)
    return Check(
        "sign in",
        False,
        f"{LABEL} refuses the credential (status 401). Make another one in SmartRecruiters ({CREDENTIALS_PAGE}) and "
        f"set it with: rollcall source set {context.name} --secret api_key=-",
    )


def _people(answer: Response) -> tuple[Check, Sample]:
    try:
        document = answer.json() if answer.ok and answer.body.strip() else None
    except OutboundError:
        document = None
    rows = document.get("content") if isinstance(document, dict) else None
    if not isinstance(rows, list):
        return Check("people", False, f"No list of hires came: {told(answer)}."), Sample()
    found = [row for row in rows if isinstance(row, dict)]
    first = found[0] if found else {}
    initials = f"; the first: {_initials(first)}" if found else ""
    words = f"{len(found)} hired candidate{'' if len(found) == 1 else 's'} on the first page{initials}."
    return Check("people", True, words), Sample(text_of(first.get("id")) or "", _job_id(first))


def _initials(row: Row) -> str:
    given = (text_of(row.get(name)) for name in ("firstName", "lastName"))
    return " ".join(f"{text[0]}…" for text in given if text) or "without a name"


def _job_id(row: Row) -> str:
    primary = row.get("primaryAssignment")
    job = primary.get("job") if isinstance(primary, dict) else None
    return (text_of(job.get("id")) or "") if isinstance(job, dict) else ""
