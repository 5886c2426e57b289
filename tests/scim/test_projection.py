"""RFC 7644 §3.9: attributes and excludedAttributes against what each attribute allows."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scim.errors import InvalidValue
from scim.projection import Projection
from scim.resources import ENTERPRISE, HR, USER, group_type, user_type
from scim.schema import ResourceType, SchemaSet
from tests.strategies import documents

FULL: dict[str, Any] = {
    "schemas": [USER, ENTERPRISE, HR],
    "id": "1",
    "externalId": "x",
    "meta": {"resourceType": "User", "version": 'W/"1"'},
    "userName": "babs",
    "name": {"givenName": "B", "familyName": "J"},
    "active": True,
    "emails": [{"value": "a@b", "type": "work", "primary": True}, {"value": "c@d"}],
    "groups": [{"value": "g", "display": "G"}],
    ENTERPRISE: {"department": "D", "manager": {"value": "7", "displayName": "M"}},
    HR: {"startDate": "2026-01-01", "dateOfBirth": "1990-01-01", "gender": "f"},
}


def seen(attributes: Any = None, excluded: Any = None, *, sensitive: bool = False) -> dict[str, Any]:
    projection = Projection.parse(attributes, excluded, user_type(), sensitive_allowed=sensitive)
    before = copy.deepcopy(FULL)
    shown = projection.apply(FULL)
    assert before == FULL, "applying changes nothing of its argument"
    return shown


def asked(*attributes: str, sensitive: bool = False) -> dict[str, Any]:
    """Return what is seen beside ``schemas`` and ``id``."""
    shown = seen(",".join(attributes), sensitive=sensitive)
    assert shown["id"] == "1" and USER in shown["schemas"]
    return {name: value for name, value in shown.items() if name not in ("id", "schemas")}


def test_by_default_everything_is_seen_but_what_must_be_asked_for() -> None:
    assert seen() == {**FULL, HR: {"startDate": "2026-01-01"}}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("userName", {"userName": "babs"}),
        ("USERNAME", {"userName": "babs"}),
        (USER.lower() + ":username", {"userName": "babs"}),
        (" name ", {"name": FULL["name"]}),
        ("name.givenName", {"name": {"givenName": "B"}}),
        ("emails.value", {"emails": [{"value": "a@b"}, {"value": "c@d"}]}),
        ("emails.type", {"emails": [{"type": "work"}]}),
        (ENTERPRISE, {ENTERPRISE: FULL[ENTERPRISE]}),
        (ENTERPRISE.upper() + ":DEPARTMENT", {ENTERPRISE: {"department": "D"}}),
        (ENTERPRISE + ":manager.value", {ENTERPRISE: {"manager": {"value": "7"}}}),
        ("meta.version", {"meta": {"version": 'W/"1"'}}),
        ("externalId", {"externalId": "x"}),
        ("groups", {"groups": FULL["groups"]}),
        ("title", {}),
        ("nope", {}),
        ("department", {}),
        ("urn:x:y:z", {}),
        ("id,schemas", {}),
        ("name.givenName,name.familyName", {"name": FULL["name"]}),
        ("name,name.givenName", {"name": FULL["name"]}),
        (",userName,,active,", {"userName": "babs", "active": True}),
    ],
)
def test_asking_shows_what_was_asked_for_and_the_minimum(name: str, value: dict[str, Any]) -> None:
    assert asked(name) == value


@pytest.mark.parametrize(
    ("name", "gone"),
    [
        ("userName", "userName"),
        ("GROUPS", "groups"),
        ("meta", "meta"),
        ("externalId", "externalId"),
        (ENTERPRISE.upper(), ENTERPRISE),
        (HR + ":startDate", HR),
        ("name.givenName,name.familyName", "name"),
    ],
)
def test_excluding_leaves_out_what_was_named_and_nothing_else(name: str, gone: str) -> None:
    expected = {key: value for key, value in seen().items() if key != gone}
    expected["schemas"] = [urn for urn in expected["schemas"] if urn != gone]
    assert seen(excluded=name) == expected


@pytest.mark.parametrize(
    ("name", "attribute", "left"),
    [
        ("name.givenName", "name", {"familyName": "J"}),
        ("emails.PRIMARY", "emails", [{"value": "a@b", "type": "work"}, {"value": "c@d"}]),
        (ENTERPRISE + ":manager.displayName", ENTERPRISE, {"department": "D", "manager": {"value": "7"}}),
    ],
)
def test_a_sub_attribute_can_be_excluded(name: str, attribute: str, left: Any) -> None:
    assert seen(excluded=name) == {**seen(), attribute: left}


@pytest.mark.parametrize(
    "name", ["id", "schemas", "ID,SCHEMAS", "nope", "", ",", "urn:x:y:z", None, [], HR + ":gender"]
)
def test_the_minimum_and_what_is_not_there_cannot_be_excluded(name: Any) -> None:
    projection = Projection.parse(None, name, user_type())
    assert projection.is_default and projection.apply(FULL) == seen()


def test_both_parameters_at_once_are_refused() -> None:
    with pytest.raises(InvalidValue, match="exclude each other"):
        Projection.parse("userName", "name", user_type())
    assert Projection.parse("", "name", user_type()).shows("userName")


def test_names_may_come_as_a_list() -> None:
    assert seen(["userName", "active"]) == seen("userName,active")


# ------------------------------------------------------------------------ returned: request and never


def test_a_sensitive_attribute_is_shown_when_asked_for_with_the_scope() -> None:
    name = HR + ":dateOfBirth"
    assert asked(name, sensitive=True) == {HR: {"dateOfBirth": "1990-01-01"}}
    assert asked(name) == {}


def test_its_extension_alone_does_not_ask_for_it() -> None:
    assert asked(HR, sensitive=True) == {HR: {"startDate": "2026-01-01"}}


def test_it_can_be_asked_for_beside_its_extension() -> None:
    assert asked(HR, HR + ":gender", sensitive=True) == {HR: {"startDate": "2026-01-01", "gender": "f"}}


@pytest.mark.parametrize(
    "name", ["password", HR + ":salary", HR + ":salary.amount", HR + ":nationalId.value", HR]
)
def test_what_is_never_returned_is_not_shown_even_from_a_document_that_has_it(name: str) -> None:
    leaking = {**FULL, "password": "p", HR: {"salary": {"amount": 1}, "nationalId": {"value": "1"}}}
    for projection in (
        Projection.parse(name, None, user_type(), sensitive_allowed=True),
        Projection.parse(None, None, user_type(), sensitive_allowed=True),
        Projection.parse(None, name, user_type(), sensitive_allowed=True),
    ):
        shown = projection.apply(leaking)
        assert "password" not in shown and HR not in shown and not projection.shows(HR + ":salary.amount")


def custom() -> ResourceType:
    subs = [
        {"name": "key", "type": "string", "returned": "always"},
        {"name": "text", "type": "string"},
        {"name": "raw", "type": "string", "returned": "request"},
    ]
    schema = {
        "id": "urn:example:note",
        "attributes": [
            {"name": "serial", "type": "string", "returned": "always"},
            {"name": "picture", "type": "binary", "returned": "request"},
            {"name": "body", "type": "complex", "subAttributes": subs},
            {"name": "draft", "type": "complex", "returned": "request", "subAttributes": subs},
        ],
    }
    note = {"name": "Note", "endpoint": "/Notes", "schema": "urn:example:note"}
    found = SchemaSet.from_documents([schema], [note]).resource_type("Note")
    assert found is not None
    return found


NOTE = {
    "schemas": ["urn:example:note"],
    "id": "1",
    "serial": "s",
    "picture": "p",
    "body": {"key": "k", "text": "t", "raw": "r"},
    "draft": {"key": "k", "text": "t", "raw": "r"},
}


@pytest.mark.parametrize(
    ("attributes", "excluded", "shown"),
    [
        (None, None, {"serial": "s", "body": {"key": "k", "text": "t"}}),
        (None, "serial,body", {"serial": "s", "body": {"key": "k"}}),
        (None, "body.key", {"serial": "s", "body": {"key": "k", "text": "t"}}),
        ("picture", None, {"serial": "s", "picture": "p", "body": {"key": "k"}}),
        ("body.raw", None, {"serial": "s", "body": {"key": "k", "raw": "r"}}),
        ("draft", None, {"serial": "s", "body": {"key": "k"}, "draft": {"key": "k", "text": "t"}}),
        ("draft.raw", None, {"serial": "s", "body": {"key": "k"}, "draft": {"raw": "r"}}),
    ],
)
def test_always_and_request_are_honoured_in_loaded_schemas(
    attributes: Any, excluded: Any, shown: Any
) -> None:
    projection = Projection.parse(attributes, excluded, custom())
    assert projection.apply(NOTE) == {"schemas": NOTE["schemas"], "id": "1", **shown}


# ----------------------------------------------------------------------------------- fast answers


@pytest.mark.parametrize(
    ("attributes", "excluded", "is_default", "needs_groups", "needs_on_request"),
    [
        (None, None, True, True, False),
        ("userName", None, False, False, False),
        ("groups.value", None, False, True, False),
        (None, "groups", False, False, False),
        (None, "groups.display", False, True, False),
        (HR + ":gender", None, False, False, True),
    ],
)
def test_a_caller_learns_what_it_must_fetch(
    attributes: Any, excluded: Any, is_default: bool, needs_groups: bool, needs_on_request: bool
) -> None:
    projection = Projection.parse(attributes, excluded, user_type(), sensitive_allowed=True)
    assert projection.is_default is is_default
    assert projection.needs_groups is needs_groups
    assert projection.needs_on_request is needs_on_request


def test_a_group_without_members_does_not_need_them() -> None:
    assert not Projection.parse(None, "MEMBERS", group_type()).shows("members")
    assert not Projection.parse("displayName", None, group_type()).shows("members")
    assert Projection.parse("members.value", None, group_type()).shows("members.value")
    assert not Projection.parse("members.value", None, group_type()).shows("members.type")


paths = st.sampled_from([a.path for a in user_type().walk()] + [ENTERPRISE, HR, USER, "nope"])


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(documents(), st.lists(paths, min_size=1, max_size=5), st.booleans(), st.booleans())
def test_a_projection_only_takes_away_and_shows_what_it_says(
    document: dict[str, Any], names: list[str], is_asked: bool, sensitive: bool
) -> None:
    parameters = (names, None) if is_asked else (None, names)
    projection = Projection.parse(*parameters, user_type(), sensitive_allowed=sensitive)
    shown = projection.apply({**document, "id": "1"})
    assert shown["id"] == "1" and shown["schemas"][0] == USER
    assert projection.apply(shown) == shown
    for key, value in shown.items():
        assert key in ("id", "schemas") or document[key] == value or isinstance(value, (dict, list))
    for attribute in user_type().walk():
        present: Any = shown
        for step in attribute.keys:
            present = present[0] if isinstance(present, list) else present
            present = present.get(step) if isinstance(present, dict) else None
        assert present is None or projection.shows(attribute.path)
