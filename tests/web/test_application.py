"""What the application leaves out for its busiest routes."""

from __future__ import annotations

from flask import Flask, session

from app.web.application import Application


def test_the_scim_paths_have_no_session_and_the_pages_have_one(app: Flask) -> None:
    assert isinstance(app, Application)
    for path in ("/scim/v2/Users", "/t/acme/scim/v2/Users/1"):
        with app.test_request_context(path):
            assert app.session_interface.is_null_session(session._get_current_object())  # type: ignore[attr-defined]
    with app.test_request_context("/"):
        session["told"] = "once"
        assert session["told"] == "once"
