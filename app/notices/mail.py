"""E-mail through the operator's mail server (SMTP, RFC 5321; STARTTLS, RFC 3207)."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

from app.notices.errors import DeliveryFailed

#: For each step of the conversation.
STEP_SECONDS = 10.0
_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where e-mail is handed over. ``scheme`` is ``smtp``, ``smtp+starttls`` (TLS is a must) or ``smtps``."""

    scheme: str
    host: str
    port: int
    user: str
    password: str = field(repr=False)

    @classmethod
    def of(cls, url: str) -> MailServer:
        """Return the server of ``ROLLCALL_SMTP_URL``, which config.py has checked."""
        parts = urlsplit(url)
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        return cls(parts.scheme, parts.hostname or "", parts.port or _PORTS[parts.scheme], user, password)

    @property
    def is_here(self) -> bool:
        """Whether it runs on this machine: then nobody can listen."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False


def send(server: MailServer, message: EmailMessage, handing_over: Callable[[], None] = lambda: None) -> None:
    """Hand a message over; ``handing_over`` is called right before, when the server is ready to take it.

    Raises `DeliveryFailed`; its message has no password and no text of the server's.
    """
    step = "connecting"
    try:
        with _connected(server) as smtp:
            _secure(server, smtp)
            if server.user:
                smtp.login(server.user, server.password)
            handing_over()
            step = "handing over"
            smtp.send_message(message)
            step = "taken"
    except DeliveryFailed:
        raise
    except ssl.SSLCertVerificationError as error:
        raise DeliveryFailed(
            f"The certificate of the mail server {server.host} is not valid ({error.verify_message})."
        ) from error
    except (smtplib.SMTPException, OSError) as error:
        if step == "taken":  # it only did not say good-bye
            return
        raise _failed(server, error, is_handing_over=step == "handing over") from error


def _connected(server: MailServer) -> smtplib.SMTP:
    if server.scheme == "smtps":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(server.host, server.port, timeout=STEP_SECONDS, context=context)
    return smtplib.SMTP(server.host, server.port, timeout=STEP_SECONDS)


def _secure(server: MailServer, smtp: smtplib.SMTP) -> None:
    """Begin TLS where it is a must, or offered; a password never leaves the machine without it."""
    smtp.ehlo_or_helo_if_needed()
    if server.scheme == "smtps":
        return
    if smtp.has_extn("starttls") and not (server.is_here and server.scheme == "smtp"):
        smtp.starttls(context=ssl.create_default_context())
        smtp.ehlo()
        return
    if server.scheme == "smtp+starttls":
        raise DeliveryFailed(f"The mail server {server.host} offers no STARTTLS; nothing was sent to it.")
    if server.user and not server.is_here:
        raise DeliveryFailed(
            f"The mail server {server.host} offers no STARTTLS: the password of ROLLCALL_SMTP_URL was not sent to it."
        )


def _code(error: smtplib.SMTPResponseException) -> int:
    return error.smtp_code


def _of_recipients(error: smtplib.SMTPRecipientsRefused) -> int:
    return max(code for code, _ in error.recipients.values())


#: What the server answered with → its code.
_ANSWERED: tuple[tuple[type[smtplib.SMTPException], Callable[..., int], str], ...] = (
    (smtplib.SMTPAuthenticationError, _code, "refused the user and password of ROLLCALL_SMTP_URL"),
    (smtplib.SMTPRecipientsRefused, _of_recipients, "refused the recipient"),
    (smtplib.SMTPSenderRefused, _code, "refused the sender ROLLCALL_MAIL_FROM"),
    (smtplib.SMTPResponseException, _code, "refused the message"),
)


def _failed(
    server: MailServer, error: smtplib.SMTPException | OSError, *, is_handing_over: bool
) -> DeliveryFailed:
    """Return what happened: a 5xx about recipient or message is final (RFC 5321 §4.2.1), all else may pass."""
    if isinstance(error, smtplib.SMTPNotSupportedError) and is_handing_over:
        return DeliveryFailed(
            f"The mail server {server.host} takes no addresses with letters beyond ASCII (SMTPUTF8, RFC 6531).",
            is_final=True,
            of_channel=False,
        )
    for kind, code_of, words in _ANSWERED:
        if isinstance(error, kind):
            code = code_of(error)
            is_of_message = not isinstance(error, smtplib.SMTPAuthenticationError | smtplib.SMTPSenderRefused)
            is_final = is_of_message and 500 <= code < 600 and not isinstance(error, smtplib.SMTPConnectError)
            message = f"The mail server {server.host} {words} ({code})."
            return DeliveryFailed(message, is_final=is_final, of_channel=not is_of_message)
    return DeliveryFailed(
        f"The mail server {server.host} could not be used ({type(error).__name__}).",
        may_have_arrived=is_handing_over,
    )
