"""Step 7, publish: what happens from now on; the vendor is looked at once more before."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from sqlalchemy import select

from app.database import reading, writing
from app.errors import RollcallError
from app.exporting import write_back
from app.provisioning.tables import TargetRow
from app.sources import catalog, life, runs
from app.sources.adapter import WritesBack
from app.sources.catalog import Source
from app.sources.records import Check
from app.web.console.connecting import patience, review
from app.web.console.connecting.hand import Answer, Hand
from app.web.console.runs.finding import by
from app.web.console.runs.wording import plain
from app.web.console.sources.wording import schedule_words

_target = TargetRow.__table__


def page(hand: Hand) -> Answer:
    """Show what publishing means; its form does it, and imports at once when that is wanted."""
    if hand.known.is_published:
        return redirect(url_for("console.source", source_id=hand.known.id), 303)
    if request.method != "POST":
        return _shown(hand)
    found = patience.findings(hand.known, is_deed=True)
    if not patience.is_good(found):
        return _shown(hand, 422, found=[check for check in found if not check.ok and check.needed])
    try:
        run_id = _published(hand, found, begins=request.form.get("then") == "import")
    except RollcallError as error:
        return _shown(hand, 422, error=plain(str(error)))
    flash(f"{hand.known.name} is published.", "success")
    if run_id is not None:
        return redirect(url_for("console.run", run_id=run_id), 303)
    return redirect(url_for("console.source", source_id=hand.known.id), 303)


def _published(hand: Hand, found: list[Check], *, begins: bool) -> int | None:
    """Publish, and return the number of the first import when it begins at once."""
    with writing() as connection:
        review.stop_counting(connection, hand.known)
        known = life.publish(connection, hand.known, found, by())
        if request.form.get("export") == "y":
            write_back.switch_on(connection, known, by())
        if not begins:
            return None
        return runs.start(connection, known, dry_run=False, requested_by=by()).run.id


def _shown(hand: Hand, status: int = 200, **facts: object) -> Answer:
    run = review.last_count(hand.known)
    return hand.page(
        status,
        run=run,
        finding_words=patience.WORDS,
        schedule=schedule_words(hand.known.schedule),
        next_run_at=catalog.next_run(hand.known.schedule),
        targets=_targets(hand.known),
        writes_back=isinstance(hand.adapter, WritesBack),
        **facts,
    )


def _targets(known: Source) -> list[str]:
    """Return the names of the targets that people go on to."""
    with reading() as connection:
        query = select(_target.c.name).where(_target.c.tenant_id == known.tenant_id)
        return list(connection.scalars(query.order_by(_target.c.name)))
