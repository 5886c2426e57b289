"""The record of one call, fit to be stored and shown: no header is in it and no secret."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Exchange:
    """One HTTP exchange.

    `path` includes the redacted query; `started_at` is an instant (app/clock.py); the bodies are redacted
    text of at most 16 KiB, None where there was none; `status` is None when no answer arrived; `error` is the
    code of the `OutboundError`, if there was one.
    """

    method: str
    path: str
    status: int | None
    started_at: str
    duration_ms: int
    request_body: str | None
    response_body: str | None
    error: str | None = None
