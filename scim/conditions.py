"""Entity tags and the conditions that requests set on them (RFC 7644 §3.14, RFC 9110 §13)."""

from __future__ import annotations

import re

from scim.errors import PreconditionFailed, echo

_TAG = re.compile(r'(?:W/)?"([^"]*)"|([^\s,"]+)')


def etag(version: int) -> str:
    """Return the weak entity tag of a version, also the value of ``meta.version``.

    >>> etag(3)
    'W/"3"'
    """
    return f'W/"{version}"'


def check_if_match(header: str | None, version: int | None) -> None:
    """Return when a write may go on: there is no ``If-Match``, or it names the present version.

    Tags compare weakly, as RFC 7644 §3.14 means it (its example sends a weak one); one without
    quotes is understood too.

    :param version: the resource's version, None when there is no resource.
    :raises PreconditionFailed: the resource has another version by now.
    """
    if header is None or _matches(header, version):
        return
    raise PreconditionFailed(
        f"If-Match names {echo(header, 80)}, but the resource is at {_described(version)}. "
        "Read it again and repeat the change on that."
    )


def check_if_none_match(header: str | None, version: int | None) -> None:
    """Return when a write may go on: there is no ``If-None-Match``, or no named version is the present one.

    :raises PreconditionFailed: the resource is at a version that the header excludes (``*``: at any).
    """
    if header is not None and _matches(header, version):
        raise PreconditionFailed(
            f"If-None-Match excludes {echo(header, 80)}, and the resource is at {_described(version)}."
        )


def is_not_modified(header: str | None, version: int) -> bool:
    """Say whether a read may be answered 304: ``If-None-Match`` names the present version."""
    return header is not None and _matches(header, version)


def _matches(header: str, version: int | None) -> bool:
    if version is None:
        return False
    if header.strip() == "*":
        return True
    return str(version) in {quoted or bare for quoted, bare in _TAG.findall(header)}


def _described(version: int | None) -> str:
    return "no version, it does not exist" if version is None else etag(version)
