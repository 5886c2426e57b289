"""Answers that several pages of a target give instead of themselves."""

from __future__ import annotations

from werkzeug.wrappers import Response

from app.provisioning.targets import Target
from app.web.console.targets.asking import to


def belongs_to_source(target: Target) -> Response:
    """Return the way back for a target whose address, key and fields are its source's."""
    return to("target_settings", target, "These are the source's: change them there.", "info")
