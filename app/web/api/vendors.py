"""``/vendors``: the kinds of source, and which of them the tenant may connect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import fields

from app import registry
from app.database import reading, writing
from app.registry import SOURCES
from app.sources import vendors
from app.sources.adapter import SourceAdapter
from app.sources.drafts import COMMON_OPTIONS
from app.web.api.access import by, tenant_id
from app.web.api.blueprint import blueprint
from app.web.api.fields import Shown, instant, listed
from app.web.api.problems import Problem

SUBJECT = "vendors"


class Option(Shown):
    """A setting or secret of a kind of source."""

    name = fields.String(required=True)
    label = fields.String(required=True)
    required = fields.Boolean(required=True)
    default = fields.String(required=True, allow_none=True)
    choices = fields.List(fields.String(), required=True)


class Vendor(Shown):
    """A kind of source."""

    kind = fields.String(required=True)
    label = fields.String(required=True)
    needs_consent = fields.Boolean(
        required=True,
        metadata={"description": "Whether it is enabled, and consented to, before it is called."},
    )
    enabled_at = instant(required=True, allow_none=True)
    settings = fields.List(fields.Nested(Option), required=True)
    secrets = fields.List(fields.Nested(Option), required=True)


@blueprint.reads("/vendors", SUBJECT)
@blueprint.response(200, listed("vendors", Vendor))
def list_vendors() -> dict[str, Any]:
    """List the kinds of source, with the settings and secrets that each takes."""
    with reading() as connection:
        enabled = vendors.enabled(connection, tenant_id())
    return {"vendors": [_shown(kind, enabled) for kind in registry.kinds(SOURCES)]}


@blueprint.reads("/vendors/<kind:kind>", SUBJECT)
@blueprint.response(200, Vendor)
def show_vendor(kind: str) -> dict[str, Any]:
    """Show one kind of source."""
    _require(kind)
    with reading() as connection:
        return _shown(kind, vendors.enabled(connection, tenant_id()))


@blueprint.acts("/vendors/<kind:kind>/enable", SUBJECT)
@blueprint.response(200, Vendor)
def enable_vendor(kind: str) -> dict[str, Any]:
    """Let the tenant connect sources of a kind; twice is no error."""
    _require(kind)
    with writing() as connection:
        vendors.enable(connection, tenant_id(), kind, by())
        return _shown(kind, vendors.enabled(connection, tenant_id()))


@blueprint.acts("/vendors/<kind:kind>/disable", SUBJECT)
@blueprint.response(200, Vendor)
def disable_vendor(kind: str) -> dict[str, Any]:
    """Let the tenant connect no further source of a kind; those that are connected go on."""
    _require(kind)
    with writing() as connection:
        vendors.disable(connection, tenant_id(), kind, by())
        return _shown(kind, vendors.enabled(connection, tenant_id()))


def _require(kind: str) -> None:
    if kind not in registry.kinds(SOURCES):
        known = ", ".join(registry.kinds(SOURCES))
        raise Problem("not_found", f"There is no source kind {kind!r}; known kinds: {known}.")


def _shown(kind: str, enabled: Mapping[str, str]) -> dict[str, Any]:
    adapter: SourceAdapter = registry.source_adapter(kind)()
    return {
        "kind": kind,
        "label": adapter.label,
        "needs_consent": adapter.needs_consent,
        "enabled_at": enabled.get(kind),
        "settings": (*COMMON_OPTIONS, *adapter.options),
        "secrets": adapter.secrets,
    }
