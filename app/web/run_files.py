"""The error file and the warnings file of a run, as the console and the admin API send them."""

from __future__ import annotations

import io
import tempfile

from flask import Response, send_file
from sqlalchemy import Connection

from app.sources import row_errors
from app.sources.error_file import write_error_file

CSV = "text/csv"
#: A file that is larger goes to the disk while it is sent.
_IN_MEMORY = 1 << 20


def run_file(connection: Connection, tenant_id: int, run_id: int, severity: str) -> Response:
    """Return the whole file of a run that is there; no spreadsheet takes its cells for formulas.

    It is written before the first byte is sent, so that a slow reader holds nothing up.
    """
    file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115  the answer closes it
    words = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=True)
    write_error_file(row_errors.lines(connection, tenant_id, run_id, (severity,)), words)
    words.detach()
    file.seek(0)
    name = f"run-{run_id}-{severity}s.csv"
    return send_file(file, CSV, as_attachment=True, download_name=name, conditional=False)
