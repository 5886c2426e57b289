"""One tenant's notices: channels with real receivers, what was told, what became of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask
from sqlalchemy import select

from app.access.tenants import Tenant
from app.database import reading, writing
from app.notices import channels, telling
from app.notices.tables import delivery_table, notice_table
from tests.notices.receiver import Receiver


class Desk:
    """One tenant's notices."""

    def __init__(self, app: Flask, tenant: Tenant, serve: Callable[[Any], str]) -> None:
        self.app = app
        self.tenant = tenant
        self._serve = serve

    def webhook(
        self, name: str = "hook", path: str = "/in", statuses: tuple[str, ...] = (), **options: Any
    ) -> Receiver:
        """A webhook channel and its receiver, which knows the secret."""
        receiver = Receiver(statuses)
        address = self._serve(receiver) + path
        with writing() as connection:
            _, secret = channels.add(
                connection, self.tenant.id, "test", kind="webhook", name=name, address=address, **options
            )
        assert secret is not None
        receiver.secrets.append(secret)
        return receiver

    def email(self, name: str = "mail", address: str = "ops@acme.example", **options: Any) -> None:
        """An e-mail channel."""
        with writing() as connection:
            channels.add(
                connection, self.tenant.id, "test", kind="email", name=name, address=address, **options
            )

    def tell(
        self, state: str = "paused", about: str = "target:far", kind: str = "target.paused", **more: Any
    ) -> bool:
        """Tell something."""
        words = {
            "title": f"far is {state}",
            "text": f"The target far is {state}.",
            "details": {"target": "far"},
        }
        with writing() as connection:
            return telling.tell(connection, self.tenant.id, kind, about, state, **(words | more))

    def notices(self) -> list[Any]:
        """All notices."""
        with reading() as connection:
            return list(connection.execute(select(notice_table).order_by(notice_table.c.id)))

    def deliveries(self) -> list[Any]:
        """All deliveries."""
        order = (delivery_table.c.notice_id, delivery_table.c.channel_id, delivery_table.c.number)
        with reading() as connection:
            return list(connection.execute(select(delivery_table).order_by(*order)))
