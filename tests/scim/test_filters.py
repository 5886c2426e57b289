"""RFC 7644 §3.4.2.2 read against the User that we serve."""

from __future__ import annotations

import dataclasses
import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scim2_models import ScimFilter

from scim.errors import InvalidFilter, ScimError, Sensitive
from scim.filters import And, Comparison, Not, Or, Present, ValuePath, matches, parse_filter
from scim.resources import ENTERPRISE, HR, USER, UserModel, group_type, user_type
from tests.scim.resource_types import EXTRA, extended_user_type

BABS: dict[str, Any] = {
    "schemas": [USER, ENTERPRISE, HR, EXTRA],
    "id": "2819c223-7f76-453a-919d-413861904646",
    "externalId": "Bjensen",
    "userName": "bjensen@example.com",
    "name": {"familyName": "Jensen", "givenName": "Zoë"},
    "title": "Tour Guide",
    "active": True,
    "emails": [
        {"value": "Bjensen@example.com", "type": "work", "primary": True},
        {"value": "babs@jensen.org", "type": "home"},
        {"value": "other@jensen.org"},
    ],
    "meta": {
        "resourceType": "User",
        "created": "2010-01-23T04:56:22.000000Z",
        "lastModified": "2011-05-13T04:42:34.000000Z",
    },
    ENTERPRISE: {"employeeNumber": "701984", "manager": {"value": "26118915-6090-4610-87e4-49d8ca9f808d"}},
    HR: {"tags": ["Blue", "green"], "fte": "0.8", "startDate": "2026-01-05"},
    EXTRA: {"labels": ["Red", "white"], "share": 0.8},
}


def holds(text: str, document: dict[str, Any] = BABS) -> bool:
    return matches(parse_filter(text, extended_user_type()), document)


# --- the examples of figure 2 ---


@pytest.mark.parametrize(
    "text",
    [
        'userName eq "bjensen@example.com"',
        'name.familyName co "ense"',
        'userName sw "B"',
        f'{USER}:userName sw "b"',
        "title pr",
        'meta.lastModified ge "2011-05-13T04:42:34Z"',
        'meta.lastModified le "2011-05-13T04:42:34Z"',
        'title pr and userName sw "bjen"',
        'title pr or userType eq "Intern"',
        f'schemas eq "{ENTERPRISE}"',
        'userType ne "Employee" and not (emails co "example.net" or emails.value co "example.info")',
        'active eq true and (emails.type eq "work")',
        'title pr and emails[type eq "work" and value co "@example.com"]',
        'emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp" and value co "@foo.com"]',
    ],
)
def test_the_example_filters_of_the_rfc_match_whom_they_describe(text: str) -> None:
    assert holds(text)


@pytest.mark.parametrize(
    "text",
    [
        'name.familyName co "O\'Malley"',
        'meta.lastModified gt "2011-05-13T04:42:34Z"',
        'meta.lastModified lt "2011-05-13T04:42:34Z"',
        'emails[type eq "home" and value co "@example.com"]',
    ],
)
def test_the_example_filters_of_the_rfc_leave_out_the_others(text: str) -> None:
    assert not holds(text)


# --- grammar ---


def test_not_binds_closer_than_and_which_binds_closer_than_or() -> None:
    tree = parse_filter('title pr or not (title pr) and active eq true or userName eq "a"', user_type())
    assert isinstance(tree, Or)
    first, second, third = tree.terms
    assert isinstance(first, Present) and isinstance(third, Comparison)
    assert isinstance(second, And) and isinstance(second.terms[0], Not)


def test_grouping_changes_the_order() -> None:
    assert holds('title pr or active eq false and userName eq "x"')
    assert not holds('(title pr or active eq false) and userName eq "x"')


def test_attribute_names_operators_and_urns_are_case_insensitive() -> None:
    assert holds(f'{ENTERPRISE.upper()}:EMPLOYEENUMBER Eq "701984" AND NAME.GivenName PR')


def test_names_come_out_canonical() -> None:
    tree = parse_filter(f'{ENTERPRISE.lower()}:MANAGER.VALUE eq "x"', user_type())
    assert isinstance(tree, Comparison)
    assert tree.path == (ENTERPRISE, "manager", "value")


def test_spaces_around_brackets_and_before_a_string_may_be_left_out() -> None:
    assert holds('(title pr)and(emails[ type eq"work" ])')


def test_a_value_path_with_a_sub_attribute_means_both_on_one_value() -> None:
    assert holds('emails[type eq "work"].value eq "bjensen@example.com"')
    assert not holds('emails[type eq "work"].value eq "babs@jensen.org"')
    tree = parse_filter('emails[type eq "work"].value pr', user_type())
    assert isinstance(tree, ValuePath) and isinstance(tree.filter, And)


def test_a_complex_attribute_stands_for_its_value() -> None:
    tree = parse_filter(f'{ENTERPRISE}:manager eq "x" or emails eq "y"', user_type())
    assert isinstance(tree, Or)
    assert [term.path for term in tree.terms if isinstance(term, Comparison)] == [
        (ENTERPRISE, "manager", "value"),
        (None, "emails", "value"),
    ]


def test_plain_values_are_addressed_as_value_in_brackets() -> None:
    assert holds(f'{HR}:tags[value eq "blue"]')
    assert holds(f'{EXTRA}:labels[value eq "red"]') and not holds(f'{EXTRA}:labels[value eq "blue"]')
    assert holds(f'schemas[value eq "{ENTERPRISE}"]')


def test_strings_are_json_strings() -> None:
    assert holds(r'name.givenName eq "Zo\u00eb"')
    assert holds(r'userName ne "a\"b\\"')


def test_the_tree_is_made_of_values() -> None:
    text = 'emails[type eq "work"] and not (title pr)'
    tree = parse_filter(text, user_type())
    assert tree == parse_filter(text, user_type())
    assert hash(tree) == hash(parse_filter(text, user_type()))
    with pytest.raises(dataclasses.FrozenInstanceError):
        tree.terms = ()  # type: ignore[misc, union-attr]


# --- meaning ---


def test_strings_that_are_not_case_exact_compare_folded() -> None:
    tree = parse_filter('name.givenName eq "ZOE\u0308"', user_type())
    assert isinstance(tree, Comparison)
    assert tree.key == "zoë"
    assert not tree.case_exact
    assert matches(tree, BABS)


def test_folding_never_merges_two_people() -> None:
    assert not holds('userName eq "strasse"', {"userName": "straße"})


def test_case_exact_strings_compare_as_written() -> None:
    assert holds('externalId eq "Bjensen"')
    assert not holds('externalId eq "bjensen"')


def test_date_times_compare_as_instants_in_any_offset() -> None:
    assert holds('meta.created eq "2010-01-23T05:56:22+01:00"')
    assert holds('meta.created lt "2010-01-23T00:56:23-04:00"')


def test_strings_are_ordered_by_code_point_of_their_key() -> None:
    assert holds('name.familyName gt "JENSE" and name.familyName lt "Jensf" and name.familyName ge "jensen"')
    assert holds('name.familyName gt "Z"', {"name": {"familyName": "Ähre"}})


def test_numbers_compare_by_value() -> None:
    share = f"{EXTRA}:share"
    assert holds(f"{share} lt 1 and {share} gt 5e-1 and {share} eq 0.80")
    assert not holds(f"{share} eq 0.8000001 or {share} lt 8e-1")


def test_a_decimal_text_compares_as_text() -> None:
    assert holds(f'{HR}:fte eq "0.8" and {HR}:fte sw "0." and {HR}:fte ne "1"')


def test_booleans_may_be_written_as_strings_as_entra_does() -> None:
    assert holds('active eq "True"')
    assert not holds('active eq "False"')


@pytest.mark.parametrize("path", ["nickName", "name.middleName", "phoneNumbers.type", f"{HR}:positionCode"])
def test_an_unassigned_attribute_matches_only_ne_and_eq_null(path: str) -> None:
    for operator in ("eq", "co", "sw", "ew", "gt", "ge", "lt", "le"):
        assert not holds(f'{path} {operator} ""')
    assert holds(f'{path} ne "x"')
    assert not holds(f"{path} pr")
    assert holds(f"{path} eq null")
    assert not holds(f"{path} ne null")


def test_ne_on_many_values_means_that_none_is_equal() -> None:
    assert holds('emails.type ne "other"')
    assert not holds('emails.type ne "work"')
    assert not holds('emails ne "babs@jensen.org"')


def test_in_brackets_each_value_is_judged_by_itself() -> None:
    assert holds('emails[type ne "work"]')
    assert holds("emails[type eq null]")
    assert holds("emails[not (type pr)]")
    assert not holds('emails[type eq "work" and type eq "home"]')
    assert holds('emails.type eq "work" and emails.type eq "home"')


def test_eq_null_on_many_values_means_that_none_is_there() -> None:
    assert not holds("emails.type eq null")
    assert holds("phoneNumbers eq null")
    assert holds("name ne null")


def test_empty_values_are_not_present() -> None:
    empty = {"title": "", "emails": [], "name": {"givenName": None}}
    for path in ("title", "emails", "name", "name.givenName"):
        assert not holds(f"{path} pr", empty)


def test_false_and_zero_are_present() -> None:
    document = {"active": False, HR: {"fte": "0"}, EXTRA: {"share": 0}}
    assert holds("active pr and active eq false", document)
    assert holds(f"{EXTRA}:share pr and {EXTRA}:share eq 0", document)
    assert holds(f'{HR}:fte pr and {HR}:fte eq "0"', document)


def test_a_filter_for_another_resource_type_is_resolved_there() -> None:
    tree = parse_filter('members[value eq "7"] or members eq "7"', group_type())
    assert matches(tree, {"displayName": "Guides", "members": [{"value": "7"}]})


# --- what is refused ---


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "userName",
        "userName eq",
        'eq "x"',
        'userName regex "x"',
        "userName eq bjensen",
        "userName eq 'x'",
        'userName eq "x',
        'userName eq "\\x"',
        'userName eq "x" and',
        'userName eq "x" userName pr',
        'and userName eq "x"',
        '(userName eq "x"',
        'userName eq "x")',
        "not title pr",
        "not()",
        'emails[type eq "work"',
        "emails[]",
        'emails[type eq "work"].',
        'emails[type eq "work"].value',
        'emails[type eq "work"].nothing eq "x"',
        'emails[emails[type eq "work"]]',
        'emails.value[type eq "work"]',
        'title[value eq "x"]',
        'nothing eq "x"',
        'name.nothing eq "x"',
        'name. eq "x"',
        'emails[nothing eq "x"]',
        'urn:x:nothing:userName eq "x"',
        f"{ENTERPRISE} pr",
        'employeeNumber eq "x"',
        'userName eq "\\ud800"',
        'userName eq "\\u0000"',
        'userName eq "\x00"',
        f"{EXTRA}:share eq 1e999",
        f"{EXTRA}:share eq 99999999999999999999",
        f"{EXTRA}:share eq 01",
        f"{EXTRA}:share eq NaN",
        f"{EXTRA}:share eq Infinity",
    ],
)
def test_what_is_not_a_filter_is_an_invalid_filter(text: str) -> None:
    with pytest.raises(InvalidFilter):
        parse_filter(text, extended_user_type())


@pytest.mark.parametrize(
    "text",
    [
        "active gt true",
        'active co "t"',
        "active eq 1",
        "active eq 0",
        'active eq "yes"',
        'x509Certificates.value gt "YQ=="',
        'x509Certificates.value sw "YQ=="',
        'meta.created co "2010"',
        'meta.created eq "yesterday"',
        "meta.created eq 7",
        "userName eq 7",
        "userName eq true",
        "title gt null",
        "title co null",
        f'{EXTRA}:share eq "0.8"',
        f"{EXTRA}:share co 8",
        f"{EXTRA}:share eq true",
        f"{HR}:fte eq 0.8",
        'name eq "x"',
        'addresses eq "x"',
    ],
)
def test_an_operator_or_operand_that_the_type_does_not_know_is_an_invalid_filter(text: str) -> None:
    with pytest.raises(InvalidFilter):
        parse_filter(text, extended_user_type())


@pytest.mark.parametrize("operator", ["pr", 'eq "x"', 'ne "x"', 'sw "x"', "eq null"])
@pytest.mark.parametrize(
    "path", ["password", f"{HR}:nationalId.value", f"{HR}:salary.currency", f"{HR}:nationalId"]
)
@pytest.mark.parametrize("sensitive_allowed", [False, True])
def test_what_is_never_returned_cannot_be_probed(path: str, operator: str, sensitive_allowed: bool) -> None:
    with pytest.raises(InvalidFilter):
        parse_filter(f"title pr or not ({path} {operator})", user_type(), sensitive_allowed=sensitive_allowed)


@pytest.mark.parametrize("name", ["dateOfBirth", "gender"])
def test_sensitive_attributes_need_the_scope(name: str) -> None:
    with pytest.raises(Sensitive):
        parse_filter(f"{HR}:{name} pr", user_type())
    assert holds_sensitive(f'{HR}:{name} eq "x"', {HR: {name: "X"}})


def holds_sensitive(text: str, document: dict[str, Any]) -> bool:
    return matches(parse_filter(text, user_type(), sensitive_allowed=True), document)


def test_an_error_repeats_at_most_200_characters() -> None:
    with pytest.raises(InvalidFilter) as caught:
        parse_filter("a" * 4000 + " pr", user_type())
    assert "a" * 201 not in caught.value.detail
    assert "aaa" in caught.value.detail


# --- limits ---


def test_fifty_comparisons_pass_and_fifty_one_do_not() -> None:
    parse_filter(" or ".join(["title pr"] * 50), user_type())
    with pytest.raises(InvalidFilter):
        parse_filter(" or ".join(["title pr"] * 51), user_type())


def test_comparisons_in_brackets_count() -> None:
    inner = " or ".join(['type eq "x"'] * 50)
    with pytest.raises(InvalidFilter):
        parse_filter(f'emails[{inner}].value eq "x"', user_type())


def test_4096_characters_pass_and_one_more_does_not() -> None:
    text = f'title eq "{"x" * 4085}"'
    assert len(text) == 4096
    parse_filter(text, user_type())
    with pytest.raises(InvalidFilter):
        parse_filter(text + " ", user_type())


@pytest.mark.parametrize("opening", ["(", "not (", "not("])
def test_deep_nesting_is_refused(opening: str) -> None:
    for depth in (33, 500):
        with pytest.raises(InvalidFilter):
            parse_filter(opening * depth + "title pr" + ")" * depth, user_type())
    parse_filter("(" * 32 + "title pr" + ")" * 32, user_type())


@pytest.mark.parametrize(
    "text", ['"' * 4096, '"\\' * 2048, "(" * 4096, "[" * 4096, "a." * 2048, " " * 4096, "9" * 4096]
)
def test_no_input_takes_more_than_linear_time(text: str) -> None:
    started = time.process_time()
    with pytest.raises(InvalidFilter):
        parse_filter(text, user_type())
    assert time.process_time() - started < 1


@given(st.text(max_size=60))
def test_any_text_is_a_filter_or_a_scim_error(text: str) -> None:
    try:
        parse_filter(text, user_type(), sensitive_allowed=True)
    except ScimError as error:
        assert error.status == 400


FRAGMENTS = [
    "userName",
    "emails",
    "name.givenName",
    "type",
    " ",
    "eq",
    "pr",
    "and",
    "or",
    "not",
    "(",
    ")",
    "[",
    "]",
    ".value",
]


@given(st.lists(st.sampled_from([*FRAGMENTS, '"x"', "null", "true", "1", "\\", '"']), max_size=30))
def test_any_mixture_of_tokens_is_a_filter_or_a_scim_error(parts: list[str]) -> None:
    try:
        parse_filter(" ".join(parts), user_type())
    except ScimError as error:
        assert error.scim_type == "invalidFilter"


# --- the oracle: scim2-models over the same people and filters ---

WORDS = st.sampled_from(["", "a", "A", "ab", "Ab", "b", "straße", "é", "work", "home", "x@a"])
OPERATORS = st.sampled_from(["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"])
PATHS = st.sampled_from(["userName", "title", "name.givenName", "externalId", f"{ENTERPRISE}:department"])
EMAIL_PATHS = st.sampled_from(["type", "display"])


def literal_of(word: str | None) -> str:
    return json.dumps(word, ensure_ascii=False)


text_tests = st.builds(lambda p, o, w: f"{p} {o} {literal_of(w)}", PATHS, OPERATORS, WORDS)
null_tests = st.builds(lambda p, o: f"{p} {o} null", PATHS, st.sampled_from(["eq", "ne"]))
presence = st.builds(lambda p: f"{p} pr", PATHS)
element_tests = st.builds(lambda p, o, w: f"{p} {o} {literal_of(w)}", EMAIL_PATHS, OPERATORS, WORDS)
element_presence = st.builds(lambda p: f"{p} pr", EMAIL_PATHS)


def combined(leaves: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds(lambda a, b: f"({a}) and ({b})", inner, inner),
            st.builds(lambda a, b: f"({a}) or ({b})", inner, inner),
            st.builds(lambda a: f"not ({a})", inner),
        ),
        max_leaves=5,
    )


element_filters = combined(element_tests | element_presence)
filters = combined(
    text_tests
    | null_tests
    | presence
    | st.builds(lambda f: f"emails[{f}]", element_filters)
    | st.builds(lambda f: f"emails.{f}", element_tests | element_presence)
    | st.sampled_from(["active eq true", "active ne false", "active pr"])
)
filled = WORDS.filter(bool)
entries = st.fixed_dictionaries(
    {"value": st.just("a@example.com")}, optional={"type": filled, "display": filled}
)
people = st.fixed_dictionaries(
    {"userName": filled},
    optional={
        "title": filled,
        "externalId": filled,
        "active": st.booleans(),
        "name": st.fixed_dictionaries({"givenName": filled}),
        "emails": st.lists(entries, min_size=1, max_size=3),
        ENTERPRISE: st.fixed_dictionaries({"department": filled}),
    },
)


@settings(max_examples=400, deadline=None)
@given(filters, people)
def test_matches_agrees_with_scim2_models(text: str, person: dict[str, Any]) -> None:
    expected = ScimFilter[UserModel](text).match(UserModel.model_validate(person))
    assert holds(text, person) is expected


@settings(max_examples=100, deadline=None)
@given(filters, people)
def test_not_is_plain_negation(text: str, person: dict[str, Any]) -> None:
    assert holds(f"not ({text})", person) is not holds(text, person)
