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

#: What an entry of a multi-valued attribute is known by: its type, or whose record it tells of. A source's entry
#: replaces ours that is known by the same.
_BY_TYPE = "type"
_BY_SOURCE = ("system", "tenant")
_NAMING = frozenset({_BY_TYPE, *_BY_SOURCE})


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
        kind = _label(entry)
        seen[kind] = seen.get(kind, 0) + 1
        yield (kind if seen[kind] == 1 else f"{kind}#{seen[kind]}"), entry


def _label(entry: Document) -> str:
    """Return what an entry is called in value paths.

    >>> _label({"type": "work"}), _label({"system": "jazzhr", "tenant": "ats"}), _label({})
    ('work', 'jazzhr/ats', '')
    """
    if _BY_TYPE in entry or not entry.keys() >= set(_BY_SOURCE):
        return str(entry.get(_BY_TYPE, ""))
    return "/".join(str(entry.get(name, "")) for name in _BY_SOURCE)


def is_bare(entry: Document) -> bool:
    """Whether an entry says nothing but what it is called, and that it is the primary one."""
    return not set(entry) - _NAMING - {"primary"}


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
        label = _label(entry)
        position = next((i for i, known in enumerate(ours) if _label(known) == label), None)
        fresh = _overlaid(ours[position] if position is not None else None, entry)
        is_empty = is_bare(fresh)
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
