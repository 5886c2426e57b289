"""How a preview of a target's settings is computed and shown: with a progress bar, as text, or as one JSON object."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.progress import Progress

from app import directory
from app.cli.answers import say
from app.database import reading
from app.provisioning import preview
from app.provisioning.preview import Preview
from app.provisioning.targets import Target


def show(target: Target, settings: Mapping[str, Any], as_json: bool) -> None:
    """Print what these settings would do; nothing is saved."""
    shows = sys.stderr.isatty() and not as_json
    with reading() as connection, Progress(console=Console(stderr=True), disable=not shows) as bar:
        task = bar.add_task("Comparing", total=directory.total(connection, target.tenant_id))
        found = preview.of(connection, target, settings, advance=lambda number: bar.advance(task, number))
    say(found.to_json(), as_json, _plain(found))


def _plain(found: Preview) -> str:
    lines = [
        f"{example['label']}: {example['kind']}"
        + "".join(_change(*each) for each in example["changes"].items())
        for example in found.examples
    ]
    lines += [f"{hold['label']}: {hold['reason']}" for hold in found.holds]
    counted = ", ".join(f"{number} {kind}" for kind, number in sorted(found.kinds.items()))
    lines.append(f"{found.people} people: {counted or 'nobody'}")
    lines += [
        f"{title}: " + ", ".join(f"{name} {number}" for name, number in sorted(numbers.items()))
        for title, numbers in (("fields", found.fields), ("cleared", found.cleared), ("held", found.held))
        if numbers
    ]
    return "\n".join([*lines, "Nothing was saved, and nothing asked of the target."])


def _change(name: str, sides: list[Any]) -> str:
    before, after = ("(empty)" if side is None else repr(side) for side in sides)
    return f"\n    {name}: {before} → {after}"
