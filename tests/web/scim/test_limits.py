"""The limits of the SCIM API over HTTP (scim.md §4): what still passes, what does not, and how that is said."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app import directory
from app.access import clients
from app.access.tenants import Tenant
from app.config import Settings
from app.database import writing
from scim.resources import GROUP, USER
from tests.web.scim.conftest import ScimCaller
from tests.web.scim.exchanges import BULK, PATCH_OP, refused

MEBIBYTE = 1 << 20


def _padded(document: dict[str, Any], size: int) -> bytes:
    """Return a document as JSON of exactly ``size`` bytes."""
    raw = json.dumps(document).encode()
    return raw + b" " * (size - len(raw))


def _patch(*operations: dict[str, Any]) -> dict[str, Any]:
    return {"schemas": [PATCH_OP], "Operations": list(operations)}


def _addresses(number: int) -> list[dict[str, str]]:
    return [{"value": f"a{each}@example.com"} for each in range(number)]


def test_a_body_of_one_mebibyte_is_read_and_one_byte_more_is_not(scim: ScimCaller) -> None:
    body = {"schemas": [USER], "userName": "ada"}
    assert scim("POST", "/Users", _padded(body, MEBIBYTE)).status_code == 201
    assert "1048576" in refused(scim("POST", "/Users", _padded(body, MEBIBYTE + 1)), 413)


def test_a_body_that_is_too_large_is_refused_before_it_is_parsed(scim: ScimCaller) -> None:
    for path in ("/Users", "/Bulk", "/.search", "/Users/.search"):
        refused(scim("POST", path, b"{" * (MEBIBYTE + 1)), 413)
    refused(scim("POST", "/Groups", b"{" * (4 * MEBIBYTE + 1)), 413)


def test_json_may_be_32_levels_deep_and_no_deeper(scim: ScimCaller) -> None:
    def nested(levels: int) -> bytes:
        inner = b"[" * (levels - 1) + b"]" * (levels - 1)
        return b'{"userName":"ada","unknown":' + inner + b"}"

    assert scim("POST", "/Users", nested(32)).status_code == 201
    assert "32" in refused(scim("POST", "/Users", nested(33)), 400, "invalidSyntax")


def test_a_filter_may_have_4096_characters_and_no_more(scim: ScimCaller) -> None:
    def of(length: int) -> str:
        return 'title eq "' + "x" * (length - 11) + '"'

    assert scim("GET", f"/Users?filter={of(4096)}").status_code == 200
    refused(scim("GET", f"/Users?filter={of(4097)}"), 400, "invalidFilter")
    body = {"filter": of(4097)}
    refused(scim("POST", "/Users/.search", body), 400, "invalidFilter")


def test_a_filter_may_have_50_comparisons_and_no_more(scim: ScimCaller) -> None:
    def of(number: int) -> str:
        return " or ".join(f'userName eq "u{each}"' for each in range(number))

    assert scim("GET", f"/Users?filter={of(50)}").status_code == 200
    refused(scim("GET", f"/Users?filter={of(51)}"), 400, "invalidFilter")


def test_a_patch_may_have_100_operations_and_no_more(scim: ScimCaller) -> None:
    user = scim("POST", "/Users", {"userName": "ada"}).json["id"]  # type: ignore[index]

    def of(number: int) -> dict[str, Any]:
        return _patch(*({"op": "replace", "path": "title", "value": f"t{each}"} for each in range(number)))

    assert scim("PATCH", f"/Users/{user}", of(100)).json["title"] == "t99"  # type: ignore[index]
    refused(scim("PATCH", f"/Users/{user}", of(101)), 413)
    assert scim("GET", f"/Users/{user}").json["title"] == "t99"  # type: ignore[index]


def test_an_attribute_may_have_2000_values_and_no_more(scim: ScimCaller) -> None:
    body = {"userName": "ada", "emails": _addresses(2_000)}
    assert scim("POST", "/Users", body).status_code == 201
    too_many = {"userName": "b", "emails": _addresses(2_001)}
    assert "2,000" in refused(scim("POST", "/Users", too_many), 400, "invalidValue")
    added = {"op": "add", "path": "emails", "value": [{"value": "one-more@example.com"}]}
    user = scim("GET", "/Users?attributes=id").json["Resources"][0]["id"]  # type: ignore[index]
    assert "2,000" in refused(scim("PATCH", f"/Users/{user}", _patch(added)), 400, "invalidValue")


def test_a_request_may_name_20000_members_and_no_more_in_up_to_4_mebibytes(scim: ScimCaller) -> None:
    user = scim("POST", "/Users", {"userName": "ada"}).json["id"]  # type: ignore[index]
    group = {"schemas": [GROUP], "displayName": "All", "members": [{"value": user}]}
    assert scim("POST", "/Groups", _padded(group, 4 * MEBIBYTE)).status_code == 201

    def of(number: int) -> dict[str, Any]:
        return {**group, "members": [{"value": f"{each:036}"} for each in range(number)]}

    # As many as are taken are looked for, and not found; one more is not looked for.
    assert "20,000" not in refused(scim("POST", "/Groups", of(20_000)), 400, "invalidValue")
    assert "20,000" in refused(scim("POST", "/Groups", of(20_001)), 400, "invalidValue")


def test_a_bulk_request_may_have_100_operations_in_one_mebibyte(scim: ScimCaller) -> None:
    def of(number: int) -> dict[str, Any]:
        operations = [{"method": "DELETE", "path": f"/Users/{each}"} for each in range(number)]
        return {"schemas": [BULK], "Operations": operations}

    assert len(scim("POST", "/Bulk", of(100)).json["Operations"]) == 100  # type: ignore[index]
    refused(scim("POST", "/Bulk", of(101)), 413)
    assert scim("POST", "/Bulk", _padded(of(1), MEBIBYTE)).status_code == 200
    refused(scim("POST", "/Bulk", _padded(of(1), MEBIBYTE + 1)), 413)


def test_a_page_has_100_resources_unless_asked_and_at_most_1000(scim: ScimCaller, tenant: Tenant) -> None:
    with writing() as connection:
        for number in range(1_001):
            person = {"schemas": [USER], "userName": f"u{number}", "active": True}
            directory.create(connection, tenant.id, directory.Actor("admin", "test"), person)

    def listed(query: str) -> tuple[int, int]:
        answer = scim("GET", f"/Users?attributes=userName{query}").json
        return answer["totalResults"], len(answer["Resources"])  # type: ignore[index]

    assert listed("") == (1_001, 100)
    assert listed("&count=1000") == (1_001, 1_000)
    assert listed("&count=5000") == (1_001, 1_000)
    assert listed("&count=0") == (1_001, 0)


def test_limits_are_advertised_where_there_is_a_place(scim: ScimCaller) -> None:
    config: dict[str, Any] = dict(ScimCaller(scim.app, None)("GET", "/ServiceProviderConfig").json or {})
    assert config["bulk"] == {"supported": True, "maxOperations": 100, "maxPayloadSize": MEBIBYTE}
    assert config["filter"] == {"supported": True, "maxResults": 1_000}
    assert config["pagination"]["defaultPageSize"] == 100
    assert config["pagination"]["maxPageSize"] == 1_000


def test_a_token_beyond_its_rate_gets_429_with_retry_after(
    app: Flask, tenant: Tenant, caller: Callable[..., ScimCaller], scim: ScimCaller
) -> None:
    with writing() as connection:
        clients.create(connection, tenant.id, "hasty", {"rate": "1", "burst": "3"})
    hasty = caller("hasty")
    statuses = [hasty("GET", "/Users?count=0").status_code for _ in range(3)]
    assert statuses == [200, 200, 200]
    answer = next(
        answer for answer in (hasty("GET", "/Users") for _ in range(20)) if answer.status_code != 200
    )
    assert "1 requests a second" in refused(answer, 429)
    assert int(answer.headers["Retry-After"]) >= 1
    assert scim("GET", "/Users").status_code == 200


def test_a_rate_of_0_is_no_limit(tenant: Tenant, caller: Callable[..., ScimCaller]) -> None:
    with writing() as connection:
        clients.create(connection, tenant.id, "free", {"rate": "0", "burst": "1"})
    free = caller("free")
    assert {free("GET", "/Users?count=0").status_code for _ in range(20)} == {200}


def test_the_default_rate_is_200_a_second_after_a_burst_of_2000() -> None:
    assert (Settings().scim_rate, Settings().scim_burst) == (200, 2_000)


@pytest.mark.parametrize(
    "body",
    [
        b'{"userName":"a\\u0000b"}',
        b'{"userName":"a\x00b"}',
        b'{"userName":"\\ud800"}',
        b'{"user\\udfffName":"a"}',
        b'{"userName":NaN}',
        b'{"userName":"a","unknown":Infinity}',
        b'{"userName":"a","unknown":1e999}',
        b'{"userName":"a","unknown":' + b"9" * 5_000 + b"}",
        b'{"userName":"a","unknown":' + b"[" * 200_000,
        b'{"a":' * 100_000,
        b'{"userName":"\xff"}',
        b'{"userName":"a","userName":"b"}',
    ],
    ids=lambda body: repr(body[:40]),
)
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/Users"), ("POST", "/Groups"), ("POST", "/Bulk"), ("POST", "/.search")]
)
def test_hostile_json_is_a_400_and_never_a_500(scim: ScimCaller, method: str, path: str, body: bytes) -> None:
    refused(scim(method, path, body), 400, "invalidSyntax")
    assert scim("GET", "/Users").json["totalResults"] == 0  # type: ignore[index]


@pytest.mark.parametrize(
    "path",
    [
        "/Users/%00",
        "/Users/a%00b",
        "/Groups/%00",
        "/%00",
        "/Schemas/%00",
        "/Users/%ed%a0%80",
        "/Users/%ff",
        '/Users?filter=userName eq "a%00"',
        "/Users?filter=userName%20eq%20%22%ed%a0%80%22",
        "/Users?filter=%ff",
        "/Users?attributes=%00",
        "/Users?sortBy=%00",
        "/Users?cursor=%00",
        "/Users?count=%00",
        "/Users?startIndex=1e999",
        "/Users?count=NaN",
        "/Users?filter=" + "(" * 3_000,
        "/Users?filter=" + "not (" * 700,
    ],
    ids=lambda path: path[:40],
)
def test_hostile_addresses_are_refused_and_never_a_500(scim: ScimCaller, path: str) -> None:
    answer = scim("GET", path)
    assert answer.status_code in (200, 400, 404), answer.text[:300]
    assert answer.content_type == "application/scim+json"
