"""What was observed, and the profile that is proposed for it. Pure."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.vendors.scim import profile
from app.vendors.scim.proposing import differences, proposal

GENERIC = profile.load("generic")
_ATTRIBUTES = st.sampled_from(["externalId", "emails.value", "userName"])
_OBSERVED = st.fixed_dictionaries(
    {},
    optional={
        "paging": st.sampled_from(profile.CHOICES["paging"]),
        "page_size": st.integers(1, 500),
        "lists_all": st.booleans(),
        "filterable": st.dictionaries(_ATTRIBUTES, st.booleans()),
        "update": st.sampled_from(["patch", "put"]),
        "patch_form": st.sampled_from(profile.CHOICES["patch_form"]),
        "clear_with": st.sampled_from(profile.CHOICES["clear_with"]),
        "single_values": st.fixed_dictionaries({"phoneNumbers": st.booleans()}),
        "email_mutable": st.booleans(),
        "reactivate_first": st.booleans(),
        "takes_groups": st.booleans(),
        "group_filter": st.booleans(),
        "user_name_rewritten": st.booleans(),
    },
)


@given(observed=_OBSERVED)
def test_a_target_with_what_was_proposed_differs_in_nothing(observed: dict[str, Any]) -> None:
    found = proposal(observed, GENERIC)
    settings = dict(line.split("=", 1) for line in found.set_lines({}))
    assert differences(observed, profile.adjusted(settings)) == []
    assert found.set_lines(settings) == []


@given(observed=_OBSERVED)
def test_no_shipped_profile_is_nearer_by_more_than_a_vendor_costs(observed: dict[str, Any]) -> None:
    found = proposal(observed, GENERIC)
    assert len(found.differences) <= len(differences(observed, GENERIC))


@pytest.mark.parametrize("name", profile.names())
def test_a_target_that_is_as_its_profile_says_keeps_it(name: str) -> None:
    own = profile.load(name)
    observed = {
        "paging": own.paging,
        "lists_all": own.lists_all,
        "takes_groups": own.takes_groups,
        "reactivate_first": own.reactivate_first,
        "filterable": {each: each in own.filterable for each in ("externalId", "emails.value", "userName")},
    }
    found = proposal(observed, own)
    assert (found.profile, found.differences) == (name, ())


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("scim.eu-central-1.amazonaws.com", "aws"),
        ("acme.okta.com", "okta"),
        ("API.slack.com", "slack"),
        ("api.github.com", "github"),
        ("slack.com.example.com", "generic"),
        ("", "generic"),
    ],
)
def test_a_vendors_host_name_speaks_for_its_profile(host: str, name: str) -> None:
    assert proposal({}, GENERIC, host).profile == name


def test_one_habit_alone_does_not_make_a_target_a_vendors() -> None:
    found = proposal({"reactivate_first": True}, GENERIC)
    assert (found.profile, found.set_lines({})) == ("generic", ["reactivate_first=yes"])


def test_a_profile_with_another_header_for_the_token_is_proposed_at_the_vendors_host_only() -> None:
    assert proposal({"takes_groups": False}, GENERIC, "console.jumpcloud.com").profile == "jumpcloud"
    assert proposal({"takes_groups": False}, GENERIC).profile == "generic"


def test_an_attribute_that_nobody_is_looked_up_by_makes_no_difference() -> None:
    assert differences({"filterable": {"userName": True}}, GENERIC) == []
    [found] = differences({"filterable": {"emails.value": False}}, GENERIC)
    assert (found.member, found.setting) == ("filterable", "externalId")
