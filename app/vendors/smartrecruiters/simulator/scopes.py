"""The scopes of credentials, and those that need the system role Admin besides (seed 3, vendors.md §3.1)."""

from __future__ import annotations

from app.vendors.smartrecruiters.simulator.errors import Refusal
from app.vendors.smartrecruiters.simulator.views import Persona

SCOPES = frozenset(
    {
        *("candidates_read", "candidates_create", "candidates_offers_read", "candidates_manage"),
        *("candidate_status_read", "job_applications_read", "configuration_read", "configuration_manage"),
        *("jobs_read", "users_read", "user_me_read", "messages_read", "messages_manage"),
        *("interview_types_read", "interview_types_write", "interviews_read", "interviews_write"),
        *("reviews_read", "reviews_write", "approvals_read", "webhooks_manage"),
    }
)
FOR_ADMINS = frozenset({"users_read", "configuration_read", "configuration_manage"})
PERSONAS: dict[str, str] = {
    "missing-scope": "the credential lacks the scopes `name`, joined by +",
    "not-admin": "the credential has the system role Recruiter: users and configuration are refused",
}


def check(scope: str, persona: Persona) -> None:
    """Raise Refusal (403) unless the credential has the scope and its role reaches that far."""
    missing = (persona("missing-scope") or {}).get("name", "").split("+")
    if scope in missing or (persona("not-admin") is not None and scope in FOR_ADMINS):
        raise Refusal(403, "Access is denied", "OAuthPermissionsException")
