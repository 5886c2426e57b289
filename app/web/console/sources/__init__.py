"""Sources: the cards, a source's page with its tabs, and its deeds."""

from app.web.console.sources import cards, deeds, leaving, mapping, overview, settings, webhook

__all__ = ["cards", "deeds", "leaving", "mapping", "overview", "settings", "webhook"]
