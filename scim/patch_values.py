"""What PATCH operations do to one multi-valued attribute (RFC 7644 §3.5.2.1 to §3.5.2.3).

* add: a value with the (type, value) of another becomes one with it (scim.md §2); a new primary demotes
  the old one.
* A filter that selects nothing: remove succeeds and changes nothing, as §3.5.2.2 says of members. add, and
  replace of a sub-attribute (`emails[type eq "work"].value`, Entra ID), create the value that the filter
  describes, if it compares with `eq` only and not `value` itself. All else is noTarget (§3.5.2.3, SHALL).
* remove with a list of values removes those only (Entra ID).
* A value whose `value` is unassigned goes as a whole: `{"type": "work"}` is no e-mail address.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from scim.attributes import Attribute
from scim.codec import MAX_MEMBERS, MAX_VALUES
from scim.elements import Elements
from scim.errors import InvalidValue, Mutability, NoTarget, echo
from scim.filter_tree import And, Comparison, Filter, matches_element
from scim.operations import Operation, is_unassigned
from scim.patch_checks import Checks, refuse_unassigning
from scim.resources import GROUP

_LABELS: Final = frozenset({"type", "primary"})


class PatchValues:
    """One multi-valued attribute while operations change it; `elements` is its present state."""

    def __init__(self, attribute: Attribute, values: list[Any], checks: Checks, urn: str | None) -> None:
        self.attribute = attribute
        self.elements = Elements(attribute, values)
        self._checks = checks
        self._urn = urn
        is_members = (attribute.schema_id, attribute.path) == (GROUP, "members")
        self._most = MAX_MEMBERS if is_members else MAX_VALUES
        subs = attribute.sub_attributes.values()
        self._has_labels = any(sub.name == "primary" for sub in subs)
        self._immutable = [sub for sub in subs if sub.mutability == "immutable"]
        self._required = [sub for sub in subs if sub.required]

    def apply(self, operation: Operation) -> None:
        """Apply one operation on the attribute, the values that a filter selects, or a sub-attribute of
        them."""
        before = self.elements.values() if self.attribute.mutability == "immutable" else []
        count = len(self.elements)
        if operation.path.value_filter is not None:
            self._apply_selected(operation, operation.path.value_filter)
        elif operation.path.sub_attribute is not None:
            self._apply_sub_attribute(operation, operation.path.sub_attribute.name)
        elif operation.op == "add":
            self._add(operation.value)
        elif operation.op == "replace":
            self._replace(operation.value)
        else:
            self._remove(operation.value)
        self._check_result(count, before)

    def _check_result(self, count: int, before: list[Any]) -> None:
        path = self.attribute.path
        if before and before != self.elements.values():
            raise Mutability(f"{path} is immutable: it has values and keeps them.")
        if len(self.elements) > self._most:
            raise InvalidValue(
                f"{path} would have {len(self.elements)} values; at most {self._most:,} are kept."
            )
        if count and not len(self.elements):
            refuse_unassigning(self.attribute)
            self._checks.note_cleared(path)

    def _add(self, value: Any) -> None:
        if not is_unassigned(value):
            for new in self._checked(value):
                self._put_in(new)

    def _replace(self, value: Any) -> None:
        new = [] if is_unassigned(value) else self._checked(value)
        if not new:
            refuse_unassigning(self.attribute)
            self._checks.note_cleared(self.attribute.path)
        self.elements.reset(new)

    def _remove(self, value: Any) -> None:
        if value is None or value == "":
            refuse_unassigning(self.attribute)
            self._checks.note_cleared(self.attribute.path)
            self.elements.reset([])
            return
        for item in value if isinstance(value, list) else [value]:
            for number in self._meant(item):
                self.elements.drop(number)

    def _meant(self, item: Any) -> list[int]:
        """Return the numbers of the elements that an item of a remove's value list means.

        With a `value`, that and the `type` count; `display` and `$ref` may be out of date.
        """
        if not self.attribute.is_complex:
            return self.elements.having(None, item.get("value") if isinstance(item, dict) else item)
        given = {name: each for name, each in self._changes(item).items() if not is_unassigned(each)}
        if "value" in given:
            given = {name: given[name] for name in ("value", "type") if name in given}
        found = [set(self.elements.having(name, each)) for name, each in given.items()]
        return sorted(set.intersection(*found)) if found else []

    def _apply_sub_attribute(self, operation: Operation, name: str) -> None:
        """Change a sub-attribute of every value (`emails.value`); without values, make one."""
        value = None if operation.op == "remove" else operation.value
        if len(self.elements):
            self._merge(self.elements.numbers, {name: value})
        elif not is_unassigned(value):
            self._put_made(self._checked([{name: value}]))

    def _apply_selected(self, operation: Operation, tree: Filter) -> None:
        numbers, sub_attribute = self.elements.select(tree), operation.path.sub_attribute
        removes = operation.op == "remove" or is_unassigned(operation.value)
        if removes and sub_attribute is None:
            for number in numbers:
                self.elements.drop(number)
        elif not self.attribute.is_complex:
            self._replace_plain(numbers, operation.value)
        else:
            value = operation.value
            changes = (
                {sub_attribute.name: None if removes else value} if sub_attribute else self._changes(value)
            )
            if numbers:
                self._merge(numbers, changes)
            elif not removes:
                self._create(tree, changes, is_whole=operation.op == "replace" and sub_attribute is None)

    def _replace_plain(self, numbers: list[int], value: Any) -> None:
        if not numbers:
            raise NoTarget(f"No value of {self.attribute.path} is selected by the path.")
        for new in self._checked([value])[:1]:
            for number in numbers:
                if number in self.elements:
                    self.elements.put(number, new)

    def _merge(self, numbers: list[int], changes: Mapping[str, Any]) -> None:
        """Put sub-attributes into elements. The value is checked within the first one, and then holds for
        all."""
        new: dict[str, Any] = {}
        wanted = {name: value for name, value in changes.items() if not is_unassigned(value)}
        if wanted:
            checked = self._checked([{**self.elements[numbers[0]], **wanted}])
            new = {name: checked[0][name] for name in wanted if checked and name in checked[0]}
        if new.get("primary") is True and len(numbers) > 1:
            raise InvalidValue(
                f"{self.attribute.path}: {len(numbers)} values are selected; one may be primary."
            )
        gone = changes.keys() - new.keys()
        for number in numbers:
            if number in self.elements:
                self._change(number, new, gone)
        if new.get("primary") is True:
            self.elements.keep_primary(numbers[0])

    def _change(self, number: int, new: Mapping[str, Any], gone: set[str]) -> None:
        old = self.elements[number]
        changed = {**old, **new}
        for name in gone:
            changed.pop(name, None)
        if changed == old:
            return
        for sub in self._immutable:
            if sub.name in old and changed.get(sub.name) != old[sub.name]:
                raise Mutability(f"{sub.path} is immutable: remove the value and add another.")
        if self._is_hollow(old, changed):
            self.elements.drop(number)
            return
        for sub in self._required:
            if sub.name not in changed:
                refuse_unassigning(sub)
        self.elements.put(number, changed)

    def _is_hollow(self, old: Mapping[str, Any], changed: Mapping[str, Any]) -> bool:
        lost_value = "value" in old and "value" not in changed
        return not changed or lost_value or (self._has_labels and changed.keys() <= _LABELS)

    def _create(self, tree: Filter, changes: Mapping[str, Any], *, is_whole: bool) -> None:
        described = None if is_whole else _described(tree)
        made = [] if described is None else self._checked([{**described, **changes}])
        self._put_made([value for value in made if matches_element(tree, value)])

    def _put_made(self, made: list[Any]) -> None:
        """Add a value made of what a path says; raises NoTarget when it would lack what makes it a
        value."""
        if not made or ("value" in self.attribute.sub_attributes and "value" not in made[0]):
            raise NoTarget(f"No value of {self.attribute.path} is selected by the path.")
        self._put_in(made[0])

    def _put_in(self, value: Any) -> None:
        number = self.elements.add(value)
        if isinstance(value, dict) and value.get("primary") is True:
            self.elements.keep_primary(number)

    def _checked(self, value: Any) -> list[Any]:
        values = value if isinstance(value, list) else [value]
        if self.attribute.sub_attribute("value"):
            values = [{"value": each} if isinstance(each, str) and each else each for each in values]
        return self._checks.checked(self._urn, self.attribute, values) or []

    def _changes(self, value: Any) -> dict[str, Any]:
        """Return what an object (a list of one, a text for `value`) says, by canonical sub-attribute
        name."""
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, str) and self.attribute.sub_attribute("value"):
            value = {"value": value}
        if not isinstance(value, dict):
            raise InvalidValue(
                f"{self.attribute.path}: {echo(value, 120)} is not an object of sub-attributes."
            )
        changes: dict[str, Any] = {}
        for name, item in value.items():
            sub_attribute = self.attribute.sub_attribute(name)
            if sub_attribute is None:
                self._checks.drop(f"{self.attribute.path}.{name}")
            elif sub_attribute.mutability != "readOnly":
                changes[sub_attribute.name] = item
        return changes


def _described(tree: Filter) -> dict[str, Any] | None:
    """Return the sub-attributes that a filter compares with `eq`, None when it does anything else."""
    described: dict[str, Any] = {}
    for term in tree.terms if isinstance(tree, And) else (tree,):
        if not isinstance(term, Comparison) or term.operator != "eq" or term.operand is None:
            return None
        name = term.path[2]
        if name is None or name == "value":
            return None
        described[name] = term.operand
    return described
