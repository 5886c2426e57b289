"""What is wrong at the moment, one line for each cause: what happened, its effect, who must act, the way to mend it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from flask import url_for
from sqlalchemy import Connection, func, select

from app import clock
from app.access.roles import ADMIN, HR, OWNER
from app.notices import expiring
from app.provisioning.tables import link_table
from app.web.console.home.cards import SourceCard, TargetCard
from app.web.console.home.causes import CAUSES, OTHER, is_trouble
from app.web.console.sources.troubles import Trouble, trouble_of_source
from app.web.console.targets.asking import is_draft, plain
from app.web.console.targets.wording import pause_of

_l = link_table.c
#: Seconds after which something due that nobody works on is a problem.
LATE = 900.0
#: States of links in which nothing goes on, or not yet.
STANDING_STILL = ("held", "waiting", "vanished")
_RANKS = {"danger": 0, "warning": 1, "info": 2}


def found(
    connection: Connection, tenant_id: int, sources: Sequence[SourceCard], targets: Sequence[TargetCard]
) -> list[Trouble]:
    """Return what is wrong, the worst first."""
    names = {card.target.id: card.target.name for card in targets}
    problems = [
        *_nobody_works(sources, targets),
        *(trouble for card in sources for trouble in _of_source(connection, card)),
        *(trouble for card in targets for trouble in _of_target(card)),
        *_of_people(connection, tenant_id, names),
        *_of_tokens(connection, tenant_id),
    ]
    return sorted(problems, key=lambda problem: _RANKS[problem.look])


def _nobody_works(sources: Sequence[SourceCard], targets: Sequence[TargetCard]) -> Iterator[Trouble]:
    """Something has been due for a quarter of an hour: no worker runs."""
    limit = clock.after(-LATE)
    due: list[str | None] = [card.target.next_tick_at for card in targets if card.target.is_active]
    due += [card.source.next_run_at for card in sources if card.source.state == "active" and not card.is_busy]
    late = [at for at in due if at and at < limit]
    if late:
        yield Trouble(
            "Nothing is being worked on",
            f"Imports and pushes have been due since {min(late)[:16].replace('T', ' ')} UTC. Nothing is lost.",
            "Whoever runs Rollcall starts its worker and scheduler; `rollcall doctor` says what is missing.",
            "See what is due",
            url_for("console.targets") if targets else url_for("console.sources"),
            OWNER,
        )


def _of_source(connection: Connection, card: SourceCard) -> Iterator[Trouble]:
    known, last = card.source, card.last
    # What waits for an approval stands under Approvals; who has disconnected a source has wanted that.
    if known.state == "disconnected" or (
        known.state != "draft" and last is not None and last.state == "held"
    ):
        return
    trouble = trouble_of_source(connection, known, last)
    if trouble is not None:
        yield trouble
    elif last is not None and last.state == "finished" and last.counts.errored:
        number = last.counts.errored
        rows = "record" if number == 1 else "records"
        yield Trouble(
            f"{number:,} {rows} of {known.name} could not be taken",
            f"Run {last.id} left these people as they were, or out.",
            "HR looks which they are; each says what to change where.",
            "See who and why",
            url_for("console.run", run_id=last.id, result="errored"),
            HR,
            look="warning",
        )


def _of_target(card: TargetCard) -> Iterator[Trouble]:
    target = card.target
    page = url_for("console.target", target_id=target.id)
    if is_draft(target):
        address = url_for("console.set_up_target", target_id=target.id)
        yield Trouble(
            f"{target.name} is not set up yet",
            "Nothing is sent to it until the last step is done.",
            "An admin finishes it; what was filled in is kept.",
            "Continue",
            address,
            look="info",
        )
    elif not target.is_active:
        yield _paused(card, page)
    elif card.word.colour == "danger":
        yield Trouble(
            f"{target.name} does not answer well",
            "It is left alone for a while and then asked again by itself. Changes are kept; leavers stay active there.",
            "Whoever runs the target looks at it there.",
            "See what it answers",
            page,
            HR,
        )


def _paused(card: TargetCard, page: str) -> Trouble:
    target, pause = card.target, pause_of(card.target)
    kept = "Nothing is sent to it, suspends of leavers neither. Changes are kept."
    if pause.cause == "credentials":
        address = url_for("console.new_token", target_id=target.id)
        return Trouble(
            f"{target.name} refuses its key", kept, "An admin enters a new key.", "Enter a new key", address
        )
    if pause.cause == "address":
        who = "An admin corrects the address."
        return Trouble(f"{target.name} cannot be called: {pause.why}", kept, who, "Look at it", page)
    address = url_for("console.resume_target", target_id=target.id)
    why = f": {pause.why}" if pause.why else ""
    return Trouble(
        f"{target.name} is paused{why}",
        kept,
        "An admin lets it go on.",
        "Let it go on",
        address,
        is_deed=True,
        look="warning",
    )


def _of_people(connection: Connection, tenant_id: int, names: Mapping[int, str]) -> Iterator[Trouble]:
    """One line for each cause for which people stand still, whatever the number of people and targets."""
    query = (
        select(_l.state, _l.reason_code, _l.target_id, func.count(), func.min(_l.reason))
        # The index of states begins with the target.
        .where(_l.tenant_id == tenant_id, _l.target_id.in_(list(names)), _l.state.in_(STANDING_STILL))
        .group_by(_l.state, _l.reason_code, _l.target_id)
    )
    by_cause: dict[tuple[str, str], list[tuple[int, int, str]]] = {}
    for state, code, target_id, number, example in connection.execute(query):
        if is_trouble(state, code):
            by_cause.setdefault((state, code or ""), []).append((number, target_id, example or ""))
    for (state, code), places in sorted(by_cause.items()):
        number = places[0][0]
        if len(places) > 1:
            one = select(func.count(_l.employee_id.distinct())).where(
                _l.tenant_id == tenant_id,
                _l.target_id.in_(list(names)),
                _l.state == state,
                func.coalesce(_l.reason_code, "") == code,
            )
            number = connection.scalar(one) or 0
        yield _standing_still(state, code, number, sorted(places, reverse=True), names)


def _standing_still(
    state: str, code: str, number: int, places: Sequence[tuple[int, int, str]], names: Mapping[int, str]
) -> Trouble:
    cause = CAUSES.get(code, OTHER)
    says = cause.one if number == 1 else cause.many
    where = ", ".join(f"{names[target_id]} ({at:,})" for at, target_id, _ in places)
    because = f": {plain(places[0][2])}" if cause is OTHER and places[0][2] else ""
    return Trouble(
        f"{number:,} {says}{because}",
        f"{cause.effect} Concerned: {where}.",
        cause.who,
        "See who",
        url_for("console.target_people", target_id=places[0][1], state=state, cause=code),
        HR,
        look="info" if cause.is_calm else "warning",
    )


def _of_tokens(connection: Connection, tenant_id: int) -> Iterator[Trouble]:
    for finding in expiring.findings(connection, tenant_id):
        client = finding.details["client"]
        yield Trouble(
            finding.title,
            f"{client} is refused from then on.",
            "An admin makes another one and enters it there.",
            "Make another one",
            url_for("console.tokens"),
            ADMIN,
            look="warning",
        )
