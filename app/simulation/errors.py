"""What goes wrong when a simulator is set up.

SimulationError
├── FaultSpecError     a fault plan that cannot be read
├── AddressTaken       the port is in use
└── UnknownRecord      the control surface was asked for a record that does not exist
"""

from __future__ import annotations


class SimulationError(Exception):
    """A simulator cannot do what its operator asked for."""


class FaultSpecError(SimulationError):
    """The fault plan names an unknown fault, or gives a value that is not of its kind."""


class AddressTaken(SimulationError):
    """The address that the simulator should listen on is in use."""


class UnknownRecord(SimulationError):
    """No record has that id."""
