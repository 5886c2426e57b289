"""Every value of a person and why it is there; masked values are revealed to HR only, and written down; pins."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, update

from app import clock, directory
from app.access.tables import AuditRow, Session
from app.access.tenants import Tenant
from app.database import reading, writing
from app.directory import Actor
from app.sources import pins, pushing
from scim.resources import HR
from tests.web.console.browser import Browser, Page
from tests.web.console.importing import import_csv
from tests.web.console.people.conftest import Hire

SALARY, NATIONAL_ID, BIRTH = f"{HR}:salary", f"{HR}:nationalId", f"{HR}:dateOfBirth"
SECRETS = {f"{SALARY}.amount": "98765.43", f"{SALARY}.currency": "EUR", f"{NATIONAL_ID}.value": "123-45-6789"}


@pytest.fixture(autouse=True)
def quickly_believed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let processes believe for no time what they knew of pins: there is one process here."""
    monkeypatch.setattr(pushing, "BELIEF_SECONDS", 0.0)
    yield


def prove() -> None:
    """Have everybody who is signed in just proved who they are."""
    with writing() as connection:
        connection.execute(update(Session.__table__).values(proved_at=clock.now()))


def values(page: Page) -> dict[str, str]:
    """Words of a field → what the page shows as its value."""
    return {row[0]: row[1] for number in range(1, 7) for row in page.rows(f"fields-{number}")}


def why(page: Page, words: str) -> str:
    """What the page says of where a value comes from."""
    return next(row[2] for number in range(1, 7) for row in page.rows(f"fields-{number}") if row[0] == words)


def revealed() -> list[tuple[str, str]]:
    """Who revealed what of whom, by the audit chain."""
    audit = AuditRow.__table__.c
    with reading() as connection:
        query = select(audit.actor, audit["values"]).where(audit.action == "employee.revealed")
        return [(row[0], row[1]) for row in connection.execute(query)]


def test_every_value_says_who_wrote_it_by_which_rule_in_which_run_and_what_stood_before(
    signed_in: Browser, tenant: Tenant, tmp_path: Path
) -> None:
    first = import_csv(tenant, tmp_path, "Number,Given,Mail\n7,Ines,ines@acme.example\n")
    second = import_csv(tenant, tmp_path, "Number,Given,Mail\n7,Inês,ines@acme.example\n")
    with reading() as connection:
        (ines,) = directory.ids_by_work_email(connection, tenant.id, "ines@acme.example")
    page = signed_in.page(f"/people/{ines}/fields")
    assert values(page)["First name"] == "Inês"
    told = why(page, "First name")
    assert told.startswith(f"source people, import {second.id}")
    assert "Source people, record 7: wrote the value that stands." in told and 'Rule: "Given"' in told
    assert "Before: Ines, until source people changed it" in told
    assert f"import {first.id}" in why(page, "Work e-mail")
    assert "It has never been another value." in why(page, "Work e-mail")
    assert f"/runs/{second.id}" in page.links("fields-1").values()


def test_confidential_values_are_masked_and_in_no_part_of_the_page(signed_in: Browser, hire: Hire) -> None:
    maya = hire("Maya Okafor", secrets=SECRETS, hr={"dateOfBirth": "1991-02-03"})
    for tab in ("", "/fields", "/timeline", "/details", f"/pin?field={BIRTH}"):
        text = signed_in.get(f"/people/{maya}{tab}").text
        for secret in ("98765.43", "123-45-6789", "1991-02-03"):
            assert secret not in text, (tab, secret)
    shown = values(signed_in.page(f"/people/{maya}/fields"))
    assert {name for name, text in shown.items() if "masked" in text} == {
        "Salary",
        "National id",
        "Date of birth",
    }


def test_a_reveal_asks_first_who_is_at_the_keyboard_and_reveals_nothing_then(
    signed_in: Browser, hire: Hire
) -> None:
    maya = hire("Maya Okafor", secrets=SECRETS)
    page = signed_in.page(f"/people/{maya}/fields")
    answer = signed_in.submit(page, f"/people/{maya}/reveal")
    assert answer.status_code == 303 and answer.headers["Location"].startswith("/prove?next=")
    assert "98765.43" not in answer.text and revealed() == []


@pytest.mark.parametrize(
    ("path", "shown"),
    [(SALARY, "amount: 98765.43, currency: EUR"), (NATIONAL_ID, "value: 123-45-6789"), (BIRTH, "1991-02-03")],
)
def test_a_revealed_value_is_shown_once_and_written_down(
    signed_in: Browser, hire: Hire, path: str, shown: str
) -> None:
    maya = hire("Maya Okafor", secrets=SECRETS, hr={"dateOfBirth": "1991-02-03"})
    prove()
    page = signed_in.page(f"/people/{maya}/fields")
    answer = signed_in.submit(page, f"/people/{maya}/reveal", path=path)
    assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store"
    assert (
        shown
        in values(Page(answer.text))[
            {SALARY: "Salary", NATIONAL_ID: "National id"}.get(path, "Date of birth")
        ]
    )
    ((actor, what),) = revealed()
    assert actor == "admin:hr@acme.example" and path in what and "98765" not in what
    assert shown not in signed_in.get(f"/people/{maya}/fields").text


def test_only_what_is_masked_can_be_revealed(signed_in: Browser, hire: Hire) -> None:
    maya = hire("Maya Okafor", secrets=SECRETS)
    prove()
    page = signed_in.page(f"/people/{maya}/fields")
    for path in ("displayName", "nothing", "", f"{SALARY}.amount"):
        assert signed_in.submit(page, f"/people/{maya}/reveal", path=path).status_code == 404
    assert revealed() == []


def test_a_viewer_sees_no_button_to_reveal_or_pin(as_role: Callable[[str], Browser], hire: Hire) -> None:
    maya = hire("Maya Okafor", secrets=SECRETS)
    text = as_role("viewer").page(f"/people/{maya}/fields").text
    assert "masked" in text and "Reveal" not in text and "Pin a value" not in text


def test_a_pinned_value_stands_against_the_source_until_it_is_let_go(
    signed_in: Browser, tenant: Tenant, tmp_path: Path
) -> None:
    rows = "Number,Given,Mail\n7,{},ines@acme.example\n"
    import_csv(tenant, tmp_path, rows.format("Ines"))
    with reading() as connection:
        (ines,) = directory.ids_by_work_email(connection, tenant.id, "ines@acme.example")
    address = f"/people/{ines}/pin?field=name.givenName"
    form = signed_in.page(address)
    assert form.forms[-1][1]["value"] == "Ines"
    answer = signed_in.submit(form, address, value="Inês", note="as in her passport")
    assert answer.status_code == 303
    import_csv(tenant, tmp_path, rows.format("Agnes"))

    page = signed_in.page(f"/people/{ines}/fields")
    assert values(page)["First name"] == "Inês Pinned"
    assert "Pinned by admin:hr@acme.example" in why(page, "First name")
    assert "as in her passport" in why(page, "First name")
    assert "says another value, which the pin keeps out" in why(page, "First name")

    signed_in.submit(page, f"/people/{ines}/unpin")
    assert "First name is not pinned any more" in signed_in.page(f"/people/{ines}/fields").text
    import_csv(tenant, tmp_path, rows.format("Agnes"))
    assert values(signed_in.page(f"/people/{ines}/fields"))["First name"] == "Agnes"


def test_a_value_that_does_not_fit_keeps_what_was_typed_and_says_why(
    signed_in: Browser, hire: Hire, tenant: Tenant
) -> None:
    maya, _ = hire("Maya Okafor", hr={"startDate": "2020-01-01"}), hire("Noah Becker")
    for field, value, complaint in (
        ("hr.startDate", "yesterday", "is not a date"),
        ("userName", "noah.becker", "is taken by another User"),
        ("userName", " ", "every employee has one"),
    ):
        address = f"/people/{maya}/pin?field={field}"
        answer = signed_in.submit(signed_in.page(address), address, value=value)
        assert answer.status_code == 422, field
        page = Page(answer.text)
        assert complaint in page.text, page.text
        assert page.forms[-1][1]["value"] == value
    with reading() as connection:
        assert pins.of_employees(connection, tenant.id, [maya]) == {}


def test_a_masked_value_is_pinned_as_it_is_when_nothing_is_typed(
    signed_in: Browser, hire: Hire, tenant: Tenant
) -> None:
    maya = hire("Maya Okafor", hr={"dateOfBirth": "1991-02-03"})
    address = f"/people/{maya}/pin?field=hr.dateOfBirth"
    assert signed_in.submit(signed_in.page(address), address).status_code == 303
    with reading() as connection:
        found = directory.get(connection, tenant.id, maya)
        assert list(pins.of_employees(connection, tenant.id, [maya])[maya]) == [BIRTH]
    assert found is not None and found.document[HR]["dateOfBirth"] == "1991-02-03"


def test_fields_that_cannot_be_pinned_have_no_page(signed_in: Browser, hire: Hire) -> None:
    maya = hire("Maya Okafor", secrets=SECRETS)
    for field in ("", "nothing", "hr.salary.amount"):
        assert signed_in.get(f"/people/{maya}/pin?field={field}").status_code == 404


def test_letting_go_of_what_is_not_pinned_is_said(signed_in: Browser, hire: Hire) -> None:
    maya = hire("Maya Okafor")
    token = signed_in.page(f"/people/{maya}").forms[1][1]["csrf_token"]
    answer = signed_in.post(f"/people/{maya}/unpin", {"csrf_token": token, "field": "title"})
    assert answer.status_code == 303
    assert "Job title is not pinned" in signed_in.page(f"/people/{maya}/fields").text


def test_a_change_by_hand_is_a_line_of_the_timeline_with_its_values(
    signed_in: Browser, hire: Hire, tenant: Tenant
) -> None:
    maya = hire("Maya Okafor", title="Engineer", hr={"dateOfBirth": "1991-02-03"})
    with writing() as connection:
        fragment = {"title": "Director", HR: {"dateOfBirth": "1992-02-03"}}
        directory.merge(connection, tenant.id, maya, Actor("admin", "noor@acme.example"), fragment)
    text = signed_in.page(f"/people/{maya}/timeline").text
    assert "Changed in the directory by admin noor@acme.example" in text
    assert "Job title Engineer → Director" in text
    assert "Date of birth confidential → confidential" in text
    assert "Added in the directory by admin test" in text
