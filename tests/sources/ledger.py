"""A small HR system and its adapter: an adapter as a third party would write one, for tests of the runner."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from app import registry
from app.database import reading
from app.sources import catalog, runner
from app.sources.adapter import Hint, Imported, SourceContext
from app.sources.catalog import Source
from app.sources.errors import IncompleteRead, SourceError
from app.sources.records import Check, Option, Page, RecordField, RowProblem, SourceRecord
from app.sources.runs import Run

MAPPING = """
[record]
key = "id"
[fields]
"enterprise.employeeNumber" = "id"
"name.givenName" = "first"
"name.familyName" = "last"
"emails[work].value" = "email"
"title" = "title"
"active" = { from = "status", map = { "here" = true, "left" = false } }
"""
PAGE = 10
Row = dict[str, Any]


@dataclass
class Ledger:
    """The HR system: rows by id, each with the tick of its last change. `breaks_after` pages reading breaks off."""

    rows: dict[str, Row] = field(default_factory=dict)
    now: int = 0
    breaks_after: int | None = None
    goes_on_in: float | None = None
    nameless: bool = False
    refuses_key: bool = False
    deaf: bool = False
    reads: list[str] = field(default_factory=list)
    acknowledged: list[Imported] = field(default_factory=list)

    def put(self, number: int, **members: str | None) -> None:
        """Add or change somebody."""
        self.now += 1
        known = self.rows.get(str(number)) or {
            "id": str(number),
            "first": f"Given{number}",
            "last": f"Family{number}",
            "email": f"person{number}@example.com",
            "title": "Clerk",
            "status": "here",
        }
        self.rows[str(number)] = {**known, **members, "_at": self.now}

    def hire(self, *numbers: int) -> None:
        """Add people."""
        for number in numbers:
            self.put(number)

    def drop(self, *numbers: int) -> None:
        """Take people out, without a word."""
        for number in numbers:
            del self.rows[str(number)]


#: The one that adapters read, set by the fixture.
current = Ledger()


class LedgerSource:
    """Reads a ledger. Changes are known by tick; single rows can be read."""

    kind = "ledger"
    label = "Ledger"
    options = (Option("office", "Which office"),)
    secrets = (Option("key", "The key", required=True),)
    default_work_email = "source"
    needs_consent = True
    default_schedule = "off"
    lists_everyone = True
    webhook_secrets: ClassVar[tuple[str, ...]] = ()

    def settle(self, settings: Mapping[str, str]) -> dict[str, str]:
        return dict(settings)

    def record_fields(self, context: SourceContext) -> tuple[RecordField, ...]:
        personal = {"email": "personal"}
        return tuple(
            RecordField(name, name.title(), "string", personal.get(name, "normal"))
            for name in ("id", "first", "last", "email", "title", "status")
        )

    def default_mapping(self) -> str | None:
        return MAPPING

    def guessed_mapping(self, context: SourceContext) -> str | None:
        return None

    def check(self, context: SourceContext) -> list[Check]:
        ok = not current.refuses_key
        return [
            Check(
                "sign in", ok, "the ledger takes the key" if ok else "the ledger refuses the key; set another"
            ),
            Check("permission titles", False, "titles cannot be seen", needed=False),
        ]

    def read(self, context: SourceContext, resume: Mapping[str, Any] | None) -> Iterator[Page]:
        since = int(context.watermark["tick"]) if context.watermark else 0
        current.reads.append("new" if context.watermark else "whole")
        began = int(resume["began"]) if resume else current.now
        last = str(resume["last"]) if resume else ""
        found = [row for key, row in sorted(current.rows.items()) if row["_at"] > since and key > last]
        for number in range(0, len(found) or 1, PAGE):
            if current.breaks_after is not None and number // PAGE >= current.breaks_after:
                raise IncompleteRead("The ledger fell shut.", current.goes_on_in)
            page = found[number : number + PAGE]
            last = page[-1]["id"] if page else last
            complete = number + PAGE >= len(found)
            place = {"last": last, "began": began}
            yield Page([_record(row) for row in page], place, complete, {"tick": began} if complete else None)

    def read_some(self, context: SourceContext, hints: Sequence[Hint]) -> Iterator[Page]:
        current.reads.append("some")
        ids = [str(hint["record"]) for hint in hints]
        records = [
            _record(current.rows[key])
            if key in current.rows
            else SourceRecord(int(key), {"id": key}, gone=True)
            for key in ids
        ]
        for number in range(0, len(records), PAGE):
            yield Page(records[number : number + PAGE], {"number": number}, number + PAGE >= len(records))

    def acknowledge(self, context: SourceContext, outcomes: Sequence[Imported]) -> None:
        if current.deaf:
            raise SourceError("The ledger does not listen.")
        current.acknowledged += outcomes


def _record(row: Row) -> SourceRecord:
    values = {name: value for name, value in row.items() if not name.startswith("_")}
    if current.nameless and row["id"].endswith("7"):
        return SourceRecord(int(row["id"]), {}, RowProblem("unreadable", "the row cannot be read"))
    return SourceRecord(int(row["id"]), values)


def install(monkeypatch: Any, kept: Ledger | None = None) -> Ledger:
    """Make ``ledger`` a known kind, with an empty ledger, or the one that was kept."""
    global current
    current = kept or Ledger()
    known = registry.kinds(registry.SOURCES)
    both = {**known, "ledger": "tests.sources.ledger:LedgerSource"}
    find = registry.kinds
    monkeypatch.setattr(registry, "kinds", lambda group: both if group == registry.SOURCES else find(group))
    registry.adapter_class.cache_clear()
    return current


def now(known: Source) -> Source:
    """Return a source as it is kept now."""
    with reading() as connection:
        return catalog.named(connection, known.tenant_id, known.name)


def pull(known: Source, **choice: Any) -> Run:
    """Import a source as it is kept now; ``choice`` as in ``import_now``."""
    return runner.import_now(now(known), requested_by="test", **{"dry_run": False, **choice})


def counted(run: Run) -> dict[str, int]:
    """Return the counters of a run that are not zero."""
    return {name: number for name, number in run.counts.as_dict().items() if number}
