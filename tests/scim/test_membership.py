"""Member operations folded into one change: the same effect as `scim.patch` on the whole document."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scim.codec import MAX_MEMBERS, codec_of
from scim.errors import InvalidValue, ScimError
from scim.membership import MemberChange, MemberPatch, membership_of
from scim.operations import parse_patch
from scim.patch import apply_patch
from scim.resources import GROUP, group_type, user_type


def op(verb: str, path: str | None = None, *value: Any) -> dict[str, Any]:
    return {
        "op": verb,
        **({"path": path} if path is not None else {}),
        **({"value": value[0]} if value else {}),
    }


def folded(*operations: dict[str, Any]) -> MemberPatch | None:
    return membership_of(parse_patch({"Operations": list(operations)}, group_type()), group_type())


def change(*operations: dict[str, Any]) -> MemberChange:
    found = folded(*operations)
    assert found is not None
    return found.change


def applied(net: MemberChange, members: list[str]) -> list[str]:
    """What the change means, on a list of values."""
    kept = [] if net.clears else [value for value in members if value not in net.removed]
    return kept + [value for value in net.added if value not in kept]


# --- the forms that clients send ---


@pytest.mark.parametrize(
    "value",
    [[{"value": "a"}, {"value": "b"}], ["a", "b"], [{"VALUE": "a"}, {"Value": "b", "Type": "user"}]],
)
@pytest.mark.parametrize("path", ["members", "Members", f"{GROUP}:members"])
def test_add_takes_members_as_a_list(path: str, value: Any) -> None:
    assert change(op("Add", path, value)) == MemberChange(added=("a", "b"))


@pytest.mark.parametrize("value", [{"value": "a"}, "a", [{"value": "a"}, {"value": "a"}]])
def test_add_takes_one_member_and_takes_it_once(value: Any) -> None:
    assert change(op("add", "members", value)) == MemberChange(added=("a",))


@pytest.mark.parametrize("verb", ["add", "replace"])
def test_a_value_without_a_path_is_taken_apart(verb: str) -> None:
    found = folded(op(verb, None, {"displayName": "G", "members": [{"value": "a"}], "id": "7", "color": "x"}))
    assert found is not None
    assert found.change == MemberChange(clears=verb == "replace", added=("a",))
    assert [operation.path.attribute.name for operation in found.rest.operations] == ["displayName"]  # type: ignore[union-attr]
    assert found.rest.dropped == ("color",)


@pytest.mark.parametrize(
    "operation",
    [
        op("remove", 'members[value eq "a"]'),
        op("Remove", 'MEMBERS[VALUE EQ "a"]'),
        op("remove", "members", [{"value": "a"}]),
        op("remove", "members", {"$ref": None, "value": "a", "display": "Ada", "type": "User"}),
        op("remove", "members", ["a"]),
        op("remove", "members", "a"),
        op("replace", 'members[value eq "a"]', None),
        op("remove", 'members[value eq "a"]', [{"value": "b"}]),
    ],
)
def test_a_member_is_removed_by_a_filter_or_a_value_list(operation: dict[str, Any]) -> None:
    assert change(operation) == MemberChange(removed=frozenset("a"))


@pytest.mark.parametrize(
    "path",
    [
        'members[value eq "a" or value eq "b" or value eq "c"]',
        'members[value eq "a" or (value eq "c" or value eq "b")]',
    ],
)
def test_a_filter_may_name_several_members(path: str) -> None:
    assert change(op("remove", path)) == MemberChange(removed=frozenset("abc"))


@pytest.mark.parametrize(
    "operation",
    [
        op("remove", "members"),
        op("remove", "members", None),
        op("remove", "members", ""),
        op("replace", "members", None),
        op("replace", "members", []),
        op("replace", "members", ""),
        op("replace", "members", [{"value": ""}]),
        op("replace", None, {"members": None}),
    ],
)
def test_unassigning_the_members_removes_everybody(operation: dict[str, Any]) -> None:
    assert change(op("add", "members", ["a"]), op("remove", "members", ["b"]), operation) == MemberChange(
        True
    )


def test_replace_puts_other_members_in_place_of_all() -> None:
    assert change(op("add", "members", ["z"]), op("replace", "members", ["a", "b"])) == MemberChange(
        clears=True, added=("a", "b")
    )


@pytest.mark.parametrize(
    "operation",
    [
        op("add", "members", []),
        op("add", "members", None),
        op("add", "members", [None, "", {}, {"value": ""}]),
        op("remove", "members", []),
        op("remove", "members", [{}, {"value": None}, {"nothing": "a"}, {"value": 7}, {"value": ["a"]}, ""]),
    ],
)
def test_what_names_nobody_changes_nothing(operation: dict[str, Any]) -> None:
    assert change(operation).is_empty


def test_the_last_word_on_a_member_holds() -> None:
    assert change(op("add", "members", ["a", "b"]), op("remove", "members", ["a", "c"])) == MemberChange(
        added=("b",), removed=frozenset("ac")
    )
    assert change(op("remove", "members", ["a", "c"]), op("add", "members", ["a"])) == MemberChange(
        added=("a",), removed=frozenset("c")
    )


def test_unknown_names_in_members_are_dropped_and_told() -> None:
    found = folded(
        op("add", None, {"colour": 1}),
        op("add", "members", [{"value": "a", "shoeSize": 46}]),
        op("remove", "members", [{"value": "b", "hat": True}]),
    )
    assert found is not None
    assert found.rest.dropped == ("colour", "members.shoeSize", "members.hat")


def test_without_member_operations_all_is_the_rest() -> None:
    patch = parse_patch({"Operations": [op("replace", "displayName", "G")]}, group_type())
    assert membership_of(patch, group_type()) == MemberPatch(MemberChange(), patch)


# --- what only the present members can answer ---


@pytest.mark.parametrize(
    "operation",
    [
        op("remove", 'members[display sw "a"]'),
        op("remove", 'members[type eq "User"]'),
        op("remove", 'members[value eq "a" and type eq "User"]'),
        op("remove", 'members[value eq "a" or display eq "A"]'),
        op("remove", 'members[value ne "a"]'),
        op("remove", 'members[not (value eq "a")]'),
        op("remove", "members[value pr]"),
        op("remove", "members[value eq null]"),
        op("remove", "members.value"),
        op("replace", 'members[value eq "a"].display', "A"),
        op("remove", 'members[value eq "a"].display'),
        op("replace", 'members[value eq "a"]', {"display": "A"}),
        op("add", 'members[type eq "User"].value', "a"),
        op("add", "members.display", "A"),
        op("remove", "members", [{"display": "Ada"}]),
        op("remove", "members", [{"value": "a"}, {"$ref": "https://x/Users/b"}]),
    ],
)
def test_a_patch_that_depends_on_the_present_members_is_left_as_it_is(operation: dict[str, Any]) -> None:
    assert folded(op("add", "members", ["z"]), operation) is None


def test_only_groups_have_members() -> None:
    patch = parse_patch({"Operations": [op("replace", "title", "Dr")]}, user_type())
    assert membership_of(patch, user_type()) is None


# --- refusals ---


@pytest.mark.parametrize(
    ("operation", "reason"),
    [
        (op("add", "members", [{"value": 5}]), "members\\[0\\].value: 5 is not a string"),
        (op("add", "members", [5]), "5 is not an object"),
        (op("add", "members", [["a"]]), "is a list"),
        (op("add", "members", [{"value": "a", "type": 5}]), "members\\[0\\].type: 5 is not a string"),
        (op("add", "members", [{"value": "a", "display": {}}]), "members\\[0\\].display"),
        (op("replace", "members", [{"value": "a", "VALUE": "b"}]), "given twice"),
        (op("add", "members", [{"display": "Ada"}]), "has no value"),
        (op("add", "members", [{"$ref": "https://x/Users/a"}]), "has no value"),
        (op("remove", "members", ["a", 5]), "5 is not an object"),
        (op("remove", "members", [None]), "null is not an object"),
    ],
)
def test_what_is_no_member_is_refused(operation: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidValue, match=reason):
        folded(operation)


def many(count: int, start: int = 0) -> list[dict[str, str]]:
    return [{"value": f"{number:032x}"} for number in range(start, start + count)]


@pytest.mark.parametrize(
    "operations",
    [
        [op("add", "members", many(MAX_MEMBERS + 1))],
        [op("remove", "members", many(MAX_MEMBERS + 1))],
        [op("add", "members", many(MAX_MEMBERS)), op("add", "members", many(1, start=MAX_MEMBERS))],
    ],
)
def test_more_members_than_a_request_may_name_are_refused(operations: list[dict[str, Any]]) -> None:
    with pytest.raises(InvalidValue, match="at most 20,000 are taken"):
        folded(*operations)


def test_as_many_members_as_a_request_may_name_are_taken() -> None:
    swapped = (
        op("remove", "members", many(MAX_MEMBERS)),
        op("add", "members", many(MAX_MEMBERS, MAX_MEMBERS)),
    )
    net = change(*swapped)
    assert (len(net.removed), len(net.added)) == (MAX_MEMBERS, MAX_MEMBERS)


# --- the law ---

VALUES = st.sampled_from(["a", "b", "c", "A", "é", "bulkId:a"])
objects = st.fixed_dictionaries(
    {"value": VALUES | st.none() | st.just("")},
    optional={"type": st.sampled_from(["User", "group"]), "DISPLAY": st.just("Ada"), "hat": st.just(1)},
).filter(lambda member: bool(member["value"]) or member.keys() <= {"value", "hat"})
nameable = st.fixed_dictionaries({"Value": VALUES}, optional={"display": st.just("Ada")})
lists = st.lists(objects | VALUES | st.none() | st.just(""), max_size=4)
filters = st.lists(VALUES, min_size=1, max_size=3).map(
    lambda values: "members[" + " or ".join(f'value eq "{value}"' for value in values) + "]"
)
unassigned: st.SearchStrategy[Any] = st.sampled_from([None, "", []])
member_operations = (
    st.builds(
        op, st.sampled_from(["add", "Replace"]), st.just("members"), lists | objects | VALUES | unassigned
    )
    | st.builds(
        op, st.just("remove"), st.just("members"), st.lists(nameable | VALUES) | nameable | unassigned
    )
    | st.builds(op, st.just("Remove"), filters)
    | st.builds(op, st.just("replace"), filters, unassigned)
    | st.builds(
        lambda verb, value: op(verb, None, {"members": value}), st.sampled_from(["add", "replace"]), lists
    )
    | st.just(op("remove", "members"))
)


def document(members: list[str]) -> dict[str, Any]:
    held = {"members": [{"value": value} for value in members]} if members else {}
    return {"schemas": [GROUP], "displayName": "G", **held}


@settings(max_examples=400, deadline=None)
@given(st.lists(VALUES, unique=True), st.lists(member_operations, min_size=1, max_size=6))
def test_the_change_does_to_the_values_what_the_operations_do_to_the_document(
    members: list[str], operations: list[dict[str, Any]]
) -> None:
    patch = parse_patch({"Operations": operations}, group_type())
    patched = apply_patch(document(members), patch, codec_of(group_type()))
    net = change(*operations)
    result = applied(net, members)
    assert set(result) == {member["value"] for member in patched.document.get("members", [])}
    assert len(set(result)) == len(result)
    assert not net.removed & set(net.added)
    assert not (net.clears and net.removed)


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["value", "Value", "type", "display", "$ref", "x"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(["add", "replace", "remove"]), junk)
def test_whatever_is_sent_as_members_is_folded_refused_or_left_to_the_whole_document(
    verb: str, value: Any
) -> None:
    patch = parse_patch({"Operations": [op(verb, "members", value)]}, group_type())
    whole = outcome(lambda: apply_patch(document([]), patch, codec_of(group_type())))
    alone = outcome(lambda: membership_of(patch, group_type()))
    if alone is None:
        return
    if isinstance(alone, ScimError) and "has no value" in alone.detail:
        return
    assert type(alone) is type(whole) if isinstance(whole, ScimError) else isinstance(alone, MemberPatch)


def outcome(act: Callable[[], Any]) -> Any:
    try:
        return act()
    except ScimError as refusal:
        return refusal
