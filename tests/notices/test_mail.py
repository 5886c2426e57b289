"""E-mail over real SMTP: TLS, passwords, refusals, and what stands in the message."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from app.notices import delivering, mail
from app.notices.errors import DeliveryFailed
from app.notices.mail import MailServer
from app.notices.message import Message, email
from tests.notices.desk import Desk
from tests.notices.mailbox import PASSWORD, USER, Mailbox, certificate, mailbox

CREDENTIALS = "rollcall:p%40ss%20word@"
MESSAGE = Message(
    "m1", "acme", "2026-11-22T04:39:37.000000Z", "target.paused", "target:far", "paused", "t", "x", {}
)


def _send(url: str) -> None:
    mail.send(MailServer.of(url), email(MESSAGE, "rollcall@acme.example", "ops@acme.example", ""))


def test_a_notice_arrives_as_plain_text(desk: Desk, box: Mailbox) -> None:
    desk.email()
    desk.tell(title="far is paused", text="The target far is paused: Überlast.", details={"target": "far"})
    assert delivering.drain(desk.tenant.id) == 1
    got = box.messages[0]
    notice = desk.notices()[0]
    assert (got["From"], got["To"]) == ("rollcall@acme.example", "ops@acme.example")
    assert got["Subject"] == "[acme] far is paused"
    assert got["Message-ID"] == f"<{notice.message_id}@acme.example>"
    assert got["Auto-Submitted"] == "auto-generated"
    text = got.get_content()
    for words in ("The target far is paused: Überlast.", "target: far", "tenant: acme", notice.at):
        assert words in text


def test_a_name_with_a_line_break_becomes_no_header() -> None:
    evil = Message(
        **{**{f: getattr(MESSAGE, f) for f in MESSAGE.__slots__}, "title": "far\r\nBcc: all@acme.example"}
    )
    made = email(evil, "rollcall@acme.example", "ops@acme.example", "")
    assert made["Bcc"] is None
    assert made["Subject"] == "[acme] far Bcc: all@acme.example"


def test_a_password_goes_over_starttls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context, authority = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    with mailbox(tls=context, sign_in=True) as box:
        _send(f"smtp+starttls://{CREDENTIALS}localhost:{box.port}")
    assert (len(box.messages), box.was_encrypted, box.signed_in) == (1, [True], [True])


def test_smtps_speaks_tls_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context, authority = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    with mailbox(tls=context, smtps=True) as box:
        _send(f"smtps://127.0.0.1:{box.port}")
    assert len(box.messages) == 1


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    context, _ = certificate(tmp_path)
    refusal = pytest.raises(DeliveryFailed, match="certificate of the mail server localhost is not valid")
    with mailbox(tls=context) as box, refusal:
        _send(f"smtp+starttls://{CREDENTIALS}localhost:{box.port}")
    assert box.messages == []


def test_a_server_that_offers_no_starttls_gets_nothing_when_it_is_a_must(box: Mailbox) -> None:
    with pytest.raises(DeliveryFailed, match="offers no STARTTLS"):
        _send(f"smtp+starttls://{CREDENTIALS}127.0.0.1:{box.port}")
    assert box.messages == []


def test_a_password_never_leaves_the_machine_unencrypted(
    box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mail server of this test is here; `is_here` makes it one that is elsewhere."""
    monkeypatch.setattr(MailServer, "is_here", False)
    with pytest.raises(DeliveryFailed, match="password of ROLLCALL_SMTP_URL was not sent"):
        _send(f"smtp://{CREDENTIALS}127.0.0.1:{box.port}")
    _send(f"smtp://127.0.0.1:{box.port}")
    assert len(box.messages) == 1


@pytest.mark.parametrize(("answer", "is_final"), [("550 no such user", True), ("451 later", False)])
def test_a_refusal_for_good_is_final_and_another_is_not(box: Mailbox, answer: str, is_final: bool) -> None:
    box.refusals = [answer]
    with pytest.raises(DeliveryFailed) as caught:
        _send(f"smtp://127.0.0.1:{box.port}")
    assert caught.value.is_final is is_final
    assert str(caught.value) == f"The mail server 127.0.0.1 refused the message ({answer[:3]})."


def test_a_wrong_password_is_in_no_error() -> None:
    with mailbox(sign_in=True) as box, pytest.raises(DeliveryFailed) as caught:
        _send(f"smtp://{USER}:canary-wrong@127.0.0.1:{box.port}")
    assert not caught.value.is_final
    assert "canary" not in str(caught.value)
    assert "refused the user and password of ROLLCALL_SMTP_URL (535)" in str(caught.value)


def test_nobody_listening_is_tried_again() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(DeliveryFailed) as caught:
        _send(f"smtp://127.0.0.1:{port}")
    assert (caught.value.is_final, caught.value.of_channel) == (False, True)


def test_the_parts_of_the_address_are_decoded_and_the_password_is_not_shown() -> None:
    server = MailServer.of(f"smtps://{CREDENTIALS}mail.example.com")
    assert (server.user, server.password, server.port) == (USER, PASSWORD, 465)
    assert PASSWORD not in repr(server)
