"""Which fields a target gets: the tab that shows them, and the form with switches and a try on real people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask import render_template, request
from sqlalchemy import Connection, select

from app import directory
from app.access.roles import ADMIN
from app.database import reading
from app.directory.tables import EmployeeRow
from app.errors import WrongUse
from app.provisioning import people, policies
from app.provisioning.attributes import ATTRIBUTES
from app.provisioning.fields import FIELDS
from app.provisioning.kinds import check_settings, policy_for
from app.provisioning.targets import Target
from app.web.console.blueprint import blueprint
from app.web.console.targets.asking import Answer, complaint, is_draft, known
from app.web.console.targets.field_table import Line, lines, typed, typed_lines
from app.web.console.targets.notes import belongs_to_source
from app.web.console.targets.saving import Change, saved_or_previewed

_employee = EmployeeRow.__table__
SAMPLES = 3


@dataclass(frozen=True, slots=True)
class Sample:
    """A person as the target would get them: field → value, and why a field's expression fails."""

    id: str
    label: str
    values: Mapping[str, object]
    failures: Mapping[str, str]


@blueprint.shows("/targets/<number:target_id>/fields")
def target_fields(target_id: int) -> str:
    """Show what the target gets, and how."""
    target = known(target_id)
    return render_template(
        "console/targets/fields.html", target=target, lines=lines(target), here="fields", **_about(target, {})
    )


@blueprint.fills_in("/targets/<number:target_id>/fields/change", ADMIN)
def change_fields(target_id: int) -> Answer:
    """Choose fields and expressions; in a set-up they are saved, later their effect is shown first."""
    target = known(target_id)
    if target.source_id is not None:
        return belongs_to_source(target)
    if request.method == "GET":
        return _form(target, lines(target), {})
    found = typed(target, request.form, wholly=is_draft(target))
    shown = typed_lines(target, request.form, found.errors)
    if found.errors:
        return _form(target, shown, {}), 422
    try:
        check_settings(target.kind, policies.with_options(target.settings, found.options))
        if request.form.get("deed") in ("try", "edit"):
            return _form(target, shown, found.options)
        change = Change(found.options, "change_fields", "target_fields", "change_rules")
        return saved_or_previewed(target, change)
    except WrongUse as error:
        return _form(target, shown, {}, complaint(error)), 422


def _form(target: Target, shown: list[Line], options: Mapping[str, str], problem: str = "") -> str:
    return render_template(
        "console/targets/fields_form.html",
        target=target,
        lines=shown,
        problem=problem,
        attributes=ATTRIBUTES,
        **_about(target, options),
    )


def _about(target: Target, options: Mapping[str, str]) -> dict[str, object]:
    """Return the samples under these options, and the labels of fields."""
    asked = request.values.get("sample", "").strip()[:320]
    with reading() as connection:
        ids = _sample_ids(connection, target.tenant_id, asked)
        samples = _samples(connection, target, options, ids)
    return {
        "samples": samples,
        "sampled": {name for each in samples for name in (*each.values, *each.failures)},
        "sample": asked,
        "nobody": bool(asked) and not ids,
        "labels": {name: row.label for name, row in FIELDS.items()},
    }


def _sample_ids(connection: Connection, tenant_id: int, asked: str) -> list[str]:
    """Return the people with this work e-mail, or the newest active ones."""
    if asked:
        return directory.ids_by_work_email(connection, tenant_id, asked)[:SAMPLES]
    query = select(_employee.c.id).where(_employee.c.tenant_id == tenant_id, _employee.c.active.is_(True))
    return list(connection.scalars(query.order_by(_employee.c.id.desc()).limit(SAMPLES)))


def _samples(
    connection: Connection, target: Target, options: Mapping[str, str], ids: list[str]
) -> list[Sample]:
    selection = policy_for(target.kind, policies.with_options(target.settings, options)).selection
    found = people.load(connection, target.tenant_id, ids, selection)
    return [
        Sample(id_, found[id_].label, found[id_].values, found[id_].unmapped) for id_ in ids if id_ in found
    ]
