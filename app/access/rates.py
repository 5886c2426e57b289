"""Rate limits that all processes of a machine share: GCRA (virtual scheduling) over a memory-mapped file.

For each key the file holds one number, the theoretical arrival time: when the requests granted so far would have
come, had they come evenly. A request that is not ahead of its time by more than the burst is granted and moves it on.
The clock is CLOCK_MONOTONIC, the same in all processes of a machine.

A grant costs 3 to 4 µs, of which the file lock takes 1.3. The lock is not waited for: a process that was stopped
while it held it would stop all others. Who does not get it goes on without; then two processes may read the same
number, one of the two updates is lost, and what was granted in between is forgotten, at most one burst. Measured with
four processes that ask as fast as they can on two cores, 40,000 at once allowed: up to 40,083 were granted, and 47,542
with no lock at all. Within a process threads take turns.
"""

from __future__ import annotations

import mmap
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from fcntl import LOCK_EX, LOCK_NB, LOCK_UN, lockf
from pathlib import Path

import structlog

from app.access.clients import ClientSettings
from app.config import Settings

log = structlog.get_logger(__name__)

_BITS = 14
SLOTS = 1 << _BITS
SIZE = SLOTS * 16
#: Slots that a key may lie in, counted from its own.
PROBES = 8
#: No wait is longer; a time further ahead was written before the machine started anew, or is damaged.
LONGEST_SECONDS = 86_400.0
#: How often it is looked whether the file is still the one that is mapped.
LOOK_SECONDS = 5.0
LOCK_TRIES = 2
#: A wait that is no more than what adding and taking off the clock's time rounds away.
_ROUNDING = 1e-6
#: Multiplying by it spreads keys evenly over the upper bits (Knuth, volume 3, 6.4).
_SPREAD, _WORD, _SHIFT = 0x9E3779B97F4A7C15, (1 << 64) - 1, 64 - _BITS


def budget(settings: Settings, client: ClientSettings) -> tuple[int, int]:
    """Return (requests a second, requests at once) of each token of a client; a rate of 0 is no limit."""
    rate = settings.scim_rate if client.rate is None else client.rate
    return rate, settings.scim_burst if client.burst is None else client.burst


class RateLimiter:
    """Counts requests by key; the file is made at the first one, and made anew when it is gone or damaged."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path, self._clock = path, clock
        self._threads = threading.Lock()
        self._slots: _Slots | None = None
        self._look_at = 0.0

    def take(self, tenant_id: int, number: int, rate: float, burst: float) -> float:
        """Return 0 when a request may go on now, else the seconds until it may.

        :param number: ``Principal.rate_key``. :param rate: requests a second, 0 for no limit. :param burst: how many
            may come at once after a rest.
        """
        if rate <= 0:
            return 0.0
        step = 1.0 / rate
        key = tenant_id << 32 | number & 0xFFFFFFFF
        with self._threads:
            now = self._clock()
            slots = self._slots
            if slots is None or now >= self._look_at:
                slots = self._slots = self._opened(slots)
                self._look_at = now + LOOK_SECONDS
            return slots.take(key, now, step, min(max(burst, 1.0) * step, LONGEST_SECONDS))

    def _opened(self, slots: _Slots | None) -> _Slots:
        """Return the slots of the file; of this process alone when there cannot be a file."""
        if slots is not None and slots.is_file(self._path):
            return slots
        try:
            opened = _Slots(_prepared(self._path))
        except OSError as error:
            if slots is not None:
                return slots
            log.warning("each process counts rates for itself", path=str(self._path), cause=str(error))
            return _Slots(-1)
        if slots is not None:
            slots.close()
        return opened


class _Slots:
    """The table of (key, time): a key lies in one of the slots from its home on; idle ones are taken over.

    :param descriptor: of the file, or -1 for memory of this process alone.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._memory = mmap.mmap(descriptor, SIZE)
        self._bytes = memoryview(self._memory)
        self._keys, self._times = self._bytes.cast("Q"), self._bytes.cast("d")

    def close(self) -> None:
        for part in (self._keys, self._times, self._bytes):
            part.release()
        self._memory.close()
        if self._descriptor >= 0:
            os.close(self._descriptor)

    def is_file(self, path: Path) -> bool:
        if self._descriptor < 0:
            return False
        with suppress(OSError):
            return os.path.samestat(os.fstat(self._descriptor), os.stat(path))
        return False

    def take(self, key: int, now: float, step: float, window: float) -> float:
        keys, times = self._keys, self._times
        is_locked = self._lock()
        try:
            place = (key * _SPREAD & _WORD) >> _SHIFT << 1
            if keys[place] != key:
                place = self._place(place, key, now)
            latest = now + window
            granted_until = times[place + 1]
            if not granted_until <= latest:  # so that what is no number counts as too far ahead
                times[place + 1] = granted_until = latest
            elif granted_until < now:
                granted_until = now
            granted_until += step
            if granted_until - latest > _ROUNDING:
                return granted_until - latest
            times[place + 1] = granted_until
            return 0.0
        finally:
            if is_locked:
                lockf(self._descriptor, LOCK_UN)

    def _place(self, home: int, key: int, now: float) -> int:
        """Return where a key stands that is not at home, else where it is to stand: there it has used nothing yet."""
        keys, times = self._keys, self._times
        places = [(home + 2 * further) % (2 * SLOTS) for further in range(PROBES)]
        for place in places:
            if keys[place] == key:
                return place
        # An idle slot is as good as an empty one. Among busy ones the earliest is given up: its key has a burst more.
        place = min(places, key=lambda place: _ahead(times[place + 1], now))
        keys[place], times[place + 1] = key, 0.0
        return place

    def _lock(self) -> bool:
        if self._descriptor < 0:
            return False
        for _ in range(LOCK_TRIES):
            try:
                lockf(self._descriptor, LOCK_EX | LOCK_NB)
            except OSError:
                continue
            return True
        return False


def _ahead(moment: float, now: float) -> float:
    return moment - now if 0 < moment - now <= LONGEST_SECONDS else 0.0


def _prepared(path: Path) -> int:
    """Return the descriptor of a file of the right size; a wrong one is replaced, as others may have it mapped.

    All of its blocks are allocated: with a hole, a full disk would end the process at some later request.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    if os.fstat(descriptor).st_size not in (0, SIZE):
        os.close(descriptor)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        os.replace(draft, path)
    try:
        os.posix_fallocate(descriptor, 0, SIZE)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
