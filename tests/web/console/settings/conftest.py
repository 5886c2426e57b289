"""A console with a mail server and a browser whose owner has proved who they are."""

from __future__ import annotations

from tests.notices.conftest import box, settings
from tests.web.console.tokens.conftest import proved, stranger

__all__ = ["box", "proved", "settings", "stranger"]
