"""Errors of notices.

RollcallError
└── DeliveryFailed    a notice did not get through a channel
"""

from __future__ import annotations

from app.errors import RollcallError


class DeliveryFailed(RollcallError):
    """A notice did not get through.

    `is_final` means that trying again is in vain. `of_channel` is False when the other side answered well and refused
    this one message: then other notices need not wait. `retry_after` are the seconds that the other side asked for.
    `may_have_arrived`: the connection broke while the message was handed over, and nobody knows on which side of it.
    """

    def __init__(
        self,
        message: str,
        *,
        is_final: bool = False,
        of_channel: bool = True,
        retry_after: float | None = None,
        may_have_arrived: bool = False,
    ) -> None:
        super().__init__(message)
        self.is_final = is_final
        self.of_channel = of_channel
        self.retry_after = retry_after
        self.may_have_arrived = may_have_arrived
