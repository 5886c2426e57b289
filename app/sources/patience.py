"""Calls to a vendor that somebody waits for: as long as a person waits, and no longer."""

from __future__ import annotations

import time
from dataclasses import replace

from app.sources import runner
from app.sources.adapter import SourceContext
from app.sources.catalog import Source
from app.sources.errors import SourceUnavailable

#: How long a request waits for a vendor, beside the time limit of the one call that is under way then.
REQUEST_SECONDS = 20.0


def patient_context(known: Source, seconds: float | None = None) -> SourceContext:
    """Return what the adapter works with while somebody waits: a vendor that lets it wait for long is given up.

    :param seconds: :data:`REQUEST_SECONDS` unless given.
    :raises WrongSource: the source's system may not be called.
    """
    patience = REQUEST_SECONDS if seconds is None else seconds
    end = time.monotonic() + patience

    def pause(wait: float) -> None:
        if time.monotonic() + wait > end:
            raise SourceUnavailable(
                f"{known.name!r} asks for more patience than the {patience:.0f} seconds of a request; "
                "a dry run of its import waits as long as it takes."
            )
        time.sleep(wait)

    return replace(runner.context_of(known), pause=pause, alive=lambda: pause(0.0))
