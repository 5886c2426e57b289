"""What identity providers really send works without a switch (scim.md §1, §2): whole lives, and each oddity by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.access.tenants import Tenant
from scim.resources import ENTERPRISE, GROUP, USER
from tests.web.scim.conftest import ScimCaller
from tests.web.scim.dialects import (
    entra_id,
    entra_id_flag,
    google_workspace,
    jumpcloud,
    okta,
    onelogin,
    ping,
    rippling,
)
from tests.web.scim.dialects.script import NOBODY, Play, Script, Step, patch, unlike

CLIENTS = (entra_id, entra_id_flag, google_workspace, jumpcloud, okta, onelogin, ping, rippling)
SCRIPTS = [script for client in CLIENTS for script in client.SCRIPTS]
#: What every client does in its life; Google Workspace sends no groups.
METHODS = {"GET", "POST", "DELETE"}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.client)
def test_a_client_lives_its_whole_life(
    script: Script, caller: Callable[..., ScimCaller], tenant: Tenant
) -> None:
    Play(caller(script.client), tenant).run(script)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.client)
def test_a_life_goes_from_the_connection_test_to_the_removal(script: Script) -> None:
    assert script.steps[0].method == "GET"
    assert {step.method for step in script.steps} >= METHODS
    active = [each["active"] for step in script.steps for each in step.people.values() if _says_active(each)]
    assert active[0] is True
    assert False in active
    assert active.index(False) < len(active) - 1 - active[::-1].index(True), "nobody is re-activated"


def _says_active(expected: Any) -> bool:
    return isinstance(expected, dict) and "active" in expected


def test_the_runner_sees_an_answer_and_a_directory_that_differ(scim: ScimCaller, tenant: Tenant) -> None:
    create = Step("creates", "POST", "/Users", {"userName": "ada"}, status=201)
    wrong = (
        Step("creates", "POST", "/Users", {"userName": "b"}, status=200),
        Step("lists", "GET", "/Users", answer={"totalResults": 7}),
        Step("lists", "GET", "/Users", people={"ada": {"active": False}}),
        Step("lists", "GET", "/Users", people={"nobody": {}}),
        Step("lists", "GET", "/Users", groups={"Engineers": []}),
    )
    Play(scim, tenant).run(Script("right", [create]))
    for step in wrong:
        with pytest.raises(AssertionError, match="wrong, step 1: "):
            Play(scim, tenant).run(Script("wrong", [step]))


def test_lists_of_another_length_differ() -> None:
    assert list(unlike({"a": [1]}, {"a": []})) == [".a is [1] and not []"]


# ------------------------------------------------------------------------------------- Entra ID, oddity by oddity


@pytest.fixture
def entra(caller: Callable[..., ScimCaller]) -> ScimCaller:
    """Give a caller of the client ``entra-id``."""
    return caller("entra-id")


def _user(scim: ScimCaller, user_name: str = "ada@contoso.com", **more: Any) -> str:
    answer = scim("POST", "/Users", {"schemas": [USER], "userName": user_name, **more})
    assert answer.status_code == 201, answer.text
    return str(answer.json["id"])  # type: ignore[index]


def _patched(scim: ScimCaller, path: str, *operations: dict[str, Any]) -> dict[str, Any]:
    answer = scim("PATCH", path, patch(*operations))
    assert answer.status_code == 200, answer.text
    return dict(answer.json or {})


@pytest.mark.parametrize("verb", ["Add", "ADD", "add", "Replace", "replace", "rEPLACE"])
def test_entra_writes_verbs_in_any_case(entra: ScimCaller, verb: str) -> None:
    user = _user(entra)
    said = _patched(entra, f"/Users/{user}", {"op": verb, "path": "nickName", "value": "Babs"})
    assert said["nickName"] == "Babs"


@pytest.mark.parametrize("verb", ["Remove", "remove", "REMOVE"])
def test_entra_removes_with_the_verb_in_any_case(entra: ScimCaller, verb: str) -> None:
    user = _user(entra, nickName="Babs")
    assert "nickName" not in _patched(entra, f"/Users/{user}", {"op": verb, "path": "nickName"})


@pytest.mark.parametrize("word", ["False", "false", "FALSE"])
@pytest.mark.parametrize("with_path", [True, False])
def test_entra_false_as_a_string_deactivates(entra: ScimCaller, word: str, with_path: bool) -> None:
    user = _user(entra)
    operation: dict[str, Any] = {"op": "Replace", "value": {"active": word}}
    if with_path:
        operation = {"op": "Replace", "path": "active", "value": word}
    assert _patched(entra, f"/Users/{user}", operation)["active"] is False


def test_entra_true_as_a_string_activates_again(entra: ScimCaller) -> None:
    user = _user(entra, active="False")
    said = _patched(entra, f"/Users/{user}", {"op": "Replace", "path": "active", "value": "True"})
    assert said["active"] is True


def test_entra_dotted_and_urn_keys_in_a_path_less_value_are_paths(entra: ScimCaller) -> None:
    user = _user(entra, name={"givenName": "Ada", "familyName": "Byron"})
    value = {
        "displayName": "Ada Lovelace",
        "name.familyName": "Lovelace",
        f"{ENTERPRISE}:employeeNumber": "1815",
        'emails[type eq "work"].value': "ada@contoso.com",
    }
    said = _patched(entra, f"/Users/{user}", {"op": "replace", "value": value})
    assert said["name"] == {"givenName": "Ada", "familyName": "Lovelace"}
    assert said["displayName"] == "Ada Lovelace"
    assert said[ENTERPRISE] == {"employeeNumber": "1815"}
    assert said["emails"] == [{"type": "work", "value": "ada@contoso.com"}]


@pytest.mark.parametrize("verb", ["Add", "Replace"])
def test_entra_a_work_e_mail_that_matches_nothing_is_created(entra: ScimCaller, verb: str) -> None:
    user = _user(entra, emails=[{"type": "home", "value": "ada@home.example"}])
    operation = {"op": verb, "path": 'emails[type eq "work"].value', "value": "ada@contoso.com"}
    assert _patched(entra, f"/Users/{user}", operation)["emails"] == [
        {"type": "home", "value": "ada@home.example"},
        {"type": "work", "value": "ada@contoso.com"},
    ]


def test_entra_removing_members_with_a_value_list_removes_only_those(entra: ScimCaller) -> None:
    ada, grace, ida = (_user(entra, name) for name in ("ada", "grace", "ida"))
    body = {
        "schemas": [GROUP],
        "displayName": "All",
        "members": [{"value": each} for each in (ada, grace, ida)],
    }
    group = entra("POST", "/Groups", body).json["id"]  # type: ignore[index]
    operation = {"op": "Remove", "path": "members", "value": [{"$ref": None, "value": grace}]}
    said = _patched(entra, f"/Groups/{group}", operation)
    assert {each["value"] for each in said["members"]} == {ada, ida}


@pytest.mark.parametrize("form", ["bare", "object", "list"])
def test_entra_a_manager_may_be_a_bare_string(entra: ScimCaller, form: str) -> None:
    boss, user = _user(entra, "boss"), _user(entra)
    value = {"bare": boss, "object": {"value": boss}, "list": [{"$ref": None, "value": boss}]}[form]
    said = _patched(entra, f"/Users/{user}", {"op": "Add", "path": f"{ENTERPRISE}:manager", "value": value})
    assert said[ENTERPRISE]["manager"]["value"] == boss
    assert said[ENTERPRISE]["manager"]["$ref"].endswith(f"/Users/{boss}")


@pytest.mark.parametrize(
    "operation", [{"op": "Replace", "value": ""}, {"op": "Add", "value": ""}, {"op": "Remove"}]
)
def test_entra_an_empty_manager_removes_it(entra: ScimCaller, operation: dict[str, str]) -> None:
    user = _user(entra, **{ENTERPRISE: {"manager": {"value": _user(entra, "boss")}, "department": "R"}})
    said = _patched(entra, f"/Users/{user}", {"path": f"{ENTERPRISE}:manager", **operation})
    assert said[ENTERPRISE] == {"department": "R"}


@pytest.mark.parametrize(
    "query", ["aadOptscim062020", "aadOptscim062020=true", "AzureAdScimPatch2017", "x=1&y=2"]
)
def test_entra_extra_query_parameters_are_ignored(entra: ScimCaller, query: str) -> None:
    user = _user(entra)
    assert entra("GET", f"/Users/{user}?{query}").status_code == 200
    assert entra("GET", f'/Users?{query}&filter=userName eq "ada@contoso.com"').json["totalResults"] == 1  # type: ignore[index]
    answer = entra("PATCH", f"/Users/{user}?{query}", patch({"op": "Add", "path": "title", "value": "x"}))
    assert answer.json["title"] == "x"  # type: ignore[index]


def test_entra_a_post_without_schemas_is_accepted(entra: ScimCaller) -> None:
    for path, body in (("/Users", {"userName": "ada"}), ("/Groups", {"displayName": "All"})):
        answer = entra("POST", path, body)
        assert answer.status_code == 201, answer.text
        assert answer.json["schemas"] == [USER if path == "/Users" else GROUP]  # type: ignore[index]


def test_entra_a_group_may_name_the_schema_of_active_directory(entra: ScimCaller) -> None:
    answer = entra("POST", "/Groups", {"schemas": [GROUP, entra_id.AD_GROUP], "displayName": "All"})
    assert (answer.status_code, answer.json["schemas"]) == (201, [GROUP])  # type: ignore[index]


@pytest.mark.parametrize(
    "path",
    [
        '/Users?filter=userName eq "7d1f6d1e-6f4b-4f0c-9a57-0d5a3f0e5c11"',
        '/Users?filter=externalId eq "7d1f6d1e-6f4b-4f0c-9a57-0d5a3f0e5c11"',
        '/Users?filter=emails[type eq "work"].value eq "nobody@contoso.com"',
        '/Groups?excludedAttributes=members&filter=displayName eq "7d1f6d1e-6f4b-4f0c-9a57-0d5a3f0e5c11"',
    ],
)
def test_entra_a_keep_alive_look_up_of_an_unknown_user_is_an_empty_list(entra: ScimCaller, path: str) -> None:
    answer = entra("GET", path)
    assert answer.status_code == 200
    assert not list(unlike(answer.json, NOBODY))


# ------------------------------------------------------------------------------------------ Okta, oddity by oddity


@pytest.fixture
def okta_client(caller: Callable[..., ScimCaller]) -> ScimCaller:
    """Give a caller of the client ``okta``."""
    return caller("okta")


def test_okta_a_path_less_active_false_deactivates(okta_client: ScimCaller) -> None:
    user = _user(okta_client, title="x")
    said = _patched(okta_client, f"/Users/{user}", {"op": "replace", "value": {"active": False}})
    assert (said["active"], said["title"]) == (False, "x")


def test_okta_a_path_less_id_and_display_name_rename_a_group(okta_client: ScimCaller) -> None:
    user = _user(okta_client)
    body = {"schemas": [GROUP], "displayName": "Old", "members": [{"value": user}]}
    group = okta_client("POST", "/Groups", body).json["id"]  # type: ignore[index]
    for given in (group, "another"):
        value = {"id": given, "displayName": "New"}
        said = _patched(okta_client, f"/Groups/{group}", {"op": "replace", "value": value})
        assert (said["id"], said["displayName"]) == (group, "New")
        assert [each["value"] for each in said["members"]] == [user]


def test_okta_a_put_of_the_whole_object_as_it_was_read_changes_nothing_else(okta_client: ScimCaller) -> None:
    user = _user(okta_client, name={"givenName": "Ada", "familyName": "User"}, externalId="00u1")
    okta_client("POST", "/Groups", {"schemas": [GROUP], "displayName": "All", "members": [{"value": user}]})
    read = okta_client("GET", f"/Users/{user}").json
    answer = okta_client("PUT", f"/Users/{user}", {**read, "active": False})  # type: ignore[dict-item]
    assert answer.status_code == 200, answer.text
    assert answer.json["meta"]["version"] != read["meta"]["version"]  # type: ignore[index]
    left_out = {"meta", "active"}
    assert {k: v for k, v in answer.json.items() if k not in left_out} == {  # type: ignore[union-attr]
        k: v
        for k, v in read.items()  # type: ignore[union-attr]
        if k not in left_out
    }
    assert answer.json["active"] is False  # type: ignore[index]


# ----------------------------------------------------------------------------------------- the others, by oddity


def test_jumpcloud_a_member_of_value_alone_is_added_and_removed_by_a_list(scim: ScimCaller) -> None:
    user = _user(scim)
    group = scim("POST", "/Groups", {"schemas": [GROUP], "displayName": "All"}).json["id"]  # type: ignore[index]
    added = _patched(scim, f"/Groups/{group}", {"op": "add", "path": "members", "value": [{"value": user}]})
    assert [each["value"] for each in added["members"]] == [user]
    removed = _patched(
        scim, f"/Groups/{group}", {"op": "remove", "path": "members", "value": [{"value": user}]}
    )
    assert "members" not in removed


def test_onelogin_a_template_with_empty_texts_and_a_null_id_leaves_nothing_empty(scim: ScimCaller) -> None:
    body = onelogin.person("ada@example.com", "Ada")
    said = scim("POST", "/Users", body).json
    assert set(said) == {"schemas", "userName", "name", "emails", "active", ENTERPRISE, "id", "meta"}  # type: ignore[arg-type]
    assert said[ENTERPRISE] == {"organization": "Example"}  # type: ignore[index]


def test_ping_the_look_at_user_0_is_a_scim_404(scim: ScimCaller) -> None:
    answer = scim("GET", "/Users/0")
    assert (answer.status_code, answer.json["status"]) == (404, "404")  # type: ignore[index]


def test_google_plain_json_is_taken_and_answered_as_scim(scim: ScimCaller) -> None:
    body = {"schemas": [USER], "userName": "ada@example.com"}
    answer = scim(
        "POST", "/Users", body, Content_Type="application/json", User_Agent="Google-Auto-Provisioning"
    )
    assert (answer.status_code, answer.content_type) == (201, "application/scim+json")


def test_rippling_e_mails_without_a_type_are_kept_and_found(scim: ScimCaller) -> None:
    _user(scim, emails=[{"value": "ada@example.com", "primary": True}])
    for text in (
        'emails[primary eq true and value eq "ada@example.com"]',
        'emails.value eq "ada@example.com"',
    ):
        assert scim("GET", f"/Users?filter={text}").json["totalResults"] == 1  # type: ignore[index]
