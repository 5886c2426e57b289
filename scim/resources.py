"""The resource types that every tenant has: User with the Enterprise and HR extensions, and Group."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any

import scim2_models
from pydantic import Field
from scim2_models import CaseExact, ComplexAttribute, Extension, Mutability, Reference, Required, Returned

from scim.schema import Hint, ResourceType, Schema, SchemaSet

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
HR = "urn:rollcall:params:scim:schemas:extension:hr:2.0:User"

SERVED = ("User", "Group")
"""The resource types that clients reach."""


class Manager(scim2_models.Manager):
    """The person's manager, named by ``value`` alone; the rest is filled in by the server.

    scim2-models demands ``$ref`` here; real clients do not send it (scim.md §2), and RFC 7643 §8.7.1
    does not require it. What a client sends is kept, else the server fills it in.
    """

    value: Annotated[str | None, Required.true, CaseExact.true] = Field(
        None, description="The id of the employee who is the manager."
    )
    ref: Reference[scim2_models.User[Any]] | None = Field(
        None, serialization_alias="$ref", validation_alias="$ref", description="The URI of the manager."
    )
    display_name: Annotated[str | None, Mutability.read_only] = Field(
        None, description="The displayName of the manager."
    )


class EnterpriseUser(scim2_models.EnterpriseUser):
    """What organisations keep about their people (RFC 7643 §4.3)."""

    manager: Manager | None = Field(None, description="The person's manager.")


class NationalId(ComplexAttribute):
    """A number that a state gave the person, such as a social security number."""

    value: str | None = Field(None, description="The number as written on the document.")
    type: str | None = Field(None, description="The kind of number, such as SSN.")
    country: str | None = Field(None, description="The state that gave it, ISO 3166-1 alpha-2.")


class Salary(ComplexAttribute):
    """What the person is paid."""

    amount: float | None = Field(
        None, description="The amount in units of the currency.", examples=["30000", "52000.50"]
    )
    currency: str | None = Field(None, description="The currency, ISO 4217.")
    period: str | None = Field(None, description="What the amount is paid for, such as year or hour.")


class SourceRecord(ComplexAttribute):
    """Where a record of this person is kept by a vendor (RFC 7643 §3.1 leaves externalId to clients)."""

    system: Annotated[str | None, Mutability.read_only] = Field(None, description="The kind of source.")
    tenant: Annotated[str | None, Mutability.read_only, CaseExact.true] = Field(
        None, description="The account at the vendor."
    )
    record_id: Annotated[str | None, Mutability.read_only, CaseExact.true] = Field(
        None, description="The vendor's id of the record."
    )
    event_id: Annotated[str | None, Mutability.read_only, CaseExact.true] = Field(
        None, description="The vendor's id of the hire or event that brought the record."
    )
    channel: Annotated[str | None, Mutability.read_only] = Field(
        None, description="How the person came to the vendor."
    )
    last_modified: Annotated[str | None, Mutability.read_only] = Field(
        None, description="When the vendor last changed the record, as the vendor writes it."
    )


Date = Annotated[str | None, Hint.date]
A_DATE = ["2026-04-01"]
OnRequest = Annotated[str | None, Returned.request, Hint.sensitive]
Secret = (Mutability.write_only, Returned.never, Hint.sensitive)


class HrExtension(Extension):
    """What HR systems know about employment and SCIM has no place for (vendors.md §8)."""

    __schema__ = scim2_models.URN(HR)

    start_date: Date = Field(None, description="First day of employment, YYYY-MM-DD.", examples=A_DATE)
    termination_date: Date = Field(
        None, description="Last day of employment, inclusive, YYYY-MM-DD.", examples=A_DATE
    )
    date_of_birth: Annotated[str | None, Returned.request, Hint.date, Hint.sensitive] = Field(
        None, description="Date of birth, YYYY-MM-DD.", examples=["1990-02-03"]
    )
    national_id: Annotated[NationalId | None, *Secret] = Field(None, description="A national identifier.")
    salary: Annotated[Salary | None, *Secret] = Field(None, description="What the person is paid.")
    employment_status: str | None = Field(
        None,
        description="Where the employment stands; any text, these are suggestions.",
        examples=["Active", "Inactive", "Upcoming", "Leave", "Terminated", "Unknown"],
    )
    employment_type: str | None = Field(
        None,
        description="The kind of employment; any text, these are suggestions.",
        examples=["FullTime", "PartTime", "Contractor", "Temporary", "Intern", "Other"],
    )
    position_code: str | None = Field(None, description="The position's code in the HR system.")
    position_title: str | None = Field(None, description="The position's name in the HR system.")
    department_code: str | None = Field(None, description="The department's code in the HR system.")
    location_code: str | None = Field(None, description="The place of work's code in the HR system.")
    location_name: str | None = Field(None, description="The place of work.")
    manager_email: str | None = Field(None, description="The manager's e-mail address, until resolved.")
    manager_source_id: Annotated[str | None, CaseExact.true] = Field(
        None, description="The vendor's id of the manager, until resolved."
    )
    fte: Annotated[str | None, Hint.decimal, CaseExact.true] = Field(
        None, description="Share of a full-time position, 1 being all of it.", examples=["1", "0.8", "0.5"]
    )
    gender: OnRequest = Field(None, description="The person's gender.")
    onboarding_status: str | None = Field(None, description="Where onboarding stands.")
    application_status: str | None = Field(None, description="Where the application stands.")
    tags: Annotated[list[str] | None, Mutability.read_only] = Field(
        None, description="Labels given by the source."
    )
    sources: Annotated[list[SourceRecord] | None, Mutability.read_only] = Field(
        None, description="The vendor records that belong to this person."
    )


UserModel: Any = scim2_models.User[EnterpriseUser | HrExtension]
"""The scim2-models class of our User: the single definition, and the oracle in tests."""

GroupModel: Any = scim2_models.Group


@cache
def standard_schema_set() -> SchemaSet:
    """Return the schema set of a tenant without schemas of its own; the same object every time."""
    return SchemaSet.from_models(UserModel, GroupModel, served=SERVED)


def user_type() -> ResourceType:
    """Return the User resource type of the standard schema set."""
    return standard_schema_set().resource_types["user"]


def group_type() -> ResourceType:
    """Return the Group resource type of the standard schema set."""
    return standard_schema_set().resource_types["group"]


@cache
def discovery_schemas() -> tuple[Schema, ...]:
    """Return the schemas of the discovery documents themselves (RFC 7643 §5, §6, §7)."""
    models = (scim2_models.ServiceProviderConfig, scim2_models.ResourceType, scim2_models.Schema)
    return tuple(Schema.from_model(model) for model in models)
