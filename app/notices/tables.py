"""Tables of notices: what is said, to whom, and what came of each delivery."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Blob, IdText, InstantText, Json, Key, Model

_PENDING = text("state = 'pending'")


class NoticeRow(Model):
    """One change of state that somebody should hear about."""

    __tablename__ = "notice"
    __table_args__ = (Index("ix_notice_about", "tenant_id", "about", "id"),)

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    #: The identifier that receivers of webhooks see, the same at every try.
    message_id: Mapped[str] = mapped_column(IdText)
    at: Mapped[str] = mapped_column(InstantText)
    #: ``target.paused``, ``target.resumed``, ``breaker.tripped`` …; what it is about, and the state that it tells.
    kind: Mapped[str] = mapped_column(String(60))
    about: Mapped[str] = mapped_column(Key)
    state: Mapped[str] = mapped_column(String(60))
    title: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    details: Mapped[dict[str, Any]] = mapped_column(Json)
    #: When it is said again if the state is still the same; NULL: never, or it was.
    remind_at: Mapped[str | None] = mapped_column(InstantText)


class ChannelRow(Model):
    """Where notices of a tenant go: an e-mail address or a webhook."""

    __tablename__ = "notice_channel"
    __table_args__ = (UniqueConstraint("tenant_id", "name"),)

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(Key)
    #: ``email`` or ``webhook``.
    kind: Mapped[str] = mapped_column(String(10))
    address: Mapped[str] = mapped_column(Text)
    #: The signing secret of a webhook, sealed and bound to this row; during a rotation the one before it too.
    secret: Mapped[bytes | None] = mapped_column(Blob)
    previous_secret: Mapped[bytes | None] = mapped_column(Blob)
    previous_until: Mapped[str | None] = mapped_column(InstantText)
    #: Kinds of notice that it gets; NULL: all.
    kinds: Mapped[list[str] | None] = mapped_column(Json)
    created_at: Mapped[str] = mapped_column(InstantText)


class DeliveryRow(Model):
    """One notice on its way through one channel; ``number`` 0 is the first time it is said, 1 the reminder."""

    __tablename__ = "notice_delivery"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "notice_id"], ["notice.tenant_id", "notice.id"]),
        Index("ix_notice_delivery_due", "next_attempt_at", sqlite_where=_PENDING, postgresql_where=_PENDING),
    )

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    notice_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    channel_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    #: ``pending sent failed``
    state: Mapped[str] = mapped_column(String(10))
    tries: Mapped[int] = mapped_column(Integer)
    next_attempt_at: Mapped[str | None] = mapped_column(InstantText)
    lease_owner: Mapped[str | None] = mapped_column(String(80))
    lease_until: Mapped[str | None] = mapped_column(InstantText)
    error: Mapped[str | None] = mapped_column(Text)
    sent_at: Mapped[str | None] = mapped_column(InstantText)


class LetterRow(Model):
    """A mail to one person that is sent once: a report to whoever set a source up, a welcome to a new member."""

    __tablename__ = "letter"
    __table_args__ = (
        Index("ix_letter_due", "next_attempt_at", sqlite_where=_PENDING, postgresql_where=_PENDING),
    )

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    #: What it is about, once for ever: ``report:<source>:<run>:<its start>``, ``welcome:<digest of the address>``.
    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    #: JSON of to, subject and text, sealed and bound to this row; NULL once it was sent or given up.
    sealed: Mapped[bytes | None] = mapped_column(Blob)
    #: ``pending``, ``sending`` while it is handed over, ``sent`` or ``failed``.
    state: Mapped[str] = mapped_column(String(10))
    at: Mapped[str] = mapped_column(InstantText)
    tries: Mapped[int] = mapped_column(Integer)
    next_attempt_at: Mapped[str | None] = mapped_column(InstantText)
    lease_owner: Mapped[str | None] = mapped_column(String(80))
    lease_until: Mapped[str | None] = mapped_column(InstantText)
    error: Mapped[str | None] = mapped_column(Text)
    sent_at: Mapped[str | None] = mapped_column(InstantText)


notice_table = NoticeRow.__table__
channel_table = ChannelRow.__table__
delivery_table = DeliveryRow.__table__
letter_table = LetterRow.__table__
