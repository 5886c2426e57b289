"""The form of a list of writers: each gets a place, or none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field as member

from flask import flash, redirect, render_template, request, url_for
from flask_wtf import FlaskForm

from app.access.roles import ADMIN
from app.database import reading, writing
from app.errors import WrongUse
from app.sources import precedence as lists
from app.sources.precedence import EVERY_FIELD
from app.web.console.blueprint import blueprint
from app.web.console.field_words import field_words
from app.web.console.proving import Answer
from app.web.console.sessions import current_admin
from app.web.console.settings.precedence import known_writers, writer_words

_PLACE = re.compile("[0-9]{1,4}")


@dataclass(slots=True)
class Filled:
    """The form as it is filled in: the field, and writer → place as it was typed (``""``: none)."""

    field: str
    places: dict[str, str]
    errors: dict[str, str] = member(default_factory=dict)

    @classmethod
    def sent(cls, known: Sequence[str]) -> Filled:
        """Return the form that was sent; who is not known is passed over."""
        pairs = zip(request.form.getlist("writer"), request.form.getlist("place"), strict=False)
        places = dict.fromkeys(known, "") | {writer: place for writer, place in pairs if writer in known}
        return cls(request.form.get("field", ""), places)

    def order(self) -> list[str]:
        """Return the writers that have a place, the strongest first; without a usable order, say why."""
        placed = {writer: place for writer, place in self.places.items() if _PLACE.fullmatch(place)}
        if not self.field:
            self.errors["field"] = "Choose the field."
        if not placed:
            self.errors["places"] = "Give at least one of them a place."
        elif len(set(map(int, placed.values()))) < len(placed):
            self.errors["places"] = "Two of them have the same place; give each its own."
        return sorted(placed, key=lambda writer: int(placed[writer]))


@blueprint.fills_in("/settings/precedence/edit", ADMIN)
def edit_precedence() -> Answer:
    """Show the form of a field's list (``?field=``: of one that there is); sent, keep it."""
    admin, form = current_admin(), FlaskForm()
    with reading() as connection:
        found = lists.listed(connection, admin.tenant_id)
        known = known_writers(connection, admin.tenant_id)
    if form.validate_on_submit():
        filled = Filled.sent(known)
        order = filled.order()
        if not filled.errors and _kept(filled, order):
            return redirect(url_for("console.settings_precedence"), 303)
        return _page(filled, found), 422
    chosen = request.args.get("field", "")
    places = {writer: str(place) for place, writer in enumerate(found.get(chosen, ()), 1)}
    return _page(Filled(chosen, dict.fromkeys(known, "") | places), found)


def _kept(filled: Filled, order: list[str]) -> bool:
    admin = current_admin()
    try:
        with writing() as connection:
            name = lists.put(connection, admin.tenant_id, filled.field, order, f"admin:{admin.email}")
    except WrongUse as refusal:
        filled.errors["field"] = str(refusal)
        return False
    said = f"{field_words(name)}: {', then '.join(map(writer_words, order))}."
    flash(f"{said} The next import of each source goes by it.", "success")
    return True


def _page(filled: Filled, found: dict[str, list[str]]) -> str:
    free = [name for name in lists.value_paths() if name not in found]
    choices = [(name, field_words(name)) for name in free]
    every = [] if EVERY_FIELD in found else [(EVERY_FIELD, field_words(EVERY_FIELD))]
    return render_template(
        "console/settings/precedence_edit.html",
        filled=filled,
        is_known=filled.field in found,
        choices=every + sorted(choices, key=lambda choice: choice[1]),
        field_words=field_words,
        writer_words=writer_words,
    )
