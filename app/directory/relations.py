"""Filters on who is in which group: ``members`` of groups, and ``groups`` of people through nested groups.

``app.directory.members`` shows what these conditions test.
"""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import (
    CTE,
    ColumnElement,
    Select,
    String,
    and_,
    case,
    exists,
    false,
    func,
    literal,
    select,
    true,
    union_all,
)

from app.directory.comparing import Condition, Test, combined, fits, of_any
from app.directory.json_sql import JsonSql
from app.directory.narrowing import is_look_up, narrows
from app.directory.scopes import Scope
from app.directory.tables import EmployeeRow, Membership, ResourceRow
from scim.filter_tree import And, Filter, Not, Or, Present, ValuePath, matches_element

_membership, _employee, _resource = Membership.__table__, EmployeeRow.__table__, ResourceRow.__table__
#: Under names of their own: the resources that a filter selects stand around these.
_person, _group = _employee.alias("member_person"), _resource.alias("some_group")

Kind = Literal["direct", "indirect"]


class Relations:
    """Turns tests on ``members`` and ``groups`` into conditions on the groups or people selected."""

    def __init__(self, scope: Scope, json: JsonSql) -> None:
        self._scope = scope
        self._json = json

    def members(self, test: Test | ValuePath) -> Condition:
        """Return the condition on ``resource`` of a test on a group's members."""
        return (
            self._with_member(test.filter) if isinstance(test, ValuePath) else of_any(test, self._with_member)
        )

    def groups(self, test: Test | ValuePath) -> Condition:
        """Return the condition on ``employee`` of a test on a person's groups."""
        return self._within(test.filter) if isinstance(test, ValuePath) else of_any(test, self._within)

    def _with_member(self, tree: Filter) -> Condition:
        """One member fits. Found from the member where the test names it, else group by group up to the first."""
        mine = and_(self._of_tenant(_membership), combined(tree, self._member_test))
        if narrows(tree, lambda test: test.path[2] == "value" and is_look_up(test)):
            return _resource.c.id.in_(select(_membership.c.group_id).where(mine))
        return _any_row(_membership, _resource, mine, _membership.c.group_id == _resource.c.id)

    def _member_test(self, test: Test | ValuePath) -> Condition:
        name = test.path[2]
        if isinstance(test, ValuePath):
            return false()
        if name is None:
            return true()
        is_person = _membership.c.type == "User"
        base = self._scope.base_url
        reference = case(
            (is_person, literal(f"{base}/Users/", String)), else_=literal(f"{base}/Groups/", String)
        )
        columns: dict[str, ColumnElement[Any]] = {
            "value": _membership.c.member_id,
            # "User" or "Group": of ASCII alone, both databases make the same.
            "type": func.lower(_membership.c.type, type_=String()),
            "$ref": reference + _membership.c.member_id,
            "display": func.coalesce(
                _membership.c.display_key,
                case((is_person, self._name_of_person()), else_=self._name_of_group()),
            ),
        }
        return fits(self._json, test, columns[name])

    def _name_of_person(self) -> ColumnElement[Any]:
        """The displayName, else the userName, of the person who is a member."""
        name = func.coalesce(_person.c.display_name_key, _person.c.user_name_key)
        mine = and_(self._of_tenant(_person), _person.c.id == _membership.c.member_id)
        return select(name).where(mine).correlate(_membership).scalar_subquery()

    def _name_of_group(self) -> ColumnElement[Any]:
        """The displayName of the group that is a member."""
        mine = and_(*self._groups(), _group.c.id == _membership.c.member_id)
        return select(_group.c.display_name_key).where(mine).correlate(_membership).scalar_subquery()

    def _within(self, tree: Filter) -> Condition:
        """One group fits, however deep the person is in it: from the groups that fit down to their people."""
        if isinstance(tree, Present) and tree.path[2] != "display":
            is_member = and_(self._of_tenant(_membership), _membership.c.member_id == _employee.c.id)
            return _any_row(_membership, _employee, is_member)
        if not _asks_for_kind(tree):
            return _employee.c.id.in_(self._people_below(self._fitting(tree)))
        direct = self._people_in(self._fitting(tree, "direct"))
        return _employee.c.id.in_(union_all(direct, self._people_only_below(self._fitting(tree, "indirect"))))

    def _fitting(self, tree: Filter, kind: Kind | None = None) -> Select[Any]:
        """Return the ids of the groups that fit where somebody is in them in this way."""

        def test_of(test: Test | ValuePath) -> Condition:
            name = test.path[2]
            if isinstance(test, ValuePath):
                return false()
            if name == "type":
                return true() if matches_element(test, {"type": kind}) else false()
            columns: dict[str | None, ColumnElement[Any]] = {
                None: _group.c.id,
                "value": _group.c.id,
                "display": _group.c.display_name_key,
                "$ref": literal(f"{self._scope.base_url}/Groups/", String) + _group.c.id,
            }
            return fits(self._json, test, columns[name])

        return select(_group.c.id).where(*self._groups(), combined(tree, test_of))

    def _people_in(self, groups: Any) -> Select[Any]:
        """Return the ids of the people who are members of some of the groups themselves."""
        member = _membership.alias()
        return select(member.c.member_id).where(
            self._of_tenant(member), member.c.group_id.in_(groups), member.c.type == "User"
        )

    def _people_below(self, groups: Select[Any]) -> Select[Any]:
        """Return the ids of the people in the groups or in groups inside them; a circle is walked once."""
        found = groups.cte(recursive=True)
        inner = _membership.alias()
        found = found.union(select(inner.c.member_id).where(*self._nested(inner, found)))
        return self._people_in(select(found.c.id))

    def _people_only_below(self, groups: Select[Any]) -> Select[Any]:
        """Return the ids of the people whom some of the groups has in groups inside it, and not itself."""
        top = groups.subquery()
        found = select(top.c.id.label("top_id"), top.c.id).cte(recursive=True)
        inner, member, direct = _membership.alias(), _membership.alias(), _membership.alias()
        found = found.union(select(found.c.top_id, inner.c.member_id).where(*self._nested(inner, found)))
        is_direct = exists(
            select(literal(1)).where(
                self._of_tenant(direct),
                direct.c.group_id == found.c.top_id,
                direct.c.member_id == member.c.member_id,
            )
        )
        return select(member.c.member_id).where(
            self._of_tenant(member), member.c.group_id == found.c.id, member.c.type == "User", ~is_direct
        )

    def _nested(self, inner: Any, found: CTE) -> list[Condition]:
        return [self._of_tenant(inner), inner.c.group_id == found.c.id, inner.c.type == "Group"]

    def _groups(self) -> list[Condition]:
        return [self._of_tenant(_group), _group.c.type == "Group"]

    def _of_tenant(self, table: Any) -> Condition:
        is_mine: Condition = table.c.tenant_id == self._scope.tenant_id
        return is_mine


def _any_row(table: Any, outer: Any, *conditions: Condition) -> Condition:
    return select(literal(1)).select_from(table).where(*conditions).correlate(outer).exists()


def _asks_for_kind(tree: Filter) -> bool:
    """True when the filter tells apart who is in a group directly and who is not."""
    if isinstance(tree, And | Or):
        return any(_asks_for_kind(term) for term in tree.terms)
    if isinstance(tree, Not):
        return _asks_for_kind(tree.term)
    return tree.path[2] == "type"
