"""Where a field lives in a SCIM document, and how it is read and written there. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scim.resources import ENTERPRISE, HR

_PREFIXES = {"enterprise": ENTERPRISE, "hr": HR}

Document = dict[str, Any]

_SYNTAX = re.compile(r"(?:(enterprise|hr):(\w+)(?:\.(\w+))?|(\w+)\[(\w+)\]\.(\w+)|(\w+)\.(\w+)|(\w+))")


@dataclass(frozen=True, slots=True)
class Place:
    """One attribute: `name` in `container` (complex attribute, extension URN), in its entry of type `kind`.

    `title` is (None, None, "title"), `addresses[work].locality` is ("addresses", "work", "locality"). `sub` is the
    sub-attribute that counts of a complex attribute in an extension: `enterprise:manager.value`.
    """

    container: str | None
    kind: str | None
    name: str
    sub: str | None = None

    @classmethod
    def parse(cls, text: str) -> Place:
        """The place of `title`, `name.givenName`, `enterprise:department`, `emails[work].value`."""
        found = _SYNTAX.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is not the place of an attribute")
        prefix, extended, part, multi, kind, sub, complex_, inner, plain = found.groups()
        if prefix:
            return cls(_PREFIXES[prefix], None, extended, part)
        if multi:
            return cls(multi, kind, sub)
        return cls(complex_, None, inner) if complex_ else cls(None, None, plain)

    @property
    def path(self) -> str:
        """The PATCH path of a place that is not in a multi-valued attribute (RFC 7644 §3.10)."""
        return f"{self.whole_path}.{self.sub}" if self.sub else self.whole_path

    @property
    def whole_path(self) -> str:
        """The path without the sub-attribute: what is removed, for nothing is left without it."""
        if self.container is None:
            return self.name
        return f"{self.container}{':' if self.container.startswith('urn:') else '.'}{self.name}"

    def holding(self, value: Any) -> Any:
        """The value as it stands under the place's name."""
        return value if self.sub is None or value is None else {self.sub: value}


def key_of(document: Mapping[str, Any], name: str) -> str:
    """The name as the document spells it (attribute names ignore case, RFC 7643 §2.1), else as given."""
    if name in document:
        return name
    return next((key for key in document if key.lower() == name.lower()), name)


def member(document: Mapping[str, Any], name: str) -> Any:
    """The member of this name in any case, None without one."""
    return document.get(key_of(document, name))


def entries_of(document: Mapping[str, Any], container: str) -> list[Document]:
    """The entries of a multi-valued attribute; those that are no objects are left out."""
    entries = member(document, container)
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def slot(entries: list[Document], container: str, kind: str) -> int | None:
    """The index of the entry that counts as the one of this type; the primary one first, else the first.

    An e-mail without any type counts as the work e-mail: some providers have one address and no types.
    """
    of_type = [i for i, entry in enumerate(entries) if _type_of(entry) == kind]
    if not of_type and container == "emails" and kind == "work":
        of_type = [i for i, entry in enumerate(entries) if not _type_of(entry)]
    return next(
        (i for i in of_type if member(entries[i], "primary") is True), of_type[0] if of_type else None
    )


def is_sole(entries: list[Document], kind: str) -> bool:
    """Whether `[type eq "kind"]` selects exactly one entry."""
    return sum(_type_of(entry) == kind for entry in entries) == 1


def _type_of(entry: Mapping[str, Any]) -> str:
    kind = member(entry, "type")
    return kind.lower() if isinstance(kind, str) else ""


def read(document: Mapping[str, Any], place: Place) -> Any:
    """The value at the place, None if there is none."""
    if place.container is None:
        return member(document, place.name)
    if place.kind is None:
        holder = member(document, place.container)
        value = member(holder, place.name) if isinstance(holder, dict) else None
        return member(value, place.sub) if place.sub and isinstance(value, dict) else value
    entries = entries_of(document, place.container)
    index = slot(entries, place.container, place.kind)
    return None if index is None else member(entries[index], place.name)


def write(document: Document, place: Place, value: Any) -> None:
    """Put the value at the place, in this very document; None takes it away.

    Entries and objects that hold nothing any more go too; a new e-mail is primary unless another one is.
    """
    if place.container is None:
        _put(document, place.name, value)
    elif place.kind is None:
        _write_within(document, place.container, place.name, place.holding(value))
    else:
        _write_entry(document, place, place.container, place.kind, value)


def _put(holder: Document, name: str, value: Any) -> None:
    key = key_of(holder, name)
    if value is None:
        holder.pop(key, None)
    else:
        holder[key] = value


def _write_within(document: Document, container: str, name: str, value: Any) -> None:
    held = member(document, container)
    holder = dict(held) if isinstance(held, dict) else {}
    _put(holder, name, value)
    _put(document, container, holder or None)


def _write_entry(document: Document, place: Place, container: str, kind: str, value: Any) -> None:
    entries = [dict(entry) for entry in entries_of(document, container)]
    index = slot(entries, container, kind)
    if index is None:
        if value is None:
            return
        entries.append(_new_entry(entries, container, kind))
        index = len(entries) - 1
    _put(entries[index], place.name, value)
    if not {key.lower() for key in entries[index]} - {"type", "primary"}:
        del entries[index]
    _put(document, container, entries or None)


def keep_only(document: Document, place: Place) -> None:
    """Leave the place's entry alone in its attribute, where it is there: for providers that keep one value."""
    if place.container is None or place.kind is None:
        return
    entries = entries_of(document, place.container)
    index = slot(entries, place.container, place.kind)
    if index is not None:
        _put(document, place.container, [entries[index]])


def _new_entry(entries: list[Document], container: str, kind: str) -> Document:
    if container == "emails" and not any(member(entry, "primary") is True for entry in entries):
        return {"type": kind, "primary": True}
    return {"type": kind}
