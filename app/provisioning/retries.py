"""When to try again (rule 14): back-off with full jitter, clamped Retry-After, quarantine. Pure."""

from __future__ import annotations

import random
from datetime import timedelta

from app import clock

LONGEST_WAIT = 1800.0
#: Seconds between two tries of what is in quarantine.
DAILY = 86_400.0
QUARANTINE_AFTER = timedelta(hours=72)
#: Transient failures in a row after which the target as a whole is left alone.
CIRCUIT_AFTER = 5


def backoff(tries: int, chance: random.Random) -> float:
    """Seconds before the next try after `tries` failures: full jitter under 1 s, 2 s, 4 s … 30 min."""
    ceiling = min(LONGEST_WAIT, 2.0 ** min(max(tries, 1) - 1, 20))
    return chance.uniform(0.1, ceiling)


def wait(retry_after: float | None, tries: int, chance: random.Random) -> float:
    """Seconds to wait: what the target asked for, clamped to 30 minutes, else the back-off."""
    if retry_after is None:
        return backoff(tries, chance)
    return min(max(retry_after, 0.1), LONGEST_WAIT)


def circuit_wait(retry_after: float | None, failures: int, chance: random.Random) -> float:
    """Seconds to leave a target alone that failed as a whole: what it asked for, else at most a minute.

    It is probed with single calls, so that a leaver waits little longer than the target is away.
    """
    return (
        wait(retry_after, failures, chance)
        if retry_after is not None
        else min(60.0, backoff(failures, chance))
    )


def is_quarantined(first_failed_at: str | None, now: str) -> bool:
    """Whether a link has failed for so long that a person should look at it."""
    if first_failed_at is None:
        return False
    return clock.parse_instant(now) - clock.parse_instant(first_failed_at) > QUARANTINE_AFTER
