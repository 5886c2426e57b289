"""The language of mappings: what it can say, what it refuses and where, and that nothing else ever comes of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.provisioning.attributes import ATTRIBUTES, values
from app.provisioning.expressions import (
    DEEPEST,
    LONGEST_EXPRESSION,
    BadExpression,
    MappingFailed,
    parse,
)
from app.provisioning.mappings import DEFAULTS, DISPLAY_NAMES, USER_NAMES, checked, mapped
from app.provisioning.readers import display_name, user_name
from app.provisioning.text_filters import FILTERS, LONGEST_VALUE

MAYA: dict[str, Any] = {
    "givenName": "Maya Ann",
    "familyName": "O'neil-Sørensen",
    "preferredName": "",
    "department": "R&D",
    "workEmail": "maya@example.com",
    "employeeNumber": "EMP-0042",
    "active": True,
}


def value(text: str, **changes: Any) -> str | None:
    return parse(text, MAYA).value(MAYA | changes)


SAYS = [
    ("givenName", "Maya Ann"),
    ('"fixed"', "fixed"),
    ('givenName ~ " " ~ familyName', "Maya Ann O'neil-Sørensen"),
    ('(preferredName or givenName) ~ " " ~ familyName', "Maya Ann O'neil-Sørensen"),
    ('preferredName ~ " " ~ familyName', "O'neil-Sørensen"),
    ("preferredName", None),
    ("givenName|upper", "MAYA ANN"),
    ("givenName|lower", "maya ann"),
    ("familyName|lower|title", "O'Neil-Sørensen"),
    ("familyName|ascii", "O'neil-Sorensen"),
    ("familyName|slug", "oneil-sorensen"),
    ("givenName|initials", "MA"),
    ("givenName|first", "Maya"),
    ("givenName|last", "Ann"),
    ("preferredName|first", None),
    ('department|replace("&", " and ")', "R and D"),
    ('preferredName|default("none")', "none"),
    ('department|default("none")', "R&D"),
    ("givenName|truncate(1)", "M"),
    ('workEmail|before("@")', "maya"),
    ('workEmail|before("#")', "maya@example.com"),
    ('workEmail|after("@")', "example.com"),
    ('workEmail|after("#")', None),
    ("employeeNumber|digits|pad(6)", "000042"),
    ('"staff" if active else "alumni"', "staff"),
    ('"x" if department == "R&D" and not preferredName else "y"', "x"),
    ('"x" if department in ("Sales", "R&D") else "y"', "x"),
    ('"x" if "ma" in (givenName|lower) else "y"', "x"),
    ('"x" if department not in ["Sales"] else "y"', "x"),
    ('"x" if employeeNumber >= "EMP-0040"', "x"),
    ('"x" if employeeNumber < "EMP-0040"', None),
    ('"a" if department == "A" else "b" if department == "R&D" else "c"', "b"),
    ("42", "42"),
]


@pytest.mark.parametrize(("text", "gives"), SAYS)
def test_an_expression_gives_a_text_or_nothing(text: str, gives: str | None) -> None:
    assert value(text) == gives


def test_line_breaks_stay_and_other_white_space_becomes_one_blank() -> None:
    assert value("department", department=" a   b \n\n c\t") == "a b\nc"


def test_an_expression_knows_which_attributes_it_reads() -> None:
    assert parse('(preferredName or givenName) ~ " " ~ familyName', MAYA).names == {
        "preferredName",
        "givenName",
        "familyName",
    }


REFUSED = [
    ("", 1, "needed"),
    ("givenNam", 1, "did you mean givenName?"),
    ('givenName ~ " " ~ shoeSize', 19, "no attribute 'shoeSize'"),
    ("givenName|loud", 11, "no filter 'loud'"),
    ("givenName|uper", 11, "did you mean upper?"),
    ("givenName + familyName", 1, "joined with ~"),
    ("givenName familyName", 11, "join texts with ~"),
    ("givenName ~ (familyName", 23, "end of the expression"),
    ("givenName $", 11, "unexpected"),
    ("givenName.lower()", 16, "nothing can be called"),
    ("givenName.lower", 10, "no parts"),
    ("givenName[0]", 10, "no parts"),
    ("givenName|truncate", 11, "truncate takes"),
    ('givenName|truncate("3")', 11, "a number"),
    ("givenName|truncate(0)", 11, "from 1 to 1000"),
    ('givenName|replace("", "x")', 11, "not empty"),
    ("givenName|default(familyName)", 19, "in quotes"),
    ("givenName|truncate(length=3)", 11, "without names"),
    ("givenName is defined", 11, "compare with =="),
    ("active == active", 1, "yes or no"),
    ("not givenName", 1, "yes or no"),
    ("true", 1, "yes or no"),
    ("1.5", 1, "whole number"),
    ("givenName * 3", 1, "not part of the language"),
    ("{}", 1, "no meaning"),
    ("givenName }} x", 11, "too much"),
    ("givenName\n~ familyName", 10, "one line"),
    ("'\\ud800'", 1, "printable"),
    ("'\\x00'", 1, "printable"),
    ("x" * (LONGEST_EXPRESSION + 1), LONGEST_EXPRESSION, "more than"),
]


@pytest.mark.parametrize(("text", "column", "words"), REFUSED)
def test_what_is_no_expression_is_refused_with_its_place_and_plain_words(
    text: str, column: int, words: str
) -> None:
    with pytest.raises(BadExpression) as refused:
        parse(text, MAYA)

    assert words in refused.value.message
    assert refused.value.column == column
    assert str(refused.value).endswith(f"(at character {column})")


HOSTILE = [
    "''.__class__.__mro__[1].__subclasses__()",
    "givenName|attr('__class__')",
    "self",
    "lipsum.__globals__['os'].popen('id').read()",
    "cycler.__init__.__globals__",
    "range(10**9)",
    "'a' * 10**9",
    "9**9**9**9",
    "givenName|format(1)",
    "'{0.__class__}'|format(givenName)",
    "givenName|map('upper')|join",
    "[x for x in givenName]",
    "{% for x in givenName %}{{ x }}{% endfor %}",
    "{{ givenName }}",
    "givenName|replace('a', givenName)",
    "lambda: 1",
    "import os",
    "__builtins__",
    "namespace(x=1)",
    "(" * 400 + "givenName" + ")" * 400,
    "not " * 240 + "givenName",
    "-" * 900 + "1",
    "givenName" + "|trim" * 150,
    " or ".join(["givenName"] * 80),
    "givenName if " * 60 + "givenName",
    "[" * 400,
    "'" + "\\" * 601,
    "true is sameas true",
    "\ud800",
    "givenName|\u202eupper",
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:30]))
def test_hostile_expressions_are_refused(text: str) -> None:
    with pytest.raises(BadExpression):
        parse(text, MAYA)


def test_nesting_up_to_the_limit_works() -> None:
    inner = "givenName" + "|trim" * (DEEPEST - 1)
    assert value(inner) == "Maya Ann"
    with pytest.raises(BadExpression, match="deeply"):
        parse(inner + "|trim", MAYA)


def test_a_value_cannot_grow_without_bounds() -> None:
    doubled = "givenName" + '|replace("a", "aaaaaaaaaa")' * 20

    with pytest.raises(MappingFailed, match=str(LONGEST_VALUE)):
        value(doubled)
    with pytest.raises(MappingFailed, match=str(LONGEST_VALUE)):
        value(" ~ ".join(["department"] * 5), department="x" * 1000)


def test_yes_or_no_where_a_text_is_needed_fails_for_that_person_in_plain_words() -> None:
    for text in ("active", 'active ~ "x"', "active|upper"):
        with pytest.raises(MappingFailed, match="yes or no"):
            value(text)
    with pytest.raises(MappingFailed, match="compares"):
        value('"a" if givenName < active else "b"')


def test_evaluation_is_linear_in_the_length_of_the_values() -> None:
    """Every filter over a value of the longest length, many times: quadratic work would take minutes."""
    expressions = [
        parse(f"givenName|{name}{_arguments(name)}", MAYA)
        for name in FILTERS
        if name not in ("replace", "pad")
    ]
    worst = ["a " * 2000, "-" * 4000, "ß" * 2000, "'" * 4000, "." * 4000, "@" * 4000]
    for text in worst * 20:
        for expression in expressions:
            assert len(expression.value(MAYA | {"givenName": text}) or "") <= LONGEST_VALUE


def _arguments(name: str) -> str:
    words = {str: '"@"', int: "1000"}
    return f"({', '.join(words[kind] for kind in FILTERS[name].takes)})" if FILTERS[name].takes else ""


# --- laws ----------------------------------------------------------------------------------------------------------

_words = st.text("ab \"'@&.-ÅßΔ\n", max_size=12)
_people = st.fixed_dictionaries(dict.fromkeys(MAYA, _words) | {"active": st.booleans()})
_constants = st.sampled_from(['""', '" "', '"@"', "'x'", "3", "true", '"a\\tb"', "none"])
_atoms = st.sampled_from(sorted(MAYA)) | _constants
_filters = st.sampled_from([f"{name}{_arguments(name)}" for name in FILTERS] + ["attr('x')", "upper()"])


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("({} ~ {})".format, inner, inner),
        st.builds("{}|{}".format, inner, _filters),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        st.builds("({} {} {})".format, inner, st.sampled_from(["==", "!=", "<", "in", "not in", "and", "or"]), inner),
        st.builds("(not {})".format, inner),
        st.builds("({} in ({}, {}))".format, inner, _constants, _constants),
    )  # fmt: skip


_expressions = st.recursive(_atoms, _grown, max_leaves=12)


@given(_expressions, _people)
def test_whatever_is_written_gives_a_clean_text_nothing_or_one_of_our_errors(
    text: str, person: dict[str, Any]
) -> None:
    before = dict(person)
    try:
        result = parse(text, MAYA).value(person)
        again = parse(text, MAYA).value(person)
    except (BadExpression, MappingFailed):
        result = again = None

    assert person == before
    assert result == again
    assert result is None or (result == result.strip() and 0 < len(result) <= LONGEST_VALUE)


@given(st.text(max_size=120) | st.text("givenName ~|()[]{}%'\"\\.,+-*/<>=!0aif e\x00\ud800", max_size=200))
def test_any_text_at_all_is_an_expression_or_refused_as_a_whole(text: str) -> None:
    try:
        expression = parse(text, MAYA)
    except BadExpression as refused:
        assert 1 <= refused.column <= max(len(text), 1)
        return
    assert expression.names <= MAYA.keys()


@given(st.fixed_dictionaries({}, optional={"givenName": _words, "familyName": _words}), st.none() | _words)
def test_rule_5_in_the_language_of_mappings_is_the_rule_of_the_table(
    name: dict[str, str], nick: str | None
) -> None:
    document = {"name": name, "nickName": nick}
    assert _flat(mapped(DEFAULTS["displayName"]).read(document)) == _flat(display_name(document))


@given(st.text("ab.@", max_size=8))
def test_rule_4_in_the_language_of_mappings_is_the_rule_of_the_table(address: str) -> None:
    document = {"emails": [{"type": "work", "value": address}]}
    assert mapped(DEFAULTS["userName"]).read(document) == user_name(document)


def _flat(text: object) -> str:
    return " ".join(str(text or "").split())


def test_every_ready_made_expression_and_every_attribute_can_be_used() -> None:
    ready = [text for text in (*USER_NAMES.values(), *DISPLAY_NAMES.values(), *DEFAULTS.values()) if text]
    assert [checked(text) for text in ready] == ready
    assert set(values({}, frozenset(ATTRIBUTES)).values()) == {"", True}


def test_nothing_sensitive_is_an_attribute() -> None:
    names = " ".join(ATTRIBUTES).lower()
    assert not [word for word in ("birth", "national", "salary", "ssn", "gender") if word in names]
