"""Runs: the history, and one run while it goes on and afterwards."""

from app.web.console.runs import deeds, files, listing, run

__all__ = ["deeds", "files", "listing", "run"]
