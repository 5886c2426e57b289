"""Refusals of the simulated SmartRecruiters (vendors.md §3.1; the codes are not documented)."""

from __future__ import annotations

from app.simulation import SimulationError


class Refusal(Exception):
    """SmartRecruiters answers with this status, a code and a message."""

    def __init__(self, status: int, message: str, code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code


class NoSubscription(SimulationError):
    """An event was to be sent, and there is nobody to send it to."""
