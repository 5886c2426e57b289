"""RFC 7644 §3.4.2.3 in SQL: the orders of ``scim.sorting`` on both databases."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, text

from app.access.tenants import Tenant
from app.database import is_sqlite, reading
from app.directory.shelves import Shelf
from app.directory.sorting import ordering
from scim.errors import InvalidValue
from scim.resources import ENTERPRISE, HR
from scim.sorting import Sort, in_order, parse_sort
from tests.directory.populations import LEASE, SHELVES, created, populate, scope

PEOPLE, GROUPS, DEVICES = SHELVES.values()
COMMON = ["id", "externalId", "displayName", "schemas"]
META = ["meta.created", "meta.lastModified", "meta.location", "meta.version", "meta.resourceType"]
PATHS = {
    PEOPLE: [
        *(*COMMON, *META, "userName", "active", "title", "name.familyName", "nickName", "ims"),
        *("emails", "emails.type", "emails.display", "emails.primary", "addresses.country"),
        *(f"{ENTERPRISE}:{name}" for name in ("employeeNumber", "department", "manager", "manager.$ref")),
        *(f"{HR}:{name}" for name in ("startDate", "fte", "tags", "dateOfBirth")),
    ],
    GROUPS: [*COMMON, *META],
    DEVICES: [
        *(*COMMON, *META, "weight", "slots", "bought", "isNew", "seal", "manual", "labels", "codes"),
        *("case.colours", "parts", "parts.primary", "parts.weight", "parts.sizes"),
        *(f"{LEASE}:ends", f"{LEASE}:owner"),
    ],
}


def sort_of(shelf: Shelf, path: str, order: str = "ascending") -> Sort:
    """Return a sort of a shelf's resources."""
    sort = parse_sort(path, order, shelf.resource_type, sensitive_allowed=True)
    assert sort is not None
    return sort


def _ids_by_sql(tenant: Tenant, shelf: Shelf, sort: Sort | None) -> list[str]:
    with reading() as connection:
        order = ordering(sort, scope(tenant), shelf, connection.dialect.name)
        statement = select(shelf.table.c.id).where(*shelf.mine()).order_by(*order.whole().order_by)
        return list(connection.scalars(statement, scope(tenant).parameters))


@pytest.mark.parametrize("shelf", SHELVES.values(), ids=SHELVES)
def test_sql_puts_everything_in_the_order_of_the_referee(tenant: Tenant, shelf: Shelf) -> None:
    resources = list(populate(tenant).of(shelf).values())
    for path in PATHS[shelf]:
        for direction in ("ascending", "descending"):
            sort = sort_of(shelf, path, direction)
            expected = [resource["id"] for resource in in_order(sort, resources)]
            assert _ids_by_sql(tenant, shelf, sort) == expected, (path, direction)


def test_without_a_sort_the_order_is_that_of_creation(tenant: Tenant) -> None:
    people = created(tenant, [{"active": True}] * 5).people
    assert _ids_by_sql(tenant, PEOPLE, None) == list(people)


@pytest.mark.parametrize(("shelf", "path"), [(PEOPLE, "groups.display"), (GROUPS, "members")])
def test_what_is_worked_out_from_memberships_cannot_be_sorted_by(
    tenant: Tenant, shelf: Shelf, path: str
) -> None:
    with pytest.raises(InvalidValue, match="worked out from memberships"):
        _ids_by_sql(tenant, shelf, sort_of(shelf, path))


def test_a_primary_entry_without_the_value_counts_as_missing(tenant: Tenant) -> None:
    primary: list[dict[str, Any]] = [{"display": "x", "primary": True}, {"value": "a@example.com"}]
    people = created(tenant, [{"emails": primary}, {"emails": [{"value": "b@example.com"}]}]).people
    assert _ids_by_sql(tenant, PEOPLE, sort_of(PEOPLE, "emails")) == list(people)[::-1]


@pytest.mark.parametrize("path", ["id", "userName", "meta.lastModified", "displayName"])
@pytest.mark.parametrize("direction", ["ascending", "descending"])
def test_an_index_gives_the_order_of_an_indexed_column(tenant: Tenant, path: str, direction: str) -> None:
    created(tenant, [{"active": True}] * 3)
    with reading() as connection:
        dialect = connection.dialect
        order = ordering(sort_of(PEOPLE, path, direction), scope(tenant), PEOPLE, dialect.name)
        statement = select(PEOPLE.table.c.id).where(PEOPLE.table.c.tenant_id == tenant.id)
        compiled = statement.order_by(*order.whole().order_by).compile(
            dialect=dialect, compile_kwargs={"literal_binds": True}
        )
        explain = "EXPLAIN QUERY PLAN " if is_sqlite(connection) else "EXPLAIN "
        if not is_sqlite(connection):
            connection.execute(text("SET LOCAL enable_seqscan = off"))
            connection.execute(text("SET LOCAL enable_bitmapscan = off"))
        plan = "\n".join(str(row[-1]) for row in connection.execute(text(explain + str(compiled))))
    assert "USE TEMP B-TREE FOR ORDER BY" not in plan
    assert "Sort Key: employee.id" not in plan
    assert "USING" in plan or "Index" in plan, plan
