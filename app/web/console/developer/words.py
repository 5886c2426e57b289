"""What a developer reads: what the server can do, what a status means, which pages there are for clients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.web.console.wording import Word

#: Identity provider → the page in the folder ``docs/clients``.
CLIENT_PAGES: Mapping[str, str] = {
    "Microsoft Entra ID": "entra-id.md",
    "Okta": "okta.md",
    "JumpCloud": "jumpcloud.md",
    "OneLogin": "onelogin.md",
    "Ping (PingOne, PingFederate)": "ping.md",
    "Google Workspace": "google-workspace.md",
    "Rippling": "rippling.md",
    "Anything else": "generic.md",
}
#: Status → what it usually means, and the way out.
STATUS_WORDS: Mapping[int, tuple[str, str]] = {
    400: (
        "Something in the request does not fit",
        "The sentence names the attribute: correct the value or the mapping at the client.",
    ),
    401: (
        "The token is mistyped, ended or revoked",
        "Make another one under Tokens and paste it without blanks.",
    ),
    403: ("The token may not do this", "Give the client a token that may, or take the request away."),
    404: (
        "What it asked for is not here",
        "Deleted in Rollcall, or the base URL is not the one above. Most clients send the person again.",
    ),
    405: ("This cannot be done at this address", "Correct the client's settings."),
    409: (
        "Somebody else has this name already",
        "Look the person up under People, and correct the name at one side.",
    ),
    412: ("Somebody changed it meanwhile", "Clients read it again and repeat by themselves."),
    413: ("It is too much at once", "At most 1 MiB and 100 operations in one request; send fewer."),
    429: (
        "It sends too fast",
        "It waits and repeats by itself; an admin can allow more in the client's settings.",
    ),
    500: (
        "Rollcall has a fault here",
        "Whoever runs Rollcall finds the cause in its log, by the time of the request.",
    ),
    503: ("Rollcall or its database was restarting", "Clients repeat by themselves."),
}
LEFT_OUT = Word("Taken, something left out", "It was done without the attributes that are listed.", "warning")
REFUSED = Word("Refused", "Nothing of it was done.", "danger")


def outcome(status: int) -> Word:
    """Return what became of a request that is in the log."""
    return REFUSED if status >= 400 else LEFT_OUT


def meaning(status: int) -> tuple[str, str] | None:
    """Return what a status usually means and the way out; None for one that is no refusal."""
    if status < 400:
        return None
    return STATUS_WORDS.get(status) or STATUS_WORDS[400 if status < 500 else 500]


def abilities(config: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what a ServiceProviderConfig document (RFC 7643 §5) says, in words."""
    bulk, pages = config["bulk"], config.get("pagination", {})
    found = [
        ("Changing parts (PATCH)", _yes(config["patch"])),
        (
            "Many changes at once (Bulk)",
            f"up to {bulk['maxOperations']:,} operations and {bulk['maxPayloadSize'] // 1024:,} KiB in one request"
            if bulk["supported"]
            else "no",
        ),
        ("Searching (filter)", f"up to {config['filter']['maxResults']:,} at once"),
        ("Sorting", _yes(config["sort"])),
        ("Versions (ETag)", _yes(config["etag"])),
        ("Pages", "by index and by cursor" if pages.get("cursor") else "by index"),
        ("Passwords", "changed here" if config["changePassword"]["supported"] else "never: none are kept"),
        ("Signing in", ", ".join(each["name"] for each in config["authenticationSchemes"])),
    ]
    return found


def _yes(member: Mapping[str, Any]) -> str:
    return "yes" if member["supported"] else "no"
