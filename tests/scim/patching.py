"""A person to patch, and operations as they come in a body."""

from __future__ import annotations

import copy
from typing import Any

from scim.codec import Codec, codec_of
from scim.patch import PATCH_SCHEMA, Patched, apply_patch, parse_patch
from scim.resources import ENTERPRISE, HR, USER
from tests.scim.resource_types import EXTRA, extended_user_type

WORK = {"value": "ada@example.com", "type": "work", "primary": True}
HOME = {"value": "ada@home.org", "type": "home"}
ADA: dict[str, Any] = {
    "schemas": [USER, ENTERPRISE, HR, EXTRA],
    "userName": "ada",
    "name": {"givenName": "Ada", "familyName": "Lovelace"},
    "title": "Countess",
    "active": True,
    "emails": [WORK, HOME],
    "addresses": [{"type": "work", "locality": "London", "streetAddress": "1 Square"}],
    ENTERPRISE: {"department": "Engines", "manager": {"value": "m-1"}},
    HR: {"startDate": "2026-01-05"},
    EXTRA: {"labels": ["blue", "green"], "share": 0.5},
}
MANAGER = f"{ENTERPRISE}:manager"
M1, M2 = "https://x/v2/Users/m-1", "https://x/v2/Users/m-2"
REFERRING = {**ADA, ENTERPRISE: {"manager": {"value": "m-1", "$ref": M1}}}


def codec() -> Codec:
    return codec_of(extended_user_type())


def run(*operations: dict[str, Any], document: dict[str, Any] = ADA, most: int = 100) -> Patched:
    """Apply operations as they come in a body; the document stays as it was and comes out canonical."""
    before = copy.deepcopy(document)
    patch = parse_patch(
        {"schemas": [PATCH_SCHEMA], "Operations": list(operations)}, extended_user_type(), most=most
    )
    patched = apply_patch(document, patch, codec())
    assert document == before
    assert codec().check(patched.document).document == patched.document
    assert patched.changed is (patched.document != before)
    return patched


def after(*operations: dict[str, Any], document: dict[str, Any] = ADA) -> dict[str, Any]:
    return run(*operations, document=document).document


def op(verb: str, path: str | None = None, *value: Any) -> dict[str, Any]:
    return {
        "op": verb,
        **({"path": path} if path is not None else {}),
        **({"value": value[0]} if value else {}),
    }


def unchanged(*operations: dict[str, Any], document: dict[str, Any] = ADA) -> bool:
    return not run(*operations, document=document).changed
