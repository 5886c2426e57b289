"""The only door through which Rollcall calls other systems: no private addresses, floods or stalls."""

from app.outbound.addresses import AddressPolicy
from app.outbound.answers import Response, parse_retry_after
from app.outbound.errors import (
    AddressRefused,
    BadStatus,
    Broken,
    ConnectFailed,
    DeadlineExceeded,
    NotJson,
    OutboundError,
    Redirected,
    TooLarge,
)
from app.outbound.exchange import Exchange
from app.outbound.redaction import Redactor
from app.outbound.session import OutboundSession
from app.outbound.transport import Limits

__all__ = [
    "AddressPolicy",
    "AddressRefused",
    "BadStatus",
    "Broken",
    "ConnectFailed",
    "DeadlineExceeded",
    "Exchange",
    "Limits",
    "NotJson",
    "OutboundError",
    "OutboundSession",
    "Redactor",
    "Redirected",
    "Response",
    "TooLarge",
    "parse_retry_after",
]
