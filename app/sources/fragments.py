"""From mapped values to what the directory takes: a fragment of a document, and the values that are sealed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.directory.values import is_bare
from app.sources.errors import row_refused
from app.sources.fields import TargetField
from scim.codec import codec_of
from scim.errors import BadRequest
from scim.resources import USER, user_type

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Fragment:
    """What a row says about a person.

    `document` is as ``directory.merge`` takes it (a leaf of None empties); `secrets` are sealed values by path.
    """

    document: Document
    secrets: dict[str, Any]


def fragment_of(
    values: Mapping[str, Any], targets: Mapping[str, TargetField], record_of: Mapping[str, str] | None = None
) -> Fragment:
    """Return the checked fragment of mapped values; nothing that the row does not know is in it.

    ``record_of`` names the source (``system`` and ``tenant``) whose own record fields such as hr.source.recordId are.

    :raises RowRefused: ``invalid_value`` when a value does not fit the schema.
    """
    raw: Document = {}
    for name, value in values.items():
        if not targets[name].read_only:
            put_value(raw, targets[name], value)
    try:
        checked = codec_of(user_type()).check(without_empty(raw), partial=True)
    except BadRequest as error:
        raise row_refused("invalid_value", _without_secrets(error.detail, values, targets)) from None
    document = {name: value for name, value in checked.document.items() if name != "schemas"}
    secrets = dict(checked.secrets)
    for name, value in values.items():
        field = targets[name]
        if field.secret:
            secrets.setdefault(_secret_path(field), None)
        elif field.of_the_record:
            _put_of_record(document, field.steps, record_of or {}, value)
        elif value is None or field.read_only:
            put_value(document, field, value)
    return Fragment(document, secrets)


def put_value(document: Document, field: TargetField, value: Any) -> None:
    """Put the value of a field into a fragment; None empties it."""
    (_put_entry if field.typed else _put)(document, field.steps, value)


def without_empty(fragment: Document) -> Document:
    """Return a fragment as a document of its own: what it empties is left out, ``schemas`` are set."""
    document = {name: kept for name, value in fragment.items() if (kept := _kept(value)) is not None}
    document["schemas"] = [USER, *sorted(name for name in document if name.startswith("urn:"))]
    return document


def emails_of(document: Document) -> Iterator[str]:
    """Yield a document's addresses, work before the others."""
    entries = document.get("emails", ())
    for entry in sorted(entries, key=lambda known: known.get("type") != "work"):
        if entry.get("value"):
            yield entry["value"]


def secret_siblings(name: str, targets: Mapping[str, TargetField]) -> Iterator[str]:
    """Yield the mapped fields that are sealed together with a secret one: a sealed value is written as a whole."""
    if targets[name].secret:
        path = _secret_path(targets[name])
        yield from (other for other, field in targets.items() if field.secret and _secret_path(field) == path)


def _without_secrets(detail: str, values: Mapping[str, Any], targets: Mapping[str, TargetField]) -> str:
    for name, value in values.items():
        if value not in (None, "", True, False) and not targets[name].quotable:
            detail = detail.replace(str(value), "(not shown)")
    return detail


def _secret_path(field: TargetField) -> str:
    """The path of the attribute that is sealed: ``urn:…:User:salary``, whatever its member."""
    urn, attribute = field.steps[:2]
    return f"{urn}:{attribute}" if urn.startswith("urn:") else urn


def _put_entry(document: Document, steps: tuple[str, ...], value: Any) -> None:
    attribute, kind, member = steps
    entries = document.setdefault(attribute, [])
    entry = next((known for known in entries if known["type"] == kind), None)
    if entry is None:
        entry = {"type": kind}
        entries.append(entry)
    entry[member] = value


def _put_of_record(
    document: Document, steps: tuple[str, ...], record_of: Mapping[str, str], value: Any
) -> None:
    *place, attribute, member = steps
    for step in place:
        document = document.setdefault(step, {})
    [entry] = document.setdefault(attribute, [dict(record_of)])
    entry[member] = value


def _put(document: Document, steps: tuple[str, ...], value: Any) -> None:
    for step in steps[:-1]:
        document = document.setdefault(step, {})
    document[steps[-1]] = value


def _kept(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {name: inner for name, entry in value.items() if (inner := _kept(entry)) is not None}
        return kept or None
    if isinstance(value, list) and value and isinstance(value[0], dict):
        entries = [kept for entry in value if (kept := _kept(entry)) and not is_bare(kept)]
        return entries or None
    return None if value in ("", []) else value
