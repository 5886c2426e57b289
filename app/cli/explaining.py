"""How explanations are shown on a terminal: ``rollcall link show``, ``rollcall employee show --explain``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import click

from app.cli.answers import say_table
from app.provisioning.origins import Origin, shown

_HEAD = ("reason", "remote_id", "due_at", "next_attempt_at", "delivered_at")
#: Columns of the table of fields.
COLUMNS = ("field", "directory", "comes_from", "rule", "at_the_target", "says")


def say_link(report: Mapping[str, Any]) -> None:
    """Print one link: how it stands, every field that has a value on either side, the last attempts."""
    for line in _head(report):
        click.echo(line)
    rows = [_row(name, field) for name, field in report["fields"].items() if field["code"] != "empty"]
    say_table(rows, False, COLUMNS, "  no field has a value")
    empty = [name for name, field in report["fields"].items() if field["code"] == "empty"]
    if empty:
        click.echo(f"  empty on both sides: {', '.join(empty)}")
    for attempt in report["attempts"]:
        answer = attempt["status"] or attempt["error"]
        click.echo(
            f"  {attempt['at']}  {attempt['method']} {attempt['path']} → {answer} ({attempt['duration_ms']:.0f} ms)"
        )


def say_told(told: Mapping[str, Any]) -> None:
    """Print what there is to say of one value: its pin, the list that counts for it, what each source says."""
    pin = told["pin"]
    if pin is not None:
        because = f" because {pin['note']}" if pin["note"] else ""
        click.echo(f"      pinned by {pin['by']} at {pin['at'][:19].replace('T', ' ')}{because}")
    if len(told["words"]) > 1 and told["writers"]:
        click.echo(f"      precedence: {', then '.join(told['writers'])}")
    for word in told["words"]:
        rule = (
            f"{told['field']} ← {word['rule']}" if word["rule"] else "its mapping has no rule for it any more"
        )
        click.echo(f"      source {word['source']}, record {word['record']} ({rule}): {word['says']}")


def _head(report: Mapping[str, Any]) -> Iterator[str]:
    yield f"{report['label']} at {report['target']}: {report['state']} ({report['standing'].replace('_', ' ')})"
    if report["why_not_sent"] is not None:
        yield f"  why not sent: {report['why_not_sent']}"
    for name in _HEAD:
        if report[name] is not None and report[name] != report["why_not_sent"]:
            yield f"  {name.replace('_', ' ')}: {report[name]}"
    if report["version"]:
        yield f"  version: {report['version']}, delivered: {report['delivered_version'] or 'none'}"
    for change, plan_id in report["gates"].items():
        yield f"  gate: {change} – {f'plan {plan_id}' if plan_id else 'discarded or undone'}"


def _row(name: str, field: Mapping[str, Any]) -> dict[str, Any]:
    rule = field["rule"]
    mapping = f" = {rule['mapping']}" if rule["mapping"] else ""
    there = field.get("target_keeps", field["sent"])
    sent_at = f" at {field['sent_at'][:19].replace('T', ' ')}" if field["sent_at"] else ""
    return {
        "field": name,
        "directory": _value(field["directory"]),
        "comes_from": "; ".join(dict.fromkeys(_origin(each) for each in field["from"])),
        "rule": f"{rule['switch']}{mapping} (rule {rule['number']})",
        "at_the_target": _value(there),
        "says": f"{field['says']}{sent_at}" if field["code"] in ("sent", "normalised") else field["says"],
    }


def _origin(members: Mapping[str, Any]) -> str:
    return shown(Origin(**members))


def _value(value: Any) -> str:
    return "–" if value is None else json.dumps(value, ensure_ascii=False)
