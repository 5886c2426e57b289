"""``rollcall target fields`` and ``target settings``: what a target gets, when, and how it is made."""

from __future__ import annotations

from typing import Any

import click
from flask.cli import with_appcontext

from app.cli import target_preview
from app.cli.answers import json_option, key_values, say_table, tenant_named, tenant_option
from app.database import reading, writing
from app.errors import WrongUse
from app.provisioning import policies, resync, targets
from app.provisioning.fields import FIELDS, FIXED
from app.provisioning.mappings import MAPPABLE
from app.provisioning.policies import MAP, SETTINGS, switched
from app.provisioning.targets import Target

ACTOR = "system:cli"
Names = tuple[str, ...]
preview_option = click.option(
    "--preview",
    is_flag=True,
    help="Show what it would do to everybody; save nothing, ask the target nothing.",
)
_KEY = "nothing can be matched or suspended without it"


def _several(name: str, says: str) -> Any:
    return click.option(name, multiple=True, metavar="FIELD", help=says)


def _target(slug: str, name: str) -> Target:
    with reading() as connection:
        return targets.named(connection, tenant_named(slug).id, name)


@click.command()
@click.argument("name")
@tenant_option
@_several("--select", "Send this field. Repeatable, as all of these.")
@_several("--deselect", "Never send, and never clear, this field.")
@_several("--trigger", "A change of this field starts a push.")
@_several("--no-trigger", "A change of this field rides along with the next push.")
@_several("--create-only", "Send this field when an account is created, and never later.")
@_several("--no-create-only", "Keep this field up to date.")
@click.option("--map", "maps", multiple=True, metavar="FIELD=EXPRESSION", help="Make this field so.")
@_several("--unmap", "Make this field as the table says.")
@preview_option
@json_option
@with_appcontext
def fields(name: str, tenant_slug: str, preview: bool, as_json: bool, **asked: Names) -> None:
    """Show, and choose, the fields that a target gets. A change starts a full resync."""
    known = _target(tenant_slug, name)
    options = _options(known, asked)
    if preview:
        target_preview.show(known, policies.with_options(known.settings, options), as_json)
        return
    if options:
        with writing() as connection:
            known = targets.change(connection, known, ACTOR, options=options)
            resync.after_change_of_settings(connection, known)
    columns = ("field", "label", "sent", "triggers", "create_only", "supported", "mapping")
    say_table(_rows(known), as_json, columns, "")


def _options(known: Target, asked: dict[str, Names]) -> dict[str, str]:
    """What was asked for as `--set` options, each switch as the whole list that it becomes."""
    selection = known.policy.selection
    usual = [name for name, field in FIELDS.items() if field.selected_by_default]
    sent = known.settings.get("fields", usual)
    follow = sorted(set(asked["create_only"]) & FIXED - {"userName"})
    if follow:
        raise WrongUse(f"{', '.join(follow)} cannot be create-only: it always follows the directory.")
    lists = {
        "fields": (sent, asked["select"], asked["deselect"], _KEY),
        "triggers": (selection.triggering, asked["trigger"], asked["no_trigger"], "it always starts a push"),
        "create_only": (
            selection.create_only, asked["create_only"], asked["no_create_only"], "it is never overwritten",
        ),
    }  # fmt: skip
    options = {
        setting: ",".join(switched(current, on, off, fixed=fixed))
        for setting, (current, on, off, fixed) in lists.items()
        if on or off
    }
    return options | _mapped(asked["maps"], asked["unmap"])


def _mapped(maps: Names, unmapped: Names) -> dict[str, str]:
    pairs = key_values(maps, "--map") | dict.fromkeys(unmapped, "")
    unknown = sorted(pairs.keys() - set(MAPPABLE))
    if unknown:
        raise WrongUse(f"{', '.join(unknown)} cannot be mapped; these can: {', '.join(MAPPABLE)}.")
    for name, text in pairs.items():
        if name not in unmapped and not text.strip():
            raise WrongUse(f"--map {name}= needs an expression; --unmap {name} takes the mapping away.")
    return {f"{MAP}{name}": text for name, text in pairs.items()}


def _rows(known: Target) -> list[dict[str, Any]]:
    selection, supported = known.policy.selection, known.adapter.supported_fields
    return [
        {
            "field": field.name,
            "label": field.label,
            "sent": selection.sends(field.name),
            "triggers": field.name in selection.triggering,
            "create_only": field.name in selection.create_only,
            "supported": field.name in supported,
            "mapping": selection.mappings[field.name].text if field.name in selection.mappings else None,
        }
        for field in FIELDS.values()
    ]


@click.command()
@click.argument("name")
@tenant_option
@json_option
@with_appcontext
def settings(name: str, tenant_slug: str, as_json: bool) -> None:
    """What can be set for every target with `target set --set`, and how it is set for this one."""
    known = _target(tenant_slug, name)
    rows = [
        {"setting": setting, "value": _shown(known, setting, as_json), "meaning": SETTINGS[setting].says}
        for setting in SETTINGS
        if not setting.startswith(MAP) or setting in known.settings
    ]
    say_table(rows, as_json, ("setting", "value", "meaning"), "")


def _shown(known: Target, setting: str, as_json: bool) -> Any:
    value = known.settings.get(setting)
    return ", ".join(value) if isinstance(value, list) and not as_json else value
