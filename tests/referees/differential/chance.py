"""Seeded chance, from which all requests are made.

Hypothesis would shrink failures by itself, but it repeats what it has drawn: 834 of 1,000 sequences and 1,221 of 5,832
requests were distinct, at half the time of the whole test. :func:`tests.referees.differential.play.shortened` shrinks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any, TypeVar

T = TypeVar("T")


class Chance(Random):
    """Random choices as the generators need them."""

    def one_in(self, number: int) -> bool:
        """Return True once in that many calls."""
        return self.randrange(number) == 0

    def some(self, items: Sequence[T], least: int, most: int) -> list[T]:
        """Return some of the items, each once, in any order."""
        return self.sample(items, self.randint(least, min(most, len(items))))


#: Makes a value.
Make = Callable[[Chance], Any]


def one_of(*items: Any) -> Make:
    """Return what makes one of these values."""
    return lambda chance: chance.choice(items)


def made(chance: Chance, makers: Mapping[str, Make], least: int, most: int) -> dict[str, Any]:
    """Return an object with some of the members that can be made."""
    return {name: makers[name](chance) for name in chance.some(list(makers), least, most)}
