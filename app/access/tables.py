"""Tables of who may do what: tenants, clients with secrets, tokens and requests, admins, the audit chain."""

from __future__ import annotations

from sqlalchemy import Boolean, ForeignKeyConstraint, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.database import CLUSTERED, Blob, IdText, InstantText, Json, Key, Model

_OF_OAUTH = text("secret_id IS NOT NULL")
_UNSEALED, _SEALED = text("seal_number IS NULL"), text("seal_number IS NOT NULL")


class Tenant(Model):
    """An organisation. ``token_key`` stands in its tokens, ``public_id`` in its webhook addresses."""

    __tablename__ = "tenant"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    slug: Mapped[str] = mapped_column(String(63), unique=True)
    token_key: Mapped[str] = mapped_column(String(16), unique=True)
    public_id: Mapped[str] = mapped_column(IdText, unique=True)
    created_at: Mapped[str] = mapped_column(InstantText)


class Client(Model):
    """A holder of SCIM tokens: an identity provider or an HR system."""

    __tablename__ = "client"
    __table_args__ = (UniqueConstraint("tenant_id", "name"),)

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(200))
    settings: Mapped[dict[str, object]] = mapped_column(Json)
    created_at: Mapped[str] = mapped_column(InstantText)


class ClientSecret(Model):
    """A secret with which a client asks for access tokens (OAuth 2.0); only its SHA-256 is kept."""

    __tablename__ = "client_secret"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "client_id"], ["client.tenant_id", "client.id"]),
        Index(None, "tenant_id", "client_id"),
    )

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    client_id: Mapped[int] = mapped_column(Integer)
    hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[str] = mapped_column(InstantText)
    expires_at: Mapped[str] = mapped_column(InstantText)
    last_used_at: Mapped[str | None] = mapped_column(InstantText)


class Token(Model):
    """One bearer token of a client; only its SHA-256 is kept."""

    __tablename__ = "token"
    __table_args__ = (
        UniqueConstraint("tenant_id", "hash"),
        ForeignKeyConstraint(["tenant_id", "client_id"], ["client.tenant_id", "client.id"]),
        Index(
            "ix_token_of_oauth", "tenant_id", "expires_at", sqlite_where=_OF_OAUTH, postgresql_where=_OF_OAUTH
        ),
    )

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    client_id: Mapped[int] = mapped_column(Integer)
    hash: Mapped[str] = mapped_column(String(64))
    scopes: Mapped[str] = mapped_column(String(200))
    employee_id: Mapped[str | None] = mapped_column(IdText)
    #: The client's secret that this access token was had for; NULL for a token that a person made.
    secret_id: Mapped[int | None] = mapped_column(Integer)
    created_at: Mapped[str] = mapped_column(InstantText)
    expires_at: Mapped[str] = mapped_column(InstantText)
    last_used_at: Mapped[str | None] = mapped_column(InstantText)
    revoked_at: Mapped[str | None] = mapped_column(InstantText)


class InboundRequest(Model):
    """A client's request that was refused, or of which something was left out (``app.access.inbound``)."""

    __tablename__ = "inbound_request"
    __table_args__ = (CLUSTERED,)

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    client_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    id: Mapped[str] = mapped_column(IdText, primary_key=True)
    at: Mapped[str] = mapped_column(InstantText)
    method: Mapped[str] = mapped_column(String(20))
    path: Mapped[str] = mapped_column(Text)
    status: Mapped[int] = mapped_column(Integer)
    scim_type: Mapped[str | None] = mapped_column(String(40))
    detail: Mapped[str | None] = mapped_column(Text)
    dropped: Mapped[list[str]] = mapped_column(Json)


class Admin(Model):
    """A person who signs in to the console."""

    __tablename__ = "admin"
    __table_args__ = (UniqueConstraint("tenant_id", "email_key"),)

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    email: Mapped[str] = mapped_column(Text)
    email_key: Mapped[str] = mapped_column(Key)
    password_hash: Mapped[str] = mapped_column(Text)
    #: True until the one-time password has been replaced.
    must_change_password: Mapped[bool] = mapped_column(Boolean)
    #: ``app.access.roles``.
    role: Mapped[str] = mapped_column(String(10))
    #: Who this is at the tenant's sign-in provider (the claim ``sub``); NULL before the first sign-in there.
    oidc_subject: Mapped[str | None] = mapped_column(String(255))
    last_signed_in_at: Mapped[str | None] = mapped_column(InstantText)
    created_at: Mapped[str] = mapped_column(InstantText)


class SignInProvider(Model):
    """The OpenID Connect provider with which a tenant's admins sign in."""

    __tablename__ = "sign_in_provider"

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    issuer: Mapped[str] = mapped_column(Text)
    client_id: Mapped[str] = mapped_column(Text)
    #: The client's secret, sealed and bound to this row.
    client_secret: Mapped[bytes] = mapped_column(Blob)
    #: Whether local passwords open no session any more (owners keep theirs, lest nobody gets in).
    is_required: Mapped[bool] = mapped_column(Boolean)
    changed_at: Mapped[str] = mapped_column(InstantText)


class SavedView(Model):
    """A list's filters that an admin gave a name; the query is what stands behind ``?`` in its address."""

    __tablename__ = "saved_view"
    __table_args__ = (UniqueConstraint("tenant_id", "admin_id", "name"),)

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    admin_id: Mapped[int] = mapped_column(Integer)
    name: Mapped[str] = mapped_column(String(80))
    query: Mapped[str] = mapped_column(Text)
    created_at: Mapped[str] = mapped_column(InstantText)


class SignInAttempt(Model):
    """A failed sign-in, counted to slow down guessing; the subject is a keyed digest of the address typed."""

    __tablename__ = "sign_in_attempt"

    #: 0 where the tenant typed in does not exist.
    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    subject: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int] = mapped_column(Integer)
    blocked_until: Mapped[str | None] = mapped_column(InstantText)


class Session(Model):
    """A server-side console session; the cookie carries the tenant's word and a random value, kept as SHA-256."""

    __tablename__ = "session"

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    admin_id: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[str] = mapped_column(InstantText)
    expires_at: Mapped[str] = mapped_column(InstantText)
    #: When its holder proved again who they are, for what asks for that.
    proved_at: Mapped[str | None] = mapped_column(InstantText)
    #: The browser and the address it was opened from, in words, so that its holder knows it again.
    place: Mapped[str | None] = mapped_column(String(120))


class AuditRow(Model):
    """One audited deed. ``seal_number`` and ``mac`` are given by the sealer, within a second."""

    __tablename__ = "audit"
    __table_args__ = (
        Index("ix_audit_unsealed", "tenant_id", "at", sqlite_where=_UNSEALED, postgresql_where=_UNSEALED),
        Index(
            "uq_audit_seal",
            "tenant_id",
            "seal_number",
            unique=True,
            sqlite_where=_SEALED,
            postgresql_where=_SEALED,
        ),
        CLUSTERED,
    )

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    id: Mapped[str] = mapped_column(IdText, primary_key=True)
    at: Mapped[str] = mapped_column(InstantText)
    actor: Mapped[str] = mapped_column(String(250))
    action: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(250))
    #: What the deed was, as JSON; the digest is salted, so that erasing it leaves nothing to guess from.
    values: Mapped[str | None] = mapped_column(Text)
    salt: Mapped[str | None] = mapped_column(String(32))
    digest: Mapped[str] = mapped_column(String(64))
    seal_number: Mapped[int | None] = mapped_column(Integer)
    mac: Mapped[str | None] = mapped_column(String(64))
