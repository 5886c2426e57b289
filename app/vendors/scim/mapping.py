"""Field values ↔ SCIM documents and PATCH operations, as a profile says. Pure functions."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any

from app.provisioning.fields import CREATE_ONLY, FIELDS, Value
from app.provisioning.readers import split_phone
from app.vendors.scim.places import (
    Document,
    Place,
    entries_of,
    is_sole,
    keep_only,
    key_of,
    member,
    read,
    slot,
    write,
)
from app.vendors.scim.profile import Profile
from scim.resources import USER

# Read-only or not ours: never sent back with a PUT.
_NOT_SENT_BACK = frozenset({"meta", "groups", "password"})
_PHONE_FIELDS = ("workPhone", "workPhoneExtension")
_TRUE_AND_FALSE = {"true": True, "false": False}

Changed = Mapping[str, Value | None]
Operation = dict[str, Any]


# --- reading -----------------------------------------------------------------------------------------------


def values_of(document: Mapping[str, Any], profile: Profile) -> dict[str, Value]:
    """Field → value for every field that the remote document has; `active` is always there."""
    found: dict[str, Value] = {}
    for field, places in profile.places.items():
        texts = [_text(read(document, place)) for place in places]
        if texts[0] is None and not any(texts):
            continue
        # Places that should agree and do not are neither empty nor what anybody wants.
        found[field] = texts[0] if len(set(texts)) == 1 and texts[0] else " / ".join(filter(None, texts))
    found["active"] = is_active(document)
    return {field: value for field, value in _phones_split(found).items() if value is not None}


def is_active(document: Mapping[str, Any]) -> bool:
    """Whether the account is active; some providers write the flag as text, an absent one means yes."""
    active = member(document, "active")
    return active if isinstance(active, bool) else _TRUE_AND_FALSE.get(str(active).lower(), True)


def _text(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value).strip() or None


def _phones_split(found: dict[str, Value]) -> dict[str, Value | None]:
    split: dict[str, Value | None] = dict(found)
    whole = split.get("workPhone")
    if isinstance(whole, str):
        split["workPhone"], split["workPhoneExtension"] = split_phone(whole)
    for field in ("homePhone", "mobilePhone"):
        text = split.get(field)
        if isinstance(text, str) and text.lower().startswith("tel:"):
            split[field] = text[4:]
    return split


# --- writing -----------------------------------------------------------------------------------------------


def new_document(values: Mapping[str, Value], external_id: str, profile: Profile) -> Document:
    """The document of a POST: canonical order, no empty members."""
    document: Document = {"schemas": [USER], "userName": values["userName"], "externalId": external_id}
    for field, places in profile.places.items():
        for place in places if field != "userName" else ():
            value = _value_for(field, values, values, None, profile)
            if value is not None:
                write(document, place, value)
    document["schemas"] += [name for name in document if name.startswith("urn:")]
    return document


def changed_document(
    before: Mapping[str, Any], changed: Changed, values: Mapping[str, Value], profile: Profile
) -> Document:
    """A copy of the remote document with the changes in it and everything else as it was, other entries too.

    An entry that has to be made gets all values that belong into it, not only the changed ones.
    """
    document = copy.deepcopy(dict(before))
    for field in _in_order(_with_new_entries(before, changed, values, profile), profile):
        value = _value_for(field, changed, values, before, profile)
        for place in profile.places[field]:
            write(document, place, value)
            if place.container in profile.single_values:
                keep_only(document, place)
    return document


def document_to_put(document: Mapping[str, Any]) -> Document:
    """The remote document as a PUT's body: no read-only members, `schemas` naming every extension it uses."""
    sent = {name: value for name, value in document.items() if name.lower() not in _NOT_SENT_BACK}
    schemas = [urn for urn in member(document, "schemas") or [USER] if isinstance(urn, str)]
    known = {urn.lower() for urn in schemas}
    schemas += [name for name in sent if name.startswith("urn:") and name.lower() not in known]
    return {**sent, key_of(sent, "schemas"): schemas}


def operations(
    changed: Changed, values: Mapping[str, Value], before: Mapping[str, Any] | None, profile: Profile
) -> list[Operation]:
    """The fewest PATCH operations that write the changes (RFC 7644 §3.5.2).

    `before` is needed when a change goes into a multi-valued attribute: an entry that is not there must be
    added, for a path filter that selects nothing is an error (noTarget).
    """
    whole = before or {}
    after = changed_document(whole, changed, values, profile)
    if profile.patch_form == "path-less":
        return [_path_less(changed, after, profile)]
    found = list(_by_path(changed, values, whole, after, profile))
    if profile.operations and len(found) > profile.operations:
        found = list(_by_attribute(changed, after, profile))
    fits = not profile.operations or len(found) <= profile.operations
    return found if fits else [_path_less(changed, after, profile)]


def _by_path(
    changed: Changed,
    values: Mapping[str, Value],
    before: Mapping[str, Any],
    after: Document,
    profile: Profile,
) -> Iterator[Operation]:
    """An operation for each place; those of one entry together."""
    done: set[tuple[str, str | None]] = set()
    for field in _in_order(changed, profile):
        for place in profile.places[field]:
            if place.container is None or place.kind is None:
                value = _value_for(field, changed, values, before, profile)
                yield _simple_operation(place, value, profile)
                continue
            is_whole = profile.multi_valued == "array" or place.container in profile.single_values
            group = (place.container, None if is_whole else place.kind)
            if group not in done:
                done.add(group)
                yield from _entry_operations(place.container, place.kind, before, after, profile)


def _by_attribute(changed: Changed, after: Document, profile: Profile) -> Iterator[Operation]:
    """An operation for each attribute: multi-valued ones whole, values of complex ones together.

    What is cleared in a complex attribute needs an operation of its own: `replace` keeps what its value does not
    name (RFC 7644 §3.5.2.3).
    """
    together: dict[str, Document] = {}
    for place in dict.fromkeys(p for field in _in_order(changed, profile) for p in profile.places[field]):
        value = read(after, place)
        if place.container is None or (place.kind is None and value is None):
            yield _simple_operation(place, value, profile)
        elif place.kind is None:
            together.setdefault(place.container, {})[place.name] = place.holding(value)
        elif place.container not in together:
            together[place.container] = {}
            entries = entries_of(after, place.container)
            yield _set(place.container, entries) if entries else _unset(place.container, profile)
    yield from (_set(container, value) for container, value in together.items() if value)


def needs_document(changed: Changed, profile: Profile) -> bool:
    """Whether `operations` for these changes need the remote document."""
    return any(
        place.kind is not None for field in _in_order(changed, profile) for place in profile.places[field]
    )


def _in_order(changed: Changed, profile: Profile) -> list[str]:
    """The changed fields that have a place, in the order of the field table; never a create-only one.

    A re-activation comes first where nothing else of an inactive account can change.
    """
    found = [
        name for name in FIELDS if name in changed and name in profile.places and name not in CREATE_ONLY
    ]
    is_first = profile.reactivate_first and changed.get("active") is True
    return sorted(found, key=lambda name: name != "active") if is_first else found


def _value_for(
    field: str,
    changed: Changed,
    values: Mapping[str, Value],
    before: Mapping[str, Any] | None,
    profile: Profile,
) -> Value | None:
    if field not in _PHONE_FIELDS:
        return changed.get(field, values.get(field))
    held = values_of(before, profile) if before else {}
    number, extension = (_first(name, changed, values, held) for name in _PHONE_FIELDS)
    if number is None or extension is None:
        return number
    return phone_text(str(number), str(extension), profile.phone)


def _first(name: str, *sources: Mapping[str, Value | None]) -> Value | None:
    """The value of the first source that knows the name; an extension nobody told us of stays as it is."""
    return next((source[name] for source in sources if name in source), None)


def phone_text(number: str, extension: str, style: str) -> str:
    """Number and extension as one text: `tel:+1-555-0100;ext=12` (RFC 3966), or plain `555-0100 x12`."""
    if style == "plain":
        return f"{number} x{extension}"
    scheme = "tel:" if number.startswith("+") else ""
    return f"{scheme}{number.replace(' ', '-')};ext={extension}"


def _with_new_entries(
    before: Mapping[str, Any], changed: Changed, values: Mapping[str, Value], profile: Profile
) -> dict[str, Value | None]:
    missing = {
        (place.container, place.kind)
        for field in _in_order(changed, profile)
        for place in profile.places[field]
        if place.kind is not None and changed[field] is not None and not _has_entry(before, place)
    }
    belonging = {
        field: value
        for field, value in values.items()
        if any((place.container, place.kind) in missing for place in profile.places.get(field, ()))
    }
    return {**belonging, **changed}


def _path_less(changed: Changed, after: Document, profile: Profile) -> Operation:
    """One operation with everything in its value; multi-valued attributes whole (RFC 7644 §3.5.2.3)."""
    empty = "" if profile.clear_with == "empty" else None
    value: Document = {}
    for field in _in_order(changed, profile):
        for place in profile.places[field]:
            if place.container is None or place.kind is not None:
                name = place.container or place.name
                value[name] = member(after, name) if place.container else changed[field]
            else:
                value.setdefault(place.container, {})[place.name] = place.holding(changed[field])
    return {"op": "replace", "value": _with_empties(value, empty)}


def _with_empties(value: Document, empty: str | None) -> Document:
    return {
        name: _with_empties(inner, empty) if isinstance(inner, dict) else empty if inner is None else inner
        for name, inner in value.items()
    }


def _has_entry(document: Mapping[str, Any], place: Place) -> bool:
    assert place.container is not None and place.kind is not None
    return slot(entries_of(document, place.container), place.container, place.kind) is not None


def _simple_operation(place: Place, value: Value | None, profile: Profile) -> Operation:
    return _set(place.path, value) if value is not None else _unset(place.whole_path, profile)


def _set(path: str, value: Any) -> Operation:
    return {"op": "replace", "path": path, "value": value}


def _unset(path: str, profile: Profile) -> Operation:
    if profile.clear_with == "remove":
        return {"op": "remove", "path": path}
    return _set(path, None if profile.clear_with == "null" else "")


def _entry_operations(
    container: str, kind: str, before: Mapping[str, Any], after: Mapping[str, Any], profile: Profile
) -> Iterator[Operation]:
    old_entries, new_entries = entries_of(before, container), entries_of(after, container)
    if old_entries == new_entries:
        return
    old, new = (slot(entries, container, kind) for entries in (old_entries, new_entries))
    is_whole = profile.multi_valued == "array" or container in profile.single_values
    if is_whole or (old is not None and not is_sole(old_entries, kind)):
        yield _set(container, new_entries) if new_entries else _unset(container, profile)
    elif old is None:
        yield {"op": "add", "path": container, "value": [new_entries[new]] if new is not None else []}
    else:
        entry = old_entries[old]
        selector = f"{container}[type eq {json.dumps(member(entry, 'type'))}]"
        if new is None:
            yield {"op": "remove", "path": selector}
        else:
            yield from _sub_operations(selector, entry, new_entries[new], profile)


def _sub_operations(selector: str, old: Document, new: Document, profile: Profile) -> Iterator[Operation]:
    for name in {**old, **new}:
        if old.get(name) == new.get(name):
            continue
        path = f"{selector}.{name}"
        yield _set(path, new[name]) if name in new else _unset(path, profile)
