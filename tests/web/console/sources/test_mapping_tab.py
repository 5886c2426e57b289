"""The mapping of a source in HR words, and a look at what its first records become."""

from __future__ import annotations

from collections.abc import Callable

from app.access.tenants import Tenant
from app.database import reading
from app.sources import runner, runs
from app.sources.catalog import Source
from tests.web.console.browser import Browser
from tests.web.console.runs.people_file import BAD_MAIL, GOOD, PeopleFile


def test_each_field_says_where_it_comes_from_what_is_done_and_an_example(
    signed_in: Browser, file: PeopleFile
) -> None:
    file.run(GOOD)
    page = signed_in.page(f"{file.address}/mapping")
    rows = {row[0]: row[1:] for row in page.rows("mapping")}
    assert rows["Department"] == ["Dept", "Sales becomes Sales, R&D becomes Research", "Sales"]
    assert rows["First day"] == [
        "Start",
        "read as a date: M/D/YYYY; left out with a warning when it does not fit",
        "2024-03-04",
    ]
    assert rows["Work e-mail needed for an account"] == ["Email", "taken as it is", "maya@acme.example"]
    assert "A record is known by ID" in page.text
    assert page.links("mapping")["Change the mapping"] == f"{file.address}/connect/mapping"


def test_without_people_there_is_no_example_yet(signed_in: Browser, file: PeopleFile) -> None:
    rows = signed_in.page(f"{file.address}/mapping").rows("mapping")
    assert {row[3] for row in rows} == {"nothing known yet"}


def test_a_confidential_value_is_no_example(
    signed_in: Browser, jazz: Callable[..., Source], account: Callable[..., str]
) -> None:
    known = jazz(account(2), include_salary="yes")
    runner.import_now(known, dry_run=False, requested_by="x")
    rows = {row[0]: row for row in signed_in.page(f"/sources/{known.id}/mapping").rows("mapping")}
    assert rows["Salary"][1:] == ["Desired salary", "left out with a warning when it does not fit", "•••"]


def test_a_mapping_that_cannot_be_used_says_why(signed_in: Browser, file: PeopleFile) -> None:
    file.path.write_text("ID,Given\n1,Maya\n")
    page = signed_in.page(f"{file.address}/mapping")
    assert "The mapping cannot be used" in page.text
    assert "there is no column 'First'" in page.text


def test_a_look_shows_what_records_become_and_changes_nobody(
    as_role: Callable[[str], Browser], tenant: Tenant, file: PeopleFile
) -> None:
    file.write(GOOD, BAD_MAIL)
    text = as_role("hr").page(f"{file.address}/mapping/look").text
    assert "Record 1 Employee number 1 First name Maya Last name Okafor" in text
    assert "Not an e-mail address. Work e-mail: 'nonsense' is not one e-mail address" in text
    with reading() as connection:
        assert runs.listed(connection, tenant.id) == []


def test_a_look_at_a_source_that_does_not_answer_says_so(
    signed_in: Browser, jazz: Callable[..., Source]
) -> None:
    known = jazz()
    answer = signed_in.get(f"/sources/{known.id}/mapping/look")
    assert answer.url.endswith("/mapping")
    assert "jazz could not be looked at" in answer.text


def test_who_only_looks_on_does_not_call_the_vendor(
    as_role: Callable[[str], Browser], file: PeopleFile
) -> None:
    viewer = as_role("viewer")
    assert viewer.get(f"{file.address}/mapping/look").status_code == 403
    assert "Look at the first records" not in viewer.page(f"{file.address}/mapping").text
