"""SQL filters against the in-memory referee: the same resources on both databases, and the indexes that they use."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from app.access import tenants
from app.access.tenants import Tenant
from app.database import reading, writing
from app.directory import search
from app.directory.narrowing import is_narrowed
from app.directory.scopes import Scope
from app.directory.shelves import Shelf
from app.directory.wires import look_up
from scim.filters import matches, parse_filter
from scim.resources import ENTERPRISE, GROUP, HR, USER, user_type
from tests.directory.populations import (
    BASE,
    DEVICE,
    INSTANTS,
    LEASE,
    NUMBERS,
    SEALS,
    SHELVES,
    WORDS,
    Population,
    created,
    populate,
    scope,
)

PEOPLE, GROUPS, DEVICES = SHELVES.values()
_TEXT_OPERATORS = ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"]
_ORDER_OPERATORS = ["eq", "ne", "gt", "ge", "lt", "le"]
_COMMON = ["externalId", "meta.resourceType", "meta.version", "meta.location", "id", "schemas", "displayName"]
#: The shelf → paths of texts, of which some must look at every entry.
_TEXTS = {
    PEOPLE: [
        *_COMMON,
        *("userName", "title", "name.givenName", "NAME.familyname", "nickName", "ims.value"),
        *("emails.value", "emails", "emails.type", "emails.display", "addresses.locality"),
        *("groups", "groups.value", "groups.display", "groups.type", "groups.$ref"),
        *(f"{ENTERPRISE}:{name}" for name in ("department", "employeeNumber", "manager", "manager.$ref")),
        *(f"{HR}:startDate", f"{HR}:tags", f"{HR}:dateOfBirth", f"{USER}:title"),
    ],
    GROUPS: [*_COMMON, "members", "members.value", "members.display", "members.type", "members.$ref"],
    DEVICES: [*_COMMON, "manual", "labels", "case.colours", "parts.value", "parts", f"{LEASE}:owner"],
}
_BOOLEANS = {PEOPLE: ["active", "emails.primary"], GROUPS: [], DEVICES: ["isNew", "parts.primary"]}
_NUMBERS = {PEOPLE: [], GROUPS: [], DEVICES: ["weight", "slots", "codes", "parts.weight", "parts.sizes"]}
_INSTANTS = {DEVICES: ["bought", f"{LEASE}:ends"]}
_WHOLE = {
    PEOPLE: ["name", "emails", "addresses", "meta", "id", "groups", f"{HR}:fte", f"{ENTERPRISE}:manager"],
    GROUPS: ["members", "meta", "id"],
    DEVICES: ["case", "parts", "meta", "seal", "bought"],
}


def _quoted(word: str) -> str:
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _leaf(paths: list[str], operators: list[str], operands: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(st.sampled_from(paths), st.sampled_from(operators), operands).map(" ".join)


def _leaves(shelf: Shelf, population: Population) -> st.SearchStrategy[str]:
    instants = st.sampled_from([*INSTANTS, "2000-01-01T00:00:00Z", "2099-01-01T00:00:00+02:00"]).map(_quoted)
    whole = [*_TEXTS[shelf], *_WHOLE[shelf]]
    kinds = [
        _leaf(_TEXTS[shelf], _TEXT_OPERATORS, _operands(shelf, population)),
        _leaf([*_INSTANTS.get(shelf, []), "meta.created", "meta.lastModified"], _ORDER_OPERATORS, instants),
        _leaf(whole, ["pr"], st.just("")),
        _leaf(whole, ["eq", "ne"], st.just("null")),
    ]
    if _BOOLEANS[shelf]:
        kinds.append(_leaf(_BOOLEANS[shelf], ["eq", "ne"], st.sampled_from(["true", "false"])))
    if _NUMBERS[shelf]:
        kinds.append(_leaf(_NUMBERS[shelf], _ORDER_OPERATORS, st.sampled_from(NUMBERS).map(str)))
        kinds.append(_leaf(["seal"], ["eq", "ne"], st.sampled_from(SEALS).map(_quoted)))
    return st.one_of(*kinds)


def _operands(shelf: Shelf, population: Population) -> st.SearchStrategy[str]:
    ids = [*population.people, *population.groups]
    told = [f"{BASE}{shelf.resource_type.endpoint}/{one}" for one in population.of(shelf)]
    references = [f"{BASE}/Users/{one}" for one in population.people]
    references += [f"{BASE}/Groups/{one}" for one in population.groups]
    words = [
        "work",
        "ada@example.com",
        "User",
        "group",
        "direct",
        "indirect",
        'W/"1"',
        "2026-01-01",
        "x1",
        "",
    ]
    return st.one_of(
        st.sampled_from([*WORDS, *words, USER, GROUP, DEVICE, "https://a.example/M"]),
        st.sampled_from(ids),
        st.sampled_from([*told, *references]),
    ).map(_quoted)


def _trees(leaf: st.SearchStrategy[str], size: int) -> st.SearchStrategy[str]:
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda parts: f"({' '.join(parts)})"),
            inner.map(lambda one: f"not ({one})"),
        ),
        max_leaves=size,
    )


def _in_brackets(shelf: Shelf, population: Population) -> st.SearchStrategy[str]:
    """Draw value paths: an attribute and a filter on its entries."""

    def drawn(attribute: str, texts: list[str], *more: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        leaf = st.one_of(
            _leaf(texts, _TEXT_OPERATORS, _operands(shelf, population)),
            _leaf(texts, ["pr"], st.just("")),
            _leaf(texts, ["eq", "ne"], st.just("null")),
            *more,
        )
        return _trees(leaf, 3).map(lambda inner: f"{attribute}[{inner}]")

    primary = _leaf(["primary"], ["eq", "ne"], st.sampled_from(["true", "false"]))
    if shelf is PEOPLE:
        return st.one_of(
            drawn("emails", ["value", "type", "display"], primary),
            drawn("emails", ["value", "type"]),
            drawn("groups", ["value", "display", "type", "$ref"]),
            drawn("groups", ["value", "display"]),
            drawn("name", ["givenName", "familyName"]),
            drawn("addresses", ["type", "locality"]),
            drawn(f"{ENTERPRISE}:manager", ["value", "$ref"]),
        )
    if shelf is GROUPS:
        return st.one_of(drawn("members", ["value", "type", "display", "$ref"]), drawn("members", ["value"]))
    sizes = _leaf(["sizes", "weight"], _ORDER_OPERATORS, st.sampled_from(NUMBERS).map(str))
    return st.one_of(drawn("parts", ["value"], primary, sizes), drawn("case", ["colours"]))


def _ids_by_sql(tenant: Tenant, text: str, shelf: Shelf = PEOPLE) -> set[str]:
    tree = parse_filter(text, shelf.resource_type, sensitive_allowed=True)
    with reading() as connection:
        condition = search.condition(tree, scope(tenant), shelf, connection.dialect.name)
        statement = select(shelf.table.c.id).where(*shelf.mine(), condition)
        return set(connection.scalars(statement, scope(tenant).parameters))


def _ids_by_referee(population: Population, text: str, shelf: Shelf) -> set[str]:
    tree = parse_filter(text, shelf.resource_type, sensitive_allowed=True)
    return {id_ for id_, document in population.of(shelf).items() if matches(tree, document)}


@pytest.mark.parametrize("shelf", SHELVES.values(), ids=SHELVES)
def test_sql_filters_find_what_the_referee_finds(tenant: Tenant, shelf: Shelf) -> None:
    population = populate(tenant)
    filters = _trees(st.one_of(_leaves(shelf, population), _in_brackets(shelf, population)), 5)

    @settings(
        max_examples=500,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
    @given(filters)
    def agree(text: str) -> None:
        assert _ids_by_sql(tenant, text, shelf) == _ids_by_referee(population, text, shelf), text

    agree()


def test_no_condition_is_ever_null(tenant: Tenant) -> None:
    people = created(tenant, [{"active": True}]).people
    for text in (
        'not (title eq "x")',
        'not (title gt "x")',
        f'not ({HR}:fte gt "1")',
        'not (emails.value co "x")',
        'not (groups.display eq "x")',
        'not (externalId eq "x")',
    ):
        assert _ids_by_sql(tenant, text) == set(people), text


def test_an_external_id_is_seen_by_the_client_that_wrote_it_only(tenant: Tenant) -> None:
    created(tenant, [{"active": True}] * 2)
    tree = parse_filter('externalId eq "x1"', user_type())
    with reading() as connection:
        mine = look_up(connection, scope(tenant), PEOPLE, tree)
        theirs = look_up(connection, Scope(tenant.id, 2, BASE), PEOPLE, tree)
        dialect = connection.dialect.name
        others = Scope(tenant.id, 2, BASE)
        condition = search.condition(tree, others, PEOPLE, dialect)
        found = connection.scalars(
            select(PEOPLE.table.c.id).where(*PEOPLE.mine(), condition), others.parameters
        )
        assert list(found) == []
    assert mine is not None
    assert [row.external_id for row in mine] == ["x1"]
    assert theirs == []


def test_a_filter_sees_its_own_tenant_only(tenant: Tenant) -> None:
    with writing() as connection:
        other = tenants.create(connection, "other")
    mail = {"emails": [{"type": "work", "value": "a@example.com"}]}
    for owner in (tenant, other):
        created(owner, [mail], [{"displayName": "Crew"}], [frozenset({0})])
    for text in ('emails.value eq "a@example.com"', 'groups.display eq "crew"', 'groups.type eq "direct"'):
        found = _ids_by_sql(tenant, text)
        assert len(found) == 1 and found.isdisjoint(_ids_by_sql(other, text)), text
    for text in ("members pr", 'members.display sw "a"', 'members.type eq "User"'):
        found = _ids_by_sql(tenant, text, GROUPS)
        assert len(found) == 1 and found.isdisjoint(_ids_by_sql(other, text, GROUPS)), text


def test_whoever_is_in_a_group_both_ways_is_in_it_directly(tenant: Tenant) -> None:
    # Group 2 has person 0 and group 3, group 3 has persons 0 and 1 and group 2: a circle.
    members = [frozenset({0, 3}), frozenset({0, 1, 2})]
    names = [{"displayName": "Outer"}, {"displayName": "Inner"}]
    both, deep = created(tenant, [{"active": True}] * 2, names, members).people
    assert _ids_by_sql(tenant, 'groups[display eq "outer" and type eq "direct"]') == {both}
    assert _ids_by_sql(tenant, 'groups[display eq "outer" and type eq "indirect"]') == {deep}
    assert _ids_by_sql(tenant, 'groups.type eq "indirect"') == {deep}
    assert _ids_by_sql(tenant, 'groups.display eq "outer"') == {both, deep}


# --- indexes ---

_ID = '"0192f0e4-0000-7000-8000-000000000000"'
_INDEXED = [
    *(
        (PEOPLE, text)
        for text in ('userName eq "a"', 'userName sw "a"', f"id eq {_ID}", 'displayName eq "a"')
    ),
    *((PEOPLE, text) for text in ('displayName sw "a"', f'{ENTERPRISE}:employeeNumber eq "7"')),
    *((PEOPLE, text) for text in ('externalId eq "x1"', 'externalId sw "x"', "active eq false")),
    *((PEOPLE, text) for text in ('emails.value eq "a@b"', 'emails eq "a@b"', 'emails.value sw "a"')),
    (PEOPLE, 'emails[type eq "work" and value eq "a@b"]'),
    (PEOPLE, 'emails[value eq "a@b" and primary eq true]'),
    (PEOPLE, 'meta.lastModified gt "2026-01-01T00:00:00Z"'),
    (PEOPLE, f"groups.value eq {_ID}"),
    (PEOPLE, 'groups.display eq "crew"'),
    (PEOPLE, f'groups[value eq {_ID} and type eq "direct"]'),
    (PEOPLE, 'userName eq "a" or emails.value eq "a@b" or externalId eq "x"'),
    (PEOPLE, 'title co "a" and (userName eq "a" or emails.value eq "a@b")'),
    *((GROUPS, text) for text in ('displayName eq "crew"', 'displayName sw "c"', f"members.value eq {_ID}")),
    (GROUPS, f'members[value eq {_ID} and type eq "User"]'),
    (GROUPS, 'externalId eq "x1"'),
    (DEVICES, f"id eq {_ID}"),
    (DEVICES, 'externalId eq "x1"'),
]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("shelf", "text"), _INDEXED)
def test_an_index_leads_to_what_is_looked_up(tenant: Tenant, shelf: Shelf, text: str) -> None:
    tree = parse_filter(text, shelf.resource_type)
    assert is_narrowed(tree, shelf)
    with reading() as connection:
        condition = search.condition(tree, scope(tenant), shelf, connection.dialect.name)
        statement = select(func.count()).select_from(shelf.table).where(*shelf.mine(), condition)
        compiled = statement.params(scope(tenant).parameters).compile(
            dialect=connection.dialect, compile_kwargs={"literal_binds": True}
        )
        plan = [row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}")]
    table = shelf.table.name
    own_key = "tenant_id=?" if shelf is PEOPLE else "tenant_id=? AND type=?"
    walks = [step for step in plan if re.match(rf"(SCAN|SEARCH) {table}\b", step)]
    assert walks, plan
    assert all(re.search(rf"\({re.escape(own_key)} AND ", step) for step in walks), plan
    assert not any(step.startswith("SCAN employee_email") or "SCAN membership" in step for step in plan), plan


@pytest.mark.parametrize(
    ("shelf", "text"),
    [
        (PEOPLE, 'title eq "x"'),
        (PEOPLE, 'userName co "x"'),
        (PEOPLE, 'not (userName eq "x")'),
        (PEOPLE, 'userName ne "x"'),
        (PEOPLE, 'userName sw ""'),
        (PEOPLE, "displayName eq null"),
        (PEOPLE, 'userName eq "x" or title eq "x"'),
        (PEOPLE, 'emails.type eq "work"'),
        (PEOPLE, 'emails[type eq "work"]'),
        (PEOPLE, "groups pr"),
        (GROUPS, 'members.display eq "x"'),
        (DEVICES, 'displayName eq "x"'),
    ],
)
def test_what_no_index_leads_to_is_not_narrowed(shelf: Shelf, text: str) -> None:
    assert not is_narrowed(parse_filter(text, shelf.resource_type), shelf)
