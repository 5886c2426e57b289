"""Profiles: what is particular about a SCIM service provider, as data."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from app.provisioning.fields import FIELDS
from app.vendors.scim.places import Place

_CHOICES = {
    "update": ("auto", "patch", "put"),
    "multi_valued": ("value-path", "array"),
    "patch_form": ("paths", "path-less"),
    "clear": ("remove", "null", "empty"),
    "phone": ("uri", "plain"),
}


@dataclass(frozen=True, slots=True)
class Profile:
    """One file of `profiles/`; generic.toml says what the members mean."""

    name: str
    label: str
    auth_header: str
    auth_prefix: str
    content_type: str
    page_size: int
    update: str
    assume_patch: bool
    multi_valued: str
    patch_form: str
    clear: str
    phone: str
    filterable: frozenset[str]
    protected_roles: frozenset[str]
    places: Mapping[str, tuple[Place, ...]]


def names() -> list[str]:
    """The names of the profiles that come with Rollcall."""
    files = resources.files(__package__).joinpath("profiles").iterdir()
    return sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml"))


@cache
def load(name: str) -> Profile:
    """The profile of this name. Raises ValueError for an unknown one and for a file that is wrong."""
    members = _merged(name)
    for member, allowed in _CHOICES.items():
        if members[member] not in allowed:
            raise ValueError(f"profile {name}: {member} must be one of {', '.join(allowed)}")
    unknown = sorted(members["places"].keys() - FIELDS.keys())
    if unknown:
        raise ValueError(f"profile {name}: unknown fields {', '.join(unknown)}")
    places = {
        field: tuple(map(Place.parse, members["places"][field]))
        for field in FIELDS
        if members["places"].get(field)
    }
    return Profile(
        name=name,
        label=members["label"],
        auth_header=members["auth_header"],
        auth_prefix=members["auth_prefix"],
        content_type=members["content_type"],
        page_size=members["page_size"],
        update=members["update"],
        assume_patch=members["assume_patch"],
        multi_valued=members["multi_valued"],
        patch_form=members["patch_form"],
        clear=members["clear"],
        phone=members["phone"],
        filterable=frozenset(members["filterable"]),
        protected_roles=frozenset(role.lower() for role in members["protected_roles"]),
        places=places,
    )


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
    return {**base, **own, "places": {**base["places"], **own.get("places", {})}}
