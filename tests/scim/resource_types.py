"""A User with one more extension: what clients cannot write in the standard ones, a decimal and plain texts."""

from __future__ import annotations

from functools import cache
from typing import Any

import scim2_models
from pydantic import Field
from scim2_models import Extension

from scim.resources import EnterpriseUser, HrExtension
from scim.schema import ResourceType, SchemaSet

EXTRA = "urn:example:params:scim:schemas:extension:extra:2.0:User"


class ExtraExtension(Extension):
    """What one customer keeps about people."""

    __schema__ = scim2_models.URN(EXTRA)

    labels: list[str] | None = Field(None, description="Labels, in any case.")
    share: float | None = Field(None, description="A share of something.")


ExtendedUserModel: Any = scim2_models.User[EnterpriseUser | HrExtension | ExtraExtension]
"""The scim2-models class of that User: the oracle."""


@cache
def extended_user_type() -> ResourceType:
    """Return the User with the Enterprise, HR and extra extensions; the same object every time."""
    return SchemaSet.from_models(ExtendedUserModel).resource_types["user"]
