"""The n-th-call sweep: one call of an operation fails, n = 1, 2, 3 … until none is left (quality.md §2).

    for fault in sweep(Place.COMMIT_DONE):
        with fault:
            operation()          # what the fault makes it raise does not come out here
        judge()

A call is a statement or a commit of the database, a request, a file opened for writing, or a word to the mail server.
Each fails before it is made, or after it was made and before its answer is known. A fault that ``kills`` does what
SIGKILL does to a process: from that call on nothing of it reaches anything any more, clean-up included.
"""

from __future__ import annotations

import errno
import os
import smtplib
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from enum import StrEnum
from types import TracebackType
from typing import Any
from unittest.mock import patch

from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, OperationalError

from app.database import db
from app.outbound import OutboundError
from app.outbound.errors import Broken, ConnectFailed
from app.outbound.transport import GuardedAdapter
from app.prepared import Prepared


class Place(StrEnum):
    """Where a call can fail: before it is made, or, where the name says ``done``, after."""

    STATEMENT = "statement"
    STATEMENT_DONE = "statement done"
    COMMIT = "commit"
    COMMIT_DONE = "commit done"
    REQUEST = "request"
    REQUEST_DONE = "request done"
    FILE = "file"
    MAIL = "mail"
    MAIL_DONE = "mail done"


DATABASE = (Place.STATEMENT, Place.STATEMENT_DONE, Place.COMMIT, Place.COMMIT_DONE)
HTTP = (Place.REQUEST, Place.REQUEST_DONE)
MAIL = (Place.MAIL, Place.MAIL_DONE)
#: Where a kill makes a difference: after a statement is before the next one, or before the commit.
DEATHS = (Place.STATEMENT, Place.COMMIT, Place.COMMIT_DONE, *HTTP)


class Killed(BaseException):
    """The process of this call is dead; not an Exception, so that nobody takes it for a failure to be handled."""


def _database_failure() -> Exception:
    return OperationalError("(hidden)", None, Exception("the sweep's fault"))


def _mail_failure() -> Exception:
    return smtplib.SMTPServerDisconnected("the sweep's fault")


_FAILURES: dict[Place, Callable[[], Exception]] = {
    **dict.fromkeys(DATABASE, _database_failure),
    Place.REQUEST: lambda: ConnectFailed("the sweep's fault"),
    Place.REQUEST_DONE: lambda: Broken("the sweep's fault", code="connection_broken"),
    Place.FILE: lambda: OSError(errno.ENOSPC, "the sweep's fault"),
    **dict.fromkeys(MAIL, _mail_failure),
}
#: What an operation may raise because of a fault; everything else is a defect.
_EXPECTED = (DBAPIError, OutboundError, OSError, smtplib.SMTPException, Killed)


class Fault:
    """Lets call number ``nth`` at ``place`` fail while it is entered, once; ``raised`` names what came out of that."""

    def __init__(self, place: Place, nth: int, *, kills: bool = False) -> None:
        self.place = place
        self.nth = nth
        self.calls = 0
        self.raised = ""
        self._kills = kills
        self._is_dead = False
        self._lock = threading.Lock()
        self._stack = ExitStack()

    @property
    def has_struck(self) -> bool:
        """Whether the call came."""
        return self.calls >= self.nth

    def __str__(self) -> str:
        return f"{self.place} {self.nth}{' kills' if self._kills else ''}"

    def pass_by(self, place: Place) -> None:
        """Count a call. Raises the failure when it is the one, and ``Killed`` ever after where faults kill."""
        if self._is_dead:
            raise Killed
        if place is not self.place:
            return
        with self._lock:
            self.calls += 1
            is_the_one = self.calls == self.nth
        if is_the_one:
            self._is_dead = self._kills
            raise Killed if self._kills else _FAILURES[place]()

    def __enter__(self) -> Fault:
        for hook in (_hook_database, _hook_requests, _hook_files, _hook_mail):
            hook(self, self._stack)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self._stack.close()
        # The error itself would keep its frames, and with them the connection that a kill leaves open.
        self.raised = f"{type(error).__name__}: {error}" if error else ""
        return isinstance(error, _EXPECTED) and self.has_struck


def sweep(place: Place, *, numbers: Iterator[int] | None = None, kills: bool = False) -> Iterator[Fault]:
    """Yield the faults of one place one by one, until one did not strike; of these ``numbers`` only, where given."""
    for nth in numbers or iter(range(1, 100_000)):
        fault = Fault(place, nth, kills=kills)
        yield fault
        if not fault.has_struck:
            return


# --- hooks -------------------------------------------------------------------------------------------------------


def _hook_database(fault: Fault, stack: ExitStack) -> None:
    """Core's statements pass by events, prepared ones by their own method; both by the event before."""
    engine = db.engine

    def before(*_: Any) -> None:
        fault.pass_by(Place.STATEMENT)

    def after(*_: Any) -> None:
        fault.pass_by(Place.STATEMENT_DONE)

    for name, listener in (("before_cursor_execute", before), ("after_cursor_execute", after)):
        event.listen(engine, name, listener)
        stack.callback(event.remove, engine, name, listener)
    stack.enter_context(_around(Prepared, "_executed", fault, None, Place.STATEMENT_DONE))
    commit = engine.dialect.do_commit
    error = engine.dialect.loaded_dbapi.OperationalError

    def do_commit(connection: Any) -> None:
        try:
            fault.pass_by(Place.COMMIT)
            commit(connection)
            fault.pass_by(Place.COMMIT_DONE)
        except OperationalError as failure:
            raise error("the sweep's fault") from failure

    stack.enter_context(patch.object(engine.dialect, "do_commit", do_commit))


def _hook_requests(fault: Fault, stack: ExitStack) -> None:
    for name in ("send", "exchange"):
        stack.enter_context(_around(GuardedAdapter, name, fault, Place.REQUEST, Place.REQUEST_DONE))


def _hook_mail(fault: Fault, stack: ExitStack) -> None:
    stack.enter_context(_around(smtplib.SMTP, "send", fault, Place.MAIL))
    stack.enter_context(_around(smtplib.SMTP, "getreply", fault, None, Place.MAIL_DONE))


def _around(
    owner: type, name: str, fault: Fault, before: Place | None = None, after: Place | None = None
) -> Any:
    """Return a patch of a method, past which calls go before and after it."""
    method = getattr(owner, name)

    def wrapped(*arguments: Any, **named: Any) -> Any:
        if before is not None:
            fault.pass_by(before)
        answer = method(*arguments, **named)
        if after is not None:
            fault.pass_by(after)
        return answer

    return patch.object(owner, name, wrapped)


_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
#: The fault that counts files at the moment: an audit hook cannot be taken out again, only left idle.
_counting: list[Fault] = []


def _hook_files(fault: Fault, stack: ExitStack) -> None:
    if _on_audit not in _installed:
        sys.addaudithook(_on_audit)
        _installed.append(_on_audit)
    _counting.append(fault)
    stack.callback(_counting.remove, fault)


def _on_audit(name: str, arguments: tuple[Any, ...]) -> None:
    if not _counting or name != "open":
        return
    path, _, flags = arguments
    if (
        isinstance(path, str | os.PathLike)
        and flags & _WRITES
        and not str(path).startswith(("/dev", "/proc"))
    ):
        _counting[-1].pass_by(Place.FILE)


_installed: list[Callable[[str, tuple[Any, ...]], None]] = []
