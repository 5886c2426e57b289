"""RFC 7644 §3.5.2, figure 7 and §3.10: what the path of a PATCH operation names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim.errors import InvalidFilter, InvalidPath, ScimError
from scim.filters import And, Comparison
from scim.paths import Path, parse_path
from scim.resources import ENTERPRISE, HR, USER, group_type, user_type


def names(path: Path) -> tuple[str | None, str | None, str | None]:
    attribute = path.attribute.name if path.attribute else None
    return (path.schema_urn, attribute, path.sub_attribute.name if path.sub_attribute else None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("userName", (None, "userName", None)),
        ("USERNAME", (None, "userName", None)),
        (" userName ", (None, "userName", None)),
        ("name.familyname", (None, "name", "familyName")),
        ("emails.value", (None, "emails", "value")),
        ("externalId", (None, "externalId", None)),
        ("meta.created", (None, "meta", "created")),
        (f"{USER}:name.givenName", (None, "name", "givenName")),
        (f"{ENTERPRISE}:department", (ENTERPRISE, "department", None)),
        (f"{ENTERPRISE.upper()}:MANAGER.Value", (ENTERPRISE, "manager", "value")),
        (f"{ENTERPRISE}:manager.$ref", (ENTERPRISE, "manager", "$ref")),
        (f"{HR}:startDate", (HR, "startDate", None)),
        (ENTERPRISE.lower(), (ENTERPRISE, None, None)),
        (USER, (None, None, None)),
    ],
)
def test_a_path_names_attributes_in_any_case(text: str, expected: tuple[str | None, ...]) -> None:
    assert names(parse_path(text, user_type())) == expected


def test_a_value_filter_selects_values() -> None:
    path = parse_path('Emails[TYPE Eq "work"]', user_type())
    assert names(path) == (None, "emails", None)
    assert isinstance(path.value_filter, Comparison)
    assert path.value_filter.path == (None, "emails", "type")


def test_a_value_filter_may_be_followed_by_a_sub_attribute() -> None:
    path = parse_path('addresses[type eq "work" and primary eq true].STREETADDRESS', user_type())
    assert names(path) == (None, "addresses", "streetAddress")
    assert isinstance(path.value_filter, And)


def test_brackets_and_dots_inside_strings_are_text() -> None:
    path = parse_path('emails[value eq "a]b.c["].type', user_type())
    assert isinstance(path.value_filter, Comparison)
    assert path.value_filter.key == "a]b.c["
    assert names(path) == (None, "emails", "type")


def test_the_rfc_example_without_a_space_is_read() -> None:
    path = parse_path('members[value eq"2819c223"]', group_type())
    assert isinstance(path.value_filter, Comparison)


def test_a_value_filter_selects_plain_values_as_value() -> None:
    assert names(parse_path(f'{HR}:tags[value eq "blue"]', user_type())) == (HR, "tags", None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nothing",
        "name.nothing",
        "name.",
        ".name",
        "name.givenName.more",
        "userName.value",
        "emails[0]".replace("[0]", ".0"),
        "department",
        f"{ENTERPRISE}:",
        f"{ENTERPRISE}:nothing",
        f"{ENTERPRISE}:userName",
        "urn:x:unknown",
        "urn:x:unknown:userName",
        'name[givenName eq "x"]',
        'title[value eq "x"]',
        'emails.value[type eq "work"]',
        'nothing[type eq "work"]',
        'emails[type eq "work"].nothing',
        'emails[type eq "work"]value',
        'emails[type eq "work"].value eq "x"',
        'emails[type eq "work"].value]',
        "/userName",
    ],
)
def test_what_names_nothing_is_an_invalid_path(text: str) -> None:
    with pytest.raises(InvalidPath):
        parse_path(text, user_type())


@pytest.mark.parametrize(
    "text",
    ["emails[", "emails[]", "emails[0]", 'emails[type eq "work"', 'emails[nothing eq "x"]', "emails[type]"],
)
def test_a_wrong_expression_in_brackets_is_an_invalid_filter(text: str) -> None:
    with pytest.raises(InvalidFilter):
        parse_path(text, user_type())


def test_the_error_quotes_at_most_200_characters_of_the_path() -> None:
    with pytest.raises(InvalidPath) as caught:
        parse_path("q" * 1000, user_type())
    assert '"qqq' in caught.value.detail
    assert "q" * 201 not in caught.value.detail


@given(st.text(alphabet='emailsnameurn:.[]()"= 01ÄType\x00\ud800', max_size=40))
def test_any_text_is_a_path_or_a_scim_error(text: str) -> None:
    try:
        parse_path(text, user_type())
    except ScimError as error:
        assert error.status == 400
