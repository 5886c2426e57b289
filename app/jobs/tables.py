"""The table of leases: what one process of the whole installation does at a time, the scheduler above all."""

from __future__ import annotations

from sqlalchemy import Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from app.database import InstantText, Model


class LeaseRow(Model):
    """Who does it now, and until when unless that is renewed; ``token`` counts the owners (fencing)."""

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    owner: Mapped[str | None] = mapped_column(String(80))
    until: Mapped[str | None] = mapped_column(InstantText)
    token: Mapped[int] = mapped_column(Integer)


lease_table = LeaseRow.__table__
