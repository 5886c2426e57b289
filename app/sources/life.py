"""The life of a connection: draft → consent → credentials checked → published; paused, disconnected, linked again.

A file needs no consent and is published when it is added. A vendor is called by nobody before somebody has consented.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, select, update

from app import clock
from app.access import audit
from app.errors import WrongUse
from app.sources import catalog, consent, linking, precedence
from app.sources.catalog import Source
from app.sources.consent import Consent
from app.sources.drafts import check_secrets
from app.sources.errors import WrongSource
from app.sources.records import Check
from app.sources.tables import import_run, staged_record, webhook_delivery


def may_call(connection: Connection, known: Source) -> bool:
    """Whether the source's system may be called: it needs no consent, somebody has given it, or it is published."""
    return (
        not known.adapter().needs_consent
        or known.published_at is not None
        or consent.given(connection, known.tenant_id, known.id) is not None
    )


def require_call(connection: Connection, known: Source) -> None:
    """Raise ``WrongSource`` when the source's system may not be called, or cannot be for want of credentials."""
    if known.state == "disconnected":
        raise WrongSource(
            f"{known.name!r} is disconnected: its credentials are forgotten. Link it again with: "
            f"rollcall source set {known.name} --secret …"
        )
    if not may_call(connection, known):
        raise WrongSource(
            f"Nobody has consented to connect {known.name!r} yet. Read and accept the policy with: "
            f"rollcall source consent {known.name}"
        )
    check_secrets(known)


def require_published(connection: Connection, known: Source) -> None:
    """Raise ``WrongSource`` unless people may be imported from the source."""
    require_call(connection, known)
    if not known.is_published:
        raise WrongSource(
            f"{known.name!r} is a draft: nobody is imported from it. Look at what it would do with "
            f"`rollcall source import {known.name} --dry-run`, then: rollcall source publish {known.name}"
        )


def give_consent(connection: Connection, known: Source, by: str) -> Consent:
    """Store that somebody has accepted the policy of the source's kind, and return the consent."""
    text = consent.policy_text(known.adapter())
    return consent.give(connection, known.tenant_id, known.id, known.name, text, by)


def publish(connection: Connection, known: Source, checks: Sequence[Check], by: str) -> Source:
    """Let the source bring people in, by its schedule and on request.

    ``checks`` are those of now; publishing again changes nothing.

    :raises WrongSource: consent, credentials or a needed check are missing; the message names what.
    """
    require_call(connection, known)
    failed = [check for check in checks if check.needed and not check.ok]
    if failed:
        found = "; ".join(f"{check.name}: {check.message}" for check in failed)
        raise WrongSource(f"{known.name!r} cannot be published yet. {found}")
    if known.is_published:
        return known
    moment = clock.now()
    values = {"state": "active", "published_at": moment, "next_run_at": catalog.next_run(known.schedule)}
    catalog.write(connection, known, **values)
    precedence.read_whole_next(connection, known.tenant_id)
    audit.record(connection, known.tenant_id, by, "source.published", f"source:{known.name}", {})
    return catalog.named(connection, known.tenant_id, known.name)


def pause(connection: Connection, known: Source, by: str) -> Source:
    """Stop the scheduled imports of a source; imports on request, and webhooks, go on. Raises ``WrongUse``."""
    return _moved(connection, known, "paused", None, by)


def resume(connection: Connection, known: Source, by: str) -> Source:
    """Start the scheduled imports of a source again. Raises ``WrongUse``."""
    return _moved(connection, known, "active", catalog.next_run(known.schedule), by)


def _moved(connection: Connection, known: Source, state: str, next_run_at: str | None, by: str) -> Source:
    if not known.is_published:
        raise WrongUse(f"{known.name!r} is {_STATES[known.state]}; publish it first.")
    catalog.write(connection, known, state=state, next_run_at=next_run_at)
    audit.record(connection, known.tenant_id, by, f"source.{state}", f"source:{known.name}", {})
    return catalog.named(connection, known.tenant_id, known.name)


_STATES = {"draft": "a draft", "disconnected": "disconnected"}


def require_vendor(known: Source) -> None:
    """Raise ``WrongUse`` when a source is a file, which has nothing to disconnect."""
    if not known.adapter().needs_consent:
        raise WrongUse(f"{known.name!r} is a file; pause it, or remove it, instead.")


def disconnect(connection: Connection, known: Source, by: str) -> Source:
    """Forget the credentials of a source and withdraw its consent; its people, records and history stay.

    :raises WrongUse: it is a file, which has nothing to forget.
    """
    require_vendor(known)
    _let_go(connection, known, by)
    consent.withdraw(connection, known.tenant_id, known.id, by)
    values = {
        "state": "disconnected",
        "published_at": None,
        "next_run_at": None,
        "secrets": None,
        "watermark": None,
    }
    catalog.write(connection, known, **values)
    precedence.read_whole_next(connection, known.tenant_id)
    audit.record(connection, known.tenant_id, by, "source.disconnected", f"source:{known.name}", {})
    linking.tell_of_source(connection, known.tenant_id, known.id, by)
    return catalog.named(connection, known.tenant_id, known.name)


def link_again(connection: Connection, known: Source, by: str) -> Source:
    """Make a disconnected source a draft again, because somebody has given it credentials."""
    if known.state != "disconnected":
        return known
    catalog.write(connection, known, state="draft")
    audit.record(connection, known.tenant_id, by, "source.linked_again", f"source:{known.name}", {})
    return catalog.named(connection, known.tenant_id, known.name)


def _let_go(connection: Connection, known: Source, by: str) -> None:
    """Cancel what is under way and forget what waits: nothing may run without credentials."""
    runs, deliveries = import_run.c, webhook_delivery.c
    open_runs = (
        runs.tenant_id == known.tenant_id,
        runs.source_id == known.id,
        runs.state.in_(("running", "held")),
    )
    ids = connection.scalars(select(runs.id).where(*open_runs)).all()
    ended = {"state": "cancelled", "phase": "done", "finished_at": clock.now(), "lease_until": None}
    ended["message"] = f"{known.name} was disconnected by {by}."
    connection.execute(update(import_run).where(*open_runs).values(**ended))
    connection.execute(
        delete(staged_record).where(
            staged_record.c.tenant_id == known.tenant_id, staged_record.c.run_id.in_(ids)
        )
    )
    waiting = (
        deliveries.tenant_id == known.tenant_id,
        deliveries.source_id == known.id,
        deliveries.state != "done",
    )
    connection.execute(update(webhook_delivery).where(*waiting).values(state="done", due_at=None))
