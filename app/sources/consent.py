"""Consent to connect a vendor: the text that is shown, and who agreed to it and when.

Nothing of a vendor is called before somebody has agreed. The digest proves which text it was; disconnecting withdraws
the consent, so that connecting again asks anew.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, select

from app import clock
from app.access import audit
from app.errors import WrongUse
from app.sources.adapter import SourceAdapter, SourceContext
from app.sources.tables import source_consent

#: The version of the text below; another text is another version.
VERSION = "2026-11"
_WITHDRAWN = "withdrawn"
_consent = source_consent


@dataclass(frozen=True, slots=True)
class Consent:
    """A consent as it was given."""

    version: str
    text_hash: str
    by: str
    at: str


def policy_text(adapter: SourceAdapter) -> str:
    """Return what somebody agrees to who connects this kind of source.

    :raises WrongUse: it calls nobody, so there is nothing to agree to.
    """
    if not adapter.needs_consent:
        raise WrongUse(f"A {adapter.label} calls nobody outside: there is nothing to consent to.")
    fields = adapter.record_fields(SourceContext("consent", {}, {}))
    personal = [field.label or field.name for field in fields if field.sensitivity == "personal"]
    secret = [field.label or field.name for field in fields if field.sensitivity == "secret"]
    label = adapter.label
    lines = [
        f"Connecting {label} (privacy policy, version {VERSION})",
        "",
        f"Rollcall will read the people in your {label} account with the credentials that you give it, now and "
        "whenever an import runs, and keep what your mapping takes of them in your organisation's directory.",
        f"Personal data that {label} can give: {', '.join(personal) or 'none beyond name and work'}.",
        f"Confidential data, read only when you switch it on or your mapping needs it, and stored encrypted: "
        f"{', '.join(secret) or 'none'}.",
        "What the directory holds of a person is sent to the targets that your administrators have connected, with "
        "the fields that they have selected, and to nobody else.",
        f"Credentials are stored encrypted. Disconnecting {label} forgets them and withdraws this consent; people "
        "who were imported stay until they are erased (rollcall employee erase).",
        "Every import, every change of a value and every look at a confidential value is recorded.",
    ]
    return "\n".join(lines)


def text_hash(text: str) -> str:
    """Return the digest of a text as it was shown, SHA-256 in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def given(connection: Connection, tenant_id: int, source_id: int) -> Consent | None:
    """Return the consent that holds for a source, None when there is none or it was withdrawn."""
    latest = (
        select(_consent)
        .where(_consent.c.tenant_id == tenant_id, _consent.c.source_id == source_id)
        .order_by(_consent.c.number.desc())
        .limit(1)
    )
    row = connection.execute(latest).first()
    if row is None or row.version == _WITHDRAWN:
        return None
    return Consent(row.version, row.text_hash, row.by, row.at)


def give(
    connection: Connection, tenant_id: int, source_id: int, source_name: str, text: str, by: str
) -> Consent:
    """Store somebody's consent to a text, and return it."""
    consent = Consent(VERSION, text_hash(text), by, clock.now())
    _store(connection, tenant_id, source_id, consent)
    values = {"version": consent.version, "text_hash": consent.text_hash}
    audit.record(connection, tenant_id, by, "source.consented", f"source:{source_name}", values)
    return consent


def withdraw(connection: Connection, tenant_id: int, source_id: int, by: str) -> None:
    """Withdraw the consent of a source, if there is one."""
    if given(connection, tenant_id, source_id) is not None:
        _store(connection, tenant_id, source_id, Consent(_WITHDRAWN, "", by, clock.now()))


def _store(connection: Connection, tenant_id: int, source_id: int, consent: Consent) -> None:
    where = (_consent.c.tenant_id == tenant_id, _consent.c.source_id == source_id)
    last = connection.scalar(select(func.max(_consent.c.number)).where(*where)) or 0
    row = {
        "tenant_id": tenant_id,
        "source_id": source_id,
        "number": last + 1,
        "version": consent.version,
        "text_hash": consent.text_hash,
        "by": consent.by,
        "at": consent.at,
    }
    connection.execute(insert(_consent), row)
