"""What a target holds that the directory does not say: compared when somebody asks, and only reported."""

from __future__ import annotations

import csv
import io
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app import directory
from app.access.roles import HR
from app.database import reading
from app.provisioning import drift as drifting
from app.provisioning.drift import Finding, Report
from app.provisioning.errors import ProvisioningError
from app.provisioning.fields import FIELDS
from app.provisioning.targets import Target
from app.sources.error_file import neutral
from app.web.console.blueprint import blueprint
from app.web.console.targets.asking import Answer, complaint, known

#: Seconds for which a page waits for the comparison.
PATIENCE = 45.0
FIRST = 25
_HEADER = ("kind", "who", "employee", "remote_id", "field", "here", "there", "note", "pending")


class _TookTooLong(Exception):
    """The target could not be read while a browser waits."""


@dataclass(slots=True)
class Found:
    """The report, how many people differ in which field, and every finding where a file was asked for."""

    report: Report
    by_field: Counter[str] = field(default_factory=Counter)
    rows: list[Finding] = field(default_factory=list)


@blueprint.shows("/targets/<number:target_id>/drift")
def target_drift(target_id: int) -> str:
    """Say what a comparison does, and offer it."""
    return _page(known(target_id))


@blueprint.fills_in("/targets/<number:target_id>/drift/report", HR)
def compare_target(target_id: int) -> Answer:
    """Compare the target with the directory, and show the differences or give them as a file."""
    target = known(target_id)
    if request.method == "GET":
        return redirect(url_for("console.target_drift", target_id=target_id), 303)
    as_file = request.form.get("as") == "file"
    try:
        found = _compared(target, keeps=as_file)
    except ProvisioningError as error:
        return _page(target, problem=complaint(error)), 502
    except _TookTooLong:
        return _page(target, took_too_long=True), 504
    return _file(target, found) if as_file else _page(target, found)


def _page(target: Target, found: Found | None = None, **facts: object) -> str:
    with reading() as connection:
        people = directory.total(connection, target.tenant_id)
    return render_template(
        "console/targets/drift.html",
        target=target,
        found=found,
        people=people,
        seconds=int(PATIENCE),
        labels={name: row.label for name, row in FIELDS.items()},
        here="drift",
        **facts,
    )


def _compared(target: Target, *, keeps: bool) -> Found:
    by_field: Counter[str] = Counter()
    rows: list[Finding] = []

    def note(finding: Finding) -> None:
        if finding.field is not None:
            by_field[finding.field] += 1
        if keeps:
            rows.append(finding)

    report = drifting.report(target, note, first=FIRST, advance=_patiently())
    return Found(report, by_field, rows)


def _patiently() -> Callable[[int], None]:
    end = time.monotonic() + PATIENCE

    def advance(_number: int) -> None:
        if time.monotonic() > end:
            raise _TookTooLong

    return advance


def _file(target: Target, found: Found) -> Response:
    """Return every finding as a file; cells that a spreadsheet would take for formulas are neutralised."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_HEADER)
    for row in found.rows:
        cells = (getattr(row, "label" if name == "who" else name) for name in _HEADER)
        writer.writerow([neutral("" if cell is None else str(cell)) for cell in cells])
    answer = Response(text.getvalue().encode("utf-8-sig"), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="drift-target-{target.id}.csv"'
    answer.headers["Cache-Control"] = "no-store"
    return answer
