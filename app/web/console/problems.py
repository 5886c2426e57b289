"""Problem pages: what happened, what it means, what to do; in words, also when it is our fault."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

import structlog
from flask import render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import Forbidden, HTTPException

from app.web.console.blueprint import blueprint

log = structlog.get_logger(__name__)
Answer = tuple[str, int]
#: Status → title, what it means, what to do; any other status has Werkzeug's words.
WORDS: Mapping[int, tuple[str, str, str]] = {
    400: (
        "What the browser sent cannot be read",
        "It is not what a page of Rollcall sends. Nothing was changed.",
        "Begin again at the start page.",
    ),
    404: (
        "There is no such page",
        "Rollcall has nothing at this address. It may be mistyped, or a link may be out of date.",
        "Look for it from the start page on.",
    ),
    403: (
        "Your role does not open this",
        "Nothing was changed.",
        "An owner of this tenant gives roles: Settings, People and roles.",
    ),
    405: (
        "This address is not for that",
        "It exists, but not for what the browser asked of it. Nothing was changed.",
        "Begin again at the start page.",
    ),
}


@blueprint.errorhandler(CSRFError)
def forged_form(error: CSRFError) -> Answer:
    """Answer 400: the form was not made by this console for this browser."""
    return _page(
        400,
        "This form could not be accepted",
        "It was not made by this console for this browser, or the browser keeps no cookies of this page. "
        "Nothing was changed.",
        "Open the start page and try again; allow cookies for this address if that does not help.",
    )


@blueprint.errorhandler(HTTPException)
def refused(error: HTTPException) -> tuple[str, int, list[tuple[str, str]]]:
    """Answer with the status of the error, in words; the headers that belong to it (``Allow``) stay."""
    status = error.code or 500
    if status == 403 and error.description != Forbidden.description:
        title, effect, way_out = WORDS[403]
        return *_page(403, title, f"{error.description} {effect}", way_out), []
    words = WORDS.get(status) or (error.name, error.description or "", "Go back to the start page.")
    headers = [(name, value) for name, value in error.get_headers() if name.lower() != "content-type"]
    return *_page(status, *words), headers


@blueprint.errorhandler(OperationalError)
def database_away(error: OperationalError) -> Answer:
    """Answer 503: the database cannot be reached or is locked."""
    log.error("the console could not use the database", path=request.path, cause=str(error.orig))
    return _page(
        503,
        "The database does not answer",
        "Nothing was changed. Imports and pushes go on by themselves as soon as it is back.",
        "Try again in a moment. If it stays so, whoever runs Rollcall should look at the database and at the log.",
    )


@blueprint.errorhandler(Exception)
def defect(error: Exception) -> Answer:
    """Answer 500 with a reference under which the log has the cause."""
    reference = secrets.token_hex(4)
    log.exception("the console failed", reference=reference, method=request.method, path=request.path)
    return _page(
        500,
        "This page could not be made",
        f"Rollcall has a fault here ({type(error).__name__}). What was being changed was not changed.",
        f"Give whoever runs Rollcall the reference {reference}: the log has the cause under it.",
    )


def _page(status: int, title: str, effect: str, way_out: str) -> Answer:
    return render_template("console/problem.html", title=title, effect=effect, way_out=way_out), status
