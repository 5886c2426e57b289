"""Approvals: what waits for somebody's decision, and why."""

from app.web.console.approvals import deciding, look_alikes, overview, plan_page

__all__ = ["deciding", "look_alikes", "overview", "plan_page"]
