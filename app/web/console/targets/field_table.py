"""The fields of a target as a table with switches, and what an admin made of it as settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from werkzeug.datastructures import MultiDict

from app.errors import WrongUse
from app.provisioning.fields import FIELDS, FIXED
from app.provisioning.mappings import DEFAULTS, MAPPABLE
from app.provisioning.policies import MAP, parse_setting
from app.provisioning.targets import Target
from app.web.console.targets.asking import complaint

#: Group of a field → how its part of the table is headed.
GROUPS: Mapping[str, str] = {
    "standard": "Name, status and sign-in",
    "optional": "Work",
    "phones": "Phones",
    "location address": "Work address",
    "home address": "Home address",
    "employment": "Employment",
}
_USUAL = tuple(name for name, row in FIELDS.items() if row.selected_by_default)


@dataclass(frozen=True, slots=True)
class Line:
    """A field with its switches; ``mapping`` is its expression, ``usual`` the one that the product's own rule is."""

    name: str
    label: str
    group: str
    sent: bool
    triggers: bool
    create_only: bool
    is_fixed: bool
    needs: str | None
    is_mappable: bool
    mapping: str = ""
    usual: str = ""
    error: str = ""


@dataclass(slots=True)
class Typed:
    """What was filled in: the settings that change, and what is wrong by field."""

    options: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


def lines(target: Target) -> list[Line]:
    """Return the fields that the target can hold, as they are switched now."""
    selection = target.policy.selection
    return [
        _line(
            name,
            sent=name in selection.sent,
            triggers=name in selection.triggering,
            create_only=name in selection.create_only,
            mapping=str(target.settings.get(f"{MAP}{name}", "")),
        )
        for name in _supported(target)
    ]


def typed_lines(target: Target, form: MultiDict[str, str], errors: Mapping[str, str]) -> list[Line]:
    """Return the fields as they were filled in."""
    sent, triggers, once = (set(form.getlist(name)) for name in ("sent", "triggers", "create_only"))
    return [
        _line(
            name,
            sent=name in sent or name in FIXED,
            triggers=name in triggers or name in FIXED,
            create_only=name in once or name == "userName",
            mapping=form.get(f"{MAP}{name}", ""),
            error=errors.get(name, ""),
        )
        for name in _supported(target)
    ]


def _line(name: str, *, sent: bool, triggers: bool, create_only: bool, mapping: str, error: str = "") -> Line:
    row = FIELDS[name]
    needs = FIELDS[row.needs].label if row.needs else None
    return Line(
        name,
        row.label,
        GROUPS.get(row.group, row.group),
        sent,
        triggers,
        create_only,
        row.fixed,
        needs,
        name in MAPPABLE,
        mapping,
        DEFAULTS.get(name, ""),
        error,
    )


def _supported(target: Target) -> Sequence[str]:
    supported = target.adapter.supported_fields
    known = [name for name in FIELDS if name in supported or name in FIXED]
    groups = list(GROUPS)
    return sorted(known, key=lambda name: groups.index(FIELDS[name].group))


def typed(target: Target, form: MultiDict[str, str], *, wholly: bool) -> Typed:
    """Return what was filled in; ``wholly`` names the selection even where it stayed as it was."""
    selection, supported = target.policy.selection, set(_supported(target))
    held = set(target.settings.get("fields", _USUAL)) | FIXED
    now = {
        "fields": held & supported,
        "triggers": selection.triggering & supported,
        "create_only": selection.create_only & supported,
    }
    beyond = {
        "fields": held - supported,
        "triggers": selection.triggering - supported,
        "create_only": selection.create_only - supported,
    }
    always = {"fields": FIXED, "triggers": selection.triggering & FIXED, "create_only": {"userName"}}
    found = Typed()
    for setting, switch in (("fields", "sent"), ("triggers", "triggers"), ("create_only", "create_only")):
        chosen = set(form.getlist(switch)) & supported | always[setting]
        if chosen != now[setting] or (wholly and setting == "fields"):
            names = chosen | beyond[setting]
            found.options[setting] = ",".join(name for name in FIELDS if name in names)
    _read_mappings(target, form, found, supported)
    return found


def _read_mappings(target: Target, form: MultiDict[str, str], found: Typed, supported: set[str]) -> None:
    for name in MAPPABLE:
        setting = f"{MAP}{name}"
        text = form.get(setting, "").strip()
        if name not in supported or text == str(target.settings.get(setting, "")):
            continue
        try:
            if text:
                parse_setting(setting, text)
        except WrongUse as error:
            found.errors[name] = complaint(error)
        else:
            found.options[setting] = text
