"""Structured logging: one JSON line per event on stderr, with values that look like secrets masked."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_SECRET_NAMES = re.compile(
    r"(password|token|secret|authorization|api_?key|ssn|national_?id|salary)", re.IGNORECASE
)
_TOKEN = re.compile(r"(?:rc_[a-z0-9]+_|rcs_)[A-Za-z0-9_-]{20,}")
MASK = "•••"


def mask_secrets(_logger: object, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Return the event with secret-named values and anything that has the shape of our tokens masked."""
    for key, value in event.items():
        if _SECRET_NAMES.search(key) and key != "event":
            event[key] = MASK
        elif isinstance(value, str):
            event[key] = _TOKEN.sub(MASK, value)
    return event


def init_logging(level: str) -> None:
    """Send structured events to stderr as JSON lines from ``level`` upwards."""
    # urllib3 writes whole paths at DEBUG, API keys in queries included.
    logging.getLogger("urllib3").setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            mask_secrets,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
