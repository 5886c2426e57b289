"""The columns of a source by name, found the way people write them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches


def column_names(header: Sequence[str]) -> list[str]:
    """Return one unique name per header cell, trimmed.

    An empty one is ``column 5``, doubles are ``Phone (1)`` and ``Phone (2)``.

    >>> column_names(["ID ", "Phone", "", "Phone"])
    ['ID', 'Phone (1)', 'column 3', 'Phone (2)']
    """
    names = [" ".join(cell.split()) or f"column {number}" for number, cell in enumerate(header, 1)]
    keys = [name.lower() for name in names]
    seen: dict[str, int] = {}
    unique = []
    for name, key in zip(names, keys, strict=True):
        seen[key] = seen.get(key, 0) + 1
        unique.append(f"{name} ({seen[key]})" if keys.count(key) > 1 else name)
    return unique


class Columns:
    """The names that a mapping may read from, in the order of the source."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = list(names)
        self._exact = set(self.names)
        self._loose = {_loose(name): name for name in self.names}

    def find(self, text: str) -> str | None:
        """Return the column that a text names, exactly or else without regard to case and spaces; None if none."""
        return text if text in self._exact else self._loose.get(_loose(text))

    def complaint(self, text: str) -> str:
        """Return the sentence for a name that is no column: twins, the closest name, or all of them."""
        twins = [name for name in self.names if _loose(name).startswith(_loose(text) + " (")]
        if len(twins) > 1:
            return f"there are several columns {text!r}: write {' or '.join(map(repr, twins))}"
        close = get_close_matches(_loose(text), self._loose, n=1, cutoff=0.6)
        if close:
            return f"there is no column {text!r}; did you mean {self._loose[close[0]]!r}?"
        shown = ", ".join(map(repr, self.names[:30])) or "none"
        return f"there is no column {text!r}; the columns are {shown}"


def _loose(text: str) -> str:
    return " ".join(text.replace("\u00a0", " ").split()).lower()
