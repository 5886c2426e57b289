"""``/sources/{name}/…``: from draft to published and back, a look at what it would bring, and the import itself."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from app.database import reading, writing
from app.errors import WrongUse
from app.sources import catalog, checking, consent, life, parting, previewing, runs
from app.sources.catalog import Source
from app.sources.patience import patient_context
from app.sources.records import Check
from app.web.api.access import by, tenant_id
from app.web.api.answers import LOCATION, RunShown, started
from app.web.api.blueprint import WRITE, blueprint
from app.web.api.fields import Body, Flag, QueryNumber, Shown, text
from app.web.api.problems import Problem
from app.web.api.sources import Consent, SourceDetail, detail

SUBJECT = "sources"
_AT = "/sources/<source:name>"


class Policy(Shown):
    """The text that somebody agrees to, and the consent that holds."""

    version = fields.String(required=True)
    text_hash = fields.String(required=True, metadata={"description": "SHA-256 of the text."})
    text = fields.String(required=True)
    consent = fields.Nested(Consent, required=True, allow_none=True)


class GivenConsent(Body):
    """Somebody's consent."""

    by = text(
        r"^[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$",
        200,
        1,
        required=True,
        metadata={"description": "Who agrees: an e-mail address."},
    )
    text_hash = text(
        "^[0-9a-f]{64}$",
        None,
        metadata={"description": "That of the text that was shown; refused when it is another."},
    )


class Disconnected(SourceDetail):
    """A source without credentials."""

    left = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "What stays at the vendor, for somebody to delete there."},
    )


class Finding(Shown):
    """What one look at the connection found."""

    name = fields.String(required=True)
    ok = fields.Boolean(required=True)
    needed = fields.Boolean(
        required=True, metadata={"description": "Whether it keeps the source from being published."}
    )
    message = fields.String(required=True)


class Findings(Shown):
    """What the checks found; ``ok`` when nothing keeps the source from being published."""

    ok = fields.Boolean(required=True)
    checks = fields.List(fields.Nested(Finding), required=True)


class PreviewQuery(Body):
    """How much is looked at."""

    rows = QueryNumber(1, 100, load_default=5, metadata={"description": "How many records."})


class PreviewProblem(Shown):
    """Why a record, or a value of it, cannot be taken (docs/error-codes.md)."""

    column = fields.String(required=True)
    code = fields.String(required=True)
    reason = fields.String(required=True)


class PreviewRow(Shown):
    """What a record becomes."""

    row = fields.Integer(required=True)
    record = fields.String(required=True)
    left_out = fields.Boolean(required=True)
    fields_ = fields.Dict(keys=fields.String(), data_key="fields", attribute="fields", required=True)
    problems = fields.List(fields.Nested(PreviewProblem), required=True)


class Preview(Shown):
    """The first records of a source."""

    rows = fields.List(fields.Nested(PreviewRow), required=True)


class WantedImport(Body):
    """Which import is wanted."""

    dry_run = Flag(
        load_default=False, metadata={"description": "Count what would be done, and change nobody."}
    )
    full = Flag(load_default=False, metadata={"description": "Read everything again, not only what is new."})


@blueprint.reads(f"{_AT}/consent", SUBJECT)
@blueprint.response(200, Policy)
def show_policy(name: str) -> dict[str, Any]:
    """Show what somebody agrees to who connects this source, and the consent that holds."""
    with reading() as connection:
        known = catalog.named(connection, tenant_id(), name)
        given = consent.given(connection, known.tenant_id, known.id)
    words = _policy(known)
    return {
        "version": consent.VERSION,
        "text_hash": consent.text_hash(words),
        "text": words,
        "consent": given,
    }


@blueprint.acts(f"{_AT}/consent", SUBJECT)
@blueprint.arguments(GivenConsent)
@blueprint.response(200, Consent)
def give_consent(body: dict[str, Any], name: str) -> Any:
    """Accept the policy for connecting a source; nothing of the vendor is called before."""
    with writing() as connection:
        known = catalog.named(connection, tenant_id(), name)
        now = consent.text_hash(_policy(known))
        if body.get("text_hash", now) != now:
            raise Problem("policy_changed", "The policy has changed since it was shown; show it again.")
        # The token's holder says that this person agrees: both are kept.
        return life.give_consent(connection, known, f"{by()} for {body['by']}")


@blueprint.acts(f"{_AT}/check", SUBJECT)
@blueprint.response(200, Findings)
def check_source(name: str) -> dict[str, Any]:
    """Look whether a source can be read; changes nothing, and calls the vendor."""
    return _findings(_checks(_known(name)))


@blueprint.serves("GET", f"{_AT}/preview", SUBJECT, WRITE)
@blueprint.arguments(PreviewQuery, location="query")
@blueprint.response(200, Preview)
def preview_source(query: dict[str, Any], name: str) -> dict[str, Any]:
    """Show what the first records of a source become; changes nobody, and calls the vendor."""
    known = _known(name)
    return {"rows": list(previewing.previewed(known, patient_context(known), query["rows"]))}


@blueprint.acts(f"{_AT}/publish", SUBJECT)
@blueprint.response(200, SourceDetail)
def publish_source(name: str) -> dict[str, Any]:
    """Check a source and let it bring people in, by its schedule and on request; calls the vendor."""
    known = _known(name)
    checks = _checks(known)
    with writing() as connection:
        return detail(connection, life.publish(connection, known, checks, by()))


@blueprint.acts(f"{_AT}/pause", SUBJECT)
@blueprint.response(200, SourceDetail)
def pause_source(name: str) -> dict[str, Any]:
    """Stop the scheduled imports of a source; imports on request, and webhooks, go on."""
    return _moved(name, life.pause)


@blueprint.acts(f"{_AT}/resume", SUBJECT)
@blueprint.response(200, SourceDetail)
def resume_source(name: str) -> dict[str, Any]:
    """Start the scheduled imports of a source again."""
    return _moved(name, life.resume)


@blueprint.acts(f"{_AT}/disconnect", SUBJECT)
@blueprint.response(200, Disconnected)
def disconnect_source(name: str) -> dict[str, Any]:
    """Forget the credentials of a source and withdraw its consent; people and history stay.

    The vendor is told before, by its API, to call us no more; ``left`` says what stays there in spite of that.
    """
    parted = parting.disconnect(_known(name), by())
    with reading() as connection:
        return detail(connection, parted.source) | {"left": parted.left}


@blueprint.acts(f"{_AT}/import", SUBJECT)
@blueprint.arguments(WantedImport, required=False)
@blueprint.response(202, RunShown, description="A worker drives the run from here on.", headers=LOCATION)
@blueprint.alt_response(
    200,
    schema=RunShown,
    description="An import was under way already; this is it.",
    headers=LOCATION,
    success=True,
)
def import_source(body: dict[str, Any], name: str) -> Any:
    """Start an import, or answer with the one that is under way: there is never a second."""
    with writing() as connection:
        known = catalog.named(connection, tenant_id(), name)
        found = runs.start(
            connection, known, dry_run=body["dry_run"], is_full=body["full"], requested_by=by()
        )
    return started(found, name)


def _policy(known: Source) -> str:
    if not known.adapter().needs_consent:
        raise WrongUse(
            f"{known.name!r} is a file: nobody outside is called, and there is nothing to consent to."
        )
    return consent.policy_text(known.adapter())


def _known(name: str) -> Source:
    with reading() as connection:
        return catalog.named(connection, tenant_id(), name)


def _moved(name: str, move: Any) -> dict[str, Any]:
    with writing() as connection:
        known = catalog.named(connection, tenant_id(), name)
        return detail(connection, move(connection, known, by()))


def _checks(known: Source) -> list[Check]:
    return checking.checked(known, patient_context(known), by())


def _findings(checks: list[Check]) -> dict[str, Any]:
    return {"ok": all(check.ok or not check.needed for check in checks), "checks": checks}
