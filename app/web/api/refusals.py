"""Every refusal and failure of the admin API becomes a problem, never a page."""

from __future__ import annotations

from typing import Any

import structlog
from flask import Response, request
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from app.web.api.blueprint import PREFIX, blueprint
from app.web.api.problems import Problem, problem_of
from app.web.console import problems as pages

log = structlog.get_logger(__name__)

_OF_STATUS = {
    400: "invalid_request",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    413: "too_large",
    415: "unsupported_media_type",
}
_NO_ADDRESS = "There is nothing at this address; /api/v1/openapi.json lists what there is."


@blueprint.errorhandler(Exception)
def answer(error: Exception) -> Response:
    """Return what is answered when a request ended in an error, whatever it is."""
    problem = error if isinstance(error, Problem) else problem_of(error)
    if problem is not None:
        return problem.answer()
    if isinstance(error, HTTPException):
        return _of_http(error).answer()
    if isinstance(error, IntegrityError):
        detail = "Another request changed the same thing at the same moment; look again, and repeat this one."
        return Problem("meanwhile", detail).answer()
    is_away = isinstance(error, (OperationalError, PoolTimeout))
    if is_away or (isinstance(error, DBAPIError) and error.connection_invalidated):
        cause = str(getattr(error, "orig", error))
        log.warning("the database does not answer", path=request.path, error=cause)
        detail = "The database is busy or restarting; nothing was changed. Try again in a moment."
        return Problem("unavailable", detail, headers={"Retry-After": "1"}).answer()
    log.error("a request failed", path=request.path, method=request.method, exc_info=error)
    detail = "This request met a defect of Rollcall; the server's log has its trace."
    return Problem("internal_error", detail).answer()


def _of_http(error: HTTPException) -> Problem:
    status = error.code or 500
    code = _OF_STATUS.get(status, "invalid_request" if status < 500 else "internal_error")
    detail = _NO_ADDRESS if status == 404 else (error.description or error.name)
    headers = {name: value for name, value in error.get_headers() if name.lower() != "content-type"}
    return Problem(code, detail, headers=headers)


def refused(error: HTTPException) -> Any:
    """Answer what no route takes: a problem below the API's address, elsewhere a page of the console."""
    is_ours = request.path == PREFIX or request.path.startswith(PREFIX + "/")
    return answer(error) if is_ours else pages.refused(error)
