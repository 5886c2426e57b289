"""Profiles: what is particular about a SCIM service provider, as data."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from app.provisioning.fields import FIELDS
from app.vendors.scim.places import Place

#: Members that take one of a few words.
CHOICES: Mapping[str, tuple[str, ...]] = {
    "update": ("auto", "patch", "put"),
    "multi_valued": ("value-path", "array"),
    "patch_form": ("paths", "path-less"),
    "clear_with": ("remove", "null", "empty"),
    "phone": ("uri", "plain"),
    "paging": ("index", "cursor", "none"),
    "member_removal": ("path", "value"),
    "delete": ("removes", "deactivates", "unknown"),
}


@dataclass(frozen=True, slots=True)
class Profile:
    """One file of `profiles/`, with what a target's settings say otherwise; generic.toml says what the members mean."""

    name: str
    label: str
    hosts: tuple[str, ...]
    auth_header: str
    auth_prefix: str
    headers: Mapping[str, str]
    content_type: str
    page_size: int
    paging: str
    lists_all: bool
    update: str
    assume_patch: bool
    multi_valued: str
    single_values: Mapping[str, str]
    patch_form: str
    operations: int
    clear_with: str
    phone: str
    filterable: frozenset[str]
    email_keys: tuple[str, ...]
    user_name_rewritten: bool
    email_mutable: bool
    reactivate_first: bool
    delete: str
    takes_groups: bool
    group_filter: bool
    member_chunk: int
    member_removal: str
    shows_members: bool
    protected_roles: frozenset[str]
    defaults: Mapping[str, Any]
    unverified: tuple[str, ...]
    sources: tuple[str, ...]
    places: Mapping[str, tuple[Place, ...]] = field(repr=False)


def names() -> list[str]:
    """The names of the profiles that come with Rollcall."""
    files = resources.files(__package__).joinpath("profiles").iterdir()
    return sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml"))


@cache
def load(name: str) -> Profile:
    """The profile of this name. Raises ValueError for an unknown one and for a file that is wrong."""
    return _made(name, _merged(name))


def adjusted(settings: Mapping[str, Any]) -> Profile:
    """The profile that a target's settings name, with the members that they say otherwise.

    `target probe` proposes such members as `--set` lines; they come as text. Raises ValueError naming the member.
    """
    name = str(settings.get("profile") or "generic")
    own = {member: settings.get(member) for member in ADJUSTABLE}
    changed = {member: _read(member, value) for member, value in own.items() if value not in (None, "")}
    return _made(name, {**_merged(name), **changed}) if changed else load(name)


def _made(name: str, members: Mapping[str, Any]) -> Profile:
    for member, allowed in CHOICES.items():
        if members[member] not in allowed:
            raise ValueError(f"profile {name}: {member} must be one of {', '.join(allowed)}")
    unknown = sorted(members["places"].keys() - FIELDS.keys())
    if unknown:
        raise ValueError(f"profile {name}: unknown fields {', '.join(unknown)}")
    plain = {member: members[member] for member in Profile.__slots__ if member in members}
    return Profile(
        **plain
        | {
            "name": name,
            "filterable": frozenset(members["filterable"]),
            "hosts": tuple(members["hosts"]),
            "email_keys": tuple(members["email_keys"]),
            "protected_roles": frozenset(role.lower() for role in members["protected_roles"]),
            "unverified": tuple(members["unverified"]),
            "sources": tuple(members["sources"]),
            "places": _places(members["places"], members["single_values"]),
        }
    )


def _places(texts: Mapping[str, list[str]], single: Mapping[str, str]) -> dict[str, tuple[Place, ...]]:
    """Field → where it goes; a field whose every place is in an entry that is not kept has none."""
    found: dict[str, tuple[Place, ...]] = {}
    for name in FIELDS:
        places = tuple(map(Place.parse, texts.get(name, ())))
        kept = tuple(p for p in places if p.kind is None or single.get(p.container or "", p.kind) == p.kind)
        if kept:
            found[name] = kept
    return found


def _merged(name: str) -> dict[str, Any]:
    """The members of a profile over those of the profile it extends."""
    if name not in names():
        raise ValueError(f"there is no profile {name!r}; known are {', '.join(names())}")
    text = resources.files(__package__).joinpath("profiles", f"{name}.toml").read_text("utf-8")
    own = tomllib.loads(text)
    parent = own.pop("extends", None)
    if parent is None:
        return own
    base = _merged(parent)
    joined = {key: {**base[key], **own.get(key, {})} for key in ("places", "defaults")}
    return {**base, **own, **joined}


# --- members of a target's settings ------------------------------------------------------------------------


def _list(text: str) -> list[str]:
    return [] if text == NONE else [word.strip() for word in text.split(",") if word.strip()]


def _yes_or_no(text: str) -> bool:
    return {"yes": True, "true": True, "no": False, "false": False}[text.lower()]


def _whole(text: str) -> int:
    if (number := int(text)) < 0:
        raise ValueError("a number from 0")
    return number


def _entries(text: str) -> dict[str, str]:
    return {name: kind for name, _, kind in (word.partition("=") for word in _list(text))}


#: An empty list as text: `--set NAME=` would take the setting away.
NONE = "none"
#: Members that a target may have otherwise than its profile: name → how the text of `--set NAME=TEXT` is read.
ADJUSTABLE: Mapping[str, Callable[[str], Any]] = {
    **dict.fromkeys(CHOICES.keys() - {"delete"}, str),
    "content_type": str,
    "page_size": _whole,
    "operations": _whole,
    "member_chunk": _whole,
    "filterable": _list,
    "email_keys": _list,
    "single_values": _entries,
    **dict.fromkeys(
        ("lists_all", "email_mutable", "reactivate_first", "takes_groups", "group_filter", "shows_members"),
        _yes_or_no,
    ),
}


def _read(member: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return ADJUSTABLE[member](value)
    except (KeyError, ValueError):
        known = ", ".join(CHOICES.get(member, ("a value as in the profiles' files",)))
        raise ValueError(f"{member}={value}: use {known}") from None
