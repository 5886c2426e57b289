"""Documents taken apart and put together: value paths, differences, and the merge of what a source knows.

A value path names one value of a document: ``name.givenName``, ``active``, ``emails[work].value``,
``urn:…:enterprise:2.0:User:department``, ``urn:…:enterprise:2.0:User:manager.value``. An entry of a multi-valued
attribute is named by its type; a second one of the same type is ``emails[work#2]``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scim.keys import comparison_key
from scim.resources import USER

Document = dict[str, Any]

#: Attributes whose entries a source knows by type; the source's entry replaces ours of the same type.
_BY_TYPE = "type"


def flatten(document: Document) -> dict[str, Any]:
    """Return value path → value for all that a document holds, ``schemas`` left out."""
    flat: dict[str, Any] = {}
    for name, value in document.items():
        if name == "schemas":
            continue
        if name.startswith("urn:") and isinstance(value, dict):
            for inner, inner_value in value.items():
                _flatten_into(flat, f"{name}:{inner}", inner_value)
        else:
            _flatten_into(flat, name, value)
    return flat


def _flatten_into(flat: dict[str, Any], prefix: str, value: Any) -> None:
    if isinstance(value, dict):
        for inner, inner_value in value.items():
            flat[f"{prefix}.{inner}"] = inner_value
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for label, entry in _labelled(value):
            for inner, inner_value in entry.items():
                flat[f"{prefix}[{label}].{inner}"] = inner_value
    else:
        flat[prefix] = value


def _labelled(entries: list[Document]) -> Iterator[tuple[str, Document]]:
    seen: dict[str, int] = {}
    for entry in entries:
        kind = str(entry.get(_BY_TYPE, ""))
        seen[kind] = seen.get(kind, 0) + 1
        yield (kind if seen[kind] == 1 else f"{kind}#{seen[kind]}"), entry


def differences(before: dict[str, Any], after: dict[str, Any]) -> dict[str, list[Any]]:
    """Return path → [before, after] of the flattened values that differ; a missing side is None."""
    changed = {path: [before.get(path), value] for path, value in after.items() if before.get(path) != value}
    changed.update({path: [value, None] for path, value in before.items() if path not in after})
    return changed


def work_email(document: Document) -> str | None:
    """Return the work e-mail address as written: the primary one of type work, else the first of them."""
    work = [entry for entry in document.get("emails", ()) if comparison_key(entry.get("type", "")) == "work"]
    chosen = next((entry for entry in work if entry.get("primary")), work[0] if work else None)
    return chosen.get("value") if chosen else None


def merged(document: Document, fragment: Document) -> Document:
    """Return the document with what a source knows laid over it; neither argument is changed.

    A leaf of None clears the value. Entries of multi-valued complex attributes replace the entry of the same type,
    member by member; an entry whose other members are all None is removed. Anything the fragment does not name stays.
    """
    result = dict(document)
    for name, value in fragment.items():
        if name == "schemas":
            continue
        _assign(result, name, _overlaid(result.get(name), value))
    result["schemas"] = [USER, *sorted(name for name in result if name.startswith("urn:"))]
    return result


def _assign(target: Document, name: str, value: Any) -> None:
    if value is None or value == "" or value == [] or value == {}:
        target.pop(name, None)
    else:
        target[name] = value


def _overlaid(ours: Any, theirs: Any) -> Any:
    if isinstance(theirs, dict):
        result = dict(ours) if isinstance(ours, dict) else {}
        for name, value in theirs.items():
            _assign(result, name, _overlaid(result.get(name), value))
        return result
    if isinstance(theirs, list) and theirs and isinstance(theirs[0], dict):
        return _overlaid_entries(list(ours or ()), theirs)
    return theirs


def _overlaid_entries(ours: list[Document], theirs: list[Document]) -> list[Document]:
    for entry in theirs:
        kind = entry.get(_BY_TYPE)
        position = next((i for i, known in enumerate(ours) if known.get(_BY_TYPE) == kind), None)
        fresh = _overlaid(ours[position] if position is not None else None, entry)
        is_empty = not set(fresh) - {_BY_TYPE, "primary"}
        if position is None and not is_empty:
            ours.append(fresh)
        elif position is not None and is_empty:
            del ours[position]
        elif position is not None:
            ours[position] = fresh
        if fresh.get("primary") and not is_empty:
            ours = [known if known is fresh else _not_primary(known) for known in ours]
    return ours


def _not_primary(entry: Document) -> Document:
    return (
        {name: value for name, value in entry.items() if name != "primary"} if entry.get("primary") else entry
    )
