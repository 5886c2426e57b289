"""What a BambooHR source is told."""

from __future__ import annotations

import pytest

from app.sources.errors import WrongSource
from app.vendors.bamboohr import settings
from app.vendors.bamboohr.source import BambooHRSource

SECRET_FIELDS = ["ssn", "payRate", "payType", "payPeriod"]


@pytest.mark.parametrize("given", ["acme", "Acme", "https://acme.bamboohr.com/home", "acme.bamboohr.com"])
def test_the_subdomain_may_be_pasted_as_an_address(given):
    settled = settings.settle({"subdomain": given})
    assert settings.base_url(settled) == "https://acme.bamboohr.com/api/v1"


def test_an_address_of_its_own_goes_before_the_subdomain():
    settled = settings.settle({"subdomain": "acme", "base_url": "https://hr.example.com/api/v1"})
    assert settings.base_url(settled) == "https://hr.example.com/api/v1"


def test_settled_settings_settle_to_themselves():
    settled = settings.settle({"subdomain": "acme", "extra_fields": " customTeam, gradeLevel ,customTeam"})
    assert settings.settle(settled) == settled
    assert settled["extra_fields"] == "customTeam,gradeLevel"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "subdomain"),
        ({"subdomain": "two words"}, r"subdomain.*NAME"),
        ({"base_url": "ftp://x"}, "base_url"),
        ({"subdomain": "a", "read_everyone": "list"}, "read_everyone"),
        ({"subdomain": "a", "locations": "maps"}, "locations"),
        ({"subdomain": "a", "include_gender": "maybe"}, "include_gender"),
        ({"subdomain": "a", "calls_per_second": "many"}, "calls_per_second"),
        ({"subdomain": "a", "retry_seconds": "-1"}, "retry_seconds"),
        ({"subdomain": "a", "extra_fields": "a b"}, "extra_fields"),
        ({"subdomain": "a", "extra_fields": "gender"}, "include_gender"),
        ({"subdomain": "a", "extra_fields": ",".join(f"f{n}" for n in range(301))}, "300"),
    ],
)
def test_a_wrong_setting_is_told_by_name(given, words):
    with pytest.raises(WrongSource, match=words):
        settings.settle(given)


@pytest.mark.parametrize("name", [*SECRET_FIELDS, "SSN", "payrate"])
def test_pay_and_national_ids_cannot_be_asked_for(name):
    with pytest.raises(WrongSource, match="never read"):
        settings.settle({"subdomain": "a", "extra_fields": name})


def test_gender_and_date_of_birth_are_asked_for_only_when_they_are_switched_on():
    plain = settings.wanted_fields(settings.settle({"subdomain": "a"}))
    both = settings.settle({"subdomain": "a", "include_gender": "yes", "include_date_of_birth": "yes"})
    assert not {"gender", "dateOfBirth", *SECRET_FIELDS} & set(plain)
    assert set(settings.wanted_fields(both)) - set(plain) == {"gender", "dateOfBirth"}


def test_fields_and_mapping_are_known_before_there_is_a_key():
    adapter = BambooHRSource()
    assert [secret.name for secret in adapter.secrets if secret.required] == ["api_key"]
    assert adapter.default_mapping()
