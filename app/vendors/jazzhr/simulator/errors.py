"""Refusals of the simulated JazzHR: a status and an opaque text (error bodies are not documented, vendors.md §1.1)."""

from __future__ import annotations

from app.simulation import SimulationError


class Refusal(Exception):
    """JazzHR answers with this status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class IntegrationNotSaved(SimulationError):
    """The receiver of candidate exports did not answer the verify call with exactly 200."""
