"""Step 5, mapping: which field of the source becomes which of ours, tried on real people before it is kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import flash, request

from app.errors import RollcallError
from app.sources.errors import MappingError
from app.sources.mapping import Mapping
from app.sources.mapping_text import compile_mapping
from app.sources.mapping_writing import Parts, parts_of
from app.sources.previewing import HIDDEN, field_by_field
from app.sources.records import RecordField, SourceRecord
from app.web.console.connecting import mapping_lines, review
from app.web.console.connecting.hand import Answer, Hand, change
from app.web.console.connecting.mapping_lines import AS_WRITTEN, KEPT
from app.web.console.connecting.sampling import sample_of
from app.web.console.field_words import all_field_words
from app.web.console.runs.wording import plain

#: People that one may look at, one after the other.
_MOST_LOOKED_AT = 20


def page(hand: Hand) -> Answer:
    """Show the mapping with a real person; the table, or the text, stores it, or tries it without storing."""
    parts = parts_of(hand.known.mapping)
    if request.method != "POST":
        return _shown(hand, parts, hand.known.mapping)
    if "text" in request.form:
        return _stored(hand, parts, request.form["text"].replace("\r\n", "\n"))
    names = [field.name for field in _columns(hand)[0]]
    wanted = mapping_lines.changed(parts, request.form, names)
    text = hand.known.mapping if wanted == parts else wanted.text()
    if request.form.get("deed") == "try":
        return _shown(hand, wanted, text, is_tried=True)
    return _stored(hand, wanted, text)


def _stored(hand: Hand, shown: Parts, text: str) -> Answer:
    try:
        known = change(hand.known, {"mapping": text})
    except RollcallError as error:
        return _shown(hand, shown, text, problems=_problems(error), status=422)
    if known.is_published:
        flash("The mapping is stored; the next import reads everybody anew.", "success")
        return hand.onward()
    review.count(known)
    return hand.onward()


def _shown(
    hand: Hand,
    parts: Parts,
    text: str,
    *,
    problems: Sequence[str] = (),
    is_tried: bool = False,
    status: int = 200,
) -> Answer:
    (fields, unread), sample = _columns(hand), sample_of(hand.known)
    people = sample.records[:_MOST_LOOKED_AT]
    number = _person(len(people))
    mapping, found = (None, unread) if unread else _compiled(text, fields)
    told = field_by_field(mapping, people[number]) if mapping is not None and people else {}
    return hand.page(
        status,
        parts=parts,
        text=text,
        lines=mapping_lines.lines_of(parts),
        columns=fields,
        **_offered(parts),
        samples=_samples(fields, people[number]) if people and fields else {},
        told=told,
        number=number,
        people=len(people),
        sample=sample,
        problems=[*problems] or found,
        is_tried=is_tried,
    )


def _offered(parts: Parts) -> dict[str, Any]:
    """Return what the table offers to choose from."""
    return {
        "all_fields": [field for field in _by_words() if field[0] not in parts.fields],
        "hows": {name: words for name, (_, _, words) in mapping_lines.HOWS.items()},
        "new_lines": range(mapping_lines.NEW_LINES),
        "as_written": AS_WRITTEN,
        "kept": KEPT,
    }


def _by_words() -> list[tuple[str, str]]:
    return sorted(all_field_words().items(), key=lambda field: field[1])


def _columns(hand: Hand) -> tuple[tuple[RecordField, ...], list[str]]:
    """Return the fields of the source; none, and why, while they cannot be read: a file may be away."""
    try:
        return hand.adapter.record_fields(hand.known.context()), []
    except RollcallError as error:
        return (), _problems(error)


def _compiled(text: str, fields: Sequence[RecordField]) -> tuple[Mapping | None, list[str]]:
    try:
        return compile_mapping(text, [field.name for field in fields]), []
    except MappingError as error:
        return None, _problems(error)


def _problems(error: RollcallError) -> list[str]:
    """Return a sentence for each thing that is wrong."""
    found = error.problems if isinstance(error, MappingError) else [plain(str(error))]
    return [f"{problem[:1].upper()}{problem[1:]}" for problem in found]


def _samples(fields: Sequence[RecordField], record: SourceRecord) -> dict[str, str]:
    """Return column → what one person has there; what is confidential is not shown."""
    hidden = {field.name for field in fields if field.sensitivity == "secret"}
    filled = {name: value for name, value in record.values.items() if value}
    return {name: HIDDEN if name in hidden else value for name, value in filled.items()}


def _person(people: int) -> int:
    text = request.values.get("person", "0")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0
    return min(number, max(people - 1, 0))
