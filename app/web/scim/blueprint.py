"""The SCIM routes: one table of endpoints, with or without the tenant in the path, and errors as SCIM Errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog
from flask import Blueprint, Flask, Response, g, request
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from app.web.scim import discovery, users
from app.web.scim.exchange import authenticate, base_url, error_answer
from scim.errors import (
    InternalError,
    MethodNotAllowed,
    NotFound,
    NotImplementedHere,
    PayloadTooLarge,
    ScimError,
    Unavailable,
)

log = structlog.get_logger(__name__)

PREFIXES = ("/scim/v2", "/t/<tenant_slug>/scim/v2")
#: Endpoints that only read although they are not GET.
_SEARCHES = frozenset({"search", "search_users"})
#: Endpoint name of the one route that needs no credentials.
OPEN_ENDPOINTS = frozenset({"service_provider_config"})
_READS = frozenset({"GET", "HEAD", "OPTIONS"})


def _me() -> Response:
    raise NotImplementedHere(
        "/Me is offered to tokens that are bound to an employee, from a later version on."
    )


#: rule → method → (endpoint name, view).
ROUTES: dict[str, dict[str, tuple[str, Callable[..., Response]]]] = {
    "/Users": {"GET": ("list_users", users.listed), "POST": ("create_user", users.create)},
    "/.search": {"POST": ("search", users.search)},
    "/Users/.search": {"POST": ("search_users", users.search)},
    "/Users/<user_id>": {
        "GET": ("read_user", users.read),
        "PUT": ("replace_user", users.replace),
        "PATCH": ("patch_user", users.patch),
        "DELETE": ("delete_user", users.delete),
    },
    "/Me": {"GET": ("read_me", _me)},
    "/ServiceProviderConfig": {"GET": ("service_provider_config", discovery.service_provider_config)},
    "/ResourceTypes": {"GET": ("list_resource_types", discovery.resource_types)},
    "/ResourceTypes/<name>": {"GET": ("read_resource_type", discovery.resource_type)},
    "/Schemas": {"GET": ("list_schemas", discovery.schemas)},
    "/Schemas/<urn>": {"GET": ("read_schema", discovery.schema)},
}

blueprint = Blueprint("scim", __name__)


def _add_routes() -> None:
    for number, prefix in enumerate(PREFIXES):
        suffix = "_of_tenant" if number else ""
        for rule, methods in ROUTES.items():
            for method, (name, view) in methods.items():
                served = (
                    _open(view)
                    if name in OPEN_ENDPOINTS
                    else _guarded(view, method in _READS or name in _SEARCHES)
                )
                blueprint.add_url_rule(
                    prefix + rule, name + suffix, served, methods=[method], provide_automatic_options=False
                )


def _open(view: Callable[..., Response]) -> Callable[..., Response]:
    def serve(tenant_slug: str | None = None, **values: str) -> Response:
        g.scim_base_url = base_url(tenant_slug)
        return view(**values)

    return serve


def _guarded(view: Callable[..., Response], is_read: bool) -> Callable[..., Response]:
    """Return the view behind the token check; a hook of Flask would do, at twice the cost."""

    def serve(tenant_slug: str | None = None, **values: str) -> Response:
        authenticate(tenant_slug, is_read=is_read)
        return view(**values)

    return serve


_add_routes()


@blueprint.errorhandler(ScimError)
def _scim_error(error: ScimError) -> Response:
    return error_answer(error)


def is_scim_path(path: str) -> bool:
    """True for the paths on which every error is a SCIM Error."""
    parts = path.split("/", 4)
    return path.startswith("/scim") or (len(parts) > 3 and parts[1] == "t" and parts[3] == "scim")


def join_errors(app: Flask, elsewhere: Callable[[HTTPException], Any]) -> None:
    """Answer everything that goes wrong under the SCIM paths with a SCIM Error, routing failures included.

    An application has one such handler: ``elsewhere`` makes the answer under all other paths.
    """

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Any:
        return error_answer(_translated(error)) if is_scim_path(request.path) else elsewhere(error)

    @app.errorhandler(Exception)
    def failure(error: Exception) -> Any:
        if isinstance(error, ScimError):
            return error_answer(error)
        if not is_scim_path(request.path):
            raise error
        if isinstance(error, OperationalError):
            log.warning("the database does not answer", path=request.path, error=str(error.orig))
            return error_answer(Unavailable("The directory is busy or restarting; try again in a moment.", 1))
        log.error("a request failed", path=request.path, method=request.method, exc_info=error)
        return error_answer(
            InternalError("This request met a defect of Rollcall; the server's log has its trace.")
        )


def _translated(error: HTTPException) -> ScimError:
    if error.code == 405:
        allowed = tuple(sorted(getattr(error, "valid_methods", None) or ("GET",)))
        return MethodNotAllowed(f"{request.method} is not offered here; use {', '.join(allowed)}.", allowed)
    if error.code == 413:
        return PayloadTooLarge("The body is larger than is taken. Send less at once.")
    if error.code == 404:
        return NotFound("There is no such endpoint here.")
    generic = ScimError(error.description or "The request cannot be answered.")
    generic.status = error.code or 400  # type: ignore[misc]
    return generic
