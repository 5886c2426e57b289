"""The inbound log: what is kept of a request, how much, and what happens when it cannot be written."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from app.access import inbound
from app.access.clients import ClientSettings
from app.access.inbound import InboundLog, names_of_path, without_values
from app.access.tables import InboundRequest
from app.access.tenants import Tenant
from app.access.tokens import Principal
from app.database import db, reading
from scim.errors import Uniqueness, echo
from tests.harness.facts import wait_until

PATH = "/scim/v2/Users"


def _noted(tenant: Tenant, client_id: int = 1, limit: int = 5000) -> list[dict[str, Any]]:
    with reading() as connection:
        return inbound.listed(connection, tenant.id, client_id, limit)


def _note(
    log: InboundLog, tenant: Tenant, method: str, status: int, *, client_id: int = 1, **more: Any
) -> None:
    principal = Principal(
        tenant.id, tenant.slug, client_id, "idp", 1, frozenset(), None, ClientSettings(), rate_key=1
    )
    log.note(principal, method=method, status=status, **{"path": PATH, **more})


def test_a_note_is_written_within_seconds_by_a_thread_that_then_ends(app: Flask, tenant: Tenant) -> None:
    log = InboundLog(app)
    _note(log, tenant, "POST", 201, dropped=["nickNames", "urn:x:Unknown"])
    wait_until(lambda: _noted(tenant), "the note is written")
    wait_until(lambda: log._writer is None, "the thread has ended")
    _note(log, tenant, "POST", 201, dropped=["shoeSize"])
    wait_until(lambda: len(_noted(tenant)) == 2, "a later note is written too")
    assert [row["dropped"] for row in _noted(tenant)] == [["shoeSize"], ["nickNames", "urn:x:Unknown"]]


def test_a_refusal_is_kept_with_its_reason_and_without_the_value(app: Flask, tenant: Tenant) -> None:
    log = InboundLog(app)
    detail = f"userName: {echo('ada@example.com')} is not unique."
    _note(log, tenant, "POST", 409, path=PATH + "?x=ada", error=Uniqueness(detail))
    log.flush()
    (row,) = _noted(tenant)
    assert (row["method"], row["path"], row["status"]) == ("POST", PATH, 409)
    assert (row["scim_type"], row["detail"], row["dropped"]) == ("uniqueness", "userName: …", [])


def test_clients_and_tenants_see_their_own(app: Flask, tenant: Tenant) -> None:
    log = InboundLog(app)
    _note(log, tenant, "GET", 400)
    _note(log, tenant, "PUT", 400, client_id=2)
    _note(log, replace(tenant, id=tenant.id + 1), "DELETE", 400)
    log.flush()
    assert [row["method"] for row in _noted(tenant)] == ["GET"]


def test_the_newest_of_each_client_are_kept(
    app: Flask, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbound, "KEPT_PER_CLIENT", 5)
    log = InboundLog(app)
    _note(log, tenant, "GET", 400, client_id=2)
    for status in range(400, 408):
        _note(log, tenant, "GET", status)
        log.flush()
    assert [row["status"] for row in _noted(tenant)] == [407, 406, 405, 404, 403]
    assert len(_noted(tenant, client_id=2)) == 1


def test_what_the_queue_cannot_hold_is_counted_and_the_oldest_goes_first(
    app: Flask, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbound, "QUEUE_LIMIT", 3)
    monkeypatch.setattr(inbound, "WRITE_SECONDS", 3600.0)
    log = InboundLog(app)
    for status in range(400, 405):
        _note(log, tenant, "GET", status)
    log.flush()
    assert [row["status"] for row in _noted(tenant)] == [404, 403, 402]
    assert log.lost == 2


def test_while_the_database_is_away_notes_stay_in_order(
    app: Flask, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbound, "WRITE_SECONDS", 3600.0)
    log = InboundLog(app)
    with monkeypatch.context() as patch:
        patch.setattr(inbound, "_store", _away)
        _note(log, tenant, "GET", 400)
        log.flush()
        _note(log, tenant, "GET", 401)
    log.flush()
    assert [row["status"] for row in _noted(tenant)] == [401, 400]
    assert log.lost == 0


def _away(*_arguments: Any) -> None:
    raise OperationalError("INSERT", {}, Exception("the server closed the connection"))


def test_what_can_never_be_written_keeps_nothing_else_from_it(app: Flask, tenant: Tenant) -> None:
    log = InboundLog(app)
    _note(log, tenant, "GET", None)  # type: ignore[arg-type]
    log.flush()
    _note(log, tenant, "GET", 400)
    log.flush()
    assert (log.lost, len(_noted(tenant))) == (1, 1)


def test_a_forked_process_writes_its_own_notes_and_not_those_of_its_parent(
    app: Flask, tenant: Tenant
) -> None:
    log = InboundLog(app)
    log._lock.acquire()  # as another thread of the parent may hold it at that moment
    log._queue.append({"of": "the parent"})
    child = os.fork()
    if child == 0:
        try:
            db.engine.dispose(close=False)
            _note(log, tenant, "GET", 400)
            log.flush()
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    log._queue.clear()
    log._lock.release()
    assert [row["status"] for row in _noted(tenant)] == [400]


def test_nothing_is_written_when_nothing_was_noted(app: Flask, tenant: Tenant) -> None:
    InboundLog(app).flush()
    with reading() as connection:
        assert connection.scalar(select(func.count()).select_from(InboundRequest.__table__)) == 0


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(min_size=1),
    lambda inner: st.lists(inner, min_size=1) | st.dictionaries(st.text(), inner, min_size=1),
    max_leaves=5,
)


@given(
    value=_values, sentence=st.sampled_from(["name: {}", "The text {} holds NUL.", "If-Match names {}, but"])
)
def test_no_value_that_an_error_repeats_is_kept(value: Any, sentence: str) -> None:
    kept = without_values(sentence.format(echo(value)))
    words = ("null", "true", "false", "NaN", "Infinity")
    assert kept == sentence.partition("{}")[0] + "…" or any(word in kept for word in words)


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/scim/v2/Users/.search", "/scim/v2/Users/.search"),
        ("/scim/v2/Users/Ada", "/scim/v2/Users/…"),
        ("/scim/v2/Schemas/urn:ietf:params:scim:schemas:core:2.0:User",) * 2,
        ("/scim/v2/ada@example.com", "/scim/v2/…"),
        ("/scim/v2/Users/ada@example.com/scim/v2/Users", "/scim/v2/Users/…/…/…/…"),
        ("/ada@example.com", "/…"),
        ("", ""),
    ],
)
def test_a_path_keeps_its_names(path: str, kept: str) -> None:
    assert names_of_path(path) == kept
