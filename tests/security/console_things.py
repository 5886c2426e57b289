"""One of everything that the console's addresses can name, in a tenant, and people with each role signed in to it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from sqlalchemy import insert, select, update

from app import clock, directory
from app.access import admins, clients, oauth, tokens
from app.access.tables import Admin, InboundRequest, SavedView, Session
from app.access.tenants import Tenant
from app.database import writing
from app.identifiers import new_id
from app.notices import channels
from app.provisioning import attempts, plans, targets
from app.sources import catalog, drafts, runner
from scim.resources import USER
from tests.web.api.conftest import HUMAN, MAPPING

BY = "system:test"


class Things(NamedTuple):
    """What stands in a tenant: the values of the parts of addresses, by the names of those parts."""

    name: str
    employee_id: str
    source_id: int
    run_id: int
    target_id: int
    plan_id: int
    delivery_id: str
    admin_id: int
    token_id: int
    client_id: int
    secret_id: int
    channel_id: int
    view_id: int
    request_id: str
    kind: str = "jumpcloud"
    step: str = "need"


def made(tenant: Tenant, folder: Path, name: str) -> Things:
    """Make them; their texts hold the name, by which they are known wherever they appear."""
    path = folder / f"{tenant.slug}.csv"
    path.write_text(f"ID,First,Last,Email\n1,{name},X,{name}@acme.example\n")
    with writing() as connection:
        admins.create(connection, tenant, f"{name}-admin@acme.example", "viewer")
        admin_id = connection.scalar(
            select(Admin.__table__.c.id).where(Admin.__table__.c.tenant_id == tenant.id)
        )
        draft = drafts.drafted("csv", name, {"path": str(path), "mapping": MAPPING}, {})
        source = catalog.add(connection, tenant.id, draft, BY)
        person = {"schemas": [USER], "userName": f"u-{name}", "displayName": name}
        employee = directory.create(connection, tenant.id, HUMAN, person)
        target = targets.add(
            connection, tenant.id, BY, kind="scim", name=name, url="http://127.0.0.1:9/v2", token="x"
        )
        plan = plans.create(connection, tenant.id, target.id, plans.DRY_RUN, "draft", name)
        token = tokens.create(connection, tenant, name)
        client = clients.named(connection, tenant.id, name)
        secret = oauth.make_secret(connection, tenant, client)
        channel, _ = channels.add(
            connection, tenant.id, BY, kind="webhook", name=name, address="http://127.0.0.1:9/hook"
        )
        call = {"status": 500, "duration_ms": 1.0, "request_body": name, "response_body": name}
        delivery = {"tenant_id": tenant.id, "id": new_id(), "target_id": target.id, "at": clock.now(), **call}
        delivery |= {"method": "POST", "path": f"/Users/{name}", "employee_id": employee.id}
        attempts.keep(connection, [delivery])
        request = {"tenant_id": tenant.id, "client_id": client.id, "id": new_id(), "at": clock.now()}
        request |= {"method": "GET", "path": f"/Users/{name}", "status": 400, "dropped": []}
        connection.execute(insert(InboundRequest.__table__).values(request))
        view = {"tenant_id": tenant.id, "id": 1, "admin_id": admin_id, "name": name, "query": f"q={name}"}
        connection.execute(insert(SavedView.__table__).values(view | {"created_at": clock.now()}))
    run = runner.import_now(source, dry_run=False, requested_by=BY)
    return Things(
        name=name,
        employee_id=employee.id,
        source_id=source.id,
        run_id=run.id,
        target_id=target.id,
        plan_id=plan,
        delivery_id=str(delivery["id"]),
        admin_id=int(admin_id or 0),
        token_id=token.id,
        client_id=client.id,
        secret_id=secret.id,
        channel_id=channel.id,
        view_id=1,
        request_id=str(request["id"]),
    )


def signed_in(tenant: Tenant, email: str, role: str, *, has_one_time_password: bool = False) -> str:
    """Return the session cookie of a new admin, who has just proved who they are."""
    admin = Admin.__table__
    with writing() as connection:
        admins.create(connection, tenant, email, role)
        where = (admin.c.tenant_id == tenant.id, admin.c.email_key == email)
        connection.execute(update(admin).where(*where).values(must_change_password=has_one_time_password))
        found = connection.execute(select(admin.c.id, admin.c.password_hash).where(*where)).one()
        value = admins.open_session(connection, tenant, admins.Match(*found), email)
        assert value is not None
        proved = update(Session.__table__).where(Session.__table__.c.hash == admins.hash_of(value))
        connection.execute(proved.values(proved_at=clock.now()))
    return value
