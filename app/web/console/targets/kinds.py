"""What one needs for each kind of target, in HR words, and the settings that are a kind's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from werkzeug.exceptions import NotFound

from app import registry


@dataclass(frozen=True, slots=True)
class Own:
    """A setting of one kind: its question, a hint, and its choices (value → words) where it has some."""

    name: str
    label: str
    hint: str = ""
    choices: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of target as the console introduces it.

    ``needs`` are the sentences of "What you need"; a kind of which ``source`` is set is switched on at that kind of
    source, and has no wizard.
    """

    name: str
    label: str
    about: str
    needs: Sequence[str] = ()
    address: str = ""
    address_hint: str = "The base address of its API, as its own pages give it."
    token_label: str = "Token"
    token_hint: str = "It is stored encrypted, and never shown again."
    own: Sequence[Own] = ()
    source: str | None = None


_KINDS = (
    Kind(
        "jumpcloud",
        "JumpCloud",
        "Everybody gets a JumpCloud account, which follows the directory: name, department, phone, and suspended "
        "on the last day.",
        (
            "The API key of a JumpCloud administrator. Take one who stays: a new key ends the old one.",
            "That administrator must be allowed to manage users: Rollcall reads users, adds and changes them, and "
            "suspends leavers. It deletes nobody.",
            "Where one administrator has several organisations: the ID of yours, from JumpCloud's settings.",
        ),
        "https://console.jumpcloud.com/api",
        "Usually as it stands here; organisations in the EU use https://console.eu.jumpcloud.com/api.",
        "API key",
        "The x-api-key of an administrator. It is stored encrypted, and never shown again.",
        (
            Own("organization_id", "Organisation ID", "Only where one administrator has several organisations."),
            Own(
                "external_id_attribute",
                "Custom attribute for the employee id",
                "Leave it empty unless you want the id kept at JumpCloud too.",
            ),
        ),
    ),
    Kind(
        "scim",
        "Any SCIM 2.0 system",
        "Okta, AWS, Slack, GitHub, Google, and every other system that takes accounts over SCIM 2.0.",
        (
            "The SCIM address of the system, from its page about provisioning (often “SCIM” or “User provisioning”).",
            "A token from the same page. It must be allowed to read, add and change users.",
            "Which system it is: Rollcall knows the particular ways of several. “SCIM 2.0” fits all others.",
        ),
        address_hint="It often ends in /scim/v2.",
        own=(Own("profile", "Which system is it?", "It decides how Rollcall asks, writes and empties values."),),
    ),
    Kind(
        "smartrecruiters",
        "SmartRecruiters: internal candidates",
        "Employees become internal candidates at SmartRecruiters, so that they find jobs in their own house. Nobody "
        "is suspended or deleted there.",
        (
            "An API key: in SmartRecruiters, Settings, Administration, Apps & Integrations, Credentials, New "
            "credential, type “API key”, system role “Admin”. It must be allowed to read, create and manage "
            "candidates and to read the configuration.",
            "A custom source: Settings/Admin, Custom Candidate Sources, Create source, named exactly “Rollcall”, type "
            "and sub-type “Other”. Without it, candidates show the source “Other”.",
        ),
        "https://api.smartrecruiters.com",
        "Usually as it stands here.",
        "API key",
        own=(
            Own("source_name", "Name of the custom source", "“Rollcall” unless you named it otherwise."),
            Own(
                "search",
                "How people are looked up there",
                "If candidates are added twice, read the whole list instead.",
                {"words": "By search (quick)", "list": "By reading the whole list (sure)"},
            ),
        ),
    ),
    Kind(
        "icims",
        "iCIMS write-back",
        "What changes here is written back to the iCIMS profile that the person came from: names, employee number, "
        "first and last day.",
        (
            "iCIMS connected as a source: its address and key are used here too.",
            "“Write changes back”: an admin presses it on that source's page.",
        ),
        source="icims",
    ),
)  # fmt: skip
KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _KINDS}


def kind_named(name: str) -> Kind:
    """Return a kind, also one that a third party brought; raises ``NotFound`` when there is none."""
    if name not in registry.kinds(registry.TARGETS):
        raise NotFound
    return KINDS.get(name) or Kind(name, _label(name), "A system that somebody added to this installation.")


def all_kinds() -> list[Kind]:
    """Return every kind of this installation, those that we know first."""
    registered = registry.kinds(registry.TARGETS)
    return [*(kind for name, kind in KINDS.items() if name in registered),
            *(kind_named(name) for name in registered if name not in KINDS)]  # fmt: skip


def label_of(name: str) -> str:
    """Return what a kind is called."""
    return KINDS[name].label if name in KINDS else _label(name)


def choices_of(kind: Kind, own: Own) -> Mapping[str, str] | None:
    """Return the choices of a kind's own setting: those of its row, or what the adapter offers under its name."""
    offered: Any = getattr(registry.target_adapter(kind.name), "choices", dict)()
    return own.choices or offered.get(own.name)


def _label(name: str) -> str:
    return str(getattr(registry.target_adapter(name), "label", name))
