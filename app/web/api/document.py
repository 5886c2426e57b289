"""``/openapi.json``: the admin API described (OpenAPI 3.1), made at the first request for it."""

from __future__ import annotations

import http
from typing import Any

import marshmallow as ma
from flask import Flask, Response, current_app
from flask_smorest import Api
from marshmallow import fields
from pydantic_core import to_json

from app.web import converters
from app.web.api.blueprint import blueprint
from app.web.api.fields import names_of_pairs
from app.web.api.problems import CODES, CONTENT_TYPE

_KEY = "rollcall.openapi"
TITLE, VERSION, OPENAPI = "Rollcall admin API", "1", "3.1.0"
_SAYS = (
    "Everything of one tenant, that of the token. Make a token with `rollcall token create --scope admin:read` or "
    "`--scope admin:write`. Each operation names the scope that it asks for."
)
_SUBJECTS = {
    "vendors": "Kinds of source, and which of them the tenant may connect",
    "sources": "Connected systems that people come from",
    "runs": "Imports",
    "targets": "Systems that people are pushed to",
    "plans": "What syncs did, would do, or wait for somebody to do",
    "employees": "People of the directory",
}
_AUTH = {"type": "http", "scheme": "bearer", "description": "A token with admin:read or admin:write."}


class ProblemDetail(ma.Schema):
    """What is wrong with one value."""

    at = fields.String(required=True)
    detail = fields.String(required=True)


class ProblemShown(ma.Schema):
    """A refusal or failure (RFC 9457)."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    code = fields.String(required=True, validate=ma.validate.OneOf(tuple(CODES)))
    detail = fields.String(required=True)
    errors = fields.List(fields.Nested(ProblemDetail))


class _Description(Api):
    """flask-smorest's API, of which only the description is used: routes and errors are joined elsewhere."""

    ERROR_SCHEMA = ProblemShown

    def _register_error_handlers(self) -> None:
        pass

    def _register_pagination_header(self) -> None:
        pass

    def _register_responses(self) -> None:
        names = {status.name: status.phrase for status in http.HTTPStatus if status >= 400}
        for name, phrase in {**names, "DEFAULT_ERROR": "A refusal or failure"}.items():
            content = {CONTENT_TYPE: {"schema": self.ERROR_SCHEMA}}
            self.spec.components.response(name, {"description": phrase, "content": content}, lazy=True)


@blueprint.serves("GET", "/openapi.json", "openapi", None)
def describe_api() -> Response:
    """Show this description."""
    if _KEY not in current_app.extensions:
        app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
        current_app.extensions[_KEY] = to_json(description(app))
    return Response(current_app.extensions[_KEY], content_type="application/json")


def description(app: Flask) -> dict[str, Any]:
    """Return the OpenAPI document of an application's admin API."""
    api = _Description()
    info = {"description": _SAYS}
    options = {"info": info, "servers": [{"url": "/"}]}
    api.init_app(app, spec_kwargs={"title": TITLE, "version": VERSION, "openapi_version": OPENAPI, **options})
    for converter in converters.CONVERTERS.values():
        api.register_converter(converter, lambda found: found.described)
    api.spec.components.security_scheme("bearer", _AUTH)
    api.ma_plugin.converter.add_attribute_function(names_of_pairs)
    for name, says in _SUBJECTS.items():
        api.spec.tag({"name": name, "description": says})
    blueprint.register_views_in_doc(api, app, api.spec, name=blueprint.name, parameters=None)
    document: dict[str, Any] = api.spec.to_dict()
    return document
