"""The battery of the adapter kit, on adapters of our own."""

from __future__ import annotations

import itertools
import json
import uuid
from datetime import UTC, datetime, timedelta

from app.kit import AdapterBattery, VendorCall, World
from app.vendors.bamboohr import webhooks as bamboohr_webhooks
from app.vendors.bamboohr.simulator import BASE as BAMBOOHR_BASE
from app.vendors.bamboohr.simulator import BambooHRSimulator
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


class TestBambooHR(AdapterBattery):
    kind = "bamboohr"

    def world(self) -> World:
        vendor = BambooHRSimulator(key=KEY)
        company = vendor.company
        # Not all at once: the feed is asked again from a minute before its latest change.
        hours = (datetime.now(UTC) - timedelta(hours=back) for back in itertools.count(1000, -1))

        def deliver(employee: str) -> VendorCall:
            told = {"type": "employee.created", "data": {"employeeId": employee}}
            body = json.dumps(told).encode()
            return VendorCall(_bamboohr_headers(body), body)

        return World(
            application=vendor,
            settings={"base_url": "{url}" + BAMBOOHR_BASE, "calls_per_second": "0"},
            secrets={"api_key": KEY, "webhook_secret": SECRET},
            hire=lambda: str(company.add(at=next(hours))["id"]),
            change=lambda employee: company.change(employee, {"lastName": "Renamed"}),
            remove=company.delete,
            leave=company.terminate,
            deliver=deliver,
            sign=_bamboohr_headers,
            people=60,
        )


def _bamboohr_headers(body: bytes) -> dict[str, str]:
    stamp = datetime.now(UTC).isoformat(timespec="seconds")
    return {
        "X-BambooHR-Timestamp": stamp,
        "X-BambooHR-Signature": bamboohr_webhooks.signature(SECRET, body, stamp),
    }
