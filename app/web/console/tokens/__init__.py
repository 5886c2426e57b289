"""Tokens: who may call the SCIM API and the admin API."""

from app.web.console.tokens import clients_pages, making, pages, secrets_pages

__all__ = ["clients_pages", "making", "pages", "secrets_pages"]
