"""The registry of source and target kinds: entry points of this package (pyproject.toml) and of others.

The rest of the product never imports a vendor; it asks here by kind.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from app.errors import WrongUse

SOURCES = "rollcall.sources"
TARGETS = "rollcall.targets"


@cache
def kinds(group: str) -> dict[str, str]:
    """Return kind → ``module:class`` of a group (:data:`SOURCES` or :data:`TARGETS`)."""
    return {
        point.name: point.value for point in sorted(entry_points(group=group), key=lambda point: point.name)
    }


@cache
def adapter_class(group: str, kind: str) -> Any:
    """Return the adapter class of a kind; raises ``WrongUse`` that names the known kinds."""
    place = kinds(group).get(kind)
    if place is None:
        word = "source" if group == SOURCES else "target"
        raise WrongUse(f"There is no {word} kind {kind!r}; known kinds: {', '.join(kinds(group))}.")
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)


def source_adapter(kind: str) -> Any:
    """Return the class of a source kind."""
    return adapter_class(SOURCES, kind)


def target_adapter(kind: str) -> Any:
    """Return the class of a target kind."""
    return adapter_class(TARGETS, kind)
