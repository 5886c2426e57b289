"""The source of the import bench: people by number, pages of a small HTTP server, and an adapter that reads them.

The adapter does what those of vendors do: the guarded session, a marshmallow schema for every record, a place to resume
from. It asks for nothing beside its pages: what is measured is the import, not the calls that a vendor's API takes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import EXCLUDE, Schema, fields

from app import registry
from app.sources.adapter import SourceContext
from app.sources.calling import Caller
from app.sources.records import Check, Option, Page, RecordField, SourceRecord
from bench.people import person
from scim.resources import ENTERPRISE

KIND = "bench-paged"
PAGE_SIZE = 500
MAPPING = """
[record]
key = "id"
[fields]
"enterprise.employeeNumber" = "id"
"name.givenName" = "firstName"
"name.familyName" = "lastName"
"displayName" = { template = "{firstName} {lastName}" }
"nickName" = "preferredName"
"emails[work].value" = "workEmail"
"emails[home].value" = "homeEmail"
"phoneNumbers[work].value" = "workPhone"
"title" = "jobTitle"
"enterprise.department" = "department"
"enterprise.division" = "division"
"enterprise.costCenter" = "costCenter"
"addresses[work].streetAddress" = "street"
"addresses[work].locality" = "city"
"addresses[work].postalCode" = "zip"
"addresses[work].country" = "country"
"hr.startDate" = { from = "hireDate", date = "iso" }
"active" = { from = "status", map = { "Active" = true, "Inactive" = false } }
"hr.employmentStatus" = "status"
"""


class Text(fields.Field[str | None]):
    """Text as it is, or None for ``""`` and null."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str | None:
        return str(value).strip() or None if value is not None else None


class RecordSchema(Schema):
    """A record, which is what the server sends."""

    class Meta:
        unknown = EXCLUDE

    id = Text(required=True)
    firstName = Text()
    lastName = Text()
    preferredName = Text()
    workEmail = Text()
    homeEmail = Text()
    workPhone = Text()
    jobTitle = Text()
    department = Text()
    division = Text()
    costCenter = Text()
    street = Text()
    city = Text()
    zip = Text()
    country = Text()
    hireDate = Text()
    status = Text()


FIELD_NAMES = tuple(RecordSchema().fields)


def record(number: int) -> dict[str, str]:
    """Return the record of the person with a number, as a vendor would send it."""
    like = person(number)
    address, work = like["addresses"][0], like[ENTERPRISE]
    return {
        "id": work["employeeNumber"],
        "firstName": like["name"]["givenName"],
        "lastName": like["name"]["familyName"],
        "preferredName": like["nickName"],
        "workEmail": like["emails"][0]["value"],
        "homeEmail": like["emails"][1]["value"],
        "workPhone": like["phoneNumbers"][0]["value"],
        "jobTitle": like["title"],
        "department": work["department"],
        "division": work["division"],
        "costCenter": work["costCenter"],
        "street": address["streetAddress"],
        "city": address["locality"],
        "zip": address["postalCode"],
        "country": address["country"],
        "hireDate": f"20{number % 25:02d}-{number % 12 + 1:02d}-{number % 28 + 1:02d}",
        "status": "Active" if number % 20 else "Inactive",
    }


def page(after: int, people: int) -> bytes:
    """Return the page behind the person with a number, as the server sends it."""
    numbers = range(after, min(after + PAGE_SIZE, people))
    return json.dumps({"people": [record(number) for number in numbers], "total": people}).encode()


class PagedSource:
    """Reads the server's pages."""

    kind = KIND
    label = "Paged"
    options = (Option("base_url", "Address of the server", required=True),)
    secrets = (Option("key", "The key", required=True),)
    default_work_email = "source"
    needs_consent = False
    default_schedule = "off"
    lists_everyone = True

    def settle(self, settings: Mapping[str, str]) -> dict[str, str]:
        return dict(settings)

    def record_fields(self, context: SourceContext) -> tuple[RecordField, ...]:
        return tuple(RecordField(name, name) for name in FIELD_NAMES)

    def default_mapping(self) -> str | None:
        return MAPPING

    def guessed_mapping(self, context: SourceContext) -> str | None:
        return None

    def check(self, context: SourceContext) -> list[Check]:
        return []

    def read(self, context: SourceContext, resume: Mapping[str, Any] | None) -> Iterator[Page]:
        headers = {"Authorization": f"Bearer {context.secrets['key']}"}
        session = context.open_session(context.settings["base_url"], headers=headers)
        caller, schema = Caller("Paged", session, context.pause), RecordSchema(many=True)
        after = int(resume["after"]) if resume else 0
        while True:
            answer = caller.json("GET", f"/people/{after}")
            rows = schema.load(answer["people"])
            records = [SourceRecord(after + place, row) for place, row in enumerate(rows, 1)]
            after += len(records)
            is_last = after >= answer["total"]
            yield Page(records, {"after": after}, is_last)
            if is_last:
                return


def install() -> None:
    """Make the kind known in this process."""
    registry.kinds(registry.SOURCES)[KIND] = f"{__name__}:PagedSource"
