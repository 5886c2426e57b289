"""The error family says the right status, keyword and headers, and repeats little of what it was sent."""

from __future__ import annotations

import json

import pytest
from scim2_models import Error

from scim import errors
from scim.errors import ScimError, echo


def family(root: type[ScimError] = ScimError) -> list[type[ScimError]]:
    return [root, *(known for child in root.__subclasses__() for known in family(child))]


RFC_7644_TABLE_9 = {
    "InvalidFilter": "invalidFilter",
    "TooMany": "tooMany",
    "Uniqueness": "uniqueness",
    "Mutability": "mutability",
    "InvalidSyntax": "invalidSyntax",
    "InvalidPath": "invalidPath",
    "NoTarget": "noTarget",
    "InvalidValue": "invalidValue",
    "InvalidVersion": "invalidVers",
    "Sensitive": "sensitive",
}
RFC_9865_TABLE_3 = {
    "InvalidCursor": "invalidCursor",
    "ExpiredCursor": "expiredCursor",
    "InvalidCount": "invalidCount",
}


def test_every_keyword_of_the_rfcs_has_its_error_and_no_error_another_keyword() -> None:
    assert {e.__name__: e.scim_type for e in family() if e.scim_type} == RFC_7644_TABLE_9 | RFC_9865_TABLE_3


@pytest.mark.parametrize("kind", family(), ids=lambda kind: kind.__name__)
def test_an_error_document_is_what_scim2_models_reads(kind: type[ScimError]) -> None:
    error = kind("what happened")
    read = Error.model_validate(error.to_document())
    assert (read.status, read.scim_type, read.detail) == (kind.status, kind.scim_type, "what happened")


def test_the_status_is_a_string() -> None:
    assert errors.NotFound("gone").to_document()["status"] == "404"


def test_an_error_without_a_keyword_has_no_scim_type() -> None:
    assert "scimType" not in errors.NotFound("gone").to_document()


def test_the_tree_in_the_docstring_names_every_public_error_with_its_status() -> None:
    for kind in family():
        if not kind.__name__.startswith("_"):
            line = next(part for part in (errors.__doc__ or "").splitlines() if f" {kind.__name__} " in part)
            assert str(kind.status) in line


@pytest.mark.parametrize(
    ("error", "headers"),
    [
        (errors.TooManyRequests("slow down", retry_after=7), {"Retry-After": "7"}),
        (errors.Unavailable("starting", retry_after=0), {"Retry-After": "1"}),
        (errors.MethodNotAllowed("no", allow=("GET", "PUT")), {"Allow": "GET, PUT"}),
        (errors.Unauthorized("who are you"), {"WWW-Authenticate": 'Bearer realm="rollcall"'}),
        (errors.InvalidValue("no"), {}),
    ],
)
def test_an_error_carries_the_headers_that_its_status_demands(
    error: ScimError, headers: dict[str, str]
) -> None:
    assert error.headers == headers


@pytest.mark.parametrize(
    "value", ["x" * 10_000, {"a": "x" * 10_000}, ["x"] * 5_000, "\ud800", {"\ud800": 1}, object(), "\n\0"]
)
def test_echoed_input_is_short_and_can_be_sent(value: object) -> None:
    echoed = echo(value)
    assert len(echoed) <= 200
    json.dumps(echoed).encode()
    assert "\n" not in echoed and "\0" not in echoed and echoed.encode()


def test_deeply_nested_input_can_be_echoed() -> None:
    nested: list[object] = []
    for _ in range(100_000):
        nested = [nested]
    assert len(echo(nested)) <= 200
