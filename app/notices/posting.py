"""Posting: letters that are due go to the mail server, one after the other, each marked before it is handed over."""

from __future__ import annotations

import hashlib
import os
import random
import secrets
import socket
import time
from email.message import EmailMessage
from email.utils import format_datetime

import structlog
from flask import current_app
from sqlalchemy import Connection

from app.clock import parse_instant
from app.config import Settings
from app.database import writing
from app.notices import letters, mail
from app.notices.errors import DeliveryFailed
from app.notices.letters import Content, Letter
from app.notices.mail import MailServer

log = structlog.get_logger(__name__)

#: Seconds that one call goes on: less than until workers are woken for it again, so that about one of them is busy
#: with a thousand welcomes, and the others with the rest.
DRAIN_SECONDS = 4.0
_SAID = "rollcall.letters_wait_said"


class _Lost(Exception):
    """The letter was taken by another worker while this one stood still."""


def due_tenants(connection: Connection, now: str) -> list[int]:
    """The tenants that have a letter to be sent; none, and one line in the log, while no mail server is set."""
    due = letters.due_tenants(connection, now)
    if not due or _server() is not None:
        current_app.extensions.pop(_SAID, None)
        return due
    if not current_app.extensions.get(_SAID):
        log.warning("letters wait: set ROLLCALL_SMTP_URL and ROLLCALL_MAIL_FROM", tenants=len(due))
        current_app.extensions[_SAID] = True
    return []


def drain(tenant_id: int, *, seconds: float = DRAIN_SECONDS) -> int:
    """Send the letters of a tenant that are due; return how many got through. Without a mail server they wait."""
    server = _server()
    if server is None:
        return 0
    owner = f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(4)}"
    end, sent = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        with writing() as connection:
            letter = letters.claim(connection, tenant_id, owner)
        if letter is None:
            break
        sent += _send(server, letter)
    return sent


def _send(server: MailServer, letter: Letter) -> bool:
    def handing_over() -> None:
        with writing() as connection:
            if not letters.begin(connection, letter):
                raise _Lost

    try:
        mail.send(server, email(letter, letter.content(), _settings().mail_from), handing_over)
    except _Lost:
        return False
    except DeliveryFailed as error:
        return _failed(letter, error)
    except Exception as error:
        # The edge of a letter: a defect in one must not come back for ever, and not keep others waiting.
        log.exception("a letter could not be sent", tenant_id=letter.tenant_id, letter=letter.key)
        what = f"It could not be sent ({type(error).__name__}); Rollcall's log has the cause."
        return _failed(letter, DeliveryFailed(what, of_channel=False))
    with writing() as connection:
        letters.note_sent(connection, letter)
    return True


def _failed(letter: Letter, error: DeliveryFailed) -> bool:
    with writing() as connection:
        state = letters.note_failed(connection, letter, error, random.Random())
    log.warning(
        "a letter was not sent",
        tenant_id=letter.tenant_id,
        letter=letter.key,
        state=state,
        reason=str(error),
    )
    return False


def email(letter: Letter, content: Content, sender: str) -> EmailMessage:
    """Return the e-mail, plain text. Its Message-ID is the same at every try."""
    made = EmailMessage()
    made["From"] = sender
    made["To"] = content.to
    made["Subject"] = " ".join(content.subject.split())
    made["Date"] = format_datetime(parse_instant(letter.at))
    number = hashlib.sha256(f"{letter.tenant_id}/{letter.key}/{letter.at}".encode()).hexdigest()[:32]
    made["Message-ID"] = f"<{number}@{sender.rpartition('@')[2]}>"
    made["Auto-Submitted"] = "auto-generated"  # RFC 3834 §5: no out-of-office answers
    made.set_content(content.text.rstrip() + "\n")
    return made


def _server() -> MailServer | None:
    settings = _settings()
    return MailServer.of(settings.smtp_url) if settings.smtp_url and settings.mail_from else None


def _settings() -> Settings:
    found: Settings = current_app.extensions["rollcall.settings"]
    return found
