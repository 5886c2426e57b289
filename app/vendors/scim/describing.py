"""What a service provider says about itself (RFC 7643 §5), or what its profile assumes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.provisioning.adapter import Capabilities
from app.vendors.scim.places import member
from app.vendors.scim.profile import Profile


def assumed(profile: Profile, *notes: str) -> Capabilities:
    """The capabilities of a provider that says nothing."""
    return Capabilities(patch=profile.assume_patch, page_size=profile.page_size, notes=notes)


def described(config: Mapping[str, Any], profile: Profile) -> Capabilities:
    """The capabilities that a /ServiceProviderConfig states; what it leaves out is as the profile has it."""
    filters = member(config, "filter")
    most = member(filters, "maxResults") if isinstance(filters, dict) else None
    size = profile.page_size
    return Capabilities(
        patch=_is_supported(config, "patch", profile.assume_patch),
        filter=_is_supported(config, "filter", True),
        page_size=min(size, most) if isinstance(most, int) and most > 0 else size,
    )


def _is_supported(config: Mapping[str, Any], feature: str, otherwise: bool) -> bool:
    stated = member(config, feature)
    supported = member(stated, "supported") if isinstance(stated, dict) else None
    return supported if isinstance(supported, bool) else otherwise
