"""Home: how everything stands, what is wrong, and what waits for somebody."""

from app.web.console.home import pages

__all__ = ["pages"]
