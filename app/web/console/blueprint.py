"""The console's blueprint; ``sign_in``, ``password`` and ``start`` put their pages on it."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint(
    "console",
    __name__,
    template_folder="templates",
    static_folder="static",
    static_url_path="/assets",
)
