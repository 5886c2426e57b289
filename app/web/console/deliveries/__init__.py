"""Deliveries: every call that was ever sent, per person and per call."""

from app.web.console.deliveries import pages

__all__ = ["pages"]
