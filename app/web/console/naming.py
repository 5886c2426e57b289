"""What people are called on the screens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def name_of(document: Mapping[str, Any]) -> str:
    """Return what a person is called: display name, formatted name, given to family name, else the userName.

    >>> name_of({"userName": "maya", "name": {"givenName": "Maya", "familyName": "Okafor"}})
    'Maya Okafor'
    """
    name = document.get("name") or {}
    parts = (name.get("givenName"), name.get("middleName"), name.get("familyName"))
    full = name.get("formatted") or " ".join(part for part in parts if part)
    return str(document.get("displayName") or full or document.get("userName") or "")
