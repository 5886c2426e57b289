"""Where clients reach this installation."""

from __future__ import annotations

from flask import request

from app.web.console.sessions import settings


def base_url() -> str:
    """Return the address of this installation as its operator set it, else as the browser has it."""
    return settings().public_url or request.host_url.rstrip("/")
