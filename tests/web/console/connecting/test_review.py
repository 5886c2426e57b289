"""The review: person by person what an import would do, and everybody counted by a dry run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from flask import Flask

from app import directory
from app.access.tenants import Tenant
from app.database import reading, writing
from app.directory import Actor
from app.sources import runner
from app.sources.catalog import Source
from scim.resources import ENTERPRISE, USER
from tests.web.console.connecting.person import Person

HEAD = "Emp #,First Name,Last Name,Work Email,Status"
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def maya(tenant: Tenant) -> str:
    """Give the id of somebody who is known already."""
    document = {
        "schemas": [USER, ENTERPRISE],
        "userName": "maya",
        "name": {"givenName": "Maya", "familyName": "Okafor"},
        "emails": [{"type": "work", "value": "maya@acme.example"}],
        ENTERPRISE: {"employeeNumber": "1"},
    }
    with writing() as connection:
        return directory.create(connection, tenant.id, Actor("admin", "test"), document).id


@pytest.fixture
def at_review(send_file: Callable[..., Person]) -> Callable[..., Person]:
    """Give a function that sends a file and goes to its review."""
    return lambda *rows: send_file(HEAD, *rows).press("Continue").press("Store and review")


def results(admin: Person) -> dict[str, tuple[str, str]]:
    """Who → what becomes of them, and why."""
    return {cells[0]: (cells[1], cells[2]) for cells in admin.page.rows("people")}


def result_of(admin: Person, name: str) -> tuple[str, str]:
    """What becomes of one of them."""
    return next(result for who, result in results(admin).items() if who.startswith(name))


def test_everybody_is_told_with_result_and_reason(maya: str, at_review: Callable[..., Person]) -> None:
    admin = at_review(
        "1,Maya,Okafor-Berg,maya@acme.example,Terminated",
        "2,Ben,Ito,ben@acme.example,Active",
        "2,Ben,Other,other@acme.example,Active",
        ",No,Key,nokey@acme.example,Active",
    )
    word, change = result_of(admin, "Maya Okafor-Berg")
    assert word == "Changed becomes inactive"
    assert "Last name Okafor Okafor-Berg" in change
    assert "Active yes no" in change
    assert result_of(admin, "Ben Ito")[0] == "Added"
    assert "an earlier row has the key" in next(why for _, why in results(admin).values() if "earlier" in why)
    assert ("Refused", "the key column 'Emp #' is empty (Emp #)") in results(admin).values()
    assert "1 of them would become inactive" in admin.text
    assert f"/people/{maya}" in admin.page.links("people").values()


def test_nobody_is_changed_by_a_review(tenant: Tenant, maya: str, at_review: Callable[..., Person]) -> None:
    at_review("1,Maya,Other,maya@acme.example,Active", "2,Ben,Ito,ben@acme.example,Active")
    with reading() as connection:
        assert directory.total(connection, tenant.id) == 1
        found = directory.get(connection, tenant.id, maya)
    assert found is not None
    assert found.document["name"]["familyName"] == "Okafor"


def test_a_counter_leads_to_its_people(app: Flask, maya: str, at_review: Callable[..., Person]) -> None:
    admin = at_review("1,Maya,Okafor-Berg,maya@acme.example,Active", "2,Ben,Ito,ben@acme.example,Active")
    assert "Waiting for a worker to begin" in admin.text
    assert runner.resume_due(app) == 1
    admin.go(admin.path)
    assert "Added 1 Updated 1 Deleted 0 Skipped 0 Errored 0 Total 2" in admin.text
    admin.go(admin.path + "?show=added")
    assert [who.split()[0] for who in results(admin)] == ["Ben"]
    assert admin.go(admin.path + "?show=nonsense").status == 200


def test_the_count_tells_the_same_as_the_list(
    app: Flask, maya: str, at_review: Callable[..., Person]
) -> None:
    admin = at_review(
        "1,Maya,Okafor,maya@acme.example,Active",
        "2,Ben,Ito,ben@acme.example,Active",
        "2,Ben,Ito,ben@acme.example,Active",
        "3,,,,Active",
        "4,Ann,Ito,ben@acme.example,Active",
    )
    runner.resume_due(app)
    admin.go(admin.path)
    words = Counter(word for word, _ in results(admin).values())
    counted = admin.text.split("Everybody, counted")[1]
    assert counted.startswith(
        f" Added {words['Added']} Updated {words['Changed']} Deleted 0 Skipped {words['Unchanged']} "
        f"Errored {words['Refused']} Total 5"
    )
    assert words == {"Added": 1, "Changed": 1, "Unchanged": 1, "Refused": 2}


def test_the_count_is_live_while_it_runs(app: Flask, at_review: Callable[..., Person]) -> None:
    admin = at_review("1,Maya,Okafor,maya@acme.example,Active")

    def live() -> list[str]:
        return [told["data-live"] for tag, told in admin.page.elements if "data-live" in told]

    assert live() == [f"{admin.path}?part=count"]
    part = admin.browser.get(live()[0])
    assert 'id="count"' in part.text
    assert "<html" not in part.text
    runner.resume_due(app)
    admin.go(admin.path)
    assert live() == []


def test_people_without_an_address_are_pointed_out(jazz_draft: Callable[..., Person]) -> None:
    admin = jazz_draft(2).press("Use the presets and review")
    assert "2 of them would come without a work e-mail address" in admin.text
    admin.follow("Choices").fill(rule="template", work_email="{given}.{family}@acme.example").press(
        "Continue"
    )
    admin.press("Store and review")
    assert "without a work e-mail address" not in admin.text


def test_confidential_values_are_dots(
    jazz_draft: Callable[..., Person], vendor: Callable[..., str], the_source: Callable[[], Source]
) -> None:
    admin = (
        jazz_draft(2)
        .follow("Continue")
        .tick("set_include_salary")
        .press("Continue")
        .press("Store and review")
    )
    assert the_source().settings["include_salary"] == "yes"
    assert "Salary •••" in admin.text


def test_a_count_can_be_asked_for_again(
    app: Flask, at_review: Callable[..., Person], the_source: Callable[[], Source]
) -> None:
    admin = at_review("1,Maya,Okafor,maya@acme.example,Active")
    runner.resume_due(app)
    admin.go(admin.path).press("Read and count again")
    assert "Waiting for a worker to begin" in admin.text


def test_names_with_scripts_in_them_run_nothing(at_review: Callable[..., Person]) -> None:
    admin = at_review(f'1,"{SCRIPT}",Okafor,maya@acme.example,Active')
    assert SCRIPT in admin.text
    assert SCRIPT not in admin.html


def test_an_empty_source_says_so(at_review: Callable[..., Person]) -> None:
    admin = at_review()
    assert "Nobody." in admin.text
