"""How the battery fails: with what was seen, and with the sentence of the contract and its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from app.errors import RollcallError

PAGE = "docs/adapters.md"
DESCRIPTION, CHECKS, READING = "Describing itself", "Checks", "Reading"
IMPORTS, SECRETS, WEBHOOKS = "What an import makes of it", "Secrets", "Webhooks"

_Test = TypeVar("_Test", bound=Callable[..., Any])


def require(ok: object, seen: str, wanted: str, section: str) -> None:
    """Raise ``AssertionError`` unless ``ok``: what was seen, what the contract wants, and where it is written."""
    __tracebackhide__ = True
    if not ok:
        raise AssertionError(f"{seen}\n  The contract: {wanted} ({PAGE}, “{section}”)")


def refusal_of(call: Callable[[], object], family: type[Exception] = RollcallError) -> str | None:
    """Return the message with which a call is refused, None when it is not; other errors pass."""
    try:
        call()
    except family as error:
        return str(error)
    return None


def needs(protocol: type) -> Callable[[_Test], _Test]:
    """Mark a test that is about adapters with the methods of a protocol (``app.sources.adapter``)."""

    def mark(test: _Test) -> _Test:
        test.needs = protocol  # type: ignore[attr-defined]
        return test

    return mark
