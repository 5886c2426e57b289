"""Who comes in: signing in at a provider, the first run, one's own account, people and roles, proofs."""

from app.web.console.admins import account, arriving, first_run, provider, roster, step_up

__all__ = ["account", "arriving", "first_run", "provider", "roster", "step_up"]
