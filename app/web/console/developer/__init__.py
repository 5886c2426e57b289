"""Developer: the SCIM base URL, and what clients asked for lately."""

from app.web.console.developer import pages, requests

__all__ = ["pages", "requests"]
