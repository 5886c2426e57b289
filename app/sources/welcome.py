"""The welcome mail: a tenant's text with its own link, to the people whom a source adds to the directory.

Only to those who are added, of sources with ``welcome=yes``: never after an update, a match or a return, and never
twice to the same address. The first import of a source adds people like any other; its dry run says how many.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sqlalchemy import Connection, delete, func, select

from app.access import audit
from app.access.encryption import KeyRing, key_ring
from app.database import require_writing, upsert
from app.directory import Document, work_email
from app.notices import letters
from app.sources.errors import WrongSource
from app.sources.records import RowProblem
from app.sources.tables import row_error, source, staged_record
from app.sources.tables import welcome as welcome_table
from scim.keys import comparison_key

if TYPE_CHECKING:
    from app.sources.runs import Run

PLACEHOLDERS = ("first_name", "display_name", "link")
SUBJECT = "Welcome, {first_name}"
TEXT = (
    "Hello {first_name},\n\nwelcome! An account has been made for you. This is the way to it, and to your "
    "password:\n\n{link}\n"
)
LONGEST_SUBJECT, LONGEST_TEXT = 200, 20_000
#: What the warnings file says once when a source is to welcome people and cannot.
NO_TEXT = "new members get no welcome mail: its text is not set yet (rollcall welcome set --link URL)"
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_BRACE = re.compile(r"[{}]")
_ACTOR = "welcome"


@dataclass(frozen=True, slots=True)
class Welcome:
    """What a tenant's new members are written to: texts with placeholders, and where the link leads."""

    subject: str
    text: str
    link: str

    def filled(self, document: Document) -> tuple[str, str]:
        """Return subject and text for a person.

        >>> Welcome("Hi {first_name}", "See {link}", "https://x.example").filled({"displayName": "Maya Okafor"})
        ('Hi Maya Okafor', 'See https://x.example')
        """
        values = _names(document) | {"link": self.link}
        subject, text = (
            _PLACEHOLDER.sub(lambda found: values[found[1]], t) for t in (self.subject, self.text)
        )
        return " ".join(subject.split()), text


def _names(document: Document) -> dict[str, str]:
    name: Mapping[str, str] = document.get("name", {})
    whole = " ".join(filter(None, (name.get("givenName"), name.get("familyName"))))
    display = document.get("displayName") or name.get("formatted") or whole or document.get("userName", "")
    first = name.get("givenName") or document.get("nickName") or display
    return {"first_name": first, "display_name": display}


# --- the tenant's text ----------------------------------------------------------------------------------------------


def of_tenant(connection: Connection, tenant_id: int) -> Welcome | None:
    """Return what a tenant's new members are written to, or None."""
    c = welcome_table.c
    row = connection.execute(select(c.subject, c.text, c.link).where(c.tenant_id == tenant_id)).first()
    return None if row is None else Welcome(*row)


def keep(connection: Connection, tenant_id: int, wanted: Welcome, by: str) -> None:
    """Store what new members are written to. Raises ``WrongSource`` when it cannot be sent as it is."""
    require_writing(connection)
    _check(wanted)
    values = {"subject": wanted.subject, "text": wanted.text, "link": wanted.link}
    statement = upsert(connection, welcome_table).values(tenant_id=tenant_id, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["tenant_id"], set_=values))
    audit.record(connection, tenant_id, by, "welcome.set", _ACTOR, {"link": wanted.link})


def remove(connection: Connection, tenant_id: int, by: str) -> bool:
    """Forget what new members are written to; return whether there was something."""
    require_writing(connection)
    found = connection.execute(delete(welcome_table).where(welcome_table.c.tenant_id == tenant_id))
    if found.rowcount:
        audit.record(connection, tenant_id, by, "welcome.removed", _ACTOR, {})
    return found.rowcount == 1


def _check(wanted: Welcome) -> None:
    for what, text, longest in (
        ("subject", wanted.subject, LONGEST_SUBJECT),
        ("text", wanted.text, LONGEST_TEXT),
    ):
        if not text.strip() or len(text) > longest:
            raise WrongSource(f"The {what} of the welcome mail must have 1 to {longest} characters.")
        unknown = [name for name in _PLACEHOLDER.findall(text) if name not in PLACEHOLDERS]
        if unknown:
            known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
            raise WrongSource(f"The {what} has {{{unknown[0]}}}, which is unknown; use {known}.")
        if _BRACE.search(_PLACEHOLDER.sub("", text)):
            raise WrongSource(f"The {what} has a brace without its partner; braces stand around names only.")
    if "{link}" not in wanted.text:
        raise WrongSource("The text does not show the link; write {link} where it belongs.")
    if not _is_web_address(wanted.link):
        raise WrongSource(f"link={wanted.link!r} is no web address; write https://…")


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("https", "http") and bool(parts.hostname) and not re.search(r"\s", text)


# --- in a run -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Greeter:
    """Writes to the people whom a source adds."""

    tenant_id: int
    welcome: Welcome

    def greet(self, connection: Connection, document: Document, *, dry_run: bool) -> RowProblem | None:
        """Post the mail to somebody who was just added, in the same transaction; return why it cannot be.

        Who is added inactive is not written to, and whoever was written to before is not again.
        """
        if document.get("active") is False:
            return None
        address = _address(document)
        if address is None:
            reason = "this person has no e-mail address, so nobody has welcomed them"
            return RowProblem("no_address_for_welcome", reason, "", "warning")
        if not dry_run:
            self._post(connection, address, *self.welcome.filled(document))
        return None

    def _post(self, connection: Connection, address: str, subject: str, text: str) -> None:
        key, *older = keys(self.tenant_id, address)
        if not (older and letters.was_posted(connection, self.tenant_id, older)):
            letters.post(connection, self.tenant_id, key, address, subject, text)


def is_wanted(connection: Connection, tenant_id: int, source_id: int) -> bool:
    """Whether the new people of a source are to be welcomed."""
    where = (source.c.tenant_id == tenant_id, source.c.id == source_id)
    settings = connection.scalar(select(source.c.settings).where(*where)) or {}
    return bool(settings.get("welcome") == "yes")


def greeter(connection: Connection, tenant_id: int) -> Greeter | None:
    """Return who writes to new people; None when the tenant has no text for them."""
    found = of_tenant(connection, tenant_id)
    return None if found is None else Greeter(tenant_id, found)


def _address(document: Document) -> str | None:
    """Return where a person is written to: the work e-mail, else a personal one; None for want of a usable one."""
    given = [work_email(document), *(entry.get("value") for entry in document.get("emails", ()))]
    return next((address for address in given if address and letters.is_address(address)), None)


def keys(tenant_id: int, address: str) -> list[str]:
    """Return the keys of an address's welcome: with the newest key of the ring, then with each older one."""
    ring, value = key_ring(), comparison_key(address).encode()
    single = (KeyRing({key_id: key}) for key_id, key in ring.keys.items())
    return [f"{letters.WELCOME}{each.digest(tenant_id, value)}" for each in single]


def forget(connection: Connection, tenant_id: int, names: Iterable[str]) -> None:
    """Forget that somebody was welcomed; ``names`` is all that they were called, their addresses among it."""
    addresses = [name for name in names if "@" in name]
    letters.forget(connection, tenant_id, [key for each in addresses for key in keys(tenant_id, each)])


# --- before a run ---------------------------------------------------------------------------------------------------


def would_welcome(connection: Connection, run: Run) -> int | None:
    """Return how many mails an import like this dry run would post, while its rows are staged; None: none are wanted.

    Those whom a dry run would add again after a deletion are counted, and not written to twice.
    """
    if not is_wanted(connection, run.tenant_id, run.source_id):
        return None
    if of_tenant(connection, run.tenant_id) is None:
        return 0
    staged, errors = staged_record.c, row_error.c
    added = (
        staged.tenant_id == run.tenant_id,
        staged.run_id == run.id,
        staged.state == "added",
        staged.inactive.is_(False),
    )
    silent = (
        errors.tenant_id == run.tenant_id,
        errors.run_id == run.id,
        errors.code == "no_address_for_welcome",
    )
    number = connection.scalar(select(func.count()).select_from(staged_record).where(*added)) or 0
    return number - (connection.scalar(select(func.count()).select_from(row_error).where(*silent)) or 0)


def foretold(connection: Connection, run: Run) -> str | None:
    """Return what a dry run says about welcome mails; None when its source sends none."""
    number = would_welcome(connection, run)
    if number is None:
        return None
    people = "1 person" if number == 1 else f"{number or 'no'} people"
    return f"The welcome mail would go to {people}."
