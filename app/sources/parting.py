"""Parting from a vendor: it is told to call us no more, as long as there are credentials to tell it with.

A vendor that cannot be told keeps nobody from parting: what stays there is said, and stands in the audit chain.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from sqlalchemy import Connection

from app.access import audit
from app.database import reading, writing
from app.errors import RollcallError
from app.outbound import OutboundError
from app.sources import catalog, hooks, life
from app.sources.adapter import Subscribes, TakesWebhooks
from app.sources.catalog import Source
from app.sources.patience import patient_context

log = structlog.get_logger(__name__)

#: How long a vendor may let us wait before it is left untold, beside the time limit of the call that is under way.
PATIENCE_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Parted:
    """A source that was disconnected or removed, as it was or is now.

    ``left`` says what stays at the vendor for somebody to take away there; None: nothing that we know of.
    """

    source: Source
    left: str | None


def disconnect(known: Source, by: str) -> Parted:
    """Have the vendor call no more, then disconnect the source as ``life.disconnect`` does; raises as that."""
    life.require_vendor(known)
    left = _left(known, by)
    with writing() as connection:
        gone = life.disconnect(connection, known, by)
        _note(connection, known, by, left)
    return Parted(gone, left)


def remove(known: Source, by: str) -> Parted:
    """Have the vendor call no more, then remove the source as ``catalog.remove`` does; raises as that."""
    with reading() as connection:
        catalog.require_idle(connection, known)
    left = _left(known, by)
    with writing() as connection:
        gone = catalog.remove(connection, known.tenant_id, known.name, by)
        _note(connection, known, by, left)
    return Parted(gone, left)


def _left(known: Source, by: str) -> str | None:
    """Take back what makes the vendor call us; return what stays there in spite of that."""
    adapter = known.adapter()
    if not isinstance(adapter, TakesWebhooks):
        return None
    if not any(known.secrets.get(name) for name in adapter.webhook_secrets):
        return None
    if not isinstance(adapter, Subscribes):
        return (
            f"{adapter.label} was given Rollcall's address by hand, and may go on calling it; nobody answers there any "
            f"more. Delete the address at {adapter.label}."
        )
    why = _refusal(known, by)
    return why and (
        f"{adapter.label} could not be told to call no more: {why} Its webhook for {known.name!r} is still there, and "
        f"its calls are refused from now on. Delete it at {adapter.label}."
    )


def _refusal(known: Source, by: str) -> str | None:
    """Unsubscribe, and return why that did not succeed."""
    try:
        hooks.unsubscribe(known, patient_context(known, PATIENCE_SECONDS), by)
    except RollcallError as error:
        return str(error)
    except OutboundError as error:
        return error.message
    except Exception:
        # The edge of a parting: a defect of an adapter must not hold anybody's credentials fast.
        log.exception("a vendor could not be told to call no more", source=known.name)
        return "Rollcall failed; its log has the cause."
    return None


def _note(connection: Connection, known: Source, by: str, left: str | None) -> None:
    if left is not None:
        values = {"kind": known.kind, "left": left}
        audit.record(connection, known.tenant_id, by, "source.left_behind", f"source:{known.name}", values)
