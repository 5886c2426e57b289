"""Fault plans: which calls of a simulator go wrong, and how its habits differ from the good case.

A plan is text, seeded and replayable::

    SPEC  := RULE (";" RULE)*
    RULE  := "seed=" INTEGER  |  NAME [":" KEY "=" VALUE ("," KEY "=" VALUE)*]

    429:every=20,retry_after=2; 500:rate=0.05; slow:ms=200; drop-after-commit:rate=0.01,method=POST; page-cap:size=50

NAME is a status (``400`` … ``599``), a fault of ``FAULTS`` or a persona of the simulator. Which calls a fault
strikes is chosen by selectors, all of which must agree; without any, every call is struck:

=============  ==========================================================================================
``every=N``    each N-th matching call
``rate=P``     each matching call with probability P (0 … 1), drawn from the seed and the call's ordinal
``nth=N+M``    exactly these matching calls, counted from 1
``after=N``    not the first N matching calls
``count=N``    at most N times in all
``for=S``      only during S seconds from the first matching call
``method=M``   only these methods (``POST+PATCH``)
``path=TEXT``  only when TEXT is in the path or the query
=============  ==========================================================================================

Personas have no selectors: they hold for every call.

=================================================  =========================================================
``429:every=20,retry_after=date+5``                an HTTP date; ``retry_after=-5``, ``=soon``, ``=99999999999``
``503:for=3600``                                   out of order for an hour
``401:after=100``                                  the key is withdrawn after 100 calls
``late-commit:ms=6000,method=POST``                the work is done after the caller gave up
``commit-then-reset:rate=0.01``                    the work is done, the answer is lost
=================================================  =========================================================
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from random import Random

from app.simulation.errors import FaultSpecError

STATUS_FAULT = (
    "400 … 599",
    "answers this status and does nothing (`when=after`: does the work first); `retry_after` is seconds, date+S, "
    "date-S, or any text at all",
)
FAULTS: dict[str, str] = {
    "slow": "works `ms` (± `jitter`) milliseconds late: the commit is late too (also: late-commit)",
    "slow-answer": "commits at once, answers `ms` milliseconds later",
    "drop": "resets the connection before anything is done",
    "drop-after-commit": "does the work, then resets the connection (also: commit-then-reset)",
    "half-body": "does the work, sends half of the answer and closes",
    "html": "answers 200 with an HTML page, does nothing",
    "empty": "answers 200 with no body, does nothing",
    "redirect": "answers `status` (302) with Location `to`, does nothing",
    "wrong-type": "does the work, labels the answer `type` (text/plain)",
    "broken-json": "does the work, answers JSON that does not parse",
    "gzip-bomb": "does the work, answers `mb` (100) megabytes of blanks, gzipped",
    "big": "does the work, pads the answer to `mb` (5) megabytes",
    "slow-loris": "does the work, sends the answer byte by byte, `ms` (100) milliseconds apart",
    "hang": "answers nothing for `s` (60) seconds, then cuts the connection",
}
ALIASES = {"commit-then-reset": "drop-after-commit", "late-commit": "slow"}
SELECTORS = frozenset({"every", "rate", "nth", "after", "count", "for", "method", "path"})
ARGUMENTS = frozenset({"ms", "jitter", "to", "status", "type", "mb", "s", "retry_after", "when"})
_STATUS = re.compile(r"[45]\d\d$")


@dataclass(slots=True)
class Rule:
    """One rule of a plan with its counters."""

    name: str
    arguments: Mapping[str, str]
    seed: str
    seen: int = 0
    struck: int = 0
    first_at: float | None = None

    def strikes(self, method: str, target: str, now: float) -> bool:
        """Count this call and tell whether the rule strikes it; ``target`` is path and query."""
        if not self._applies(method, target):
            return False
        self.seen += 1
        if self.first_at is None:
            self.first_at = now
        if not all(test(self, value, now) for test, value in self._tests()):
            return False
        self.struck += 1
        return True

    def number(self, name: str, default: float) -> float:
        """Return a numeric argument."""
        return float(self.arguments.get(name, default))

    def _applies(self, method: str, target: str) -> bool:
        methods = self.arguments.get("method")
        if methods is not None and method not in methods.upper().split("+"):
            return False
        return self.arguments.get("path", "") in target

    def _tests(self) -> list[tuple[Callable[[Rule, str, float], bool], str]]:
        return [(test, self.arguments[name]) for name, test in _TESTS.items() if name in self.arguments]


def _drawn(rule: Rule, value: str, now: float) -> bool:
    return Random(f"{rule.seed}/{rule.seen}").random() < float(value)


_TESTS: dict[str, Callable[[Rule, str, float], bool]] = {
    "every": lambda rule, value, now: rule.seen % int(value) == 0,
    "rate": _drawn,
    "nth": lambda rule, value, now: str(rule.seen) in value.split("+"),
    "after": lambda rule, value, now: rule.seen > int(value),
    "count": lambda rule, value, now: rule.struck < int(value),
    "for": lambda rule, value, now: now - (rule.first_at or now) < float(value),
}


@dataclass
class FaultPlan:
    """A readable plan, ready to be asked about each call; safe to use from many threads."""

    spec: str = ""
    rules: list[Rule] = field(default_factory=list)
    personas: dict[str, Mapping[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    @classmethod
    def parse(cls, spec: str, personas: Iterable[str] = (), standing: str = "") -> FaultPlan:
        """Return the plan of ``spec``; ``personas`` are the names that this simulator knows.

        ``standing`` is a plan that holds besides, without being part of the plan's ``spec``.

        Raises :class:`FaultSpecError`, naming the rule.

        >>> FaultPlan.parse("500:every=2;page-cap:size=50", ["page-cap"]).personas
        {'page-cap': {'size': '50'}}
        """
        known_personas = frozenset(personas)
        texts = [text.strip() for text in f"{standing};{spec}".split(";") if text.strip()]
        seed = next((text[5:] for text in texts if text.startswith("seed=")), "0")
        plan = cls(spec)
        for position, text in enumerate(text for text in texts if not text.startswith("seed=")):
            name, arguments = _read(text)
            if name in known_personas:
                plan.personas[name] = arguments
            else:
                _check(name, arguments, text, known_personas)
                plan.rules.append(Rule(name, arguments, f"{seed}/{position}"))
        return plan

    def striking(self, method: str, target: str) -> list[Rule]:
        """Return the rules that strike this call, in the order of the plan; counts the call."""
        if not self.rules:
            return []
        now = time.monotonic()
        with self._lock:
            return [rule for rule in self.rules if rule.strikes(method, target, now)]

    def persona(self, name: str) -> Mapping[str, str] | None:
        """Return the arguments of a persona, or None when the plan does not ask for it."""
        return self.personas.get(name)

    def counts(self) -> dict[str, int]:
        """Return how often each fault has struck."""
        with self._lock:
            totals: dict[str, int] = {}
            for rule in self.rules:
                totals[rule.name] = totals.get(rule.name, 0) + rule.struck
        return totals


def _read(text: str) -> tuple[str, dict[str, str]]:
    name, _, rest = text.partition(":")
    arguments: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in rest.split(","))):
        key, equals, value = part.partition("=")
        if not equals:
            raise FaultSpecError(f"fault {text!r}: {part!r} is not KEY=VALUE")
        arguments[key.strip()] = value.strip()
    name = name.strip()
    return ALIASES.get(name, name), arguments


_NUMBERS = {
    "every": int,
    "after": int,
    "count": int,
    "rate": float,
    "for": float,
    "ms": float,
    "jitter": float,
    "mb": float,
    "s": float,
}


def _check(name: str, arguments: Mapping[str, str], text: str, personas: frozenset[str]) -> None:
    if name not in FAULTS and not _STATUS.match(name):
        known = ", ".join(sorted([*FAULTS, *personas]))
        raise FaultSpecError(f"fault {name!r} is unknown: use a status from 400 to 599 or one of {known}")
    for key, value in arguments.items():
        if key not in SELECTORS | ARGUMENTS:
            raise FaultSpecError(
                f"fault {text!r}: {key!r} is unknown: use one of {', '.join(sorted(SELECTORS | ARGUMENTS))}"
            )
        if key in _NUMBERS:
            try:
                number = _NUMBERS[key](value)
            except ValueError:
                raise FaultSpecError(f"fault {text!r}: {key} must be a number, not {value!r}") from None
            if number < 0 or (key == "every" and number < 1) or (key == "rate" and number > 1):
                raise FaultSpecError(f"fault {text!r}: {key}={value} is out of range")
    if name == "redirect" and "to" not in arguments:
        raise FaultSpecError(f"fault {text!r}: say where to, redirect:to=http://…")
