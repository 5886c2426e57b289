"""JazzHR's Candidate Export: the verify call, and signed deliveries to integrations (vendors.md §1.4)."""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests

from app.vendors.jazzhr.simulator.company import HIRED_STEP, Company, Row
from app.vendors.jazzhr.simulator.errors import IntegrationNotSaved

VERIFY_BODY = b'{"data":"JazzHR Verify Event"}'
TIMEOUT_SECONDS = 30
SIGNATURES = ("good", "bad", "missing")


@dataclass(frozen=True)
class Integration:
    """A receiver of candidate exports; without a secret nothing is signed."""

    name: str
    url: str
    secret: str | None = None


@dataclass(frozen=True)
class Delivery:
    """What became of one POST: any 2xx is an acknowledgement; ``status`` is None when no answer came."""

    integration: str
    uuid: str
    status: int | None

    @property
    def is_acknowledged(self) -> bool:
        """True for any 2xx."""
        return self.status is not None and 200 <= self.status < 300


def signature(secret: str, body: bytes) -> str:
    """Return the lower-case hex HMAC-SHA256 of the raw body.

    >>> signature("test-secret-not-real", VERIFY_BODY)
    '0f227eed143de35fe8643b0eb7c989dba7cf375fbcf1182507158d2a6fd1e440'
    """
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def verify(integration: Integration) -> None:
    """Send the verify call; raises IntegrationNotSaved unless the answer is exactly 200."""
    status = _post(integration, VERIFY_BODY, {"X-JazzHR-Event": "VERIFY"}, "good")
    if status != 200:
        raise IntegrationNotSaved(
            f"{integration.url} answered {status} to the verify call; JazzHR saves on 200 only"
        )


def deliver(
    integration: Integration, payload: Mapping[str, Any], *, context: str, sign: str, request_id: str | None
) -> Delivery:
    """Send one candidate export and return what became of it; ``sign`` is one of ``SIGNATURES``."""
    request_id = request_id or str(uuid.uuid4())
    body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
    headers = {
        "X-JazzHR-Event": "CANDIDATE-EXPORT",
        "X-JazzHR-UUID": request_id,
        "X-JazzHR-Export-Context": context,
        "Link": "https://example.invalid/candidate",
    }
    return Delivery(integration.name, request_id, _post(integration, body, headers, sign))


def _post(integration: Integration, body: bytes, headers: dict[str, str], sign: str) -> int | None:
    sent = {**headers, "Content-Type": "application/json", "User-Agent": "JazzHR"}
    if integration.secret is not None and sign != "missing":
        key = integration.secret if sign == "good" else integration.secret + "-wrong"
        sent["X-JazzHR-Signature"] = signature(key, body)
    try:
        answer = requests.post(
            integration.url, data=body, headers=sent, timeout=TIMEOUT_SECONDS, allow_redirects=False
        )
    except requests.RequestException:
        return None
    return answer.status_code


def candidate_payload(
    company: Company, applicant: Row, job_id: str | None, sparse: bool = False
) -> dict[str, Any]:
    """Return the export's body: HR Open style, any member may be null."""
    applications = company.applications_of(applicant["id"])
    chosen = [row for row in applications if job_id in (None, row["job_id"])] or applications
    return {
        "candidate": {
            "person": {
                "id": _identifier(applicant["id"], "JazzHR Candidate"),
                "name": {
                    "formattedName": f"{applicant['first_name']} {applicant['last_name']}".strip(),
                    "given": applicant["first_name"] or None,
                    "family": applicant["last_name"],
                },
                "gender": None,
                "citizenShip": [],
                "applyDate": applicant["apply_date"],
                "communication": _communication(applicant, sparse),
            },
            "profiles": [_profile(company, chosen[-1], sparse)],
        }
    }


def _identifier(value: str, scheme: str) -> dict[str, str]:
    return {"value": value, "schemeId": scheme, "schemeAgencyId": "JazzHR"}


def _communication(applicant: Row, sparse: bool) -> dict[str, Any]:
    home = applicant["_home"]
    address = {
        "countrySubdivisions": [{"type": "state", "value": home.region}],
        "city": home.city,
        "postalCode": home.postal_code,
        "line": home.street,
        "formattedAddress": applicant["address"],
    }
    return {
        "address": None if sparse else [address],
        "phone": None if sparse else [{"formattedNumber": applicant["phone"]}],
        "email": [{"address": applicant["email"]}],
        "web": [],
    }


def _profile(company: Company, application: Row, sparse: bool) -> dict[str, Any]:
    job = company.jobs[application["job_id"]]
    state = "Hired" if application["workflow_step_id"] == HIRED_STEP else "Active"
    hires = [row for row in company.hires.values() if row["applicant_id"] == application["applicant_id"]]
    moved = f"{hires[-1]['hired_date']} {hires[-1]['hired_time']}" if hires else None
    return {
        "languageCode": "en-US",
        "profileId": _identifier(application["id"], "JazzHR Job Application"),
        "associatedPositionOpenings": [
            {
                "positionOpeningId": _identifier(job["id"], "JazzHR Job"),
                "positionTitle": job["title"],
                "positionUri": "https://example.invalid/job",
                "candidateStatus": {"name": state, "category": state, "transitionDateTime": moved},
            }
        ],
        "education": None if sparse else [],
        "attachments": [],
    }
