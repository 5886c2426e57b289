"""What records of calls keep, and what they never keep."""

from __future__ import annotations

import base64
import json

import pytest

from app.outbound import Redactor, parse_retry_after
from app.outbound.redaction import HIDDEN, KEEP, is_sensitive

PLAIN = Redactor()


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "newPassword",
        "nationalId",
        "salary",
        "desired_salary",
        "ssn",
        "usssn",
        "access_token",
        "client-secret",
        "apikey",
        "X-Api-Key",
        "Authorization",
        "urn:rollcall:params:scim:schemas:extension:hr:2.0:User:salary.amount",
        "urn:rollcall:params:scim:schemas:extension:hr:2.0:User:nationalId",
    ],
)
def test_these_names_are_sensitive(name: str) -> None:
    assert is_sensitive(name)


@pytest.mark.parametrize(
    "name", ["className", "title", "tokens_left", "passport_country", "employeeNumber", "key"]
)
def test_these_names_are_not(name: str) -> None:
    assert not is_sensitive(name)


def body(document: object) -> object:
    return json.loads(PLAIN.body(json.dumps(document).encode()) or "null")


def test_attributes_are_hidden_at_any_depth() -> None:
    document = {
        "users": [{"name": {"givenName": "A"}, "nationalId": {"value": "123-45-6789"}, "Password": "p"}]
    }
    assert body(document) == {
        "users": [{"name": {"givenName": "A"}, "nationalId": HIDDEN, "Password": HIDDEN}]
    }


def test_a_patch_operation_on_a_sensitive_path_loses_its_value() -> None:
    operations = [
        {"op": "replace", "path": "urn:x:User:salary.amount", "value": 1},
        {"op": "add", "path": "title", "value": "T"},
    ]
    assert body({"Operations": operations}) == {
        "Operations": [{**operations[0], "value": HIDDEN}, operations[1]]
    }


def test_a_named_attribute_loses_its_value() -> None:
    assert body({"attributes": [{"name": "ssn", "value": "1"}]}) == {
        "attributes": [{"name": "ssn", "value": HIDDEN}]
    }


@pytest.mark.parametrize("text", ['{"salary": 12', '[{"ssn": "123-45-6789"}, '])
def test_half_a_document_is_not_kept(text: str) -> None:
    kept = PLAIN.body(text.encode()) or ""
    assert "12" not in kept.replace(str(len(text)), "")


def test_a_form_is_searched_by_name() -> None:
    assert PLAIN.body(b"grant_type=client_credentials&client_secret=abc") == (
        f"grant_type=client_credentials&client_secret={HIDDEN}"
    )


def test_a_query_is_searched_by_name() -> None:
    assert PLAIN.query("page=2&apikey=abc&Token=x") == f"page=2&apikey={HIDDEN}&Token={HIDDEN}"


def test_known_secrets_are_hidden_in_every_spelling() -> None:
    secret = 'k/ey"+1234'
    redactor = Redactor([secret])
    for text in (
        f"error: {secret}!",
        json.dumps({"echo": secret}),
        "at /x?k=k%2Fey%22%2B1234",
        "Basic " + base64.b64encode(f"{secret}:x".encode()).decode(),
    ):
        kept = redactor.body(text.encode()) or ""
        assert HIDDEN in kept
        assert "1234" not in kept


def test_at_most_16_kib_are_kept_and_no_character_is_cut_in_half() -> None:
    kept = PLAIN.body(json.dumps({"a": "é" * 20_000}, ensure_ascii=False).encode()) or ""
    assert len(kept.encode()) <= KEEP
    assert "\ufffd" not in kept
    assert "cut" in kept


def test_a_huge_body_is_not_even_parsed() -> None:
    assert PLAIN.body(b" " * 2_000_000) == "[2000000 bytes, not kept]"


def test_what_databases_refuse_is_replaced() -> None:
    kept = PLAIN.body(b'{"a":"x\\u0000\\ud800"}') or ""
    assert "\x00" not in kept
    kept.encode()


def test_deep_nesting_is_no_trouble() -> None:
    assert PLAIN.body(b'{"a":' * 3000 + b"1" + b"}" * 3000)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("120", 120.0),
        (" 3 ", 3.0),
        ("1.5", 1.5),
        ("0", 0.0),
        ("-5", 0.0),
        ("soon", None),
        ("nan", None),
        ("inf", 3600.0),
        ("9" * 30, 3600.0),
        ("99999999", 3600.0),
        ("Sun, 22 Nov 2026 05:00:30 GMT", 30.0),
        ("Sun, 22 Nov 2026 04:00:00 GMT", 0.0),
        ("Sunday, 22-Nov-26 05:00:10 GMT", 10.0),
        ("Sun, 99 Nov 2026 05:00:30 GMT", None),
    ],
)
def test_retry_after_takes_every_form(value: str | None, seconds: float | None) -> None:
    assert parse_retry_after(value, "Sun, 22 Nov 2026 05:00:00 GMT") == seconds
