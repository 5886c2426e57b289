"""Step 1, what you need: where the vendor keeps its key, and which rights it needs."""

from __future__ import annotations

from flask import request

from app.web.console.connecting.hand import Answer, Hand


def page(hand: Hand) -> Answer:
    """Show it again for a draft that exists; its form leads on."""
    return hand.onward() if request.method == "POST" else hand.page()
