"""The five vendors with people, keys and calls that carry canaries: values that must be found nowhere in the clear."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from app.vendors.bamboohr.simulator import BASE as BAMBOOHR_BASE
from app.vendors.bamboohr.simulator import BambooHRSimulator
from app.vendors.icims.simulator import CLIENT_ID, CUSTOMER, ICIMSSimulator
from app.vendors.intellihr.simulator import BASE as INTELLIHR_BASE
from app.vendors.intellihr.simulator import DEFAULT_SUBDOMAIN, IntelliHRSimulator
from app.vendors.jazzhr.simulator import BASE as JAZZHR_BASE
from app.vendors.jazzhr.simulator import IntegrationNotSaved, JazzHRSimulator
from app.vendors.smartrecruiters.simulator import SmartRecruitersSimulator

SSN, SALARY, BORN = "078-05-1120", "871234.56", "1971-03-17"
KEY, HOOK, WRONG = "canary-vendor-key-77a", "canary-hook-secret-5c1", "canary-wrong-key-9f2"
#: What no adapter may take over, wherever a vendor says it.
STRAY = "canary-stray-3b8"


class Planted(ABC):
    """One vendor. Members that a kind has not are the usual ones below."""

    kind: str
    vendor: Any
    settings: Mapping[str, str] = {}
    credentials: Mapping[str, str] = {"api_key": KEY}
    wrong: Mapping[str, str] = {"api_key": WRONG}
    #: How many values are sealed of the people that come in.
    sealed = 0

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def given(self, url: str) -> dict[str, str]:
        """Return the settings of a source that reads it, everything that may be switched on being so."""
        return {"base_url": url, "retry_seconds": "0.001", "report_to": "hr@acme.example", **self.settings}

    @abstractmethod
    def plant(self, email: str, salary: str = SALARY) -> Any:
        """Add somebody who carries the canaries, and return the vendor's id of them."""

    @abstractmethod
    def call(self, address: str, person: Any) -> None:
        """Have the vendor call us about somebody: as it does, repeated, and forged."""

    def made(self) -> list[str]:
        """Return the secrets that the vendor itself has made meanwhile."""
        return []


class JazzHR(Planted):
    kind = "jazzhr"
    settings = {"calls_per_minute": "0", "include_salary": "yes"}
    credentials = {"api_key": KEY, "webhook_secret": HOOK}
    sealed = 3

    def __init__(self) -> None:
        super().__init__()
        self.vendor = JazzHRSimulator(key=KEY, faults="no-limit")

    def given(self, url: str) -> dict[str, str]:
        return super().given(url + JAZZHR_BASE)

    def plant(self, email: str, salary: str = SALARY) -> Any:
        stray = {"eeo_disability": STRAY, "felony_explanation": STRAY, "notes": f"{SSN} {BORN}"}
        person = {"first_name": "Maya", "last_name": f"Okafor{next(self._numbers)}", "email": email}
        return self.vendor.hire({**person, "desired_salary": salary, **stray})["applicant_id"]

    def call(self, address: str, person: Any) -> None:
        self.vendor.add_integration("rollcall", address, HOOK)
        with pytest.raises(IntegrationNotSaved):
            self.vendor.add_integration("forged", address, WRONG)
        self.vendor.export(person, times=2)
        self.vendor.export(person, signature="bad")


class ICIMS(Planted):
    kind = "icims"
    settings = {"customer_id": CUSTOMER, "calls_per_minute": "0", "field_employee_number": "field50001"}
    credentials = {"client_id": CLIENT_ID, "client_secret": KEY, "webhook_secret": HOOK}
    wrong = {"client_id": CLIENT_ID, "client_secret": WRONG}
    sealed = 3

    def __init__(self) -> None:
        super().__init__()
        self.vendor = ICIMSSimulator(key=KEY, faults="no-limit")

    def given(self, url: str) -> dict[str, str]:
        return {**super().given(url), "token_url": f"{url}/oauth/token"}

    def plant(self, email: str, salary: str = SALARY) -> Any:
        secret = {"usssn": SSN, "birthdate": BORN, "salary": salary, "gender": STRAY, "race": STRAY}
        name = {"firstname": "Maya", "lastname": f"Okafor{next(self._numbers)}"}
        return self.vendor.company.hire({**name, "email": email, **secret})["_id"]

    def call(self, address: str, person: Any) -> None:
        for form in ("hmac", "basic"):
            self.vendor.subscribe(form, address, form=form, user="rollcall", secret=HOOK)
        self.vendor.subscribe("forged", address, form="basic", user="rollcall", secret=WRONG)
        self.vendor.notify(person, times=2)
        self.vendor.notify(person, sign="bad")

    def made(self) -> list[str]:
        return list(self.vendor.tokens._valid)


class BambooHR(Planted):
    kind = "bamboohr"
    settings = {"calls_per_second": "0", "include_gender": "yes", "include_date_of_birth": "yes"}

    def __init__(self) -> None:
        super().__init__()
        self.vendor = BambooHRSimulator(key=KEY)

    def given(self, url: str) -> dict[str, str]:
        return super().given(url + BAMBOOHR_BASE)

    def plant(self, email: str, salary: str = SALARY) -> Any:
        stray = {"ssn": SSN, "payRate": f"{salary} USD", "sin": STRAY, "nin": STRAY}
        name = {"firstName": "Maya", "lastName": f"Okafor{next(self._numbers)}", "workEmail": email}
        return self.vendor.company.add({**name, "dateOfBirth": BORN, **stray})["id"]

    def call(self, address: str, person: Any) -> None:
        for sign in ("good", "bad"):
            self.vendor.company.change(person, {"jobTitle": f"Title {next(self._numbers)}"})
            self.vendor.webhooks.send(sign=sign, times=2)

    def made(self) -> list[str]:
        return [str(hook["privateKey"]) for hook in self.vendor.webhooks.hooks.values()]


class SmartRecruiters(Planted):
    kind = "smartrecruiters"
    settings = {
        "calls_per_second": "0",
        "include_salary": "yes",
        "offer_salary": "salary.base",
        "write_onboarding_status": "yes",
        "work_email": "{given}.{family}@example.com",
    }
    sealed = 4

    def __init__(self) -> None:
        super().__init__()
        self.vendor = SmartRecruitersSimulator(key=KEY, faults="no-limit")

    def given(self, url: str) -> dict[str, str]:
        self.vendor.url = url
        return super().given(url)

    def plant(self, email: str, salary: str = SALARY) -> Any:
        offer = {"salary.base": salary, "bank.account": STRAY, "national.id": SSN, "born": BORN}
        name = {"firstName": "Maya", "lastName": f"Okafor{next(self._numbers)}", "email": email}
        return self.vendor.hire({**name, "ssn": SSN}, offer=offer)["id"]

    def call(self, address: str, person: Any) -> None:
        for sign in ("good", "bad"):
            self.vendor.send("application.status.updated", person, sign=sign)

    def made(self) -> list[str]:
        return [key for each in self.vendor.webhooks.subscriptions.values() for key in each.keys]


class IntelliHR(Planted):
    kind = "intellihr"
    settings = {
        "subdomain": DEFAULT_SUBDOMAIN,
        "calls_per_second": "0",
        "include_salary": "yes",
        "include_gender": "yes",
        "include_date_of_birth": "yes",
    }
    sealed = 3

    def __init__(self) -> None:
        super().__init__()
        self.vendor = IntelliHRSimulator(key=KEY)

    def given(self, url: str) -> dict[str, str]:
        return super().given(url + INTELLIHR_BASE)

    def plant(self, email: str, salary: str = SALARY) -> Any:
        pay = {"type": "Annual Salary", "baseAnnualSalary": salary, "currency": "AUD", "payCycle": "Weekly"}
        number = {"definitionId": "d9", "name": "Tax file number", "value": SSN}
        mail = {"email": email, "isPrimary": True, "isPersonal": False, "customFields": {}}
        person = {
            "firstName": "Maya",
            "lastName": f"Okafor{next(self._numbers)}",
            "dateOfBirth": BORN,
            "primaryEmailAddress": mail,
            "medicalConditions": [STRAY],
            "customFields": {"tfn": number},
        }
        return self.vendor.add(person, {"remunerationSchedule": {**pay, "annualPackage": salary}})["id"]

    def call(self, address: str, person: Any) -> None:
        self.vendor.send("person.updated", person, times=2)


VENDORS: Mapping[str, Callable[[], Planted]] = {
    made.kind: made for made in (JazzHR, ICIMS, BambooHR, SmartRecruiters, IntelliHR)
}
