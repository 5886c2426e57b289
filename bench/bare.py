"""The yardstick: a bare Flask application with one prebuilt statement per route, on Rollcall's own engine.

Same tables, indexes, engine options, pragmas and isolation as Rollcall; no authentication, no validation, no
revision, audit row or counter. What it stores and sends has the size of what Rollcall stores and sends. The statements
and the splicing are its own, so that a change of Rollcall's moves one side of the comparison only.
"""

from __future__ import annotations

import json
from typing import Any

from flask import Flask, Response, abort, request
from sqlalchemy import bindparam, insert, select, update

from app import clock
from app.config import load_settings
from app.database import init_database, reading_once, writing
from app.directory.tables import EmployeeRow
from app.identifiers import new_id
from app.jobs.lifeline import die_with_parent

TENANT = 1
_BASE = "http://localhost/scim/v2"
_CONTENT_TYPE = "application/scim+json"
_LIST = (
    '{{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":{},"Resources":[{}]}}'
)

_employee = EmployeeRow.__table__
_PEOPLE = select(
    *(_employee.c[name] for name in ("id", "version", "wire", "on_request", "created_at", "last_modified"))
).where(_employee.c.tenant_id == TENANT)
_BY_ID = _PEOPLE.where(_employee.c.id == bindparam("key"))
_BY_USER_NAME = _PEOPLE.where(_employee.c.user_name_key == bindparam("key"))
_FIRST = _PEOPLE.order_by(_employee.c.id).limit(bindparam("count"))
_INSERT = insert(_employee)
_UPDATE = (
    update(_employee)
    .where(_employee.c.tenant_id == TENANT, _employee.c.id == bindparam("b_id"))
    .values(
        active=bindparam("b_active"),
        wire=bindparam("b_wire"),
        last_modified=bindparam("b_now"),
        version=_employee.c.version + 1,
    )
)


def application() -> Flask:
    """Return the application on the database of ``ROLLCALL_DATABASE_URL``."""
    die_with_parent()
    app = Flask("bare")
    init_database(app, load_settings())
    _add_reads(app)
    with app.app_context(), reading_once() as connection:
        model = connection.execute(select(_employee).where(_employee.c.tenant_id == TENANT).limit(1)).one()
    _add_writes(app, dict(model._mapping))
    return app


def _spliced(row: Any) -> str:
    """Return the resource as text: stored wire text with id and meta spliced in."""
    key, version, wire, _on_request, created_at, last_modified = row
    return (
        f'{wire[:-1]},"id":"{key}","meta":{{"resourceType":"User","created":"{created_at}",'
        f'"lastModified":"{last_modified}","location":"{_BASE}/Users/{key}","version":"W/\\"{version}\\""}}}}'
    )


def _answer(text: str) -> Response:
    return Response(text, content_type=_CONTENT_TYPE)


def _add_reads(app: Flask) -> None:
    @app.get("/scim/v2/Users/<user_id>")
    def read(user_id: str) -> Response:
        with reading_once() as connection:
            row = connection.execute(_BY_ID, {"key": user_id}).first()
        if row is None:
            abort(404)
        return _answer(_spliced(row))

    @app.get("/scim/v2/Users")
    def listed() -> Response:
        wanted = request.args.get("filter")
        statement, parameters = (
            (_BY_USER_NAME, {"key": wanted.split('"')[1]})
            if wanted
            else (_FIRST, {"count": int(request.args["count"])})
        )
        with reading_once() as connection:
            rows = connection.execute(statement, parameters).all()
        return _answer(_LIST.format(len(rows), ",".join(map(_spliced, rows))))


def _add_writes(app: Flask, stored: dict[str, Any]) -> None:
    @app.post("/scim/v2/Users")
    def create() -> tuple[Response, int]:
        text = request.get_data(as_text=True)
        key, moment = json.loads(text)["userName"], clock.now()
        fresh = {"id": new_id(), "user_name_key": key, "created_at": moment, "last_modified": moment}
        with writing() as connection:
            connection.execute(_INSERT, {**stored, **fresh, "wire": text})
        return _answer(text), 201

    @app.put("/scim/v2/Users/<user_id>")
    def replace(user_id: str) -> Response:
        text = request.get_data(as_text=True)
        return update_with(user_id, json.loads(text)["active"], text)

    @app.patch("/scim/v2/Users/<user_id>")
    def patch(user_id: str) -> Response:
        active = request.get_json(force=True)["Operations"][0]["value"]
        return update_with(user_id, active, stored["wire"])

    def update_with(user_id: str, active: bool, wire: str) -> Response:
        row = {"b_id": user_id, "b_active": active, "b_wire": wire, "b_now": clock.now()}
        with writing() as connection:
            if connection.execute(_UPDATE, row).rowcount != 1:
                abort(404)
        return _answer(wire)
