"""The three discovery endpoints over HTTP (RFC 7644 §4)."""

from __future__ import annotations

import pytest
from flask import Flask

from app.access.tenants import Tenant
from scim.resources import USER
from tests.web.scim.conftest import ScimCaller
from tests.web.scim.exchanges import refused


@pytest.mark.parametrize("path", ["/Schemas", "/ResourceTypes", f"/Schemas/{USER}", "/ResourceTypes/User"])
def test_discovery_lists_cannot_be_filtered_but_the_configuration_ignores_it(
    scim: ScimCaller, path: str
) -> None:
    refused(scim("GET", f'{path}?filter=id eq "x"'), 403)
    assert scim("GET", '/ServiceProviderConfig?filter=id eq "x"').status_code == 200


@pytest.mark.parametrize("path", ["/ServiceProviderConfig", "/ResourceTypes", "/Schemas", f"/Schemas/{USER}"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_discovery_writes_are_405_with_allow(scim: ScimCaller, method: str, path: str) -> None:
    answer = scim(method, path, {})
    refused(answer, 405)
    assert answer.headers["Allow"] == "GET"


def test_the_configuration_needs_no_credentials_and_the_lists_do(app: Flask, tenant: Tenant) -> None:
    nobody = ScimCaller(app, None)
    assert nobody("GET", "/ServiceProviderConfig").status_code == 200
    for path in ("/Schemas", "/ResourceTypes", "/Users", "/Me", "/"):
        refused(nobody("GET", path), 401)
