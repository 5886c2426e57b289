"""Requests of tests in one line each, and the checks that all of their answers need."""

from __future__ import annotations

from typing import Any, Final

from scim.resources import USER
from tests.web.scim.conftest import ScimCaller

PATCH_OP: Final = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
BULK: Final = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
ERROR: Final = "urn:ietf:params:scim:api:messages:2.0:Error"


def created(scim: ScimCaller, user_name: str = "ada@example.com", **more: Any) -> dict[str, Any]:
    """Create a user and return it."""
    answer = scim("POST", "/Users", {"schemas": [USER], "userName": user_name, **more})
    assert answer.status_code == 201, answer.text
    return dict(answer.json or {})


def read(scim: ScimCaller, path: str) -> dict[str, Any]:
    """Return what a GET is answered with."""
    answer = scim("GET", path)
    assert answer.status_code == 200, answer.text
    return dict(answer.json or {})


def patched(scim: ScimCaller, user: dict[str, Any], *operations: dict[str, Any]) -> Any:
    """Return the answer to a PATCH of a user."""
    return scim("PATCH", f"/Users/{user['id']}", {"schemas": [PATCH_OP], "Operations": list(operations)})


def refused(answer: Any, status: int, scim_type: str | None = None) -> str:
    """Check that an answer is this SCIM Error (RFC 7644 §3.12) and return its sentence."""
    assert answer.status_code == status, answer.text[:500]
    assert answer.content_type == "application/scim+json"
    assert answer.json["schemas"] == [ERROR]
    assert (answer.json["status"], answer.json.get("scimType")) == (str(status), scim_type)
    return str(answer.json["detail"])
