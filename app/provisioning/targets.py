"""Targets: added, changed, paused and resumed, and the guarded session that speaks to one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from sqlalchemy import Connection, bindparam, case, delete, insert, select, update

from app import clock
from app.access import audit
from app.access.encryption import seal
from app.database import writing
from app.errors import NotFoundError, WrongUse
from app.identifiers import next_number
from app.notices import telling
from app.prepared import Prepared
from app.provisioning import announcing, waits
from app.provisioning.adapter import Capabilities, TargetAdapter
from app.provisioning.errors import TargetError, Unauthorised
from app.provisioning.kinds import adapter_for, check_settings, credentials_place, policy_for
from app.provisioning.policies import Policy
from app.provisioning.tables import (
    attempt_table,
    drain_table,
    gate_table,
    group_link_member_table,
    group_link_table,
    link_table,
    operation_table,
    passed_table,
    plan_table,
    target_table,
)
from app.provisioning.target_checks import check_wire, parsed_settings, require_own_token

log = structlog.get_logger(__name__)

_target = target_table
DEFAULT_INTERVAL = 60
#: How the reason of a pause begins that new credentials end.
REFUSED = "the target refused our credentials"
_OF_A_TARGET = (
    *(attempt_table, gate_table, passed_table, drain_table, group_link_member_table, group_link_table),
    link_table,
)


@dataclass(frozen=True, slots=True)
class Target:
    """A connected system as its row says (tables.py); the token stays sealed."""

    tenant_id: int
    id: int
    name: str
    kind: str
    url: str
    auth_header: str
    state: str
    pause_reason: str | None
    settings: Mapping[str, Any]
    interval_seconds: int
    next_tick_at: str
    last_tick_at: str | None
    failures: int
    retry_at: str | None
    resync_plan_id: int | None
    resync_cursor: str | None
    first_synced: bool
    created_at: str
    source_id: int | None
    token: bytes | None = field(repr=False)

    @property
    def is_active(self) -> bool:
        """Whether it may be written to."""
        return self.state == "active"

    @property
    def adapter(self) -> TargetAdapter:
        """The adapter of its kind and settings."""
        return adapter_for(self.kind, self.settings)

    @property
    def policy(self) -> Policy:
        """How it is to be treated."""
        return policy_for(self.kind, self.settings)


_NAMES = tuple(Target.__dataclass_fields__)
_SELECT = select(*(_target.c[name] for name in _NAMES))


def _of(row: Any) -> Target:
    return Target(**{name: getattr(row, name) for name in _NAMES})


def token_context(target_id: int) -> str:
    """What the sealed token of a target is bound to."""
    return f"target/{target_id}/token"


def add(
    connection: Connection,
    tenant_id: int,
    actor: str,
    *,
    kind: str,
    name: str,
    url: str,
    auth_header: str | None = None,
    token: str | None = None,
    options: Mapping[str, str] | None = None,
    paused: bool = False,
    source_id: int | None = None,
) -> Target:
    """Add a target; its first sync begins with the next tick, unless it is paused. Raises `WrongUse`.

    `source_id` is the source that it writes back to.
    """
    _check_name(connection, tenant_id, name)
    settings, interval = parsed_settings(kind, {}, options or {})
    check_settings(kind, settings)
    header = auth_header or credentials_place(adapter_for(kind, settings))[0]
    check_wire(url, header, token)
    target_id = next_number(connection, _target, tenant_id)
    now = clock.now()
    row = {
        "tenant_id": tenant_id,
        "id": target_id,
        "name": name,
        "kind": kind,
        "url": url.rstrip("/"),
        "auth_header": header,
        "token": None if token is None else seal(tenant_id, token_context(target_id), token.encode()),
        "state": "paused" if paused else "active",
        "pause_reason": "added paused" if paused else None,
        "settings": settings,
        "interval_seconds": interval or DEFAULT_INTERVAL,
        "next_tick_at": now,
        "failures": 0,
        # Write-back begins with what its source's records link, and looks at nobody at first.
        "first_synced": source_id is not None,
        "created_at": now,
        "source_id": source_id,
    }
    connection.execute(insert(_target), row)
    _record(connection, tenant_id, actor, "target.added", name, {"kind": kind, "url": url, "paused": paused})
    return named(connection, tenant_id, name)


def change(
    connection: Connection,
    target: Target,
    actor: str,
    *,
    url: str | None = None,
    auth_header: str | None = None,
    token: str | None = None,
    options: Mapping[str, str] | None = None,
    fields: list[str] | None = None,
) -> Target:
    """Change a target; what is None stays, the token only while the address is the same system's. Raises `WrongUse`."""
    settings, interval = parsed_settings(target.kind, target.settings, options or {})
    if fields is not None:
        settings["fields"] = fields
    check_settings(target.kind, settings)
    check_wire(url or target.url, auth_header or target.auth_header, token)
    if token is None:
        require_own_token(target, url or target.url, settings)
    values: dict[str, Any] = {"settings": settings, "interval_seconds": interval or target.interval_seconds}
    if url:
        values["url"] = url.rstrip("/")
    if url or options:
        settings.pop(
            "capabilities", None
        )  # asked again: another address, or another profile, may know more or less
    if auth_header:
        values["auth_header"] = auth_header
    if token is not None:
        values["token"] = seal(target.tenant_id, token_context(target.id), token.encode())
    _update(connection, target, values)
    names = sorted(
        {*(options or {}), *([] if fields is None else ["fields"]), *([] if token is None else ["token"])}
    )
    _record(
        connection, target.tenant_id, actor, "target.changed", target.name, {"changed": names, "url": url}
    )
    return named(connection, target.tenant_id, target.name)


def pause(
    connection: Connection, target: Target, actor: str, reason: str, *, if_unmoved: bool = False
) -> bool:
    """Pause the target; False when it was paused already (one notice, not many).

    `if_unmoved`: only while its address and token are those that `target` has.
    """
    values = {"state": "paused", "pause_reason": reason}
    where = [_target.c.tenant_id == target.tenant_id, _target.c.id == target.id, _target.c.state == "active"]
    if if_unmoved:
        where += [_target.c.url == target.url, _target.c.token.is_not_distinct_from(target.token)]
    if connection.execute(update(_target).where(*where).values(values)).rowcount == 0:
        return False
    _record(connection, target.tenant_id, actor, "target.paused", target.name, {"reason": reason})
    log.warning("target paused", tenant_id=target.tenant_id, target=target.name, reason=reason)
    announcing.paused(connection, target, reason)
    return True


def pause_refused(target: Target, error: TargetError) -> None:
    """Pause a target of which every other call would be in vain: credentials or address are wrong (rule 14).

    Somebody who sets new ones while a drain still works with the old ones is not thwarted by what these met.
    """
    what = f"{REFUSED} ({error.message}); set a new token"
    if not isinstance(error, Unauthorised):
        what = f"it may not be called ({error.message}); set another address"
    reason = f"{what} with `rollcall target set`, then `rollcall target resume`"
    if target.source_id is not None and isinstance(error, Unauthorised):
        name = target.policy.paired_source
        reason = f"{REFUSED} ({error.message}); give the source new ones with `rollcall source set {name} --secret …`"
    with writing() as connection:
        pause(connection, target, "system:provisioning", reason, if_unmoved=True)


def resume(connection: Connection, target: Target, actor: str) -> None:
    """Let the target be written to again, at once; what waited for another try waits no longer."""
    values = {
        "state": "active",
        "pause_reason": None,
        "failures": 0,
        "retry_at": None,
        "next_tick_at": clock.now(),
    }
    _update(connection, target, values)
    waits.forget(connection, target.tenant_id, target.id)
    _record(connection, target.tenant_id, actor, "target.resumed", target.name, {})
    announcing.resumed(connection, target)


def remove(connection: Connection, target: Target, actor: str) -> None:
    """Remove the target with its links, plans and attempts; nothing is sent, accounts stay as they are."""
    for table in _OF_A_TARGET:
        connection.execute(
            delete(table).where(table.c.tenant_id == target.tenant_id, table.c.target_id == target.id)
        )
    plan, operation = plan_table, operation_table
    plans = select(plan.c.id).where(plan.c.tenant_id == target.tenant_id, plan.c.target_id == target.id)
    connection.execute(
        delete(operation).where(operation.c.tenant_id == target.tenant_id, operation.c.plan_id.in_(plans))
    )
    connection.execute(
        delete(plan).where(plan.c.tenant_id == target.tenant_id, plan.c.target_id == target.id)
    )
    connection.execute(
        delete(_target).where(_target.c.tenant_id == target.tenant_id, _target.c.id == target.id)
    )
    telling.forget(connection, target.tenant_id, announcing.about(target.name))
    _record(connection, target.tenant_id, actor, "target.removed", target.name, {"kind": target.kind})


def _update(connection: Connection, target: Target, values: Mapping[str, Any]) -> None:
    where = (_target.c.tenant_id == target.tenant_id, _target.c.id == target.id)
    connection.execute(update(_target).where(*where).values(dict(values)))


def forget_token(connection: Connection, target: Target) -> None:
    """Forget the target's token; it is of no use until another one is set."""
    _update(connection, target, {"token": None})


def keep_capabilities(connection: Connection, target: Target, capabilities: Capabilities) -> Target:
    """Keep what the target said about itself; return the target as it is now.

    Its other settings are those of this moment: somebody may have changed them while it was asked.
    """
    where = (_target.c.tenant_id == target.tenant_id, _target.c.id == target.id)
    held = connection.scalar(select(_target.c.settings).where(*where).with_for_update(key_share=True)) or {}
    _update(connection, target, {"settings": {**held, "capabilities": capabilities.to_settings()}})
    return named(connection, target.tenant_id, target.name)


def note_answer(connection: Connection, target: Target, *, failures: int, retry_at: str | None) -> None:
    """Keep the state of the circuit: failures in a row, and until when to leave the target alone.

    The next tick comes when the target may be asked again, if that is before its time.
    """
    values: dict[str, Any] = {"failures": failures, "retry_at": retry_at}
    if retry_at is not None:
        is_later = _target.c.next_tick_at > retry_at
        values["next_tick_at"] = case((is_later, retry_at), else_=_target.c.next_tick_at)
    _update(connection, target, values)


def named(connection: Connection, tenant_id: int, name: str) -> Target:
    """The target of this name. Raises `NotFoundError` naming those that exist."""
    row = connection.execute(_SELECT.where(_target.c.tenant_id == tenant_id, _target.c.name == name)).first()
    if row is None:
        known = ", ".join(target.name for target in listed(connection, tenant_id))
        raise NotFoundError(
            f"There is no target {name!r} (known: {known or 'none; use rollcall target add'})."
        )
    return _of(row)


def with_id(connection: Connection, tenant_id: int, target_id: int) -> Target | None:
    """The target with this number, or None."""
    row = connection.execute(
        _SELECT.where(_target.c.tenant_id == tenant_id, _target.c.id == target_id)
    ).first()
    return _of(row) if row else None


#: Asked for every record that an import brings.
_WRITES_BACK = Prepared(
    select(_target.c.id).where(
        _target.c.tenant_id == bindparam("tenant_id"), _target.c.source_id == bindparam("source_id")
    )
)


def writing_back_to(connection: Connection, tenant_id: int, source_id: int) -> Target | None:
    """The target that writes back to a source, or None."""
    row = _WRITES_BACK.first(connection, {"tenant_id": tenant_id, "source_id": source_id})
    return with_id(connection, tenant_id, row[0]) if row else None


def listed(connection: Connection, tenant_id: int) -> list[Target]:
    """The tenant's targets by name."""
    return [
        _of(row)
        for row in connection.execute(
            _SELECT.where(_target.c.tenant_id == tenant_id).order_by(_target.c.name)
        )
    ]


# --- checks ------------------------------------------------------------------------------------------------------


def _check_name(connection: Connection, tenant_id: int, name: str) -> None:
    if not name.strip() or len(name) > 100 or name != name.strip():
        raise WrongUse("A target's name has 1 to 100 characters, without blanks around them.")
    if connection.scalar(
        select(_target.c.id).where(_target.c.tenant_id == tenant_id, _target.c.name == name)
    ):
        raise WrongUse(
            f"A target {name!r} exists already; choose another name, or change it with `rollcall target set`."
        )


def _record(
    connection: Connection, tenant_id: int, actor: str, action: str, name: str, values: dict[str, Any]
) -> None:
    audit.record(connection, tenant_id, actor, action, f"target:{name}", values)
