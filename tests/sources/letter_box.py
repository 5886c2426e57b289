"""The letters of a tenant, opened."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from app.database import reading
from app.notices.letters import Letter
from app.notices.tables import letter_table


@dataclass(frozen=True)
class Opened:
    """A letter that waits to be sent."""

    key: str
    to: str
    subject: str
    text: str


def waiting(prefix: str = "") -> list[Opened]:
    """Return the letters that wait, whose keys begin so, in the order in which they were posted."""
    query = select(letter_table).where(letter_table.c.state == "pending")
    with reading() as connection:
        rows = connection.execute(query.order_by(letter_table.c.at, letter_table.c.key)).all()
    found = []
    for row in rows:
        if row.key.startswith(prefix):
            content = Letter(row.tenant_id, row.key, "", row.at, 0, row.sealed).content()
            found.append(Opened(row.key, content.to, content.subject, content.text))
    return found
