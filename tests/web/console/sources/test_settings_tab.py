"""The settings of a source: what is saved, what is refused at its field, and who may change what."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.sources.catalog import Source
from tests.web.console.browser import Browser, Page
from tests.web.console.runs.people_file import GOOD, PeopleFile
from tests.web.console.sources.conftest import token_of

Now = Callable[[Source], Source | None]
#: What a browser sends of a form in which nothing was changed; it leaves out what is not ticked.
PLAIN = {
    "frequency": "off",
    "at": "00:00",
    "zone": "UTC",
    "full_read": "1d",
    "report_to": "",
    "report": "changes",
    "mail_from": "source",
    "mail_template": "",
}
JAZZ = {
    **PLAIN,
    "frequency": "daily",
    "zone": "America/Los_Angeles",
    "mail_from": "none",
    "own_calls_per_minute": "0",
    "own_retry_seconds": "0.001",
}


def save(browser: Browser, address: str, **fields: str) -> tuple[int, Page]:
    """The status of a sent form, and the page that one sees then."""
    answer = browser.post(f"{address}/settings", {"csrf_token": token_of(browser), **fields})
    if answer.status_code == 303:
        return 303, browser.page(answer.headers["Location"])
    return answer.status_code, Page(answer.text)


def test_frequency_reports_and_mail_are_saved_and_it_says_what_happens(
    signed_in: Browser, file: PeopleFile
) -> None:
    file.run(GOOD)
    given = PLAIN | {
        "frequency": "daily",
        "at": "05:30",
        "zone": "Europe/Berlin",
        "report_to": "hr@acme.example",
    }
    given |= {"report": "every", "welcome": "y", "full_read": "7d"}
    status, page = save(signed_in, file.address, **given)
    assert status == 303
    assert "It is imported every day at 05:30, Berlin time." in page.text
    assert "The next import reads everything again" in page.text
    source = file.source
    assert str(source.schedule) == "daily 05:30 Europe/Berlin"
    assert source.report_to == "hr@acme.example"
    assert {name: source.settings[name] for name in ("report", "welcome", "full_read")} == {
        "report": "every",
        "welcome": "yes",
        "full_read": "7d",
    }
    assert source.next_run_at is not None
    assert source.watermark is None
    assert (source.mapping, source.settings["path"]) == (file.source.mapping, str(file.path))


def test_a_form_in_which_nothing_was_changed_changes_nothing(
    signed_in: Browser, jazz: Callable[..., Source], now: Now
) -> None:
    known = jazz()
    given = JAZZ | {"own_base_url": known.settings["base_url"]}
    status, page = save(signed_in, f"/sources/{known.id}", **given)
    assert (status, "Nothing was changed" in page.text) == (303, True)
    assert now(known) == known


def test_confidential_pay_is_switched_on_with_a_warning_beside_it(
    signed_in: Browser, jazz: Callable[..., Source], now: Now
) -> None:
    known = jazz()
    text = signed_in.page(f"/sources/{known.id}/settings").text
    assert "The desired salary is taken over Confidential. It is stored encrypted" in text
    given = JAZZ | {"own_base_url": known.settings["base_url"], "own_include_salary": "y"}
    assert save(signed_in, f"/sources/{known.id}", **given)[0] == 303
    assert now(known).settings["include_salary"] == "yes"  # type: ignore[union-attr]
    del given["own_include_salary"]
    assert save(signed_in, f"/sources/{known.id}", **given)[0] == 303
    assert now(known).settings["include_salary"] == "no"  # type: ignore[union-attr]


def test_an_address_of_another_system_is_refused_at_its_field_and_stays_typed(
    signed_in: Browser, jazz: Callable[..., Source], now: Now
) -> None:
    known = jazz()
    given = JAZZ | {"own_base_url": "http://127.0.0.1:10/v1", "own_include_salary": "y"}
    status, page = save(signed_in, f"/sources/{known.id}", **given)
    assert (status, "Give api_key anew in the same step, as Change credentials does" in page.text) == (
        422,
        True,
    )
    assert "rollcall " not in page.text
    fields = next(fields for _, fields in page.forms if "own_base_url" in fields)
    assert fields["own_base_url"] == "http://127.0.0.1:10/v1"
    assert now(known) == known
    given["own_base_url"] = "http://127.0.0.1:9/v2"
    assert save(signed_in, f"/sources/{known.id}", **given)[0] == 303


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("zone", "Middle/Earth", "Choose a time zone from the list"),
        ("at", "25:00", "Type a time of day"),
        ("report_to", "nobody", "is no e-mail address"),
        ("mail_template", "{given}", "Type how addresses are formed"),
        ("mail_template", "{nonsense}@acme.example", "nonsense"),
    ],
)
def test_what_is_wrong_is_told_at_its_field_and_stays_typed(
    signed_in: Browser, file: PeopleFile, field: str, value: str, said: str
) -> None:
    given = PLAIN | {"frequency": "daily"} | {field: value}
    given |= {"mail_from": "template"} if field == "mail_template" else {}
    before = file.source
    status, page = save(signed_in, file.address, **given)
    assert status == 422
    assert "Nothing was saved" in page.text
    assert said in page.text
    (marked,) = [found for tag, found in page.elements if tag == "input" and found.get("aria-invalid")]
    assert (marked["name"], marked["value"]) == (field, value)
    assert file.source == before


def test_a_frequency_of_ones_own_stays_to_be_chosen(signed_in: Browser, jazz: Callable[..., Source]) -> None:
    known = jazz(schedule="90s")
    page = signed_in.page(f"/sources/{known.id}/settings")
    chosen = [found["value"] for tag, found in page.elements if tag == "option" and "selected" in found]
    assert chosen[0] == "90s"
    assert "Every 90 seconds" in page.text


def test_the_file_of_the_server_cannot_be_chosen_here(signed_in: Browser, file: PeopleFile) -> None:
    page = signed_in.page(f"{file.address}/settings")
    assert not [found for _, found in page.elements if found.get("name") == "own_path"]
    status, _ = save(signed_in, file.address, **PLAIN, own_path="/etc/passwd")
    assert status == 303
    assert file.source.settings["path"] == str(file.path)


def test_secrets_are_not_in_the_form(signed_in: Browser, jazz: Callable[..., Source]) -> None:
    known = jazz(key="a-key-that-nobody-sees")
    for tab in ("", "/settings", "/mapping", "/webhook"):
        assert "a-key-that-nobody-sees" not in signed_in.get(f"/sources/{known.id}{tab}").text


def test_who_may_not_change_settings_sees_them(as_role: Callable[[str], Browser], file: PeopleFile) -> None:
    page = as_role("viewer").page(f"{file.address}/settings")
    assert "An admin changes these" in page.text
    disabled = [found for tag, found in page.elements if tag == "fieldset" and "disabled" in found]
    assert len(disabled) >= 3
