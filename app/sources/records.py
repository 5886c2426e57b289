"""The values that travel between an adapter and the runner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["error", "warning"]
#: Column (or vendor field) → its text; None is an empty cell, a missing key means that the source did not say.
Values = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class RowProblem:
    """One line of the error file. The codes are listed in docs/error-codes.md."""

    code: str
    reason: str
    column: str = ""
    severity: Severity = "error"


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """One record as the source gave it.

    `number` is the row number that a person would look for (a file's row; a vendor's running number).
    `problem` says why the record could not be read; its values are then of no use.
    `gone` is True when the source says explicitly that the record was deleted there.
    """

    number: int
    values: Values
    problem: RowProblem | None = None
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Records that are stored together, and where reading goes on after them.

    `resume` is JSON-able and goes back to `read` after a kill. `complete` is True on the last page only; that page
    may carry the `watermark` from which the next read goes on once all records of this one are stored.
    """

    records: list[SourceRecord]
    resume: dict[str, Any]
    complete: bool = False
    watermark: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class RecordField:
    """One field of a source's records. `sensitivity` is `normal`, `personal` or `secret` (vendors.md §7)."""

    name: str
    label: str = ""
    type: str = "string"
    sensitivity: str = "normal"


@dataclass(frozen=True, slots=True)
class Check:
    """One finding of a connection check, in a sentence that says what is lost and where it is mended if it is not ok.

    A finding that is not `needed` does not keep the connection from being published.
    """

    name: str
    ok: bool
    message: str
    needed: bool = True


@dataclass(frozen=True, slots=True)
class Option:
    """A setting or secret that a kind of source knows (`--set`, `--secret`)."""

    name: str
    label: str
    required: bool = False
    default: str | None = None
    #: What may be chosen, where there is a choice (``yes``, ``no``).
    choices: tuple[str, ...] = ()


@dataclass(slots=True)
class Counts:
    """The six counters of an import (design.md §3); `total` is their sum by construction."""

    added: int = 0
    updated: int = 0
    deleted: int = 0
    skipped: int = 0
    errored: int = 0

    @property
    def total(self) -> int:
        """The number of non-blank rows that were worked on."""
        return self.added + self.updated + self.deleted + self.skipped + self.errored

    def add(self, outcome: str) -> None:
        """Count one row by its outcome: `added`, `updated`, `deleted`, `skipped` or `errored`."""
        setattr(self, outcome, getattr(self, outcome) + 1)

    def as_dict(self) -> dict[str, int]:
        """The six counters by name, in the order in which they are always shown."""
        return {
            "added": self.added,
            "updated": self.updated,
            "deleted": self.deleted,
            "skipped": self.skipped,
            "errored": self.errored,
            "total": self.total,
        }


@dataclass(frozen=True, slots=True)
class MappedRow:
    """What a row says in the directory's words.

    `values` is field name → text, bool, float or list; None empties the field. `problems` are warnings only.
    """

    record_id: str
    values: dict[str, Any]
    problems: tuple[RowProblem, ...] = field(default=())
