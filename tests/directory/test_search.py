"""SQL filters against the in-memory referee: the same people on both databases."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app import directory
from app.access.tenants import Tenant
from app.database import reading, writing
from app.directory import reading as reads
from app.directory import search
from app.directory.search import Scope
from app.directory.tables import EmployeeRow
from scim.filters import matches, parse_filter
from scim.resources import ENTERPRISE, HR, USER, user_type

BASE = "http://localhost/scim/v2"
CLIENT = 1
_WORDS = [
    "Ada",
    "ada",
    "ADA",
    "Ida",
    "Straße",
    "STRASSE",
    "İda",
    "a",
    "",
    "é",
    "e\u0301",
    "x%y",
    "x_y",
    "\\",
    "'",
    '"',
    "Ü",
    "𝒜",
]
_words = st.sampled_from([word for word in _WORDS if word])
_emails = st.lists(
    st.fixed_dictionaries(
        {"value": _words.map(lambda word: f"{word}@example.com".replace('"', "q"))},
        optional={
            "type": st.sampled_from(["work", "home", "Work", "other"]),
            "primary": st.booleans(),
            "display": _words,
        },
    ),
    min_size=1,
    max_size=3,
)
_addresses = st.lists(
    st.fixed_dictionaries(
        {"locality": _words}, optional={"type": st.sampled_from(["work", "home"]), "country": _words}
    ),
    min_size=1,
    max_size=2,
)
_documents = st.fixed_dictionaries(
    {"active": st.booleans()},
    optional={
        "displayName": _words,
        "title": _words,
        "name": st.fixed_dictionaries({}, optional={"givenName": _words, "familyName": _words}).filter(bool),
        "emails": _emails,
        "addresses": _addresses,
        ENTERPRISE: st.fixed_dictionaries(
            {},
            optional={
                "department": _words,
                "employeeNumber": _words,
                "manager": st.fixed_dictionaries({"value": _words}),
            },
        ).filter(bool),
        HR: st.fixed_dictionaries(
            {},
            optional={
                "startDate": st.sampled_from(["2026-01-01", "2026-06-30"]),
                "fte": st.sampled_from(["0.1", "0.5", "1"]),
                "tags": st.lists(_words, min_size=1, max_size=2, unique=True),
                "dateOfBirth": st.just("1990-02-03"),
            },
        ).filter(bool),
    },
)
_STRING_PATHS = [
    *(
        "userName",
        "displayName",
        "title",
        "name.givenName",
        "NAME.familyname",
        "emails.value",
        "emails",
        "emails.type",
    ),
    *(
        "emails.display",
        "addresses.locality",
        "externalId",
        f"{ENTERPRISE}:department",
        f"{ENTERPRISE}:employeeNumber",
    ),
    *(
        f"{ENTERPRISE}:manager.value",
        f"{ENTERPRISE}:manager",
        f"{HR}:startDate",
        f"{HR}:tags",
        f"{USER}:title",
    ),
    *(
        "groups.value",
        "meta.resourceType",
        "meta.version",
        "schemas",
        f"{HR}:dateOfBirth",
        "nickName",
        "ims.value",
    ),
]
_BOOLEAN_PATHS = ["active", "emails.primary"]
_PRESENT_PATHS = [
    *_STRING_PATHS,
    *_BOOLEAN_PATHS,
    f"{HR}:fte",
    "name",
    "emails",
    "addresses",
    "meta",
    "id",
    "groups",
]


def _quoted(word: str) -> str:
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


_operands = st.sampled_from(
    [*_WORDS, "work", "ada@example.com", "User", 'W/"1"', "2026-01-01", USER, "x1"]
).map(_quoted)
_leaf = st.one_of(
    st.tuples(
        st.sampled_from(_STRING_PATHS),
        st.sampled_from(["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"]),
        _operands,
    ),
    st.tuples(
        st.sampled_from(_BOOLEAN_PATHS), st.sampled_from(["eq", "ne"]), st.sampled_from(["true", "false"])
    ),
    st.tuples(st.sampled_from(_PRESENT_PATHS), st.just("pr"), st.just("")),
    st.tuples(st.sampled_from(_PRESENT_PATHS), st.sampled_from(["eq", "ne"]), st.just("null")),
    st.tuples(
        st.sampled_from(["meta.created", "meta.lastModified"]),
        st.sampled_from(["eq", "ne", "gt", "ge", "lt", "le"]),
        st.sampled_from(['"2000-01-01T00:00:00Z"', '"2099-01-01T00:00:00+02:00"']),
    ),
).map(" ".join)
_inner_leaf = st.one_of(
    st.tuples(
        st.sampled_from(["value", "type", "display"]),
        st.sampled_from(["eq", "ne", "co", "sw", "ew", "gt", "le"]),
        _operands,
    ),
    st.tuples(st.just("primary"), st.sampled_from(["eq", "ne"]), st.sampled_from(["true", "false"])),
    st.tuples(st.sampled_from(["value", "type", "primary"]), st.just("pr"), st.just("")),
    st.tuples(st.sampled_from(["type", "display"]), st.sampled_from(["eq", "ne"]), st.just("null")),
).map(" ".join)


def _combined(leaf: st.SearchStrategy[str], size: int) -> st.SearchStrategy[str]:
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda parts: f"({' '.join(parts)})"),
            inner.map(lambda one: f"not ({one})"),
        ),
        max_leaves=size,
    )


_value_paths = st.one_of(
    _combined(_inner_leaf, 3).map(lambda inner: f"emails[{inner}]"),
    st.sampled_from(
        [
            'name[givenName eq "ada"]',
            "name[not (givenName pr)]",
            'addresses[type eq "work" and locality co "a"]',
        ]
    ),
)
_filters = _combined(st.one_of(_leaf, _value_paths), 5)


def _populate(tenant: Tenant, documents: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Create one employee from each document; return id → the full resource as a client sees it."""
    full = {}
    with writing() as connection:
        for number, document in enumerate(documents):
            schemas = [USER, *sorted(name for name in document if name.startswith("urn:"))]
            document = {"schemas": schemas, "userName": f"{_WORDS[number % 7] or 'x'}{number}", **document}
            external = f"x{number}" if number % 2 else None
            employee = directory.create(
                connection,
                tenant.id,
                directory.Actor("client", "1"),
                document,
                external_id=external,
                client_id=CLIENT,
            )
            meta = {
                "resourceType": "User",
                "created": employee.created_at,
                "lastModified": employee.last_modified,
                "location": f"{BASE}/Users/{employee.id}",
                "version": 'W/"1"',
            }
            full[employee.id] = {**document, "id": employee.id, "meta": meta}
            if external:
                full[employee.id]["externalId"] = external
    return full


def _ids_by_sql(tenant: Tenant, text: str) -> set[str]:
    tree = parse_filter(text, user_type(), sensitive_allowed=True)
    scope = Scope(tenant.id, CLIENT, BASE)
    table = EmployeeRow.__table__
    with reading() as connection:
        condition = search.condition(tree, scope, connection.dialect.name)
        return set(connection.scalars(select(table.c.id).where(table.c.tenant_id == tenant.id, condition)))


def test_sql_filters_find_whom_the_referee_finds(tenant: Tenant) -> None:
    populations = st.lists(_documents, min_size=25, max_size=25)
    people: dict[str, dict[str, Any]] = {}

    @settings(max_examples=1, database=None, deadline=None, derandomize=True)
    @given(populations)
    def populate(documents: list[dict[str, Any]]) -> None:
        if not people:
            people.update(_populate(tenant, documents))

    populate()

    @settings(
        max_examples=700,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
    @given(_filters)
    def agree(text: str) -> None:
        tree = parse_filter(text, user_type(), sensitive_allowed=True)
        expected = {id_ for id_, document in people.items() if matches(tree, document)}
        assert _ids_by_sql(tenant, text) == expected, text

    agree()


def test_an_external_id_is_seen_by_the_client_that_wrote_it_only(tenant: Tenant) -> None:
    _populate(tenant, [{"active": True}, {"active": True}])
    tree = parse_filter('externalId eq "x1"', user_type())
    with reading() as connection:
        mine = reads.look_up(connection, Scope(tenant.id, CLIENT, BASE), tree)
        theirs = reads.look_up(connection, Scope(tenant.id, 2, BASE), tree)
    assert mine is not None
    assert [row.external_id for row in mine] == ["x1"]
    assert theirs == []


def test_a_page_counts_everyone_and_returns_its_window(tenant: Tenant) -> None:
    people = _populate(tenant, [{"active": number % 2 == 0} for number in range(10)])
    scope = Scope(tenant.id, CLIENT, BASE)
    with reading() as connection:
        total, rows = reads.page(connection, scope, None, 4, 3)
        assert (total, [row.id for row in rows]) == (10, sorted(people)[3:6])
        active = parse_filter("active eq true", user_type())
        total, rows = reads.page(connection, scope, active, 1, 2)
        assert (total, len(rows)) == (5, 2)
        assert reads.page(connection, scope, None, 11, 5) == (10, [])
        assert reads.page(connection, scope, None, 1, 0) == (10, [])


def test_no_condition_is_ever_null(tenant: Tenant) -> None:
    people = _populate(tenant, [{"active": True}])
    for text in (
        'not (title eq "x")',
        'not (title gt "x")',
        f'not ({HR}:fte gt "1")',
        'not (emails.value co "x")',
    ):
        assert _ids_by_sql(tenant, text) == set(people), text
