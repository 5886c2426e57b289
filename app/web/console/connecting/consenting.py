"""Step 2, consent: the policy as it is, who agreed to it and when; nothing of the vendor is called before."""

from __future__ import annotations

from typing import Any

from flask import flash, request

from app.database import writing
from app.sources import consent, life
from app.web.console.connecting.hand import Answer, Hand
from app.web.console.runs.finding import by


def page(hand: Hand) -> Answer:
    """Show the policy and the consent that holds; a ticked box gives it."""
    text = consent.policy_text(hand.adapter)
    digest = consent.text_hash(text)
    facts: dict[str, Any] = {"lines": text.splitlines(), "digest": digest, "version": consent.VERSION}
    if request.method != "POST":
        return hand.page(**facts)
    if hand.consent is not None and request.form.get("agreed") is None:
        return hand.onward()
    if request.form.get("text_hash") != digest:
        return hand.page(422, error="The policy has changed since you saw it. Read it again.", **facts)
    if request.form.get("agreed") != "y":
        return hand.page(
            422, error="Tick the box to agree. Without it nothing of the vendor is called.", **facts
        )
    with writing() as connection:
        life.give_consent(connection, hand.known, by())
    flash("Your consent is stored.", "success")
    return hand.onward()
