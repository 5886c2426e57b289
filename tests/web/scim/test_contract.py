"""Every line of the contract (scim.md §1, §2, §4) has a test named after it: the table, and those without a better home."""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from app import create_app, directory
from app.access import clients, inbound, tokens
from app.access.tenants import Tenant
from app.config import Settings
from app.database import db, reading, writing
from scim.resources import ENTERPRISE, GROUP, HR, USER
from tests.conftest import make_settings
from tests.web.scim.conftest import ScimCaller

TESTS = Path(__file__).parents[2]
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"

#: Line of the contract → the tests that are named after it: ``file::the name after test_``.
CONTRACT: dict[str, tuple[str, ...]] = {
    "§1 derived User.groups": (
        "web/scim/test_groups.py::the_groups_of_a_user_are_derived_direct_and_indirect",
        "web/scim/test_groups.py::a_circle_of_groups_does_not_loop",
        "web/scim/test_groups.py::groups_of_a_user_are_read_only",
    ),
    "§1 memberships": (
        "web/scim/test_groups.py::members_carry_ref_type_and_display",
        "web/scim/test_groups.py::a_deleted_user_leaves_every_group_and_the_groups_change",
        "web/scim/test_groups.py::adding_twice_is_one_member_and_changes_nothing",
        "web/scim/test_groups.py::removing_an_absent_member_succeeds_and_changes_nothing",
    ),
    "§1 Entra dialect": (
        "web/scim/test_dialects.py::entra_writes_verbs_in_any_case",
        "web/scim/test_dialects.py::entra_removes_with_the_verb_in_any_case",
        "web/scim/test_dialects.py::entra_false_as_a_string_deactivates",
        "web/scim/test_dialects.py::entra_dotted_and_urn_keys_in_a_path_less_value_are_paths",
        "web/scim/test_dialects.py::entra_a_work_e_mail_that_matches_nothing_is_created",
        "web/scim/test_dialects.py::entra_removing_members_with_a_value_list_removes_only_those",
        "web/scim/test_dialects.py::entra_a_manager_may_be_a_bare_string",
        "web/scim/test_dialects.py::entra_an_empty_manager_removes_it",
        "web/scim/test_dialects.py::entra_extra_query_parameters_are_ignored",
        "web/scim/test_dialects.py::entra_a_post_without_schemas_is_accepted",
        "web/scim/test_dialects.py::entra_a_keep_alive_look_up_of_an_unknown_user_is_an_empty_list",
    ),
    "§1 Okta dialect": (
        "web/scim/test_dialects.py::okta_a_path_less_active_false_deactivates",
        "web/scim/test_dialects.py::okta_a_path_less_id_and_display_name_rename_a_group",
        "web/scim/test_dialects.py::okta_a_put_of_the_whole_object_as_it_was_read_changes_nothing_else",
    ),
    "§1 every client's whole life": ("web/scim/test_dialects.py::a_client_lives_its_whole_life",),
    "§1 bulk": (
        "web/scim/test_contract.py::bulk_ids_are_resolved_forward_in_circles_and_in_paths",
        "web/scim/test_contract.py::a_bulk_operation_heeds_its_version",
        "web/scim/test_contract.py::a_bulk_request_stops_after_fail_on_errors",
        "web/scim/test_limits.py::a_bulk_request_may_have_100_operations_in_one_mebibyte",
        "web/scim/test_limits.py::a_body_that_is_too_large_is_refused_before_it_is_parsed",
    ),
    "§1 secrets": (
        "web/scim/test_contract.py::what_is_never_returned_is_not_read_projected_sorted_by_or_probed",
        "web/scim/test_users.py::what_is_never_returned_cannot_be_probed",
    ),
    "§1 large groups": (
        "web/scim/test_groups.py::one_member_of_a_large_group_is_changed_without_loading_the_others",
        "web/scim/test_groups.py::excluded_members_are_never_touched",
    ),
    "§1 both pagings": (
        "web/scim/test_users.py::pages_cover_everyone_once",
        "web/scim/test_contract.py::pages_by_cursor_show_who_stays_exactly_once_while_others_come_and_go",
        "web/scim/test_contract.py::a_cursor_is_sealed_and_bound_to_its_query_and_its_client",
    ),
    "§1 ids": (
        "web/scim/test_users.py::a_client_chosen_id_selects_nothing",
        "web/scim/test_contract.py::an_id_or_a_numeric_external_id_of_the_client_never_becomes_an_id",
    ),
    "§2 PATCH answers 200, or 204 when asked": (
        "web/scim/test_users.py::patch_answers_with_the_resource_and_204_when_asked_for_little",
        "web/scim/test_groups.py::group_patch_honours_excluded_attributes_and_prefer",
    ),
    "§2 discovery": (
        "web/scim/test_contract.py::discovery_lists_cannot_be_filtered_but_the_configuration_ignores_it",
        "web/scim/test_contract.py::discovery_writes_are_405_with_allow",
        "web/scim/test_contract.py::the_configuration_needs_no_credentials_and_the_lists_do",
    ),
    "§2 content types": (
        "web/scim/test_contract.py::answers_are_exactly_scim_json_whatever_is_accepted",
        "web/scim/test_contract.py::json_of_both_names_is_taken_and_nothing_else",
    ),
    "§2 errors": (
        "web/scim/test_contract.py::a_401_carries_www_authenticate_and_a_scim_error",
        "web/scim/test_contract.py::every_error_is_a_scim_error_with_its_status_as_a_string",
        "web/scim/test_contract.py::a_defect_is_a_500_and_a_database_away_is_a_503_as_scim_errors",
        "web/scim/test_limits.py::a_token_beyond_its_rate_gets_429_with_retry_after",
        "web/scim/test_contract.py::no_more_than_200_characters_of_the_input_are_echoed",
    ),
    "§2 identical values and primaries": (
        "web/scim/test_contract.py::an_identical_type_and_value_is_stored_once",
        "web/scim/test_contract.py::a_new_primary_demotes_the_old_one_and_two_in_one_body_are_refused",
    ),
    "§2 a change that changes nothing": (
        "web/scim/test_users.py::a_change_that_changes_nothing_keeps_version_and_last_modified",
    ),
    "§2 unassigning": ("web/scim/test_contract.py::nothing_unassigns_whatever_its_form",),
    "§2 case": (
        "web/scim/test_contract.py::names_operators_and_urns_are_read_in_any_case",
        "web/scim/test_contract.py::values_follow_case_exact",
        "web/scim/test_contract.py::user_names_are_compared_composed_and_lower_and_never_folded",
    ),
    "§2 userName": (
        "web/scim/test_users.py::an_equal_user_name_is_refused_in_any_case",
        "web/scim/test_users.py::fifty_equal_posts_at_once_make_one_user",
    ),
    "§2 unknown attributes": (
        "web/scim/test_contract.py::what_is_unknown_is_dropped_and_listed_in_the_clients_log",
        "web/scim/test_contract.py::a_strict_client_is_refused_what_is_unknown",
        "web/scim/test_contract.py::an_unknown_patch_path_is_refused_whoever_asks",
    ),
    "§2 password": (
        "web/scim/test_contract.py::a_password_is_accepted_and_discarded",
        "security/test_canaries.py::no_secret_is_found_outside_its_sealed_column",
    ),
    "§2 externalId and sources": (
        "web/scim/test_users.py::external_ids_belong_to_the_client_that_wrote_them",
        "web/scim/test_groups.py::external_ids_of_groups_belong_to_their_client",
        "web/scim/test_contract.py::sources_are_shown_as_a_read_only_list",
    ),
    "§2 PUT": (
        "web/scim/test_users.py::put_replaces_what_the_client_could_know",
        "web/scim/test_users.py::put_never_clears_by_omission_what_is_never_shown",
        "web/scim/test_contract.py::put_leaves_a_sources_value_unless_it_says_null",
    ),
    "§2 sensitive attributes and scopes": (
        "web/scim/test_users.py::sensitive_values_need_their_scope",
        "web/scim/test_contract.py::sorting_by_a_sensitive_attribute_needs_its_scope",
        "access/test_tokens.py::write_includes_read_and_nothing_includes_sensitive",
    ),
    "§2 /Me": ("web/scim/test_contract.py::me_is_501_unless_the_token_is_bound_to_an_employee",),
    "§2 addresses in answers": (
        "web/scim/test_contract.py::every_url_in_answers_comes_from_the_public_url",
        "web/scim/test_users.py::a_strange_host_header_is_not_believed",
    ),
    "§2 e-mail values": ("web/scim/test_contract.py::e_mail_values_of_any_domain_are_kept_as_written",),
    "§2 DELETE": ("web/scim/test_users.py::a_deleted_user_is_gone_and_the_name_is_free",),
    "§2 manager": ("web/scim/test_users.py::a_manager_is_named_by_value_and_the_server_adds_the_reference",),
    "§4 body": (
        "web/scim/test_limits.py::a_body_of_one_mebibyte_is_read_and_one_byte_more_is_not",
        "web/scim/test_limits.py::a_body_that_is_too_large_is_refused_before_it_is_parsed",
    ),
    "§4 JSON depth": ("web/scim/test_limits.py::json_may_be_32_levels_deep_and_no_deeper",),
    "§4 filter": (
        "web/scim/test_limits.py::a_filter_may_have_4096_characters_and_no_more",
        "web/scim/test_limits.py::a_filter_may_have_50_comparisons_and_no_more",
    ),
    "§4 PATCH": ("web/scim/test_limits.py::a_patch_may_have_100_operations_and_no_more",),
    "§4 values and members": (
        "web/scim/test_limits.py::an_attribute_may_have_2000_values_and_no_more",
        "web/scim/test_limits.py::a_request_may_name_20000_members_and_no_more_in_up_to_4_mebibytes",
    ),
    "§4 bulk": ("web/scim/test_limits.py::a_bulk_request_may_have_100_operations_in_one_mebibyte",),
    "§4 count": ("web/scim/test_limits.py::a_page_has_100_resources_unless_asked_and_at_most_1000",),
    "§4 advertised": ("web/scim/test_limits.py::limits_are_advertised_where_there_is_a_place",),
    "§4 rate": (
        "web/scim/test_limits.py::a_token_beyond_its_rate_gets_429_with_retry_after",
        "web/scim/test_limits.py::a_rate_of_0_is_no_limit",
        "web/scim/test_limits.py::the_default_rate_is_200_a_second_after_a_burst_of_2000",
    ),
    "§4 hostile input": (
        "web/scim/test_limits.py::hostile_json_is_a_400_and_never_a_500",
        "web/scim/test_limits.py::hostile_addresses_are_refused_and_never_a_500",
    ),
}


@cache
def _named_in(file: str) -> frozenset[str]:
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    return frozenset(each.name for each in ast.walk(tree) if isinstance(each, ast.FunctionDef))


@pytest.mark.parametrize("line", CONTRACT)
def test_a_line_of_the_contract_has_tests_that_exist(line: str) -> None:
    assert CONTRACT[line]
    missing = [
        each for each in CONTRACT[line] if f"test_{each.split('::')[1]}" not in _named_in(each.split("::")[0])
    ]
    assert missing == []


def _created(scim: ScimCaller, user_name: str = "ada@example.com", **more: Any) -> dict[str, Any]:
    answer = scim("POST", "/Users", {"schemas": [USER], "userName": user_name, **more})
    assert answer.status_code == 201, answer.text
    return dict(answer.json or {})


def _read(scim: ScimCaller, path: str) -> dict[str, Any]:
    answer = scim("GET", path)
    assert answer.status_code == 200, answer.text
    return dict(answer.json or {})


def _patch(scim: ScimCaller, user: dict[str, Any], *operations: dict[str, Any]) -> Any:
    return scim("PATCH", f"/Users/{user['id']}", {"schemas": [PATCH_OP], "Operations": list(operations)})


def _bulk(scim: ScimCaller, *operations: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    answer = scim("POST", "/Bulk", {"schemas": [BULK], "Operations": list(operations), **more})
    assert answer.status_code == 200, answer.text
    return list(answer.json["Operations"])  # type: ignore[index]


def _error(answer: Any, status: int, scim_type: str | None = None) -> str:
    """Check a SCIM Error and return its sentence."""
    assert answer.status_code == status, answer.text[:500]
    assert answer.content_type == "application/scim+json"
    assert answer.json["schemas"] == [ERROR]
    assert (answer.json["status"], answer.json.get("scimType")) == (str(status), scim_type)
    return str(answer.json["detail"])


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
    ada = _read(scim, '/Users?filter=userName eq "ada"')["Resources"][0]
    assert ada["title"] == "x"
    assert {each["display"]: each["type"] for each in ada["groups"]} == {"A": "indirect", "B": "direct"}


def test_a_bulk_operation_heeds_its_version(scim: ScimCaller) -> None:
    user = _created(scim)
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
    assert _read(scim, "/Users")["totalResults"] == statuses.count("201")


@pytest.mark.parametrize(
    "path", ["password", f"{HR}:salary", f"{HR}:salary.amount", f"{HR}:nationalId.value"]
)
def test_what_is_never_returned_is_not_read_projected_sorted_by_or_probed(
    caller: Callable[..., ScimCaller], path: str
) -> None:
    secretary = caller("hr", "scim:write", "scim:sensitive")
    secrets = {"salary": {"amount": 72001, "currency": "EUR"}, "nationalId": {"value": "078051120"}}
    user = _created(secretary, password="Hunter2!", **{HR: secrets})
    for query in ("", f"?attributes={path}", f"?attributes={path},userName", "?excludedAttributes=userName"):
        text = secretary("GET", f"/Users/{user['id']}{query}").text
        assert not any(secret in text for secret in ("Hunter2", "72001", "078051120")), query
    assert secretary("GET", f"/Users?sortBy={path}").status_code == 400
    for comparison in ("pr", 'eq "72001"', 'ne "x"', 'sw "H"', "gt 1"):
        _error(secretary("GET", f"/Users?filter={path} {comparison}"), 400, "invalidFilter")
        _error(
            secretary("POST", "/Users/.search", {"filter": f"not ({path} {comparison})"}),
            400,
            "invalidFilter",
        )


def _pages(scim: ScimCaller, query: str, between: Callable[[int], None] = lambda page: None) -> list[str]:
    """Return the userNames of every page by cursor, in order; ``between`` is called after each page."""
    names: list[str] = []
    cursor: str | None = ""
    page = 0
    while cursor is not None:
        said = _read(scim, f"/Users?{query}&count=3&cursor={cursor}")
        names += [each["userName"] for each in said["Resources"]]
        between(page)
        cursor, page = said.get("nextCursor"), page + 1
    return names


@pytest.mark.parametrize(
    "query", ["x=1", "sortBy=userName", 'filter=userName sw "s"', "sortBy=title&sortOrder=descending"]
)
def test_pages_by_cursor_show_who_stays_exactly_once_while_others_come_and_go(
    scim: ScimCaller, query: str
) -> None:
    leavers = [_created(scim, f"s{number:02}-leaver") for number in range(4)]
    for number in range(8):
        _created(scim, f"s{number:02}-stays")

    def between(page: int) -> None:
        if page < len(leavers):
            assert scim("DELETE", f"/Users/{leavers[page]['id']}").status_code == 204
            _created(scim, f"s{page:02}-comes")

    names = _pages(scim, query, between)
    assert sorted(name for name in names if name.endswith("stays")) == [
        f"s{each:02}-stays" for each in range(8)
    ]
    assert len(names) == len(set(names))


def test_a_cursor_is_sealed_and_bound_to_its_query_and_its_client(
    scim: ScimCaller, caller: Callable[..., ScimCaller]
) -> None:
    for number in range(5):
        _created(scim, f"u{number}")
    cursor = _read(scim, '/Users?count=2&cursor=&filter=userName sw "u"')["nextCursor"]
    right = f'/Users?count=2&cursor={cursor}&filter=userName sw "u"'
    assert [each["userName"] for each in _read(scim, right)["Resources"]] == ["u2", "u3"]
    changed = ("A" if cursor[5] != "A" else "B").join((cursor[:5], cursor[6:]))
    for wrong in (
        f'/Users?count=2&cursor={changed}&filter=userName sw "u"',
        f'/Users?count=2&cursor={cursor}&filter=userName sw "v"',
        f'/Users?count=2&cursor={cursor}&filter=userName sw "u"&sortBy=title',
        f'/Groups?count=2&cursor={cursor}&filter=displayName sw "u"',
    ):
        _error(scim("GET", wrong), 400, "invalidCursor")
    _error(caller("another")("GET", right), 400, "invalidCursor")
    _error(scim("GET", f'/Users?count=3&cursor={cursor}&filter=userName sw "u"'), 400, "invalidCount")


def test_an_id_or_a_numeric_external_id_of_the_client_never_becomes_an_id(scim: ScimCaller) -> None:
    first = _created(scim, "first", externalId="1", id="1")
    second = _created(scim, "second", externalId=first["id"], id=first["id"])
    assert len({first["id"], second["id"], "1"}) == 3
    _error(scim("GET", "/Users/1"), 404)
    _error(scim("DELETE", "/Users/1"), 404)
    body = {"schemas": [USER], "id": first["id"], "userName": "second", "externalId": first["id"]}
    assert scim("PUT", f"/Users/{second['id']}", body).json["id"] == second["id"]  # type: ignore[index]
    assert _read(scim, f"/Users/{first['id']}")["userName"] == "first"
    value = {"id": first["id"], "title": "x"}
    assert _patch(scim, second, {"op": "replace", "value": value}).json["id"] == second["id"]
    assert "title" not in _read(scim, f"/Users/{first['id']}")


@pytest.mark.parametrize("path", ["/Schemas", "/ResourceTypes", f"/Schemas/{USER}", "/ResourceTypes/User"])
def test_discovery_lists_cannot_be_filtered_but_the_configuration_ignores_it(
    scim: ScimCaller, path: str
) -> None:
    _error(scim("GET", f'{path}?filter=id eq "x"'), 403)
    assert scim("GET", '/ServiceProviderConfig?filter=id eq "x"').status_code == 200


@pytest.mark.parametrize("path", ["/ServiceProviderConfig", "/ResourceTypes", "/Schemas", f"/Schemas/{USER}"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_discovery_writes_are_405_with_allow(scim: ScimCaller, method: str, path: str) -> None:
    answer = scim(method, path, {})
    _error(answer, 405)
    assert answer.headers["Allow"] == "GET"


def test_the_configuration_needs_no_credentials_and_the_lists_do(app: Flask, tenant: Tenant) -> None:
    nobody = ScimCaller(app, None)
    assert nobody("GET", "/ServiceProviderConfig").status_code == 200
    for path in ("/Schemas", "/ResourceTypes", "/Users", "/Me", "/"):
        _error(nobody("GET", path), 401)


@pytest.mark.parametrize("accept", ["application/scim+json", "application/json", "*/*", "text/html"])
def test_answers_are_exactly_scim_json_whatever_is_accepted(scim: ScimCaller, accept: str) -> None:
    for answer in (
        scim("GET", "/Users", Accept=accept),
        scim("POST", "/Users", {"userName": "ada"}, Accept=accept),
        scim("GET", "/Users/nobody", Accept=accept),
        scim("GET", "/ServiceProviderConfig", Accept=accept),
    ):
        assert answer.headers["Content-Type"] == "application/scim+json"


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/scim+json", 201),
        ("application/json", 201),
        ("Application/SCIM+JSON; charset=UTF-8; x=y", 201),
        ("application/json;charset=utf-8", 201),
        ("text/plain", 415),
        ("application/xml", 415),
        ("application/x-www-form-urlencoded", 415),
    ],
)
def test_json_of_both_names_is_taken_and_nothing_else(scim: ScimCaller, kind: str, status: int) -> None:
    answer = scim("POST", "/Users", b'{"userName":"ada"}', Content_Type=kind)
    assert answer.status_code == status
    if status != 201:
        _error(answer, status)


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer wrong", "Basic YTpi", "Digest x"])
def test_a_401_carries_www_authenticate_and_a_scim_error(
    app: Flask, tenant: Tenant, header: str | None
) -> None:
    nobody = ScimCaller(app, None)
    answer = nobody("GET", "/Users", **({} if header is None else {"Authorization": header}))
    _error(answer, 401)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "scim_type"),
    [
        ("GET", "/Users/nobody", None, 404, None),
        ("GET", "/Nothing", None, 404, None),
        ("GET", "/Users/a/b/c", None, 404, None),
        ("PUT", "/Users", {}, 405, None),
        ("BREW", "/Users", None, 405, None),
        ("POST", "/Users", b"{", 400, "invalidSyntax"),
        ("POST", "/Users", {}, 400, "invalidValue"),
        ("GET", "/Users?filter=x", None, 400, "invalidFilter"),
        ("GET", "/Me", None, 501, None),
        ("POST", "/Users", b"x" * (1 << 21), 413, None),
    ],
)
def test_every_error_is_a_scim_error_with_its_status_as_a_string(
    scim: ScimCaller, method: str, path: str, body: Any, status: int, scim_type: str | None
) -> None:
    _error(scim(method, path, body), status, scim_type)


def test_paths_beside_the_api_are_scim_errors_too(scim: ScimCaller) -> None:
    for prefix in ("/scim", "/scim/v1", "/scim/v2x", "/t/acme/scim", "/t/acme/scim/v3"):
        scim.prefix = prefix
        _error(scim("GET", "/Users"), 404)


def test_a_defect_is_a_500_and_a_database_away_is_a_503_as_scim_errors(
    scim: ScimCaller, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = _created(scim)

    def fails(error: Exception) -> int:
        def fail(*_arguments: Any) -> None:
            raise error

        monkeypatch.setattr("app.directory.wires.wire_row", fail)
        answer = scim("GET", f"/Users/{user['id']}")
        assert "secret" not in _error(answer, answer.status_code)
        return int(answer.status_code)

    assert fails(RuntimeError("secret")) == 500
    assert fails(OperationalError("SELECT secret", {}, Exception("secret"))) == 503


LONG = "q" * 5_000


@pytest.mark.parametrize(
    ("method", "path", "body", "headers"),
    [
        ("GET", f"/Users/{LONG}", None, {}),
        ("GET", f"/{LONG}", None, {}),
        (LONG, "/Users", None, {}),
        ("GET", f"/Schemas/{LONG}", None, {}),
        ("GET", f"/Users?filter={LONG[:4000]} eq 1", None, {}),
        ("GET", f"/Users?sortBy={LONG}", None, {}),
        ("GET", f"/Users?sortBy=userName&sortOrder={LONG}", None, {}),
        ("GET", f"/Users?count={LONG}", None, {}),
        ("GET", f"/Users?cursor={LONG}", None, {}),
        ("POST", "/Users", {"userName": {LONG: 1}}, {}),
        ("POST", "/Users", {"userName": "a", "active": LONG}, {}),
        ("POST", "/Users", {"userName": "a", "schemas": [LONG]}, {}),
        ("POST", "/Users", {"userName": "a", "emails": [{"value": LONG}]}, {}),
        ("POST", "/Users", {"userName": "a", "externalId": LONG}, {}),
        ("POST", "/Groups", {"displayName": "a", "members": [{"value": LONG}]}, {}),
        ("POST", "/Bulk", {"Operations": [{"method": LONG, "path": f"/{LONG}"}]}, {}),
        ("POST", "/Users", b"{", {"Content-Type": LONG}),
        ("PATCH", "/Users/{id}", {"Operations": [{"op": LONG}]}, {}),
        ("PATCH", "/Users/{id}", {"Operations": [{"op": "add", "path": LONG, "value": 1}]}, {}),
        (
            "PATCH",
            "/Users/{id}",
            {"Operations": [{"op": "add", "path": f'emails[{LONG[:3000]} eq "1"]', "value": 1}]},
            {},
        ),
        ("PATCH", "/Users/{id}", {"Operations": [{"op": "add", "path": "active", "value": LONG}]}, {}),
        ("PUT", "/Users/{id}", {"userName": "a"}, {"If-Match": LONG}),
        ("GET", "/Users", None, {"Authorization": f"Bearer {LONG}"}),
    ],
)
def test_no_more_than_200_characters_of_the_input_are_echoed(
    scim: ScimCaller, method: str, path: str, body: Any, headers: dict[str, str]
) -> None:
    user = _created(scim, "someone")
    sent = {name.replace("-", "_"): value for name, value in headers.items()}
    answer = scim(method, path.replace("{id}", user["id"]), body, **sent)
    assert answer.status_code >= 400 or path == "/Bulk", answer.text[:300]
    assert "q" * 201 not in answer.text
    assert not any("q" * 201 in value for value in answer.headers.values())


def test_an_identical_type_and_value_is_stored_once(scim: ScimCaller) -> None:
    work = {"type": "work", "value": "ada@example.com"}
    user = _created(
        scim, emails=[work, {**work, "type": "WORK"}, {"type": "home", "value": "ada@example.com"}]
    )
    assert [(each["type"], each["value"]) for each in user["emails"]] == [
        ("work", "ada@example.com"),
        ("home", "ada@example.com"),
    ]
    again = _patch(scim, user, {"op": "add", "path": "emails", "value": [work]}).json
    assert (again["emails"], again["meta"]["version"]) == (user["emails"], user["meta"]["version"])


def test_a_new_primary_demotes_the_old_one_and_two_in_one_body_are_refused(scim: ScimCaller) -> None:
    old, new = {"value": "old@example.com", "primary": True}, {"value": "new@example.com", "primary": True}
    user = _created(scim, emails=[old])
    emails = _patch(scim, user, {"op": "add", "path": "emails", "value": [new]}).json["emails"]
    assert [each["value"] for each in emails if each.get("primary")] == ["new@example.com"]
    for method, path in (("POST", "/Users"), ("PUT", f"/Users/{user['id']}")):
        detail = _error(scim(method, path, {"userName": "b", "emails": [old, new]}), 400, "invalidValue")
        assert "primary" in detail


@pytest.mark.parametrize("nothing", ["", None, []])
def test_nothing_unassigns_whatever_its_form(scim: ScimCaller, nothing: Any) -> None:
    values = {"title": "x", "emails": [{"value": "a@b.c"}], ENTERPRISE: {"department": "R"}}
    user = _created(scim, **values)
    said = _patch(
        scim,
        user,
        {"op": "replace", "path": "title", "value": nothing},
        {"op": "replace", "value": {"emails": nothing, f"{ENTERPRISE}:department": nothing}},
    ).json
    assert set(said) == {"schemas", "userName", "active", "id", "meta"}
    user = _created(scim, "b", **values)
    body = {
        "userName": "b",
        "title": nothing,
        "emails": nothing,
        ENTERPRISE: nothing if nothing != "" else None,
    }
    assert "title" not in scim("PUT", f"/Users/{user['id']}", body).json  # type: ignore[operator]
    assert not {"title", "emails"} & set(_created(scim, "c", title=nothing, emails=nothing))


def test_names_operators_and_urns_are_read_in_any_case(scim: ScimCaller) -> None:
    body = {
        "SCHEMAS": [USER.upper()],
        "USERNAME": "ada",
        "Title": "x",
        ENTERPRISE.upper(): {"DEPARTMENT": "R"},
    }
    said = scim("POST", "/Users", body).json
    assert (said["userName"], said["title"], said[ENTERPRISE]) == ("ada", "x", {"department": "R"})  # type: ignore[index]
    for text in (
        'USERNAME EQ "ADA"',
        f'{ENTERPRISE.upper()}:Department Eq "r"',
        'userName SW "A" AND title PR',
    ):
        assert _read(scim, f"/Users?filter={text}")["totalResults"] == 1


def test_values_follow_case_exact(scim: ScimCaller) -> None:
    user = _created(scim, "Ada", externalId="AbC", title="Boss")
    for text, number in (
        ('userName eq "aDA"', 1),
        ('title eq "bOSS"', 1),
        ('externalId eq "AbC"', 1),
        ('externalId eq "abc"', 0),
        (f'id eq "{user["id"].upper()}"', 0),
    ):
        assert _read(scim, f"/Users?filter={text}")["totalResults"] == number, text
    assert user["userName"] == "Ada"


def test_user_names_are_compared_composed_and_lower_and_never_folded(scim: ScimCaller) -> None:
    _created(scim, "jos\u00e9")
    _error(scim("POST", "/Users", {"userName": "JOSE\u0301"}), 409, "uniqueness")
    _created(scim, "stra\u00dfe")
    _created(scim, "strasse")
    assert _read(scim, "/Users")["totalResults"] == 3


def _log_of(app: Flask, tenant: Tenant, client: str) -> list[dict[str, Any]]:
    app.extensions["rollcall.inbound"].flush()
    with reading() as connection:
        return inbound.listed(connection, tenant.id, clients.named(connection, tenant.id, client).id)


def test_what_is_unknown_is_dropped_and_listed_in_the_clients_log(
    app: Flask, tenant: Tenant, scim: ScimCaller
) -> None:
    user = _created(scim, shoeSize=43, name={"givenName": "Ada", "nick": "A"}, **{"urn:x:Unknown": {"a": 1}})
    assert set(user) == {"schemas", "userName", "name", "active", "id", "meta"}
    assert user["name"] == {"givenName": "Ada"}
    assert _patch(scim, user, {"op": "add", "value": {"hatSize": 7, "title": "x"}}).json["title"] == "x"
    dropped = {name for row in _log_of(app, tenant, "idp") for name in row["dropped"]}
    assert {"shoeSize", "name.nick", "urn:x:Unknown", "hatSize"} <= dropped


def test_a_strict_client_is_refused_what_is_unknown(
    app: Flask, tenant: Tenant, caller: Callable[..., ScimCaller]
) -> None:
    with writing() as connection:
        clients.create(connection, tenant.id, "careful", {"strict": "true"})
    strict = caller("careful")
    user = _created(strict)
    for unknown in ({"shoeSize": 43}, {"name": {"nick": "A"}}, {"urn:x:Unknown": {"a": 1}}):
        name = next(iter(unknown))
        assert name in _error(strict("POST", "/Users", {"userName": "b", **unknown}), 400, "invalidValue")
        _error(_patch(strict, user, {"op": "add", "value": unknown}), 400, "invalidValue")
    assert _read(strict, "/Users")["totalResults"] == 1
    assert [row["status"] for row in _log_of(app, tenant, "careful")] == [400] * 6


def test_an_unknown_patch_path_is_refused_whoever_asks(scim: ScimCaller) -> None:
    user = _created(scim)
    for path in ("shoeSize", "name.nick", "urn:x:Unknown:a", f"{ENTERPRISE}:shoeSize"):
        _error(_patch(scim, user, {"op": "replace", "path": path, "value": 1}), 400, "invalidPath")


def test_a_password_is_accepted_and_discarded(app: Flask, tenant: Tenant, scim: ScimCaller) -> None:
    user = _created(scim, password="Hunter2!")
    version = user["meta"]["version"]
    assert (
        _patch(scim, user, {"op": "replace", "path": "password", "value": "Other3!"}).json["meta"]["version"]
        == version
    )
    assert _read(scim, "/ServiceProviderConfig")["changePassword"] == {"supported": False}
    assert _log_of(app, tenant, "idp") == []
    with reading() as connection:
        kept = str(directory.revisions(connection, tenant.id, user["id"]))
        document = str(directory.get(connection, tenant.id, user["id"]))
    assert "assword" not in kept + document
    assert "Hunter2!" not in kept + document


def test_sources_are_shown_as_a_read_only_list(tenant: Tenant, scim: ScimCaller) -> None:
    record = {"system": "jazzhr", "recordId": "r1"}
    person = {"schemas": [USER, HR], "userName": "ada", "active": True, HR: {"sources": [record]}}
    with writing() as connection:
        held = directory.create(connection, tenant.id, directory.Actor("source", "1"), person)
    shown = _read(scim, f"/Users/{held.id}")
    assert shown[HR] == {"sources": [record]}
    assert "externalId" not in shown
    _error(_patch(scim, shown, {"op": "remove", "path": f"{HR}:sources"}), 400, "mutability")
    body = {"userName": "ada", HR: {"sources": [{"system": "mine", "recordId": "x"}]}}
    assert scim("PUT", f"/Users/{held.id}", body).json[HR] == {"sources": [record]}  # type: ignore[index]


def test_put_leaves_a_sources_value_unless_it_says_null(tenant: Tenant, scim: ScimCaller) -> None:
    person = {"schemas": [USER], "userName": "ada", "active": True, "title": "Analyst", "nickName": "A"}
    with writing() as connection:
        held = directory.create(connection, tenant.id, directory.Actor("source", "1"), person)
    path = f"/Users/{held.id}"
    assert scim("PUT", path, {"userName": "ada", "locale": "en"}).json["title"] == "Analyst"  # type: ignore[index]
    cleared = scim("PUT", path, {"userName": "ada", "title": None}).json
    assert "title" not in cleared  # type: ignore[operator]
    assert "locale" not in cleared  # type: ignore[operator]
    assert cleared["nickName"] == "A"  # type: ignore[index]


def test_sorting_by_a_sensitive_attribute_needs_its_scope(
    scim: ScimCaller, caller: Callable[..., ScimCaller]
) -> None:
    secretary = caller("hr", "scim:write", "scim:sensitive")
    for name, day in (("b", "1815-12-10"), ("a", "1906-12-09")):
        _created(secretary, name, **{HR: {"dateOfBirth": day}})
    query = f"/Users?sortBy={HR}:dateOfBirth"
    _error(scim("GET", query), 403, "sensitive")
    assert [each["userName"] for each in _read(secretary, query)["Resources"]] == ["b", "a"]


def test_me_is_501_unless_the_token_is_bound_to_an_employee(
    app: Flask, tenant: Tenant, scim: ScimCaller
) -> None:
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        _error(scim(method, "/Me", {}), 501)
    user = _created(scim)
    with writing() as connection:
        issued = tokens.create(connection, tenant, "ada", scopes=("scim:write",), employee_id=user["id"])
    me = ScimCaller(app, issued.text)
    assert _read(me, "/Me")["id"] == user["id"]
    operations = [{"op": "replace", "path": "title", "value": "x"}]
    assert me("PATCH", "/Me", {"schemas": [PATCH_OP], "Operations": operations}).json["title"] == "x"  # type: ignore[index]
    assert me("PUT", "/Me", {"userName": "ada", "title": "y"}).json["title"] == "y"  # type: ignore[index]
    assert me("DELETE", "/Me").status_code == 204
    _error(me("GET", "/Me"), 404)


def test_every_url_in_answers_comes_from_the_public_url(
    settings: Settings, tenant: Tenant, token: str
) -> None:
    public = "https://people.example.com"
    app = create_app(make_settings(settings.database_url, settings.instance_path, public_url=public))
    with app.app_context():
        scim = ScimCaller(app, token)
        boss = _created(scim, "boss")
        user = _created(scim, **{ENTERPRISE: {"manager": {"value": boss["id"]}}})
        body = {"displayName": "All", "members": [{"value": user["id"]}]}
        group = scim("POST", "/Groups", body, Host="evil.example")
        texts = [
            scim("GET", path, Host="evil.example", X_Forwarded_Host="evil.example").text
            for path in ("/Users", "/Groups", "/", "/Schemas", "/ResourceTypes", "/ServiceProviderConfig")
        ]
        db.engine.dispose()
    assert group.headers["Location"].startswith(f"{public}/scim/v2/Groups/")
    assert user[ENTERPRISE]["manager"]["$ref"] == f"{public}/scim/v2/Users/{boss['id']}"
    for text in (*texts, group.text):
        assert f"{public}/scim/v2/" in text
        assert "evil.example" not in text
        assert "localhost" not in text


@pytest.mark.parametrize(
    "address", ["x@corp.local", "a@localhost", "MiXed.Case+tag@Example.COM", "\u00fc@\u00fc.example"]
)
def test_e_mail_values_of_any_domain_are_kept_as_written(scim: ScimCaller, address: str) -> None:
    user = _created(scim, address, emails=[{"type": "work", "value": address}])
    assert (user["userName"], user["emails"][0]["value"]) == (address, address)
    assert _read(scim, f"/Users/{user['id']}")["emails"][0]["value"] == address


def test_a_group_needs_a_name_and_its_schema_is_named(scim: ScimCaller) -> None:
    assert "displayName" in _error(scim("POST", "/Groups", {"schemas": [GROUP]}), 400, "invalidValue")
