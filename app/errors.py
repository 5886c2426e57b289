"""Errors that any room of the product may raise.

RollcallError
├── SettingsError        the installation is set up wrongly (all findings at once)
├── WrongUse             a command or a form was filled in wrongly; the CLI answers with exit code 2
├── NotFoundError        a named thing does not exist in this tenant
└── WriteOptionIgnored   a write began inside a reading transaction (a defect of ours)

``SourceError`` (``app.sources.errors``), ``ProvisioningError`` (``app.provisioning.errors``) and
``OutboundError`` (``app.outbound``) are the families of their rooms.
"""

from __future__ import annotations


class RollcallError(Exception):
    """Base of everything that Rollcall itself refuses; ``str(error)`` is fit for a person to read."""


class SettingsError(RollcallError):
    """The settings cannot be used; ``findings`` has one line for each, naming the variable and the way out."""

    def __init__(self, findings: list[str]) -> None:
        self.findings = findings
        super().__init__(
            "Rollcall cannot start with these settings:\n" + "\n".join(f"  - {f}" for f in findings)
        )


class WrongUse(RollcallError):
    """What was asked for cannot be done as it was asked; the message names the way out."""


class NotFoundError(WrongUse):
    """No such thing in this tenant."""


class WriteOptionIgnored(RollcallError):
    """A write was started on a connection that already reads: its lock would come too late."""
