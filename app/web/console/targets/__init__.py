"""Targets: the cards, the wizard, a target's page with its tabs, and its deeds."""

from app.web.console.targets import (
    address,
    cards,
    checks,
    deeds,
    drift,
    fields,
    overview,
    people,
    plans,
    removing,
    review,
    rules,
    schedule,
    starting,
    token,
)

__all__ = [
    "address",
    "cards",
    "checks",
    "deeds",
    "drift",
    "fields",
    "overview",
    "people",
    "plans",
    "removing",
    "review",
    "rules",
    "schedule",
    "starting",
    "token",
]
