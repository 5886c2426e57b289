"""A notice on its way through one channel, in the two forms in which it leaves. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

from app.clock import parse_instant


@dataclass(frozen=True, slots=True)
class Message:
    """What is said; `message_id` is the same at every try, and another one for the reminder."""

    message_id: str
    tenant_slug: str
    at: str
    kind: str
    about: str
    state: str
    title: str
    text: str
    details: Mapping[str, Any]
    is_reminder: bool = False


def webhook_body(message: Message) -> bytes:
    """Return the JSON of a webhook: type, timestamp and data (Standard Webhooks 1.0, "Payload structure")."""
    data = {
        "tenant": message.tenant_slug,
        "about": message.about,
        "state": message.state,
        "title": message.title,
        "text": message.text,
        "details": dict(message.details),
        "reminder": message.is_reminder,
    }
    body = {"type": message.kind, "timestamp": message.at, "data": data}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def email(message: Message, sender: str, recipient: str, public_url: str) -> EmailMessage:
    """Return the e-mail, plain text. Its Message-ID is the same at every try, so that servers can drop doubles."""
    made = EmailMessage()
    made["From"] = sender
    made["To"] = recipient
    made["Subject"] = _one_line(
        f"[{message.tenant_slug}] {'again: ' if message.is_reminder else ''}{message.title}"
    )
    made["Date"] = format_datetime(parse_instant(message.at))
    made["Message-ID"] = f"<{message.message_id}@{sender.rpartition('@')[2]}>"
    made["Auto-Submitted"] = "auto-generated"  # RFC 3834 §5: no out-of-office answers
    lines = [message.text, "", *(f"{name}: {value}" for name, value in message.details.items())]
    lines += [f"tenant: {message.tenant_slug}", f"kind: {message.kind}", f"at: {message.at}"]
    if public_url:
        lines += ["", public_url]
    made.set_content("\n".join(lines) + "\n")
    return made


def _one_line(text: str) -> str:
    """Return the text without line breaks: a name with one in it must not become a header of its own."""
    return " ".join(text.split())
