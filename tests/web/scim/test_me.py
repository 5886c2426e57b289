"""/Me (RFC 7644 §3.11)."""

from __future__ import annotations

from flask import Flask

from app.access import tokens
from app.access.tenants import Tenant
from app.database import writing
from tests.web.scim.conftest import ScimCaller
from tests.web.scim.exchanges import PATCH_OP, created, read, refused


def test_me_is_501_unless_the_token_is_bound_to_an_employee(
    app: Flask, tenant: Tenant, scim: ScimCaller
) -> None:
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        refused(scim(method, "/Me", {}), 501)
    user = created(scim)
    with writing() as connection:
        issued = tokens.create(connection, tenant, "ada", scopes=("scim:write",), employee_id=user["id"])
    me = ScimCaller(app, issued.text)
    assert read(me, "/Me")["id"] == user["id"]
    operations = [{"op": "replace", "path": "title", "value": "x"}]
    assert me("PATCH", "/Me", {"schemas": [PATCH_OP], "Operations": operations}).json["title"] == "x"  # type: ignore[index]
    assert me("PUT", "/Me", {"userName": "ada", "title": "y"}).json["title"] == "y"  # type: ignore[index]
    assert me("DELETE", "/Me").status_code == 204
    refused(me("GET", "/Me"), 404)
