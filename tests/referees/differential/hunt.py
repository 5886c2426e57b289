"""Hunting for differences that nobody has judged: many sequences, each kind of difference reported once, short."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from tests.referees.differential.accepted import accepted
from tests.referees.differential.comparison import Difference
from tests.referees.differential.exchange import Step
from tests.referees.differential.play import played, shortened
from tests.referees.differential.sequences import sequence
from tests.referees.differential.servers import Rollcall, Scim2Server

_MOST_REPORTS = 20


@dataclass(frozen=True)
class Report:
    """A difference with the shortest sequence that shows it; ``number`` is that of the sequence it was found in."""

    number: int
    steps: list[Step]
    difference: Difference

    def __str__(self) -> str:
        before = "".join(f"  {step}\n" for step in self.steps if step is not self.difference.step)
        return f"sequence {self.number}:\n{before}{self.difference}"


@dataclass
class Hunt:
    """What came of a hunt."""

    sequences: int = 0
    requests: int = 0
    found: list[Report] = field(default_factory=list)
    met: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        kinds = "".join(f"\n  {number:6,} × {name}" for name, number in self.met.most_common())
        return f"{self.sequences:,} sequences, {self.requests:,} requests, {len(self.found)} to judge; accepted:{kinds}"


def hunted(rollcall: Rollcall, peer: Scim2Server, seed: int, number: int) -> Hunt:
    """Return the differences in that many random sequences; of each kind one, made as short as it gets."""
    hunt, known = Hunt(), set[str]()
    for index in range(number):
        steps = sequence(seed, index)
        hunt.sequences += 1
        hunt.requests += len(steps)
        unjudged: dict[int, Difference] = {}
        for difference in played(steps, rollcall, peer):
            kind = accepted(difference)
            if kind is not None:
                hunt.met[kind.name] += 1
            else:
                unjudged.setdefault(id(difference.step), difference)  # the first of an answer says enough
        for difference in unjudged.values():
            if _signature(difference) not in known and len(known) < _MOST_REPORTS:
                known.add(_signature(difference))
                hunt.found.append(_report(index, steps, difference, rollcall, peer))
    return hunt


def _report(
    index: int, steps: list[Step], difference: Difference, rollcall: Rollcall, peer: Scim2Server
) -> Report:
    def seen(shorter: list[Step]) -> Difference | None:
        found = [each for each in played(shorter, rollcall, peer) if accepted(each) is None]
        return next((each for each in found if _signature(each) == _signature(difference)), None)

    short = shortened(steps, lambda shorter: seen(shorter) is not None)
    return Report(index, short, seen(short) or difference)


def _signature(difference: Difference) -> str:
    """Return what differences of one kind have in common."""
    place = re.sub(r"\[\d+\]", "", difference.place)
    said = (difference.ours, difference.theirs) if place == "outcome" else ()
    return f"{difference.step.method} {difference.step.path.split('/')[1]} {place} {said}"
