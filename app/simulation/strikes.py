"""What each fault does to a call: before the work, instead of it, or to its answer."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from random import Random

from werkzeug.wrappers import Response

from app.simulation.faults import Rule
from app.simulation.server import Dropped


class CutResponse(Response):
    """An answer that never leaves: the connection is reset when it is iterated."""


Work = Callable[[], Response]
MEGABYTE = 1_000_000


def answer_with_faults(
    rules: list[Rule], work: Work, refuse: Callable[[int, str], Response]
) -> tuple[Response, Response | None]:
    """Do ``work`` as far as the striking rules let it; return (what is sent, what the work answered or None).

    ``refuse(status, message)`` gives an error in the vendor's own form. A response that cuts the connection raises
    :class:`Dropped` while it is iterated, so that the caller can log first.
    """
    for rule in rules:
        if rule.name in _BEFORE:
            _BEFORE[rule.name](rule)
    for rule in rules:
        if rule.name in _INSTEAD:
            return _INSTEAD[rule.name](rule), None
        if rule.name.isdigit() and rule.arguments.get("when") != "after":
            return _refusal(rule, refuse), None
    answered = work()
    sent = answered
    for rule in rules:
        if rule.name in _AFTER:
            sent = _AFTER[rule.name](rule, sent)
        elif rule.name.isdigit():
            sent = _refusal(rule, refuse)
    return sent, answered


def retry_after(text: str) -> str:
    """Return the header's value: ``date+5`` and ``date-5`` become an HTTP date, anything else stays as written."""
    if not text.startswith("date"):
        return text
    moment = datetime.now(UTC) + timedelta(seconds=float(text[4:] or 0))
    return format_datetime(moment, usegmt=True)


def _refusal(rule: Rule, refuse: Callable[[int, str], Response]) -> Response:
    response = refuse(int(rule.name), "simulated fault")
    if "retry_after" in rule.arguments:
        response.headers["Retry-After"] = retry_after(rule.arguments["retry_after"])
    return response


def _sleep(rule: Rule) -> None:
    jitter = rule.number("jitter", 0)
    milliseconds = rule.number("ms", 200) + Random(f"{rule.seed}/{rule.seen}/jitter").uniform(-jitter, jitter)
    time.sleep(max(0.0, milliseconds) / 1000)


def _html(rule: Rule) -> Response:
    return Response(
        "<!doctype html><title>Maintenance</title><p>We will be back soon.", 200, mimetype="text/html"
    )


def _redirect(rule: Rule) -> Response:
    return Response(status=int(rule.number("status", 302)), headers={"Location": rule.arguments["to"]})


def _cut() -> Response:
    def chunks() -> Iterator[bytes]:
        raise Dropped
        yield b""

    return CutResponse(chunks())


def _hang(rule: Rule) -> Response:
    time.sleep(rule.number("s", 60))
    return _cut()


def _slow_answer(rule: Rule, answered: Response) -> Response:
    _sleep(rule)
    return answered


def _half_body(rule: Rule, answered: Response) -> Response:
    body = answered.get_data()

    def chunks() -> Iterator[bytes]:
        yield body[: len(body) // 2]
        raise Dropped(reset=False)

    return _with_body(answered, chunks(), len(body))


def _slow_loris(rule: Rule, answered: Response) -> Response:
    body = answered.get_data()

    def chunks() -> Iterator[bytes]:
        for position in range(len(body)):
            yield body[position : position + 1]
            time.sleep(rule.number("ms", 100) / 1000)

    return _with_body(answered, chunks(), len(body))


def _with_body(answered: Response, chunks: Iterator[bytes], length: int) -> Response:
    response = Response(chunks, answered.status, content_type=answered.content_type)
    response.headers["Content-Length"] = str(length)
    return response


def _wrong_type(rule: Rule, answered: Response) -> Response:
    return Response(
        answered.get_data(), answered.status, content_type=rule.arguments.get("type", "text/plain")
    )


def _broken_json(rule: Rule, answered: Response) -> Response:
    return Response(answered.get_data() + b'{"', answered.status, content_type=answered.content_type)


def _gzip_bomb(rule: Rule, answered: Response) -> Response:
    blanks = gzip.compress(b" " * int(rule.number("mb", 100) * MEGABYTE), compresslevel=9)
    return Response(
        blanks, answered.status, content_type=answered.content_type, headers={"Content-Encoding": "gzip"}
    )


def _big(rule: Rule, answered: Response) -> Response:
    body = answered.get_data().ljust(int(rule.number("mb", 5) * MEGABYTE))
    return Response(body, answered.status, content_type=answered.content_type)


_BEFORE: dict[str, Callable[[Rule], None]] = {"slow": _sleep}
_INSTEAD: dict[str, Callable[[Rule], Response]] = {
    "drop": lambda rule: _cut(),
    "hang": _hang,
    "html": _html,
    "empty": lambda rule: Response(b"", 200),
    "redirect": _redirect,
}
_AFTER: dict[str, Callable[[Rule, Response], Response]] = {
    "slow-answer": _slow_answer,
    "drop-after-commit": lambda rule, answered: _cut(),
    "half-body": _half_body,
    "slow-loris": _slow_loris,
    "wrong-type": _wrong_type,
    "broken-json": _broken_json,
    "gzip-bomb": _gzip_bomb,
    "big": _big,
}
