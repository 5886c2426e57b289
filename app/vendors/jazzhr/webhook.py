"""JazzHR's Candidate Export: what a call means (vendors.md §1.4).

The payload has neither start date, department nor place of work: it only points at an applicant, who is read through
the API.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any

import structlog
from pydantic_core import from_json

from app.sources.adapter import Delivery, Hint, Receipt, SourceContext
from app.sources.errors import DeliveryRefused

log = structlog.get_logger(__name__)

SECRETS = ("webhook_secret", "webhook_secret_previous")
VERIFY_BODY = b'{"data":"JazzHR Verify Event"}'
#: The category whose candidates are people of ours, beside none at all: any member may be null.
HIRED = "Hired"
_OTHERS = ("New", "Active", "Not Hired")
_ID = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}", re.ASCII)


def signature(key: str, body: bytes) -> str:
    """Return the lower-case hex HMAC-SHA256 of the raw body.

    >>> signature("test-secret-not-real", VERIFY_BODY)
    '0f227eed143de35fe8643b0eb7c989dba7cf375fbcf1182507158d2a6fd1e440'
    """
    return hmac.new(key.encode(), body, hashlib.sha256).hexdigest()


def receive(context: SourceContext, delivery: Delivery) -> Receipt:
    """Return whom a call is about: nobody for the verify call, and for candidates who are not hired.

    The number in ``X-JazzHR-UUID`` is not signed: whoever has recorded a call could send it with ever new ones. So
    none is told, and the body, which is signed, stands in for it.
    JazzHR saves an integration only when the verify call is answered with exactly 200; it reads no answer's body.

    :raises DeliveryRefused: it is not signed with the source's secret (401), or names no candidate (400).
    """
    _prove(context, delivery)
    document = _document(delivery.body)
    if delivery.body == VERIFY_BODY or delivery.headers.get("x-jazzhr-event", "").upper() == "VERIFY":
        return Receipt(status=200)
    candidate = _at(document, "candidate")
    applicant = _at(candidate, "person", "id", "value")
    if not isinstance(applicant, str) or not _ID.fullmatch(applicant):
        raise DeliveryRefused("The export names no candidate.", 400)
    opening = _opening(candidate, delivery.headers.get("x-jazzhr-export-context", ""))
    category = _at(opening, "candidateStatus", "category")
    if category is not None and str(category).lower() != HIRED.lower():
        known = next((word for word in _OTHERS if word == category), "another")
        log.info("a candidate was exported who is not hired", source=context.name, category=known)
        return Receipt(status=200, body=b"not imported: the candidate is not hired\n")
    return Receipt((_hint(applicant, opening),), status=200)


def _prove(context: SourceContext, delivery: Delivery) -> None:
    given = delivery.headers.get("x-jazzhr-signature", "").strip().lower().encode("latin-1", "replace")
    keys = [context.secrets[name] for name in SECRETS if context.secrets.get(name)]
    # Every key is tried, so that the time taken tells nothing.
    fits = [hmac.compare_digest(signature(key, delivery.body).encode(), given) for key in keys]
    if not any(fits):
        raise DeliveryRefused(
            "The call is not signed with the secret of this source: the Secret Key of the candidate export in JazzHR "
            "must be the one that `rollcall source webhook` made."
        )


def _document(body: bytes) -> Mapping[str, Any]:
    try:
        document = from_json(body, allow_inf_nan=False)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise DeliveryRefused("The call's body is no JSON object.", 400)
    return document


def _opening(candidate: Any, job_id: str) -> Any:
    """Return the application that an export is about: the job that it names, else one that is hired, else the first."""
    openings = [
        opening
        for profile in _as_list(_at(candidate, "profiles"))
        for opening in _as_list(_at(profile, "associatedPositionOpenings"))
    ]
    by_job = (each for each in openings if job_id and _at(each, "positionOpeningId", "value") == job_id)
    hired = (each for each in openings if _at(each, "candidateStatus", "category") == HIRED)
    return next(by_job, None) or next(hired, None) or next(iter(openings), None)


def _hint(applicant: str, opening: Any) -> Hint:
    job, moment = (
        _at(opening, "positionOpeningId", "value"),
        _at(opening, "candidateStatus", "transitionDateTime"),
    )
    hint = {"applicant": applicant}
    if isinstance(job, str) and _ID.fullmatch(job):
        hint["job"] = job
    if isinstance(moment, str) and _MOMENT.fullmatch(moment):
        hint["hired_at"] = moment
    return hint


def _as_list(value: Any) -> list[Any]:
    # JazzHR shows lists of one as bare objects elsewhere (pitfall 1); here both are taken.
    return value if isinstance(value, list) else [] if value is None else [value]


def _at(value: Any, *names: str) -> Any:
    """Return the member at a path; None where one of them is missing, null, or no object."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value
