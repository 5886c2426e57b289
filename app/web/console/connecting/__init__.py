"""The connect wizard of sources, step by step; one may leave and come back."""

from app.web.console.connecting import beginning, wizard

__all__ = ["beginning", "wizard"]
