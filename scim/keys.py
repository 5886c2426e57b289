"""Comparison keys: the one form in which two values are compared for equality and order."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone

_DATE_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:([Zz])|([+-])(\d\d):(\d\d))?", re.ASCII
)


def comparison_key(text: str) -> str:
    """Return the form in which strings that are not case-exact are compared: NFC, then lower case.

    Never ``casefold``: it would merge ``straße`` and ``strasse``, two people (scim.md §2).

    >>> comparison_key("Ada@Example.COM")
    'ada@example.com'
    >>> comparison_key("Straße") == comparison_key("STRASSE")
    False
    """
    if text.isascii():
        return text.lower()
    # Lowering can leave a letter and its mark apart ("İ" becomes "i" and a dot): compose once more.
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).lower())


def instant_key(text: str) -> str:
    """Return a dateTime as UTC text with fixed microseconds, which sorts as time does.

    Takes RFC 3339 and xsd:dateTime (RFC 7643 §2.3.5): any offset, none read as UTC; digits beyond
    the microsecond are cut.

    :raises ValueError: the text is not a date with a time, or no such instant exists.

    >>> instant_key("2026-11-22T05:39:37+01:00")
    '2026-11-22T04:39:37.000000Z'
    """
    found = _DATE_TIME.fullmatch(text)
    if found is None:
        raise ValueError(f"not an RFC 3339 date and time: {text[:50]!r}")
    year, month, day, hour, minute, second, fraction, _, sign, hours, minutes = found.groups()
    microsecond = int((fraction or "")[:6].ljust(6, "0"))
    zone: timezone = UTC
    if sign:
        if int(minutes) > 59:
            raise ValueError(f"no such offset: {text[:50]!r}")
        offset = timedelta(hours=int(hours), minutes=int(minutes))
        zone = timezone(-offset if sign == "-" else offset)
    try:
        instant = datetime(
            int(year), int(month), int(day), int(hour), int(minute), int(second), microsecond, zone
        ).astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"outside the years 1 to 9999: {text[:50]!r}") from error
    # strftime does not pad years below 1000 on every platform, isoformat does.
    return instant.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
