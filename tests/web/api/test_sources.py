"""Sources over the admin API: added, shown, changed, removed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.access.tenants import Tenant
from app.database import reading
from app.sources import catalog
from tests.web.api.conftest import Caller, problem

KEY = "jazz-key-that-nobody-shows"
NEW = {"kind": "jazzhr", "name": "jazz", "secrets": {"api_key": KEY}}


@pytest.fixture
def draft(call: Caller) -> dict[str, Any]:
    """Give a draft of a JazzHR source as the API shows it."""
    call.post("/vendors/jazzhr/enable")
    shown: dict[str, Any] = call.post("/sources", NEW, 201)
    return shown


def test_a_source_is_added_as_a_draft_and_shown_without_its_secrets(
    call: Caller, draft: dict[str, Any], tenant: Tenant
) -> None:
    assert (draft["state"], draft["secrets"], draft["consent"]) == ("draft", ["api_key"], None)
    assert draft["schedule"] == "daily 00:00 America/Los_Angeles"
    assert '"name.givenName"' in draft["mapping"]
    assert call.get("/sources/jazz") == draft
    assert KEY not in call("GET", "/sources/jazz").text + call("GET", "/sources").text
    with reading() as connection:
        assert catalog.named(connection, tenant.id, "jazz").secrets == {"api_key": KEY}


def test_the_answer_says_where_the_source_stands(call: Caller) -> None:
    call.post("/vendors/jazzhr/enable")
    assert call("POST", "/sources", NEW).headers["Location"] == "/api/v1/sources/jazz"


def test_choices_of_their_own_stand_beside_the_settings(call: Caller) -> None:
    call.post("/vendors/jazzhr/enable")
    choices = {
        "schedule": "2h",
        "report_to": "hr@acme.example",
        "work_email": "{given}.{family}@acme.example",
        "settings": {"include_salary": "yes", "full_read": "7d"},
    }
    shown = call.post("/sources", NEW | choices, 201)
    assert {name: shown[name] for name in ("schedule", "report_to", "work_email")} == {
        name: choices[name] for name in ("schedule", "report_to", "work_email")
    }
    assert shown["settings"]["include_salary"] == "yes"
    answer = call("PATCH", "/sources/jazz", {"settings": {"schedule": "1h"}})
    assert problem(answer) == (422, "invalid_value")


def test_the_list_has_every_source_with_its_newest_run(
    call: Caller, draft: dict[str, Any], imported: Callable[..., Any]
) -> None:
    run = imported("1,Ada,Byron,ada@acme.example")
    shown = {each["name"]: each["last_run"] for each in call.get("/sources")["sources"]}
    assert shown == {"jazz": None, "hr": {"run": run.id, "state": "finished"}}


def test_a_name_that_is_taken_is_a_conflict(call: Caller, draft: dict[str, Any]) -> None:
    assert problem(call("POST", "/sources", NEW)) == (409, "name_taken")


def test_a_kind_that_is_not_enabled_or_not_known_is_refused(call: Caller) -> None:
    assert problem(call("POST", "/sources", NEW)) == (409, "not_possible")
    assert problem(call("POST", "/sources", NEW | {"kind": "nobody"})) == (409, "not_possible")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"schedule": "whenever"}, (409, "not_possible")),
        ({"report_to": "nobody"}, (409, "not_possible")),
        ({"settings": {"unheard_of": "1"}}, (409, "not_possible")),
        ({"secrets": {"unheard_of": "1"}}, (409, "not_possible")),
        ({"mapping": "[fields]"}, (409, "invalid_mapping")),
        ({"mapping": "no TOML"}, (409, "invalid_mapping")),
        ({"schedule": "9999999d"}, (409, "not_possible")),
        ({"settings": {"full_read": "9999999d"}}, (409, "not_possible")),
        ({"mapping": "a=" + "[" * 5000}, (409, "invalid_mapping")),
        ({"settings": {"include_salary": 1}}, (422, "invalid_value")),
        ({"settings": []}, (422, "invalid_value")),
        ({"state": "active"}, (422, "invalid_value")),
    ],
)
def test_a_choice_that_cannot_be_used_is_refused_and_changes_nothing(
    call: Caller, draft: dict[str, Any], change: dict[str, Any], expected: tuple[int, str]
) -> None:
    assert problem(call("PATCH", "/sources/jazz", change)) == expected
    assert call.get("/sources/jazz") == draft


def test_problems_of_a_mapping_are_named_one_by_one(call: Caller, draft: dict[str, Any]) -> None:
    mapping = (
        '[record]\nkey = "applicant_id"\n[fields]\n"nowhere" = "first_name"\n"title" = "no_such_column"\n'
    )
    answer = call("PATCH", "/sources/jazz", {"mapping": mapping})
    assert problem(answer) == (409, "invalid_mapping")
    assert answer.json is not None
    assert len(answer.json["errors"]) >= 2


def test_null_takes_a_setting_and_a_secret_back(call: Caller, draft: dict[str, Any], tenant: Tenant) -> None:
    call("PATCH", "/sources/jazz", {"settings": {"include_salary": "yes"}, "schedule": "3h"})
    taken_back = {"settings": {"include_salary": None}, "secrets": {"api_key": None}, "schedule": ""}
    shown = call("PATCH", "/sources/jazz", taken_back).json
    assert shown is not None
    assert (shown["secrets"], shown["schedule"]) == ([], draft["schedule"])
    assert shown["settings"].get("include_salary") != "yes"


def test_a_change_of_nothing_changes_nothing(call: Caller, draft: dict[str, Any]) -> None:
    for body in (None, {}):
        assert call("PATCH", "/sources/jazz", body).json == draft


def test_a_file_of_the_server_cannot_be_chosen_over_the_api(
    call: Caller, file_source: Callable[..., Any]
) -> None:
    new = {"kind": "csv", "name": "passwords", "settings": {"path": "/etc/passwd", "mapping": "guess"}}
    assert call("POST", "/sources", new).status_code == 422
    del new["settings"]["mapping"]
    assert problem(call("POST", "/sources", new)) == (403, "server_files")
    file_source("1,Ada,Byron,ada@acme.example")
    answer = call("PATCH", "/sources/hr", {"settings": {"path": "/etc/passwd"}})
    assert problem(answer) == (403, "server_files")
    assert call("PATCH", "/sources/hr", {"schedule": "1h"}).json["schedule"] == "1h"  # type: ignore[index]


def test_a_source_is_removed_once(call: Caller, draft: dict[str, Any]) -> None:
    answer = call("DELETE", "/sources/jazz")
    assert (answer.status_code, answer.data) == (204, b"")
    assert problem(call("DELETE", "/sources/jazz")) == (404, "not_found")
    assert problem(call("GET", "/sources/jazz")) == (404, "not_found")


@pytest.mark.parametrize("name", ["no such", "a/b", "%00", "..", "-a", "a" * 64, "%FF"])
def test_what_is_no_name_is_no_address(call: Caller, name: str) -> None:
    assert problem(call("GET", f"/sources/{name}")) == (404, "not_found")
