"""The named findings of a look at an intelliHR account."""

from __future__ import annotations

from typing import Any

import pytest

from app.outbound import AddressPolicy, OutboundSession
from app.sources.adapter import SourceContext
from app.vendors.intellihr.source import IntelliHRSource

ALL = ["reach", "sign in", "permission jobs", "permission custom fields", "permission webhooks", "people"]


def found(account: Any, **choice: Any) -> dict[str, Any]:
    return {check.name: check for check in IntelliHRSource().check(account.context(**choice))}


def test_a_good_account_passes_everything_in_order(account):
    findings = IntelliHRSource().check(account(30).context())
    assert [finding.name for finding in findings] == ALL
    assert all(finding.ok for finding in findings)


def test_people_are_counted_and_nobody_is_named_beyond_initials(account):
    ihr = account(30)
    first = next(iter(ihr.simulator.company.people.values()))
    message = found(ihr)["people"].message
    assert message.startswith(f"30 people; the first: {first['firstName'][0]}… {first['lastName'][0]}…")
    assert first["lastName"] not in message
    assert first["primaryEmailAddress"]["email"] not in message


def test_people_without_an_address_are_counted(account):
    ihr = account(2)
    ihr.simulator.add({"primaryEmailAddress": None})
    assert "1 of the first 3 have no primary e-mail address" in found(ihr)["people"].message


def test_custom_fields_are_shown_for_choosing(account):
    assert "Cost centre, T-shirt size" in found(account(1))["permission custom fields"].message


@pytest.mark.parametrize("faults", ["401", "403"])
def test_refused_credentials_are_one_finding_that_names_key_and_subdomain(account, faults):
    findings = found(account(3, faults))
    assert list(findings) == ["reach", "sign in"]
    assert not findings["sign in"].ok
    for words in (
        "API key",
        "'your-company'",
        "Settings > Public API Access Keys",
        "rollcall source set ihr",
    ):
        assert words in findings["sign in"].message


def test_a_wrong_subdomain_and_a_wrong_key_are_found(account):
    ihr = account(3)
    assert not found(ihr, subdomain="another")["sign in"].ok
    assert not found(ihr, secrets={"api_key": "wrong-key-canary"})["sign in"].ok
    assert "wrong-key-canary" not in str(found(ihr, secrets={"api_key": "wrong-key-canary"}))


def test_without_a_key_the_way_to_one_is_told(account):
    [finding] = found(account(1), secrets={}).values()
    assert (finding.name, finding.ok) == ("sign in", False)
    assert "rollcall source set ihr --secret api_key=-" in finding.message


@pytest.mark.parametrize(
    ("path", "name", "needed", "lost"),
    [
        ("/jobs", "permission jobs", True, "job titles"),
        ("/webhooks", "permission webhooks", False, "next scheduled import"),
        ("/custom-field-definitions", "permission custom fields", False, "custom fields"),
    ],
)
def test_a_permission_that_is_missing_says_what_is_lost(account, path, name, needed, lost):
    findings = found(account(3, f"403:path={path}"))
    assert list(findings) == ALL
    finding = findings.pop(name)
    assert (finding.ok, finding.needed) == (False, needed)
    assert lost in finding.message
    assert all(other.ok for other in findings.values())


def test_an_account_that_does_not_answer_is_found_at_once():
    settings = IntelliHRSource().settle({"subdomain": "acme", "base_url": "http://127.0.0.1:9/v1"})
    context = SourceContext(
        "ihr",
        settings,
        {"api_key": "k"},
        lambda url, **how: OutboundSession(url, policy=AddressPolicy(True, frozenset()), **how),
    )
    [finding] = IntelliHRSource().check(context)
    assert (finding.name, finding.ok) == ("reach", False)
    assert "does not answer" in finding.message


@pytest.mark.parametrize("faults", ["500", "html", "empty", "broken-json"])
def test_an_answer_without_people_is_found(account, faults):
    assert not found(account(3, faults))["sign in"].ok


def test_vanished_members_are_found_before_an_import(account):
    finding = found(account(3, "missing-member:name=primaryEmailAddress"))["people"]
    assert (finding.ok, finding.needed) == (False, True)
    assert "primaryEmailAddress" in finding.message


def test_an_empty_account_is_not_wrong(account):
    finding = found(account(0))["people"]
    assert (finding.ok, finding.needed) == (True, False)


def test_a_look_takes_one_try_for_each_call(account):
    ihr = account(3)
    found(ihr)
    assert len(ihr.paths()) == 4
