"""Event notifications: gzip-compressed JSON that points at people (vendors.md §2.6)."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from typing import Any

from pydantic_core import from_json

from app.sources.errors import DeliveryRefused

#: An event is some hundred bytes; what unpacks to more than this is none.
LARGEST = 1024 * 1024
_GZIP = b"\x1f\x8b"
_PERSON = re.compile(r"/people/([0-9]{1,18})(?:[/?#]|$)")
_ID = re.compile(r"[0-9]{1,18}")


def event_in(body: bytes) -> Mapping[str, Any]:
    """Return the event of a body, compressed or not.

    :raises DeliveryRefused: it is no event (400).
    """
    try:
        event = from_json(_unpacked(body) if body.startswith(_GZIP) else body, allow_inf_nan=False)
    except (ValueError, zlib.error):
        raise DeliveryRefused("The body is not the JSON of an event notification.", status=400) from None
    if not isinstance(event, dict):
        raise DeliveryRefused("The body is JSON, but no event notification.", status=400)
    return event


def people_in(event: Mapping[str, Any], customer: str) -> tuple[str, ...]:
    """Return the ids of the people whom an event is about; none for an event about a job or a form.

    :raises DeliveryRefused: it is about another customer of iCIMS (400).
    """
    told = event.get("customerId")
    if told is not None and str(told) != customer:
        raise DeliveryRefused(f"The event is about another customer than {customer}.", status=400)
    links = event.get("links")
    urls = (
        [str(link.get("url") or "") for link in links if isinstance(link, dict)]
        if isinstance(links, list)
        else []
    )
    found = [str(event.get("personId") or "")]
    found += [match[1] for match in map(_PERSON.search, urls) if match is not None]
    return tuple(dict.fromkeys(text for text in found if _ID.fullmatch(text)))


def _unpacked(body: bytes) -> bytes:
    reader = zlib.decompressobj(wbits=31)
    content = reader.decompress(body, LARGEST)
    if reader.unconsumed_tail or not reader.eof:
        raise ValueError("too large, or cut off")
    return content
