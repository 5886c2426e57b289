"""Rollcall: the canonical employee directory, SCIM 2.0 on both sides. ``create_app`` joins the parts."""

from __future__ import annotations

from flask import Flask

from app.config import Settings, load_settings


def create_app(settings: Settings | None = None) -> Flask:
    """Return the application with every part joined; raises ``SettingsError`` with all findings at once."""
    from app import composition

    return composition.compose(settings or load_settings())


__all__ = ["Settings", "create_app", "load_settings"]
