"""Clients of the SCIM API beside sources: what pins and precedence leave of their writes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import directory
from app.access import clients, inbound
from app.access.tenants import Tenant
from app.database import reading, writing
from app.directory import Actor
from app.sources import catalog, pins, precedence, pushing
from app.sources.precedence import field_named
from app.sources.pushing import restored
from scim.resources import ENTERPRISE
from tests.sources import by_hand
from tests.sources.employees import BY, Books

PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


@pytest.fixture
def books(tenant: Tenant, tmp_path: Path) -> Books:
    """Give the sources ``hr`` and ``ats``; ``hr`` says that Ada is an engineer of R&D."""
    made = Books(tenant.id, tmp_path, ("hr", "ats"))
    made.say("hr", title="Engineer", department="R&D")
    return made


@pytest.fixture
def idp(app: Flask, books: Books, token: str) -> Callable[..., Any]:
    """Give a function that sends a request about Ada as the client ``idp`` and returns status and body."""
    http: FlaskClient = app.test_client()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/scim+json"}

    def send(method: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
        answer = http.open(f"/scim/v2/Users/{books.employee}", method=method, json=body, headers=headers)
        return answer.status_code, answer.get_json(force=True, silent=True)

    return send


def replacing(**values: Any) -> dict[str, Any]:
    return {"schemas": [PATCH], "Operations": [{"op": "replace", "value": values}]}


def rank(books: Books, field: str, *writers: str) -> None:
    with writing() as connection:
        precedence.put(connection, books.tenant_id, field, writers, BY)
    pushing.forget(books.tenant_id)


def pin(books: Books, field: str, value: str) -> None:
    with writing() as connection:
        place = (connection, books.tenant_id, books.employee, field_named(field), Actor("admin", "eve"))
        pins.put(*place, value=value)
    pushing.forget(books.tenant_id)


def noted(app: Flask, books: Books) -> list[str]:
    app.extensions["rollcall.inbound"].flush()
    with reading() as connection:
        client = clients.named(connection, books.tenant_id, "idp")
        found = inbound.listed(connection, books.tenant_id, client.id)
    return [name for row in found for name in row["dropped"]]


# --- pins -----------------------------------------------------------------------------------------------------------


def test_a_patch_of_a_pinned_value_is_not_applied_and_noted(app: Flask, books: Books, idp: Any) -> None:
    pin(books, "title", "Countess")
    status, body = idp("PATCH", replacing(title="Boss", nickName="Ada"))
    assert (status, body["title"], body["nickName"]) == (200, "Countess", "Ada")
    assert noted(app, books) == ["title"]


def test_a_patch_of_nothing_but_a_pinned_value_makes_no_version(books: Books, idp: Any) -> None:
    pin(books, "title", "Countess")
    before = idp("GET")[1]["meta"]["version"]
    assert idp("PATCH", replacing(title="Boss"))[1]["meta"]["version"] == before


def test_a_put_leaves_pinned_values_as_they_are(app: Flask, books: Books, idp: Any) -> None:
    pin(books, "title", "Countess")
    pin(books, "enterprise.department", "Labs")
    document = idp("GET")[1]
    document["title"], document["nickName"] = "Boss", "Ada"
    document[ENTERPRISE] = {"employeeNumber": "7"}
    status, body = idp("PUT", document)
    assert (status, body["title"], body[ENTERPRISE]["department"]) == (200, "Countess", "Labs")
    assert body["nickName"] == "Ada"
    assert noted(app, books) == ["title", f"{ENTERPRISE}:department"]


def test_a_pinned_address_comes_back_whole(app: Flask, books: Books, idp: Any) -> None:
    work = {"type": "work", "value": "ada@example.com", "primary": True}
    idp("PATCH", replacing(emails=[work]))
    pin(books, "emails[work].value", "ada@example.com")
    home = {"type": "home", "value": "ada@home.example", "primary": True}
    body = idp("PATCH", replacing(emails=[home]))[1]
    assert body["emails"] == [work, {"type": "home", "value": "ada@home.example"}]
    assert noted(app, books) == ["emails.value"]


def test_a_bulk_request_changes_no_pinned_value(app: Flask, books: Books, idp: Any, token: str) -> None:
    pin(books, "title", "Countess")
    operation = {"method": "PATCH", "path": f"/Users/{books.employee}", "data": replacing(title="Boss")}
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [operation]}
    headers = {"Authorization": f"Bearer {token}"}
    answer = app.test_client().post("/scim/v2/Bulk", json=body, headers=headers)
    assert answer.status_code == 200
    assert books.value("title") == "Countess"


# --- precedence -----------------------------------------------------------------------------------------------------


def test_a_client_that_no_list_names_writes_as_ever(app: Flask, books: Books, idp: Any) -> None:
    rank(books, "title", "source:hr")
    assert idp("PATCH", replacing(title="Boss"))[1]["title"] == "Boss"
    assert noted(app, books) == []


def test_and_the_source_that_is_named_takes_its_value_back(books: Books, idp: Any) -> None:
    rank(books, "title", "source:hr")
    idp("PATCH", replacing(title="Boss"))
    books.again("hr")
    assert books.value("title") == "Engineer"


def test_a_client_that_is_named_does_not_overwrite_a_stronger_source(
    app: Flask, books: Books, idp: Any
) -> None:
    rank(books, "title", "source:hr", "client:idp")
    body = idp("PATCH", replacing(title="Boss", nickName="Ada"))[1]
    assert (body["title"], body["nickName"]) == ("Engineer", "Ada")
    assert noted(app, books) == ["title"]


def test_a_source_does_not_overwrite_a_stronger_client(books: Books, idp: Any) -> None:
    rank(books, "title", "client:idp", "source:hr")
    idp("PATCH", replacing(title="Boss"))
    books.say("hr", title="Principal")
    assert books.value("title") == "Boss"


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_stronger_client_that_says_the_same_owns_the_value(books: Books, idp: Any, method: str) -> None:
    rank(books, "title", "client:idp", "source:hr")
    document = idp("GET")[1]
    idp(method, document if method == "PUT" else replacing(title="Engineer"))
    books.say("hr", title="Principal", department="Labs")
    assert (books.value("title"), books.value("department")) == ("Engineer", "Labs")


def test_a_patch_of_something_else_owns_nothing_else(books: Books, idp: Any) -> None:
    rank(books, "*", "client:idp", "source:hr")
    idp("PATCH", replacing(nickName="Ada"))
    assert books.owner("title") == "source:hr"


def test_what_a_stronger_client_empties_is_left_to_the_source(books: Books, idp: Any) -> None:
    rank(books, "title", "client:idp", "source:hr")
    idp("PATCH", replacing(title="Boss"))
    idp("PATCH", {"schemas": [PATCH], "Operations": [{"op": "remove", "path": "title"}]})
    assert books.value("title") is None
    books.again("hr")
    assert books.value("title") == "Engineer"


def test_an_emptied_value_has_sources_that_are_asked_for_changes_read_whole(
    books: Books, idp: Any, tenant: Tenant
) -> None:
    rank(books, "title", "client:idp", "source:hr")
    idp("PATCH", replacing(title="Boss"))
    with writing() as connection:
        known = catalog.named(connection, tenant.id, "hr")
        catalog.write(connection, known, watermark={"since": 1}, read_whole_at="2026-01-01T00:00:00.000000Z")
    idp("PATCH", replacing(nickName="Ada"))
    with reading() as connection:
        assert catalog.named(connection, tenant.id, "hr").read_whole_at is not None
    idp("PATCH", {"schemas": [PATCH], "Operations": [{"op": "remove", "path": "title"}]})
    with reading() as connection:
        assert catalog.named(connection, tenant.id, "hr").read_whole_at is None


def test_what_is_emptied_of_somebody_whom_a_source_does_not_know_has_it_not_read_whole(
    books: Books, idp: Any, tenant: Tenant
) -> None:
    rank(books, "title", "client:idp", "source:hr")
    stranger = by_hand.create(tenant, userName="stranger", title="Guest")
    with writing() as connection:
        known = catalog.named(connection, tenant.id, "hr")
        catalog.write(connection, known, watermark={"since": 1}, read_whole_at="2026-01-01T00:00:00.000000Z")
        directory.merge(connection, tenant.id, stranger, by_hand.CLIENT, {"title": None})
    with reading() as connection:
        assert catalog.named(connection, tenant.id, "hr").read_whole_at is not None
        assert "title" not in directory.get(connection, tenant.id, stranger).document


def test_a_tenant_without_lists_and_pins_is_asked_about_once_a_second_at_most(books: Books, idp: Any) -> None:
    idp("PATCH", replacing(nickName="A"))
    with books.statements() as texts, writing() as connection:
        for _ in range(50):
            pushing.restraint(connection, books.tenant_id)
    assert len([text for text in texts if "precedence" in text]) <= 1


# --- documents ------------------------------------------------------------------------------------------------------


def test_of_several_entries_of_one_type_all_come_back() -> None:
    before = {"emails": [{"type": "work", "value": "a"}, {"type": "work", "value": "b"}]}
    wanted = {"emails": [{"type": "work", "value": "b"}, {"type": "home", "value": "c"}]}
    field = field_named("emails[work].value")
    assert restored(before, wanted, [field])["emails"] == [
        *before["emails"],
        {"type": "home", "value": "c"},
    ]


def test_an_entry_that_was_not_there_goes_again() -> None:
    field = field_named("emails[work].value")
    for entries in ([{"type": "work", "value": "a"}], [{"type": "work", "value": "a"}] * 2):
        assert "emails" not in restored({"title": "x"}, {"title": "x", "emails": entries}, [field])
