"""What a PATCH does to the members of a Group, told without knowing who they are.

A group of 10,000 must not be loaded to take one member in (scim.md §1). Operations that name members by
`value` are folded into one net change, which SQL applies to rows; it does to the set of values what
`scim.patch` does to the list in a document. Operations that only the present members can answer
(`members[type eq "User"]`, `members.display`) are left to `scim.patch`.

An id is all that names a member: the `type` and `$ref` beside it are checked and then ignored, as the server derives
them; a `display` is kept beside the id.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from scim.attributes import Attribute
from scim.codec import MAX_MEMBERS, codec_of
from scim.errors import InvalidValue, echo
from scim.filter_tree import Comparison, Filter, Or
from scim.operations import Operation, Patch, is_unassigned
from scim.patch_checks import Checks
from scim.resources import GROUP
from scim.schema import ResourceType


@dataclass(frozen=True, slots=True)
class MemberChange:
    """The net effect of all member operations: `clears` takes everybody out, before `added` come in.

    `added` are in the order of the request; no value is in both `added` and `removed`, and with `clears`
    nobody is left to be `removed`. Adding who is there and removing who is not are no changes.
    """

    clears: bool = False
    added: tuple[str, ...] = ()
    removed: frozenset[str] = frozenset()
    displays: Mapping[str, str] = field(default_factory=dict)
    """What the client calls those of `added` for whom it said so."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do, whoever the members are."""
        return not (self.clears or self.added or self.removed)


@dataclass(frozen=True, slots=True)
class MemberPatch:
    """A PATCH in two independent parts: what happens to the members, and the operations on all else.

    `rest` has the unknown names of both parts in `dropped`.
    """

    change: MemberChange
    rest: Patch


def membership_of(patch: Patch, resource_type: ResourceType) -> MemberPatch | None:
    """Return a PATCH of a Group with its member operations folded, None when only `scim.patch` can apply it.

    That is so for other resource types, and when one operation selects members by anything but `value`,
    changes a sub-attribute of them, or replaces those that a filter selects.

    :raises InvalidValue: a value is not what members are, has no `value`, or there are more than 20,000.
    """
    if resource_type.schema.id != GROUP:
        return None
    members = resource_type.schema.attributes["members"]
    folding = _Folding(members, Checks(codec_of(resource_type)))
    rest: list[Operation] = []
    for operation in patch.operations:
        if not _is_about_members(operation):
            rest.append(operation)
        elif not folding.takes(operation):
            return None
    return MemberPatch(folding.result(), Patch(tuple(rest), (*patch.dropped, *folding.dropped)))


def _is_about_members(operation: Operation) -> bool:
    attribute = operation.path.attribute
    return attribute is not None and (attribute.schema_id, attribute.path) == (GROUP, "members")


class _Folding:
    """Takes the operations on members one after another, and knows what they come to together."""

    def __init__(self, members: Attribute, checks: Checks) -> None:
        self._members = members
        self._checks = checks
        self._clears = False
        self._added: dict[str, str | None] = {}
        self._removed: set[str] = set()

    @property
    def dropped(self) -> Iterable[str]:
        """The unknown names met in members."""
        return self._checks.dropped

    def takes(self, operation: Operation) -> bool:
        """Take an operation in; False when its effect depends on the present members."""
        path, value = operation.path, operation.value
        if path.sub_attribute is not None:
            return False
        if path.value_filter is not None:
            removes = operation.op == "remove" or is_unassigned(value)
            return removes and self._remove(_values_selected(path.value_filter))
        if operation.op == "remove" and (value is None or value == ""):
            self._clear()
            return True
        if operation.op == "remove":
            return self._remove(self._values_meant(value))
        added = self._values_of(value)
        if operation.op == "replace":
            self._clear()
        self._add(added)
        return True

    def result(self) -> MemberChange:
        """Return the net effect; raises InvalidValue beyond 20,000 members."""
        _check_count(len(self._added))
        displays = {value: display for value, display in self._added.items() if display}
        return MemberChange(self._clears, tuple(self._added), frozenset(self._removed), displays)

    def _clear(self) -> None:
        self._clears = True
        self._added.clear()
        self._removed.clear()

    def _add(self, members: Iterable[tuple[str, str | None]]) -> None:
        for value, display in members:
            self._added[value] = display or self._added.get(value)
            self._removed.discard(value)

    def _remove(self, values: Iterable[str] | None) -> bool:
        if values is None:
            return False
        for value in values:
            self._added.pop(value, None)
            if not self._clears:
                self._removed.add(value)
        return True

    def _values_of(self, value: Any) -> list[tuple[str, str | None]]:
        """Return the members of an add or replace by `value` and `display`: a list, one object, or an id as it is."""
        if is_unassigned(value):
            return []
        items = value if isinstance(value, list) else [value]
        items = [{"value": item} if isinstance(item, str) and item else item for item in items]
        checked = self._checks.checked(None, self._members, items) or []
        for member in checked:
            if "value" not in member:
                raise InvalidValue(f"members: {echo(member, 120)} has no value, the id of the member.")
        return [(member["value"], member.get("display")) for member in checked]

    def _values_meant(self, value: Any) -> list[str] | None:
        """Return the members of a remove's value list (Entra ID); None when one is named by something else.

        A `value` that is no text names nobody, as in `scim.patch`.
        """
        items = value if isinstance(value, list) else [value]
        _check_count(len(items))
        meant: list[str] = []
        for item in items:
            given = self._given(item)
            if given and "value" not in given:
                return None
            if isinstance(given.get("value"), str):
                meant.append(given["value"])
        return meant

    def _given(self, item: Any) -> dict[str, Any]:
        """Return what an item of a value list says, by canonical name; the same forms as `scim.patch` takes."""
        if isinstance(item, list) and len(item) == 1:
            item = item[0]
        if isinstance(item, str):
            item = {"value": item}
        if not isinstance(item, dict):
            raise InvalidValue(f"members: {echo(item, 120)} is not an object of sub-attributes.")
        given: dict[str, Any] = {}
        for name, each in item.items():
            sub_attribute = self._members.sub_attribute(name)
            if sub_attribute is None:
                self._checks.drop(f"members.{name}")
            else:
                given[sub_attribute.name] = each
        return {name: each for name, each in given.items() if not is_unassigned(each)}


def _values_selected(tree: Filter) -> list[str] | None:
    """Return the values that a filter of `value eq "…"` joined by `or` selects, None for any other filter."""
    selected: list[str] = []
    waiting = [tree]
    while waiting:
        term = waiting.pop()
        if isinstance(term, Or):
            waiting.extend(term.terms)
        elif isinstance(term, Comparison) and _is_value_test(term) and isinstance(term.operand, str):
            selected.append(term.operand)
        else:
            return None
    return selected


def _is_value_test(term: Comparison) -> bool:
    return term.path[2] == "value" and term.operator == "eq"


def _check_count(count: int) -> None:
    if count > MAX_MEMBERS:
        raise InvalidValue(f"members has {count} values; at most {MAX_MEMBERS:,} are taken.")
