"""The values of a multi-valued attribute while a PATCH works on them."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from scim.elements import Elements
from scim.filters import ValuePath, matches_element, parse_filter
from scim.resources import user_type

EMAILS = user_type().attributes["emails"]
WORDS = st.sampled_from(["a@x", "A@x", "b@x", "work", "home", "Work", "é"])
entries = st.fixed_dictionaries(
    {}, optional={"value": WORDS, "type": WORDS, "display": WORDS, "primary": st.booleans()}
).filter(bool)
tests = st.builds(
    lambda name, operator, word: f'{name} {operator} "{word}"',
    st.sampled_from(["value", "type", "display"]),
    st.sampled_from(["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"]),
    WORDS,
) | st.sampled_from(["type pr", "display eq null", "value ne null", "primary eq true", "primary ne true"])
trees = st.recursive(
    tests,
    lambda inner: (
        st.builds(lambda a, b, join: f"({a}) {join} ({b})", inner, inner, st.sampled_from(["and", "or"]))
        | st.builds(lambda a: f"not ({a})", inner)
    ),
    max_leaves=4,
)
changes = st.lists(
    st.tuples(st.sampled_from(["add", "put", "drop", "primary"]), st.integers(0, 6), entries), max_size=8
)


def changed(elements: Elements, steps: list[tuple[str, int, dict[str, Any]]]) -> None:
    for step, position, entry in steps:
        numbers = elements.numbers
        if step == "add":
            elements.add(entry)
        elif position < len(numbers):
            number = numbers[position]
            if step == "put":
                elements.put(number, entry)
            elif step == "drop":
                elements.drop(number)
            else:
                elements.keep_primary(number)


@settings(max_examples=500, deadline=None)
@given(st.lists(entries, max_size=4), trees, changes, trees)
def test_select_agrees_with_the_filter_evaluated_on_each_element(
    values: list[dict[str, Any]], first: str, steps: list[tuple[str, int, dict[str, Any]]], second: str
) -> None:
    elements = Elements(EMAILS, values)
    for text in (first, second, first):
        found = parse_filter(f"emails[{text}]", user_type())
        assert isinstance(found, ValuePath)
        expected = [n for n in elements.numbers if matches_element(found.filter, elements[n])]
        assert elements.select(found.filter) == expected
        changed(elements, steps)


@given(st.lists(entries, max_size=6), changes)
def test_no_two_elements_added_or_put_have_the_same_type_and_value(
    values: list[dict[str, Any]], steps: list[tuple[str, int, dict[str, Any]]]
) -> None:
    elements = Elements(EMAILS, [])
    for value in values:
        elements.add(value)
    changed(elements, steps)
    pairs = [
        (each.get("type", "").lower(), each["value"].lower()) for each in elements.values() if "value" in each
    ]
    assert len(pairs) == len(set(pairs))


def test_the_same_values_in_another_order_change_nothing() -> None:
    first, second = {"value": "a@x", "type": "work"}, {"value": "b@x"}
    elements = Elements(EMAILS, [first, second])
    elements.reset([second, first])
    assert elements.values() == [first, second]
    elements.reset([second, {**first, "display": "A"}])
    assert elements.values() == [second, {**first, "display": "A"}]


def test_an_element_keeps_its_number_and_its_place() -> None:
    elements = Elements(EMAILS, [{"value": "a@x"}, {"value": "b@x"}])
    number = elements.having("value", "A@X")[0]
    elements.put(number, {"value": "c@x"})
    assert elements.having("value", "c@x") == [number]
    assert elements.having("value", "a@x") == []
    assert elements.values() == [{"value": "c@x"}, {"value": "b@x"}]


def test_a_value_of_another_kind_is_equal_to_none() -> None:
    elements = Elements(EMAILS, [{"value": "a@x"}])
    assert [elements.having("value", other) for other in (7, None, {}, [], True)] == [[]] * 5
