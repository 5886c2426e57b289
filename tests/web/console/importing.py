"""A file imported the short way, for tests that need people with a source."""

from __future__ import annotations

from pathlib import Path

from app.access.tenants import Tenant
from app.database import writing
from app.sources import catalog, drafts, runner
from app.sources.runs import Run
from tests.harness.connecting import connect

MAPPING = """
[record]
key = "Number"
[fields]
"name.givenName" = "Given"
"emails[work].value" = "Mail"
"""


def import_csv(tenant: Tenant, folder: Path, text: str | None) -> Run:
    """The ended run of a file's import by the source `people`; None: the file is gone."""
    path = folder / "people.csv"
    if text is None:
        path.unlink()
    else:
        path.write_text(text)
    with writing() as connection:
        if not any(known.name == "people" for known in catalog.listed(connection, tenant.id)):
            draft = drafts.drafted("csv", "people", {"path": str(path), "mapping": MAPPING}, {})
            connect(connection, tenant.id, draft)
        source = catalog.named(connection, tenant.id, "people")
    return runner.import_now(source, dry_run=False, requested_by="system:test")
