"""/Bulk over HTTP (RFC 7644 §3.7); how a bulk request is read and ordered is tested in tests/scim."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.scim.conftest import ScimCaller
from tests.web.scim.exchanges import BULK, ERROR, created, read


def _bulk(scim: ScimCaller, *operations: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    answer = scim("POST", "/Bulk", {"schemas": [BULK], "Operations": list(operations), **more})
    assert answer.status_code == 200, answer.text
    return list(answer.json["Operations"])  # type: ignore[index]


def test_bulk_ids_are_resolved_forward_in_circles_and_in_paths(scim: ScimCaller) -> None:
    said = _bulk(
        scim,
        {
            "method": "PATCH",
            "path": "/Users/bulkId:ada",
            "data": {"Operations": [{"op": "add", "path": "title", "value": "x"}]},
        },
        {
            "method": "POST",
            "path": "/Groups",
            "bulkId": "a",
            "data": {"displayName": "A", "members": [{"value": "bulkId:b"}]},
        },
        {
            "method": "POST",
            "path": "/Groups",
            "bulkId": "b",
            "data": {"displayName": "B", "members": [{"value": "bulkId:a"}, {"value": "bulkId:ada"}]},
        },
        {"method": "POST", "path": "/Users", "bulkId": "ada", "data": {"userName": "ada"}},
    )
    assert [each["status"] for each in said] == ["200", "201", "201", "201"]
    ada = read(scim, '/Users?filter=userName eq "ada"')["Resources"][0]
    assert ada["title"] == "x"
    assert {each["display"]: each["type"] for each in ada["groups"]} == {"A": "indirect", "B": "direct"}


def test_a_bulk_operation_heeds_its_version(scim: ScimCaller) -> None:
    user = created(scim)
    path, data = f"/Users/{user['id']}", {"userName": "ada", "title": "x"}
    stale, fresh = _bulk(
        scim,
        {"method": "PUT", "path": path, "version": 'W/"9"', "data": data},
        {"method": "PUT", "path": path, "version": user["meta"]["version"], "data": data},
    )
    assert (stale["status"], fresh["status"]) == ("412", "200")
    assert stale["response"]["schemas"] == [ERROR]


@pytest.mark.parametrize(
    ("limit", "statuses"), [(None, ["404", "404", "201"]), (1, ["404"]), (2, ["404", "404"])]
)
def test_a_bulk_request_stops_after_fail_on_errors(
    scim: ScimCaller, limit: int | None, statuses: list[str]
) -> None:
    operations: list[dict[str, Any]] = [{"method": "DELETE", "path": f"/Users/{each}"} for each in range(2)]
    operations.append({"method": "POST", "path": "/Users", "bulkId": "a", "data": {"userName": "ada"}})
    more = {} if limit is None else {"failOnErrors": limit}
    said = _bulk(scim, *operations, **more)
    assert [each["status"] for each in said] == statuses
    assert read(scim, "/Users")["totalResults"] == statuses.count("201")
