"""/Users as clients use it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from scim.resources import ENTERPRISE, HR, USER
from tests.web.scim.conftest import ScimCaller

PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


def _person(user_name: str = "ada@example.com", **more: Any) -> dict[str, Any]:
    return {"schemas": [USER], "userName": user_name, **more}


def _created(scim: ScimCaller, user_name: str = "ada@example.com", **more: Any) -> dict[str, Any]:
    answer = scim("POST", "/Users", _person(user_name, **more))
    assert answer.status_code == 201, answer.text
    return dict(answer.json or {})


def _patched(scim: ScimCaller, user: dict[str, Any], *operations: dict[str, Any], **headers: str) -> Any:
    return scim(
        "PATCH", f"/Users/{user['id']}", {"schemas": [PATCH_OP], "Operations": list(operations)}, **headers
    )


def _error(answer: Any, status: int, scim_type: str | None = None) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/scim+json"
    assert answer.json["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    assert answer.json["status"] == str(status)
    assert answer.json.get("scimType") == scim_type
    assert answer.json["detail"]
    return dict(answer.json)


def test_a_created_user_is_answered_in_full(scim: ScimCaller) -> None:
    answer = scim(
        "POST",
        "/Users",
        _person(externalId="x1", name={"givenName": "Ada"}, **{ENTERPRISE: {"department": "R"}}),
    )
    user = answer.json
    assert answer.status_code == 201
    assert answer.content_type == "application/scim+json"
    assert user is not None
    assert (
        answer.headers["Location"]
        == user["meta"]["location"]
        == f"http://localhost/scim/v2/Users/{user['id']}"
    )
    assert answer.headers["ETag"] == user["meta"]["version"] == 'W/"1"'
    assert user["meta"]["resourceType"] == "User"
    assert user["meta"]["created"] == user["meta"]["lastModified"]
    assert user["schemas"] == [USER, ENTERPRISE]
    assert (user["userName"], user["externalId"], user["active"]) == ("ada@example.com", "x1", True)
    assert scim("GET", f"/Users/{user['id']}").json == user


def test_a_manager_is_named_by_value_and_the_server_adds_the_reference(scim: ScimCaller) -> None:
    boss = _created(scim, "boss@example.com")
    user = _created(scim, **{ENTERPRISE: {"manager": {"value": boss["id"]}}})
    assert user[ENTERPRISE]["manager"]["$ref"] == boss["meta"]["location"]
    assert (
        _patched(scim, user, {"op": "replace", "path": "title", "value": "x"}).json[ENTERPRISE]
        == user[ENTERPRISE]
    )


def test_a_client_chosen_id_selects_nothing(scim: ScimCaller) -> None:
    user = _created(scim, id="42", externalId="42")
    assert user["id"] != "42"
    _error(scim("GET", "/Users/42"), 404)
    assert scim("PUT", f"/Users/{user['id']}", _person(id="43")).json["id"] == user["id"]


def test_an_equal_user_name_is_refused_in_any_case(scim: ScimCaller) -> None:
    _created(scim, "Ada@Example.com")
    error = _error(scim("POST", "/Users", _person("ada@EXAMPLE.com")), 409, "uniqueness")
    assert "userName" in error["detail"]


def test_fifty_equal_posts_at_once_make_one_user(scim: ScimCaller) -> None:
    statuses: list[int] = []
    barrier = threading.Barrier(50)

    def post() -> None:
        barrier.wait()
        statuses.append(scim("POST", "/Users", _person()).status_code)

    for _ in range(2):
        threads = [threading.Thread(target=post) for _ in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(set(statuses)) in ([201, 409], [409])
    assert statuses.count(201) == 1


def test_external_ids_belong_to_the_client_that_wrote_them(
    scim: ScimCaller, caller: Callable[..., ScimCaller]
) -> None:
    other = caller("hr-system")
    user = _created(scim, externalId="mine")
    assert "externalId" not in other("GET", f"/Users/{user['id']}").json
    assert (
        _patched(other, user, {"op": "add", "path": "externalId", "value": "theirs"}).json["externalId"]
        == "theirs"
    )
    assert scim("GET", f"/Users/{user['id']}").json["externalId"] == "mine"
    assert scim("GET", '/Users?filter=externalId eq "theirs"').json["totalResults"] == 0
    assert other("GET", '/Users?filter=externalId eq "theirs"').json["totalResults"] == 1


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('userName eq "ADA@example.com"', ["ada@example.com"]),
        ('userName sw "a" or displayName eq "grace"', ["ada@example.com", "grace@example.com"]),
        ('emails[type eq "work" and value co "@example"]', ["ada@example.com"]),
        ("active eq false", ["grace@example.com"]),
        (f'{ENTERPRISE}:department eq "r"', ["ada@example.com"]),
        ('userName eq "nobody"', []),
    ],
)
def test_a_filter_lists_whom_it_fits(scim: ScimCaller, text: str, names: list[str]) -> None:
    emails = [{"type": "work", "value": "ada@example.com"}]
    _created(scim, "ada@example.com", emails=emails, **{ENTERPRISE: {"department": "R"}})
    _created(scim, "grace@example.com", displayName="Grace", active=False)
    answer = scim("GET", f"/Users?filter={text.replace('&', '%26')}").json
    assert [user["userName"] for user in answer["Resources"]] == names
    assert answer["totalResults"] == len(names)


def test_pages_cover_everyone_once(scim: ScimCaller) -> None:
    for number in range(7):
        _created(scim, f"u{number}")
    seen = []
    for start in (1, 4, 7, 10):
        page = scim("GET", f"/Users?startIndex={start}&count=3").json
        assert page["totalResults"] == 7
        assert page["startIndex"] == start
        assert page["itemsPerPage"] == len(page["Resources"])
        seen += [user["userName"] for user in page["Resources"]]
    assert seen == [f"u{number}" for number in range(7)]
    assert scim("GET", "/Users?count=0").json["Resources"] == []


def test_put_replaces_what_the_client_could_know(scim: ScimCaller) -> None:
    user = _created(scim, title="x", nickName="y", externalId="x1")
    answer = scim("PUT", f"/Users/{user['id']}", _person("new@example.com", title="z"))
    assert answer.status_code == 200
    assert answer.json["userName"] == "new@example.com"
    assert answer.json["title"] == "z"
    assert "nickName" not in answer.json
    assert "externalId" not in answer.json
    assert answer.headers["ETag"] == 'W/"2"'


def test_put_without_active_lets_nobody_in_again(scim: ScimCaller) -> None:
    user = _created(scim, active=False)
    assert scim("PUT", f"/Users/{user['id']}", _person(title="x")).json["active"] is False


def test_put_never_clears_by_omission_what_is_never_shown(
    scim: ScimCaller, caller: Callable[..., ScimCaller]
) -> None:
    secretary = caller("hr", "scim:write", "scim:sensitive")
    user = _created(secretary, **{HR: {"dateOfBirth": "1815-12-10", "startDate": "1833-06-05"}})
    assert scim("PUT", f"/Users/{user['id']}", _person()).status_code == 200
    seen = secretary("GET", f"/Users/{user['id']}?attributes={HR}:dateOfBirth,{HR}:startDate").json
    assert seen[HR] == {"dateOfBirth": "1815-12-10"}
    assert scim("PUT", f"/Users/{user['id']}", _person(**{HR: {"dateOfBirth": None}})).status_code == 200
    assert HR not in secretary("GET", f"/Users/{user['id']}?attributes={HR}:dateOfBirth").json


def test_sensitive_values_need_their_scope(scim: ScimCaller, caller: Callable[..., ScimCaller]) -> None:
    secretary = caller("hr", "scim:write", "scim:sensitive")
    user = _created(secretary, **{HR: {"gender": "female"}})
    assert "female" not in scim("GET", f"/Users/{user['id']}?attributes={HR}:gender").text
    assert "female" not in secretary("GET", f"/Users/{user['id']}").text
    assert "female" in secretary("GET", f"/Users/{user['id']}?attributes={HR}:gender").text
    _error(scim("GET", f'/Users?filter={HR}:gender eq "female"'), 403, "sensitive")
    assert secretary("GET", f'/Users?filter={HR}:gender eq "female"').json["totalResults"] == 1


@pytest.mark.parametrize("path", ["password", f"{HR}:salary.amount", f"{HR}:nationalId.value"])
def test_what_is_never_returned_cannot_be_probed(scim: ScimCaller, path: str) -> None:
    body = _person(
        password="Hunter2!", **{HR: {"salary": {"amount": 72001}, "nationalId": {"value": "078051120"}}}
    )
    answer = scim("POST", "/Users", body)
    assert answer.status_code == 201
    for text in (answer.text, scim("GET", f"/Users/{answer.json['id']}?attributes={path},userName").text):
        assert not any(secret in text for secret in ("Hunter2", "72001", "078051120"))
    _error(scim("GET", f"/Users?filter={path} pr"), 400, "invalidFilter")


def test_patch_answers_with_the_resource_and_204_when_asked_for_little(scim: ScimCaller) -> None:
    user = _created(scim)
    answer = _patched(scim, user, {"op": "Replace", "value": {"active": "False"}})
    assert answer.status_code == 200
    assert answer.json["active"] is False
    minimal = _patched(
        scim, user, {"op": "replace", "path": "active", "value": True}, Prefer="return=minimal"
    )
    assert (minimal.status_code, minimal.data, minimal.headers["ETag"]) == (204, b"", 'W/"3"')


def test_a_change_that_changes_nothing_keeps_version_and_last_modified(scim: ScimCaller) -> None:
    user = _created(scim, title="x")
    assert _patched(scim, user, {"op": "replace", "path": "title", "value": "x"}).json["meta"] == user["meta"]
    assert scim("PUT", f"/Users/{user['id']}", _person(title="x")).json["meta"] == user["meta"]


def test_a_failed_patch_writes_nothing(scim: ScimCaller) -> None:
    user = _created(scim, title="x")
    answer = _patched(
        scim,
        user,
        {"op": "replace", "path": "title", "value": "y"},
        {"op": "replace", "path": "bogus", "value": 1},
    )
    _error(answer, 400, "invalidPath")
    assert scim("GET", f"/Users/{user['id']}").json == user


def test_a_deleted_user_is_gone_and_the_name_is_free(scim: ScimCaller) -> None:
    user = _created(scim)
    assert scim("DELETE", f"/Users/{user['id']}").status_code == 204
    _error(scim("GET", f"/Users/{user['id']}"), 404)
    _error(scim("DELETE", f"/Users/{user['id']}"), 404)
    assert _created(scim)["id"] != user["id"]


def test_conditions_guard_reads_and_writes(scim: ScimCaller) -> None:
    user = _created(scim)
    path = f"/Users/{user['id']}"
    unchanged = scim("GET", path, If_None_Match='W/"1"')
    assert (unchanged.status_code, unchanged.data) == (304, b"")
    _error(scim("PUT", path, _person(title="x"), If_Match='W/"9"'), 412)
    _error(scim("DELETE", path, If_Match='"9"'), 412)
    assert scim("PUT", path, _person(title="x"), If_Match='W/"1"').status_code == 200
    _error(_patched(scim, user, {"op": "remove", "path": "title"}, If_Match='W/"1"'), 412)


def test_attributes_and_excluded_attributes_choose(scim: ScimCaller) -> None:
    user = _created(scim, title="x", name={"givenName": "Ada", "familyName": "L"})
    path = f"/Users/{user['id']}"
    assert set(scim("GET", f"{path}?attributes=TITLE").json) == {"schemas", "id", "title"}
    assert scim("GET", f"{path}?attributes=name.givenName").json["name"] == {"givenName": "Ada"}
    assert "title" not in scim("GET", f"{path}?excludedAttributes=title").json
    assert set(scim("GET", "/Users?attributes=userName").json["Resources"][0]) == {
        "schemas",
        "id",
        "userName",
    }
    assert set(scim("POST", "/Users?attributes=userName", _person("b")).json) == {"schemas", "id", "userName"}


@pytest.mark.parametrize(
    ("body", "content_type", "status", "scim_type"),
    [
        (b"{", "application/scim+json", 400, "invalidSyntax"),
        (b"[]", "application/scim+json", 400, "invalidSyntax"),
        (b"", "application/scim+json", 400, "invalidSyntax"),
        (b'{"userName": NaN}', "application/json", 400, "invalidSyntax"),
        (b'{"userName": "a\\u0000b"}', "application/json", 400, "invalidSyntax"),
        (b'{"userName": "\\ud800"}', "application/json", 400, "invalidSyntax"),
        (b'{"userName": 1e999}', "application/json", 400, "invalidSyntax"),
        (b"[" * 100_000, "application/json", 400, "invalidSyntax"),
        (b'{"userName": 1}', "application/json; charset=utf-8", 400, "invalidValue"),
        (b"{}", "application/json", 400, "invalidValue"),
        (b'{"userName":"a"}', "text/plain", 415, None),
        (b" " * (1 << 20) + b"{}", "application/json", 413, None),
    ],
)
def test_bad_bodies_are_refused_by_name(
    scim: ScimCaller, body: bytes, content_type: str, status: int, scim_type: str | None
) -> None:
    _error(scim("POST", "/Users", body, Content_Type=content_type), status, scim_type)
    assert scim("GET", "/Users").json["totalResults"] == 0


def test_nobody_gets_in_without_a_good_token(scim: ScimCaller) -> None:
    for header in ("", "Bearer", "Bearer rc_x_y", "Basic YTpi"):
        answer = scim("GET", "/Users", Authorization=header)
        _error(answer, 401)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_reader_may_not_write(caller: Callable[..., ScimCaller]) -> None:
    reader = caller("auditor", "scim:read")
    assert reader("GET", "/Users").status_code == 200
    for method, path in (
        ("POST", "/Users"),
        ("PUT", "/Users/x"),
        ("PATCH", "/Users/x"),
        ("DELETE", "/Users/x"),
    ):
        assert "scim:write" in _error(reader(method, path, _person()), 403)["detail"]


def test_the_tenant_in_the_path_must_be_the_tokens(scim: ScimCaller) -> None:
    scim.prefix = "/t/acme/scim/v2"
    assert scim("GET", "/Users").status_code == 200
    assert _created(scim)["meta"]["location"].startswith("http://localhost/t/acme/scim/v2/Users/")
    scim.prefix = "/t/other/scim/v2"
    _error(scim("GET", "/Users"), 401)


def test_a_strange_host_header_is_not_believed(scim: ScimCaller) -> None:
    user = _created(scim)
    location = scim("GET", f"/Users/{user['id']}", Host="evil.example").json["meta"]["location"]
    assert location.startswith("http://localhost")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/Nothing", 404),
        ("GET", "/Users/x/y", 404),
        ("DELETE", "/Users", 405),
        ("POST", "/Schemas", 405),
        ("PUT", "/ServiceProviderConfig", 405),
        ("PATCH", "/ResourceTypes", 405),
        ("GET", "/Me", 501),
        ("GET", "/Schemas?filter=id pr", 403),
        ("GET", "/ResourceTypes?filter=id pr", 403),
        ("GET", "/Users?filter=userName ge", 400),
        ("GET", "/Users?startIndex=x", 400),
    ],
)
def test_what_is_not_offered_is_a_scim_error(scim: ScimCaller, method: str, path: str, status: int) -> None:
    answer = scim(method, path)
    _error(answer, status, (answer.json or {}).get("scimType"))
    if status == 405:
        assert "GET" in answer.headers["Allow"]


def test_discovery_describes_what_is_served(scim: ScimCaller) -> None:
    config = ScimCaller(scim.app, None)("GET", "/ServiceProviderConfig?filter=x")
    assert config.status_code == 200
    assert config.json["patch"]["supported"] is True
    assert [found["name"] for found in scim("GET", "/ResourceTypes").json["Resources"]] == ["User", "Group"]
    assert scim("GET", "/ResourceTypes/user").json["endpoint"] == "/Users"
    listed = {schema["id"] for schema in scim("GET", "/Schemas").json["Resources"]}
    assert {USER, ENTERPRISE, HR} <= listed
    assert scim("GET", f"/Schemas/{HR.upper()}").json["id"] == HR
    _error(scim("GET", "/Schemas/urn:nothing"), 404)


def test_unknown_parameters_and_attributes_are_ignored(scim: ScimCaller) -> None:
    user = _created(scim, favouriteColour="green", **{"urn:unknown:User": {"a": 1}})
    assert "favouriteColour" not in user
    assert scim("GET", f"/Users/{user['id']}?aadOptscim062020&x=1").status_code == 200


@pytest.mark.parametrize("path", ["/.search", "/Users/.search"])
def test_a_search_by_post_is_the_query_in_a_body(
    caller: Callable[..., ScimCaller], scim: ScimCaller, path: str
) -> None:
    reader = caller("auditor", "scim:read")
    for number in range(3):
        _created(scim, f"u{number}", title="x")
    body = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
        "filter": 'userName sw "U"',
        "attributes": ["userName"],
        "startIndex": 2,
        "count": 1,
    }
    answer = reader("POST", path, body)
    assert answer.status_code == 200, answer.text
    assert (answer.json["totalResults"], answer.json["startIndex"], answer.json["itemsPerPage"]) == (3, 2, 1)
    assert set(answer.json["Resources"][0]) == {"schemas", "id", "userName"}
    _error(reader("POST", path, {**body, "count": "x"}), 400, "invalidValue")
    _error(reader("POST", path, {**body, "schemas": [USER]}), 400, "invalidSyntax")


def test_sensitive_attributes_are_described_to_those_who_may_read_them(
    scim: ScimCaller, caller: Callable[..., ScimCaller]
) -> None:
    def described(by: ScimCaller) -> set[str]:
        return {attribute["name"] for attribute in by("GET", f"/Schemas/{HR}").json["attributes"]}

    everything = described(caller("hr", "scim:read", "scim:sensitive"))
    assert everything - described(scim) == {"dateOfBirth", "gender", "nationalId", "salary"}
