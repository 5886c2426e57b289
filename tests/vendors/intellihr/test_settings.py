"""The settings of an intelliHR source."""

from __future__ import annotations

import pytest

from app.sources.adapter import SourceContext
from app.sources.errors import WrongSource
from app.sources.schedules import parse_schedule
from app.vendors.intellihr.source import IntelliHRSource


@pytest.mark.parametrize(
    "written",
    [
        "your-company",
        "Your-Company",
        "your-company.intellihr.net",
        "https://your-company.intelliHR.net",
        "https://your-company.intelliHR.net/",
        " http://YOUR-COMPANY.intellihr.net/app/login ",
    ],
)
def test_the_subdomain_may_be_written_as_people_see_it(written):
    assert IntelliHRSource().settle({"subdomain": written})["subdomain"] == "your-company"


@pytest.mark.parametrize(
    "written", ["", "your company", "a.b", "https://evil.example.com", "intellihr.net", "x\r\ny"]
)
def test_what_is_no_subdomain_is_refused(written):
    with pytest.raises(WrongSource, match="subdomain"):
        IntelliHRSource().settle({"subdomain": written})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("base_url", "ftp://x"),
        ("calls_per_second", "many"),
        ("retry_seconds", "-1"),
        ("page_size", "101"),
        ("page_size", "0"),
        ("include_salary", "maybe"),
        ("include_gender", "perhaps"),
        ("include_date_of_birth", "2"),
        ("upcoming_staff", "sometimes"),
    ],
)
def test_a_wrong_setting_is_told_by_name(name, value):
    with pytest.raises(WrongSource, match=name):
        IntelliHRSource().settle({"subdomain": "acme", name: value})


def test_settled_settings_settle_to_themselves():
    source = IntelliHRSource()
    once = source.settle({"subdomain": "acme", "include_salary": "YES", "upcoming_staff": "Active"})
    assert source.settle(once) == once


def test_sensitive_values_are_off_unless_they_are_switched_on():
    settled = IntelliHRSource().settle({"subdomain": "acme"})
    assert {settled[f"include_{name}"] for name in ("salary", "gender", "date_of_birth")} == {"no"}


def test_fields_are_known_before_anything_is_set():
    names = {field.name for field in IntelliHRSource().record_fields(SourceContext("new", {}))}
    assert {
        "person_id",
        "employee_id",
        "email",
        "employment_status",
        "position_title",
        "cost_centre",
    } <= names


def test_custom_fields_that_are_chosen_are_fields_of_the_record():
    context = SourceContext("ihr", {"custom_fields": "T-shirt size; Badge"})
    names = {field.name for field in IntelliHRSource().record_fields(context)}
    assert {"custom_T-shirt size", "custom_Badge"} <= names


def test_pay_is_secret_and_what_is_private_is_personal():
    told = {
        field.name: field.sensitivity for field in IntelliHRSource().record_fields(SourceContext("new", {}))
    }
    assert {told[f"salary_{part}"] for part in ("amount", "currency", "period")} == {"secret"}
    assert {told[name] for name in ("date_of_birth", "gender", "home_street", "personal_email")} == {
        "personal"
    }


def test_the_default_schedule_is_one():
    assert str(parse_schedule(IntelliHRSource.default_schedule)) == "daily 03:00 Australia/Brisbane"
