"""A run: so many requests of a seed are sent, each answer is judged, and then the directory is."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.harness.wire import Answer
from tests.security.fuzz.checking import complaints, parsed
from tests.security.fuzz.generator import Generator, Tokens
from tests.security.fuzz.hostile import Request
from tests.security.fuzz.senders import Sender

WARM_UP = (
    2_000  # requests before memory is first looked at: caches fill, the first pages of the heap are taken
)
_MOST_FAILURES = 200
_MOST_SHOWN = 2  # of failures that are alike
_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True)
class Failure:
    """A request whose answer was not as it must be."""

    number: int
    request: Request
    answer: Answer
    complaints: list[str]

    def report(self) -> str:
        """Return what was wrong, and the line with which ``--replay`` sends the request again."""
        said = f"request {self.number} ({self.request.recipe}): {'; '.join(self.complaints)}"
        shown = f"{self.request.method} {self.request.target[:300].decode('latin-1')}"
        answered = self.answer.body[:600].decode(errors="replace")
        return f"{said}\n  {shown}\n  answered {self.answer.status}: {answered}\n  replay: {self.request.as_line()}"


@dataclass
class Outcome:
    """What a run came to. Times are seconds, memory is bytes."""

    seed: int
    requests: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    recipes: Counter[tuple[str, bool]] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    alike: Counter[str] = field(default_factory=Counter)
    times: list[float] = field(default_factory=list)
    slowest: list[tuple[float, Request]] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """True when every answer and the directory were as they must be."""
        return not self.failures and not self.broken

    @property
    def growth(self) -> int:
        """How much more memory the server held at the end of the run than after the warm-up."""
        return self.memory[-1] - self.memory[0] if self.memory else 0

    def quantile(self, share: float) -> float:
        """Return the time within which this share of the answers came."""
        ordered = sorted(self.times) or [0.0]
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    def report(self) -> str:
        """Return what was found as lines for a person."""
        statuses = ", ".join(f"{status}: {n}" for status, n in sorted(self.statuses.items()))
        times = ", ".join(
            f"p{share:g} {self.quantile(share / 100) * 1000:.1f} ms" for share in (50, 99, 99.9)
        )
        lines = [f"seed {self.seed}: {self.requests} requests; {statuses}", f"{times}, {self._slowest()}"]
        if self.memory:
            peak = max(self.memory)
            lines.append(
                f"memory {self.memory[0] >> 20} MiB, then {self.growth / 2**20:+.1f} MiB, peak {peak >> 20} MiB"
            )
        lines += [f"{number} × {kind}" for kind, number in self.alike.most_common()]
        lines += [failure.report() for failure in self.failures]
        return "\n".join([*lines, *self.broken[:20]])

    def _slowest(self) -> str:
        taken = ", ".join(
            f"{seconds * 1000:.0f} ms {request.recipe} of {len(request.body)} bytes"
            for seconds, request in self.slowest[:5]
        )
        return f"slowest: {taken}"


def run(
    send: Sender,
    tokens: Tokens,
    seed: int,
    requests: int,
    *,
    memory: Callable[[], int] | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Outcome:
    """Return what came of the first ``requests`` requests of a seed; it ends early after two hundred failures.

    ``memory`` tells the bytes that the server holds; ``say`` gets a line of progress every 10,000 requests.
    """
    generator, outcome = Generator(seed, tokens), Outcome(seed)
    for number in range(requests):
        request = generator.next()
        started = time.perf_counter()
        answer = send(request)
        taken = time.perf_counter() - started
        document = parsed(answer)
        generator.known.learn(request, answer.status, document)
        _count(outcome, request, answer, taken)
        if said := complaints(request, answer):
            _note(outcome, Failure(number, request, answer, said))
        if outcome.alike.total() >= _MOST_FAILURES:
            break
        if memory and number >= min(WARM_UP, requests // 2) and number % 500 == 0:
            outcome.memory.append(memory())
        if number and number % 10_000 == 0:
            say(f"  {number} requests, {outcome.alike.total()} failures, {outcome.growth / 2**20:+.1f} MiB")
    return outcome


def _note(outcome: Outcome, failure: Failure) -> None:
    """Count a failure, and keep it when there are few like it."""
    kind = f"{failure.request.recipe}: {_DIGITS.sub('N', '; '.join(failure.complaints))}"
    outcome.alike[kind] += 1
    if outcome.alike[kind] <= _MOST_SHOWN:
        outcome.failures.append(failure)


def _count(outcome: Outcome, request: Request, answer: Answer, taken: float) -> None:
    outcome.requests += 1
    outcome.statuses[answer.status] += 1
    outcome.recipes[request.recipe, 200 <= answer.status < 300] += 1
    outcome.times.append(taken)
    if len(outcome.slowest) < 5 or taken > outcome.slowest[-1][0]:
        ranked = sorted([*outcome.slowest, (taken, request)], key=_time, reverse=True)
        outcome.slowest = ranked[:5]


def _time(ranked: tuple[float, Any]) -> float:
    return ranked[0]
