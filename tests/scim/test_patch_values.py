"""PATCH: unassigned, unknown, read-only, secret and unfit values (scim.md §2, §4)."""

from __future__ import annotations

from typing import Any

import pytest

from scim.errors import (
    InvalidFilter,
    InvalidPath,
    InvalidSyntax,
    InvalidValue,
    Mutability,
    PayloadTooLarge,
)
from scim.patch import apply_patch, parse_patch
from scim.resources import ENTERPRISE, HR, USER
from tests.scim.patching import ADA, MANAGER, after, codec, op, run, unchanged
from tests.scim.resource_types import EXTRA, extended_user_type

# --- decisions of scim.md §2 ---


@pytest.mark.parametrize("value", ["", None, []])
def test_empty_values_unassign(value: Any) -> None:
    patched = run(
        op("replace", "title", value), op("replace", None, {"name": {"givenName": value}, "emails": value})
    )
    assert "title" not in patched.document
    assert patched.document["name"] == {"familyName": "Lovelace"}
    assert "emails" not in patched.document
    assert patched.cleared == {"title", "name.givenName", "emails"}


@pytest.mark.parametrize("value", ["", None, []])
def test_adding_nothing_to_many_values_changes_nothing(value: Any) -> None:
    assert unchanged(op("add", "emails", value))


def test_unknown_names_in_a_path_less_value_are_dropped_and_listed() -> None:
    patched = run(
        op("add", None, {"shoeSize": 43, "urn:x:unknown": {"a": 1}, "name": {"nothing": 1}, "title": "x"})
    )
    assert patched.document == {**ADA, "title": "x"}
    assert patched.dropped == ("shoeSize", "urn:x:unknown", "name.nothing")


@pytest.mark.parametrize(
    "path", ["shoeSize", "name.nothing", "urn:x:unknown:a", 'emails[type eq "work"].nothing', ""]
)
def test_an_unknown_path_is_an_invalid_path(path: str) -> None:
    for verb in ("add", "remove", "replace"):
        with pytest.raises(InvalidPath):
            run(op(verb, path, "x"))


def test_a_wrong_filter_in_a_path_is_an_invalid_filter() -> None:
    with pytest.raises(InvalidFilter):
        run(op("replace", "emails[type gt].value", "x"))
    with pytest.raises(InvalidFilter):
        run(op("replace", None, {"emails[type gt].value": "x"}))


@pytest.mark.parametrize(
    "path",
    [
        "id",
        "meta",
        "meta.created",
        "groups",
        'groups[value eq "x"]',
        f"{HR}:sources",
        f"{HR}:tags",
        f'{HR}:tags[value eq "x"]',
        f"{ENTERPRISE}:manager.displayName",
    ],
)
@pytest.mark.parametrize("verb", ["add", "remove", "replace"])
def test_a_read_only_path_is_refused(verb: str, path: str) -> None:
    with pytest.raises(Mutability):
        run(op(verb, path, "x"))


def test_the_tags_of_a_source_survive_a_path_less_value() -> None:
    tagged = {**ADA, HR: {**ADA[HR], "tags": ["new hire"]}}
    patch = parse_patch(
        {"Operations": [op("replace", None, {HR: {"tags": ["x"], "startDate": "2026-02-01"}})]},
        extended_user_type(),
    )
    patched = apply_patch(tagged, patch, codec())
    assert patched.document[HR] == {"tags": ["new hire"], "startDate": "2026-02-01"}
    assert patched.dropped == ()


@pytest.mark.parametrize(("value", "kept"), [(0.8, "0.8"), ("0.80", "0.8"), (1, "1"), (0, "0")])
def test_a_decimal_text_takes_numbers_and_text(value: Any, kept: str) -> None:
    assert after(op("add", f"{HR}:fte", value))[HR]["fte"] == kept
    assert after(op("replace", None, {HR: {"fte": value}}))[HR]["fte"] == kept


def test_external_id_is_kept_beside_the_document() -> None:
    patched = run(op("replace", "externalId", "okta-1"))
    assert (patched.external_id, patched.document, patched.changed) == ("okta-1", ADA, False)
    assert run(op("add", None, {"EXTERNALID": "okta-2"})).external_id == "okta-2"
    removed = run(op("add", "externalId", "x"), op("remove", "externalId"))
    assert (removed.external_id, removed.cleared) == (None, {"externalId"})
    with pytest.raises(InvalidValue):
        run(op("replace", "externalId", {"a": 1}))


def test_never_returned_values_go_to_secrets_and_not_into_the_document() -> None:
    salary = {"amount": 5000, "currency": "EUR"}
    patched = run(
        op("replace", f"{HR}:salary", salary), op("add", None, {HR: {"nationalId": {"value": "123"}}})
    )
    assert patched.document == ADA
    assert patched.secrets == {f"{HR}:salary": salary, f"{HR}:nationalId": {"value": "123"}}


def test_one_part_of_a_secret_has_a_path_of_its_own() -> None:
    patched = run(op("replace", f"{HR}:salary.amount", 7.5))
    assert patched.secrets == {f"{HR}:salary.amount": 7.5}
    whole = run(op("add", f"{HR}:salary", {"currency": "EUR"}), op("add", f"{HR}:salary.amount", 1))
    assert whole.secrets == {f"{HR}:salary": {"currency": "EUR", "amount": 1}}
    less = run(
        op("add", f"{HR}:salary", {"currency": "EUR", "amount": 1}), op("remove", f"{HR}:salary.amount")
    )
    assert less.secrets == {f"{HR}:salary": {"currency": "EUR"}}


def test_a_removed_secret_is_cleared() -> None:
    patched = run(
        op("add", f"{HR}:salary.amount", 1),
        op("remove", f"{HR}:salary"),
        op("replace", f"{HR}:nationalId", None),
    )
    assert patched.secrets == {}
    assert patched.cleared == {f"{HR}:salary", f"{HR}:nationalId"}


@pytest.mark.parametrize(
    "operation",
    [
        op("replace", "password", "hunter2"),
        op("add", None, {"password": "hunter2"}),
        op("remove", "password"),
        op("replace", "password", ""),
    ],
)
def test_a_password_is_accepted_and_discarded(operation: dict[str, Any]) -> None:
    patched = run(operation)
    assert (patched.document, patched.secrets, patched.cleared) == (ADA, {}, frozenset())
    assert "hunter2" not in repr(patched)


def test_sensitive_values_on_request_are_part_of_the_document() -> None:
    assert after(op("add", f"{HR}:dateOfBirth", "1815-12-10"))[HR]["dateOfBirth"] == "1815-12-10"


def test_a_whole_extension_is_removed_by_its_urn() -> None:
    for operation in (
        op("remove", ENTERPRISE),
        op("replace", ENTERPRISE, None),
        op("replace", None, {ENTERPRISE: None}),
    ):
        patched = run(operation)
        assert ENTERPRISE not in patched.document
        assert patched.document["schemas"] == [USER, HR, EXTRA]
        assert patched.cleared == {ENTERPRISE}


def test_a_value_for_an_extension_urn_keeps_what_it_does_not_name() -> None:
    patched = after(op("replace", ENTERPRISE, {"costCenter": "c"}))
    assert patched[ENTERPRISE] == {**ADA[ENTERPRISE], "costCenter": "c"}


def test_values_removed_with_their_extension_stay_removed() -> None:
    patched = after(
        op("add", f"{EXTRA}:labels", "red"), op("remove", EXTRA), op("add", f"{EXTRA}:labels", "new")
    )
    assert patched[EXTRA] == {"labels": ["new"]}


# --- values that do not fit ---


@pytest.mark.parametrize(
    "operation",
    [
        op("replace", "title", 7),
        op("replace", "active", "perhaps"),
        op("replace", "name", "Ada Lovelace"),
        op("replace", "name", ["Ada"]),
        op("replace", "name.givenName", {"a": 1}),
        op("add", "emails", {"value": "no address"}),
        op("add", "emails", 7),
        op("replace", 'emails[type eq "work"].value', "no address"),
        op("replace", 'emails[type eq "work"]', 7),
        op("replace", 'emails[type eq "work"].primary', "perhaps"),
        op("add", f"{HR}:startDate", "2026-02-30"),
        op("add", f"{EXTRA}:labels", [1]),
        op("add", f"{EXTRA}:share", "0.8"),
        op("add", f"{HR}:fte", "half"),
        op("replace", f"{HR}:fte", True),
        op("replace", MANAGER, {"value": "m-1", "$ref": "has blank"}),
        op("replace", f"{HR}:salary", "much"),
        op("replace", f"{HR}:salary.amount", "much"),
        op("add", None, "text"),
        op("add", None, [{"title": "x"}]),
        op("add", ENTERPRISE, "text"),
        op("add", "title"),
        op("replace", "title"),
        op("add", "emails", [{"value": f"{n}@x"} for n in range(2001)]),
    ],
)
def test_a_value_that_does_not_fit_is_an_invalid_value(operation: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue):
        run(operation)


def test_more_values_than_are_kept_are_refused() -> None:
    full = {"schemas": [USER], "userName": "a", "emails": [{"value": f"{n}@x"} for n in range(2000)]}
    with pytest.raises(InvalidValue):
        run(op("add", "emails", [{"value": "more@x"}]), document=full)


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "text",
        {},
        {"Operations": None},
        {"Operations": []},
        {"Operations": {}},
        {"Operations": ["x"]},
        {"Operations": [None]},
        {"Operations": [{"path": "title", "value": "x"}]},
        {"Operations": [{"op": "move", "path": "title", "value": "x"}]},
        {"Operations": [{"op": 7, "path": "title", "value": "x"}]},
        {"schemas": [USER], "Operations": [{"op": "add", "path": "title", "value": "x"}]},
        {"schemas": 7, "Operations": [{"op": "add", "path": "title", "value": "x"}]},
    ],
)
def test_a_body_that_is_no_patch_is_invalid_syntax(body: Any) -> None:
    with pytest.raises(InvalidSyntax):
        parse_patch(body, extended_user_type())


def test_a_path_that_is_no_string_is_an_invalid_path() -> None:
    with pytest.raises(InvalidPath):
        run({"op": "add", "path": 7, "value": 1})


def test_a_hundred_operations_pass_and_one_more_is_too_large() -> None:
    run(*[op("replace", "title", "x")] * 100)
    with pytest.raises(PayloadTooLarge):
        run(*[op("replace", "title", "x")] * 101)
