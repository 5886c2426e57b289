"""The WSGI entry, and the application of ``flask --app wsgi``, which knows every command of ``rollcall``."""

from app import create_app
from app.cli import COMMANDS

app = create_app()
for command in COMMANDS:
    app.cli.add_command(command)
