"""How the values of the field table are read out of a directory document. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from app import directory
from scim.resources import ENTERPRISE

Document = Mapping[str, Any]
Value = str | bool
Reader = Callable[[Document], Value | None]


def entry_of_type(document: Document, attribute: str, kind: str) -> Mapping[str, Any]:
    """The entry of a multi-valued attribute with this `type`, {} if there is none.

    The primary one is taken when several have the type, else the first. `type` is compared without case.
    """
    entries = document.get(attribute)
    if not isinstance(entries, list):
        return {}
    found = [e for e in entries if isinstance(e, Mapping) and str(e.get("type", "")).lower() == kind]
    return next((e for e in found if e.get("primary") is True), found[0] if found else {})


def work_email(document: Document) -> str | None:
    """The work e-mail without surrounding white space, the key of rule 1; None if there is none."""
    return _text(directory.work_email(dict(document)))


def local_part(email: str) -> str:
    """Everything before the (last) @: the seed's user name."""
    return email.rpartition("@")[0] or email


_EXTENSION_MARKS = ("extension", "extn", "ext", "x", "#")


def split_phone(value: str) -> tuple[str, str | None]:
    """Number and extension: `("+1-555-0100", "12")` of `tel:+1-555-0100;ext=12`, of `555-0100 x12` likewise.

    The scheme `tel:` and URI parameters other than `ext` (RFC 3966 §3) are dropped.
    """
    text = value.strip()
    if text[:4].lower() == "tel:":
        number, *parameters = text[4:].split(";")
        extensions = [p[4:] for p in parameters if p[:4].lower() == "ext="]
        return number.strip(), (extensions[0].strip() or None) if extensions else None
    return _without_mark(text) or (text, None)


def _without_mark(text: str) -> tuple[str, str] | None:
    """Number and extension of `555-0100 ext. 12`, None for another ending. Linear in length."""
    stem = text.rstrip("0123456789")
    extension, stem = text[len(stem) :], stem.rstrip(" .:=")
    mark = next((mark for mark in _EXTENSION_MARKS if stem.lower().endswith(mark)), None)
    if mark is None or not 1 <= len(extension) <= 15:
        return None
    number = stem[: -len(mark)].rstrip(" ,;")
    is_number = any(c.isdigit() for c in number) and not any(c.isalpha() for c in number)
    return (number, extension) if is_number else None


def _text(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value).strip() or None


def core(name: str) -> Reader:
    """A reader of a simple attribute."""
    return lambda document: _text(document.get(name))


def within(parent: str, name: str) -> Reader:
    """A reader of a sub-attribute, or of an attribute of an extension."""

    def read(document: Document) -> Value | None:
        inner = document.get(parent)
        return _text(inner.get(name)) if isinstance(inner, Mapping) else None

    return read


def address(kind: str, name: str) -> Reader:
    """A reader of a part of the address of this type."""
    return lambda document: _text(entry_of_type(document, "addresses", kind).get(name))


def phone(kind: str) -> Reader:
    """A reader of the telephone number of this type, without `tel:`."""

    def read(document: Document) -> Value | None:
        value = _text(entry_of_type(document, "phoneNumbers", kind).get("value"))
        return None if value is None else re.sub(r"(?i)^tel:", "", value)

    return read


def work_phone(part: int) -> Reader:
    """A reader of the work phone: part 0 is the number, part 1 the extension."""

    def read(document: Document) -> Value | None:
        value = _text(entry_of_type(document, "phoneNumbers", "work").get("value"))
        return split_phone(value)[part] or None if value else None

    return read


def user_name(document: Document) -> Value | None:
    """What stands before the @ of the work e-mail: rule 4."""
    email = work_email(document)
    return local_part(email) if email else None


def display_name(document: Document) -> Value | None:
    """(preferred name, else first name) + last name: rule 5."""
    name = document.get("name")
    name = name if isinstance(name, Mapping) else {}
    first = _text(document.get("nickName")) or _text(name.get("givenName"))
    return " ".join(part for part in (first, _text(name.get("familyName"))) if part) or None


def manager(document: Document) -> Value | None:
    """The employee id of the manager (RFC 7643 §4.3: enterprise `manager.value`)."""
    extension = document.get(ENTERPRISE)
    named = extension.get("manager") if isinstance(extension, Mapping) else None
    return _text(named.get("value")) if isinstance(named, Mapping) else None


def email_part(part: int) -> Reader:
    """A reader of the work e-mail: part 0 is what stands before the @, part 1 what stands behind it."""

    def read(document: Document) -> Value | None:
        email = work_email(document)
        if email is None:
            return None
        return local_part(email) if part == 0 else email.rpartition("@")[2] or None

    return read


def email(kind: str) -> Reader:
    """A reader of the e-mail address of this type."""
    return lambda document: _text(entry_of_type(document, "emails", kind).get("value"))


def active(document: Document) -> Value:
    """RFC 7643 leaves the meaning of an absent `active` open; a person without the flag is an active one."""
    return document.get("active") is not False
