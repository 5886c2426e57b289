"""The yardstick: a bare Flask application with one prebuilt statement per route, on Rollcall's own engine.

Same tables, indexes, engine options, pragmas and isolation as Rollcall; no authentication, no validation, no
revision, audit row or counter. What it stores and sends has the size of what Rollcall stores and sends.
"""

from __future__ import annotations

import json
from typing import Any, cast

from flask import Flask, Response, abort, request
from sqlalchemy import bindparam, insert, select, update

from app import clock
from app.config import load_settings
from app.database import init_database, reading_once, writing
from app.directory.reading import WIRE_BY_ID, WIRE_BY_USER_NAME, WireRow
from app.directory.tables import EmployeeRow
from app.identifiers import new_id
from app.jobs.lifeline import die_with_parent
from app.web.scim.exchange import CONTENT_TYPE, spliced
from scim.paging import LIST_SCHEMA

TENANT = 1
_BASE = "http://localhost/scim/v2"
_employee = EmployeeRow.__table__
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


def _add_reads(app: Flask) -> None:
    @app.get("/scim/v2/Users/<user_id>")
    def read(user_id: str) -> Response:
        with reading_once() as connection:
            row = connection.execute(
                WIRE_BY_ID, {"tenant_id": TENANT, "client_id": 1, "key": user_id}
            ).first()
        if row is None:
            abort(404)
        return Response(spliced(cast(WireRow, row), _BASE), content_type=CONTENT_TYPE)

    @app.get("/scim/v2/Users")
    def listed() -> Response:
        name = request.args["filter"].split('"')[1]
        with reading_once() as connection:
            rows = connection.execute(
                WIRE_BY_USER_NAME, {"tenant_id": TENANT, "client_id": 1, "key": name}
            ).all()
        resources = ",".join(spliced(cast(WireRow, row), _BASE) for row in rows)
        text = f'{{"schemas":["{LIST_SCHEMA}"],"totalResults":{len(rows)},"Resources":[{resources}]}}'
        return Response(text, content_type=CONTENT_TYPE)


def _add_writes(app: Flask, stored: dict[str, Any]) -> None:
    @app.post("/scim/v2/Users")
    def create() -> tuple[Response, int]:
        text = request.get_data(as_text=True)
        key, moment = json.loads(text)["userName"], clock.now()
        fresh = {"id": new_id(), "user_name_key": key, "created_at": moment, "last_modified": moment}
        with writing() as connection:
            connection.execute(_INSERT, {**stored, **fresh, "wire": text})
        return Response(text, content_type=CONTENT_TYPE), 201

    @app.patch("/scim/v2/Users/<user_id>")
    def patch(user_id: str) -> Response:
        active = request.get_json(force=True)["Operations"][0]["value"]
        row = {"b_id": user_id, "b_active": active, "b_wire": stored["wire"], "b_now": clock.now()}
        with writing() as connection:
            if connection.execute(_UPDATE, row).rowcount != 1:
                abort(404)
        return Response(stored["wire"], content_type=CONTENT_TYPE)
