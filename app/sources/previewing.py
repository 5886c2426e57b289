"""What the first records of a source become, before anybody is changed; for people to look at."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from app import clock
from app.sources.adapter import SourceContext
from app.sources.catalog import Source
from app.sources.errors import RowRefused
from app.sources.mapping import Mapping
from app.sources.records import SourceRecord
from app.sources.rules import UNKNOWN, Row
from app.sources.transforms import BadValue

#: Stands for a value that is not repeated.
HIDDEN = "•••"


def previewed(known: Source, context: SourceContext, rows: int) -> Iterator[dict[str, Any]]:
    """Yield what the first ``rows`` records of a source become: row, record, left_out, fields, problems.

    Values that are not to be repeated (salary, national number) are :data:`HIDDEN`.

    :raises SourceError: the source cannot be read, or its mapping not be used.
    """
    mapping = known.compiled_mapping(context)
    records = (record for page in known.adapter().read(context, None) for record in page.records)
    for record in islice(records, rows):
        yield _previewed(mapping, record)


def _previewed(mapping: Mapping, record: SourceRecord) -> dict[str, Any]:
    record_id, values, problems = "", {}, [record.problem] if record.problem else []
    is_wanted = bool(problems) or mapping.wants(record.values)
    try:
        if is_wanted and not problems:
            record_id = mapping.record_id(record.values)
            mapped = mapping.apply(record_id, record.values, mapping.today(clock.utcnow()))
            values, problems = mapped.values, list(mapped.problems)
    except RowRefused as refusal:
        problems = list(refusal.problems)
    return {
        "row": record.number,
        "record": record_id,
        "left_out": not is_wanted,
        "fields": {n: v if mapping.targets[n].quotable or v is None else HIDDEN for n, v in values.items()},
        "problems": [{"column": p.column, "code": p.code, "reason": p.reason} for p in problems],
    }


def field_by_field(mapping: Mapping, record: SourceRecord) -> dict[str, tuple[Any, str]]:
    """Return field → what one record makes of it, and what is wrong with it; each field by itself.

    A field that the record says nothing of is not there. Values that are not to be repeated are :data:`HIDDEN`.
    """
    today = mapping.today(clock.utcnow())
    row = Row(
        record.values, today, empty_words=mapping.empty_words, named=mapping.named, fields=mapping.fields
    )
    told: dict[str, tuple[Any, str]] = {}
    for name, rule in mapping.fields.items():
        try:
            value = rule.evaluate(row)
        except BadValue as error:
            told[name] = (None, rule.problem(error).reason)
            continue
        if value is not UNKNOWN:
            is_shown = mapping.targets[name].quotable or value is None
            told[name] = (value if is_shown else HIDDEN, "")
    return told
