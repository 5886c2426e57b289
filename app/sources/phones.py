"""Telephone numbers in one form."""

from __future__ import annotations

import phonenumbers


def normal_phone(text: str, region: str) -> str | None:
    """Return the number as E.164 with ``;ext=`` behind it (RFC 3966), or None when it cannot be one.

    >>> normal_phone("(212) 555-0123 x45", "US")
    '+12125550123;ext=45'
    """
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    # "Possible", not "valid": the numbers of fiction and of new blocks are no mistakes.
    if not phonenumbers.is_possible_number(number):
        return None
    plain = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return f"{plain};ext={number.extension}" if number.extension else plain


def is_region(text: str) -> bool:
    """True when the text is a country code such as ``US`` that telephone numbers are known for."""
    return text in phonenumbers.SUPPORTED_REGIONS
