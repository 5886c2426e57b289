"""Audit: every deed, searched, with the state of its chain."""

from app.web.console.auditing import chain, download, pages

__all__ = ["chain", "download", "pages"]
