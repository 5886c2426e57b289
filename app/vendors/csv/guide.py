"""What one needs before connecting a file."""

from __future__ import annotations

from app.sources.guide import Guide

GUIDE = Guide(
    brings="People from a file that your HR system exports, one row each.",
    steps=(
        "Export your people as CSV, with a first row that names the columns.",
        "Keep a column that never changes for a person, such as the employee number.",
    ),
    notes=(
        "Encoding, separator and the meaning of the columns are found by themselves; you can correct them.",
        "Whoever is not in the file has not left: a column must say who is active.",
    ),
)
