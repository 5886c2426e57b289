"""A real mail server on loopback, with TLS and a password if asked for."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "rollcall", "p@ss word"


class Mailbox:
    """What arrived; `refusals` are answered, one each, instead of taking a message."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.was_encrypted: list[bool] = []
        self.signed_in: list[bool] = []
        self.refusals: list[str] = []
        self.port = 0

    async def handle_DATA(self, _server: Any, session: Any, envelope: Envelope) -> str:
        if self.refusals:
            return self.refusals.pop(0)
        made = message_from_bytes(envelope.content or b"", policy=policy.default)
        assert isinstance(made, EmailMessage)
        self.messages.append(made)
        self.was_encrypted.append(session.ssl is not None)
        self.signed_in.append(bool(session.authenticated))
        return "250 taken"


async def closed(server: asyncio.Server) -> None:
    """Let a server take nobody else."""
    server.close()


@contextmanager
def mailbox(
    *, tls: ssl.SSLContext | None = None, smtps: bool = False, sign_in: bool = False
) -> Iterator[Mailbox]:
    """Give a running server: `tls` offers STARTTLS (`smtps`: speaks TLS at once), `sign_in` insists on the password."""
    box = Mailbox()

    def known(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        is_right = isinstance(data, LoginPassword) and (data.login, data.password) == (
            USER.encode(),
            PASSWORD.encode(),
        )
        return AuthResult(success=is_right, handled=False)

    def speak() -> SMTP:
        return SMTP(
            box,
            authenticator=known,
            auth_required=sign_in,
            auth_require_tls=tls is not None and not smtps,
            tls_context=None if smtps else tls,
        )

    # The loop never runs in the test's own thread: where a browser is open, Playwright's loop runs there already.
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def wait_for(awaited: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(awaited, loop).result(10)

    server = wait_for(loop.create_server(speak, "127.0.0.1", 0, ssl=tls if smtps else None))
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        wait_for(closed(server))
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """Return a server's context, and the file that makes a client believe it for 127.0.0.1 and localhost."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    alternatives = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "mail.crt", folder / "mail.key"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return context, public
