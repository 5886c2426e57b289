"""The mapping as a table and as text: tried on real people, stored as TOML, refused with every mistake at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from app.database import reading
from app.sources.catalog import Source
from app.sources.mapping_writing import parts_of
from app.sources.runs import listed
from tests.web.console.connecting.person import Person

HEAD = "Emp #,First Name,Last Name,Work Email,Nick,Pay"
ROWS = ("7,MAYA,OKAFOR,maya@acme.example,Mimi,72000", "8,BEN,ITO,ben@acme.example,,1")
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def at_mapping(send_file: Callable[..., Person]) -> Person:
    """Give an admin at the mapping of a file."""
    return send_file(HEAD, *ROWS).press("Continue")


def line(admin: Person, words: str) -> list[str]:
    """The cells of the line of one of our fields; choices are left out of them."""
    return next(
        cells for cells in admin.page.rows("mapping") if len(cells) > 2 and cells[2].startswith(words)
    )


def number_of(admin: Person, name: str) -> int:
    """The number of the line that fills a field."""
    fields = admin.form_with("field-0").fields
    return int(next(key for key, value in fields.items() if value == name).removeprefix("field-"))


def test_each_line_shows_a_real_value_before_and_after(at_mapping: Person) -> None:
    assert line(at_mapping, "First name")[1] == "MAYA"
    assert line(at_mapping, "First name")[4] == "MAYA"
    assert line(at_mapping, "First name")[2] == "First name Required"
    assert "Unique key" in line(at_mapping, "The person")[2]
    at_mapping.fill(person="1").press("Try")
    assert line(at_mapping, "First name")[1] == "BEN"


def test_a_try_stores_nothing(at_mapping: Person, the_source: Callable[[], Source]) -> None:
    before = the_source().mapping
    at_mapping.fill(**{f"how-{number_of(at_mapping, 'name.givenName')}": "title"}).press(
        "Try without storing"
    )
    assert line(at_mapping, "First name")[4] == "Maya"
    assert "nothing is stored yet" in at_mapping.text
    assert the_source().mapping == before


def test_the_table_is_stored_as_a_mapping(at_mapping: Person, the_source: Callable[[], Source]) -> None:
    given, family = number_of(at_mapping, "name.givenName"), number_of(at_mapping, "name.familyName")
    at_mapping.fill(**{f"how-{given}": "title", f"column-{family}": "Nick"})
    at_mapping.fill(**{"new-field-0": "displayName", "new-column-0": "Last Name", "new-how-0": "lower"})
    at_mapping.press("Store and review")
    fields = parts_of(the_source().mapping).fields
    assert fields["name.givenName"] == {"from": "First Name", "case": "title"}
    assert fields["name.familyName"] == "Nick"
    assert fields["displayName"] == {"from": "Last Name", "case": "lower"}
    assert at_mapping.path.endswith("/connect/review")


def test_a_line_can_be_taken_away_and_the_key_changed(
    at_mapping: Person, the_source: Callable[[], Source]
) -> None:
    at_mapping.fill(**{f"column-{number_of(at_mapping, 'name.familyName')}": "", "key": "Work Email"})
    at_mapping.press("Store and review")
    parts = parts_of(the_source().mapping)
    assert "name.familyName" not in parts.fields
    assert parts.key == ("Work Email",)


def test_storing_without_a_change_keeps_the_text_with_its_comments(
    jazz_draft: Callable[..., Person], the_source: Callable[[], Source]
) -> None:
    admin = jazz_draft().follow("Continue").press("Continue")
    before = the_source().mapping
    assert "# " in before
    admin.press("Store and review")
    assert the_source().mapping == before


def test_what_the_table_cannot_say_stays_as_written(
    jazz_draft: Callable[..., Person], the_source: Callable[[], Source]
) -> None:
    admin = jazz_draft().follow("Continue").press("Continue")
    before = parts_of(the_source().mapping)
    admin.fill(**{f"column-{number_of(admin, 'title')}": "job_department"}).press("Store and review")
    after = parts_of(the_source().mapping)
    assert after.fields["title"] == "job_department"
    assert {name: rule for name, rule in after.fields.items() if name != "title"} == {
        name: rule for name, rule in before.fields.items() if name != "title"
    }


def test_confidential_values_are_not_shown(at_mapping: Person) -> None:
    at_mapping.fill(**{"new-field-0": "hr.salary.amount", "new-column-0": "Pay"}).press("Try without storing")
    assert line(at_mapping, "Salary")[4] == "•••"


def test_the_text_is_stored_too(at_mapping: Person, the_source: Callable[[], Source]) -> None:
    text = the_source().mapping + '"nickName" = "Nick"\n'
    at_mapping.fill(text=text).press("Store the text")
    assert the_source().mapping == text


def test_every_mistake_of_a_text_is_said_and_the_text_stays(
    at_mapping: Person, the_source: Callable[[], Source]
) -> None:
    before = the_source().mapping
    wrong = f'[record]\nkey = "Nobody"\n[fields]\n"name.givenNam" = "First Name"\n"title" = "{SCRIPT}"\n'
    at_mapping.fill(text=wrong).press("Store the text")
    assert at_mapping.status == 422
    for words in ("There is no column 'Nobody'", "did you mean 'name.givenName'?"):
        assert words.lower() in at_mapping.text.lower()
    assert SCRIPT not in at_mapping.html
    assert the_source().mapping == before


def test_a_value_that_does_not_fit_is_said_in_its_line(at_mapping: Person) -> None:
    at_mapping.fill(**{"new-field-0": "hr.startDate", "new-column-0": "Nick", "new-how-0": "iso"})
    at_mapping.press("Try without storing")
    assert "is not a date" in line(at_mapping, "First day")[4]


def test_while_the_file_is_away_the_page_says_so_and_a_typed_text_stays(
    at_mapping: Person, the_source: Callable[[], Source]
) -> None:
    before, path = the_source().mapping, Path(the_source().settings["path"])
    content = path.read_bytes()
    path.unlink()
    at_mapping.go(at_mapping.path)
    assert (at_mapping.status, "cannot be read" in at_mapping.text) == (200, True)
    text = before + '"nickName" = "Nick"\n'
    at_mapping.fill(text=text).press("Store the text")
    assert (at_mapping.status, the_source().mapping) == (422, before)
    assert at_mapping.form_with("text").fields["text"] == text
    path.write_bytes(content)
    at_mapping.press("Store the text")
    assert the_source().mapping == text


def test_a_table_that_is_sent_while_the_file_is_away_is_not_lost(
    at_mapping: Person, the_source: Callable[[], Source]
) -> None:
    Path(the_source().settings["path"]).unlink()
    at_mapping.fill(**{f"column-{number_of(at_mapping, 'name.familyName')}": "Nick"})
    at_mapping.press("Store and review")
    assert at_mapping.status == 422
    assert parts_of(at_mapping.form_with("text").fields["text"]).fields["name.familyName"] == "Nick"


def test_names_with_scripts_in_them_run_nothing(send_file: Callable[..., Person]) -> None:
    admin = send_file(f"Emp #,First Name,Last Name,{SCRIPT}", f'1,"{SCRIPT}",Okafor,x').press("Continue")
    assert SCRIPT in admin.text
    assert SCRIPT not in admin.html


def test_storing_begins_a_count_and_takes_the_place_of_an_older_one(
    at_mapping: Person, the_source: Callable[[], Source]
) -> None:
    at_mapping.press("Store and review")
    at_mapping.go(f"/sources/{the_source().id}/connect/mapping").press("Store and review")
    with reading() as connection:
        found = listed(connection, the_source().tenant_id, the_source().id)
    assert [(run.state, run.dry_run) for run in found] == [("running", True), ("cancelled", True)]
