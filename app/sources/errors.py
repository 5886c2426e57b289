"""What can go wrong with sources, one family.

    SourceError
    ├── WrongSource          a source was described wrongly (settings, secrets, name); the CLI answers with exit code 2
    │   └── MappingError     its mapping cannot be used; every problem at once
    ├── SourceUnavailable    the source cannot be read at all: nothing has been changed
    ├── IncompleteRead       the source broke off: what was read is applied, nobody is suspended
    ├── DeliveryRefused      a webhook call is not proven to come from the vendor, or cannot be read
    └── LeaseLost            another process has taken the run over, or an admin has cancelled it

`RowRefused` is not of this family: it never leaves the runner, which turns it into rows of the error file.
"""

from __future__ import annotations

from app.errors import RollcallError, WrongUse
from app.sources.records import RowProblem


class SourceError(RollcallError):
    """Base of everything that the sources room refuses; ``str(error)`` is fit for a person to read."""


class WrongSource(SourceError, WrongUse):
    """A source was described in a way that cannot work; the message names the part and the way out."""


class MappingError(WrongSource):
    """A mapping cannot be used; ``problems`` has one sentence for each finding."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        shown = problems[:5]
        more = f"; and {len(problems) - 5} more" if len(problems) > 5 else ""
        super().__init__(
            "The mapping cannot be used: " + "; ".join(shown) + more + ". docs/mapping.md has the form."
        )


class SourceUnavailable(SourceError):
    """The source could not be read; the message names it, the reason and the way out."""


class IncompleteRead(SourceError):
    """Reading broke off before the end; the message says where and why.

    ``goes_on_in`` seconds the source can be read on (its calls of the day are used up): the run waits for that then.
    """

    def __init__(self, message: str, goes_on_in: float | None = None) -> None:
        self.goes_on_in = goes_on_in
        super().__init__(message)


class DeliveryRefused(SourceError):
    """A webhook call is not taken: ``status`` 401 when nothing proves its sender, 400 when it cannot be read."""

    def __init__(self, message: str, status: int = 401) -> None:
        self.status = status
        super().__init__(message)


class LeaseLost(SourceError):
    """The run is no longer this process's: its lease has gone to another, or it has been cancelled."""


class RowRefused(Exception):
    """One row cannot be applied; ``problems`` says why, each with code, column and reason."""

    def __init__(self, *problems: RowProblem) -> None:
        self.problems = problems
        super().__init__("; ".join(problem.reason for problem in problems))


def row_refused(code: str, reason: str, column: str = "") -> RowRefused:
    """Return the verdict of one problem."""
    return RowRefused(RowProblem(code, reason, column))
