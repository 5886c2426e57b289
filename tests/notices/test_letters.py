"""Letters: posted once for ever, sent at most once whatever dies, and forgotten as soon as they are sent."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update
from structlog.testing import capture_logs

from app import clock
from app.access.encryption import key_ring
from app.access.tenants import Tenant
from app.database import reading, writing
from app.jobs import tasks, upkeep
from app.jobs.queue import queue_of
from app.jobs.scheduler import Scheduler
from app.keeping import rotation
from app.notices import letters, mail, posting
from app.notices.mail import MailServer
from app.notices.tables import letter_table
from tests.harness.isolation import watched
from tests.notices.mailbox import Mailbox

CANARY = "Canary-Subject-of-nobody-else"


def post(
    tenant: Tenant, key: str = "welcome:one", to: str = "maya@example.com", subject: str = CANARY
) -> bool:
    with writing() as connection:
        return letters.post(connection, tenant.id, key, to, subject, "Hello\n")


def rows() -> list[Any]:
    with reading() as connection:
        return list(connection.execute(select(letter_table).order_by(letter_table.c.key)))


def states() -> dict[str, str]:
    return {row.key: row.state for row in rows()}


def change(**columns: object) -> None:
    with writing() as connection:
        connection.execute(update(letter_table).values(**columns))


def make_due() -> None:
    change(next_attempt_at=clock.after(-1))


def test_a_letter_is_posted_once_sent_once_and_then_forgotten(tenant: Tenant, box: Mailbox) -> None:
    assert post(tenant)
    assert not post(tenant, to="somebody.else@example.com")
    assert posting.drain(tenant.id) == 1
    assert posting.drain(tenant.id) == 0
    assert not post(tenant)
    assert [(each["To"], each["Subject"]) for each in box.messages] == [("maya@example.com", CANARY)]
    (row,) = rows()
    assert (row.state, row.sealed, row.lease_owner, row.error) == ("sent", None, None, None)
    assert row.sent_at is not None


def test_what_it_says_is_sealed_while_it_waits(tenant: Tenant) -> None:
    post(tenant)
    (row,) = rows()
    assert CANARY.encode() not in row.sealed
    assert "maya" not in f"{row}"


def test_a_letter_that_is_posted_in_a_transaction_that_fails_was_never_posted(tenant: Tenant) -> None:
    with pytest.raises(RuntimeError), writing() as connection:
        letters.post(connection, tenant.id, "welcome:one", "maya@example.com", "s", "t")
        raise RuntimeError
    assert rows() == []
    assert post(tenant)


def test_a_name_with_a_line_break_becomes_no_header(tenant: Tenant, box: Mailbox) -> None:
    post(tenant, subject="Hi\r\nBcc: all@acme.example")
    posting.drain(tenant.id)
    assert (box.messages[0]["Bcc"], box.messages[0]["Subject"]) == (None, "Hi Bcc: all@acme.example")


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("maya@example.com", True),
        ("m.ö@bücher.example", True),
        ("a@localhost", True),
        ("a@x.example, b@x.example", False),
        ("Maya <maya@example.com>", False),
        ("a@x.example\nBcc: b@x.example", False),
        ("nobody", False),
        ("", False),
    ],
)
def test_an_address_is_one_address_and_nothing_else(text: str, is_one: bool) -> None:
    assert letters.is_address(text) is is_one


def test_many_workers_send_each_letter_once(app: Flask, tenant: Tenant, box: Mailbox) -> None:
    for number in range(20):
        post(tenant, key=f"welcome:{number}", subject=f"letter {number}")

    def work() -> None:
        with app.app_context():
            posting.drain(tenant.id, seconds=60)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert sorted(each["Subject"] for each in box.messages) == sorted(f"letter {n}" for n in range(20))
    assert set(states().values()) == {"sent"}


def test_a_due_letter_wakes_a_worker_that_sends_it(
    app: Flask, tenant: Tenant, box: Mailbox, tmp_path: Path
) -> None:
    queue = queue_of(replace(app.extensions["rollcall.settings"], instance_path=tmp_path))
    known = tasks.join(app, queue)
    scheduler = Scheduler(queue, known)
    scheduler.beat()
    assert queue.pending_count() == 0
    post(tenant)
    scheduler.beat()
    assert queue.pending_count() == 1
    known.notices.call_local(tenant.id, 0)
    assert [each["To"] for each in box.messages] == ["maya@example.com"]
    scheduler.beat()
    assert queue.pending_count() == 1


# --- failures -------------------------------------------------------------------------------------------------------


def test_a_refusal_for_now_is_tried_again_with_the_same_message_id(tenant: Tenant, box: Mailbox) -> None:
    box.refusals = ["451 later"]
    post(tenant)
    assert posting.drain(tenant.id) == 0
    (row,) = rows()
    assert (row.state, row.tries) == ("pending", 1)
    assert row.next_attempt_at > clock.now()
    made = posting.email(_claimed(tenant), letters.Content("a@x.example", "s", "t"), "r@acme.example")
    change(lease_until=None, lease_owner=None)
    make_due()
    assert posting.drain(tenant.id) == 1
    assert box.messages[0]["Message-ID"] == made["Message-ID"]


def _claimed(tenant: Tenant, owner: str = "somebody") -> letters.Letter:
    make_due()
    with writing() as connection:
        found = letters.claim(connection, tenant.id, owner)
    assert found is not None
    return found


def test_a_refusal_for_good_ends_it_and_keeps_no_other_waiting(tenant: Tenant, box: Mailbox) -> None:
    box.refusals = ["550 no such user"]
    post(tenant, key="welcome:a")
    post(tenant, key="welcome:b")
    assert posting.drain(tenant.id) == 1
    assert states() == {"welcome:a": "failed", "welcome:b": "sent"}
    assert [row.sealed for row in rows()] == [None, None]
    assert rows()[0].error == "The mail server 127.0.0.1 refused the message (550)."


def test_a_server_that_is_away_is_asked_once_and_everything_waits(tenant: Tenant, app: Flask) -> None:
    settings = app.extensions["rollcall.settings"]
    app.extensions["rollcall.settings"] = replace(settings, smtp_url="smtp://127.0.0.1:9")
    for number in range(5):
        post(tenant, key=f"welcome:{number}")
    assert posting.drain(tenant.id) == 0
    assert {(row.state, row.tries) for row in rows()} == {("pending", 1)}
    assert all(row.next_attempt_at > clock.now() for row in rows())
    app.extensions["rollcall.settings"] = settings
    make_due()
    assert posting.drain(tenant.id) == 5


def test_a_connection_that_breaks_while_it_is_handed_over_is_not_tried_again(
    tenant: Tenant, box: Mailbox
) -> None:
    async def take_and_hang_up(_server: Any, session: Any, envelope: Any) -> str:
        await Mailbox.handle_DATA(box, _server, session, envelope)
        _server.transport.abort()
        return "250 taken"

    box.handle_DATA = take_and_hang_up  # type: ignore[method-assign]
    post(tenant)
    posting.drain(tenant.id)
    (row,) = rows()
    assert (row.state, len(box.messages)) == ("failed", 1)
    assert "may have arrived, so it is not sent again" in row.error
    make_due()
    posting.drain(tenant.id)
    assert len(box.messages) == 1


def test_a_server_that_took_it_and_says_no_good_bye_has_taken_it(tenant: Tenant, box: Mailbox) -> None:
    async def rude(_server: Any, *_: Any) -> str:
        return "421 go away"

    box.handle_QUIT = rude  # type: ignore[attr-defined]
    post(tenant)
    assert posting.drain(tenant.id) == 1
    assert states() == {"welcome:one": "sent"}


class Died(BaseException):
    """A worker's death, in this process."""


@pytest.mark.parametrize("moment", ["before", "while", "after"])
def test_wherever_a_worker_dies_the_letter_is_sent_at_most_once(
    tenant: Tenant, box: Mailbox, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """Before it is marked it is sent by the next one; behind the mark nobody knows, so nobody sends it."""
    real = mail.send

    def dying(server: MailServer, message: Any, handing_over: Callable[[], None]) -> None:
        if moment == "before":
            raise Died
        if moment == "while":
            handing_over()
            raise Died
        real(server, message, handing_over)
        raise Died

    post(tenant)
    monkeypatch.setattr(mail, "send", dying)
    with pytest.raises(Died):
        posting.drain(tenant.id)
    monkeypatch.setattr(mail, "send", real)
    assert posting.drain(tenant.id) == 0, "the lease holds"
    change(lease_until=clock.after(-1))
    posting.drain(tenant.id)
    assert len(box.messages) == {"before": 1, "while": 0, "after": 1}[moment]
    upkeep.clear()
    posting.drain(tenant.id)
    assert len(box.messages) == {"before": 1, "while": 0, "after": 1}[moment]
    assert states() == {"welcome:one": "sent" if moment == "before" else "failed"}
    assert rows()[0].sealed is None
    assert rows()[0].error == (None if moment == "before" else letters.UNKNOWN)


def test_a_worker_that_stood_still_past_its_lease_hands_nothing_over(tenant: Tenant, box: Mailbox) -> None:
    post(tenant)
    slow = _claimed(tenant)
    change(lease_until=clock.after(-1))
    quick = _claimed(tenant, "another")
    with writing() as connection:
        assert not letters.begin(connection, slow)
        assert letters.begin(connection, quick)
        letters.note_sent(connection, slow)
    assert states() == {"welcome:one": "sending"}


def test_content_that_does_not_open_keeps_no_other_waiting(tenant: Tenant, box: Mailbox) -> None:
    post(tenant, key="welcome:a")
    change(sealed=b"rubbish")
    post(tenant, key="welcome:b")
    assert posting.drain(tenant.id) == 1
    assert states() == {"welcome:a": "pending", "welcome:b": "sent"}


# --- without a mail server ------------------------------------------------------------------------------------------


def test_without_a_mail_server_letters_wait_and_the_log_says_so_once(tenant: Tenant, app: Flask) -> None:
    settings = app.extensions["rollcall.settings"]
    app.extensions["rollcall.settings"] = replace(settings, smtp_url="")
    post(tenant)
    with capture_logs() as said, reading() as connection:
        for _ in range(3):
            assert posting.due_tenants(connection, clock.now()) == []
    assert [line["event"] for line in said] == ["letters wait: set ROLLCALL_SMTP_URL and ROLLCALL_MAIL_FROM"]
    assert posting.drain(tenant.id) == 0
    with reading() as connection:
        assert letters.waiting(connection, tenant.id) == 1
    app.extensions["rollcall.settings"] = settings
    with reading() as connection:
        assert posting.due_tenants(connection, clock.now()) == [tenant.id]
    assert posting.drain(tenant.id) == 1


def test_what_has_waited_for_five_days_is_not_sent_any_more(tenant: Tenant, box: Mailbox) -> None:
    post(tenant)
    change(at=clock.after(-letters.GIVE_UP_SECONDS - 1))
    with reading() as connection:
        assert posting.due_tenants(connection, clock.now()) == []
    assert posting.drain(tenant.id) == 0
    upkeep.clear()
    (row,) = rows()
    assert (row.state, row.sealed, row.error) == ("failed", None, letters.TOO_LATE)
    assert box.messages == []


# --- keeping --------------------------------------------------------------------------------------------------------


def test_reports_are_remembered_for_90_days_and_welcomes_for_ever(tenant: Tenant) -> None:
    for key in ("report:1:1", "welcome:one"):
        post(tenant, key=key)
    posting.drain(tenant.id)
    change(at=clock.after(-89 * 86_400))
    upkeep.clear()
    assert len(rows()) == 2
    change(at=clock.after(-91 * 86_400))
    upkeep.clear()
    assert list(states()) == ["welcome:one"]
    assert not post(tenant)


def test_a_letter_that_waits_opens_after_a_rotation_of_keys(tenant: Tenant, app: Flask, box: Mailbox) -> None:
    post(tenant)
    app.extensions["rollcall.key_ring"] = key_ring().with_new_key()
    done = rotation.reseal()
    assert (done.values, done.unopened) == (1, [])
    assert posting.drain(tenant.id) == 1
    assert box.messages[0]["Subject"] == CANARY


def test_what_waited_in_a_backup_can_be_given_up(tenant: Tenant, box: Mailbox) -> None:
    post(tenant)
    with writing() as connection:
        assert letters.give_up(connection, tenant.id, "from a backup") == 1
    assert posting.drain(tenant.id) == 0
    assert (rows()[0].state, rows()[0].error) == ("failed", "from a backup")


def test_letters_are_counted_by_what_became_of_them(tenant: Tenant) -> None:
    post(tenant, key="welcome:a")
    posting.drain(tenant.id)
    post(tenant, key="welcome:b")
    post(tenant, key="report:1:1")
    with reading() as connection:
        assert letters.counted(connection, tenant.id, letters.WELCOME) == {"sent": 1, "pending": 1}


def test_one_tenants_letters_are_sent_by_nobody_elses_call(tenant: Tenant) -> None:
    post(tenant)
    with watched() as watch:
        assert posting.drain(tenant.id + 1) == 0
        assert posting.drain(tenant.id) == 1
        upkeep.clear()
        assert watch.taken() == []
