"""The battery of the adapter kit, on adapters of our own."""

from __future__ import annotations

import itertools
import json
import time
import uuid
from datetime import UTC, datetime, timedelta

from app.kit import AdapterBattery, VendorCall, World
from app.vendors.bamboohr import webhooks as bamboohr_webhooks
from app.vendors.bamboohr.simulator import BASE as BAMBOOHR_BASE
from app.vendors.bamboohr.simulator import BambooHRSimulator
from app.vendors.icims.simulator import CLIENT_ID, CUSTOMER, ICIMSSimulator, Subscription, events
from app.vendors.intellihr.simulator import DEFAULT_KEY as INTELLIHR_KEY
from app.vendors.intellihr.simulator import DEFAULT_SUBDOMAIN, IntelliHRSimulator
from app.vendors.jazzhr.simulator import JazzHRSimulator
from app.vendors.jazzhr.simulator.exports import candidate_payload, signature
from app.vendors.smartrecruiters import webhooks as smartrecruiters_webhooks
from app.vendors.smartrecruiters.simulator import SmartRecruitersSimulator

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


class TestICIMS(AdapterBattery):
    kind = "icims"

    def world(self) -> World:
        vendor = ICIMSSimulator(key=KEY, faults="no-limit")
        company = vendor.company
        # Not all at once: searches reach back behind the last one by what they lag.
        hours = (datetime.now(UTC) - timedelta(hours=back) for back in itertools.count(1000, -1))
        to = Subscription("", user="rollcall", secret=SECRET)

        def deliver(person: str) -> VendorCall:
            root = f"https://api.icims.com/customers/{CUSTOMER}"
            body = events.body_of(events.status_change(CUSTOMER, int(person), 1, "C1", "C2040", root))
            return VendorCall(proof(body), body, signs_body=False)

        def proof(body: bytes) -> dict[str, str]:
            return {"Content-Encoding": "gzip", **events.credentials(to, body, "good")}

        return World(
            application=vendor,
            settings={
                "customer_id": CUSTOMER,
                "base_url": "{url}",
                "token_url": "{url}/oauth/token",
                "calls_per_minute": "0",
                "retry_seconds": "0.01",
            },
            secrets={"client_id": CLIENT_ID, "client_secret": KEY, "webhook_secret": SECRET},
            hire=lambda: str(company.hire({"usssn": "078-05-1120"}, at=next(hours))["_id"]),
            change=lambda person: company.change_person(person, {"lastname": "Renamed"}),
            remove=company.remove_person,
            leave=company.terminate,
            deliver=deliver,
            sign=proof,
            people=60,
            always_read=("usssn",),
            sensitive=("078-05-1120",),
        )


class TestSmartRecruiters(AdapterBattery):
    kind = "smartrecruiters"

    def world(self) -> World:
        vendor = SmartRecruitersSimulator(key=KEY, faults="no-limit")
        company = vendor.company

        def deliver(candidate: str) -> VendorCall:
            body = json.dumps({"candidate_id": candidate}).encode()
            return VendorCall(proof(body), body)

        def proof(body: bytes) -> dict[str, str]:
            names = ("event-name", "event-version", "link")
            headers = {"event-id": str(uuid.uuid4()), **dict.fromkeys(names, "x")}
            headers[smartrecruiters_webhooks.TIMESTAMP] = str(int(time.time()))
            made = smartrecruiters_webhooks.signature(SECRET, headers, body)
            return {**headers, smartrecruiters_webhooks.SIGNATURE: f"v1={made}"}

        return World(
            application=vendor,
            settings={"base_url": "{url}", "calls_per_second": "0", "overlap_minutes": "0"},
            secrets={"api_key": KEY, "signing_key": SECRET},
            wrong_secrets={"api_key": "wrong-credential-of-the-battery", "signing_key": SECRET},
            hire=lambda: str(company.hire(offer={"salary.base": "72341.99"})["id"]),
            change=lambda candidate: company.change_candidate(candidate, {"lastName": "Renamed"}),
            remove=company.delete_candidate,
            deliver=deliver,
            sign=proof,
            people=60,
            sensitive=("72341.99",),
        )
