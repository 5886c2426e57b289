"""What an import would do, person by person: the same as the import then does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from app.access.tenants import Tenant
from app.database import reading, writing
from app.sources import catalog, drafts, foretelling, runner
from app.sources.catalog import Source
from app.sources.foretelling import Foretold
from app.sources.previewing import HIDDEN

MAPPING = """
[record]
key = "ID"
skip_rows = { "First" = ["Total*"] }
[fields]
"name.givenName" = "First"
"name.familyName" = "Last"
"emails[work].value" = "Mail"
"hr.dateOfBirth" = { from = "Born", date = "iso" }
"hr.salary.amount" = "Pay"
"active" = { from = "Status", map = { "in" = true, "out" = false } }
"""
HEAD = "ID,First,Last,Mail,Born,Pay,Status"
#: What is foretold → how the run counts it.
COUNTED = {
    "added": "added",
    "updated": "updated",
    "unchanged": "skipped",
    "left_out": "skipped",
    "errored": "errored",
}


@pytest.fixture
def source_of(tenant: Tenant, tmp_path: Path) -> Callable[..., Source]:
    """Give a function that writes rows into the file of the one source."""
    path = tmp_path / "hr.csv"

    def write(*rows: str) -> Source:
        path.write_text("\n".join([HEAD, *rows, ""]))
        with writing() as connection:
            if not catalog.listed(connection, tenant.id):
                draft = drafts.drafted("csv", "hr", {"path": str(path), "mapping": MAPPING}, {})
                catalog.add(connection, tenant.id, draft, "system:test")
            return catalog.named(connection, tenant.id, "hr")

    return write


def told(known: Source) -> list[Foretold]:
    """What is foretold of all rows of a source."""
    context = known.context()
    records = [record for page in known.adapter().read(context, None) for record in page.records]
    with reading() as connection:
        return foretelling.foretold(connection, known, context, records)


ROWS = (
    "1,Maya,Okafor,maya@acme.example,1990-01-02,72000,in",
    "2,Ben,Ito,ben@acme.example,,,in",
    "2,Ben,Other,ben@acme.example,,,in",
    "2,Ben,Ito,ben@acme.example,,,in",
    ",No,Key,no@acme.example,,,in",
    "3,,,,,,in",
    "4,Ann,Ray,maya@acme.example,,,in",
    "5,Eve,Day,no address,,,in",
    "9,Total: 5,,,,,",
)
CHANGED = (
    "1,Maya,Okafor-Berg,maya@acme.example,1991-01-02,80000,in",
    "2,Ben,Ito,ben@acme.example,,,out",
    "6,Tom,New,tom@acme.example,,,in",
)


@pytest.mark.parametrize("rows", [ROWS, CHANGED], ids=["first", "again"])
def test_the_import_does_what_was_foretold(source_of: Callable[..., Source], rows: tuple[str, ...]) -> None:
    if rows is CHANGED:
        runner.import_now(source_of(*ROWS), dry_run=False, requested_by="system:test")
    known = source_of(*rows)
    expected = Counter(COUNTED[each.result] for each in told(known))
    run = runner.import_now(known, dry_run=False, requested_by="system:test")
    counts = {name: number for name, number in run.counts.as_dict().items() if number and name != "total"}
    assert counts == expected
    assert {each.result for each in told(known)} <= {"unchanged", "errored", "left_out"}


def test_values_are_told_before_and_after_and_confidential_ones_hidden(
    source_of: Callable[..., Source],
) -> None:
    runner.import_now(source_of(*ROWS), dry_run=False, requested_by="system:test")
    maya, ben, tom = told(source_of(*CHANGED))
    steps = {step.field: (step.before, step.after) for step in maya.steps}
    assert steps == {
        "name.familyName": ("Okafor", "Okafor-Berg"),
        "hr.dateOfBirth": (HIDDEN, HIDDEN),
        "hr.salary.amount": (None, HIDDEN),
    }
    assert ("80000" in str(maya), "1991" in str(maya.steps)) == (False, False)
    assert [(step.field, step.before, step.after) for step in ben.steps] == [("active", True, False)]
    assert (ben.becomes_inactive, maya.becomes_inactive) == (True, False)
    assert (tom.result, tom.employee_id) == ("added", None)


def test_a_template_address_is_told_too(source_of: Callable[..., Source]) -> None:
    known = source_of("1,Maya,Okafor,,,,in")
    with writing() as connection:
        changed = drafts.redrafted(known, {"work_email": "{given}.{family}@acme.example"}, {})
        known = catalog.change(connection, known.tenant_id, changed, "system:test")
    steps = {step.field: step.after for step in told(known)[0].steps}
    assert steps["emails[work].value"] == "maya.okafor@acme.example"
