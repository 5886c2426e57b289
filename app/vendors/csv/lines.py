"""Lines of a CSV file joined to records: a quoted cell may hold line breaks."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

#: A quote that is not closed within these is taken for a stray one; the rest of the file is not swallowed.
MOST_LINES = 200
MOST_CHARACTERS = 1 << 20


@dataclass(frozen=True, slots=True)
class Record:
    """The text of one record, without its last line break; `is_broken` when a quote in it is never closed."""

    text: str
    is_broken: bool = False


def records(lines: Iterable[str], delimiter: str) -> Iterator[Record]:
    """Yield the records of a file's lines.

    A record whose quote is not closed within 200 lines or a million characters is broken: its first line is yielded
    as such, and reading goes on with the next line.
    """
    waiting: deque[str] = deque()
    source = iter(lines)
    while True:
        first = waiting.popleft() if waiting else next(source, None)
        if first is None:
            return
        taken = [first]
        is_open = ends_open(first, False, delimiter)
        size = len(first)
        while is_open and len(taken) < MOST_LINES and size < MOST_CHARACTERS:
            following = waiting.popleft() if waiting else next(source, None)
            if following is None:
                break
            taken.append(following)
            size += len(following)
            is_open = ends_open(following, True, delimiter)
        if is_open:
            waiting.extendleft(reversed(taken[1:]))
            yield Record(first.rstrip("\n"), is_broken=True)
        else:
            yield Record("".join(taken).rstrip("\n"))


def ends_open(line: str, is_open: bool, delimiter: str) -> bool:
    """Return whether a quoted cell is open behind the line, as the csv module reads it.

    Only a quote at the beginning of a cell opens one: ``12" pipe`` is text.
    """
    if '"' not in line:
        return is_open
    position = 0
    while True:
        if is_open:
            position = line.find('"', position)
            if position < 0:
                return True
            if line.startswith('"', position + 1):
                position += 2
                continue
            is_open, position = False, line.find(delimiter, position + 1)
        else:
            while line.startswith(" ", position):
                position += 1
            if line.startswith('"', position):
                is_open, position = True, position + 1
                continue
            position = line.find(delimiter, position)
        if position < 0:
            return False
        position += 1
