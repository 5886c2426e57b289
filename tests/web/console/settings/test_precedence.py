"""Whose word counts, in the browser."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from sqlalchemy import update

from app.access import clients
from app.access.tenants import Tenant
from app.database import reading, writing
from app.sources import precedence
from app.sources.tables import precedence as precedence_table
from tests.web.console.browser import Browser, Page
from tests.web.console.tokens.steps import PAYLOADS, deeds, is_harmless, typed

PLACE = "/settings/precedence"
EDIT = f"{PLACE}/edit"
A, B, C = "client:a", "client:b", "client:c"


@pytest.fixture
def writers(tenant: Tenant) -> Tenant:
    """Give the tenant with three clients."""
    with writing() as connection:
        for name in ("a", "b", "c"):
            clients.create(connection, tenant.id, name, {})
    return tenant


def put(tenant: Tenant, field: str, order: Sequence[str]) -> None:
    with writing() as connection:
        precedence.put(connection, tenant.id, field, order, "test")


def lists(tenant: Tenant) -> dict[str, list[str]]:
    with reading() as connection:
        return precedence.listed(connection, tenant.id)


def send(browser: Browser, field: str, places: dict[str, str]) -> Any:
    fields = {"field": field, "writer": list(places), "place": list(places.values())}
    return typed(browser, EDIT, fields)


def test_without_writers_the_page_leads_to_the_sources(signed_in: Browser) -> None:
    page = signed_in.page(PLACE)
    assert "There is no source and no client yet" in page.text
    assert "/sources" in {found.get("href") for tag, found in page.elements if tag == "a"}


def test_a_field_is_ordered_by_places(signed_in: Browser, writers: Tenant) -> None:
    answer = send(signed_in, "title", {A: "3", B: "1", C: ""})
    assert (answer.status_code, answer.headers["Location"]) == (303, PLACE)
    assert lists(writers) == {"title": [B, A]}
    assert "Job title: Client b, then Client a. The next import" in signed_in.page(PLACE).text
    assert deeds(writers.id)[-1] == ("admin:hr@acme.example", "precedence.set", "field:title")


def test_the_form_of_a_list_is_filled_in_with_it(signed_in: Browser, writers: Tenant) -> None:
    put(writers, "title", [C, A])
    page = signed_in.page(f"{EDIT}?field=title")
    chosen = [found["value"] for tag, found in page.elements if tag == "option" and "selected" in found]
    assert chosen == ["2", "1"]  # a, c; b has no place
    assert next(inputs for form, inputs in page.forms if form.get("action") == EDIT)["field"] == "title"


@pytest.mark.parametrize(
    ("field", "places", "words"),
    [
        ("", {A: "1"}, "Choose the field."),
        ("title", {A: "", B: ""}, "Give at least one of them a place."),
        ("title", {A: "1", B: "1"}, "Two of them have the same place"),
        ("salary", {A: "1"}, "is no field of a mapping"),
        ("title", {"client:nobody": "1"}, "Give at least one of them a place."),
    ],
)
def test_what_makes_no_order_is_said_and_kept_as_typed(
    signed_in: Browser, writers: Tenant, field: str, places: dict[str, str], words: str
) -> None:
    answer = send(signed_in, field, places)
    page = Page(answer.text)
    assert (answer.status_code, words in page.text) == (422, True)
    chosen = [found["value"] for tag, found in page.elements if tag == "option" and "selected" in found]
    assert set(filter(None, places.values())) - {"1"} <= set(chosen)
    assert lists(writers) == {}


def test_a_place_of_thousands_of_digits_is_none(signed_in: Browser, writers: Tenant) -> None:
    answer = send(signed_in, "title", {A: "9" * 5000})
    assert (answer.status_code, "Give at least one of them a place." in answer.text) == (422, True)
    assert lists(writers) == {}


def test_a_writer_moves_up_and_down(signed_in: Browser, writers: Tenant) -> None:
    put(writers, "title", [A, B, C])
    for writer, to, wanted in ((C, "up", [A, C, B]), (A, "down", [C, A, B]), (C, "up", [C, A, B])):
        answer = typed(signed_in, f"{PLACE}/move", {"field": "title", "writer": writer, "to": to}, PLACE)
        assert answer.status_code == 303
        assert lists(writers) == {"title": wanted}


def test_moving_a_writer_takes_those_that_are_gone_out_of_the_list(
    signed_in: Browser, writers: Tenant
) -> None:
    put(writers, "title", [A, B, C])
    with writing() as connection:  # as a list of the time before removed sources were taken out
        connection.execute(update(precedence_table).values(writers=[A, "source:gone", B]))
    moving = {"field": "title", "writer": B, "to": "up"}
    assert typed(signed_in, f"{PLACE}/move", moving, PLACE).status_code == 303
    assert lists(writers) == {"title": [A, B]}
    assert "Source gone was removed, so the list names it no more." in signed_in.page(PLACE).text


def test_a_list_of_nobody_who_is_left_is_kept_and_it_is_said_why(signed_in: Browser, writers: Tenant) -> None:
    put(writers, "title", [A, B])
    with writing() as connection:
        connection.execute(update(precedence_table).values(writers=["source:gone", "source:lost"]))
    moving = {"field": "title", "writer": "source:lost", "to": "up"}
    assert typed(signed_in, f"{PLACE}/move", moving, PLACE).status_code == 303
    assert lists(writers) == {"title": ["source:gone", "source:lost"]}
    assert "Name each writer once" in signed_in.page(PLACE).text


def test_a_list_is_removed(signed_in: Browser, writers: Tenant) -> None:
    put(writers, "title", [A])
    put(writers, "*", [B])
    typed(signed_in, f"{PLACE}/remove", {"field": "title"}, PLACE)
    assert lists(writers) == {"*": [B]}
    page = signed_in.page(PLACE)
    assert "Job title has no order of its own any more." in page.text and "Every other field" in page.text


@pytest.mark.parametrize(
    ("deed", "fields"),
    [
        ("move", {"field": "title", "writer": "client:nobody", "to": "up"}),
        ("move", {"field": "displayName", "writer": A, "to": "up"}),
        ("remove", {"field": "displayName"}),
        ("remove", {"field": "\x01"}),
    ],
)
def test_what_is_not_there_is_not_found(
    signed_in: Browser, writers: Tenant, deed: str, fields: dict[str, str]
) -> None:
    put(writers, "title", [A, B])
    assert typed(signed_in, f"{PLACE}/{deed}", fields, PLACE).status_code == 404
    assert lists(writers) == {"title": [A, B]}


def test_another_tenants_writers_and_lists_are_not_there(
    signed_in: Browser, writers: Tenant, stranger: Tenant
) -> None:
    put(stranger, "nickName", ["client:stranger"])
    for path in (PLACE, EDIT):
        text = signed_in.get(path).text
        assert "stranger" not in text
    assert send(signed_in, "title", {"client:stranger": "1"}).status_code == 422


def test_who_may_not_sees_no_button_and_is_refused(
    writers: Tenant, as_role: Callable[[str], Browser]
) -> None:
    put(writers, "title", [A, B])
    hr = as_role("hr")
    page = hr.page(PLACE)
    assert "Client a" in page.text
    assert not [form for form, _ in page.forms if form.get("action", "").startswith(PLACE)]
    csrf = next(inputs for _, inputs in page.forms if "csrf_token" in inputs)["csrf_token"]
    for deed in ("move", "remove"):
        fields = {"csrf_token": csrf, "field": "title", "writer": B, "to": "up"}
        assert hr.post(f"{PLACE}/{deed}", fields).status_code == 403, deed
    assert hr.get(EDIT).status_code == 403
    assert lists(writers) == {"title": [A, B]}


def test_names_with_scripts_are_text(signed_in: Browser, tenant: Tenant) -> None:
    with writing() as connection:
        for payload in PAYLOADS:
            clients.create(connection, tenant.id, payload, {})
    put(tenant, "title", [f"client:{payload}" for payload in PAYLOADS])
    for path in (PLACE, f"{EDIT}?field=title", f"{EDIT}?field={PAYLOADS[0]}"):
        assert is_harmless(signed_in.page(path)), path
