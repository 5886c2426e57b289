"""Choices: stored as the command line stores them, tried on the source's own dates, refused at their fields."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.sources.catalog import Source
from tests.web.console.connecting.conftest import KEY
from tests.web.console.connecting.person import Person

HEAD = "Emp #,First Name,Last Name,Work Email,Start Date"


@pytest.fixture
def at_choices(jazz_draft: Callable[..., Person]) -> Person:
    """Give an admin at the choices for a JazzHR account."""
    return jazz_draft().follow("Continue")


def test_the_presets_are_the_vendors(at_choices: Person) -> None:
    form = at_choices.form_with("how")
    shown = {name: form.fields[name] for name in ("how", "at", "zone", "rule", "order")}
    assert shown == {
        "how": "daily",
        "at": "00:00",
        "zone": "America/Los_Angeles",
        "rule": "none",
        "order": "iso",
    }
    assert form.boxes["set_include_salary"] == "y"


def test_continuing_with_the_presets_changes_nothing(
    at_choices: Person, the_source: Callable[[], Source]
) -> None:
    before = the_source()
    assert at_choices.press("Continue").path.endswith("/connect/mapping")
    assert the_source() == before


def test_choices_are_stored(at_choices: Person, the_source: Callable[[], Source]) -> None:
    at_choices.fill(
        at="03:30", zone="Europe/Berlin", rule="template", work_email="{given}.{family}@acme.example"
    )
    at_choices.fill(report_to="hr@acme.example").tick("set_include_salary").tick("welcome").press("Continue")
    known = the_source()
    assert str(known.schedule) == "daily 03:30 Europe/Berlin"
    assert known.work_email == "{given}.{family}@acme.example"
    assert known.report_to == "hr@acme.example"
    assert known.settings["include_salary"] == "yes"
    assert known.settings["welcome"] == "yes"


def test_automatic_import_can_be_off(at_choices: Person, the_source: Callable[[], Source]) -> None:
    at_choices.fill(how="off").press("Continue")
    assert str(the_source().schedule) == "off"


WRONG = [
    ({"zone": "Mars/Olympus"}, "zone", "Choose a zone of the list"),
    ({"at": "25:00"}, "at", "Write a time of day"),
    ({"report_to": "nobody"}, "report_to", "is no e-mail address"),
    ({"rule": "template", "work_email": "everybody@acme.example"}, "work_email", "no name in braces"),
    ({"rule": "template", "work_email": "{nickname}@acme.example"}, "work_email", "there is no column"),
]


def test_wrong_choices_stay_typed_and_are_said_at_their_fields(
    at_choices: Person, the_source: Callable[[], Source]
) -> None:
    before = the_source()
    for typed, name, words in WRONG:
        at_choices.go(f"/sources/{before.id}/connect/choices").fill(**typed).press("Continue")
        assert (at_choices.status, words in at_choices.text) == (422, True), (typed, at_choices.text)
        assert at_choices.form_with(name).fields[name] == typed[name]
        assert "rollcall " not in at_choices.text
    assert the_source() == before


def test_the_sources_own_dates_are_shown_each_way(at_choices: Person) -> None:
    heads = at_choices.page.heads("dates")
    assert heads == ["JazzHR says", "Year first", "Month first", "Day first"]
    rows = at_choices.page.rows("dates")
    assert rows
    for said, year_first, month_first, day_first in rows:
        assert said[:4].isdigit()
        assert year_first.endswith(said[:4])
        assert (month_first, day_first) == ("cannot be read so", "cannot be read so")


def test_dates_that_can_be_read_two_ways_are_asked_for(
    send_file: Callable[..., Person], the_source: Callable[[], Source]
) -> None:
    admin = send_file(HEAD, "1,Maya,Okafor,maya@acme.example,3/4/2024", "2,Ben,Ito,ben@acme.example,5/5/2024")
    assert "can be read in two ways" in admin.text
    assert admin.page.rows("dates")[0][1:] == ["cannot be read so", "4 March 2024", "3 April 2024"]
    assert 'date = "M/D/YYYY"' in the_source().mapping
    admin.fill(order="day-first").press("Continue")
    assert 'date = "D/M/YYYY"' in the_source().mapping
    assert "2024-04-03" in admin.text


def test_a_vendor_that_is_away_leaves_the_choices_usable(
    jazz_draft: Callable[..., Person], the_source: Callable[[], Source]
) -> None:
    admin = jazz_draft().fill(set_base_url="http://127.0.0.1:9/v1", set_retry_seconds="0.001")
    admin.fill(secret_api_key=KEY).press("Store and check").go(f"/sources/{the_source().id}/connect/choices")
    assert (admin.status, "could not be read after" in admin.text) == (200, True)
    assert admin.press("Continue").path.endswith("/connect/mapping")
