"""The one write path of people."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from app import directory
from app.access import encryption
from app.access.tables import AuditRow
from app.access.tenants import Tenant
from app.database import reading, writing
from app.directory.tables import EmployeeRow, SealedValue
from app.errors import WriteOptionIgnored
from scim.errors import NotFound, Uniqueness
from scim.resources import ENTERPRISE, HR, USER

IDP = directory.Actor("client", "1")
IMPORT = directory.Actor("source", "3", run_id=7)


def _person(user_name: str = "ada@example.com", **more: Any) -> dict[str, Any]:
    extensions = sorted(name for name in more if name.startswith("urn:"))
    return {
        "schemas": [USER, *extensions],
        "userName": user_name,
        "emails": [{"type": "work", "value": user_name}],
        "active": True,
        **more,
    }


def _create(
    tenant: Tenant, document: dict[str, Any], actor: directory.Actor = IDP, **more: Any
) -> directory.Resource:
    with writing() as connection:
        return directory.create(connection, tenant.id, actor, document, **more)


def _merge(
    tenant: Tenant, employee_id: str, fragment: dict[str, Any], actor: directory.Actor = IMPORT
) -> directory.Written:
    with writing() as connection:
        return directory.merge(connection, tenant.id, employee_id, actor, fragment)


def test_what_is_created_is_read_back(tenant: Tenant) -> None:
    document = _person(**{ENTERPRISE: {"department": "Engines"}, HR: {"dateOfBirth": "1815-12-10"}})
    employee = _create(tenant, document)
    with reading() as connection:
        assert directory.get(connection, tenant.id, employee.id) == employee
        assert directory.get_many(connection, tenant.id, [employee.id, "nobody"]) == {employee.id: employee}
    assert employee.document == document
    assert employee.version == 1


def test_the_wire_text_holds_nothing_that_must_be_asked_for(tenant: Tenant) -> None:
    employee = _create(
        tenant, _person(**{HR: {"dateOfBirth": "1815-12-10", "gender": "female", "startDate": "1833-06-05"}})
    )
    with reading() as connection:
        row = connection.execute(select(EmployeeRow.__table__)).one()
    assert "1815" not in row.wire
    assert "female" not in row.wire
    assert "1833" in row.wire
    assert employee.wire == row.wire


def test_a_taken_user_name_is_refused_whatever_its_case_and_the_transaction_goes_on(tenant: Tenant) -> None:
    _create(tenant, _person("Ada@Example.com"))
    with writing() as connection:
        with pytest.raises(Uniqueness, match="is taken"):
            directory.create(connection, tenant.id, IDP, _person("ada@EXAMPLE.com"))
        directory.create(connection, tenant.id, IDP, _person("grace@example.com"))
    with reading() as connection:
        assert directory.total(connection, tenant.id) == 2
        assert (
            connection.scalar(
                select(func.count())
                .select_from(AuditRow.__table__)
                .where(AuditRow.action == "employee.created")
            )
            == 2
        )


def test_renaming_to_a_taken_user_name_is_refused_and_changes_nothing(tenant: Tenant) -> None:
    _create(tenant, _person("grace@example.com"))
    ada = _create(tenant, _person())
    with writing() as connection:
        with pytest.raises(Uniqueness):
            directory.merge(connection, tenant.id, ada.id, IDP, {"userName": "GRACE@example.com"})
        assert directory.get(connection, tenant.id, ada.id) == ada


def test_a_change_makes_a_revision_with_both_sides_and_who(tenant: Tenant) -> None:
    ada = _create(tenant, _person(title="Countess"))
    written = _merge(tenant, ada.id, {"title": "Analyst", "active": False})
    assert written.paths == {"title", "active"}
    with reading() as connection:
        latest, first = directory.revisions(connection, tenant.id, ada.id)
    assert latest["changes"] == {"active": [True, False], "title": ["Countess", "Analyst"]}
    assert (latest["number"], latest["kind"], latest["actor"], latest["run"]) == (2, "changed", "source:3", 7)
    assert (first["number"], first["kind"], first["actor"]) == (1, "created", "client:1")


def test_a_change_that_changes_nothing_writes_nothing(tenant: Tenant) -> None:
    ada = _create(tenant, _person(title="Countess"))
    written = _merge(tenant, ada.id, {"title": "Countess"})
    assert not written.changed
    assert written.resource == ada
    with reading() as connection:
        assert len(directory.revisions(connection, tenant.id, ada.id)) == 1


def test_every_value_knows_its_owner(tenant: Tenant) -> None:
    ada = _create(tenant, _person(title="Countess"))
    _merge(tenant, ada.id, {"title": "Analyst", "nickName": "Ada"})
    with reading() as connection:
        owners = directory.owners(connection, tenant.id, ada.id)
    assert owners["title"] == owners["nickName"] == "source:3"
    assert owners["userName"] == owners["emails[work].value"] == "client:1"


def test_a_deleted_employee_leaves_revisions_and_frees_the_user_name(tenant: Tenant) -> None:
    ada = _create(tenant, _person(), external_id="x1", client_id=1)
    with writing() as connection:
        directory.delete(connection, tenant.id, ada.id, IDP)
    with reading() as connection:
        assert directory.get(connection, tenant.id, ada.id) is None
        assert [r["kind"] for r in directory.revisions(connection, tenant.id, ada.id)] == [
            "deleted",
            "created",
        ]
        assert directory.total(connection, tenant.id) == 0
        assert directory.ids_by_work_email(connection, tenant.id, "ada@example.com") == []
    assert _create(tenant, _person()).id != ada.id


def test_writing_to_nobody_is_not_found(tenant: Tenant) -> None:
    with pytest.raises(NotFound):
        _merge(tenant, "00000000-0000-7000-8000-000000000000", {"title": "x"})


def test_another_tenants_employee_is_not_there(tenant: Tenant) -> None:
    from app.access import tenants

    ada = _create(tenant, _person())
    with writing() as connection:
        other = tenants.create(connection, "other")
        assert directory.get(connection, other.id, ada.id) is None
        with pytest.raises(NotFound):
            directory.delete(connection, other.id, ada.id, IDP)


def test_people_are_found_by_what_they_are_called(tenant: Tenant) -> None:
    ada = _create(tenant, _person("Ada", **{ENTERPRISE: {"employeeNumber": "E-7"}}))
    _merge(
        tenant,
        ada.id,
        {
            "emails": [
                {"type": "work", "value": "Ada@Work.example"},
                {"type": "home", "value": "ada@home.example"},
            ]
        },
    )
    with reading() as connection:
        assert directory.ids_by_user_name(connection, tenant.id, "ADA") == [ada.id]
        assert directory.ids_by_employee_number(connection, tenant.id, "e-7") == [ada.id]
        assert directory.ids_by_work_email(connection, tenant.id, "ada@WORK.example") == [ada.id]
        assert directory.ids_by_work_email(connection, tenant.id, "ada@home.example") == []
        assert directory.ids_by_any_email(connection, tenant.id, "ada@home.example") == [ada.id]


def test_secrets_are_sealed_and_told_as_changed_only(tenant: Tenant) -> None:
    path = f"{HR}:salary"
    ada = _create(tenant, _person(), secrets={path: {"amount": 72000, "currency": "USD"}})
    with writing() as connection:
        same = directory.merge(
            connection, tenant.id, ada.id, IMPORT, {}, secrets={path: {"amount": 72000, "currency": "USD"}}
        )
        changed = directory.merge(
            connection, tenant.id, ada.id, IMPORT, {}, secrets={path: {"amount": 99000}}
        )
    assert not same.changed
    assert changed.paths == {path}
    with reading() as connection:
        everything = [
            str(connection.execute(text(f"SELECT * FROM {table}")).all())
            for table in ("employee", "revision", "audit", "sealed_value")
        ]
        assert connection.scalar(select(func.count()).select_from(SealedValue.__table__)) == 1
    assert not any("72000" in rows or "99000" in rows for rows in everything)


def test_a_member_of_a_sealed_value_changes_alone(tenant: Tenant) -> None:
    path = f"{HR}:salary"
    ada = _create(tenant, _person(), secrets={path: {"amount": 72000, "currency": "USD"}})
    with writing() as connection:
        directory.merge(connection, tenant.id, ada.id, IMPORT, {}, secrets={f"{path}.amount": 99000})
        row = connection.execute(select(SealedValue.__table__)).one()
        plain = encryption.unseal(tenant.id, f"employee_secret/{ada.id}/{path}", row.sealed)
        assert json.loads(plain) == {"amount": 99000, "currency": "USD"}
        directory.merge(connection, tenant.id, ada.id, IMPORT, {}, secrets={path: None})
        assert connection.scalar(select(func.count()).select_from(SealedValue.__table__)) == 0


def test_values_on_request_are_never_in_revisions(tenant: Tenant) -> None:
    ada = _create(tenant, _person(**{HR: {"dateOfBirth": "1815-12-10"}}))
    with reading() as connection:
        changes = directory.revisions(connection, tenant.id, ada.id)[0]["changes"]
    before, after = changes[f"{HR}:dateOfBirth"]
    assert before is None
    assert list(after) == ["changed"]
    assert "1815" not in json.dumps(changes)


def test_listeners_hear_of_each_change_inside_its_transaction(app: Flask, tenant: Tenant) -> None:
    heard: list[directory.Change] = []
    directory.listen(app, lambda connection, change: heard.append(change))
    ada = _create(tenant, _person())
    _merge(tenant, ada.id, {"active": False})
    with writing() as connection:
        directory.delete(connection, tenant.id, ada.id, IDP)
    assert [change.kind for change in heard] == ["created", "changed", "deleted"]
    assert heard[1].paths == {"active"}
    assert heard[0].before is None
    assert heard[2].after is None


def test_what_a_listener_raises_undoes_the_change(app: Flask, tenant: Tenant) -> None:
    def refuse(_connection: object, _change: directory.Change) -> None:
        raise RuntimeError("no")

    directory.listen(app, refuse)
    with pytest.raises(RuntimeError):
        _create(tenant, _person())
    with reading() as connection:
        assert directory.total(connection, tenant.id) == 0
        assert directory.iterate_ids(connection, tenant.id, None, 10) == []


def test_a_write_in_a_reading_transaction_is_a_defect(tenant: Tenant) -> None:
    with reading() as connection, pytest.raises(WriteOptionIgnored):
        directory.create(connection, tenant.id, IDP, _person())


def test_many_writers_at_once_lose_no_change(app: Flask, tenant: Tenant) -> None:
    ada = _create(tenant, _person(title="0"))

    def add(times: int) -> None:
        with app.app_context():
            for _ in range(times):
                with writing() as connection:
                    held = directory.read_for_change(connection, tenant.id, ada.id)
                    before = held.resource.document
                    document = {**before, "title": str(int(before["title"]) + 1)}
                    directory.change(connection, held, IDP, document)

    threads = [threading.Thread(target=add, args=(10,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with reading() as connection:
        found = directory.get(connection, tenant.id, ada.id)
    assert found is not None
    assert found.document["title"] == "80"
    assert found.version == 81


def test_fifty_equal_creates_at_once_make_one_person(app: Flask, tenant: Tenant) -> None:
    outcomes: list[str] = []
    barrier = threading.Barrier(50)

    def create() -> None:
        with app.app_context():
            barrier.wait()
            try:
                _create(tenant, _person())
                outcomes.append("created")
            except Uniqueness:
                outcomes.append("taken")

    threads = [threading.Thread(target=create) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["created"] + ["taken"] * 49
    with reading() as connection:
        assert directory.total(connection, tenant.id) == 1
