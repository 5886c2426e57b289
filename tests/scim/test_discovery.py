"""RFC 7644 §4: what /ServiceProviderConfig, /ResourceTypes and /Schemas say of this server."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import scim2_models
from scim2_client.engines.wsgi import WSGISCIMClient
from scim2_models import Context, ListResponse, ScimProvider
from scim2_tester import Status, check_server
from werkzeug.wrappers import Request, Response

from scim import discovery
from scim.discovery import Features
from scim.errors import MethodNotAllowed, NotFound, ScimError
from scim.resources import ENTERPRISE, GROUP, HR, USER, GroupModel, UserModel, standard_schema_set
from scim.schema import SchemaSet

BASE = "https://rollcall.example/scim/v2"
SET = standard_schema_set()
ONLY_USERS = SchemaSet.from_models(UserModel, GroupModel, served=("User",))


def as_client(model: Any, document: dict[str, Any]) -> Any:
    return model.model_validate(document, scim_ctx=Context.RESOURCE_QUERY_RESPONSE)


def test_the_configuration_says_what_this_version_does() -> None:
    read = as_client(scim2_models.ServiceProviderConfig, discovery.service_provider_config(BASE))
    supported = {n: getattr(read, n).supported for n in ("patch", "bulk", "filter", "sort", "etag")}
    assert supported == dict.fromkeys(("patch", "bulk", "filter", "sort", "etag"), True)
    assert not read.change_password.supported
    assert (read.bulk.max_operations, read.bulk.max_payload_size) == (100, 1024 * 1024)
    assert read.filter.max_results == 1_000
    assert read.meta.location == BASE + "/ServiceProviderConfig"


def test_both_ways_to_a_token_are_told_and_one_is_preferred() -> None:
    read = as_client(scim2_models.ServiceProviderConfig, discovery.service_provider_config(BASE))
    schemes = {scheme.type: scheme.primary for scheme in read.authentication_schemes}
    assert schemes == {"oauthbearertoken": True, "oauth2": None}


def test_both_pagings_are_told_with_their_limits() -> None:
    assert discovery.service_provider_config(BASE)["pagination"] == {
        "cursor": True,
        "index": True,
        "defaultPaginationMethod": "index",
        "defaultPageSize": 100,
        "maxPageSize": 1_000,
        "cursorTimeout": 3_600,
    }


def test_a_feature_is_one_switch() -> None:
    features = Features(
        bulk=False,
        sort=False,
        cursor_paging=False,
        client_credentials=False,
        documentation_url="https://docs.example",
    )
    read = as_client(scim2_models.ServiceProviderConfig, discovery.service_provider_config(BASE, features))
    assert not (read.bulk.supported or read.sort.supported or read.pagination.cursor)
    assert read.pagination.index and read.pagination.cursor_timeout is None
    assert [scheme.type for scheme in read.authentication_schemes] == ["oauthbearertoken"]
    assert read.documentation_uri == "https://docs.example"


def test_only_what_is_served_is_listed() -> None:
    listed = as_client(ListResponse[scim2_models.ResourceType], discovery.resource_types(ONLY_USERS, BASE))
    assert [found.name for found in listed.resources] == ["User"]
    extensions = {e.schema_: e.required for e in listed.resources[0].schema_extensions}
    assert extensions == {ENTERPRISE: False, HR: False}
    with pytest.raises(NotFound):
        discovery.resource_type(ONLY_USERS, "Group", BASE)
    with pytest.raises(NotFound):
        discovery.schema(ONLY_USERS, GROUP, BASE)


def test_schemas_lists_those_of_discovery_itself_too() -> None:
    listed = as_client(ListResponse[scim2_models.Schema], discovery.schemas(ONLY_USERS, BASE))
    names = {found.name for found in listed.resources}
    assert {"User", "ServiceProviderConfig", "ResourceType", "Schema"} <= names
    assert "Group" not in names
    assert listed.total_results == len(listed.resources) == 6


@pytest.mark.parametrize("urn", [USER, USER.lower(), HR.upper()])
def test_a_schema_is_found_by_its_urn_in_any_case(urn: str) -> None:
    document = discovery.schema(SET, urn, BASE)
    assert document["id"].lower() == urn.lower()
    assert document["meta"] == {"resourceType": "Schema", "location": f"{BASE}/Schemas/{document['id']}"}


SENSITIVE = {"dateOfBirth", "nationalId", "salary", "gender"}


def described(document: dict[str, Any]) -> set[str]:
    return {attribute["name"] for attribute in document["attributes"]}


def test_sensitive_attributes_are_described_to_those_who_may_read_them() -> None:
    everything = described(discovery.schema(SET, HR, BASE))
    assert everything > SENSITIVE
    assert described(discovery.schema(SET, HR, BASE, sensitive_allowed=True)) == everything
    assert described(discovery.schema(SET, HR, BASE, sensitive_allowed=False)) == everything - SENSITIVE


def test_hiding_what_is_sensitive_changes_nothing_else_in_the_list() -> None:
    whole = discovery.schemas(SET, BASE)["Resources"]
    shown = discovery.schemas(SET, BASE, sensitive_allowed=False)["Resources"]
    assert {document["id"] for document in whole if document not in shown} == {HR}
    for before, after in zip(whole, shown, strict=True):
        kept = [attribute for attribute in before["attributes"] if attribute["name"] not in SENSITIVE]
        assert after == {**before, "attributes": kept}
    assert discovery.schemas(SET, BASE)["Resources"] == whole


def test_a_resource_type_is_found_by_its_name_in_any_case() -> None:
    assert discovery.resource_type(SET, "USER", BASE)["id"] == "User"


def test_every_attribute_is_described_on_one_line() -> None:
    for listed in discovery.schemas(SET, BASE)["Resources"]:
        for attribute in listed["attributes"]:
            assert "\n" not in attribute.get("description", "")


def test_a_client_builds_the_same_user_from_discovery() -> None:
    provider = ScimProvider.from_discovery(
        as_client(ListResponse[scim2_models.Schema], discovery.schemas(SET, BASE)).resources,
        as_client(ListResponse[scim2_models.ResourceType], discovery.resource_types(SET, BASE)).resources,
        as_client(scim2_models.ServiceProviderConfig, discovery.service_provider_config(BASE)),
    )
    user: Any = provider.model_for("User")
    assert set(user.get_extension_models()) == {ENTERPRISE, HR}
    assert user.get_extension_models()[HR].get_field_annotation("salary", scim2_models.Returned) == "never"


def answer(request: Request) -> tuple[int, dict[str, Any]]:
    """Answer a discovery request the way the application's edge does."""
    _, endpoint, *rest = request.path.split("/", 2)
    routes: dict[tuple[str, bool], Callable[[], dict[str, Any]]] = {
        ("ServiceProviderConfig", False): lambda: discovery.service_provider_config(BASE),
        ("ResourceTypes", False): lambda: discovery.resource_types(SET, BASE),
        ("ResourceTypes", True): lambda: discovery.resource_type(SET, rest[0], BASE),
        ("Schemas", False): lambda: discovery.schemas(SET, BASE),
        ("Schemas", True): lambda: discovery.schema(SET, rest[0], BASE),
    }
    try:
        if request.method != "GET":
            raise MethodNotAllowed("Discovery is read-only.")
        if (endpoint, bool(rest)) not in routes:
            raise NotFound("There is nothing here.")
        return 200, routes[endpoint, bool(rest)]()
    except ScimError as error:
        return error.status, error.to_document()


@Request.application
def provider_application(request: Request) -> Response:
    status, document = answer(request)
    return Response(json.dumps(document), status=status, content_type="application/scim+json")


def test_scim2_tester_finds_nothing_wrong_with_discovery() -> None:
    results = check_server(WSGISCIMClient(provider_application), include_tags={"discovery"})
    done = [result for result in results if result.status != Status.SKIPPED]
    assert len(done) > 15
    assert not [(r.title, r.reason) for r in done if r.status != Status.SUCCESS]
