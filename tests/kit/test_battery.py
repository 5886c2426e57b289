"""The battery of the adapter kit, on adapters of our own."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta

from app.kit import AdapterBattery, VendorCall, World
from app.vendors.intellihr.simulator import DEFAULT_KEY as INTELLIHR_KEY
from app.vendors.intellihr.simulator import DEFAULT_SUBDOMAIN, IntelliHRSimulator
from app.vendors.jazzhr.simulator import JazzHRSimulator
from app.vendors.jazzhr.simulator.exports import candidate_payload, signature

KEY, SECRET = "battery-api-key", "battery-webhook-secret"


class TestJazzHR(AdapterBattery):
    kind = "jazzhr"

    def world(self) -> World:
        vendor = JazzHRSimulator(key=KEY, faults="no-limit")
        company = vendor.company

        def remove(applicant: str) -> None:
            for hire in [row["id"] for row in company.hires.values() if row["applicant_id"] == applicant]:
                company.withdraw(hire)

        def deliver(applicant: str) -> VendorCall:
            payload = candidate_payload(company, company.applicant(applicant), None)
            body = json.dumps(payload).encode()
            headers = {
                "X-JazzHR-Event": "CANDIDATE-EXPORT",
                "X-JazzHR-UUID": str(uuid.uuid4()),
                "X-JazzHR-Signature": signature(SECRET, body),
            }
            return VendorCall(headers, body)

        return World(
            application=vendor,
            settings={"base_url": "{url}/v1", "calls_per_minute": "0"},
            secrets={"api_key": KEY, "webhook_secret": SECRET},
            hire=lambda: str(vendor.hire({"desired_salary": "72341.99"})["applicant_id"]),
            change=lambda applicant: company.change_applicant(applicant, {"first_name": "Renamed"}),
            remove=remove,
            deliver=deliver,
            sign=lambda body: {"X-JazzHR-Signature": signature(SECRET, body)},
            sensitive=("72341.99",),
        )


class TestIntelliHR(AdapterBattery):
    kind = "intellihr"

    def world(self) -> World:
        vendor = IntelliHRSimulator(key=INTELLIHR_KEY)
        now = datetime.now(UTC)
        yesterday = f"{now - timedelta(days=1):%Y-%m-%d}"
        # Long ago: intelliHR tells changes by days.
        past = (now - timedelta(days=30)).isoformat(timespec="seconds")
        job = {"createdAt": past, "_written_at": past}
        return World(
            application=vendor,
            settings={"base_url": "{url}/v1", "subdomain": DEFAULT_SUBDOMAIN, "page_size": "10"},
            secrets={"api_key": INTELLIHR_KEY, "webhook_on": "yes-of-the-battery"},
            hire=lambda: str(vendor.add({"createdAt": past}, job)["id"]),
            change=lambda person: vendor.change_person(person, {"lastName": "Renamed"}),
            remove=vendor.remove,
            leave=lambda person: vendor.terminate(person, yesterday),
            deliver=lambda person: VendorCall(
                {}, json.dumps({"event": "person.created", "id": person}).encode(), keyed=True
            ),
        )
