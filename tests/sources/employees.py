"""One person whom several sources know, each from a file of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import event

from app import directory
from app.database import db, reading, writing
from app.directory import owning
from app.sources import catalog, drafts, runner
from app.sources.precedence import field_named, path_of
from app.sources.runs import Run
from tests.harness.connecting import connect

BY = "system:test"
NUMBER = "7"
MAPPING = """
[record]
key = "ID"
[fields]
"enterprise.employeeNumber" = "ID"
"name.givenName" = "First"
"name.familyName" = "Last"
"title" = "Title"
"enterprise.department" = "Department"
"""


class Books:
    """Sources that all know employee number 7, Ada Lovelace."""

    def __init__(self, tenant_id: int, folder: Path, names: Sequence[str]) -> None:
        self.tenant_id = tenant_id
        self._paths = {name: folder / f"{name}.csv" for name in names}
        for name, path in self._paths.items():
            self.write(name)
            draft = drafts.drafted("csv", name, {"path": str(path), "mapping": MAPPING}, {})
            with writing() as connection:
                connect(connection, tenant_id, draft)

    def write(self, name: str, title: str = "", department: str = "") -> None:
        """Have a source's file say something of Ada."""
        lines = ("ID,First,Last,Title,Department", f"{NUMBER},Ada,Lovelace,{title},{department}")
        self._paths[name].write_text("\n".join(lines) + "\n", encoding="utf-8")

    def say(self, name: str, title: str = "", department: str = "") -> Run:
        """Have a source say something, and import it."""
        self.write(name, title, department)
        return self.again(name)

    def again(self, name: str, *, dry_run: bool = False) -> Run:
        """Import a source as its file is."""
        with reading() as connection:
            known = catalog.named(connection, self.tenant_id, name)
        run = runner.import_now(known, dry_run=dry_run, requested_by=BY)
        assert run.state == "finished", run.message
        return run

    @property
    def employee(self) -> str:
        """Ada's id."""
        with reading() as connection:
            return directory.ids_by_employee_number(connection, self.tenant_id, NUMBER)[0]

    def value(self, field: str) -> Any:
        """Return what stands of a field of Ada."""
        with reading() as connection:
            found = directory.get(connection, self.tenant_id, self.employee)
        assert found is not None
        return directory.flatten(found.document).get(path_of(field_named(field)))

    def owner(self, field: str) -> str | None:
        """Return who wrote what stands."""
        with reading() as connection:
            owners = owning.owners_of(connection, self.tenant_id, [self.employee])
        return owners[self.employee].get(path_of(field_named(field)))

    @contextmanager
    def statements(self) -> Iterator[list[str]]:
        """Give the list of the statements that are executed meanwhile."""
        texts: list[str] = []

        def note(_connection: Any, _cursor: Any, text: str, *_rest: Any) -> None:
            texts.append(text)

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            yield texts
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
