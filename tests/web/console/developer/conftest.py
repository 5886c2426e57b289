"""A console with another tenant."""

from __future__ import annotations

from tests.web.console.tokens.conftest import stranger

__all__ = ["stranger"]
