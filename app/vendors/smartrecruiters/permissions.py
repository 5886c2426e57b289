"""The permissions of the guide's credential (seed 3), and what is lost without each.

The right of a credential is its scopes *and* its system role (vendors.md §3.1): both answer 403, and look alike.
Reading scopes are tried with one cheap call each; a writing scope would have to be tried by writing, which nobody
asked for. The places of interviews, reviews, approvals and messages are taken from public clients [C]; an answer that
is neither a success nor a refusal decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from app.outbound import OutboundError
from app.sources.records import Check
from app.vendors.smartrecruiters.client import CREDENTIALS_PAGE, Client, path_of
from app.vendors.smartrecruiters.offers import PROPERTIES
from app.vendors.smartrecruiters.settings import SWITCH

WEBHOOKS = "/webhooks-api/v201907/subscriptions"
Settings = Mapping[str, str]
Place = Callable[["Sample"], str | None]


@dataclass(frozen=True, slots=True)
class Sample:
    """A candidate, and a job of theirs, to ask about; empty where there is none."""

    candidate_id: str = ""
    job_id: str = ""


def _always(place: str) -> Place:
    return lambda sample: place


def _of_candidate(*words: str, query: str = "") -> Place:
    """A place below a candidate; the word ``{job}`` stands for the job."""

    def place(sample: Sample) -> str | None:
        if not sample.candidate_id or ("{job}" in words and not sample.job_id):
            return None
        path = path_of(
            "candidates", sample.candidate_id, *(sample.job_id if w == "{job}" else w for w in words)
        )
        return path + query

    return place


def _reviews(sample: Sample) -> str | None:
    if not sample.candidate_id or not sample.job_id:
        return None
    about = {"candidateId": sample.candidate_id, "jobId": sample.job_id}
    return f"/reviews-api/v201910/reviews?{urlencode(about)}"


def _messages(sample: Sample) -> str | None:
    about = {"candidateId": sample.candidate_id, "limit": "1"}
    return f"/messages?{urlencode(about)}" if sample.candidate_id else None


@dataclass(frozen=True, slots=True)
class Scope:
    """A permission. `place` is read to see it, None for one that only writes.

    `lost` says what is missing without it, empty when Rollcall has no use for it; `wanted` whether settings use it.
    """

    name: str
    allows: str
    place: Place | None
    lost: str = ""
    wanted: Callable[[Settings], bool] = lambda settings: True


def _writes_back(settings: Settings) -> bool:
    return SWITCH[settings["write_onboarding_status"]]


#: In the order of the guide, and `webhooks_manage`, which it leaves out.
SCOPES = (
    Scope("candidates_read", "read candidates", _always("/candidates?limit=1"), "nobody can be imported"),
    Scope(
        "candidates_create",
        "add candidates",
        None,
        "a target that exports candidates cannot add anybody; imports do without",
    ),
    Scope(
        "candidates_offers_read",
        "read offers",
        _always("/offers?limit=1"),
        "no offer is read: no offer properties, no start date and no salary from an offer",
    ),
    Scope(
        "candidates_manage",
        "change statuses and candidates",
        None,
        "the onboarding status is not written back, and exported candidates are not updated",
        _writes_back,
    ),
    Scope(
        "candidate_status_read",
        "read status histories",
        _of_candidate("status", "history", query="?limit=1"),
        "the day of the hire is not read, and a hire by a second application may be overlooked",
    ),
    Scope(
        "job_applications_read",
        "read applications",
        _of_candidate("jobs", "{job}"),
        "statuses and start dates of applications may be missing",
    ),
    Scope(
        "configuration_read",
        "read the company's settings (needs the system role Admin)",
        _always(PROPERTIES),
        "offer properties are not discovered: only those that the settings name are read",
    ),
    Scope("configuration_manage", "change the company's settings", None),
    Scope(
        "jobs_read",
        "read jobs",
        _always("/jobs?limit=1"),
        "job title, department, place of work, kind of employment and hiring manager are missing",
    ),
    Scope(
        "users_read",
        "read users (needs the system role Admin)",
        _always("/user-api/v201804/users?limit=1"),
        "the hiring manager's e-mail address, and with it the manager, is missing",
    ),
    Scope("user_me_read", "read the credential's own user", _always("/user-api/v201804/users/me")),
    Scope("messages_read", "read messages", _messages),
    Scope("messages_manage", "delete messages", None),
    Scope("interview_types_read", "read interview types", _always("/interviews-api/v201904/interview-types")),
    Scope("interview_types_write", "change interview types", None),
    Scope("interviews_write", "change interviews", None),
    Scope(
        "interviews_read",
        "read interviews",
        _always("/interviews-api/v201904/interviews?applicationId=none"),
    ),
    Scope("reviews_read", "read reviews", _reviews),
    Scope("reviews_write", "change reviews", None),
    Scope("approvals_read", "read approvals", _always("/approvals-api/v201910/approvals")),
    Scope(
        "webhooks_manage",
        "manage webhooks (not in the guide)",
        _always(WEBHOOKS),
        "SmartRecruiters cannot be told to call Rollcall: hires come by schedule only",
    ),
)
#: Without these nothing can be imported.
NEEDED = frozenset({"candidates_read"})


def findings(client: Client, settings: Settings, sample: Sample) -> Iterator[Check]:
    """Yield a finding for each permission, in the order of the guide; one call for each that can be seen by reading."""
    for scope in SCOPES:
        yield finding(scope, settings, status_of(client, scope, sample))


def status_of(client: Client, scope: Scope, sample: Sample) -> int | None:
    """Return the status with which the trial of a permission was answered; None when it cannot be tried."""
    place = scope.place(sample) if scope.place else None
    if place is None:
        return None
    try:
        return client.once(place).status
    except OutboundError:
        return 0


def finding(scope: Scope, settings: Settings, status: int | None) -> Check:
    """Return what the answer to a trial says about a permission."""
    is_needed = scope.name in NEEDED
    name, use = f"permission {scope.name}", bool(scope.lost) and scope.wanted(settings)
    allows = scope.allows[0].upper() + scope.allows[1:]
    if scope.place is None:
        return Check(
            name, True, f"{allows}: cannot be seen without writing; {_use(scope, use)}.", needed=False
        )
    if status in (401, 403):
        if not use:
            return Check(name, True, f"{allows}: missing, and not needed.", needed=False)
        way = (
            f"Grant it, and the system role Admin, to the credential in SmartRecruiters ({CREDENTIALS_PAGE})."
        )
        return Check(name, False, f"{allows}: missing. Without it {scope.lost}. {way}", needed=is_needed)
    if status is not None and 200 <= status < 300:
        extra = "granted" if use else "granted, but not needed: it can be taken away"
        return Check(name, True, f"{allows}: {extra}.", needed=is_needed)
    why = (
        "there is no candidate to try it on"
        if status is None
        else f"the trial was answered with status {status}"
    )
    if status == 0:
        why = "the trial was not answered"
    return Check(
        name, not is_needed, f"{allows}: cannot be seen ({why}); {_use(scope, use)}.", needed=is_needed
    )


def _use(scope: Scope, is_used: bool) -> str:
    if not scope.lost:
        return "not needed"
    return (
        f"without it {scope.lost}"
        if is_used
        else f"not needed by the present settings (without it {scope.lost})"
    )
