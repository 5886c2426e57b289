"""Kinds of source over the admin API."""

from __future__ import annotations

from tests.web.api.conftest import Caller, problem


def test_each_kind_says_what_it_takes_and_whether_it_is_enabled(call: Caller) -> None:
    kinds = {each["kind"]: each for each in call.get("/vendors")["vendors"]}
    assert {"bamboohr", "csv", "icims", "intellihr", "jazzhr", "smartrecruiters"} <= set(kinds)
    jazz = kinds["jazzhr"]
    assert (jazz["label"], jazz["needs_consent"], jazz["enabled_at"]) == ("JazzHR", True, None)
    assert "api_key" in [secret["name"] for secret in jazz["secrets"]]
    assert {"schedule", "include_salary"} <= {setting["name"] for setting in jazz["settings"]}
    assert jazz == call.get("/vendors/jazzhr")


def test_a_kind_is_enabled_once_and_disabled_again(call: Caller) -> None:
    enabled = call.post("/vendors/jazzhr/enable")
    assert enabled["enabled_at"]
    assert call.post("/vendors/jazzhr/enable") == enabled
    assert call.post("/vendors/jazzhr/disable")["enabled_at"] is None


def test_an_unknown_kind_is_not_found(call: Caller) -> None:
    for method, path in (("GET", ""), ("POST", "/enable"), ("POST", "/disable")):
        assert problem(call(method, f"/vendors/nobody{path}")) == (404, "not_found")
