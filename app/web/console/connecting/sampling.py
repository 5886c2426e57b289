"""A sample of a source's people, read in the background: vendors answer slowly, and pages must not wait for them.

It stays in this process's memory for a few minutes, and is written nowhere: what a draft would bring is shown to the
admin who connects it before anything of it is kept.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace

import structlog
from flask import Flask, current_app

from app.errors import RollcallError
from app.sources import runner
from app.sources.adapter import SourceContext
from app.sources.catalog import Source
from app.sources.drafts import COMMON_OPTIONS
from app.sources.errors import SourceUnavailable
from app.sources.records import SourceRecord
from app.web.console.runs.wording import plain

log = structlog.get_logger(__name__)

#: The most people that are shown before an import; a dry run counts all.
MOST = 200
#: Seconds: how long a vendor is read, how long a sample is good, how long a page waits for the first people.
PATIENCE, GOOD_FOR, FIRST_WAIT = 300.0, 600.0, 4.0
#: Samples that are kept at once in a process.
_MOST_KEPT = 50


@dataclass(frozen=True, slots=True)
class Sample:
    """The people read so far; ``trouble`` says why there are no more."""

    records: tuple[SourceRecord, ...] = ()
    is_done: bool = True
    trouble: str = ""


@dataclass
class _Reading:
    """One source being read by a thread."""

    known: Source
    context: SourceContext
    began: float = field(default_factory=time.monotonic)
    records: list[SourceRecord] = field(default_factory=list)
    trouble: str = ""
    is_done: bool = False
    arrived: threading.Event = field(default_factory=threading.Event)

    @property
    def source(self) -> tuple[int, int]:
        return self.known.tenant_id, self.known.id

    def is_of(self, known: Source) -> bool:
        """Whether this is what the source would give now."""
        return self.is_fresh and _told(self.known) == _told(known)

    @property
    def is_fresh(self) -> bool:
        return time.monotonic() - self.began < GOOD_FOR

    def run(self, app: Flask) -> None:
        with app.app_context():
            try:
                self._read()
            except RollcallError as error:
                self.trouble = plain(str(error))
            except Exception as error:
                # The edge of a thread: a defect of an adapter is told on the page, and found in the log.
                log.exception("a sample could not be read", source=self.known.name)
                self.trouble = (
                    f"Reading stopped at an unexpected {type(error).__name__}; the log has the cause."
                )
            finally:
                self.is_done = True
                self.arrived.set()

    def _read(self) -> None:
        context = replace(self.context, pause=self._pause, alive=lambda: self._pause(0.0))
        for page in self.known.adapter().read(context, None):
            self.records.extend(page.records[: MOST - len(self.records)])
            if self.records:
                self.arrived.set()
            if len(self.records) >= MOST:
                return

    def _pause(self, seconds: float) -> None:
        if time.monotonic() + seconds > self.began + PATIENCE:
            raise SourceUnavailable("Reading took too long, so only the people read so far are shown.")
        time.sleep(seconds)


class Samples:
    """The samples of a process."""

    def __init__(self) -> None:
        self._readings: dict[tuple[int, int], _Reading] = {}
        self._lock = threading.Lock()

    def of(self, known: Source) -> Sample:
        """Return what was read of a source so far; begins to read it when that was not done lately.

        Waits a moment for the first people. Raises the ``SourceError`` family when the source may not be called.
        """
        reading = self._reading(known)
        reading.arrived.wait(FIRST_WAIT)
        return Sample(tuple(reading.records), reading.is_done, reading.trouble)

    def forget(self, known: Source) -> None:
        """Read a source anew the next time."""
        with self._lock:
            self._readings.pop((known.tenant_id, known.id), None)

    def _reading(self, known: Source) -> _Reading:
        place = (known.tenant_id, known.id)
        with self._lock:
            self._drop_old()
            found = self._readings.get(place)
            if found is not None and found.is_of(known):
                return found
        begun = _Reading(known, runner.context_of(known))
        with self._lock:
            self._readings[place] = begun
        app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
        threading.Thread(target=begun.run, args=(app,), name=f"sample-{known.name}", daemon=True).start()
        return begun

    def _drop_old(self) -> None:
        newest_first = sorted(self._readings.values(), key=lambda reading: -reading.began)
        kept = [reading for reading in newest_first if reading.is_fresh][:_MOST_KEPT]
        self._readings = {reading.source: reading for reading in kept}


def _told(known: Source) -> tuple[dict[str, str], dict[str, str]]:
    """What a source's adapter is told; its schedule or its mapping change nothing of what it reads."""
    common = {option.name for option in COMMON_OPTIONS}
    settings = {name: value for name, value in known.settings.items() if name not in common}
    return settings, known.secrets


def sample_of(known: Source) -> Sample:
    """Return a sample of a source; one that cannot be read has nobody, and says why."""
    samples: Samples = current_app.extensions.setdefault("rollcall.samples", Samples())
    try:
        return samples.of(known)
    except RollcallError as error:
        return Sample(trouble=plain(str(error)))


def read_anew(known: Source) -> None:
    """Forget the sample of a source."""
    samples: Samples = current_app.extensions.setdefault("rollcall.samples", Samples())
    samples.forget(known)
