"""What a change of the directory means for a target: it starts a push, rides along, or means nothing (rule 9)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum

from app.provisioning.fields import FIELDS, Field, Mapped, Selection, outgoing_values
from app.provisioning.readers import Document


class Effect(Enum):
    """What a directory change means for a target."""

    TRIGGERS = "triggers"
    RIDES_ALONG = "rides along"
    NOTHING = "nothing"


def fields_fed_by(path: str, selection: Selection | None = None) -> tuple[str, ...]:
    """The names of the fields that a directory path feeds: all of the table, or those of a selection.

    A path of a whole attribute (`name`, `emails`, `addresses[work]`, an extension URN) feeds what its parts feed.
    """
    sources = FIELDS if selection is None else selection.sources
    return tuple(
        name for name, source in sources.items() if any(_covers(path, known) for known in source.paths)
    )


def _covers(path: str, known: str) -> bool:
    path, known = re.sub(r"#\d+\]", "]", path).lower(), known.lower()
    return known == path or known.startswith((f"{path}.", f"{path}[", f"{path}:"))


def effect_of(
    before: Document | None, after: Document, selection: Selection, paths: Iterable[str] | None = None
) -> Effect:
    """Whether a change of the document triggers a push, rides along, or is none of the target's.

    Values decide, not paths alone: a work phone of which only the extension changed rides along. `paths` (of
    the `Change`) let a change that feeds no selected field be dismissed without reading the documents; they may be
    left out.
    """
    if before is None:
        return Effect.TRIGGERS
    if paths is not None and not any(fields_fed_by(path, selection) for path in paths):
        return Effect.NOTHING
    changed = changed_fields(before, after, selection)
    if not changed:
        return Effect.NOTHING
    starts = any(_starts(name, before, after, selection) for name in changed)
    return Effect.TRIGGERS if starts else Effect.RIDES_ALONG


def changed_fields(before: Document, after: Document, selection: Selection) -> set[str]:
    """The fields whose outgoing value differs, those too whose mapping began or ceased to fail."""
    old_failures: dict[str, str] = {}
    new_failures: dict[str, str] = {}
    old = outgoing_values(before, selection, old_failures)
    new = outgoing_values(after, selection, new_failures)
    changed = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
    if not selection.clears:
        changed -= {name for name in changed if name not in new and name not in new_failures}
    return changed | (old_failures.keys() ^ new_failures.keys())


def _starts(name: str, before: Document, after: Document, selection: Selection) -> bool:
    if name not in selection.triggering:
        return False
    source: Field | Mapped = selection.sources[name]
    return source.starters is None or any(read(before) != read(after) for read in source.starters)
