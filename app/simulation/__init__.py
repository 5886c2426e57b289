"""What the vendors' simulators share: an HTTP server, a call log, fault plans, made-up people, a SCIM service provider.

Simulators know nothing of Rollcall's rooms: they are what it is measured against.
"""

from __future__ import annotations

from app.simulation.application import Simulator, as_json
from app.simulation.calls import Call, CallLog
from app.simulation.errors import AddressTaken, FaultSpecError, SimulationError, UnknownRecord
from app.simulation.faults import FAULTS, STATUS_FAULT, FaultPlan
from app.simulation.people import Person, Place, people, person
from app.simulation.server import Dropped, Server, serve

__all__ = [
    "FAULTS",
    "STATUS_FAULT",
    "AddressTaken",
    "Call",
    "CallLog",
    "Dropped",
    "FaultPlan",
    "FaultSpecError",
    "Person",
    "Place",
    "Server",
    "SimulationError",
    "Simulator",
    "UnknownRecord",
    "as_json",
    "people",
    "person",
    "serve",
]
